"""``seamline init``: look at a project, propose its services, and write ``seamline.toml``."""

import argparse
import os
from pathlib import Path

from seamline import config
from seamline.cli.arguments import output_of
from seamline.cli.output import Output, clipped, counted
from seamline.errors import ApplicationError, ConfigError
from seamline.proposal import Found, Part, Proposal, application_line, propose

_EXAMPLE = """\
example:
  seamline init                             look here, write seamline.toml
  seamline init --dry-run                   print it instead
  seamline init --app shop.web:create_app() serve this one of several applications
"""
_MOST_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.epilog = _EXAMPLE
    parser.add_argument("dir", metavar="DIR", nargs="?", type=Path, help="the project; else here")
    parser.add_argument(
        "--app", metavar="MODULE:NAME", help="the application to serve, where the guess is wrong"
    )
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.add_argument(
        "--dry-run", "--print", dest="dry_run", action="store_true",
        help="print the file to standard output; write nothing",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write the file and say what was found; 0 also where nothing can stand alone.

    Raises:
        ConfigError: The file is there already, or cannot be written.
        ApplicationError: No application and no package was found.
    """
    output = output_of(args)
    file = _file(args)
    if file.exists() and not (args.force or args.dry_run):
        raise ConfigError(
            "it is there already, and init would write over it",
            file=_shown(file),
            remedy="look first with: seamline init --dry-run; then: seamline init --force",
        )
    try:
        proposal = propose(file.parent, file, named=args.app)
    except ApplicationError as error:
        error.file = error.file and _shown(file.parent / error.file)  # of the project
        raise
    if not args.dry_run:
        _write(file, proposal.text, replace=args.force)
    if output.json:
        output.document("seamline.init/1", document(proposal, file, written=not args.dry_run))
    elif args.dry_run:
        output.data(proposal.text.rstrip("\n"))
    _tell(output, proposal, file, written=not args.dry_run)
    return 0


def _file(args: argparse.Namespace) -> Path:
    """Return the file to write: ``-f`` or ``SEAMLINE_FILE`` in the project's directory.

    Raises:
        ConfigError: There is no such directory, it may not be looked into, or there is one where
            the file is to be.
    """
    start = config.project_directory(
        (args.directory or Path()) / (args.dir or ""), args.dir or args.directory
    )
    file = start / (args.file or os.environ.get("SEAMLINE_FILE") or config.FILE_NAME)
    if file.is_dir() and file.name != config.FILE_NAME:
        file /= config.FILE_NAME
    if not file.parent.is_dir():
        raise ConfigError(f"there is no directory {file.parent}")
    file = file.parent.resolve() / file.name
    if file.exists() and not file.is_file():
        raise ConfigError(
            f"it is {'a directory' if file.is_dir() else 'no regular file'}, and init would write "
            "a file there",
            file=_shown(file),
            remedy="move it away, or name another file: seamline init -f FILE",
        )
    return file


def _write(file: Path, text: str, *, replace: bool) -> None:
    """Write the file, whole or not at all; where it is a link, what that leads to.

    Raises:
        ConfigError: It cannot be written, or another process wrote one meanwhile.
    """
    target = Path(os.path.realpath(file))
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        try:
            draft.write_text(text, encoding="utf-8")
            if replace:
                draft.replace(target)
            else:
                target.hardlink_to(draft)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as exc:
        raise ConfigError(f"cannot write it: {exc.strerror}", file=_shown(file)) from exc


def _shown(file: Path) -> str:
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


# -- what is said -----------------------------------------------------------------------


def document(proposal: Proposal, file: Path, *, written: bool) -> dict[str, object]:
    """Return the content of ``init --json``."""
    chosen = proposal.application
    return {
        "file": str(file),
        "written": written,
        "application": None if chosen is None else _application(chosen, proposal.entry),
        "others": [_application(one, "") for one in proposal.others],
        "services": [_service(part) for part in proposal.parts],
        "commands": [
            {
                "service": one.name,
                "command": list(one.command),
                "file": one.place.file,
                "line": one.place.line,
            }
            for one in proposal.commands
        ],
        "left_out": [
            {"name": one.name, "file": one.place.file, "line": one.place.line, "why": one.why}
            for one in proposal.left_out
        ],
        "unreadable": [
            {"file": one.file, "line": one.line, "why": one.why} for one in proposal.unread
        ],
        "layouts": {"split": proposal.layout} if proposal.layout else {},
        "text": proposal.text,
    }


def _application(found: Found, service: str) -> dict[str, object]:
    return {
        "service": service or None,
        "http": None if found.command else found.reference,
        "command": list(found.command) or None,
        "framework": found.framework,
        "file": found.place.file,
        "line": found.place.line,
        "why": found.why,
    }


def _service(part: Part) -> dict[str, object]:
    return {
        "name": part.name,
        "package": part.package,
        "proposed": part.is_proposed,
        "reasons": part.reasons if part.is_proposed else [part.against],
    }


def _tell(output: Output, proposal: Proposal, file: Path, *, written: bool) -> None:
    """Say on standard error what was found, what is proposed, and what to type next."""
    place = "" if proposal.root == Path.cwd() else f" in {_shown(proposal.root)}"
    output.note(f"Read {counted(proposal.modules, 'module')}{place}; ran nothing.")
    chosen = proposal.application
    if chosen is None and proposal.commands:
        output.note("No application was found, so only the programs of Procfile are started.")
    elif chosen is None:
        output.note("No application was found, so this is a library: package services only.")
    else:
        output.note(output.wrap(f"{application_line(chosen)}", indent="  "))
        started = " ".join(chosen.command) or chosen.reference
        output.note(f"  {clipped(started, output.width - 2)}")
    for one in proposal.others[:_MOST_SHOWN]:
        output.note(clipped(f"  also found: {one.reference} ({one.place})", output.width))
    for command in proposal.commands:
        line = f"  {command.name} ({command.place}): {' '.join(command.command)}"
        output.note(clipped(line, output.width))
    for left in proposal.left_out:
        text = f"{left.place} {left.name}: {left.why}"
        output.note(output.wrap(text, indent=" " * 6, first="  left out: "))
    _tell_unread(output, proposal)
    output.note("")
    for part in proposal.proposed:
        output.note(f"  {part.name}   {part.package}")
        output.note(output.wrap("; ".join(part.reasons), indent=" " * 6))
    refused = [part for part in proposal.parts if not part.is_proposed]
    for part in refused[:_MOST_SHOWN]:
        output.note(output.wrap(part.against, indent=" " * 6, first=f"  not {part.package}: "))
    if len(refused) > _MOST_SHOWN:
        output.note(f"  and {len(refused) - _MOST_SHOWN} more, with reasons in the file")
    if not proposal.proposed and not proposal.commands:
        output.note(
            "  Nothing in it can stand alone, so there is one service and nothing to split."
        )
    _tell_next(output, proposal, file, written=written)


def _tell_unread(output: Output, proposal: Proposal) -> None:
    for one in proposal.unread[:_MOST_SHOWN]:
        output.warning(f"{one.file}:{one.line} cannot be read: {one.why}", code="application")
    if len(proposal.unread) > _MOST_SHOWN:
        more = counted(len(proposal.unread) - _MOST_SHOWN, "more file")
        output.warning(f"{more} cannot be read", code="application")


def _tell_next(output: Output, proposal: Proposal, file: Path, *, written: bool) -> None:
    output.note("")
    if written:
        output.note(f"Wrote {_shown(file)}. Nothing is moved yet, and your code was not touched.")
    where = "" if file.parent == Path.cwd() else f" -C {_shown(file.parent)}"
    steps = [(f"seamline{where} check", "what each seam would be")]
    if proposal.application is not None:
        steps.append((f"seamline{where} run", "the same application, one process"))
    if proposal.application is not None and proposal.layout:
        steps.append((f"seamline{where} run --layout split", "split as the file says"))
    if proposal.application is None and proposal.commands:
        steps.append((f"seamline{where} run", "the programs of Procfile"))
    elif proposal.application is None:
        steps.append(("pytest --seamline-layout micro", "its tests, every service a process"))
    longest = max(len(command) for command, _ in steps)
    for number, (command, what) in enumerate(steps):
        line = f"{'' if number else 'Next':<6}{command:<{longest}}   {what}"
        output.note(line if len(line) <= output.width else f"{line[:6]}{command}")

"""Writes a proposal as ``seamline.toml``, with comments worth reading."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from seamline.proposal.groups import LAYOUT
from seamline.proposal.known import Entrance
from seamline.proposal.model import Found, LeftOut, Part, Proposal

_WIDTH: Final = 92
_MOST_OTHERS: Final = 6
_MOST_REFUSED: Final = 30


def render(proposal: Proposal) -> str:
    """Return the text of the file."""
    lines = [*_head(proposal), f'name = "{proposal.name}"']
    if proposal.layout:
        lines += [f'# layout = "{LAYOUT}"    # what commands use that name no layout; now mono']
    if proposal.application is not None:
        lines += ["", *_application(proposal.application, proposal.entry)]
    for command in proposal.commands:
        lines += ["", f"# {command.place}", *_command(command.name, command.command)]
    lines += _left_out(proposal.left_out)
    lines += _others(proposal.others)
    for part in proposal.proposed:
        lines += ["", *_comment(f"{'; '.join(part.reasons)}."), *_service(part)]
    if proposal.layout:
        lines += ["", *_layout(proposal)]
    lines += _refused([part for part in proposal.parts if not part.is_proposed])
    return "\n".join(lines) + "\n"


def application_line(found: Found) -> str:
    """Return what an application is and where it stands, in one line."""
    kind = found.framework or "An"
    if found.framework in {"WSGI", "ASGI"}:
        kind = f"{found.framework}"
    why = f"; {found.why}" if found.why else ""
    return f"{kind} application in {found.place}{why}"


def _head(proposal: Proposal) -> Iterator[str]:
    yield "# Written by `seamline init`, which read the source and ran none of it. It names the"
    yield "# parts of the application and moves nothing: `seamline run` starts one process."
    yield "#   seamline check                 what each seam would be; starts nothing"
    if proposal.application is not None:
        yield "#   seamline run                   the application in one process"
    elif proposal.commands:
        yield "#   seamline run                   the programs below"
    if proposal.layout and proposal.application is not None:
        yield f"#   seamline run --layout {LAYOUT}    the groups below, each in its own processes"
    yield "#   pytest --seamline-layout micro your tests, every service in its own process"


def _application(found: Found, entry: str) -> Iterator[str]:
    yield from _comment(f"{application_line(found)}.")
    if found.entrance is Entrance.SERVER:
        yield from _comment(
            f"{found.framework} has a server of its own, so it is started as a program; it "
            "chooses its address itself, and opens the same seams."
        )
    if found.command:
        yield from _command(entry, found.command)
    else:
        yield f"[services.{entry}]"
        yield f"http = {_quoted(found.reference)}"


def _command(name: str, words: Sequence[str]) -> Iterator[str]:
    yield f"[services.{name}]"
    yield f"command = [{', '.join(map(_quoted, words))}]"


def _left_out(lines: Sequence[LeftOut]) -> Iterator[str]:
    if lines:
        yield ""
        yield "# Left out:"
        for line in lines:
            text = _safe(f"{line.place} {line.name}: {line.why}")
            yield from textwrap.wrap(
                text, _WIDTH, initial_indent="#   ", subsequent_indent="#     "
            )


def _others(others: Sequence[Found]) -> Iterator[str]:
    if not others:
        return
    yield ""
    yield from _comment(
        "Found, too. A second http service needs `bind` or `path`; to begin with another one: "
        "seamline init --force --app MODULE:NAME"
    )
    for one in others[:_MOST_OTHERS]:
        said = f"{one.framework or 'application'}, {one.place}"
        if one.needs:
            said += f"; the factory needs {', '.join(one.needs)}"
        elif one.below:
            said += f"; its imports are found from {one.below}"
        yield f"#   {_safe(one.reference)}    {_safe(said)}"
    if len(others) > _MOST_OTHERS:
        yield f"#   and {len(others) - _MOST_OTHERS} more"


def _service(part: Part) -> Iterator[str]:
    yield f"[services.{part.name}]"
    yield f"package = {_quoted(part.package)}"


def _layout(proposal: Proposal) -> Iterator[str]:
    apart = "What is heavy, or reads what strangers made, has its own"
    if not any(part.apart for part in proposal.proposed):
        apart = "Nothing here is heavy, so the part that stands alone best has its own, to try it"
    yield from _comment(
        f"A line is a group of processes and what it hosts. {apart}; the rest stays together, "
        "where a call costs nothing."
    )
    yield f"[layouts.{LAYOUT}]"
    for name, services in proposal.layout.items():
        yield f"{name} = [{', '.join(_quoted(service) for service in services)}]"


def _refused(parts: Sequence[Part]) -> Iterator[str]:
    if not parts:
        return
    yield ""
    yield "# Not proposed, and why:"
    for part in parts[:_MOST_REFUSED]:
        yield f"# [services.{part.name}]"
        yield f"# package = {_quoted(part.package)}"
        yield from (f"#     {line}" for line in textwrap.wrap(_safe(part.against), _WIDTH - 6))
    if len(parts) > _MOST_REFUSED:
        yield f"# and {len(parts) - _MOST_REFUSED} more: seamline init --force --json names them"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(_safe(text), _WIDTH)]


def _safe(text: str) -> str:
    """Return a text that cannot end a comment: what is not printable is written as escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _quoted(text: str) -> str:
    """Return a TOML string."""
    if "'" not in text and ('"' in text or "\\" in text):
        return f"'{_safe(text)}'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_safe(escaped)}"'

"""``seamline learn -- COMMAND``: run it with the application whole, and keep what crossed."""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from seamline.cli.arguments import load_config, output_of
from seamline.cli.output import Output, counted
from seamline.config import Config
from seamline.errors import LockError, PlaceError, UsageError
from seamline.interface import Analysis
from seamline.lock import Entry, Lock, Seen, write
from seamline.observe import Learned, gather, learning_environment
from seamline.plan import (
    PLAN_FILE,
    analyse_with,
    build,
    lock_path,
    read_lock,
    relearned,
    to_json,
    with_verdicts,
)

_DIRECTORY: Final = "seamline-learn-"
_EXAMPLE: Final = "write the command after two dashes, such as: seamline learn -- pytest"
# A shell's way to say that a program was ended by a signal.
_BY_SIGNAL: Final = 128
_MOST_NAMED: Final = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.usage = "seamline learn [OPTIONS] -- COMMAND ..."


def run(args: argparse.Namespace) -> int:
    """Run the command, write the lock, and return the command's own exit status.

    Raises:
        UsageError: There is no command, or it cannot be started.
        LockError: The former lock cannot be used; nothing was run.
    """
    output = output_of(args)
    command: list[str] = args.behind
    if not command:
        raise UsageError("no command is named", remedy=_EXAMPLE)
    config = load_config(args)
    if not config.packages:
        raise UsageError(
            f"{config.file} names no package, so there is no boundary to learn about",
            remedy='add one, such as: [services.accounts] with package = "shop.accounts"',
        )
    former = read_lock(config)
    # What runs is whole; what is asked of every function is what a split would make of it.
    analysis = analyse_with(config, "micro", former)
    with _directory() as name:
        status = _observed(config, analysis, command, Path(name), as_json=output.json)
        learned = gather(Path(name))
    # The command may have run for hours, and somebody may have learned meanwhile.
    former = read_lock(config)
    facts = relearned(former, analysis, learned.seen)
    lock = with_verdicts(facts, analyse_with(config, "micro", facts))
    if learned.processes:
        _keep(lock_path(config), lock)
    if output.json:
        output.document(
            "seamline.learn/1", _document(config, former or Lock(), lock, learned, status)
        )
    _summarise(output, config, former or Lock(), lock, learned)
    return status


def _directory() -> tempfile.TemporaryDirectory[str]:
    """Make a directory for what is seen.

    Raises:
        PlaceError: There is none where one could be made.
    """
    try:
        _sweep()
        return tempfile.TemporaryDirectory(prefix=f"{_DIRECTORY}{os.getpid()}-")
    except OSError as exc:
        raise PlaceError(
            f"no temporary directory can be written to: {exc.strerror or exc}",
            remedy="make room there, or set TMPDIR to another",
        ) from exc


def _sweep() -> None:
    """Remove what runs of this command left that were killed."""
    for entry in Path(tempfile.gettempdir()).glob(f"{_DIRECTORY}[0-9]*-*"):
        owner = entry.name.removeprefix(_DIRECTORY).partition("-")[0]
        is_ours = entry.lstat().st_uid == os.getuid()
        if is_ours and owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(entry, ignore_errors=True)


def _keep(path: Path, lock: Lock) -> None:
    """Write the lock, or else put what was learned where there is room.

    Raises:
        LockError: It cannot be written; the former one is still there.
    """
    try:
        write(path, lock)
    except OSError as error:
        remedy = "make room there, and learn again"
        with contextlib.suppress(OSError):
            saved = Path(tempfile.mkdtemp(prefix="seamline-lock-"), path.name)
            write(saved, lock)
            remedy = f"what was learned is in {saved}: move it there when it can be written"
        raise LockError(
            f"cannot write it: {error.strerror}", file=path.name, remedy=remedy
        ) from error


def _observed(
    config: Config, analysis: Analysis, command: Sequence[str], directory: Path, *, as_json: bool
) -> int:
    """Run the command with probes in its Python processes; returns its exit status."""
    plan = build(config, analysis, layout="mono", run_dir=directory)
    (directory / PLAN_FILE).write_bytes(to_json(plan))
    environment = learning_environment(os.environ, plan, directory)
    sys.stdout.flush()
    with _passing_signals_on() as receivers:
        try:
            # Standard output is the document's alone with --json.
            process = subprocess.Popen(  # noqa: S603 - running it is what was asked for
                command, env=environment, stdout=sys.stderr if as_json else None
            )
        except OSError as error:
            raise UsageError(
                f"cannot run {command[0]!r}: {error.strerror}",
                remedy="name a program of this environment, or: python -m MODULE",
            ) from error
        receivers.append(process)
        status = process.wait()
    return _BY_SIGNAL - status if status < 0 else status


@contextmanager
def _passing_signals_on() -> "Iterator[list[subprocess.Popen[bytes]]]":
    """Outlive the signals that end the command: Ctrl-C reaches it by itself, others are sent."""
    receivers: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        for process in receivers:
            process.send_signal(number)

    def leave_to_the_terminal(_number: int, _: FrameType | None) -> None:
        """Do nothing: a terminal sends Ctrl-C to every process in its foreground."""

    before = {
        number: signal.signal(number, handler)
        for number, handler in (
            (signal.SIGINT, leave_to_the_terminal),
            (signal.SIGTERM, pass_on),
            (signal.SIGHUP, pass_on),
        )
    }
    try:
        yield receivers
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _summarise(output: Output, config: Config, former: Lock, lock: Lock, learned: Learned) -> None:
    if not learned.processes:
        output.warning(
            "no Python process of the command imported a package of the services, so nothing "
            "was learned; is it started with python -I or -E, with another interpreter, or "
            "with --seamline-layout?"
        )
        return
    called = [name for name in lock.functions if name in learned.seen]
    facts = sum(_news(former.functions.get(name), lock.functions[name]) for name in called)
    calls = sum(one.calls for one in learned.seen.values())
    output.note(
        f"seamline: learned from {_processes(learned.processes)}: "
        f"{counted(calls, 'call')} of {len(called)} of "
        f"{counted(len(lock.functions), 'public function')}, {counted(facts, 'new fact')}; "
        f"see {lock_path(config).name}"
    )
    for name, verdict in _changed(former, lock):
        output.note(f"  {name} is {verdict} now: {lock.functions[name].reason}")
    for text in _blind_spots(lock, learned):
        output.note(f"  not seen: {text}")


def _blind_spots(lock: Lock, learned: Learned) -> Iterator[str]:
    never = [name for name, entry in lock.functions.items() if not entry.seen.calls]
    if never:
        yield f"{_named(never)}: never called from outside the package"
    for name, why in learned.missed.items():
        if name in lock.functions and not lock.functions[name].seen.calls:
            yield f"{name}: {why}"
    if learned.cut_short:
        yield (
            f"the last calls of {_processes(learned.cut_short)} that a signal ended: their counts "
            "are low"
        )
    for error, count in learned.trouble.items():
        yield f"{counted(count, 'call')}, where looking raised {error}"


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"


def _changed(former: Lock, lock: Lock) -> list[tuple[str, str]]:
    return [
        (name, entry.verdict)
        for name, entry in lock.functions.items()
        if name in former.functions and former.functions[name].verdict != entry.verdict
    ]


def _news(former: Entry | None, entry: Entry) -> int:
    """Return how many names are in an entry that were not in the former one."""
    before = _names(former.seen) if former is not None else set()
    return len(_names(entry.seen) - before)


def _names(seen: Seen) -> set[tuple[str, str, str]]:
    found: set[tuple[str, str, str]] = set()
    for key in Seen.__struct_fields__:
        value = getattr(seen, key)
        if isinstance(value, tuple):
            found.update((key, "", name) for name in value)
        elif isinstance(value, Mapping):
            for name, types in value.items():
                found.update((key, name, one) for one in types)
    return found


def _document(
    config: Config, former: Lock, lock: Lock, learned: Learned, status: int
) -> dict[str, object]:
    return {
        "command_status": status,
        "lock": str(lock_path(config)),
        "processes": learned.processes,
        "calls": sum(one.calls for one in learned.seen.values()),
        "functions": [
            {
                "name": name,
                "service": entry.service,
                "calls": learned.seen[name].calls if name in learned.seen else 0,
                "new_facts": _news(former.functions.get(name), entry),
                "verdict": entry.verdict,
                "former_verdict": former.functions[name].verdict
                if name in former.functions
                else None,
                "reason": entry.reason,
            }
            for name, entry in sorted(lock.functions.items())
        ],
        "not_seen": list(_blind_spots(lock, learned)),
    }

"""``seamline logs``: what workers and the supervisor printed."""

import argparse
import time
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from seamline.cli.arguments import output_of
from seamline.cli.output import Output
from seamline.cli.running import find_last_run
from seamline.plan import PLAN_FILE, Plan, from_json
from seamline.supervisor import Line, Past, is_live, unknown_group

# How often it is looked for new lines: what reads as at once.
_LOOK_SECONDS: Final = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="only these (all groups)")
    parser.add_argument(
        "-f", "--follow", dest="follow", action="store_true", help="go on with what is printed"
    )
    parser.add_argument(
        "-n", "--lines", type=_count, metavar="N", help="begin with the last N lines (all kept)"
    )
    parser.epilog = (
        "The latest lines of each group are kept while the run lives, about a megabyte a\n"
        "group. -f is --follow here; name another seamline.toml with --file."
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no number of lines")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Print the lines that were kept, and with ``-f`` those that come: 0 at the end of the run.

    Raises:
        NotRunning: There is no run, and none was killed here.
        UsageError: There is no group of that name.
    """
    output = output_of(args)
    run_dir = find_last_run(args)
    _check_groups(_plan(run_dir), args.groups)
    past = Past(run_dir, args.groups)
    lines: Iterable[Line] = past.read()
    if args.lines is not None:
        lines = deque(lines, maxlen=args.lines)
    _show(output, lines)
    if not is_live(run_dir):
        output.note("this run is over: its supervisor was killed")
        return 0
    while args.follow:
        is_over = not is_live(run_dir)  # looked at first: what it printed last is read below
        _show(output, past.read())
        if is_over:
            output.note("the run ended")
            break
        time.sleep(_LOOK_SECONDS)
    return 0


def _plan(run_dir: Path) -> Plan | None:
    try:
        return from_json((run_dir / PLAN_FILE).read_bytes())
    except (OSError, ValueError):  # it ends at this moment
        return None


def _check_groups(plan: Plan | None, names: list[str]) -> None:
    groups = set() if plan is None else {group.name for group in plan.groups}
    for name in names:
        if plan is not None and name not in groups:
            raise unknown_group(name, plan)


def _show(output: Output, lines: Iterable[Line]) -> None:
    for line in lines:
        if output.json:
            output.data(msgspec.json.encode(line).decode())
            continue
        when = datetime.fromisoformat(line.ts).astimezone().strftime("%H:%M:%S")
        who = line.group or "seamline"
        who += "" if line.slot is None else f".{line.slot}"
        output.data(output.styled(f"{when} {who}[{line.pid}] | ", "cyan") + line.msg)

"""``seamline stop``: finish what runs, then stop everything."""

import argparse
import math
import os
import select

from seamline.cli.arguments import output_of
from seamline.cli.running import find_run
from seamline.supervisor import StopRequest, ask

# Beyond graceful_timeout: killing what is late, and removing sockets.
_SPARE_SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help="wait at most that long (graceful_timeout and 10 s more)",
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds from 0 on")
    return seconds


def run(args: argparse.Namespace) -> int:
    """Stop the run and wait until it is gone: 0 gone, 4 still there.

    Raises:
        NotRunning: There is no run.
    """
    output = output_of(args)
    asked = ask(find_run(args), StopRequest())
    output.outlast()
    seconds = asked.graceful_timeout + _SPARE_SECONDS if args.timeout is None else args.timeout
    try:
        is_gone = _wait_gone(asked.pid, seconds)
    except KeyboardInterrupt:
        output.note(f"{asked.name} goes on stopping; see it with: seamline status")
        raise
    if is_gone:
        output.note(f"{asked.name} stopped")
        return 0
    output.note(
        f"{asked.name} still runs after {seconds:g} s as pid {asked.pid}; it is finishing. "
        "A second `seamline stop` ends what it still answers, at once"
    )
    return 4


def _wait_gone(pid: int, seconds: float) -> bool:
    """Wait until a process has ended; a zombie counts as ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)

"""``seamline drain``: groups without workers, for work on what theirs hold."""

import argparse

from seamline.cli.running import carry_out
from seamline.supervisor import DrainRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("groups", nargs="+", metavar="GROUP", help="only these")
    parser.epilog = (
        "Workers finish what they run and leave. Requests and calls wait until\n"
        "`seamline restart GROUP`; nothing else has the group start again. To end the\n"
        "whole run: `seamline stop`."
    )


def run(args: argparse.Namespace) -> int:
    """Let the workers of groups finish and leave, and start none: 0 when all have left.

    Raises:
        NotRunning: There is no run.
        SeamlineError: There is no such group, or the run ended meanwhile.
    """
    groups = tuple(dict.fromkeys(args.groups))
    status = carry_out(
        args,
        DrainRequest(groups),
        noun="drain",
        done="drained",
        kept="groups after it serve on",
    )
    args.output.note(f"what is asked of it waits until: seamline restart {' '.join(groups)}")
    return status

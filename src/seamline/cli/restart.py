"""``seamline restart``: end workers, then start new ones, for state that two must not share."""

import argparse

from seamline.cli.running import carry_out
from seamline.supervisor import RestartRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="only these (all groups)")
    parser.epilog = (
        "Old and new workers of a group never run at the same time: requests wait from\n"
        "the end of the old until the new are ready. `seamline reload` lets none wait."
    )


def run(args: argparse.Namespace) -> int:
    """End workers and start new ones with the code and configuration of now: 0 when all started.

    Raises:
        NotRunning: There is no run.
        SeamlineError: A worker did not get ready; it is started again until it does.
    """
    return carry_out(
        args,
        RestartRequest(tuple(args.groups)),
        noun="restart",
        done="restarted",
        kept="what did not start is started again until it does; groups after it serve on",
    )

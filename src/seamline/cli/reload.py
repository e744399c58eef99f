"""``seamline reload``: replace workers without losing a request."""

import argparse

from seamline.cli.running import carry_out
from seamline.supervisor import ReloadRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="only these (all groups)")


def run(args: argparse.Namespace) -> int:
    """Replace workers by new ones with the code and configuration of now: 0 when all were.

    Raises:
        NotRunning: There is no run.
        SeamlineError: A worker could not be replaced; the old ones serve on.
    """
    return carry_out(
        args,
        ReloadRequest(tuple(args.groups)),
        noun="reload",
        done="reloaded",
        kept="every other worker serves on as it was",
    )

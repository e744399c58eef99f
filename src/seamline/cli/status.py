"""``seamline status``: groups, workers and their state."""

import argparse

import msgspec

from seamline.cli.arguments import output_of
from seamline.cli.running import find_run
from seamline.supervisor import StatusRequest, ask, status_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "--exit-code", action="store_true", help="exit 1 unless every worker is ready"
    )


def run(args: argparse.Namespace) -> int:
    """Print the state of the run.

    Raises:
        NotRunning: There is no run.
    """
    output = output_of(args)
    status = ask(find_run(args), StatusRequest())
    if output.json:
        output.document("seamline.status/1", msgspec.to_builtins(status))
    else:
        output.data(status_table(status))
    return 1 if args.exit_code and status.state != "ready" else 0

"""``seamline reload``: replace workers without losing a request."""

import argparse
import os

from seamline.cli.arguments import load_config, output_of
from seamline.cli.output import Output, counted
from seamline.plan import run_dir
from seamline.supervisor import NotReloaded, reload, shown_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="only these (all groups)")


def run(args: argparse.Namespace) -> int:
    """Replace workers by new ones with the code and configuration of now: 0 when all were.

    Raises:
        NotRunning: There is no run.
        SeamlineError: A worker could not be replaced; the old ones serve on.
    """
    output = output_of(args)
    config = load_config(args)
    answer = reload(run_dir(config, os.environ, create=False), args.groups, output.note)
    error = answer.error(shown_path) if isinstance(answer, NotReloaded) else None
    if output.json:
        output.document(
            "seamline.reload/1",
            {
                "replaced": answer.replaced,
                "given_up": answer.given_up,
                "killed": answer.killed,
                "error": None if error is None else {"code": error.code, "message": str(error)},
            },
        )
    if answer.given_up:
        output.warning(
            f"requests and calls given up unanswered after graceful_timeout: {answer.given_up}"
        )
    if answer.killed:
        output.warning(f"{counted(answer.killed, 'old worker')} did not leave and was killed")
    if not isinstance(answer, NotReloaded):
        output.note(f"{config.name} reloaded: {_counts(answer.replaced)}")
        return 0
    _say_kept(output, answer)
    assert error is not None
    raise error


def _say_kept(output: Output, answer: NotReloaded) -> None:
    shown = answer.traceback if output.verbose else answer.excerpt
    if shown:
        output.note(shown.rstrip())
    before = f"{_counts(answer.replaced)} before it failed" if answer.replaced else "nothing"
    output.note(f"replaced: {before}; every other worker serves on as it was")


def _counts(replaced: dict[str, int]) -> str:
    return ", ".join(f"{counted(count, 'worker')} of {name}" for name, count in replaced.items())

"""``seamline scale``: other numbers of workers while the run goes on."""

import argparse

from seamline.cli.running import carry_out
from seamline.errors import UsageError
from seamline.supervisor import ScaleRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.add_argument(
        "numbers", nargs="+", metavar="GROUP=N", help="how many workers the group is to have"
    )
    parser.epilog = (
        "The number is the run's, not the file's: a reload or restart keeps it, and the\n"
        "next `seamline run` begins with `workers` of seamline.toml again."
    )


def run(args: argparse.Namespace) -> int:
    """Add workers, each used once it is ready, or let the last ones finish and leave: 0 when done.

    Raises:
        UsageError: A number cannot be.
        NotRunning: There is no run.
        SeamlineError: A worker did not get ready; those that did stay.
    """
    return carry_out(
        args,
        ScaleRequest(_numbers(args.numbers)),
        noun="scale",
        done="scaled",
        kept="the workers that there are serve on",
    )


def _numbers(words: list[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for word in words:
        group, _, number = word.partition("=")
        if not group or not (number.isascii() and number.isdecimal()):
            raise UsageError(
                f"{word!r} is no GROUP=N, with N a number of workers from 1 on",
                remedy=f"write it like: seamline scale {group or 'web'}=3",
            )
        if group in numbers:
            raise UsageError(f"{group!r} is given two numbers")
        numbers[group] = int(number)
    return numbers

"""``./run bench``: what a call costs; ``./run bench NAME``: another of the benchmarks.

They measure, print tables, and write nothing unless told to. The others are ``balance``,
``hosts``, ``isolation``, ``learn``, ``longrun``, ``memory``, ``reliability``, ``reloads`` and
``saves``; ``--help`` behind a name lists its flags.
"""

import argparse
import asyncio
import json
import os
import sys
from importlib import import_module
from pathlib import Path

from bench import report
from bench.calls import NAMES, measure

OTHERS = (
    "balance",
    "hosts",
    "isolation",
    "learn",
    "longrun",
    "memory",
    "reliability",
    "reloads",
    "saves",
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5, help="visits to each variant (5)")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of a visit (1.5)")
    parser.add_argument(
        "--only", action="append", metavar="TEXT", help="variants whose name holds TEXT"
    )
    parser.add_argument("--json", action="store_true", help="print every visit as JSON")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="rewrite the tables of a page")
    return parser.parse_args()


def main() -> int:
    """Measure what the arguments ask for and print it."""
    if sys.argv[1:] and sys.argv[1] in OTHERS:
        return int(import_module(f"bench.{sys.argv.pop(1)}").main())
    if sys.argv[1:] and not sys.argv[1].startswith("-"):
        print(f"bench: there is no {sys.argv[1]}; there are: {', '.join(OTHERS)}", file=sys.stderr)
        return 2
    args = _arguments()
    names = [name for name in NAMES if not args.only or any(part in name for part in args.only)]
    if not names:
        print(f"bench: no such variant; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    load_before = os.getloadavg()[0]
    results = asyncio.run(measure(names, rounds=args.rounds, seconds=args.seconds))
    middle = report.medians(results)
    machine = report.describe_machine(
        load_before=load_before, rounds=args.rounds, seconds=args.seconds
    )
    if args.json:
        print(json.dumps({"machine": machine, "medians": middle, "visits": results}, indent=1))
        return 0
    text = "\n\n".join((machine, report.table(middle), report.goals(middle)))
    print(text)
    if args.write:
        try:
            report.write_between_markers(args.write, text)
        except (OSError, ValueError) as exc:
            print(f"bench: {exc}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

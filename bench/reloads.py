"""``./run bench reloads``: what a run holds after reload upon reload.

Every worker of two groups of two is replaced again and again. Children, zombies, descriptors and
memory of the supervisor, and descriptors of the workers, must be the same at the end as after
the first ones.
"""

import argparse
import asyncio
import os
import platform
import sys
import time
from pathlib import Path

from bench.reliability import running

_COLUMNS = ("reloads", "children", "zombies", "descriptors", "of workers", "RSS MiB", "s each")
# By then whatever is made once has been made.
_FIRST = 10


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench reloads", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="reloads (200)")
    parser.add_argument("--every", type=int, default=50, help="reloads to a line (50)")
    return parser.parse_args()


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _is_zombie(pid: str) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def _held(supervisor: int, workers: list[int], reloads: int, seconds: float) -> dict[str, float]:
    """Return one line of the table."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    pages = int(Path(f"/proc/{supervisor}/statm").read_text().split()[1])
    values = (
        reloads,
        len(children),
        sum(map(_is_zombie, children)),
        _descriptors(supervisor),
        sum(map(_descriptors, workers)),
        round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1),
        round(seconds, 2),
    )
    return dict(zip(_COLUMNS, values, strict=True))


async def measure(rounds: int, every: int) -> list[dict[str, float]]:
    """Return what is held after the first reloads, and after so many more each time."""
    lines = []
    async with running("tcp", "pair", 0) as run:
        began, before = time.perf_counter(), 0
        for number in range(1, rounds + 1):
            await run.command("reload")
            if number in {_FIRST, rounds} or number % every == 0:
                now = time.perf_counter()
                groups = (await run.command("status"))["groups"]
                workers = [worker["pid"] for group in groups for worker in group["workers"]]
                each = (now - began) / (number - before)
                lines.append(_held(run.process.pid, workers, number, each))
                began, before = now, number
    return lines


def main() -> int:
    """Measure and print the table: 1 when there are more descriptors or processes at the end."""
    args = _arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores.\n")
    lines = asyncio.run(measure(args.rounds, args.every))
    print("| " + " | ".join(_COLUMNS) + " |")
    print("|---:" * len(_COLUMNS) + "|")
    for line in lines:
        print("| " + " | ".join(f"{value:,}" for value in line.values()) + " |")
    first, last = lines[0], lines[-1]
    counted = ("children", "zombies", "descriptors", "of workers")
    return int(any(last[name] > first[name] for name in counted))


if __name__ == "__main__":
    sys.exit(main())

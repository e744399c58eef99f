"""``./run bench memory``: what four workers hold of an application of some 70 MB.

Each variant is started, asked for many quick pages, told to collect garbage, and told to read
half of its objects; after each, the proportional set size (PSS) of its workers is taken, in which
a page that several processes share counts once among them. gunicorn is started without and with
``--preload``. Workers are asked often enough for each to have answered.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import time
from importlib.metadata import version
from pathlib import Path

from bench.load import Client, Tally
from bench.serving import Served, seamline, serving

HEAVY = Path(__file__).parent / "heavy"
_GUNICORN = [
    sys.executable, "-m", "gunicorn", "--chdir", str(HEAVY), "--workers", "4", "-k", "gthread",
    "--threads", "8", "--bind", "unix:{socket}", "--log-level", "error",
]  # fmt: skip
VARIANTS = {
    "seamline": seamline(HEAVY, "executed"),
    "seamline, preload": seamline(HEAVY, "preloaded"),
    "gunicorn": [*_GUNICORN, "heavy:app"],
    "gunicorn --preload": [*_GUNICORN, "--preload", "heavy:app"],
}
_STEPS = {"started": "/quick/", "garbage collected": "/collect/", "half is read": "/read/"}
_WORKERS = 4
_CLIENTS = 32
_SECONDS = 3.0
_MIB = 2**20

Visit = dict[str, float]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench memory", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="starts of each variant (3)")
    parser.add_argument("--json", action="store_true", help="print every start as JSON")
    return parser.parse_args()


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def _workers(served: Served) -> list[int]:
    """Return the largest children: what watches or waits to be forked is not asked anything."""
    children = _children(served.process.pid)
    busiest = sorted(children, key=_ticks, reverse=True)
    return [pid for pid in busiest if _listens(pid)][:_WORKERS]


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _listens(pid: int) -> bool:
    """Whether it runs more than one thread, as workers do and a zygote never does."""
    return len(list(Path(f"/proc/{pid}/task").iterdir())) > 1


async def _ask(served: Served, path: str) -> None:
    tally, enough = Tally(), asyncio.Event()
    clients = [
        Client(served.socket, "close", [path], f"c{number}", tally) for number in range(_CLIENTS)
    ]
    asking = asyncio.gather(*(client.run(enough) for client in clients))
    await asyncio.sleep(_SECONDS)
    enough.set()
    await asking


async def _visit(command: list[str]) -> Visit:
    began = time.perf_counter()
    async with serving(command) as served:
        visit = {"ready_s": time.perf_counter() - began}
        for name, path in _STEPS.items():
            await _ask(served, path)
            sizes = [_pss(pid) for pid in _workers(served)]
            visit[name] = statistics.mean(sizes) / _MIB
    return visit


async def measure(rounds: int) -> dict[str, list[Visit]]:
    """Start every variant in turns; return what each start measured."""
    visits: dict[str, list[Visit]] = {name: [] for name in VARIANTS}
    for number in range(rounds):
        for name, command in VARIANTS.items():
            visits[name].append(await _visit(command))
        print(f"memory: round {number + 1} of {rounds}", file=sys.stderr)
    return visits


def table(visits: dict[str, list[Visit]]) -> str:
    """Return the medians as a table of Markdown."""
    lines = [
        f"| 4 workers, MB each (PSS) | {' | '.join(_STEPS)} | first answer, s |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, seen in visits.items():
        middle = {key: statistics.median(visit[key] for visit in seen) for key in seen[0]}
        sizes = " | ".join(f"{middle[step]:.0f}" for step in _STEPS)
        lines.append(f"| {name} | {sizes} | {middle['ready_s']:.1f} |")
    return "\n".join(lines)


def main() -> int:
    """Measure and print it."""
    args = _arguments()
    before = (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}, gunicorn {version('gunicorn')}; "
        f"medians of {args.rounds} starts."
    )
    visits = asyncio.run(measure(args.rounds))
    if args.json:
        print(json.dumps({"environment": before, "visits": visits}, indent=1))
    else:
        print(before, table(visits), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

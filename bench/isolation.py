"""``./run bench isolation``: what pages suffer while another package burns a core.

Four clients ask for quick pages, with pauses, first alone and then while one more has documents
made without end: in one process (plain uvicorn, ``mono``) and with the documents in a process of
their own (``micro``). Below, the processor time of one request, ``mono`` beside plain uvicorn.
The variants are visited in turns, and the clients share the cores with what they measure, so
only the ratios mean something.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
from collections import defaultdict
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path

from bench.load import Client, Tally
from bench.serving import Served, seamline, serving, uvicorn

ISOLATED = Path(__file__).parent / "isolated"
BARE = Path(__file__).parent / "bare"
VARIANTS = {
    "plain uvicorn": uvicorn(ISOLATED, "isolated.plain:app"),
    "mono": seamline(ISOLATED, "mono"),
    "micro": seamline(ISOLATED, "micro"),
}
#: Servers whose processor time is compared, two by two.
COSTS = {
    "a page that does nothing": (uvicorn(BARE, "bare:app"), seamline(BARE, "mono")),
    "a page of Flask": (VARIANTS["plain uvicorn"], VARIANTS["mono"]),
}
_CLIENTS = 4
# Servers and Seamline's own beat rest between requests; many keep that small beside them.
_COST_CLIENTS = 16

Visits = dict[str, list[dict[str, float]]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench isolation", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="visits to each variant (5)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each part (5)")
    parser.add_argument("--json", action="store_true", help="print every visit as JSON")
    return parser.parse_args()


async def _ask(
    served: Served, seconds: float, *, clients: int, mode: str, burning: bool = False
) -> tuple[Tally, Tally]:
    """Ask for quick pages for some seconds; return what became of them and of the documents."""
    pages, documents = Tally(), Tally()
    enough = asyncio.Event()
    asking = [
        Client(served.socket, mode, ["/quick/"], f"q{number}", pages) for number in range(clients)
    ]
    if burning:
        asking.append(Client(served.socket, "keep", ["/paper/"], "p", documents))
    running = asyncio.gather(*(client.run(enough) for client in asking))
    await asyncio.sleep(seconds)
    enough.set()
    await running
    for tally in (pages, documents):
        if tally.lost:
            raise RuntimeError(f"requests were lost: {dict(tally.lost)}")
    return pages, documents


async def _visit(served: Served, seconds: float) -> dict[str, float]:
    idle, _ = await _ask(served, seconds, clients=_CLIENTS, mode="think")
    busy, documents = await _ask(served, seconds, clients=_CLIENTS, mode="think", burning=True)
    return {
        "idle_p50_ms": _percentile(idle, 50),
        "idle_p99_ms": _percentile(idle, 99),
        "busy_p50_ms": _percentile(busy, 50),
        "busy_p99_ms": _percentile(busy, 99),
        "documents": float(len(documents.answered)),
    }


def _percentile(tally: Tally, which: int) -> float:
    return statistics.quantiles(tally.seconds, n=100)[which - 1] * 1000


async def _cost(served: Served, seconds: float) -> float:
    """Return the processor microseconds of one request."""
    before = served.cpu_seconds()
    pages, _ = await _ask(served, seconds, clients=_COST_CLIENTS, mode="keep")
    return (served.cpu_seconds() - before) / pages.requests * 1e6


async def measure(rounds: int, seconds: float) -> tuple[Visits, Visits]:
    """Visit everything in turns; return what each visit measured."""
    visits: Visits = defaultdict(list)
    costs: Visits = defaultdict(list)
    async with AsyncExitStack() as stack:
        running = {
            name: await stack.enter_async_context(serving(command))
            for name, command in VARIANTS.items()
        }
        for number in range(rounds):
            for name, served in running.items():
                visits[name].append(await _visit(served, seconds))
            print(f"isolation: round {number + 1} of {rounds}", file=sys.stderr)
    async with AsyncExitStack() as stack:
        pairs = {
            name: [await stack.enter_async_context(serving(command)) for command in pair]
            for name, pair in COSTS.items()
        }
        for number in range(rounds):
            for name, (plain, mono) in pairs.items():
                uvicorn_us, mono_us = await _cost(plain, seconds), await _cost(mono, seconds)
                costs[name].append({"uvicorn_us": uvicorn_us, "mono_us": mono_us})
            print(f"cost: round {number + 1} of {rounds}", file=sys.stderr)
    return visits, costs


def _medians(visits: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(visit[key] for visit in visits) for key in visits[0]}


def tables(visits: Visits, costs: Visits) -> str:
    """Return the medians and their ratios as tables of Markdown."""
    lines = [
        "| pages, ms | p50 | p99 | p50 beside documents | p99 beside | p99 to p99 | documents |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, seen in visits.items():
        one = _medians(seen)
        ratio = statistics.median(visit["busy_p99_ms"] / visit["idle_p99_ms"] for visit in seen)
        lines.append(
            f"| {name} | {one['idle_p50_ms']:.1f} | {one['idle_p99_ms']:.1f} "
            f"| {one['busy_p50_ms']:.1f} | {one['busy_p99_ms']:.1f} | {ratio:.1f}x "
            f"| {one['documents']:.0f} |"
        )
    lines += [
        "",
        "| CPU µs a request | plain uvicorn | mono | ratio |",
        "|---|---:|---:|---:|",
    ]
    for name, seen in costs.items():
        one = _medians(seen)
        ratio = statistics.median(visit["mono_us"] / visit["uvicorn_us"] for visit in seen)
        lines.append(f"| {name} | {one['uvicorn_us']:.0f} | {one['mono_us']:.0f} | {ratio:.2f}x |")
    return "\n".join(lines)


def main() -> int:
    """Measure and print it."""
    args = _arguments()
    before = (
        f"Python {platform.python_version()}, {os.cpu_count()} cores shared with the clients, "
        f"load {os.getloadavg()[0]:.1f}, uvicorn {version('uvicorn')}; medians of {args.rounds} "
        f"rounds of {args.seconds:g} s each."
    )
    visits, costs = asyncio.run(measure(args.rounds, args.seconds))
    if args.json:
        print(json.dumps({"environment": before, "visits": visits, "costs": costs}, indent=1))
    else:
        print(before, tables(visits, costs), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

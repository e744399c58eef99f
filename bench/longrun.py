"""``./run bench longrun``: the reference application, whole and in parts, with a year of runs.

The dashboard of a runner with 400 activities is asked for in turns in ``mono`` and in ``micro``.
Then the same archive is imported into an empty log in ``mono``, ``micro`` and ``book``, one after
the other; what the processes that read files computed meanwhile is told in cores.
"""

import argparse
import asyncio
import io
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from bench.calls import SEAMLINE
from bench.serving import Served, cpu_of, seamline, serving

LONGRUN = Path(__file__).parents[1] / "examples" / "longrun"
_EMAIL, _PASSWORD = "bench@example.com", "correct horse battery"
# A year of runs, and a plan; only the account for an import.
_FILL = """
import sys
from datetime import UTC, datetime, timedelta
from longrun import accounts, activities, training
from longrun.model import Goal, Recording, Source, Sport, TrackPoint

ann = accounts.register(sys.argv[1], sys.argv[2], "Ann Archer", confirmed=True)
count, now = int(sys.argv[3]), datetime.now(UTC)
for number in range(count):
    points = tuple(
        TrackPoint(10.0 * i, 30.0 * i + number % 7, 48 + 2e-4 * i, 2.0, 100.0 + i % 9, 150)
        for i in range(200 + number % 150)
    )
    begin = now - timedelta(days=365) * (1 - number / count) - timedelta(hours=1)
    activities.add(ann.id, Recording(Source.GPX, Sport.RUN, begin, points))
if count:
    race = training.add_race(ann.id, "City run", now.date() + timedelta(weeks=12), 10_000)
    training.enter(ann.id, race.id, Goal(None, frozenset({1, 3, 5, 6}), 8))
"""
_FILES = """
import sys
from pathlib import Path
from longrun.demo.fill import write_files

for _ in zip(range(int(sys.argv[2])), write_files(Path(sys.argv[1]), weeks=300)):
    pass
"""

Visits = dict[str, list[dict[str, float]]]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench longrun", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="visits to each layout (5)")
    parser.add_argument("--pages", type=int, default=100, help="dashboards in each visit (100)")
    parser.add_argument("--files", type=int, default=400, help="files in the archive (400)")
    parser.add_argument("--json", action="store_true", help="print every visit as JSON")
    return parser.parse_args()


def _python(instance: Path, program: str, *arguments: object) -> None:
    environment = os.environ | {"LONGRUN_INSTANCE": str(instance)}
    words = [sys.executable, "-c", program, *map(str, arguments)]
    subprocess.run(words, cwd=LONGRUN, env=environment, check=True)


async def _log_in(served: Served) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=served.socket)
    client = httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=120)
    await _fill_in(client, "/login", data={"email": _EMAIL, "password": _PASSWORD})
    return client


async def _fill_in(
    client: httpx.AsyncClient, page: str, *, data: dict[str, str], files: object = None
) -> httpx.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', (await client.get(page)).text)
    if found is None:
        raise RuntimeError(f"{page} has no form")
    answer = await client.post(page, data=data | {"csrf": found[1]}, files=files)  # type: ignore[arg-type]
    if answer.status_code not in {302, 303}:
        raise RuntimeError(f"{page} answered {answer.status_code}")
    return answer


async def _visit(client: httpx.AsyncClient, pages: int) -> dict[str, float]:
    seconds = []
    for _ in range(pages):
        started = time.perf_counter()
        answer = await client.get("/")
        seconds.append(time.perf_counter() - started)
        if answer.status_code != 200 or "Last runs" not in answer.text:
            raise RuntimeError(f"the dashboard answered {answer.status_code}")
    cuts = statistics.quantiles(seconds, n=20)
    return {"p50_ms": cuts[9] * 1000, "p95_ms": cuts[18] * 1000}


async def dashboards(filled: Path, place: Path, rounds: int, pages: int) -> Visits:
    """Ask for the dashboard in both layouts in turns; return what each visit measured."""
    visits: Visits = defaultdict(list)
    async with AsyncExitStack() as stack:
        clients = {}
        for layout in ("mono", "micro"):
            instance = shutil.copytree(filled, place / layout)
            command = seamline(LONGRUN, layout)
            running = serving(command, ready="/healthz", LONGRUN_INSTANCE=str(instance))
            clients[layout] = await _log_in(await stack.enter_async_context(running))
            await _visit(clients[layout], 5)
        for number in range(rounds):
            for layout, client in clients.items():
                visits[layout].append(await _visit(client, pages))
            print(f"dashboards: round {number + 1} of {rounds}", file=sys.stderr)
        for client in clients.values():
            await client.aclose()
    return visits


async def imported(layout: str, instance: Path, archive: bytes) -> dict[str, float]:
    """Import an archive; return how long it took, and what who reads files computed meanwhile."""
    command = seamline(LONGRUN, layout)
    async with serving(command, ready="/healthz", LONGRUN_INSTANCE=str(instance)) as served:
        client = await _log_in(served)
        readers, everything = _readers(served), served.cpu_seconds()
        before = {pid: cpu_of(pid) for pid in readers}
        started = time.perf_counter()
        files = {"files": ("all.zip", archive)}
        page = (await _fill_in(client, "/upload", data={}, files=files)).headers["location"]
        told = ""
        # As the page does, which loads itself again.
        while "<h1>Imported</h1>" not in told:
            await asyncio.sleep(0.25)
            told = (await client.get(page)).text
        took = time.perf_counter() - started
        await client.aclose()
        added = re.search(r"(\d+) added", told)
        return {
            "seconds": took,
            "added": float(added[1]) if added else 0.0,
            "readers_cores": sum(cpu_of(pid) - before[pid] for pid in readers) / took,
            "all_cores": (served.cpu_seconds() - everything) / took,
        }


def _readers(served: Served) -> list[int]:
    """Return the processes that read files: the importer's, or what imports in one process."""
    environment = os.environ | {"XDG_RUNTIME_DIR": str(Path(served.socket).parent)}
    words = [SEAMLINE, "-C", str(LONGRUN), "status", "--json"]
    told = subprocess.run(words, env=environment, capture_output=True, check=True).stdout
    groups = {group["name"]: group["workers"] for group in json.loads(told)["groups"]}
    chosen = [groups["importer"]] if "importer" in groups else list(groups.values())
    return [worker["pid"] for workers in chosen for worker in workers]


async def measure(args: argparse.Namespace) -> tuple[Visits, dict[str, dict[str, float]]]:
    """Fill a log, visit the dashboards, import the archives."""
    with tempfile.TemporaryDirectory(prefix="lr") as directory:
        place = Path(directory)
        _python(place / "filled", _FILL, _EMAIL, _PASSWORD, 400)
        visits = await dashboards(place / "filled", place, args.rounds, args.pages)
        imports = {}
        if args.files:
            _python(place / "none", _FILES, place / "files", args.files)
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                for path in sorted((place / "files").iterdir()):
                    archive.write(path, path.name)
            for layout in ("mono", "micro", "book"):
                instance = place / f"{layout}-import"
                _python(instance, _FILL, _EMAIL, _PASSWORD, 0)
                imports[layout] = await imported(layout, instance, packed.getvalue())
                print(f"import: {layout} is done", file=sys.stderr)
        return visits, imports


def tables(visits: Visits, imports: dict[str, dict[str, float]]) -> str:
    """Return the medians and their ratios as tables of Markdown."""
    lines = ["| dashboard, ms | p50 | p95 | p95 to mono's |", "|---|---:|---:|---:|"]
    for layout, seen in visits.items():
        p50, p95 = (statistics.median(one[key] for one in seen) for key in ("p50_ms", "p95_ms"))
        pairs = zip(seen, visits["mono"], strict=True)
        ratio = statistics.median(one["p95_ms"] / mono["p95_ms"] for one, mono in pairs)
        lines.append(f"| {layout} | {p50:.1f} | {p95:.1f} | {ratio:.2f}x |")
    if imports:
        lines += ["", "| import | seconds | runs added | cores of its readers | cores of all |"]
        lines += ["|---|---:|---:|---:|---:|"]
    for layout, one in imports.items():
        lines.append(
            f"| {layout} | {one['seconds']:.1f} | {one['added']:.0f} "
            f"| {one['readers_cores']:.2f} | {one['all_cores']:.2f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Measure and print it."""
    args = _arguments()
    before = (
        f"Python {platform.python_version()}, {os.cpu_count()} cores shared with the client, "
        f"load {os.getloadavg()[0]:.1f}; medians of {args.rounds} rounds of {args.pages} pages, "
        f"one import of {args.files} files each."
    )
    visits, imports = asyncio.run(measure(args))
    if args.json:
        told = {"environment": before, "visits": visits, "imports": imports}
        print(json.dumps(told, indent=1))
    else:
        print(before, tables(visits, imports), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

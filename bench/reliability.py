"""``./run bench reliability``: requests and calls lost or doubled while workers are replaced.

Clients ask as fast as they are answered while every worker of every group is replaced again and
again (``reload``, or ``restart``, which ends the old ones first), while groups get more and fewer
workers (``scale``), after every hundred requests or calls that one has answered (``recycle``), or
while one worker after the other is killed (``kill``), or while the supervisor itself is executed
anew (``upgrade``, by SIGUSR2). A request without its answer is lost. Each
request and each call across the seam notes its token in a file: one that is noted twice is
doubled, one that is answered and not noted is missing. A killed worker loses what it was
answering, and nothing else: no connection is refused, and nobody waits for the import of its
successor, however long that takes (``--import-seconds``). Where only workers that are called are
killed (``kill-called``), a lost call is answered 503 as one of unknown outcome, and none is lost
that may be made again. ``websocket`` and ``stop`` are about
connections that last, see ``bench/lasting.py``.
"""

import argparse
import asyncio
import itertools
import json
import os
import platform
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import lasting
from bench.calls import SEAMLINE
from bench.load import MODES, Address, Client, Tally
from bench.peers import servers

APP = Path(__file__).parent / "reliable"
FAULTS = (
    "reload",
    "restart",
    "scale",
    "kill",
    "kill-called",
    "recycle",
    "upgrade",
    *lasting.FAULTS,
)
# Up from two, down to one, and back.
_NUMBERS = ("4", "1", "2")
SERVERS = ("seamline", *servers.NAMES)
SOCKETS = ("tcp", "unix")
INTERFACES = ("asgi", "wsgi")
_PREFIX = {"asgi": "", "wsgi": "/wsgi"}
_PACKAGES = ("seamline", "uvicorn", "uvloop", "gunicorn")
_START_SECONDS = 90
_TICK_SECONDS = 0.01
# Before the first round: until every client has its connection, and what is compared with.
_SETTLE_SECONDS = 1.0
_STEADY_SECONDS = 3.0
_COLUMNS = (
    ("rounds", "rounds"),
    ("requests", "requests"),
    ("lost", "lost"),
    ("refused", "refused"),
    ("doubled", "doubled"),
    ("missing", "missing"),
    ("calls", "calls"),
    ("doubled calls", "doubled_calls"),
    ("missing calls", "missing_calls"),
    ("killed", "killed"),
    ("successor begun after ms", "begun_ms"),
    ("p50 ms", "p50_ms"),
    ("steady p99 ms", "steady_p99_ms"),
    ("p99 ms", "p99_ms"),
    ("longest ms", "longest_ms"),
    ("clients paused ms", "paused_ms"),
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench reliability", description=__doc__)
    parser.add_argument("--clients", type=int, default=64, help="at a time (64)")
    parser.add_argument("--fault", nargs="+", choices=FAULTS, default=FAULTS)
    parser.add_argument("--rounds", type=int, default=10, help="of what is done, at least (10)")
    parser.add_argument("--requests", type=int, default=50_000, help="in a row, at least (50000)")
    parser.add_argument(
        "--import-seconds", type=float, default=0, help="that the application's import takes (0)"
    )
    parser.add_argument(
        "--single", action="store_true", help="one worker in each group instead of two"
    )
    parser.add_argument(
        "--stop-seconds", type=float, default=10, help="that a request takes during a stop (10)"
    )
    parser.add_argument("--mode", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--socket", nargs="+", choices=SOCKETS, default=SOCKETS)
    parser.add_argument("--interface", nargs="+", choices=INTERFACES, default=INTERFACES)
    parser.add_argument(
        "--server", nargs="+", choices=SERVERS, default=SERVERS[:1], help="measured in turns"
    )
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    return parser.parse_args()


class Running:
    """One ``seamline run`` of the application, in a directory of its own."""

    def __init__(self, directory: str, process: asyncio.subprocess.Process) -> None:
        self._directory = directory
        self.process = process
        # Of each worker that was killed, the seconds until the process of the next one began.
        self.begun: list[float] = []

    @staticmethod
    def environment(directory: str, import_seconds: float = 0) -> dict[str, str]:
        """Return the environment of every command."""
        return os.environ | {
            "XDG_RUNTIME_DIR": directory,
            "RELIABLE_NOTES": directory,
            "RELIABLE_IMPORT_SECONDS": str(import_seconds),
        }

    async def command(self, *words: str) -> dict[str, Any]:
        """Run a command that answers with JSON; raise when it fails."""
        process = await asyncio.create_subprocess_exec(
            SEAMLINE, "-C", str(APP), *words, "--json",
            env=self.environment(self._directory),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"seamline {' '.join(words)}: {err.decode()}")
        return json.loads(out)

    async def address(self) -> Address:
        """Return where the application answers."""
        url: str = (await self.command("status"))["urls"]["web"]
        if url.startswith("unix:"):
            return url.removeprefix("unix:")
        host, _, port = url.removeprefix("http://").rpartition(":")
        return host, int(port)

    async def do(self, fault: str, number: int) -> int:
        """Do what a round is about; return how many were killed because they did not leave."""
        if fault in {"kill", "kill-called"}:
            await self._kill_one(number if fault == "kill" else 1)
            return 0
        if fault == "upgrade":
            await self._upgrade()
            return 0
        words = [fault]
        if fault == "scale":
            count = _NUMBERS[number % len(_NUMBERS)]
            words += [f"front={count}", f"back={count}"]
        return int((await self.command(*words))["killed"])

    async def _kill_one(self, number: int) -> None:
        """Kill a worker, of the group in front or of the one that it calls; wait for the next."""
        groups = (await self.command("status"))["groups"]
        group = number % len(groups)
        slot = random.randrange(len(groups[group]["workers"]))
        before = groups[group]["workers"][slot]
        killed_at = time.clock_gettime(time.CLOCK_BOOTTIME)
        os.kill(before["pid"], signal.SIGKILL)
        async with asyncio.timeout(_START_SECONDS):
            while True:
                after = (await self.command("status"))["groups"][group]["workers"][slot]
                if after["state"] == "ready" and after["generation"] > before["generation"]:
                    self.begun.append(_began_at(after["pid"]) - killed_at)
                    return

    async def _upgrade(self) -> None:
        """Have the supervisor executed anew, and wait until it has replaced every worker."""
        before = await self._workers()
        os.kill(self.process.pid, signal.SIGUSR2)
        async with asyncio.timeout(_START_SECONDS):
            while True:
                after = await self._workers()
                if all(
                    new["state"] == "ready"
                    and new["generation"] > old["generation"]
                    and not new["leaving"]
                    for new, old in zip(after, before, strict=True)
                ):
                    return

    async def _workers(self) -> list[dict[str, Any]]:
        groups = (await self.command("status"))["groups"]
        return [worker for group in groups for worker in group["workers"]]

    async def recycled(self) -> int:
        """Return how many workers were replaced for what they had answered."""
        groups = (await self.command("status"))["groups"]
        return sum(worker["recycled"] for group in groups for worker in group["workers"])

    def noted(self, name: str) -> Counter[str]:
        """Return how often each token was noted."""
        return Counter(Path(self._directory, name).read_text().split())


def _began_at(pid: int) -> float:
    """Return when a process began, in seconds since boot: proc_pid_stat(5), field 22."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def running(kind: str, layout: str, import_seconds: float) -> AsyncIterator[Running]:
    """Start the application on a TCP port or a Unix socket, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="sl") as directory:
        bind = f"unix:{directory}/web.sock" if kind == "unix" else "127.0.0.1:0"
        log = Path(directory, "log")
        output = os.open(log, os.O_WRONLY | os.O_CREAT)
        process = await asyncio.create_subprocess_exec(
            SEAMLINE, "-C", str(APP), "run", "-q", "--layout", layout, "--bind", bind,
            env=Running.environment(directory, import_seconds),
            stdout=output,
            stderr=output,
        )  # fmt: skip
        os.close(output)
        run = Running(directory, process)
        try:
            await _wait_ready(run)
            yield run
        except BaseException:
            await asyncio.to_thread(_show_end, log)
            raise
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def _show_end(log: Path) -> None:
    print(log.read_text(errors="replace")[-5000:], file=sys.stderr)


async def _wait_ready(run: Running) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            if run.process.returncode is not None:
                raise RuntimeError("seamline run ended; what it said is below")
            try:
                await run.command("status", "--exit-code")
            except RuntimeError:
                continue
            return


def _started(
    args: argparse.Namespace, server: str, fault: str, kind: str, interface: str
) -> AbstractAsyncContextManager[Any]:
    if server != "seamline":
        return servers.peer(server, kind, interface, args.import_seconds)
    layout = "single" if args.single else "pair"
    return running(kind, "worn" if fault == "recycle" else layout, args.import_seconds)


async def _watch_pauses(pauses: list[float]) -> None:
    """Note how late this very process is: nobody is answered faster than the clients run."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(_TICK_SECONDS)
        pauses[0] = max(pauses[0], time.perf_counter() - began - _TICK_SECONDS)


async def _measure_steady(tally: Tally) -> float:
    """Return the 99th percentile of what clients wait, in ms, before anything is done to workers.

    Their waits are counted from now on.
    """
    await asyncio.sleep(_SETTLE_SECONDS)
    tally.seconds.clear()
    await asyncio.sleep(_STEADY_SECONDS)
    percentiles = statistics.quantiles(tally.seconds, n=100)
    tally.seconds.clear()
    return round(percentiles[98] * 1000, 1)


async def measure(  # noqa: PLR0917 - one for each dimension of the table
    args: argparse.Namespace, server: str, fault: str, mode: str, kind: str, interface: str
) -> dict:
    """Replace workers under load; return one row."""
    tally = Tally()
    enough = asyncio.Event()
    pauses = [0.0]
    prefix = _PREFIX[interface] if server == "seamline" else ""
    other = "look" if fault == "kill-called" else "plain"
    paths = [f"{prefix}/{other}/", f"{prefix}/call/"]
    async with _started(args, server, fault, kind, interface) as run:
        address = await run.address()
        clients = [
            Client(address, mode, paths[n % 2 :] + paths[: n % 2], f"c{n}", tally)
            for n in range(args.clients)
        ]
        asking = asyncio.gather(*(client.run(enough) for client in clients))
        watching = asyncio.create_task(_watch_pauses(pauses))
        killed = 0
        rounds = 0
        try:
            steady_p99_ms = await _measure_steady(tally)
            while rounds < args.rounds or tally.requests < args.requests:
                if fault == "recycle":
                    rounds = await run.recycled()
                    continue
                killed += await run.do(fault, rounds)
                rounds += 1
        finally:
            enough.set()
            await asking
            watching.cancel()
        requests, calls = run.noted("requests"), run.noted("calls")
    return {
        "server": server,
        "fault": fault,
        "mode": mode,
        "socket": kind,
        "interface": interface,
        "import_seconds": args.import_seconds,
        "single": args.single,
        "rounds": rounds,
        "killed": killed,
        "begun_ms": round(max(run.begun, default=0) * 1000),
        "paused_ms": round(pauses[0] * 1000, 1),
        "steady_p99_ms": steady_p99_ms,
        "connections": tally.connections,
        "reasons": dict(tally.lost),
        **_counts(tally, requests, calls),
    }


def _counts(tally: Tally, requests: Counter[str], calls: Counter[str]) -> dict[str, float]:
    # Every client asks for a page and for a call in turns, whatever became of either.
    called = {token for token in tally.answered if token in calls}
    seconds = statistics.quantiles(tally.seconds, n=100)
    return {
        "requests": tally.requests,
        "lost": tally.lost.total(),
        "lost_others": sum(n for path, n in tally.lost_paths.items() if "/call/" not in path),
        "unknown": tally.lost["ValueError: status 503, outcome-unknown"],
        "refused": sum(
            count for why, count in tally.lost.items() if why.startswith("ConnectionRefused")
        ),
        "doubled": sum(count > 1 for count in requests.values()),
        "missing": sum(token not in requests for token in tally.answered),
        "calls": len(called),
        "doubled_calls": sum(count > 1 for count in calls.values()),
        "missing_calls": abs(len(called) - sum(map(_is_call, tally.answered))),
        "p50_ms": round(seconds[49] * 1000, 1),
        "p99_ms": round(seconds[98] * 1000, 1),
        "longest_ms": round(max(tally.seconds) * 1000, 1),
    }


def _is_call(token: str) -> bool:
    """Whether a token was put behind the page that calls: clients begin with either in turns."""
    client, _, number = token.removeprefix("c").partition("-")
    return (int(client) + int(number)) % 2 == 1


def environment() -> str:
    """Say what was measured on what."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"Python {platform.python_version()}, Linux {platform.release()}, {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f}; {packages}."
    )


def table(rows: list[dict]) -> str:
    """Return the rows as a table of Markdown."""
    lines = ["| fault, clients | " + " | ".join(title for title, _ in _COLUMNS) + " |"]
    lines.append("|---" + "|---:" * len(_COLUMNS) + "|")
    for row in rows:
        name = f"{row['fault']}, {row['mode']}, {row['socket']}, {row['interface']}"
        name = f"{row['server']}: {name}" if row["server"] != "seamline" else name
        name += ", one worker" * row["single"]
        name += f", import {row['import_seconds']:g} s" * bool(row["import_seconds"])
        lines.append(f"| {name} | " + " | ".join(f"{row[key]:,}" for _, key in _COLUMNS) + " |")
    return "\n".join(lines)


async def _measure_lasting(args: argparse.Namespace, fault: str, kind: str) -> dict:
    started = running(kind, "pair", args.import_seconds)
    if fault == "stop":
        return await lasting.measure_stop(started, kind, args.stop_seconds)
    return await lasting.measure_websockets(started, kind, args.clients, args.rounds)


async def _measure_all(args: argparse.Namespace) -> list[dict]:
    rows = []
    dimensions = (args.mode, args.socket, args.interface, args.fault, args.server)
    for kind, fault in itertools.product(args.socket, args.fault):
        if fault in lasting.FAULTS:
            rows.append(await _measure_lasting(args, fault, kind))
            print(json.dumps(rows[-1]), file=sys.stderr)
    for mode, kind, interface, fault, server in itertools.product(*dimensions):
        if fault in lasting.FAULTS:
            continue
        if server != "seamline" and (
            fault not in servers.FAULTS or (server, interface) not in servers.COMMANDS
        ):
            continue
        rows.append(await measure(args, server, fault, mode, kind, interface))
        print(json.dumps(rows[-1]), file=sys.stderr)
    return rows


def main() -> int:
    """Measure what the arguments ask for and print it: 1 when anything was lost or doubled."""
    args = _arguments()
    before = environment()
    rows = asyncio.run(_measure_all(args))
    if args.json:
        print(json.dumps({"environment": before, "rows": rows}, indent=1))
    else:
        lost = [row for row in rows if row["fault"] not in lasting.FAULTS]
        print(before, *([table(lost)] if lost else []), *lasting.tables(rows), sep="\n\n")
    return int(any(_is_bad(row) for row in rows if row["server"] == "seamline"))


def _is_bad(row: dict) -> bool:
    if row["fault"] in lasting.FAULTS:
        return lasting.is_bad(row)
    faults = ["refused", "doubled", "missing", "doubled_calls", "missing_calls"]
    if row["fault"] == "kill-called":
        return any(row[key] for key in (*faults, "lost_others")) or row["lost"] != row["unknown"]
    if row["fault"] != "kill":
        faults.append("lost")
    return any(row[key] for key in faults)


if __name__ == "__main__":
    sys.exit(main())

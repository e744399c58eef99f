"""``seamline ps``: every worker of the run, what it does and what it takes."""

import argparse
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from seamline.cli.arguments import output_of
from seamline.cli.output import Output, clipped
from seamline.cli.running import find_run
from seamline.supervisor import Status, StatusRequest, ask, duration

_REFRESH_SECONDS: Final = 1.0
# The shortest time over which the kernel's count of processor time, in 1/100 s, means something.
_SAMPLE_SECONDS: Final = 0.3
# The other screen of the terminal, without a cursor; and back.
_ENTER: Final = "\x1b[?1049h\x1b[?25l"
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One process.

    Attributes:
        role: ``supervisor``, ``worker`` or ``zygote``, which workers are forked from.
        group, slot: Where it works; no group for the supervisor, no slot for a zygote.
        pid: ``None`` for a slot that waits for its next worker.
        state: As in ``seamline status``; ``starting`` also for one that is to take over, and
            ``leaving`` for one that was replaced.
        seconds: Its age.
        oldest: Seconds that its oldest request has been running; 0 when it answers none.
        loop_lag: Seconds by which its latest beat came too late.
        lag: Seconds that its event loop took to answer.
        cpu: Processor time it took lately, 1.0 being one core all the time.
        rss_bytes, pss_bytes: Its memory: all, and with what it shares divided fairly.
    """

    role: str = "worker"
    group: str | None
    slot: int | None
    pid: int | None
    state: str
    seconds: float | None = None
    in_flight: int | None = None
    requests: int | None = None
    calls: int | None = None
    restarts: int = 0
    oldest: float | None = None
    loop_lag: float | None = None
    lag: float | None = None
    cpu: float | None = None
    rss_bytes: int | None = None
    pss_bytes: int | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    parser.epilog = (
        "On a terminal the table is refreshed every second until Ctrl-C; elsewhere, and\n"
        "with --json, it is printed once. CPU is of one core, PSS counts shared memory by\n"
        "its share, OLDEST is for how long the oldest request has been running, LAG is how\n"
        "long the event loop took to answer."
    )


def run(args: argparse.Namespace) -> int:
    """Print the table once, or show it until Ctrl-C, which is its usual end: 0.

    Raises:
        NotRunning: There is no run, or it ended meanwhile.
    """
    output = output_of(args)
    run_dir = find_run(args)
    meter = Meter()
    status = ask(run_dir, StatusRequest())
    meter.rows(status)
    if output.json or not sys.stdout.isatty():
        time.sleep(_SAMPLE_SECONDS)
        rows = meter.rows(ask(run_dir, StatusRequest()))
        if output.json:
            head = {"name": status.name, "layout": status.layout, "state": status.state}
            output.document("seamline.ps/1", {**head, "processes": msgspec.to_builtins(rows)})
        else:
            output.data("\n".join(table(status, rows, output.width)))
        return 0
    lines: list[str] = []
    with _other_screen(output), contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(_REFRESH_SECONDS if lines else _SAMPLE_SECONDS)
            status = ask(run_dir, StatusRequest())
            lines = _refresh(output, status, meter.rows(status))
    if lines:
        output.data("\n".join(lines))  # what was seen last stays to be read and copied
    return 0


def _refresh(output: Output, status: Status, rows: list[Row]) -> list[str]:
    columns, height = shutil.get_terminal_size()
    lines = table(status, rows, columns)
    shown = lines if len(lines) < height else [*lines[: height - 2], "  …"]
    # Written over what stands there, so that nothing flickers.
    output.screen("\x1b[H" + "".join(f"{line}\x1b[K\n" for line in shown) + "\x1b[J")
    return lines


@contextlib.contextmanager
def _other_screen(output: Output) -> Iterator[None]:
    """Show something else on the terminal meanwhile, also when the command is ended by SIGTERM."""

    def leave(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    former = signal.signal(signal.SIGTERM, leave)
    output.screen(_ENTER)
    try:
        yield
    finally:
        output.screen(_LEAVE)
        signal.signal(signal.SIGTERM, former)


class Meter:
    """What processes take of the machine, as the kernel counts it."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[float, float]] = {}

    def rows(self, status: Status) -> list[Row]:
        """Return a row for the supervisor and for each process of each slot."""
        rows = [
            self._measured(
                Row(
                    role="supervisor",
                    group=None,
                    slot=None,
                    pid=status.pid,
                    state=status.state,
                    seconds=status.seconds,
                )
            )
        ]
        for group in status.groups:
            if (zygote := group.zygote) is not None:
                row = Row(
                    role="zygote", group=group.name, slot=None, pid=zygote.pid, state=zygote.state
                )
                rows.append(self._measured(row))
            for worker in group.workers:
                is_command = worker.lag is None
                row = Row(
                    group=group.name,
                    slot=worker.slot,
                    pid=worker.pid,
                    state=worker.state,
                    seconds=None if worker.pid is None else worker.seconds,
                    in_flight=None if is_command else worker.in_flight,
                    requests=None if is_command else worker.requests,
                    calls=None if is_command else worker.calls,
                    restarts=worker.restarts,
                    oldest=None if is_command else worker.oldest_seconds,
                    loop_lag=None if is_command else worker.loop_lag,
                    lag=worker.lag,
                )
                rows.append(self._measured(row))
                rows += [
                    self._measured(Row(group=group.name, slot=worker.slot, pid=pid, state=state))
                    for state in ("starting", "leaving")
                    for pid in getattr(worker, state)
                ]
        return rows

    def _measured(self, row: Row) -> Row:
        """Return the row with what the kernel says; of one that ended, as it is."""
        if row.pid is None:
            return row
        try:
            taken, now = _cpu_seconds(row.pid), time.monotonic()
            rss, pss = _memory(row.pid)
        except (OSError, ValueError):
            return row
        cpu = None
        if row.pid in self._before:
            before, then = self._before[row.pid]
            cpu = round((taken - before) / max(now - then, 0.001), 3)
        self._before[row.pid] = (taken, now)
        return msgspec.structs.replace(row, cpu=cpu, rss_bytes=rss, pss_bytes=pss)


def _cpu_seconds(pid: int) -> float:
    # The second field is the program's name, in which anything may stand.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> tuple[int, int | None]:
    """Return resident and proportional memory; the latter is not everybody's to read."""
    rss = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return rss, int(line.split()[1]) * 1024
    return rss, None


# Columns, and which of them goes first where the terminal is narrow: the highest number.
_COLUMNS: Final = (
    ("PID", 8, 0),
    ("STATE", 9, 0),
    ("AGE", 7, 4),
    ("IN FLIGHT", 10, 1),
    ("OLDEST", 8, 2),
    ("REQUESTS", 9, 3),
    ("CALLS", 7, 6),
    ("CPU", 6, 0),
    ("RSS", 6, 1),
    ("PSS", 6, 5),
    ("LAG", 7, 2),
)


def table(status: Status, rows: list[Row], width: int) -> list[str]:
    """Return the lines of the table, with the columns that fit."""
    first = max([6, *(len(_name(row)) for row in rows)])
    columns = list(_COLUMNS)
    while len(columns) > 4 and 2 + first + sum(size for _, size, _ in columns) > width:  # noqa: PLR2004
        columns.remove(max(columns, key=lambda column: column[2]))
    head = f"{status.name} · {status.layout} · up {duration(status.seconds)} · {status.state}"
    titles = "".join(f"{title:>{size}}" for title, size, _ in columns)
    lines = [head, "", f"  {'WORKER':{first}}{titles}"]
    for row in rows:
        cells = _cells(row)
        values = "".join(f"{cells[title]:>{size}}" for title, size, _ in columns)
        lines.append(f"  {_name(row):{first}}{values}")
    changes = [f"  {one.name}: {one.change}" for one in status.groups if one.change]
    return [clipped(line, width) for line in (*lines, *([""] if changes else []), *changes)]


def _name(row: Row) -> str:
    if row.group is None:
        return row.role
    return f"{row.group} {row.role}" if row.slot is None else f"{row.group}.{row.slot}"


def _cells(row: Row) -> dict[str, str]:
    return {
        "PID": _shown(row.pid),
        "STATE": row.state,
        "AGE": "-" if row.seconds is None else _age(row.seconds),
        "IN FLIGHT": _shown(row.in_flight),
        "OLDEST": "-" if not row.oldest else f"{row.oldest:.1f}s",
        "REQUESTS": _shown(row.requests),
        "CALLS": _shown(row.calls),
        "CPU": "-" if row.cpu is None else f"{row.cpu:.0%}",
        "RSS": _megabytes(row.rss_bytes),
        "PSS": _megabytes(row.pss_bytes),
        "LAG": "-" if row.lag is None else f"{row.lag * 1000:.0f}ms",
    }


def _age(seconds: float) -> str:
    minutes, hours, days = (int(seconds // unit) for unit in (60, 3600, 86400))
    if days:
        return f"{days}d{hours % 24}h"
    if hours:
        return f"{hours}h{minutes % 60}m"
    return f"{minutes}m{int(seconds) % 60}s" if minutes else f"{int(seconds)}s"


def _shown(number: int | None) -> str:
    return "-" if number is None else str(number)


def _megabytes(size: int | None) -> str:
    return "-" if size is None else f"{size / 2**20:.0f}M"

"""Turn measurements into tables: medians, ratios, and the goals beside them."""

import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bench.calls import PINGPONG, Numbers

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
OURS = "seamline async -> async"
_COLUMNS = (
    ("p50 µs", "p50_us"),
    ("p99 µs", "p99_us"),
    ("calls/s", "calls_per_s"),
    ("caller CPU µs", "caller_cpu_us"),
    ("host CPU µs", "host_cpu_us"),
    ("1 MiB, MB/s", "payload_mb_per_s"),
)


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal: *ratio* of two variants, at most or at least *bound*."""

    text: str
    over: str
    under: str
    quantity: Callable[[Numbers], float]
    bound: float
    at_most: bool


def _p50(numbers: Numbers) -> float:
    return numbers["p50_us"]


def _cpu(numbers: Numbers) -> float:
    return numbers["caller_cpu_us"] + numbers["host_cpu_us"]


GOALS = (
    Goal("async p50 to a raw uvloop echo's", OURS, "raw uvloop echo", _p50, 2.5, True),
    Goal("async CPU, 64 in flight, to the echo's", OURS, "raw uvloop echo", _cpu, 2, True),
    Goal("FastAPI + aiohttp p50 to async", "FastAPI + aiohttp", OURS, _p50, 7, False),
    Goal("FastAPI + aiohttp CPU to async", "FastAPI + aiohttp", OURS, _cpu, 20, False),
    Goal("grpc.aio p50 to async", "grpc.aio", OURS, _p50, 10, False),
    Goal("grpc.aio CPU to async", "grpc.aio", OURS, _cpu, 35, False),
    Goal("FastAPI + httpx p50 to async", "FastAPI + httpx", OURS, _p50, 20, False),
    Goal("FastAPI + httpx CPU to async", "FastAPI + httpx", OURS, _cpu, 60, False),
    Goal(
        "sync p50 to a C ping-pong on two cores", "seamline sync -> sync", PINGPONG, _p50, 3, True
    ),
    Goal("async to sync p50 to async's", "seamline async -> sync", OURS, _p50, 1.6, True),
)


def medians(results: dict[str, list[Numbers]]) -> dict[str, Numbers]:
    """Return the median over the rounds of every number of every variant."""
    return {
        name: {key: statistics.median(visit[key] for visit in visits) for key in visits[0]}
        for name, visits in results.items()
    }


def describe_machine(*, load_before: float, rounds: int, seconds: float) -> str:
    """Say what was measured on what; without it no figure means anything."""
    packages = ", ".join(
        f"{name} {version(name)}"
        for name in ("seamline", "uvloop", "msgspec", "fastapi", "httpx", "aiohttp", "grpcio")
    )
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return (
        f"Python {platform.python_version()}, Linux {platform.release()}, {os.cpu_count()} cores"
        f" ({model}), load {load_before:.1f} before and {os.getloadavg()[0]:.1f} after;"
        f" medians of {rounds} rounds, {seconds:g} s a visit; {packages}."
    )


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def table(middle: dict[str, Numbers]) -> str:
    """Return the measurements as a Markdown table."""
    lines = [
        _row(["variant", *(title for title, _ in _COLUMNS), "p50 to async"]),
        "|---|" + "---:|" * (len(_COLUMNS) + 1),
    ]
    for name, numbers in middle.items():
        cells = [
            f"{numbers[key]:,.{0 if numbers[key] >= 1000 else 1}f}" if key in numbers else ""
            for _, key in _COLUMNS
        ]
        ratio = f"{_p50(numbers) / _p50(middle[OURS]):.2f}" if OURS in middle else ""
        lines.append(_row([name, *cells, ratio]))
    return "\n".join(lines)


def goals(middle: dict[str, Numbers]) -> str:
    """Return the goals beside what was measured, as a Markdown table."""
    lines = [_row(["goal", "bound", "measured", ""]), "|---|---:|---:|---|"]
    for goal in GOALS:
        if goal.over not in middle or goal.under not in middle:
            continue
        ratio = goal.quantity(middle[goal.over]) / goal.quantity(middle[goal.under])
        is_met = ratio <= goal.bound if goal.at_most else ratio >= goal.bound
        bound = f"{'≤' if goal.at_most else '≥'} {goal.bound:g}"
        lines.append(_row([goal.text, bound, f"{ratio:.1f}", "met" if is_met else "**not met**"]))
    return "\n".join(lines)


def write_between_markers(path: Path, text: str) -> None:
    """Replace what stands between the two markers of a page.

    Raises:
        ValueError: The page does not have both markers.
    """
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path} lacks the lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")

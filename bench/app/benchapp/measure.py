"""One visit to one variant: latency, throughput, CPU of both sides, large payloads.

Every result is compared with the product that was expected, so a variant that answers
quickly and wrongly fails instead of winning.
"""

import asyncio
import os
import resource
import statistics
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from benchapp.values import Product, make_product

EXPECTED = make_product("p-1")
PAYLOAD = bytes(1024 * 1024)
WARM_UP_CALLS = 200
MAX_LATENCY_CALLS = 5_000
IN_FLIGHT = 64
THREADS = 8  # of a synchronous caller; more only measure the scheduler on two cores

# A visit's seconds go to these parts; the large payload is the steadiest of the three.
LATENCY_SHARE, THROUGHPUT_SHARE, PAYLOAD_SHARE = 0.35, 0.45, 0.2

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit measured. Times in microseconds, rates per second."""

    p50_us: float
    p99_us: float
    calls_per_s: float
    caller_cpu_us: float
    host_cpu_us: float
    payload_mb_per_s: float


class CpuMeter:
    """CPU seconds of this process and of the host since it was made."""

    def __init__(self, host_pid: int | None) -> None:
        self._host_pid = host_pid
        self._start = self._read()

    def used(self) -> tuple[float, float]:
        """Return the seconds used by the caller and by the host."""
        caller, host = self._read()
        return caller - self._start[0], host - self._start[1]

    def _read(self) -> tuple[float, float]:
        own = resource.getrusage(resource.RUSAGE_SELF)
        host = 0.0
        if self._host_pid not in (None, os.getpid()):
            # The command's name may hold spaces; fields count from the last parenthesis.
            fields = Path(f"/proc/{self._host_pid}/stat").read_text().rpartition(")")[2].split()
            host = (int(fields[11]) + int(fields[12])) / _TICKS
        return own.ru_utime + own.ru_stime, host


def _check(result: object, expected: object) -> None:
    if result != expected:
        raise AssertionError(f"wrong answer: {result!r:.200}")


def _percentiles(durations: list[float]) -> tuple[float, float]:
    ordered = sorted(durations)
    return statistics.median(ordered) * 1e6, ordered[int(len(ordered) * 0.99)] * 1e6


def _visit(
    durations: list[float], calls: int, wall: float, cpu: tuple[float, float], rate: float
) -> Visit:
    p50, p99 = _percentiles(durations)
    return Visit(p50, p99, calls / wall, cpu[0] / calls * 1e6, cpu[1] / calls * 1e6, rate)


async def measure_async(
    product: Callable[[str], Awaitable[object]],
    echo: Callable[[bytes], Awaitable[object]],
    *,
    host_pid: int | None,
    seconds: float,
    expected: object = EXPECTED,
) -> Visit:
    """Measure coroutine calls: one in flight, then 64, then 1 MiB there and back."""
    clock = time.perf_counter
    for _ in range(WARM_UP_CALLS):
        _check(await product("p-1"), expected)

    durations: list[float] = []
    end = clock() + seconds * LATENCY_SHARE
    while len(durations) < MAX_LATENCY_CALLS and (start := clock()) < end:
        result = await product("p-1")
        durations.append(clock() - start)
        _check(result, expected)

    async def caller(end: float) -> int:
        calls = 0
        while clock() < end:
            _check(await product("p-1"), expected)
            calls += 1
        return calls

    meter, start = CpuMeter(host_pid), clock()
    end = start + seconds * THROUGHPUT_SHARE
    calls = sum(await asyncio.gather(*(caller(end) for _ in range(IN_FLIGHT))))
    wall, cpu = clock() - start, meter.used()

    sent, start = 0, clock()
    while (now := clock()) < start + seconds * PAYLOAD_SHARE:
        _check(await echo(PAYLOAD), PAYLOAD)
        sent += len(PAYLOAD)
        now = clock()
    return _visit(durations, calls, wall, cpu, sent / (now - start) / 1e6)


def measure_sync(
    product: Callable[[str], object],
    echo: Callable[[bytes], object],
    *,
    host_pid: int | None,
    seconds: float,
) -> Visit:
    """Measure plain calls: one in flight, then 8 threads, then 1 MiB there and back."""
    clock = time.perf_counter
    for _ in range(WARM_UP_CALLS):
        _check(product("p-1"), EXPECTED)

    durations: list[float] = []
    end = clock() + seconds * LATENCY_SHARE
    while len(durations) < MAX_LATENCY_CALLS and (start := clock()) < end:
        result = product("p-1")
        durations.append(clock() - start)
        _check(result, EXPECTED)

    counts: list[int] = []

    def caller(end: float) -> None:
        calls = 0
        while clock() < end:
            _check(product("p-1"), EXPECTED)
            calls += 1
        counts.append(calls)

    meter, start = CpuMeter(host_pid), clock()
    end = start + seconds * THROUGHPUT_SHARE
    threads = [threading.Thread(target=caller, args=(end,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, cpu = clock() - start, meter.used()
    if len(counts) != THREADS:
        raise AssertionError("a calling thread failed; its traceback is above")

    sent, start = 0, clock()
    while (now := clock()) < start + seconds * PAYLOAD_SHARE:
        _check(echo(PAYLOAD), PAYLOAD)
        sent += len(PAYLOAD)
        now = clock()
    return _visit(durations, sum(counts), wall, cpu, sent / (now - start) / 1e6)


__all__ = ["EXPECTED", "PAYLOAD", "Product", "Visit", "measure_async", "measure_sync"]

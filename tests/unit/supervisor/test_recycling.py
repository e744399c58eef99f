"""seamline.supervisor.recycling: which worker is due, and for what."""

import asyncio

import pytest

from seamline.config import Recycle
from seamline.supervisor.processes import Process
from seamline.supervisor.recycling import reason_to_recycle
from seamline.worker import Beat, Identity

MIB = 1024 * 1024


def why(limits: Recycle, *, age: float = 10, chance: float = 0.0, first: int = 50, **last) -> str:
    """Return why a worker is due that told these numbers and has such an age."""

    async def scenario() -> str:
        process = Process(Identity("web", 0, 1), None, lambda _: None)  # type: ignore[arg-type]
        process.chance = chance
        process.first_rss_bytes = first * MIB
        process.last = Beat(**last)
        return reason_to_recycle(process, limits, process.started_at + age)

    return asyncio.run(scenario())


def test_nothing_is_due_without_limits() -> None:
    assert why(Recycle(), age=10**9, requests=10**9, rss_bytes=10**12) == ""


def test_requests_and_calls_count_together() -> None:
    limits = Recycle(max_requests=100)

    assert why(limits, requests=60, calls=39) == ""
    assert why(limits, requests=60, calls=40) == "max_requests: answered 100"


@pytest.mark.parametrize(("chance", "most"), [(0.0, 100), (0.5, 105), (0.999, 110)])
def test_jitter_lets_some_answer_more(chance, most) -> None:
    limits = Recycle(max_requests=100, max_requests_jitter=10)

    assert why(limits, chance=chance, requests=most - 1) == ""
    assert why(limits, chance=chance, requests=most) != ""


def test_memory_counts_when_it_has_grown_over_the_limit() -> None:
    limits = Recycle(max_rss=100 * MIB)

    assert why(limits, rss_bytes=99 * MIB) == ""
    assert why(limits, rss_bytes=101 * MIB) == "max_rss: grown to 101 MiB"


def test_worker_that_was_as_large_from_the_start_is_not_replaced_for_ever() -> None:
    assert why(Recycle(max_rss=100 * MIB), first=120, rss_bytes=150 * MIB) == ""


@pytest.mark.parametrize(
    ("limit", "age", "reason"),
    [(30, 29, ""), (30, 31, "max_age: 31s old"), (3600, 7200, "max_age: 2h old")],
)
def test_age_counts_from_the_start(limit, age, reason) -> None:
    assert why(Recycle(max_age=limit), age=age) == reason

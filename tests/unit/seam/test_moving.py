"""seamline.seam.opening under load: seams open and close while callers are in the middle."""

import asyncio
import gc
import itertools
import sys
import threading
import time
from collections import Counter

import pytest

from seamline.seam import Host, half_of

SOURCE = """
    import asyncio, sys
    def sync(number):
        code = sys._getframe().f_code
        total = 0
        for step in range(number % 7):
            total += step
        return (number, total, code is sys._getframe().f_code)
    async def coroutine(number):
        code = sys._getframe().f_code
        await asyncio.sleep(0)
        total = sum(range(number % 7))
        await asyncio.sleep(0)
        return (number, total, code is sys._getframe().f_code)
    def generator(number):
        for step in range(number % 7):
            yield step
        return number
"""
MOVES = 10_000


class Direct:
    """A client without a codec: only the swapping is measured here, 10,000 times."""

    def __init__(self, host):
        self.host = host

    def call(self, target, arguments):
        return self.host.resolve(target.address).function(*arguments.values)

    call_async = stream = stream_async = call


@pytest.fixture
def moving(application):
    app = application({"__init__": SOURCE})
    module = app.load()
    app.client = Direct(Host(app.plan, group="far"))
    seams = app.seams(local=True)
    seams.install()
    return module, seams


def expected(number):
    return (number, sum(range(number % 7)), True)


def drained(generator):
    items = []
    while True:
        try:
            items.append(next(generator))
        except StopIteration as stop:
            return items, stop.value


class Callers:
    """Threads and tasks that call without pause and compare every answer."""

    def __init__(self, module):
        self.module = module
        self.done = threading.Event()
        self.wrong: list[object] = []
        self.answered = Counter()
        self.threads = [threading.Thread(target=self.call) for _ in range(3)]
        self.threads.append(threading.Thread(target=lambda: asyncio.run(self.call_async())))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()

    def check(self, name, actual, wanted):
        self.answered[name] += 1
        if actual != wanted:
            self.wrong.append((name, actual, wanted))

    def call(self):
        for number in itertools.count():
            if self.done.is_set():
                return
            self.check("sync", self.module.sync(number), expected(number))
            items = drained(self.module.generator(number))
            self.check("generator", items, (list(range(number % 7)), number))

    async def call_async(self):
        async def one(start):
            for number in itertools.count(start):
                if self.done.is_set():
                    return
                self.check("async", await self.module.coroutine(number), expected(number))

        await asyncio.gather(*(one(start) for start in range(10)))


def _have_answered(callers: Callers) -> bool:
    return all(callers.answered[name] > 100 for name in ("sync", "generator", "async"))


def test_ten_thousand_moves_under_concurrent_callers_leave_every_answer_right(moving):
    module, seams = moving
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    try:
        with Callers(module) as callers:
            moves, give_up = 0, time.monotonic() + 60
            # How often each caller gets its turn meanwhile is the machine's choice.
            while moves < MOVES or not _have_answered(callers):
                seams.close("work")
                seams.open("work")
                moves += 2
                assert time.monotonic() < give_up, callers.answered
    finally:
        sys.setswitchinterval(interval)

    assert callers.wrong == []
    crossed = sum(seams.counts()["work"].values())
    assert 0 < crossed < callers.answered.total()


def test_a_running_generator_ends_in_the_mode_it_began_in(moving):
    module, seams = moving
    crossing = module.generator(3)
    assert next(crossing) == 0

    seams.close("work")
    staying = module.generator(3)
    assert next(staying) == 0
    seams.open("work")

    assert half_of(crossing.gi_code) is not None
    assert half_of(staying.gi_code) is None
    assert drained(crossing) == drained(staying) == ([1, 2], 3)


def test_a_running_coroutine_ends_in_the_mode_it_began_in(moving, run):
    module, seams = moving
    crossing = module.coroutine(3)
    seams.close("work")
    staying = module.coroutine(3)
    seams.open("work")

    assert half_of(crossing.cr_code) is not None
    assert half_of(staying.cr_code) is None
    assert run(crossing) == run(staying) == expected(3)


def test_moving_a_seam_makes_no_new_code_objects(moving):
    module, seams = moving
    first = module.sync.__code__
    count = _halves()

    for _ in range(50):
        seams.close("work")
        seams.open("work")

    assert module.sync.__code__ is first
    assert _halves() == count


def _halves() -> int:
    gc.collect()
    return sum(type(each).__name__ == "Half" for each in gc.get_objects())

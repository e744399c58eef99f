"""Deadlines, cancellation, and what each side learns of them."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from seamline.errors import DeadlineExceeded
from seamline.rpc import cancelled, deadline, remaining


class Blocker:
    """A function that starts, says so, and waits to be released."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.release = threading.Event()
        self.saw_cancel = threading.Event()

    def wait(self) -> bool:
        self.started.set()
        while not self.release.wait(0.005):
            if cancelled():
                self.saw_cancel.set()
                return False
        return True


@pytest.fixture
def blocker() -> Any:
    blocker = Blocker()
    yield blocker
    blocker.release.set()


def test_a_blocking_call_ends_at_the_services_timeout_and_the_callee_sees_it(
    host: Any, client: Any, args: Any, blocker: Blocker
) -> None:
    def slow() -> bool:
        return blocker.wait() or blocker.release.wait()  # answers too late in any case

    with pytest.raises(DeadlineExceeded, match=r"slow did not answer before its deadline"):
        client.call(host.offer(slow, timeout=0.1), args())

    assert blocker.saw_cancel.wait(10)


def test_an_awaited_call_ends_at_its_deadline_and_the_callee_is_cancelled(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    saw = threading.Event()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            saw.set()
            raise

    target = host.offer(slow, timeout=0.1)

    async def call() -> None:
        with pytest.raises(DeadlineExceeded, match="slow did not answer"):
            await client.call_async(target, args())

    run(call())
    assert saw.wait(10)


def test_an_earlier_deadline_of_a_later_call_rings_first(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    async def slow() -> None:
        await asyncio.Event().wait()

    target = host.offer(slow, timeout=60)

    async def call() -> None:
        patient = asyncio.ensure_future(client.call_async(target, args()))
        await asyncio.sleep(0)
        with deadline(0.05), pytest.raises(DeadlineExceeded):
            await client.call_async(target, args())
        assert not patient.done()
        patient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await patient

    run(call())


def test_the_block_can_shorten_a_deadline_and_not_lengthen_it() -> None:
    with deadline(5), deadline(60):
        assert remaining() <= 5
    assert remaining() == float("inf")


def test_a_deadline_is_inherited_by_what_the_callee_runs(far: Any, args: Any) -> None:
    def left() -> float:
        return remaining()

    with deadline(3):
        assert 0 < far.client.call(far.offer(left), args()) <= 3


def test_a_callers_longer_deadline_does_not_lengthen_the_services_timeout(
    far: Any, args: Any, run: Any
) -> None:
    def left() -> float:
        return remaining()

    async def left_later() -> float:
        return remaining()

    def steps() -> Iterator[float]:
        yield remaining()
        yield remaining()

    async def ask() -> float:
        return await far.client.call_async(far.offer(left_later, timeout=3), args())

    with deadline(60):
        assert 0 < far.client.call(far.offer(left, timeout=3), args()) <= 3
        assert 0 < run(ask()) <= 3
        assert all(0 < one <= 3 for one in far.client.stream(far.offer(steps, timeout=3), args()))


def test_a_call_whose_deadline_has_passed_is_not_made(far: Any, args: Any) -> None:
    ran = threading.Event()

    def f() -> None:
        ran.set()

    target = far.offer(f)

    with deadline(-1), pytest.raises(DeadlineExceeded, match=r"was not started|did not answer"):
        far.client.call(target, args())
    assert not ran.is_set()


def test_a_call_that_queued_beyond_its_deadline_is_not_started(
    start_host: Any, connect: Any, args: Any, blocker: Blocker
) -> None:
    ran = threading.Event()

    def slow() -> bool:
        return blocker.wait()

    def late() -> None:
        ran.set()

    host = start_host(threads=1)
    client = connect(host)
    one, two = host.offer(slow), host.offer(late, timeout=0.05)
    thread = threading.Thread(target=client.call, args=(one, args()))
    thread.start()
    assert blocker.started.wait(10)

    with pytest.raises(DeadlineExceeded):
        client.call(two, args())
    blocker.release.set()
    thread.join()

    assert not ran.is_set()


def test_cancelling_the_caller_cancels_the_callee_and_waits_for_its_cleanup(
    far: Any, args: Any, run: Any
) -> None:
    started, cleaned = threading.Event(), threading.Event()

    async def slow() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            cleaned.set()

    target = far.offer(slow)

    async def cancel() -> bool:
        task = asyncio.ensure_future(far.client.call_async(target, args()))
        await asyncio.to_thread(started.wait, 10)
        task.cancel("why")
        with pytest.raises(asyncio.CancelledError, match="why"):
            await task
        return cleaned.is_set()

    assert run(cancel())


def test_a_callee_that_answers_its_cancellation_with_a_value_is_heard(
    far: Any, args: Any, run: Any
) -> None:
    started = threading.Event()

    async def stubborn() -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "a value all the same"
        return "never"

    target = far.offer(stubborn)

    async def cancel() -> str:
        task = asyncio.ensure_future(far.client.call_async(target, args()))
        await asyncio.to_thread(started.wait, 10)
        task.cancel()
        return await task

    assert run(cancel()) == "a value all the same"


def test_a_callee_that_ignores_its_cancellation_holds_the_caller_until_the_deadline_only(
    far: Any, args: Any, run: Any
) -> None:
    started = threading.Event()
    give_up = threading.Event()

    async def stubborn() -> None:
        started.set()
        while not give_up.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    target = far.offer(stubborn, timeout=0.3)

    async def cancel() -> None:
        task = asyncio.ensure_future(far.client.call_async(target, args()))
        await asyncio.to_thread(started.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        give_up.set()

    run(cancel())


def test_asyncio_timeout_around_a_call_works_as_in_one_process(
    far: Any, args: Any, run: Any
) -> None:
    async def slow() -> None:
        await asyncio.Event().wait()

    target = far.offer(slow)

    async def call() -> None:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await far.client.call_async(target, args())
        assert not isinstance(caught.value, DeadlineExceeded)

    run(call())


def test_an_interrupted_blocking_caller_closes_its_connection_and_the_callee_sees_it(
    host: Any, client: Any, args: Any, blocker: Blocker
) -> None:
    import signal

    def slow() -> bool:
        return blocker.wait()

    class Interrupted(Exception):
        pass

    def interrupt(*_: Any) -> None:
        raise Interrupted

    target = host.offer(slow)
    main = threading.get_ident()
    before = signal.signal(signal.SIGUSR1, interrupt)
    thread = threading.Thread(
        target=lambda: (blocker.started.wait(10), signal.pthread_kill(main, signal.SIGUSR1))
    )
    thread.start()
    try:
        with pytest.raises(Interrupted):
            client.call(target, args())
    finally:
        signal.signal(signal.SIGUSR1, before)
        thread.join()

    assert blocker.saw_cancel.wait(10)


def test_each_step_of_a_stream_has_the_services_timeout_to_itself(
    host: Any, client: Any, args: Any
) -> None:
    def numbers() -> Any:
        yield time.monotonic() + remaining()
        yield time.monotonic() + remaining()

    first, second = client.stream(host.offer(numbers, timeout=5), args())

    assert first < second


def test_cancelled_is_false_for_code_that_nobody_called() -> None:
    assert not cancelled()

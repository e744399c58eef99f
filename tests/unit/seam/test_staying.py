"""seamline.seam.staying: calls whose arguments cannot cross run with their caller."""

import asyncio
import logging
import threading

import msgspec
import pytest

from seamline.errors import NotSendable
from seamline.rpc import recorded, stayed

SOURCE = """
import contextlib


def named(value, *rest, other=None, **more):
    return value, rest, other, more


async def named_later(value):
    return value


def stream(value):
    try:
        sent = yield value
    except KeyError as error:
        sent = error
    yield sent
    return value


async def stream_later(value):
    sent = yield value
    yield sent


@contextlib.contextmanager
def held(value):
    yield value


@contextlib.asynccontextmanager
async def held_later(value):
    yield value


def fails(value):
    raise LookupError(value)
"""


@pytest.fixture
def opened(application):
    """Return the module with an open seam whose functions may stay, and their application."""
    app = application({"__init__": SOURCE})
    service = app.plan.services[0]
    functions = tuple(
        msgspec.structs.replace(each, stays=True) for each in service.interface.functions
    )
    interface = msgspec.structs.replace(service.interface, functions=functions)
    service = msgspec.structs.replace(service, interface=interface)
    app.plan = msgspec.structs.replace(app.plan, services=(service,))
    module = app.load()
    app.opened_seams = app.seams()
    app.opened_seams.install()
    return module, app


def test_only_the_call_whose_argument_cannot_cross_stays(opened) -> None:
    module, app = opened
    lock = threading.Lock()

    assert module.named(lock)[0] is lock
    assert module.named(1) == (1, (), None, {})

    name = f"{app.package}.named"
    assert app.opened_seams.counts()["work"][name] == 1
    assert stayed()[name] == 1


def test_a_call_that_stays_binds_every_shape_of_parameter(opened) -> None:
    module, _ = opened
    lock = threading.Lock()

    assert module.named(1, 2, lock, key=3) == (1, (2, lock), None, {"key": 3})
    assert module.named(1, other=lock) == (1, (), lock, {})


def test_a_call_that_stays_is_no_seam_error(opened) -> None:
    module, _ = opened
    before = recorded()

    module.named(threading.Lock())

    assert recorded() == before


def test_coroutines_stay_as_coroutines(opened, run) -> None:
    module, _ = opened
    lock = threading.Lock()

    assert run(module.named_later(lock)) is lock
    assert run(module.named_later(2)) == 2


def test_generators_that_stay_take_what_is_sent_and_thrown(opened) -> None:
    module, _ = opened
    lock = threading.Lock()

    stream = module.stream(lock)
    assert next(stream) is lock
    assert stream.send(lock) is lock
    stream = module.stream(lock)
    next(stream)
    error = KeyError("thrown")
    assert stream.throw(error) is error
    with pytest.raises(StopIteration) as stop:
        next(stream)
    assert stop.value.value is lock


def test_asynchronous_generators_stay_too(opened, run) -> None:
    module, _ = opened
    lock = threading.Lock()

    async def use() -> list[object]:
        stream = module.stream_later(lock)
        return [await anext(stream), await stream.asend(lock)]

    assert run(use()) == [lock, lock]


def test_context_managers_stay_too(opened, run) -> None:
    module, _ = opened
    lock = threading.Lock()

    async def use() -> object:
        async with module.held_later(lock) as value:
            await asyncio.sleep(0)
            return value

    with module.held(lock) as value:
        assert value is lock
    assert run(use()) is lock


def test_an_error_of_a_body_that_stayed_has_no_context_of_the_seam_s(opened) -> None:
    module, _ = opened

    with pytest.raises(LookupError) as caught:
        module.fails(threading.Lock())

    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_the_log_says_once_for_each_function_that_it_stays_and_why(opened, caplog) -> None:
    module, app = opened
    caplog.set_level(logging.INFO, "seamline.rpc")

    for _ in range(3):
        module.named(threading.Lock())

    (message,) = caplog.messages
    assert f"{app.package}.named runs with its caller at" in message
    assert "test_staying.py" in message
    assert "lock" in message


def test_a_function_that_needs_its_host_refuses_instead(application) -> None:
    app = application({"__init__": SOURCE})
    module = app.load()
    app.seams().install()

    with pytest.raises(NotSendable, match="lock"):
        module.named(threading.Lock())

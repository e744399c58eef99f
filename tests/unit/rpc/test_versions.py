"""Caller and host with different versions, mutated arguments, aliased results, recording."""

import logging
import threading
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from seamline.errors import (
    AliasedState,
    InterfaceMismatch,
    MutatedArgument,
    NotSendable,
    SeamError,
    Unavailable,
)
from seamline.interface import Kind
from seamline.rpc import record, recorded, request_errors
from seamline.wire import DEFAULT


def old(target: Any, *parameters: str, **changes: Any) -> Any:
    """Return the target as a caller with an older version knows it."""
    return replace(target, fingerprint="old", parameters=parameters, **changes)


def test_a_function_the_host_refuses_leaves_the_others_of_a_table_alone(
    host: Any, client: Any, args: Any
) -> None:
    class Refusal(NotSendable, LookupError):
        """What a host answers for one entry of a table."""

    def refused() -> int:
        return 1

    def offered() -> int:
        return 2

    targets = host.offer(refused), host.offer(offered)
    resolve = host.server._bindings._resolve

    def refuse(address: str) -> Any:
        if address == targets[0].address:
            raise Refusal("two functions were made from one definition")
        return resolve(address)

    host.server._bindings._resolve = refuse
    del host.hosted[targets[0].address]
    client.declare(targets)

    assert client.call(targets[1], args()) == 2
    with pytest.raises(InterfaceMismatch, match=r"made from one definition$"):
        client.call(targets[0], args())


def test_parameters_in_another_order_arrive_by_name(far: Any, args: Any) -> None:
    def f(a: int, b: int) -> tuple[int, int]:
        return a, b

    target = old(far.offer(f), "b", "a")

    assert far.client.call(target, args("b", "a")) == ("a", "b")


def test_a_default_belongs_to_the_callee(far: Any, args: Any) -> None:
    def f(a: int, b: int = 7) -> tuple[int, int]:
        return a, b

    target = old(far.offer(f), "a", "b")

    assert far.client.call(target, args(1, DEFAULT)) == (1, 7)


def test_a_new_optional_parameter_is_left_out(far: Any, args: Any) -> None:
    def f(a: int, new: str = "default", /, *, also: int = 3) -> tuple[int, str, int]:
        return a, new, also

    assert far.client.call(old(far.offer(f), "a"), args(1)) == (1, "default", 3)


def test_an_argument_the_host_does_not_know_is_refused_by_name(far: Any, args: Any) -> None:
    ran = threading.Event()

    def f(a: int) -> None:
        ran.set()

    with pytest.raises(InterfaceMismatch, match="the host does not know gone"):
        far.client.call(old(far.offer(f), "a", "gone"), args(1, 2))
    assert not ran.is_set()


def test_an_unknown_argument_that_was_not_passed_does_no_harm(far: Any, args: Any) -> None:
    def f(a: int) -> int:
        return a

    assert far.client.call(old(far.offer(f), "a", "gone"), args(1, DEFAULT)) == 1


def test_a_new_required_parameter_is_refused_by_name(far: Any, args: Any) -> None:
    def f(a: int, required: int) -> None:
        raise AssertionError("it ran")

    with pytest.raises(InterfaceMismatch, match="the host requires required"):
        far.client.call(old(far.offer(f), "a"), args(1))


def test_another_kind_cannot_be_reconciled(host: Any, client: Any, args: Any) -> None:
    async def f() -> None:
        raise AssertionError("it ran")

    with pytest.raises(InterfaceMismatch, match="is sync at the caller and async at the host"):
        client.call(old(host.offer(f), kind=Kind.SYNC), args())


def test_a_function_that_moved_by_some_lines_is_found_by_its_name(far: Any, args: Any) -> None:
    def f() -> int:
        return 1

    target = far.offer(f)
    name = target.address.partition("@")[0]
    far.hosted[name] = far.hosted.pop(target.address)

    assert far.client.call(target, args()) == 1


def test_a_function_that_is_not_hosted_is_named(far: Any, args: Any) -> None:
    def f() -> None:
        raise AssertionError("it ran")

    target = far.offer(f)
    far.hosted.clear()

    with pytest.raises(InterfaceMismatch, match=r"b:f@\d+ is not hosted here"):
        far.client.call(target, args())


def test_a_function_that_is_called_later_gets_a_connection_that_knows_it(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    def one() -> int:
        return 1

    def two() -> int:
        return 2

    async def three() -> int:
        return 3

    async def four() -> int:
        return 4

    targets = [host.offer(f) for f in (one, two, three, four)]

    async def awaited() -> list[int]:
        return [await client.call_async(target, args()) for target in targets[2:]]

    assert [client.call(target, args()) for target in targets[:2]] == [1, 2]
    assert run(awaited()) == [3, 4]


# -- mutation and aliasing -----------------------------------------------------------------


def test_a_change_that_the_caller_does_not_expect_is_loud_and_named(far: Any, args: Any) -> None:
    def f(rows: list[int], name: str) -> None:
        rows.append(1)

    target = far.offer(f, mutates=("rows",))
    rows: list[int] = []

    with pytest.raises(MutatedArgument, match=r"b\.f ran, changed its argument rows in place"):
        far.client.call(target, args(rows, "x"))
    assert rows == []


def test_an_unexpected_change_before_an_exception_is_loud_too(far: Any, args: Any) -> None:
    def f(*rest: list[int], **more: list[int]) -> None:
        rest[0].append(1)
        raise KeyError("later")

    with pytest.raises(MutatedArgument, match=r"argument \*args\[0\].* then raised KeyError"):
        far.client.call(far.offer(f, mutates=("rest",)), args(extra=([],)))


def test_a_caller_with_another_version_of_the_function_has_its_objects_changed(
    far: Any, args: Any
) -> None:
    def f(rows: list[int], new: int = 1) -> list[int]:
        rows.append(new)
        return rows

    rows: list[int] = []

    assert far.client.call(old(far.offer(f, changes=True), "rows"), args(rows)) is rows
    assert rows == [1]


@dataclass
class Row:
    tags: list[str]


SHELF: dict[str, Any] = {
    "n": 1,
    "row": Row(["new"]),
    "pair": (1, ["inside"]),
    "when": date(2020, 1, 2),
}
ALIAS = f"{__name__}:SHELF"


@pytest.mark.parametrize(
    "part",
    [
        lambda: SHELF,
        lambda: SHELF["row"].tags,
        lambda: SHELF["pair"],
        lambda: {"first": [SHELF["pair"][1]]},
    ],
)
def test_a_result_that_shares_what_can_change_with_the_hosts_state_is_refused(
    far: Any, args: Any, part: Any
) -> None:
    def f() -> Any:
        return part()

    with pytest.raises(AliasedState, match=r"returned .*SHELF; .*under snapshot in seamline.toml"):
        far.client.call(far.offer(f, aliases=(ALIAS,)), args())


def test_an_item_of_a_stream_that_is_the_hosts_state_is_refused(far: Any, args: Any) -> None:
    def f() -> Any:
        yield 1
        yield SHELF["pair"]

    stream = far.client.stream(far.offer(f, aliases=(ALIAS,)), args())

    assert next(stream) == 1
    with pytest.raises(AliasedState, match="SHELF"):
        next(stream)


@pytest.mark.parametrize("key", ["n", "when", "absent"])
def test_a_value_out_of_the_hosts_state_that_cannot_change_crosses(
    far: Any, args: Any, key: str
) -> None:
    def f() -> Any:
        return SHELF.get(key, [])

    got = far.client.call(far.offer(f, aliases=(ALIAS,)), args())

    assert got == SHELF.get(key, [])


# -- recording ------------------------------------------------------------------------------


def test_an_error_is_recorded_once_with_its_call_site(caplog: pytest.LogCaptureFixture) -> None:
    error = Unavailable("nobody there")
    before = recorded().get("unavailable", 0)
    seen: list[SeamError] = []
    token = request_errors.set(seen)

    with caplog.at_level(logging.WARNING, "seamline.rpc"):
        record(error)
        record(error)
    request_errors.reset(token)

    assert recorded()["unavailable"] == before + 1
    assert seen == [error]
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("[unavailable] nobody there (called at ")


def test_an_error_the_application_swallows_is_still_recorded(far: Any, args: Any) -> None:
    def f(value: object) -> None:
        raise AssertionError("it ran")

    before = recorded().get("not-sendable", 0)

    with pytest.raises(NotSendable):
        far.client.call(far.offer(f), args(threading.Lock()))

    assert recorded()["not-sendable"] == before + 1


def test_an_application_error_is_not_recorded(far: Any, args: Any) -> None:
    def f() -> None:
        raise ValueError("theirs")

    before = recorded()

    with pytest.raises(ValueError, match="theirs"):
        far.client.call(far.offer(f), args())

    assert recorded() == before

"""seamline.supervisor.store: sockets that a service manager keeps, and those it passes again."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from seamline.supervisor.sockets import Address, open_http
from seamline.supervisor.store import Store, is_stored


class Telling:
    """Stands for the notifier, and for a manager that hears or does not."""

    def __init__(self, *, is_heard: bool = True) -> None:
        self.kept: list[str] = []
        self.let: list[str] = []
        self._is_heard = is_heard

    def keep(self, name: str, _descriptor: int) -> bool:
        self.kept += [name] * self._is_heard
        return self._is_heard

    def let_go(self, name: str) -> bool:
        self.let.append(name)
        return self._is_heard

    async def has_heard(self) -> bool:
        return self._is_heard


class Notices:
    """Stands for the log stream."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def notice(self, text: str) -> None:
        self.texts.append(text)


@pytest.fixture
def opened() -> Iterator[tuple[Address, list[socket.socket]]]:
    address, sockets = open_http(Address("127.0.0.1", 0), 2, 0o600)
    with ExitStack() as stack:
        for one in sockets:
            stack.enter_context(one)
        yield address, sockets


def store(telling: Telling, **named: Any) -> Store:
    return Store(telling, **{"most": 8, **named})  # type: ignore[arg-type]


def places(sockets: list[socket.socket]) -> list[tuple[int, socket.socket]]:
    return list(enumerate(sockets))


def number(one: socket.socket) -> int:
    return os.fstat(one.fileno()).st_ino


@pytest.mark.parametrize(
    ("text", "most"), [("16", 16), ("0", 0), ("", 0), ("-1", 0), ("many", 0), ("9" * 30, 0)]
)
def test_the_environment_says_how_many_are_kept(opened, text, most) -> None:
    telling, notices = Telling(), Notices()

    made = Store.of({"FDSTORE": text}, telling)  # type: ignore[arg-type]
    made.keep(places(opened[1]), notices)  # type: ignore[arg-type]

    assert len(telling.kept) == (2 if most else 0)
    assert made.is_open == bool(most)


def test_sockets_are_named_so_that_they_are_known_again(opened) -> None:
    telling, notices = Telling(), Notices()
    made = store(telling)

    made.keep(places(opened[1]), notices)  # type: ignore[arg-type]
    made.keep(places(opened[1]), notices)  # type: ignore[arg-type]

    assert telling.kept == [f"seamline.{n}.{number(one)}" for n, one in places(opened[1])]
    assert all(map(is_stored, telling.kept))
    assert not any(map(is_stored, ["", "web", "seamline.web", "seamline.0", "seamline.0.1.x"]))
    assert all(map(made.has, opened[1]))


def test_what_was_kept_is_listened_on_again_in_its_order(opened) -> None:
    address, sockets = opened
    telling = Telling()
    names = [f"seamline.{n}.{number(one)}" for n, one in places(sockets)]
    passed = {os.dup(one.fileno()): name for one, name in zip(sockets, names, strict=True)}

    made = store(telling, passed=dict(reversed(passed.items())))
    where, found = made.open_http(address, 3, 0o600)

    with ExitStack() as stack:
        for one in found:
            stack.enter_context(one)
        assert where == address
        assert [number(one) for one in found[:2]] == [number(one) for one in sockets]
        assert found[2].getsockname() == sockets[0].getsockname()
        assert found[2].getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
        assert not any(one.get_inheritable() for one in found)
        assert sorted(made.names.values()) == sorted(names)


def test_what_nothing_listens_on_is_closed_and_let_go(opened) -> None:
    telling, notices = Telling(), Notices()
    descriptor = os.dup(opened[1][0].fileno())

    made = store(telling, passed={descriptor: "seamline.0.5"})
    with made.open_http(Address("127.0.0.1", 0), 1, 0o600)[1][0]:
        made.close_rest(notices)  # type: ignore[arg-type]

    assert telling.let == ["seamline.0.5"]
    assert "where nothing listens now; it is closed" in notices.texts[0]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_manager_that_does_not_hear_is_named(opened) -> None:
    telling, notices = Telling(is_heard=False), Notices()
    made = store(telling)
    made.keep(places(opened[1])[:1], notices)  # type: ignore[arg-type]
    assert "does not hear" in notices.texts[0]
    assert not made.is_open

    made.names[number(opened[1][1])] = "seamline.1.7"
    asyncio.run(made.let_go(opened[1], notices))  # type: ignore[arg-type]

    assert "may still hold seamline.1.7" in notices.texts[1]
    assert not made.is_open


def test_too_many_are_not_kept(opened) -> None:
    telling, notices = Telling(), Notices()

    store(telling, most=1).keep(places(opened[1]), notices)  # type: ignore[arg-type]

    assert telling.kept == []
    assert "keeps 1 descriptors, and there are 2 sockets" in notices.texts[0]

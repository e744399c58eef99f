"""seamline.supervisor.notify: what a service manager hears."""

import array
import asyncio
import os
import socket
import tempfile
from collections.abc import Iterator

import pytest

from seamline.supervisor.notify import Notifier, without_notices


class Manager:
    """The socket of a service manager."""

    def __init__(self, name: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.setblocking(False)

    def heard(self) -> list[dict[str, str]]:
        found = []
        while True:
            try:
                text = self.socket.recv(4096).decode()
            except BlockingIOError:
                return found
            found.append(dict(line.split("=", 1) for line in text.split("\n")))


@pytest.fixture
def directory() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as made:
        yield made


@pytest.fixture
def manager(directory) -> Iterator[Manager]:
    made = Manager(f"{directory}/notify")
    yield made
    made.socket.close()


def notifier(manager: Manager, **variables: str) -> Notifier:
    path = manager.socket.getsockname()
    return Notifier.of({"NOTIFY_SOCKET": path, **variables}, 7)


def test_a_run_is_ready_reloads_and_stops(manager) -> None:
    telling = Notifier(manager.socket.getsockname(), clock=lambda: 12.5)

    telling.ready("shop, layout split")
    with telling.reloading() as say:
        say("not reloaded:\nno such module")
    telling.stopping()
    telling.ready("never heard")

    assert manager.heard() == [
        {"READY": "1", "STATUS": "shop, layout split"},
        {"RELOADING": "1", "MONOTONIC_USEC": "12500000", "STATUS": "reloading"},
        {"READY": "1", "STATUS": "not reloaded: no such module"},
        {"STOPPING": "1", "STATUS": "finishing what runs"},
    ]


def test_an_abstract_socket_is_spoken_to(directory) -> None:
    manager = Manager(f"\0{directory}")

    Notifier.of({"NOTIFY_SOCKET": f"@{directory}"}, 7).ready("up")

    assert manager.heard() == [{"READY": "1", "STATUS": "up"}]
    manager.socket.close()


def test_signs_of_life_are_given_three_times_as_often_as_asked_for(manager) -> None:
    now = 0.0
    telling = Notifier(manager.socket.getsockname(), 3.0, clock=lambda: now)
    for step in range(13):
        now = step * 0.5
        telling.live()

    assert manager.heard() == [{"WATCHDOG": "1"}] * 7


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"},
    ],
)
def test_nobody_asked_for_signs_of_life(manager, variables) -> None:
    notifier(manager, **variables).live()

    assert manager.heard() == []


@pytest.mark.parametrize("path", ["", "vsock:2:1234", "relative"])
def test_without_a_socket_of_a_manager_nothing_is_sent(path) -> None:
    Notifier.of({"NOTIFY_SOCKET": path}, 7).ready("up")


def test_a_manager_that_is_gone_or_reads_nothing_holds_up_nothing(manager) -> None:
    telling = notifier(manager)
    for _ in range(5000):
        telling.ready("up")
    manager.socket.close()
    telling.ready("up")


def test_children_hear_nothing_of_it() -> None:
    environ = {"NOTIFY_SOCKET": "@a", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "PATH": "/bin"}

    assert without_notices(environ) == {"PATH": "/bin"}


def test_descriptors_are_sent_to_be_kept_and_let_go_by_name(manager) -> None:
    telling = Notifier(manager.socket.getsockname())
    with socket.socket() as kept:
        assert telling.keep("seamline.0.1", kept.fileno())
        text, rights, _, _ = manager.socket.recvmsg(4096, socket.CMSG_SPACE(4))
        (found,) = array.array("i", rights[0][2])
        assert os.fstat(found).st_ino == os.fstat(kept.fileno()).st_ino
        os.close(found)

    assert telling.let_go("seamline.0.1")

    assert text == b"FDSTORE=1\nFDNAME=seamline.0.1"
    assert manager.heard() == [{"FDSTOREREMOVE": "1", "FDNAME": "seamline.0.1"}]
    assert not Notifier("").let_go("seamline.0.1")


def test_that_all_was_heard_is_known_when_what_came_with_it_is_closed(manager) -> None:
    async def scenario() -> tuple[bool, bool]:
        telling = Notifier(manager.socket.getsockname())
        waiting = asyncio.ensure_future(telling.has_heard())
        await asyncio.sleep(0)
        was_done = waiting.done()
        assert manager.heard() == [{"BARRIER": "1"}]  # without room for it: it is closed
        return was_done, await waiting

    assert asyncio.run(scenario()) == (False, True)


def test_nobody_has_heard_what_was_not_sent() -> None:
    assert not asyncio.run(Notifier("/nowhere/notify").has_heard())

"""A service manager that keeps sockets over a restart: who connects meanwhile waits."""

import array
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

# What systemd does between fork and exec: what it kept are the descriptors from 3 on.
ACTIVATE = """
import fcntl, os, sys
own = [int(text) for text in sys.argv[1].split(",") if text]
given = [fcntl.fcntl(number, fcntl.F_DUPFD, 100) for number in own]
for number in own:
    os.close(number)
for number, descriptor in enumerate(given, 3):
    os.dup2(descriptor, number)
    os.close(descriptor)
    os.set_inheritable(number, True)
names = sys.argv[2]
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(given)), LISTEN_FDNAMES=names)
os.execv(sys.argv[3], sys.argv[3:])
"""
TWO_WORKERS = """
[services.web]
http = "plainflask.web:create_app()"
[layouts.two]
front = { services = ["web"], workers = 2 }
[layouts.one]
front = ["web"]
"""


class Manager:
    """The socket on which a service manager hears, and what it keeps."""

    def __init__(self, path: Path) -> None:
        self.kept: dict[str, int] = {}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        while True:
            text, rights, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(16))
            if not text:
                return
            descriptors = array.array("i")
            for _, _, data in rights:
                descriptors.frombytes(data)
            fields = dict(line.split("=", 1) for line in text.decode().split("\n"))
            name = fields.get("FDNAME", "")
            if "FDSTORE" in fields:
                (self.kept[name],) = descriptors
            elif "FDSTOREREMOVE" in fields:
                os.close(self.kept.pop(name))
            else:  # BARRIER=1: that it is closed is the answer
                for descriptor in descriptors:
                    os.close(descriptor)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
            sending.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()
        for descriptor in self.kept.values():
            os.close(descriptor)


@pytest.fixture
def manager(plainflask) -> Iterator[Manager]:
    plainflask.write(TWO_WORKERS)
    made = Manager(plainflask.runtime / "notify")
    plainflask.environment["NOTIFY_SOCKET"] = str(plainflask.runtime / "notify")
    plainflask.environment["FDSTORE"] = "16"
    yield made
    made.close()


def started(project, manager: Manager, bind: str, layout: str = "two"):
    """Start a run as a manager would that has kept what it has."""
    numbers = tuple(manager.kept.values())
    under = (sys.executable, "-c", ACTIVATE, ",".join(map(str, numbers)), ":".join(manager.kept))
    words = ("--layout", layout, "--bind", bind)
    return project.start(*words, under=under, descriptors=numbers).ready()


def address_of(run) -> str:
    return run.url.removeprefix("http://")


def asked(address: str) -> socket.socket:
    """Connect and ask, without waiting for the answer."""
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        where: object = address.removeprefix("unix:")
    else:
        connection = socket.socket()
        host, _, port = address.rpartition(":")
        where = (host, int(port))
    connection.settimeout(30)
    connection.connect(where)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    return connection


def answer(connection: socket.socket) -> str:
    with connection, connection.makefile("rb") as lines:
        return lines.read().decode().rpartition("\r\n")[2]


@pytest.fixture(params=["tcp", "unix"])
def bind(request, plainflask) -> str:
    return "127.0.0.1:0" if request.param == "tcp" else f"unix:{plainflask.runtime}/web"


def test_who_connects_between_two_starts_is_answered_by_the_second(
    plainflask, manager, bind
) -> None:
    run = started(plainflask, manager, bind)
    address = address_of(run)
    assert len(manager.kept) == (1 if address.startswith("unix:") else 2)
    kept = dict(manager.kept)
    assert run.stop() == 0
    assert len(plainflask.leftovers()) == 1 + address.startswith("unix:")

    waiting = [asked(address) for _ in range(12)]
    again = started(plainflask, manager, address)

    assert {answer(one) for one in waiting} == {"plain flask\n"}
    assert manager.kept == kept
    assert plainflask.command("reload").returncode == 0
    assert {answer(asked(address)) for _ in range(8)} == {"plain flask\n"}
    assert again.stop() == 0


def test_restarts_under_load_lose_nothing(plainflask, manager, bind) -> None:
    run = started(plainflask, manager, bind)
    address = address_of(run)
    enough = threading.Event()
    answers: list[str] = []

    def ask() -> None:
        while not enough.is_set():
            try:
                answers.append(answer(asked(address)))
            except OSError as exc:
                answers.append(repr(exc))

    clients = [threading.Thread(target=ask) for _ in range(8)]
    for client in clients:
        client.start()
    try:
        for _ in range(2):
            assert run.stop() == 0
            run = started(plainflask, manager, address)
    finally:
        enough.set()
        for client in clients:
            client.join()

    assert set(answers) == {"plain flask\n"}
    assert run.stop() == 0


def test_sockets_that_are_taken_away_are_kept_no_more(plainflask, manager) -> None:
    run = started(plainflask, manager, "127.0.0.1:0")
    address = address_of(run)
    assert plainflask.command("scale", "front=3").returncode == 0
    assert len(manager.kept) == 3

    assert plainflask.command("scale", "front=1").returncode == 0

    assert len(manager.kept) == 1
    assert {answer(asked(address)) for _ in range(16)} == {"plain flask\n"}
    assert run.stop() == 0
    again = started(plainflask, manager, address)
    assert len(manager.kept) == 2
    assert {answer(asked(address)) for _ in range(16)} == {"plain flask\n"}
    assert again.stop() == 0


def test_sockets_that_nothing_listens_on_any_more_are_closed(plainflask, manager) -> None:
    run = started(plainflask, manager, "127.0.0.1:0")
    address = address_of(run)
    assert run.stop() == 0

    again = started(plainflask, manager, address, "one")

    again.err.wait_for(r"^a socket was kept of \('127.0.0.1', \d+\), where nothing listens now")
    assert len(manager.kept) == 1
    assert {answer(asked(address)) for _ in range(16)} == {"plain flask\n"}
    assert again.stop() == 0


def test_sockets_are_kept_when_the_supervisor_is_executed_anew(plainflask, manager) -> None:
    run = started(plainflask, manager, "127.0.0.1:0")
    address = address_of(run)
    kept = dict(manager.kept)
    run.signal(signal.SIGUSR2)
    run.err.wait_for("^reloaded: 2 of front")
    assert manager.kept == kept

    assert plainflask.command("scale", "front=1").returncode == 0

    assert len(manager.kept) == 1
    assert {answer(asked(address)) for _ in range(16)} == {"plain flask\n"}
    assert run.stop() == 0


def test_more_sockets_than_the_manager_keeps_are_not_kept(plainflask, manager) -> None:
    plainflask.environment["FDSTORE"] = "1"

    run = started(plainflask, manager, "127.0.0.1:0")

    run.err.wait_for("^the service manager keeps 1 descriptors, and there are 2 sockets")
    assert manager.kept == {}
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0

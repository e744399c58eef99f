"""Under a service manager: sockets that it opened, and what it hears."""

import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

# What a manager does between fork and exec: the socket is descriptor 3, and the variables name
# the process that is to have it.
ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""
WEB = '[services.web]\nhttp = "plainflask.web:create_app()"\n'


class Manager:
    """The socket on which a service manager hears."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self.heard: list[dict[str, str]] = []
        self._grown = threading.Condition()
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        while text := self._socket.recv(4096).decode():
            with self._grown:
                self.heard.append(dict(line.split("=", 1) for line in text.split("\n")))
                self._grown.notify_all()

    def wait_for(self, count: int, **fields: str) -> list[dict[str, str]]:
        """Wait until so many notices hold these fields."""

        def found() -> list[dict[str, str]]:
            return [one for one in self.heard if fields.items() <= one.items()]

        with self._grown:
            assert self._grown.wait_for(lambda: len(found()) >= count, 30), self.heard
        return found()

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
            sending.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


@pytest.fixture
def manager(plainflask) -> Iterator[Manager]:
    made = Manager(plainflask.runtime / "notify")
    plainflask.environment["NOTIFY_SOCKET"] = str(plainflask.runtime / "notify")
    yield made
    made.close()


@pytest.fixture(params=["tcp", "unix"])
def listening(request, plainflask) -> Iterator[socket.socket]:
    """A socket that somebody else listens on."""
    if request.param == "tcp":
        made = socket.create_server(("127.0.0.1", 0))
    else:
        made = socket.socket(socket.AF_UNIX)
        made.bind(str(plainflask.runtime / "web"))
        made.listen()
    with made:
        yield made


def activated(project, listening: socket.socket, *arguments: str, name: str = "web"):
    """Start a run as a manager would that listens for it."""
    descriptor = listening.fileno()
    under = (sys.executable, "-c", ACTIVATE, str(descriptor), name)
    return project.start(*arguments, under=under, descriptors=(descriptor,))


def connected(listening: socket.socket) -> socket.socket:
    made = socket.socket(listening.family)
    made.settimeout(30)
    made.connect(listening.getsockname())
    return made


def ask(listening: socket.socket, path: str = "/") -> str:
    with connected(listening) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return answer_of(connection)


def answer_of(connection: socket.socket) -> str:
    with connection.makefile("rb") as answer:
        return answer.read().decode().rpartition("\r\n")[2]


@pytest.mark.parametrize("layout", ["mono", "pair"])
def test_who_connected_before_the_start_is_answered_and_nobody_is_refused_after_it(
    plainflask, listening, layout
) -> None:
    early = connected(listening)
    early.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

    run = activated(plainflask, listening, "--layout", layout).ready()

    with early:
        assert answer_of(early) == "plain flask\n"
    for _ in range(2):
        assert plainflask.command("reload").returncode == 0
        assert [ask(listening) for _ in range(4)] == ["plain flask\n"] * 4
    assert run.stop() == 0
    connected(listening).close()  # still listened to, by whoever opened it
    if listening.family == socket.AF_UNIX:
        assert Path(listening.getsockname()).exists()


def test_who_is_executed_anew_listens_on_what_was_passed_to_the_first(
    plainflask, listening
) -> None:
    run = activated(plainflask, listening).ready()

    for times in (1, 2):
        run.signal(signal.SIGUSR2)
        run.err.wait_for_count("^reloaded: ", times)
        assert [ask(listening) for _ in range(4)] == ["plain flask\n"] * 4

    assert plainflask.command("reload").returncode == 0
    assert run.stop() == 0
    connected(listening).close()


def test_address_that_was_passed_is_shown(plainflask) -> None:
    plainflask.write(WEB)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        run = activated(plainflask, listening, name="shop.socket").ready()

        assert run.url == f"http://127.0.0.1:{listening.getsockname()[1]}"
        assert run.get("/") == (200, "plain flask\n")
        assert run.stop() == 0


def test_descriptor_is_named_by_number_or_by_name(plainflask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        for bind, name in (("fd://3", "x"), ("fd://front", "front")):
            plainflask.write(f'{WEB}bind = "{bind}"\n')
            run = plainflask.start(
                "--bind",
                bind,
                under=(sys.executable, "-c", ACTIVATE, str(listening.fileno()), name),
                descriptors=(listening.fileno(),),
            ).ready()
            assert ask(listening) == "plain flask\n"
            assert run.stop() == 0


def test_wrong_descriptor_starts_nothing(plainflask) -> None:
    plainflask.write(WEB)
    with socket.socket() as silent:
        run = plainflask.start("--bind", f"fd://{silent.fileno()}", descriptors=(silent.fileno(),))

        assert run.wait() == 2
        assert f"fd://{silent.fileno()}: the socket does not listen" in run.err.prose

    run = plainflask.start("--bind", "fd://77")
    assert run.wait() == 2
    assert "fd://77: descriptor 77 is not open" in run.err.prose

    run = plainflask.start("--bind", "fd://front")
    assert run.wait() == 2
    assert "FileDescriptorName=front" in run.err.prose
    assert plainflask.leftovers() == []


def test_manager_hears_of_the_start_a_reload_and_the_end(plainflask, manager) -> None:
    plainflask.environment["WATCHDOG_USEC"] = "2000000"
    run = plainflask.start("--layout", "micro").ready()

    assert manager.wait_for(1, READY="1")[0]["STATUS"] == "plainflask, layout micro"
    manager.wait_for(3, WATCHDOG="1")
    assert plainflask.command("reload").returncode == 0
    (reloading,) = manager.wait_for(1, RELOADING="1")
    assert int(reloading["MONOTONIC_USEC"]) > 0
    assert manager.wait_for(2, READY="1")[1]["STATUS"] == "reloaded"

    file = plainflask.root / "plainflask" / "stock.py"
    file.write_text("raise RuntimeError('not today')\n")
    assert plainflask.command("reload").returncode == 2
    assert "not today" in manager.wait_for(3, READY="1")[2]["STATUS"]

    assert run.stop() == 0
    manager.wait_for(1, STOPPING="1")
    order = [key for one in manager.heard for key in one if one[key] == "1" and key != "WATCHDOG"]
    assert order == ["READY", *("RELOADING", "READY") * 2, "STOPPING"]


def test_workers_are_told_nothing_that_was_meant_for_the_supervisor(plainflask, manager) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        run = activated(plainflask, listening, "--layout", "micro").ready()

        for worker in run.workers():
            told = Path(f"/proc/{worker['pid']}/environ").read_bytes()
            assert b"LISTEN_FDS" not in told
            assert b"NOTIFY_SOCKET" not in told
        assert run.stop() == 0

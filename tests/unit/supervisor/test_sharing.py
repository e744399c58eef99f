"""seamline.supervisor.sharing: sockets of one address that come and go while it is served."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from seamline.supervisor import sharing


@pytest.fixture(params=[(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["v4", "v6"])
def listening(request) -> Iterator[socket.socket]:
    """One that was bound for itself alone, as a group of one worker has it."""
    family, host = request.param
    with socket.socket(family) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, 0))
        opened.listen(256)
        yield opened


def accepted(sockets: list[socket.socket], connections: int = 60) -> list[int]:
    """Connect so often, and return how many connections each socket got."""
    with contextlib.ExitStack() as clients:
        for _ in range(connections):
            clients.enter_context(socket.create_connection(sockets[0].getsockname()[:2]))
        counts = [sharing.waiting(one) for one in sockets]
        for one, count in zip(sockets, counts, strict=True):
            for _ in range(count):
                one.accept()[0].close()
    return counts


def test_a_socket_beside_another_gets_connections_once_it_listens(listening) -> None:
    with sharing.open_beside(listening) as added:
        assert not sharing.is_shared(listening, added)
        assert accepted([listening]) == [60]

        added.listen(256)

        assert all(accepted([listening, added]))


def test_nothing_new_comes_to_a_socket_that_is_steered_away_from(listening) -> None:
    with sharing.open_beside(listening) as second:
        second.listen(256)
        with sharing.open_beside(listening) as third:
            third.listen(256)
            sharing.steer(listening, 2)
            counts = accepted([listening, second, third])
        assert (all(counts[:2]), counts[2], sum(counts)) == (True, 0, 60)

        sharing.steer(listening, 1)
        assert accepted([listening, second]) == [60, 0]
        sharing.spread(listening)
        assert all(accepted([listening, second]))


def test_a_unix_socket_is_shared(tmp_path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "web.sock"))
        listening.listen()
        with sharing.open_beside(listening) as added:
            assert sharing.is_shared(listening, added)
        sharing.steer(listening, 1)
        sharing.spread(listening)
        assert sharing.waiting(listening) == 0

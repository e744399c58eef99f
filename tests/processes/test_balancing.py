"""Clients that keep their connections, and workers that were not there when they connected."""

import http.client
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.processes

WIDE = """
name = "plain"
[services.web]
http = "plainflask.web:create_app()"
[layouts.wide]
front = { services = ["web"] }
"""


def test_clients_that_keep_their_connections_are_shared_with_a_worker_that_is_added(
    plainflask, eventually
) -> None:
    plainflask.write(WIDE)
    run = plainflask.start("--layout", "wide").ready()
    where = urlsplit(run.url).netloc
    clients = [http.client.HTTPConnection(where, timeout=30) for _ in range(6)]
    for client in clients:
        client.connect()
        client.auto_open = 0  # never again

    def ask() -> None:
        for client in clients:
            client.request("GET", "/")
            answer = client.getresponse()
            assert (answer.status, answer.read()) == (200, b"plain flask\n")
            assert not answer.will_close

    ask()
    assert plainflask.command("scale", "front=2").returncode == 0
    ask()

    def shared() -> bool:
        ask()
        return all(worker["requests"] > 20 for worker in run.workers())

    eventually(shared, "clients of both workers")
    for client in clients:
        client.close()
    assert run.stop() == 0


def test_clients_keep_their_connections_when_their_worker_is_taken_away(plainflask) -> None:
    plainflask.write(WIDE)
    run = plainflask.start("--layout", "wide").ready()
    assert plainflask.command("scale", "front=3").returncode == 0
    where = urlsplit(run.url).netloc
    clients = []
    while not all(worker["requests"] for worker in run.workers()):
        clients.append(http.client.HTTPConnection(where, timeout=30))
        assert ask(clients[-1]) == (200, b"plain flask\n", False)
        clients[-1].auto_open = 0  # never again

    assert plainflask.command("scale", "front=1").returncode == 0

    assert [ask(client) for client in clients] == [(200, b"plain flask\n", False)] * len(clients)
    for client in clients:
        client.close()
    assert run.stop() == 0


def ask(client: http.client.HTTPConnection) -> tuple[int, bytes, bool]:
    client.request("GET", "/")
    answer = client.getresponse()
    return answer.status, answer.read(), answer.will_close

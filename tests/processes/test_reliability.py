"""What is lost and doubled under load while workers are replaced: ``bench.reliability``, short."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
# Every mode, socket and interface once; the bench itself takes them all together.
ROWS = [("close", "tcp", "wsgi"), ("keep", "unix", "asgi"), ("think", "tcp", "asgi")]


def measure(fault: str, mode: str, kind: str, interface: str, rounds: int) -> dict:
    words = ["--requests", "1000", "--rounds", str(rounds), "--fault", fault]
    if fault == "websocket":
        words += ["--clients", "16"]
    if fault == "stop":
        words += ["--stop-seconds", "4"]
    words += ["--mode", mode, "--socket", kind, "--interface", interface]
    done = subprocess.run(
        [sys.executable, "-m", "bench.reliability", "--json", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.stdout, done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    return row


def counts(row: dict, *names: str) -> dict:
    return {name: row[name] for name in names}


@pytest.mark.parametrize(("mode", "kind", "interface"), ROWS)
def test_reloads_under_load_lose_and_double_nothing(mode, kind, interface) -> None:
    row = measure("reload", mode, kind, interface, rounds=2)

    assert row["reasons"] == {}
    assert counts(row, "doubled", "missing", "doubled_calls", "missing_calls", "killed") == {
        "doubled": 0,
        "missing": 0,
        "doubled_calls": 0,
        "missing_calls": 0,
        "killed": 0,
    }
    assert row["rounds"] >= 2
    assert row["requests"] >= 1000
    assert row["calls"] >= 400
    # One for each of 64 clients: none was told to connect anew.
    assert row["connections"] == (row["requests"] if mode == "close" else 64)


@pytest.mark.parametrize(("mode", "kind", "interface"), ROWS)
def test_supervisors_that_are_executed_anew_lose_and_double_nothing(mode, kind, interface) -> None:
    row = measure("upgrade", mode, kind, interface, rounds=2)

    assert row["reasons"] == {}
    assert counts(row, "doubled", "missing", "doubled_calls", "missing_calls") == {
        "doubled": 0,
        "missing": 0,
        "doubled_calls": 0,
        "missing_calls": 0,
    }
    assert row["rounds"] >= 2
    assert row["requests"] >= 1000


def test_recycled_workers_lose_and_double_nothing() -> None:
    row = measure("recycle", "keep", "tcp", "wsgi", rounds=4)

    assert row["reasons"] == {}
    assert row["connections"] == 64
    assert counts(row, "doubled", "missing", "doubled_calls", "missing_calls") == {
        "doubled": 0,
        "missing": 0,
        "doubled_calls": 0,
        "missing_calls": 0,
    }
    assert row["rounds"] >= 4


@pytest.mark.parametrize(
    ("fault", "mode"), [("scale", "close"), ("scale", "keep"), ("restart", "close")]
)
def test_other_numbers_of_workers_and_restarts_lose_and_double_nothing(fault, mode) -> None:
    row = measure(fault, mode, "tcp", "asgi", rounds=3)

    assert row["reasons"] == {}
    assert counts(row, "doubled", "missing", "doubled_calls", "missing_calls", "killed") == {
        "doubled": 0,
        "missing": 0,
        "doubled_calls": 0,
        "missing_calls": 0,
        "killed": 0,
    }
    assert row["rounds"] >= 3


def test_killed_workers_lose_what_they_were_answering_and_nothing_else() -> None:
    row = measure("kill", "keep", "tcp", "asgi", rounds=4)

    # 64 clients, and for each kill at most what was in flight on the victim.
    assert 0 < row["lost"] <= 4 * 64
    assert counts(row, "refused", "doubled", "missing", "doubled_calls", "missing_calls") == {
        "refused": 0,
        "doubled": 0,
        "missing": 0,
        "doubled_calls": 0,
        "missing_calls": 0,
    }


@pytest.mark.parametrize("interface", ["asgi", "wsgi"])
def test_calls_lost_with_a_killed_host_are_told_to_be_unknown_and_others_are_made_again(
    interface,
) -> None:
    row = measure("kill-called", "keep", "tcp", interface, rounds=4)

    # Half of the 64 clients make a call that may be made again, the others one that may not.
    assert 0 < row["lost"] <= 4 * 64
    assert row["reasons"] == {"ValueError: status 503, outcome-unknown": row["lost"]}
    assert counts(row, "lost_others", "doubled", "missing", "doubled_calls", "missing_calls") == {
        "lost_others": 0,
        "doubled": 0,
        "missing": 0,
        "doubled_calls": 0,
        "missing_calls": 0,
    }


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_websockets_that_talk_while_workers_are_replaced_are_told_to_come_again(kind) -> None:
    row = measure("websocket", "keep", kind, "asgi", rounds=3)

    assert counts(row, "refused", "others", "wrong") == {"refused": 0, "others": 0, "wrong": 0}
    assert row["restarts"] >= 3 * 16
    assert row["messages"] > 0


def test_a_stop_waits_for_the_slow_request_and_for_nothing_that_is_idle() -> None:
    row = measure("stop", "keep", "tcp", "asgi", rounds=1)

    assert counts(row, "status", "close_code", "kept_closed") == {
        "status": 200,
        "close_code": 1012,
        "kept_closed": "yes",
    }
    assert 3 <= row["stopped_seconds"] < 21  # graceful_timeout and a second


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "the connection was closed before the answer"),
        (b"HTTP/1.1 503 Gone\r\nContent-Length: 0\r\n\r\n", "status 503"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother", "the answer to another request"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nc0", "peer closed"),
    ],
)
def test_client_counts_what_is_not_answered_as_lost(monkeypatch, answer, reason) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from bench.load import Client, Tally

    tally, enough = Tally(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        enough.set()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            address = server.sockets[0].getsockname()
            await Client(address, "keep", ["/"], "c0", tally).run(enough)

    asyncio.run(main())

    assert (len(tally.answered), tally.lost.total()) == (0, 1)
    assert reason in str(tally.lost)

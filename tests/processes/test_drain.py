"""``seamline drain``: a group without workers; what is asked of it waits, and none is lost."""

import json
import os
import signal
import threading

import pytest

pytestmark = pytest.mark.processes

TEA = "/items/tea"


@pytest.fixture
def shop(plainflask):
    """Return the Flask shop with each package in a group of its own, running."""
    return plainflask.start("--layout", "micro").ready()


class Asking(threading.Thread):
    """One request, made beside the test."""

    def __init__(self, run, path: str) -> None:
        super().__init__(daemon=True)
        self._get = lambda url=run.url: run.get(path, url=url)
        self.answer: tuple[int, str] | None = None
        self.start()

    def run(self) -> None:
        self.answer = self._get()


def group(run, name: str) -> dict:
    return next(one for one in run.status()["groups"] if one["name"] == name)


def generations(run) -> dict[str, int]:
    return {
        one["name"]: worker["generation"]
        for one in run.status()["groups"]
        for worker in one["workers"]
    }


def test_calls_of_a_drained_group_wait_until_it_is_restarted(plainflask, shop) -> None:
    expected = shop.get(TEA)
    assert expected[0] == 200

    drained = plainflask.command("drain", "prices", "--json")
    pids = [one["pid"] for one in group(shop, "prices")["workers"]]
    waiting = Asking(shop, TEA)
    assert shop.get("/")[0] == 200
    restarted = plainflask.command("restart", "prices")
    waiting.join()

    assert json.loads(drained.stdout) == {
        "schema": "seamline.drain/1",
        "ended": {"prices": 1},
        "given_up": 0,
        "killed": 0,
        "error": None,
    }
    assert "plainflask drained: 1 worker of prices\n" in drained.stderr
    assert "waits until: seamline restart prices" in drained.stderr
    assert pids == [None]
    assert restarted.returncode == 0, restarted.stderr
    assert waiting.answer == expected
    assert generations(shop) == {"web": 1, "stock": 1, "prices": 2}
    assert shop.stop() == 0


def test_requests_of_a_drained_group_wait_until_it_is_restarted(plainflask, shop) -> None:
    url = shop.url
    assert plainflask.command("drain", "web").returncode == 0

    waiting = Asking(shop, TEA)
    assert plainflask.command("restart").returncode == 0
    waiting.join()

    assert waiting.answer is not None
    assert waiting.answer[0] == 200
    assert shop.get(TEA, url=url)[0] == 200
    assert shop.stop() == 0


def test_what_a_worker_runs_is_finished_before_it_leaves(plainflask, eventually) -> None:
    gate = plainflask.root / "gate"
    os.mkfifo(gate)
    plainflask.edit("web.py", 'return "plain', 'return open("gate").read() + "plain')
    run = plainflask.start("--layout", "micro").ready()
    asking = Asking(run, "/")

    with gate.open("w"):  # as soon as the request reads it
        draining = plainflask.begin("drain", "web")
        told = eventually(lambda: group(run, "web")["change"], "a drain that waits")
    draining.communicate()
    asking.join()

    assert told["doing"] == "draining"
    assert "finishes what it runs" in told["waiting_for"]
    assert asking.answer == (200, "plain flask\n")
    assert draining.returncode == 0
    assert run.stop() == 0


def test_a_drained_group_is_left_alone_by_a_reload_and_named_by_the_status(
    plainflask, shop
) -> None:
    assert plainflask.command("drain", "prices", "stock").returncode == 0

    reloaded = plainflask.command("reload")
    shown = plainflask.command("status")

    assert (reloaded.returncode, "1 worker of web" in reloaded.stderr) == (0, True)
    assert generations(shop) == {"web": 2, "stock": 1, "prices": 1}
    assert shop.status()["state"] == "degraded"
    assert [line.split("  ")[-1] for line in shown.stdout.splitlines() if "0/1" in line] == [
        "0; drained",
        "0; drained",
    ]
    assert plainflask.command("status", "--exit-code").returncode == 1
    assert shop.stop() == 0


@pytest.mark.parametrize("words", [("reload", "prices"), ("scale", "prices=2")], ids=" ".join)
def test_a_drained_group_can_only_be_restarted(plainflask, shop, words) -> None:
    assert plainflask.command("drain", "prices").returncode == 0

    result = plainflask.command(*words)
    again = plainflask.command("drain", "prices")

    assert result.returncode == 2
    assert f"group 'prices' is drained: there is nothing to {words[0]}" in result.stderr
    assert "seamline restart prices" in result.stderr
    assert again.returncode == 0
    assert generations(shop)["prices"] == 1
    assert shop.stop() == 0


def test_a_drained_group_stays_so_when_the_supervisor_is_executed_anew(plainflask, shop) -> None:
    assert plainflask.command("drain", "prices").returncode == 0

    shop.signal(signal.SIGUSR2)
    shop.err.wait_for("^reloaded: 1 of stock, 1 of web$")

    assert group(shop, "prices")["is_drained"]
    assert generations(shop)["prices"] == 1
    assert plainflask.command("restart", "prices").returncode == 0
    assert shop.get(TEA)[0] == 200
    assert shop.stop() == 0


def test_a_drained_group_stays_so_when_its_source_is_saved(plainflask, eventually) -> None:
    run = plainflask.start("--layout", "micro", command="dev").ready()
    assert plainflask.command("drain", "prices").returncode == 0

    plainflask.edit("prices.py", "from decimal", "import os\nfrom decimal")

    run.err.wait_for("^reloaded: 1 of web .*prices.py changed")
    assert generations(run)["prices"] == 1
    assert plainflask.command("restart", "prices").returncode == 0
    assert run.get(TEA)[0] == 200
    assert run.stop() == 0


def test_a_drain_is_of_groups_that_there_are(plainflask, shop) -> None:
    for words, said in ((["nobody"], "there is no group 'nobody'"), ([], "GROUP")):
        result = plainflask.command("drain", *words)
        assert result.returncode == 2
        assert said in result.stderr
    assert plainflask.command("status").returncode == 0
    assert shop.status()["state"] == "ready"
    assert shop.stop() == 0


def test_a_reload_of_all_where_all_are_drained_names_them(plainflask, shop) -> None:
    assert plainflask.command("drain", "prices", "web", "stock").returncode == 0

    result = plainflask.command("reload")

    assert result.returncode == 2
    said = " ".join(result.stderr.split())
    assert "groups stock, prices, web are drained: there is nothing to reload" in said
    assert "seamline restart stock prices web" in said
    assert shop.stop() == 0


def test_a_run_with_a_drained_group_stops(plainflask, shop) -> None:
    assert plainflask.command("drain", "prices", "web", "stock").returncode == 0

    assert shop.stop() == 0

    assert plainflask.processes() == set()

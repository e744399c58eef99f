"""``learn``, and what ``check`` and ``explain`` say with a lock; the command itself runs in
``tests/processes``."""

import json
import os
import re

import pytest

from seamline.config import load
from seamline.lock import Seen, read, write
from seamline.plan import analyse_with, relearned, with_verdicts


@pytest.fixture
def lock(shop):
    """Write a lock with what was seen of functions of the shop."""

    def write_lock(seen, *, file="seamline.toml"):
        config = load(shop / file, environ={})
        facts = relearned(None, analyse_with(config, "micro", None), seen)
        path = (shop / file).with_suffix(".lock")
        write(path, with_verdicts(facts, analyse_with(config, "micro", facts)))
        return path

    return write_lock


def findings(ran):
    return [one for one in json.loads(ran.out)["findings"] if one["code"].startswith("lock")]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("words", [(), ("--",), ("--json",)])
def test_learn_without_a_command_says_how_it_is_written(seamline, words):
    ran = seamline("learn", *words)

    assert ran.status == 2
    assert "no command is named" in ran.err
    assert "seamline learn -- pytest" in ran.err


@pytest.mark.usefixtures("shop")
def test_learn_takes_no_command_without_dashes(seamline):
    ran = seamline("learn", "pytest")

    assert ran.status == 2
    assert "unrecognized arguments: pytest" in ran.err


def test_learn_needs_a_package(seamline, project):
    project({"seamline.toml": 'name = "x"\n[services.mail]\ncommand = ["true"]\n'})

    ran = seamline("learn", "--", "true")

    assert ran.status == 2
    assert "names no package, so there is no boundary to learn about" in " ".join(ran.err.split())


@pytest.mark.parametrize("command", [("check",), ("explain", "take"), ("learn", "--", "true")])
def test_lock_that_cannot_be_read_is_unusable_input_with_its_line(seamline, shop, command):
    (shop / "seamline.lock").write_text("format = 1\n\n[functions.a\n")

    ran = seamline(*command)

    assert ran.status == 2
    assert ran.err.startswith("error [lock]  seamline.lock:3: not TOML: ")
    assert ran.out == ""


@pytest.mark.usefixtures("shop")
def test_nothing_is_said_of_a_lock_where_there_is_none(seamline):
    assert findings(seamline("check", "--json")) == []
    assert "lock  " not in seamline("explain", "take").out
    assert json.loads(seamline("explain", "take", "--json").out)["lock"] is None


def test_lock_that_fits_changes_nothing(seamline, lock):
    before = seamline("check").out
    lock({"shop.stock.take": Seen(calls=1, callers=("shop.web",))})

    assert seamline("check").out == before


def test_lock_stands_beside_the_file_that_it_belongs_to(seamline, shop, lock):
    (shop / "other.toml").write_text((shop / "seamline.toml").read_text())
    path = lock({}, file="other.toml")

    assert path.name == "other.lock"
    assert "other.lock:" in seamline("-f", "other.toml", "explain", "take").out
    assert "lock  " not in seamline("explain", "take").out


def test_story_of_a_function_tells_what_was_observed_and_how_often(seamline, lock):
    lock(
        {
            "shop.stock.take": Seen(
                calls=12,
                at_import=1,
                callers=("shop.web", "tests.test_shop"),
                parameters={"name": ("str",), "count": ("function", "int")},
                stays={"count": ("function",)},
                result=("int",),
                raises=("KeyError",),
                changes=("shop.stock:_left",),
                nesting=("web > stock > web",),
                bytes_in=16,
                bytes_out=4,
            )
        }
    )

    out = seamline("explain", "take").out

    assert re.search(
        r"\n  lock       seamline\.lock:\d+ says remote: touches shop\.stock:_left", out
    )
    assert (
        "  observed   12 calls, 1 of them while importing, by shop.web, tests.test_shop\n"
        "             name was str\n"
        "             count was function or int; function cannot cross\n"
        "             returned int\n"
        "             at most 16 bytes in, 4 bytes out\n"
        "             changed shop.stock:_left\n"
        "             raised KeyError\n"
        "             came back to a service: web > stock > web\n"
    ) in out
    assert "only where callers pass one" in " ".join(out.split())


def test_story_says_when_the_lock_knows_nothing(seamline, shop, lock):
    lock({})
    assert (
        "  observed   never called from outside its package\n" in seamline("explain", "take").out
    )

    stock = shop / "shop" / "stock.py"
    stock.write_text(stock.read_text().replace("count: int = 1", "count: int"))
    out = seamline("explain", "take").out
    assert "is about other parameters than it has now, and does not count" in " ".join(out.split())
    assert "warn [lock-stale]" in out

    stock.write_text(stock.read_text() + "\n\ndef fresh() -> int:\n    return _left['tea']\n")
    assert "  lock       not in seamline.lock; write it there with" in (
        seamline("explain", "fresh").out
    )


def test_stale_function_is_a_warning_with_the_command_to_type(seamline, shop, lock):
    lock({"shop.stock.take": Seen(calls=1)})
    stock = shop / "shop" / "stock.py"
    stock.write_text(stock.read_text().replace("count: int = 1", "count: int"))

    ran = seamline("check", "--json")

    assert [(one["code"], one["severity"], one["file"], one["line"], one["remedy"])
            for one in findings(ran)] == [
        ("lock-stale", "warning", "shop/stock.py", 8,
         "learn again, for example: seamline learn -- pytest"),
    ]  # fmt: skip
    assert seamline("check", "--strict").status == 1
    assert seamline("check").status == 0


def test_block_that_was_edited_is_an_error_and_is_learned_anew(seamline, shop, lock):
    path = lock({"shop.stock.take": Seen(calls=1, mutates=("count",))})
    path.write_text(path.read_text().replace('mutates = ["count"]\n', ""))

    ran = seamline("check", "--json")

    (found,) = findings(ran)
    assert (found["code"], found["severity"], ran.status) == ("lock-edited", "error", 1)
    assert "shop.stock.take was not written by learn" in found["message"]
    config = load(shop / "seamline.toml", environ={})
    relearned_lock = relearned(read(path), analyse_with(config, "micro", None), {})
    assert relearned_lock.functions["shop.stock.take"].seen == Seen()


def test_verdict_that_is_another_now_is_said_with_its_reason(seamline, shop, lock):
    lock({"shop.prices.quote": Seen(calls=1)})
    prices = shop / "shop" / "prices.py"
    prices.write_text("_asked = []\n\ndef quote(name: str) -> int:\n"
                      "    _asked.append(name)\n    return len(_asked)\n")  # fmt: skip

    (found,) = findings(seamline("check", "--json"))

    assert (found["code"], found["severity"]) == ("lock-verdict", "warning")
    assert "shop.prices.quote is local in seamline.lock:" in found["message"]
    assert "and remote now: touches shop.prices:_asked" in found["message"]


@pytest.mark.usefixtures("lock")
def test_arguments_behind_two_dashes_are_the_commands_own(seamline, monkeypatch):
    monkeypatch.setenv("PATH", os.defpath)

    ran = seamline("--json", "learn", "--", "no-such-program", "--version", "-C", "x")

    assert ran.status == 2
    assert "cannot run 'no-such-program'" in ran.err


def test_two_dashes_mean_nothing_to_other_commands(seamline):
    assert seamline("explain", "--", "not-sendable").status == 0

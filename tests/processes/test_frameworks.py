"""Applications of Flask and Django whose packages read the contexts of their requests."""

import http.client
import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

APPS = Path(__file__).parent.parent / "apps"
PATIENCE_SECONDS = 30.0


@pytest.fixture
def application(project):
    def copy(name: str):
        shutil.copytree(APPS / name, project.root, dirs_exist_ok=True)
        return project

    return copy


def ask(run, method: str, path: str, body: bytes = b"", **headers: str):
    connection = http.client.HTTPConnection(urlsplit(run.url).netloc, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.read().decode(), answer.headers
    finally:
        connection.close()


@pytest.mark.parametrize("layout", ["mono", "local", "pair"])
def test_a_cart_in_the_session_is_filled_across_the_seam(application, layout) -> None:
    run = application("flaskcontext").start("--layout", layout).ready()
    cookie = ""
    for item in ("bolt", "nut", "bolt", "one too many"):
        _, headers = ask(run, "POST", f"/cart/{item.replace(' ', '-')}", Cookie=cookie)
        cookie = headers.get("Set-Cookie", cookie).partition(";")[0]

    page, _ = ask(run, "GET", "/cart?currency=CHF", Cookie=cookie, Host="shop.example")

    assert json.loads(page) == {
        "items": ["bolt", "nut", "bolt"],
        "kept": ["bolt", "nut", "bolt"],
        "total": "2.7 CHF",
        "address": "http://shop.example/cart/bolt",
        "said": ["full"],
        "elsewhere": layout == "pair",
    }
    assert run.stop() == 0


@pytest.mark.parametrize("layout", ["mono", "local", "micro"])
def test_language_time_zone_and_rows_are_the_same_across_the_seam(application, layout) -> None:
    run = application("djangosite").start("--layout", layout).ready()

    assert json.loads(ask(run, "GET", "/elsewhere")[0]) == (layout == "micro")
    assert json.loads(ask(run, "GET", "/day")[0]) == [
        "Montag 21:00",
        "lundi 12:00",
        "fr",
        "/day",
    ]
    assert json.loads(ask(run, "GET", "/kept")[0]) == [["one"], ["one", "two"]]
    kind = "application/x-www-form-urlencoded"
    page, _ = ask(run, "POST", "/asked?q=1", b"title=x", **{"Content-Type": kind, "X-Agent": "me"})
    assert json.loads(page) == {
        "method": "POST",
        "path": "/asked",
        "query": ["1"],
        "posted": {"title": "x"},
        "agent": "me",
        "user": "ada",
        "route": "asked",
    }
    assert run.stop() == 0


@pytest.mark.parametrize("layout", ["mono", "local", "micro"])
def test_what_a_function_sets_on_request_and_response_is_there_afterwards(
    application, layout
) -> None:
    run = application("djangosite").start("--layout", layout).ready()

    page, head = ask(run, "GET", "/signed", **{"X-Agent": "ada"})
    assert page == 'ada wrote["ada", 2, ["signed", "signed"], ["mine"]]'
    cookies = dict(one.split(";")[0].split("=", 1) for one in head.get_all("Set-Cookie"))
    assert cookies["c"] == "d"
    page, _ = ask(run, "GET", "/signed", Cookie=f"sessionid={cookies['sessionid']}")
    assert '"signed", "signed", "signed", "signed"' in page
    kind, said = json.loads(ask(run, "GET", "/held")[0])
    assert kind == ("object" if layout == "mono" else "MutatedArgument")
    assert layout == "mono" or "changed its argument request in place" in said
    assert run.stop() == 0


@pytest.mark.parametrize("layout", ["mono", "local", "micro"])
def test_a_transaction_of_the_caller_is_not_left_by_a_call(application, layout) -> None:
    run = application("djangosite").start("--layout", layout).ready()
    assert json.loads(ask(run, "GET", "/kept")[0]) == [["one"], ["one", "two"]]
    told = {}
    for what in ("reads", "undone", "written", "writes"):
        told[what], _ = json.loads(ask(run, "GET", f"/block/{what}")[0])
    (_, rows) = json.loads(ask(run, "GET", "/block/reads")[0])

    assert told["reads"] == told["undone"] == ["one", "two"]
    if layout == "micro":
        assert [told[what][0] for what in ("written", "writes")] == ["ContextElsewhere"] * 2
        assert "which has written what its host does not see" in told["written"][1]
        assert "what its host writes would be kept if that was undone" in told["writes"][1]
        assert rows == ["one", "two"]
    else:
        assert told["written"] == ["one", "two", "mine"]
        assert rows == told["writes"] == ["one", "two", "mine", "host's"]
    assert run.stop() == 0


@pytest.mark.parametrize("layout", ["mono", "micro"])
def test_a_package_beside_its_site_may_read_settings_while_it_is_imported(
    application, layout, monkeypatch
) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    site = application("djangosite")
    reads = "from django.conf import settings\nLANGUAGE = settings.LANGUAGE_CODE\n\n\n"
    (site.root / "djangosite/limits.py").write_text(f"{reads}def allowed(n):\n    return n < 3\n")
    with (site.root / "seamline.toml").open("a") as file:
        file.write('\n[services.limits]\npackage = "djangosite.limits"\n')

    run = site.start("--layout", layout).ready()

    assert json.loads(ask(run, "GET", "/day")[0])[2] == "fr"
    assert run.stop() == 0

"""Defects of the book's published example, each by its number in our list, in every layout.

What has a page is tried in the browser. D5, D6, D7 and D13 are about tokens for programs, and
tried as a program does; D12 is about the source.
"""

import ast
import hashlib
import os
import re
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import httpx
import jwt
import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

ADD_CLIENT = """
import sys
from longrun import accounts

print(accounts.add_client(sys.argv[1], ["longrun", "club"], ["races:read"]))
"""
SECRETS = re.compile(r"scrypt|\b[0-9a-f]{64}\b|strava_token|\"d\":")
RACE = {"name": "Nobody asked", "on": f"{datetime.now(UTC).date() + timedelta(days=90)}"}
# Sends itself as soon as it is there, from no site at all.
ATTACK = """data:text/html,<form method=post action="{url}/races/new">
<input name=name value="{name}"><input name=on value="{on}"><input name=distance value=5000>
</form><script>document.forms[0].submit()</script>"""


@pytest.fixture
def client(site):
    """A program on its way to the site, with the secret of a client of its own."""
    secret = site.longrun.python(ADD_CLIENT, "screen").strip()
    with httpx.Client(base_url=site.url, timeout=60) as program:
        yield program, secret


def ask(program, client: str, secret: str, **form: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "audience": "longrun", **form}
    return program.post("/oauth/token", data=form, auth=(client, secret))


def test_d1_a_password_is_kept_as_a_hash_and_its_owner_gets_in(runner, site) -> None:
    email, password = "dee@example.com", "clear as never was"
    runner.go("/register")
    runner.fill(name="Dee", email=email, password=password)
    runner.press("main button", then="#email")
    runner.go(site.link(email, "Confirm"))
    runner.press("main button", then="#password")
    runner.log_in(email, password, then=".empty")

    assert runner.one("h1").text == "Hello, Dee"
    assert hash_of(site, email).startswith("scrypt")
    files = [path for path in site.instance.rglob("*") if path.is_file()]
    stored = b"".join(path.read_bytes() for path in files)
    assert email.encode() in stored
    assert password.encode() not in stored


def hash_of(site, email: str) -> str:
    database = sqlite3.connect(site.instance / "accounts.db")
    try:
        query = "select password from account where email = ?"
        return database.execute(query, [email]).fetchone()[0]
    finally:
        database.close()


def test_d2_the_list_of_runners_is_for_administrators(runner) -> None:
    runner.go("/admin/users")
    runner.one("#password")
    runner.enter("d2")
    for path, code in (("/admin/users", "403"), ("/admin/outbox", "403"), ("/users", "404")):
        runner.go(path)
        assert runner.one(".over").text == code
        assert "example.com" not in runner.driver.page_source
    assert "Runners" not in runner.texts("nav a")

    runner.forget()
    runner.enter("admin")
    runner.driver.find_element("link text", "Runners").click()
    runner.one("table")
    assert "d2@example.com" in runner.texts("table td")


def test_d3_no_hash_and_no_token_is_on_any_page(runner, site) -> None:
    runner.enter("admin")
    runner.go("/profile")
    runner.fill(token="watch")
    runner.driver.find_element("xpath", "//button[text()='Make a token']").click()
    token = runner.one(".flash code").text
    hashes = [hash_of(site, f"{name}@example.com") for name in ("admin", "d3")]

    for path in ("/", "/profile", "/admin/users", "/admin/outbox", "/api/v1/me", "/api/v1/races"):
        runner.go(path)
        text = runner.driver.page_source
        assert not SECRETS.search(text), path
        for secret in (token, *hashes):
            assert secret not in text, path
    # The token is a good one all the same.
    answer = httpx.get(f"{site.url}/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["email"] == "admin@example.com"


def test_d4_a_month_has_its_own_runs_and_a_second_import_adds_none(runner, site) -> None:
    months = site.made["months"]
    count = len(months)
    runner.enter("d4")
    assert f": {count} added, 0 in your log already, 0 not read." in runner.import_archive()
    assert f": 0 added, {count} in your log already, 0 not read." in runner.import_archive()

    assert len(set(months)) > 1
    for month in {*months, "1999-01"}:
        runner.go(f"/runs?month={month}")
        runner.one("main h1")
        assert len(runner.all("table.runs tbody tr")) == months.count(month)


def test_d5_an_unknown_client_is_answered_as_a_wrong_secret_is(client) -> None:
    """Shows that the answer has the same shape, words and, but for noise, time."""
    program, secret = client
    wrong = ask(program, "screen", "guessed")

    assert ask(program, "screen", secret).status_code == 200
    assert wrong.status_code == 401
    assert wrong.json()["error"] == "invalid_client"
    for name, guess in (("nobody", "guessed"), ("nobody", secret), ("nobody", ""), ("", "")):
        answer = ask(program, name, guess)
        assert (answer.status_code, answer.json()) == (401, wrong.json())
        assert answer.headers["WWW-Authenticate"] == wrong.headers["WWW-Authenticate"]
    took: dict[str, list[float]] = {"screen": [], "nobody": []}
    for name in [*took] * 30:
        began = time.perf_counter()
        ask(program, name, "guessed")
        took[name].append(time.perf_counter() - began)
    # The fastest of many: what else this machine does only ever adds.
    assert 1 / 3 < min(took["screen"]) / min(took["nobody"]) < 3


def test_d6_a_token_chooses_no_algorithm(client) -> None:
    """Shows that the service decides how a token is signed, whatever its head says."""
    program, secret = client
    token = ask(program, "screen", secret).json()["access_token"]
    (public,) = program.get("/.well-known/jwks.json").json()["keys"]
    claims = jwt.decode(token, jwt.PyJWK(public), ["EdDSA"], audience="longrun")
    head = {"kid": public["kid"]}
    forged = [
        jwt.encode(claims, public["x"].ljust(64, "="), "HS256", head),
        jwt.encode(claims, None, "none", head),
        jwt.encode(claims, "a secret of somebody else " * 3, "HS512", head),
    ]

    assert races(program, token) == 200
    assert [races(program, other) for other in forged] == [401, 401, 401]


def races(program, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return program.get("/api/v1/races", headers=headers).status_code


def test_d7_the_signing_key_is_read_once(client, site) -> None:
    """Shows that tokens are signed and checked without another look at the file of the keys."""
    program, secret = client
    assert races(program, ask(program, "screen", secret).json()["access_token"]) == 200
    path = site.instance / "token.keys"
    kept, before = path.read_bytes(), path.stat()
    try:
        # The same file, as far as one can tell without reading it.
        path.write_bytes(b"x" * len(kept))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        tokens = [ask(program, "screen", secret).json()["access_token"] for _ in range(5)]
        assert [races(program, token) for token in tokens] == [200] * 5
    finally:
        path.write_bytes(kept)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_d8_the_ending_of_a_name_is_taken_off_and_no_letter_more(runner) -> None:
    """`str.lstrip` and `rstrip` take letters, where a prefix or an ending is meant."""
    runner.enter("d8")
    runner.upload("pxg.gpx", "tag_tif.fit")

    assert runner.texts(".results .added a") == ["pxg", "tag tif"]


def test_d9_nobody_else_s_form_or_signature_does_anything(runner, site) -> None:
    """Where the book's example trusted what came back from Slack and Strava.

    No other site sends runners here with an answer of its own. What comes from outside are forms,
    which carry the session's token, and the address of a calendar, which carries a signature.
    """
    runner.enter("d9")
    runner.go("/races/new")
    runner.fill(**RACE)
    forge = "document.querySelector('main [name=csrf]').value = 'forged'"
    runner.driver.execute_script(forge)
    runner.press("main button", then=".over")
    assert runner.one(".over").text == "400"
    runner.driver.get(ATTACK.format(url=site.url, **RACE).replace("\n", ""))
    runner.wait(lambda: runner.texts(".over") == ["400"], "the refusal")
    runner.go("/races")
    assert RACE["name"] not in runner.one("main").text

    # The same form with nothing forged is taken.
    runner.go("/races/new")
    runner.fill(**RACE)
    runner.press("main button", then="input[name=days]")
    runner.press("main form button", then="ol.workouts")
    address = runner.driver.find_element("link text", "calendar address")
    link = address.get_dom_attribute("href")
    assert httpx.get(link).text.startswith("BEGIN:VCALENDAR")
    number, signature = link.rsplit(".", 1)
    for other in (f"{number}.{signature[::-1]}", number, f"{link}x"):
        assert httpx.get(other).status_code == 404


def test_d10_an_import_is_started_by_a_form_and_nobody_waits_for_it(runner, site) -> None:
    runner.enter("d10")
    with site.worker_asleep():
        # No page begins an import, and none waits for one.
        runner.upload("export.zip", then="[role=status]")
        progress = runner.driver.current_url
        assert re.search(r"/imports/\d+$", progress)
        assert runner.one("h1").text == "Importing"
        assert "wait to be opened" in runner.one("[role=status]").text
        runner.go("/")
        assert runner.one(".empty h2").text == "Your log is empty"
        for path in ("/fetch", "/api/v1/fetch"):
            runner.go(path)
            assert "404" in runner.driver.page_source

    runner.driver.get(progress)
    runner.wait(lambda: runner.texts("h1") == ["Imported"], "the end of the import")
    runner.go("/")
    runner.one("table.runs")


def test_d11_no_secret_is_known_to_whoever_reads_the_source(runner, site) -> None:
    for password in ("ok", "admin", "password", "run-every-day"):
        runner.log_in("admin@example.com", password, then="[role=alert]")
    # As far as it goes, a forger knows all that a session of the admin holds.
    digest = hashlib.sha256(hash_of(site, "admin@example.com").encode()).hexdigest()
    session = {"runner": 1, "key": digest[:32]}
    stranger = ["Every run you have run, on a machine you own."]
    assert forged(runner, "ANOTHER ONE", session) == stranger
    assert forged(runner, "", session) == stranger

    # With the key of this installation, which only its owner can read, it is as good as a log in.
    key = site.instance / "secret.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert forged(runner, key.read_text(), {"runner": 1}) == stranger
    assert forged(runner, key.read_text(), session) == ["Hello, Admin"]


def forged(runner, key: str, session: dict[str, object]) -> list[str]:
    """Return whom the site takes somebody for with a session that is signed with this key."""
    app = Flask("forger")
    app.secret_key = key or "\0"
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    runner.forget()
    runner.go("/healthz")
    runner.driver.add_cookie({"name": "longrun", "value": serializer.dumps(session)})
    runner.go("/")
    return runner.texts("h1")


def test_d12_whatever_has_to_be_awaited_is(site) -> None:
    """Shows it of every module of longrun; its log is searched for the same at the end."""
    root = site.longrun.root / "longrun"
    trees = {path: ast.parse(path.read_text("utf-8")) for path in root.rglob("*.py")}

    assert len(trees) > 40
    assert forgotten(ast.parse("import asyncio\nasync def f():\n    asyncio.sleep(1)\n")) == [3]
    assert {path: found for path, tree in trees.items() if (found := forgotten(tree))} == {}


def forgotten(tree: ast.Module) -> list[int]:
    """Return the lines that call something asynchronous and drop what it returns."""
    nodes = list(ast.walk(tree))
    known = {node.name for node in nodes if isinstance(node, ast.AsyncFunctionDef)}
    dropped = (
        node.value
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    )
    return [
        call.lineno
        for call in dropped
        if (name := ast.unparse(call.func)).startswith("asyncio.") or name in known
    ]


def test_d13_a_token_is_for_one_audience_one_scope_and_ten_minutes(client) -> None:
    """Shows that a program gets no token for others, and with its own no further than it may."""
    program, secret = client
    for form, error in (
        ({"audience": "bank"}, "invalid_target"),
        ({"audience": "*"}, "invalid_target"),
        ({"scope": "races:write"}, "invalid_scope"),
    ):
        answer = ask(program, "screen", secret, **form)
        assert (answer.status_code, answer.json()["error"]) == (400, error)
    given = ask(program, "screen", secret).json()
    elsewhere = ask(program, "screen", secret, audience="club").json()["access_token"]
    claims = jwt.decode(given["access_token"], options={"verify_signature": False})

    assert given["expires_in"] == 600
    assert 590 < claims["exp"] - time.time() <= 600
    assert (claims["aud"], claims["scope"]) == ("longrun", "races:read")
    assert races(program, given["access_token"]) == 200
    assert races(program, elsewhere) == 401
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    for path in ("/api/v1/me", "/api/v1/runs", "/api/v1/plan"):
        assert program.get(path, headers=headers).status_code == 403

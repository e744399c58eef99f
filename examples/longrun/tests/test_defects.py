"""Defects that applications of this kind were published with, each by its number in our list."""

import base64
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import jwt
import pytest
from longrun.errors import TokenRefused
from longrun.model import Runner
from longrun.web import create_app

import longrun
from conftest import PASSWORD, Browser
from longrun import accounts

ROOT = Path(longrun.__file__).parent


def test_d1_no_password_is_stored_in_clear_and_who_registers_can_log_in(
    browser: Browser, tmp_path: Path
) -> None:
    browser.send("/register", name="Dee", email="dee@example.com", password=PASSWORD, tz="UTC")
    accounts.vouch("dee@example.com")

    assert browser.log_in("dee@example.com").location == "/"
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"dee@example.com" in stored
    assert PASSWORD.encode() not in stored


def test_d2_the_list_of_runners_is_for_administrators(
    new_browser: Callable[[], Browser], ann: Runner, bob: Runner
) -> None:
    accounts.vouch(bob.email, admin=True)
    visitor, runner, admin = new_browser(), new_browser(), new_browser()
    runner.log_in(ann.email)
    admin.log_in(bob.email)

    assert visitor.get("/admin/users").location == "/login?next=/admin/users"
    assert runner.get("/admin/users").status_code == 403
    assert ann.email in admin.get("/admin/users").text
    for path in ("/users", "/api/v1/users"):
        assert runner.get(path).status_code == 404


def test_d3_no_hash_and_no_token_leaves_accounts(
    new_browser: Callable[[], Browser], ann: Runner
) -> None:
    accounts.vouch(ann.email, admin=True)
    token = accounts.create_token(ann.id, "watch")
    secret = accounts.add_client("screen", ["longrun"], [])
    at_home = new_browser()
    at_home.log_in(ann.email)

    texts = [at_home.get(path).text for path in ("/admin/users", "/profile", "/api/v1/me", "/")]
    texts += [json.dumps([asdict(r) for r in accounts.runners().values()], default=str)]
    texts += [repr(accounts.tokens(ann.id)), repr(accounts.jwks())]

    for text in texts:
        assert "scrypt" not in text
        assert not re.search("[0-9a-f]{64}", text)
        assert token not in text
        assert secret not in text
        assert '"d"' not in text


def test_d5_an_unknown_client_is_answered_as_a_wrong_secret_is(browser: Browser) -> None:
    accounts.add_client("screen", ["longrun"], ["races:read"])
    form = {"grant_type": "client_credentials", "audience": "longrun"}

    def ask(client: str, secret: str) -> tuple[int, dict, str | None]:
        pair = base64.b64encode(f"{client}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}"}
        answer = browser.client.post("/oauth/token", data=form, headers=headers)
        return answer.status_code, answer.get_json(), answer.headers["WWW-Authenticate"]

    wrong = ask("screen", "guessed")
    assert wrong[0] == 401
    assert wrong[1]["error"] == "invalid_client"
    for client, secret in (("nobody", "guessed"), ("nobody", ""), ("", ""), ("screen", "é")):
        assert ask(client, secret) == wrong
    # The time of both is the same work: one query, one hash, one comparison.
    took: dict[str, list[float]] = {"screen": [], "nobody": []}
    for client in [*took] * 40:
        began = time.perf_counter()
        with pytest.raises(TokenRefused):
            accounts.issue_token(client, "guessed", "longrun")
        took[client].append(time.perf_counter() - began)
    # The fastest of many: what else this machine does only ever adds.
    assert 1 / 3 < min(took["screen"]) / min(took["nobody"]) < 3


def test_d6_a_token_chooses_no_algorithm(browser: Browser) -> None:
    secret = accounts.add_client("screen", ["longrun"], ["races:read"])
    issued = accounts.issue_token("screen", secret, "longrun")
    (public,) = accounts.jwks()["keys"]
    claims = jwt.decode(issued.token, options={"verify_signature": False})

    accounts.verify_token(issued.token, "longrun")
    # Signed with what everybody can read, or not at all.
    for key, algorithm in ((public["x"], "HS256"), (None, "none")):
        forged = jwt.encode(claims, key, algorithm, {"kid": public["kid"]})
        with pytest.raises(TokenRefused):
            accounts.verify_token(forged, "longrun")


def test_d7_the_signing_key_is_read_once(tmp_path: Path) -> None:
    secret = accounts.add_client("screen", ["longrun"], ["races:read"])
    issued = accounts.issue_token("screen", secret, "longrun")
    path = tmp_path / "instance" / "token.keys"
    before = path.stat()

    # Nobody who reads it again can sign; the same file, as far as one can tell without reading.
    path.write_text("x" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    again = accounts.issue_token("screen", secret, "longrun")
    for token in (issued.token, again.token):
        assert accounts.verify_token(token, "longrun").client_id == "screen"


def test_d11_no_secret_is_in_the_sources_and_nobody_has_a_known_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    literal = re.compile(r"(?i)(secret|key|password|token)[\w: ]*=\s*[\"'][^\"'{]{6,}")
    found = {
        (path.relative_to(ROOT).parts[0], match[0])
        for path in ROOT.rglob("*.py")
        for match in literal.finditer(path.read_text())
        if match[0] != 'token_type="Bearer'
    }
    # The account of the made-up runs, which exists where somebody asked for it.
    assert {package for package, _ in found} <= {"demo"}
    keys = set()
    for place in ("one", "two"):
        monkeypatch.setenv("LONGRUN_INSTANCE", str(tmp_path / place))
        keys.add(create_app().config["SECRET_KEY"])
        keys.add(accounts.jwks()["keys"][0]["x"])
    assert len(keys) == 4
    assert accounts.runners() == {}


def test_d13_a_token_is_bound_to_audience_scope_and_ten_minutes(browser: Browser) -> None:
    secret = accounts.add_client("screen", ["longrun"], ["races:read"])

    for audience, scope in (("bank", "races:read"), ("longrun", "races:write"), ("*", "*")):
        with pytest.raises(TokenRefused) as caught:
            accounts.issue_token("screen", secret, audience, scope)
        assert caught.value.error in {"invalid_target", "invalid_scope"}
    issued = accounts.issue_token("screen", secret, "longrun", "races:read")

    claims = accounts.verify_token(issued.token, "longrun", "races:read")
    assert 590 < claims.expires_at.timestamp() - time.time() <= 600
    for audience, scope, error in (
        ("bank", "races:read", "invalid_token"),
        ("longrun", "races:write", "insufficient_scope"),
    ):
        with pytest.raises(TokenRefused) as caught:
            accounts.verify_token(issued.token, audience, scope)
        assert caught.value.error == error


def test_a_form_of_another_site_ends_no_session(at_home: Browser) -> None:
    # A browser sends no cookies along with it: the answer may not bring new ones either.
    stranger = at_home.client.application.test_client()

    for path in ("/races/new", "/login", "/nowhere"):
        answer = stranger.post(path, data={"name": "Evil"})
        assert answer.status_code in {400, 404, 405}, path
        assert "Set-Cookie" not in answer.headers, path

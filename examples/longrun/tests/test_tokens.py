"""longrun.accounts and the API: tokens of runners and clients, the keys, who may see what."""

import base64
import json
import stat
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import g
from longrun.errors import Invalid, NoSuchRunner, TokenRefused
from longrun.model import AccessToken, Runner
from longrun.web.security import scope_required
from werkzeug.test import TestResponse

from conftest import Browser
from longrun import accounts

CLIENT = "scoreboard"


@pytest.fixture
def secret() -> str:
    """The secret of a client that may read races here and at one more place."""
    return accounts.add_client(CLIENT, ["longrun", "results"], ["races:read", "races:write"])


@pytest.fixture
def issued(secret: str) -> AccessToken:
    return accounts.issue_token(CLIENT, secret, "longrun", "races:read")


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[], list[dict]]:
    """Read the file of keys, which is there once the first token is."""
    return lambda: json.loads((tmp_path / "instance" / "token.keys").read_text())["keys"]


def ask(browser: Browser, secret: str = "", name: str = CLIENT, **form: object) -> TestResponse:
    """Ask for a token as a client would: Basic authentication, no cookie, no hidden field."""
    headers = {}
    if secret:
        pair = base64.b64encode(f"{name}:{secret}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    data = {"grant_type": "client_credentials", "audience": "longrun"} | form
    return browser.client.post("/oauth/token", data=data, headers=headers)


def bearer(browser: Browser, path: str, token: str, method: str = "GET") -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return browser.client.open(path, method=method, headers=headers)


def test_a_personal_token_reads_what_its_runner_reads(
    new_browser: Callable[[], Browser], ann: Runner
) -> None:
    token = accounts.create_token(ann.id, "my  watch")

    answer = bearer(new_browser(), "/api/v1/me", token)

    assert answer.get_json()["email"] == ann.email
    assert "Set-Cookie" not in answer.headers
    assert accounts.token_owner(token) == ann
    assert [found.name for found in accounts.tokens(ann.id)] == ["my watch"]


def test_a_personal_token_is_kept_as_its_hash_only(
    ann: Runner, stored: Callable[[], bytes]
) -> None:
    token = accounts.create_token(ann.id, "watch")

    kept = stored()
    assert token.encode() not in kept
    assert token not in repr(accounts.tokens(ann.id))


def test_a_revoked_token_is_worthless_and_nobody_revokes_anothers(
    browser: Browser, ann: Runner, bob: Runner
) -> None:
    token = accounts.create_token(ann.id, "watch")
    (known,) = accounts.tokens(ann.id)

    accounts.revoke_token(bob.id, known.id)
    assert accounts.token_owner(token) == ann
    accounts.revoke_token(ann.id, known.id)

    with pytest.raises(TokenRefused, match="no such token"):
        accounts.token_owner(token)
    answer = bearer(browser, "/api/v1/me", token)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert sorted(answer.get_json()) == ["code", "description", "message"]


def test_a_personal_token_has_a_name_and_an_owner_and_company(ann: Runner) -> None:
    with pytest.raises(NoSuchRunner):
        accounts.create_token(4711, "watch")
    with pytest.raises(Invalid, match="a name has"):
        accounts.create_token(ann.id, " ")
    for number in range(20):
        accounts.create_token(ann.id, f"{number}")
    with pytest.raises(Invalid, match="more than 20"):
        accounts.create_token(ann.id, "one more")


def test_the_profile_shows_a_new_token_once_and_revokes_it(at_home: Browser, ann: Runner) -> None:
    page = at_home.send("/profile", to="/profile/tokens", token="<my watch>")
    token = page.text.partition("<code>")[2].partition("</code>")[0]

    again = at_home.get("/profile").text
    assert accounts.token_owner(token) == ann
    assert "&lt;my watch&gt;" in again
    assert token not in again

    (known,) = accounts.tokens(ann.id)
    at_home.send("/profile", to=f"/profile/tokens/{known.id}/revoke")
    assert accounts.tokens(ann.id) == []
    assert at_home.send("/profile", to="/profile/tokens", token="").status_code == 422
    assert at_home.get("/profile/tokens").headers["Location"] == "/profile"


@pytest.mark.parametrize("token", ["", "lr_guessed", "a.b.c", "é", "x" * 6000, "a=b", "lr_"])
def test_a_token_that_is_none_is_refused_even_beside_a_session(
    at_home: Browser, token: str
) -> None:
    assert at_home.get("/api/v1/me").status_code == 200
    assert bearer(at_home, "/api/v1/me", token).status_code == 401


def test_a_token_opens_the_api_only(browser: Browser, ann: Runner) -> None:
    token = accounts.create_token(ann.id, "watch")

    assert bearer(browser, "/runs", token).status_code == 302
    assert bearer(browser, "/logout", token, "POST").status_code == 400


def test_a_client_gets_a_token_that_others_can_check(browser: Browser, secret: str) -> None:
    answer = ask(browser, secret, scope="races:read")

    told = answer.get_json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert sorted(told) == ["access_token", "expires_in", "scope", "token_type"]
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 600, "races:read")
    # As somebody would who knows nothing but our address.
    published = jwt.PyJWKSet.from_dict(browser.get("/.well-known/jwks.json").get_json())
    head = jwt.get_unverified_header(told["access_token"])
    claims = jwt.decode(
        told["access_token"], published[head["kid"]], algorithms=["EdDSA"], audience="longrun"
    )
    assert (head["alg"], head["typ"]) == ("EdDSA", "at+jwt")
    assert claims["exp"] - claims["iat"] == 600
    assert (claims["sub"], claims["iss"]) == (CLIENT, "http://127.0.0.1:5000")


def test_a_client_may_send_its_secret_in_the_form_and_leave_the_scope_out(
    browser: Browser, secret: str
) -> None:
    told = ask(browser, client_id=CLIENT, client_secret=secret).get_json()

    assert told["scope"] == "races:read races:write"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": ["a", "b"]}, 400, "invalid_request"),
        ({"client_secret": "x"}, 400, "invalid_request"),
        ({"scope": "runs:read"}, 400, "invalid_scope"),
        ({"scope": "races:read runs:read"}, 400, "invalid_scope"),
        ({"audience": "elsewhere"}, 400, "invalid_target"),
        ({"audience": ""}, 400, "invalid_target"),
        ({"audience": "longrun results"}, 400, "invalid_target"),
    ],
)
def test_a_request_that_is_refused_says_why_in_the_words_of_the_standard(
    browser: Browser, secret: str, form: dict[str, object], status: int, error: str
) -> None:
    answer = ask(browser, secret, **form)

    assert answer.status_code == status
    assert answer.get_json()["error"] == error
    assert sorted(answer.get_json()) == ["error", "error_description"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_client_with_one_audience_need_not_name_it(browser: Browser) -> None:
    secret = accounts.add_client("screen", ["longrun"], ["races:read"])

    issued = accounts.issue_token("screen", secret)

    assert accounts.verify_token(issued.token, "longrun").client_id == "screen"


def test_a_client_that_has_a_new_secret_has_no_other(secret: str) -> None:
    newer = accounts.add_client(CLIENT, ["longrun"], ["races:read"])

    with pytest.raises(TokenRefused) as caught:
        accounts.issue_token(CLIENT, secret, "longrun")
    assert caught.value.error == "invalid_client"
    accounts.issue_token(CLIENT, newer, "longrun")


@pytest.mark.parametrize("name", ["", "two words", "a:b", 'a"b', "é", "x" * 81])
def test_a_client_has_a_name_that_can_be_sent(name: str) -> None:
    with pytest.raises(Invalid, match="is not a name"):
        accounts.add_client(name, ["longrun"], [])


def test_claims_are_told_as_they_were_signed(issued: AccessToken) -> None:
    claims = accounts.verify_token(issued.token, "longrun", "races:read")

    assert (claims.client_id, claims.audience, claims.scopes) == (
        CLIENT, "longrun", frozenset({"races:read"}))  # fmt: skip
    left = claims.expires_at - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)


def test_a_token_is_refused_when_anything_about_it_is_wrong(
    issued: AccessToken, keys: Callable[[], list[dict]], ann: Runner
) -> None:
    (ours,) = keys()
    good = jwt.decode(issued.token, options={"verify_signature": False})
    now = int(time.time())
    stranger = Ed25519PrivateKey.generate()

    def signed(key: object, algorithm: str = "EdDSA", **changed: object) -> str:
        claims = {k: v for k, v in (good | changed).items() if v is not None}
        return jwt.encode(claims, key, algorithm, {"kid": ours["kid"]})

    mine = jwt.PyJWK(ours)
    assert accounts.verify_token(signed(mine), "longrun").client_id == CLIENT
    for wrong in (
        signed(mine, exp=now - 1),
        signed(mine, exp=None),
        signed(mine, iss="https://elsewhere.example"),
        signed(mine, aud="results"),
        signed(mine, scope=None),
        signed(stranger),
        signed(ours["x"] * 2, "HS256"),
        signed(None, "none"),
        issued.token[:-4] + "AAAA",
        issued.token + "x" * 5000,
        accounts.create_token(ann.id, "watch"),
    ):
        with pytest.raises(TokenRefused) as caught:
            accounts.verify_token(wrong, "longrun")
        assert caught.value.error == "invalid_token"


def test_the_keys_are_made_once_and_only_their_owner_reads_them(
    secret: str, keys: Callable[[], list[dict]], tmp_path: Path
) -> None:
    with ThreadPoolExecutor(4) as pool:
        sets = list(pool.map(lambda _: accounts.jwks(), range(4)))

    (private,) = keys()
    mode = (tmp_path / "instance" / "token.keys").stat().st_mode
    assert all(found == sets[0] for found in sets)
    assert stat.S_IMODE(mode) == 0o600
    assert sets[0] == {"keys": [{name: private[name] for name in (
        "kty", "crv", "x", "kid", "use", "alg")}]}  # fmt: skip
    assert (private["kty"], private["crv"], len(private["x"])) == ("OKP", "Ed25519", 43)


def test_the_keys_can_be_given(
    secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, issued: AccessToken
) -> None:
    (tmp_path / "mounted").mkdir()
    monkeypatch.setenv("LONGRUN_TOKEN_KEYS", str(tmp_path / "mounted" / "keys"))

    accounts.issue_token(CLIENT, secret, "longrun")

    assert (tmp_path / "mounted" / "keys").exists()
    with pytest.raises(TokenRefused):
        accounts.verify_token(issued.token, "longrun")


def test_a_rotation_keeps_the_old_key_until_its_tokens_have_expired(
    browser: Browser,
    secret: str,
    issued: AccessToken,
    keys: Callable[[], list[dict]],
    tmp_path: Path,
) -> None:
    (old,) = keys()
    result = browser.client.application.test_cli_runner().invoke(args=["rotate-keys"])

    new, retired = keys()
    later = accounts.issue_token(CLIENT, secret, "longrun").token
    assert new["kid"] in result.output
    assert retired["kid"] == old["kid"] != new["kid"]
    assert jwt.get_unverified_header(later)["kid"] == new["kid"]
    assert accounts.verify_token(issued.token, "longrun").client_id == CLIENT
    assert [key["kid"] for key in accounts.jwks()["keys"]] == [new["kid"], old["kid"]]
    assert retired["exp"] - time.time() > 600

    # Ten minutes and one later.
    path = tmp_path / "instance" / "token.keys"
    path.with_name("new").write_text(json.dumps({"keys": [new, retired | {"exp": 1}]}))
    path.with_name("new").replace(path)
    with pytest.raises(TokenRefused):
        accounts.verify_token(issued.token, "longrun")
    assert [key["kid"] for key in accounts.jwks()["keys"]] == [new["kid"]]
    accounts.rotate_keys()
    assert old["kid"] not in {key["kid"] for key in keys()}


def test_a_client_reads_what_its_scope_says_and_nobodys_data(
    new_browser: Callable[[], Browser], secret: str, issued: AccessToken, ann: Runner
) -> None:
    browser, told = new_browser(), []
    app = browser.client.application

    @scope_required("races:read")
    def races() -> str:
        told.append(sorted(g.get("scopes", ())))
        return "races"

    app.add_url_rule("/api/v1/open", view_func=races)
    writing = accounts.issue_token(CLIENT, secret, "longrun", "races:write").token
    elsewhere = accounts.issue_token(CLIENT, secret, "results").token
    personal = accounts.create_token(ann.id, "watch")

    codes = [
        bearer(browser, "/api/v1/open", token).status_code
        for token in (issued.token, personal, writing, elsewhere)
    ]

    assert codes == [200, 200, 403, 401]
    assert told == [["races:read"], []]
    assert browser.get("/api/v1/open").status_code == 401
    for path in ("/api/v1/me", "/api/v1/runs", "/api/v1/runs/1"):
        answer = bearer(browser, path, issued.token)
        assert (answer.status_code, answer.get_json()["code"]) == (403, 403)


def test_a_client_is_registered_by_a_command_that_prints_its_secret_once(
    browser: Browser,
) -> None:
    run = browser.client.application.test_cli_runner().invoke

    secret = run(args=["client", CLIENT, "--audience", "longrun", "--scope", "races:read"]).output

    assert ask(browser, secret.strip()).status_code == 200
    assert run(args=["client", "two words"]).exit_code == 1


def test_zones_of_the_heart_are_shown_once_the_highest_rate_is_known(at_home: Browser) -> None:
    fields = {"name": "Ann", "tz": "UTC", "units": "km"}
    assert "heart-rate zones" not in at_home.get("/profile").text

    at_home.send("/profile", **fields, max_hr="190", rest_hr="50", born="1990-03-31", sex="f",
                 weight_kg="61,5")  # fmt: skip

    page = at_home.get("/profile").text
    for low, high in ((120, 133), (134, 147), (148, 161), (162, 175), (176, 190)):
        assert f"{low}\N{EN DASH}{high}" in page
    found = at_home.get("/api/v1/me").get_json()
    assert (found["born"], found["sex"], found["weight_kg"]) == ("1990-03-31", "f", 61.5)


@pytest.mark.parametrize(
    ("field", "value"),
    [("rest_hr", "190"), ("rest_hr", "10"), ("born", "yesterday"), ("born", "2999-01-01"),
     ("born", "1812-01-01"), ("sex", "x"), ("weight_kg", "heavy"), ("weight_kg", "nan"),
     ("weight_kg", "2000")],
)  # fmt: skip
def test_what_nobody_can_be_is_refused(
    at_home: Browser, ann: Runner, field: str, value: str
) -> None:
    fields = {"name": "Ann", "tz": "UTC", "units": "km", "max_hr": "185"}

    assert at_home.send("/profile", **fields | {field: value}).status_code == 422
    assert accounts.runner(ann.id) == ann

"""longrun.accounts: links in mails, what becomes of an account, and who hears of it."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import longrun_files as files
import pytest
from longrun.accounts import service
from longrun.errors import (
    BadCredentials,
    BadLink,
    Invalid,
    NoSuchRunner,
    NotConfirmed,
    TokenRefused,
)
from longrun.model import Runner

import longrun
from conftest import PASSWORD, Browser, Sql
from longrun import accounts, activities

EMAIL = "cleo@example.com"


@pytest.fixture
def cleo() -> Runner:
    """A runner whose address waits for confirmation."""
    return accounts.register(EMAIL, PASSWORD, "Cleo")


@pytest.fixture
def opened(sql: Sql) -> Callable[[str], str]:
    """Open the newest mail: of its token only the hash is kept, so a known one takes its place."""

    def open_mail(purpose: str) -> str:
        token = f"a token to {purpose}"
        newest = "SELECT max(expires_at) FROM account_link WHERE purpose = ?"
        statement = f"UPDATE account_link SET digest = ? WHERE expires_at = ({newest})"
        sql(statement, hashlib.sha256(token.encode()).hexdigest(), purpose)
        return token

    return open_mail


def listen(tmp_path: Path, script: str) -> str:
    """Run a program that listens to signals: whoever listens is in the process that sends."""
    paths = [str(Path(longrun.__file__).parents[1]), str(Path(__file__).parent)]
    env = {
        "LONGRUN_DATABASE": os.environ["LONGRUN_DATABASE"],
        "LONGRUN_INSTANCE": str(tmp_path / "instance"),
        "LONGRUN_SCRYPT_LOG_N": "4",
        "PYTHONPATH": os.pathsep.join(paths),
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_account_is_of_no_use_until_its_address_is_confirmed(
    cleo: Runner, opened: Callable[[str], str]
) -> None:
    with pytest.raises(NotConfirmed, match="not confirmed"):
        accounts.authenticate(EMAIL, PASSWORD)

    confirmed = accounts.confirm(opened("confirm"))

    assert (cleo.confirmed, confirmed.confirmed) == (False, True)
    assert accounts.authenticate(EMAIL, PASSWORD) == confirmed


def test_a_wrong_password_is_not_told_whether_the_address_waits(cleo: Runner) -> None:
    with pytest.raises(BadCredentials):
        accounts.authenticate(EMAIL, "wrong horse")


def test_the_links_are_announced_with_tokens_that_work(tmp_path: Path) -> None:
    script = """
from longrun import accounts
from longrun.signals import reset_requested, user_registered

heard = []

def listen(sender, runner, token):
    heard.append((sender, runner.email, token))

user_registered.connect(listen)
reset_requested.connect(listen)
cleo = accounts.register("cleo@example.com", "correct horse", "Cleo")
accounts.request_confirmation("CLEO@example.com")
accounts.request_reset("nobody@example.com")
print(accounts.confirm(heard[-1][2]).confirmed)
accounts.request_confirmation("cleo@example.com")
accounts.request_reset("cleo@example.com")
print(accounts.set_password(heard[-1][2], "better horse").id == cleo.id)
accounts.register("ann@example.com", "correct horse", "Ann", confirmed=True)
print([(sender, email) for sender, email, _ in heard] == [("longrun.accounts", cleo.email)] * 3)
print(len({token for *_, token in heard}), min(len(token) for *_, token in heard))
"""

    assert listen(tmp_path, script).split() == ["True", "True", "True", "3", "43"]


def test_who_cannot_hear_of_an_account_does_not_undo_it_and_stops_nobody_else(
    tmp_path: Path,
) -> None:
    script = """
from longrun import accounts
from longrun.signals import user_registered

heard = []

def broken(sender, runner, token):
    raise OSError("the mail server is away")

def listen(sender, runner, token):
    heard.append(token)

user_registered.connect(broken)
user_registered.connect(listen)
print(accounts.register("cleo@example.com", "correct horse", "Cleo").id)
user_registered.disconnect(broken)
accounts.request_confirmation("cleo@example.com")
print(len(heard), len(set(heard)), accounts.confirm(heard[0]).confirmed)
"""

    assert listen(tmp_path, script).split() == ["1", "3", "2", "True"]


def test_a_departure_is_told_until_everybody_has_taken_it(tmp_path: Path, sql: Sql) -> None:
    script = """
from longrun import accounts
from longrun.signals import account_deleted

heard = []

def listen(sender, runner_id):
    heard.append(runner_id)
    if len(heard) == 1:
        raise OSError("away")

account_deleted.connect(listen)
ann = accounts.register("ann@example.com", "correct horse", "Ann", confirmed=True)
accounts.delete_account(ann.id, "correct horse")
print(accounts.runners([ann.id]))
for _ in range(3):
    accounts.purge()
print(heard == [ann.id] * 2)
"""

    assert listen(tmp_path, script).split() == ["{}", "True"]
    assert sql("SELECT taken FROM account_departure") == [(True,)]


def test_a_link_works_once(cleo: Runner, opened: Callable[[str], str]) -> None:
    token = opened("confirm")

    with ThreadPoolExecutor(4) as pool:
        outcomes = [pool.submit(accounts.confirm, token) for _ in range(4)]

    failed = [o.exception() for o in outcomes if o.exception()]
    assert [type(error) for error in failed] == [BadLink] * 3


@pytest.mark.parametrize(
    ("purpose", "minutes"), [("confirm", 2 * 24 * 60), ("reset", 60)], ids=["confirm", "reset"]
)
def test_a_link_is_good_for_a_while(
    cleo: Runner, sql: Sql, opened: Callable[[str], str], purpose: str, minutes: int
) -> None:
    accounts.request_reset(EMAIL)
    token = opened(purpose)
    use = {"confirm": accounts.confirm, "reset": lambda t: accounts.set_password(t, PASSWORD)}
    made = sql("SELECT expires_at FROM account_link WHERE purpose = ?", purpose)[0][0]
    until = datetime.fromisoformat(str(made)) - timedelta(minutes=minutes)
    age = "UPDATE account_link SET expires_at = ?"

    sql(age, f"{until:%F %T.%f}")
    with pytest.raises(BadLink, match="too old"):
        use[purpose](token)

    sql(age, f"{until + timedelta(minutes=1):%F %T.%f}")
    assert use[purpose](token).confirmed


@pytest.mark.parametrize("token", ["", "guessed", "é\x00", "x" * 100_000])
def test_what_is_no_link_is_refused(cleo: Runner, token: str) -> None:
    for use in (accounts.confirm, lambda t: accounts.set_password(t, PASSWORD)):
        with pytest.raises(BadLink):
            use(token)


def test_a_link_serves_its_purpose_only(cleo: Runner, opened: Callable[[str], str]) -> None:
    with pytest.raises(BadLink):
        accounts.set_password(opened("confirm"), "stolen horse")


def test_no_token_of_a_link_is_kept(cleo: Runner, sql: Sql) -> None:
    ((digest,),) = sql("SELECT digest FROM account_link")

    assert re.fullmatch("[0-9a-f]{64}", digest)


def test_a_new_password_replaces_the_old_one_and_confirms_the_address(
    cleo: Runner, opened: Callable[[str], str]
) -> None:
    accounts.request_reset(EMAIL)
    token = opened("reset")
    with pytest.raises(Invalid, match="8 to 256"):
        accounts.set_password(token, "short")

    accounts.set_password(token, "better horse")

    assert accounts.authenticate(EMAIL, "better horse").confirmed
    with pytest.raises(BadCredentials):
        accounts.authenticate(EMAIL, PASSWORD)
    with pytest.raises(BadLink):
        accounts.set_password(token, "other horse")


def test_asking_for_a_link_takes_the_same_for_everybody(cleo: Runner) -> None:
    took = []
    for email in (EMAIL, "nobody@example.com", "nonsense"):
        for ask in (accounts.request_reset, accounts.request_confirmation):
            began = time.monotonic()
            assert ask(email) is None
            took.append(time.monotonic() - began)

    # What one of them does is far below the time that all of them take.
    assert min(took) >= 0.1


def test_nobody_can_have_a_mailbox_flooded(cleo: Runner, sql: Sql) -> None:
    for _ in range(7):
        accounts.request_reset(EMAIL)

    assert sql("SELECT count(*) FROM account_link WHERE purpose = 'reset'") == [(5,)]


def test_what_nobody_confirmed_in_time_is_forgotten(cleo: Runner, ann: Runner, sql: Sql) -> None:
    accounts.purge()
    assert accounts.runner(cleo.id) == cleo

    sql("UPDATE account_link SET expires_at = '2026-01-01 00:00:00.000000'")
    accounts.purge()

    assert accounts.runners([cleo.id, ann.id]) == {ann.id: ann}
    assert accounts.register(EMAIL, PASSWORD, "Cleo").id not in {ann.id, cleo.id}


def test_a_deleted_account_takes_its_runs_along_and_nobody_inherits_its_number(
    ann: Runner, bob: Runner
) -> None:
    for runner in (ann, bob):
        activities.add(runner.id, files.recording())
    accounts.create_token(bob.id, "watch")

    with pytest.raises(BadCredentials):
        accounts.delete_account(bob.id, "wrong horse")
    assert accounts.runner(bob.id) == bob
    accounts.delete_account(bob.id, PASSWORD)

    with pytest.raises(NoSuchRunner):
        accounts.runner(bob.id)
    with pytest.raises(NoSuchRunner):
        accounts.delete_account(bob.id, PASSWORD)
    assert activities.latest(bob.id) == []
    assert len(activities.latest(ann.id)) == 1
    assert accounts.tokens(bob.id) == []
    numbers = [accounts.register(f"{i}@example.com", PASSWORD, "New").id for i in range(3)]
    assert sorted({*numbers, ann.id, bob.id}) == [1, 2, 3, 4, 5]


def test_registering_confirming_and_logging_in_through_the_pages(
    browser: Browser, opened: Callable[[str], str]
) -> None:
    browser.send("/register", name="Cleo", email=EMAIL, password=PASSWORD, tz="UTC")
    assert browser.log_in(EMAIL).location == "/confirm"
    page = browser.get("/confirm").text
    assert "This address is not confirmed yet." in page
    assert browser.send("/confirm", email=EMAIL).location == "/confirm"
    link = f"/confirm/{opened('confirm')}"

    # A program that looks into mails opens the link; only a person presses the button.
    assert "Confirm" in browser.get(link).text
    assert browser.log_in(EMAIL).location == "/confirm"
    assert browser.send(link).location == "/login"

    assert browser.log_in(EMAIL).location == "/"
    assert "Hello, Cleo" in browser.get("/").text
    assert browser.send(link).location == "/confirm"
    assert "was used already, or is too old" in browser.get("/confirm").text


def test_a_forgotten_password_is_changed_through_the_pages(
    browser: Browser, ann: Runner, opened: Callable[[str], str]
) -> None:
    assert 'href="/forgot"' in browser.get("/login").text
    said = []
    for email in ("nobody@example.com", ann.email):
        assert browser.send("/forgot", email=email).location == "/login"
        said += re.findall(r'class="flash"[^>]*>([^<]+)', browser.get("/login").text)
    assert said[0] == said[1]
    link = f"/reset/{opened('reset')}"

    assert browser.send(link, password="short").status_code == 422
    assert browser.send(link, password="better horse").location == "/login"

    assert browser.send(link, password="other horse").location == "/forgot"
    assert browser.log_in(ann.email, "better horse").location == "/"


def test_an_account_is_deleted_by_who_knows_its_password(at_home: Browser, ann: Runner) -> None:
    page = "/profile/delete"
    assert 'href="/profile/delete"' in at_home.get("/profile").text

    assert at_home.send(page, password="wrong horse").status_code == 422
    assert accounts.runner(ann.id) == ann
    assert at_home.send(page, password=PASSWORD).location == "/"

    assert "Your account is deleted." in at_home.get("/").text
    assert at_home.get("/runs").status_code == 302
    assert accounts.runners([ann.id]) == {}


def test_the_owner_of_an_installation_needs_no_mail(browser: Browser, cleo: Runner) -> None:
    run = browser.client.application.test_cli_runner().invoke

    confirmed = run(args=["confirm", "Cleo@example.com"])
    assert (confirmed.exit_code, confirmed.output) == (0, f"Cleo <{EMAIL}> is confirmed.\n")
    assert not accounts.authenticate(EMAIL, PASSWORD).is_admin

    assert run(args=["admin", EMAIL]).output == f"Cleo <{EMAIL}> is an administrator.\n"
    assert accounts.authenticate(EMAIL, PASSWORD).is_admin
    unknown = run(args=["admin", "nobody@example.com"])
    assert (unknown.exit_code, unknown.output) == (
        1,
        "Error: nobody has the address nobody@example.com\n",
    )


def test_the_first_account_is_no_administrator(ann: Runner) -> None:
    assert (ann.id, ann.is_admin) == (1, False)


def test_a_new_password_ends_what_the_old_one_began(
    at_home: Browser, ann: Runner, opened: Callable[[str], str]
) -> None:
    token = accounts.create_token(ann.id, "watch")
    accounts.request_reset(ann.email)
    assert at_home.get("/profile").status_code == 200

    accounts.set_password(opened("reset"), "another horse")

    assert at_home.get("/profile").status_code == 302
    with pytest.raises(TokenRefused):
        accounts.token_owner(token)
    at_home.log_in(ann.email, "another horse")
    assert at_home.get("/profile").status_code == 200


def test_a_log_in_that_a_new_password_overtakes_lets_nobody_in(
    browser: Browser,
    ann: Runner,
    opened: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = service.is_password
    accounts.request_reset(ann.email)
    link = opened("reset")

    def overtaken(password: str, hashed: str | None) -> bool:
        is_right = check(password, hashed)
        accounts.set_password(link, "another horse")
        return is_right

    with monkeypatch.context() as slow:
        slow.setattr(service, "is_password", overtaken)
        browser.log_in(ann.email, PASSWORD)

    assert browser.get("/profile").status_code == 302
    assert accounts.authenticate(ann.email, "another horse") == ann


def test_a_token_that_a_new_password_overtakes_is_not_made(
    ann: Runner, opened: Callable[[str], str]
) -> None:
    _, key = accounts.begin_session(ann.email, PASSWORD)
    accounts.request_reset(ann.email)
    accounts.create_token(ann.id, "before", key=key)

    accounts.set_password(opened("reset"), "another horse")

    with pytest.raises(NoSuchRunner):
        accounts.create_token(ann.id, "after", key=key)
    assert accounts.tokens(ann.id) == []

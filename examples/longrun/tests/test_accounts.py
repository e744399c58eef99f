"""longrun.accounts: registering, logging in, profiles."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import pytest
from longrun.errors import BadCredentials, EmailTaken, Invalid, NoSuchRunner
from longrun.model import ProfileChanges, Runner

from longrun import accounts

PASSWORD = "correct horse"


def test_a_confirmed_runner_can_log_in(ann: Runner) -> None:
    assert accounts.authenticate("ann@example.com", PASSWORD) == ann
    assert ann.confirmed


def test_an_address_is_the_same_in_any_case_and_with_spaces_around(ann: Runner) -> None:
    assert accounts.authenticate("  ANN@Example.COM ", PASSWORD) == ann


def test_a_second_account_for_an_address_is_refused(ann: Runner) -> None:
    with pytest.raises(EmailTaken, match="has an account already") as caught:
        accounts.register("Ann@example.com", PASSWORD, "Other", "UTC")

    assert caught.value.email == ann.email


def test_of_many_who_register_an_address_at_once_one_gets_it() -> None:
    def attempt(number: int) -> str:
        try:
            accounts.register("same@example.com", PASSWORD, f"Runner {number}")
        except EmailTaken:
            return "taken"
        return "made"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(attempt, range(6)))

    assert sorted(outcomes) == ["made", *["taken"] * 5]


@pytest.mark.parametrize(
    "email",
    ["", "ann", "ann@", "@example.com", "ann@example", "a b@example.com", "a@b@example.com"],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid, match="e-mail address") as caught:
        accounts.register(email, PASSWORD, "Ann")

    assert caught.value.field == "email"


@pytest.mark.parametrize("password", ["", "seven77", "x" * 257], ids=["none", "short", "endless"])
def test_a_password_has_a_length(password: str) -> None:
    with pytest.raises(Invalid, match="8 to 256") as caught:
        accounts.register("ann@example.com", password, "Ann")

    assert caught.value.field == "password"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
def test_a_name_is_something_to_read(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.register("ann@example.com", PASSWORD, name)

    assert caught.value.field == "name"


@pytest.mark.parametrize("tz", ["", "Mars/Olympus", "../../etc/passwd", "europe/paris "])
def test_a_time_zone_is_one_that_exists(tz: str) -> None:
    with pytest.raises(Invalid, match="time zone") as caught:
        accounts.register("ann@example.com", PASSWORD, "Ann", tz)

    assert caught.value.field == "tz"


def test_the_password_is_nowhere_in_the_database(ann: Runner, stored: Callable[[], bytes]) -> None:
    kept = stored()

    assert ann.email.encode() in kept
    assert PASSWORD.encode() not in kept
    assert b"scrypt$" in kept


def test_a_runner_carries_no_secret(ann: Runner) -> None:
    names = {field.name for field in fields(ann)}

    assert names == {"id", "email", "name", "tz", "units", "max_hr", "confirmed", "is_admin",
                     "language", "rest_hr", "born", "sex", "weight_kg"}  # fmt: skip
    assert "scrypt" not in repr(ann)


def test_two_runners_with_one_password_have_different_hashes(
    ann: Runner, bob: Runner, stored: Callable[[], bytes]
) -> None:
    kept = stored()
    hashes = {part[:60] for part in kept.split(b"scrypt$")[1:]}

    assert ann.id != bob.id
    assert len(hashes) == 2


def test_a_wrong_password_and_an_unknown_address_get_one_answer(ann: Runner) -> None:
    with pytest.raises(BadCredentials) as wrong:
        accounts.authenticate(ann.email, "wrong horse")
    with pytest.raises(BadCredentials) as unknown:
        accounts.authenticate("nobody@example.com", "wrong horse")

    assert str(wrong.value) == str(unknown.value)
    assert wrong.value.args == unknown.value.args


def test_an_unknown_address_costs_a_hash_as_a_wrong_password_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # With a cost that scrypt refuses, its error shows that a hash was about to be made.
    monkeypatch.setenv("LONGRUN_SCRYPT_LOG_N", "0")

    with pytest.raises(ValueError, match="n must be"):
        accounts.authenticate("nobody@example.com", "wrong horse")


def test_a_hash_costs_what_an_attacker_should_pay(
    stored: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LONGRUN_SCRYPT_LOG_N")

    eve = accounts.register("eve@example.com", "correct horse", "Eve", confirmed=True)

    kept = stored()
    assert b"scrypt$15$8$1$" in kept
    assert accounts.authenticate(eve.email, "correct horse") == eve


def test_a_password_that_is_too_long_is_wrong_not_an_error(ann: Runner) -> None:
    with pytest.raises(BadCredentials):
        accounts.authenticate(ann.email, "x" * 1_000_000)


def test_a_runner_is_found_by_number(ann: Runner) -> None:
    assert accounts.runner(ann.id) == ann


def test_an_unknown_number_is_said(ann: Runner) -> None:
    with pytest.raises(NoSuchRunner, match="no runner 4711") as caught:
        accounts.runner(4711)

    assert caught.value.runner_id == 4711


def test_many_runners_come_in_one_call_and_unknown_ones_are_left_out(
    ann: Runner, bob: Runner
) -> None:
    assert accounts.runners([bob.id, ann.id, 4711]) == {ann.id: ann, bob.id: bob}
    assert accounts.runners([]) == {}


def test_a_profile_is_changed_as_a_whole(ann: Runner) -> None:
    changed = accounts.update_profile(
        ann.id, ProfileChanges("  Ann   Mary ", "Asia/Tokyo", "mi", 188)
    )

    assert (changed.name, changed.tz, changed.units, changed.max_hr) == (
        "Ann Mary",
        "Asia/Tokyo",
        "mi",
        188,
    )
    assert accounts.runner(ann.id) == changed


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (ProfileChanges("", "UTC", "km", None), "name"),
        (ProfileChanges("Ann", "Nowhere", "km", None), "tz"),
        (ProfileChanges("Ann", "UTC", "furlongs", None), "units"),
        (ProfileChanges("Ann", "UTC", "km", 12), "max_hr"),
    ],
    ids=["name", "tz", "units", "max_hr"],
)
def test_a_profile_that_cannot_be_kept_changes_nothing(
    ann: Runner, changes: ProfileChanges, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.update_profile(ann.id, changes)

    assert caught.value.field == field
    assert accounts.runner(ann.id) == ann


def test_nobody_has_no_profile() -> None:
    with pytest.raises(NoSuchRunner):
        accounts.update_profile(4711, ProfileChanges("Ann", "UTC", "km", None))


@pytest.mark.parametrize(
    "address",
    [
        "=?utf-8?q?x=0d=0abcc:v=40w.de?=@evil.co",
        "a\u200b@b.co",
        "a\u00ad@b.co",
        "a\x7f@b.co",
        "a,b@c.co",
        "<a>@b.co",
        '"a b"@c.co',
    ],
)
def test_an_address_holds_nothing_that_a_header_has_a_meaning_for(address: str) -> None:
    with pytest.raises(Invalid):
        accounts.register(address, PASSWORD, "Ann")

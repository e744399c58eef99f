"""longrun.notify: the outbox, delivery to a real SMTP server, what is heard from the accounts."""

import email
import email.policy
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from flask import g
from longrun.errors import Invalid
from longrun.model import Attachment, Mail, MailPreferences, Runner
from longrun.signals import account_deleted, reset_requested, user_registered

from conftest import Browser
from longrun import notify

MINUTE = timedelta(minutes=1)


class Postbox:
    """What a mail server took, and how it answers: `answers` are used up first."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, to: str, _opts: Any
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        mail["X-Rcpt"] = ",".join(envelope.rcpt_tos)
        self.mails.append(mail)
        return "250 OK"


class Anywhere(Controller):
    """A server at a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def postbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Postbox]:
    box = Postbox()
    server = Anywhere(box, hostname="127.0.0.1", port=0)
    server.start()
    monkeypatch.setenv("LONGRUN_SMTP", f"smtp://127.0.0.1:{server.port}")
    yield box
    server.stop()


def flush(after: timedelta = timedelta()) -> int:
    return notify.flush_outbox(datetime.now(UTC) + after)


def only() -> Mail:
    (mail,) = notify.outbox()
    return mail


def test_a_mail_is_sent_once_with_what_goes_with_it(postbox: Postbox) -> None:
    file = Attachment("März.pdf", "application/pdf", b"%PDF-1.4")

    number = notify.send("ann@example.com", "Your März", "Hello Ann,\nwell run.\n", [file])

    assert (flush(), flush(), flush(timedelta(days=1))) == (1, 0, 0)
    (mail,) = postbox.mails
    assert mail["X-Rcpt"] == mail["To"] == "ann@example.com"
    assert mail["Subject"] == "Your März"
    assert mail["Message-ID"].startswith(f"<{number}@")
    body = mail.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "Hello Ann,\nwell run.\n"
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("März.pdf", b"%PDF-1.4")
    assert (only().state, only().attempts) == ("sent", 1)


def test_a_key_is_kept_once(postbox: Postbox) -> None:
    assert not notify.knows("month:1")

    first = notify.send("ann@example.com", "a", "a", key="month:1")
    again = notify.send("ann@example.com", "b", "b", key="month:1")

    assert (first, notify.knows("month:1")) == (again, True)
    assert flush() == 1
    assert notify.send("ann@example.com", "c", "c", key="month:1") == first
    assert [mail["Subject"] for mail in postbox.mails] == ["a"]


def test_several_consumers_send_each_mail_once(postbox: Postbox) -> None:
    for number in range(12):
        notify.send("ann@example.com", f"{number}", "x")

    with ThreadPoolExecutor(4) as pool:
        sent = sum(pool.map(lambda _: flush(), range(4)))

    assert sent == 12
    assert sorted(int(mail["Subject"]) for mail in postbox.mails) == list(range(12))


def test_a_mail_that_fails_is_tried_again_later_and_later(postbox: Postbox) -> None:
    notify.send("ann@example.com", "Hello", "x")
    now, pauses = datetime.now(UTC), []
    postbox.answers = ["451 busy"] * 12

    for _ in range(11):
        assert notify.flush_outbox(now) == 0
        assert notify.flush_outbox(only().next_at - timedelta(seconds=1)) == 0
        pauses.append((only().next_at - now) / MINUTE)
        now = only().next_at

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    assert "busy" in only().error
    postbox.answers = []
    assert notify.flush_outbox(now) == 1
    assert (only().state, only().error) == ("sent", "")


def test_a_mail_is_given_up_after_three_days_and_says_why(postbox: Postbox) -> None:
    notify.send("ann@example.com", "Hello", "x")
    begun, now = datetime.now(UTC), datetime.now(UTC)
    postbox.answers = ["451 busy"] * 50

    while only().state == "waiting":
        notify.flush_outbox(now)
        now = only().next_at

    assert only().state == "given up"
    assert timedelta(days=2, hours=17) < now - begun < timedelta(days=3, hours=7)


def test_an_address_that_does_not_exist_is_not_tried_again(postbox: Postbox) -> None:
    notify.send("nobody@example.com", "Hello", "x")
    notify.send("ann@example.com", "Hello", "x")
    postbox.answers = ["550 no such user"]

    assert flush() == 1
    assert {mail.to: mail.state for mail in notify.outbox()} == {
        "nobody@example.com": "given up",
        "ann@example.com": "sent",
    }


def test_a_server_that_is_away_loses_nothing(
    postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setenv("LONGRUN_SMTP", "smtp://127.0.0.1:1")
        notify.send("ann@example.com", "Hello", "x")
        assert flush() == 0
        assert "refused" in only().error

    assert flush(2 * MINUTE) == 1


def test_who_sends_holds_the_mail_until_the_lease_ends(
    postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from longrun.notify import delivery

    notify.send("ann@example.com", "Hello", "x")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr(delivery, "deliver", crash)
        with pytest.raises(KeyboardInterrupt):
            flush()

    assert (flush(), flush(4 * MINUTE)) == (0, 0)
    assert flush(6 * MINUTE) == 1


def test_a_password_is_given_to_a_server_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    box, seen = Postbox(), []

    def check(_server: Any, _session: Any, _envelope: Any, _kind: str, data: Any) -> AuthResult:
        seen.append((data.login, data.password))
        return AuthResult(success=True)

    server = Anywhere(
        box, hostname="127.0.0.1", port=0, authenticator=check, auth_require_tls=False,
    )  # fmt: skip
    server.start()
    monkeypatch.setenv("LONGRUN_SMTP", f"smtp://long%40run:p%3Ass@127.0.0.1:{server.port}")
    notify.send("ann@example.com", "Hello", "x")

    assert flush() == 1
    server.stop()
    assert seen == [(b"long@run", b"p:ss")]


def test_without_a_server_mails_are_files_that_a_person_can_open(tmp_path: Path) -> None:
    number = notify.send("ann@example.com", "Hello", "Open this.")

    path = tmp_path / "instance" / "mail" / f"{number}.eml"
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (mail["To"], mail["Subject"]) == ("ann@example.com", "Hello")
    assert path.stat().st_mode & 0o077 == 0
    assert (only().state, flush()) == ("filed", 0)


EVIL = "Ann\r\nBcc: all@example.com\r\n\r\nBuy\x00\x85\u2028this"


def test_a_subject_and_a_filename_cannot_write_headers(postbox: Postbox) -> None:
    file = Attachment(EVIL, "text/plain", b"x")

    notify.send("ann@example.com", EVIL, "x", [file])

    assert flush() == 1
    (mail,) = postbox.mails
    assert mail["X-Rcpt"] == "ann@example.com"
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Ann Bcc: all@example.com Buy this"


@pytest.mark.parametrize(
    "to", ["ann@example.com\r\nBcc: all@example.com", "ann\n@example.com", "no address", ""]
)
def test_an_address_with_a_line_break_or_none_is_refused(to: str) -> None:
    with pytest.raises(Invalid, match="is not an e-mail address"):
        notify.send(to, "Hello", "x")

    assert notify.outbox() == []


def test_an_address_is_one_address_whatever_it_holds(postbox: Postbox) -> None:
    notify.send("all@example.com,ann@example.com", "Hello", "x")

    assert flush() == 1
    assert postbox.mails[0]["X-Rcpt"] == '"all@example.com,ann"@example.com'


def test_an_address_that_the_server_cannot_take_is_given_up_and_nothing_stops(
    postbox: Postbox,
) -> None:
    notify.send("änn@example.com", "Hello", "x")
    notify.send("ann@example.com", "Hello", "x")

    assert flush() == 1
    assert {mail.state for mail in notify.outbox()} == {"given up", "sent"}


def test_who_registers_gets_a_link_to_confirm_exactly_once(
    postbox: Postbox, ann: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGRUN_URL", "https://run.example/")
    before = len(notify.outbox())

    user_registered.send("longrun.accounts", runner=ann, token="t0k")

    assert len(notify.outbox()) == before + 1
    flush()
    assert postbox.mails[-1]["To"] == ann.email
    assert "https://run.example/confirm/t0k\n" in text_of(postbox.mails[-1])


def test_who_forgot_the_password_gets_a_link_to_a_new_one(postbox: Postbox, ann: Runner) -> None:
    reset_requested.send("longrun.accounts", runner=ann, token="n3w")

    flush()
    assert "http://127.0.0.1:5000/reset/n3w\n" in text_of(postbox.mails[-1])


def test_an_account_that_is_deleted_leaves_no_mail_and_no_choice(ann: Runner, bob: Runner) -> None:
    for runner in (ann, bob):
        user_registered.send("longrun.accounts", runner=runner, token="t")
        notify.set_preferences(runner.id, MailPreferences(monthly_report=False))

    account_deleted.send("longrun.accounts", runner_id=ann.id)

    assert {mail.to for mail in notify.outbox()} == {bob.email}
    assert notify.preferences(ann.id) == MailPreferences()
    assert notify.preferences(bob.id) == MailPreferences(monthly_report=False)


def test_a_runner_chooses_which_mails_come(at_home: Browser, ann: Runner) -> None:
    assert at_home.get("/profile").text.count('type="checkbox"') == 2
    assert at_home.get("/profile").text.count(" checked aria-describedby") == 2

    assert at_home.send("/profile", to="/profile/mail", reminders="on").status_code == 302

    assert notify.preferences(ann.id) == MailPreferences(monthly_report=False, reminders=True)
    assert at_home.get("/profile").text.count(" checked aria-describedby") == 1


def test_the_outbox_is_for_those_who_look_after_the_place(at_home: Browser) -> None:
    assert at_home.get("/admin/outbox").status_code == 403


def test_the_outbox_says_what_became_of_each_mail(browser: Browser, ann: Runner) -> None:
    admin = Runner(ann.id, ann.email, ann.name, ann.tz, "km", None, True, is_admin=True)

    @browser.client.application.before_request
    def _log_in() -> None:
        g.runner = admin

    notify.send("bob@example.com", "Hello <b>", "x")
    page = browser.get("/admin/outbox").text

    assert "Hello &lt;b&gt;" in page
    assert "There is no mail server" in page
    assert re.search(r"<td>\s*filed\s*</td>", page)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body()
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")

"""How a mail is written, and how it leaves: by SMTP, or as a file where there is no server."""

import os
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from smtplib import SMTP, SMTP_SSL, SMTPException
from typing import Final
from urllib.parse import unquote, urlsplit

from longrun import db
from longrun.errors import Invalid
from longrun.model import Attachment

# A server that says nothing for so long is away; there is a lease on the mail meanwhile.
SMTP_SECONDS: Final = 15
_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


def server() -> str:
    """Return the mail server as a URL: `LONGRUN_SMTP`, or nothing."""
    return os.environ.get("LONGRUN_SMTP", "")


def link(path: str) -> str:
    """Return the address of a page of this installation: `LONGRUN_URL` says where it is."""
    return os.environ.get("LONGRUN_URL", "http://127.0.0.1:5000").rstrip("/") + path


def write(
    number: str, to: str, subject: str, text: str, files: Sequence[Attachment], *, at: datetime
) -> bytes:
    """Return the mail as it travels. Its Message-ID is made of `number`, so it is always the same.

    Raises:
        Invalid: This is no address that mail can be sent to.
    """
    message = EmailMessage(POLICY)
    message["From"] = sender = _sender()
    message["To"] = _address(to)
    message["Subject"] = one_line(subject)
    message["Date"] = at
    message["Message-ID"] = f"<{number}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    for file in files:
        main, _, sub = file.kind.partition("/")
        name = one_line(file.filename)
        message.add_attachment(file.data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def one_line(text: str) -> str:
    """Return the text without anything that could end a header."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:200]


def deliver(number: str, to: str, message: bytes) -> None:
    """Hand one mail over, or write it where a person can open it.

    Raises:
        OSError: The server is away, or refuses (SMTPException).
        ValueError: The mail cannot be sent by this server at all.
    """
    if server():
        with _connect(server()) as smtp:
            smtp.sendmail(_sender().addr_spec, [_address(to).addr_spec], message)
        return
    directory = db.instance_dir() / "mail"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = directory / f".{number}"
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(message)
    unfinished.rename(directory / f"{number}.eml")


def _connect(url: str) -> SMTP:
    parts = urlsplit(url)
    host, context = parts.hostname or "localhost", ssl.create_default_context()
    smtp: SMTP
    if parts.scheme == "smtps":
        smtp = SMTP_SSL(host, parts.port or 465, timeout=SMTP_SECONDS, context=context)
    else:
        smtp = SMTP(host, parts.port or 25, timeout=SMTP_SECONDS)
        smtp.ehlo_or_helo_if_needed()
        if smtp.has_extn("starttls"):
            smtp.starttls(context=context)
        elif parts.username and host not in _LOOPBACK:
            smtp.close()
            raise SMTPException("the server offers no TLS, and the password is not sent without")
    if parts.username:
        smtp.login(unquote(parts.username), unquote(parts.password or ""))
    return smtp


def _sender() -> Address:
    return _address(os.environ.get("LONGRUN_MAIL_FROM", "longrun@localhost"))


def _address(text: str) -> Address:
    # Parts are quoted where they need it, and a line break in one is refused.
    user, _, domain = text.rpartition("@")
    if user and domain and text.isprintable():
        return Address(username=user, domain=domain)
    raise Invalid("to", f"{text!r} is not an e-mail address")

"""What the packages raise: each carries what a person needs to understand it and act on it."""

# ruff: noqa: N818 - the errors are named for what happened: a file is bad, an e-mail is taken

from dataclasses import dataclass
from typing import ClassVar


@dataclass(eq=False)
class LongrunError(Exception):
    """Something a person can understand and act on; `text` is how it is said, from its fields."""

    code: ClassVar[str] = "error"
    text: ClassVar[str] = ""

    def __str__(self) -> str:
        return self.text.format(self)


@dataclass(eq=False)
class BadFile(LongrunError):
    """A file is not a recording this application can read."""

    code = "bad-file"
    text = "{0.reason}"
    reason: str


@dataclass(eq=False)
class Invalid(LongrunError):
    """A field of a form has a value that cannot be kept."""

    code = "invalid"
    text = "{0.reason}"
    field: str
    reason: str


@dataclass(eq=False)
class EmailTaken(LongrunError):
    """There is an account with this e-mail address already."""

    code = "email-taken"
    text = "{0.email} has an account already"
    email: str


@dataclass(eq=False)
class BadCredentials(LongrunError):
    """The e-mail address and the password do not belong together. It never says which is wrong."""

    code = "bad-credentials"
    text = "e-mail address or password is wrong"


@dataclass(eq=False)
class NoSuchRunner(LongrunError):
    """No account has this number."""

    code = "no-such-runner"
    text = "there is no runner {0.runner_id}"
    runner_id: int


@dataclass(eq=False)
class NotYours(LongrunError):
    """The activity belongs to somebody else, or to nobody: the answer is the same."""

    code = "not-yours"
    text = "you have no activity {0.activity_id}"
    activity_id: int


@dataclass(eq=False)
class Duplicate(LongrunError):
    """The recording is in the log already, as `activity_id`."""

    code = "duplicate"
    text = "this recording is in the log already, as activity {0.activity_id}"
    activity_id: int


@dataclass(eq=False)
class NoSuchRace(LongrunError):
    """No race has this number."""

    code = "no-such-race"
    text = "there is no race {0.race_id}"
    race_id: int


@dataclass(eq=False)
class PlanTooShort(LongrunError):
    """The race is too soon for what the runner ran lately."""

    code = "plan-too-short"
    text = "from where you are it takes {0.weeks_needed} weeks to train for this race"
    weeks_needed: int


class NotConfirmed(LongrunError):
    """The password is right, but nobody opened the link in the mail to this address yet."""

    code = "not-confirmed"
    text = "this address is not confirmed yet"


class BadLink(LongrunError):
    """A link from a mail was used already, is too old, or never was one."""

    code = "bad-link"
    text = "this link was used already, or is too old"


@dataclass(eq=False)
class TokenRefused(LongrunError):
    """No token is given, or none accepted; `error` is the word that OAuth has for it."""

    code = "token-refused"
    text = "{0.reason}"
    error: str
    reason: str

"""The values that the packages hand to each other, and the errors they raise. No I/O."""

# ruff: noqa: N818 - the errors are named for what happened: a file is bad, an e-mail is taken

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Literal

Units = Literal["km", "mi"]


class Sport(StrEnum):
    """What somebody did. Only a run earns best efforts."""

    RUN = "run"
    WALK = "walk"
    RIDE = "ride"
    SWIM = "swim"
    OTHER = "other"


class Source(StrEnum):
    """The kind of file a recording came from."""

    GPX = "gpx"
    FIT = "fit"
    TCX = "tcx"


@dataclass(frozen=True, slots=True)
class Runner:
    """A person with an account. It never carries the password's hash."""

    id: int
    email: str
    name: str
    tz: str
    units: Units
    max_hr: int | None
    confirmed: bool
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """What the profile page sets, all of it at once."""

    name: str
    tz: str
    units: Units
    max_hr: int | None


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """One sample of a recording.

    Attributes:
        t: Seconds since the recording began.
        d: Metres covered so far; nothing is added across a gap.
        lat: Degrees, or None where the device had no position.
        lon: Degrees, or None where the device had no position.
        ele: Metres above the sea.
        hr: Heart beats a minute.
        cad: Steps a minute.
        gap: The recording was interrupted just before this point.
    """

    t: float
    d: float
    lat: float | None = None
    lon: float | None = None
    ele: float | None = None
    hr: int | None = None
    cad: int | None = None
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Recording:
    """One activity as a file told it; `started_at` is in UTC."""

    source: Source
    sport: Sport
    started_at: datetime
    points: Sequence[TrackPoint]
    title: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity in the log; `started_at` is in UTC, distances in metres, times in seconds."""

    id: int
    runner_id: int
    title: str
    notes: str
    sport: Sport
    started_at: datetime
    distance_m: float
    moving_s: float
    elapsed_s: float
    climb_m: float
    avg_hr: int | None
    max_hr: int | None
    source: Source
    device: str
    digest: str


@dataclass(frozen=True, slots=True)
class ActivityChanges:
    """What a runner may change about an activity."""

    title: str
    notes: str
    sport: Sport


@dataclass(frozen=True, slots=True)
class Split:
    """One kilometre of an activity; the last may be shorter than `distance_m` = 1000."""

    km: int
    distance_m: float
    seconds: float
    climb_m: float
    avg_hr: int | None


@dataclass(frozen=True, slots=True)
class Best:
    """The fastest time over a distance; `on` is the day where the runner lives."""

    distance_m: float
    seconds: float
    activity_id: int
    on: date


@dataclass(frozen=True, slots=True)
class Week:
    """The runs of one week, which starts on a Monday."""

    start: date
    count: int
    distance_m: float


@dataclass(frozen=True, slots=True)
class Period:
    """The runs from `start` up to and without `end`, both days where the runner lives."""

    start: date
    end: date
    count: int
    distance_m: float
    moving_s: float
    climb_m: float
    by_week: tuple[Week, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A finished document."""

    filename: str
    pdf: bytes
    pages: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail; `kind` is a content type such as application/pdf."""

    filename: str
    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in the outbox; `state` is waiting, sent, filed (there is no server) or given up."""

    to: str
    subject: str
    state: str
    attempts: int
    error: str
    created_at: datetime
    next_at: datetime


@dataclass(frozen=True, slots=True)
class MailPreferences:
    """Which mails a runner wants, besides those that an account needs."""

    monthly_report: bool = True
    reminders: bool = True


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """One recording in an archive: its place in the directory, its name, its title if known."""

    index: int
    name: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of one file; `outcome` is waiting, added, duplicate or bad."""

    name: str
    outcome: str
    activity_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ImportJob:
    """An upload that is worked on, and how many of its files came to each outcome.

    Attributes:
        is_listed: The archives were opened, so that every file is counted.
        is_attended: Something works on the imports of this installation.
        files: Some of the files, those that need a look first.
    """

    id: int
    created_at: datetime
    is_finished: bool
    is_listed: bool
    is_attended: bool
    counts: dict[str, int]
    files: tuple[ImportedFile, ...] = ()


class LongrunError(Exception):
    """Something a person can understand and act on."""

    code: ClassVar[str] = "error"


class BadFile(LongrunError):
    """A file is not a recording this application can read."""

    code = "bad-file"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Invalid(LongrunError):
    """A field of a form has a value that cannot be kept."""

    code = "invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


class EmailTaken(LongrunError):
    """There is an account with this e-mail address already."""

    code = "email-taken"

    def __init__(self, email: str) -> None:
        super().__init__(email)
        self.email = email

    def __str__(self) -> str:
        return f"{self.email} has an account already"


class BadCredentials(LongrunError):
    """The e-mail address and the password do not belong together. It never says which is wrong."""

    code = "bad-credentials"

    def __str__(self) -> str:
        return "e-mail address or password is wrong"


class NoSuchRunner(LongrunError):
    """No account has this number."""

    code = "no-such-runner"

    def __init__(self, runner_id: int) -> None:
        super().__init__(runner_id)
        self.runner_id = runner_id

    def __str__(self) -> str:
        return f"there is no runner {self.runner_id}"


class NotYours(LongrunError):
    """The activity belongs to somebody else, or to nobody: the answer is the same."""

    code = "not-yours"

    def __init__(self, activity_id: int) -> None:
        super().__init__(activity_id)
        self.activity_id = activity_id

    def __str__(self) -> str:
        return f"you have no activity {self.activity_id}"


class Duplicate(LongrunError):
    """The recording is in the log already, as `activity_id`."""

    code = "duplicate"

    def __init__(self, activity_id: int) -> None:
        super().__init__(activity_id)
        self.activity_id = activity_id

    def __str__(self) -> str:
        return f"this recording is in the log already, as activity {self.activity_id}"

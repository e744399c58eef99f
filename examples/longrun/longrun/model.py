"""The values that the packages hand to each other. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

Units = Literal["km", "mi"]
Sex = Literal["f", "m"]


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
    rest_hr: int | None = None
    born: date | None = None
    sex: Sex | None = None
    weight_kg: float | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """What the profile page sets, all of it at once."""

    name: str
    tz: str
    units: Units
    max_hr: int | None
    rest_hr: int | None = None
    born: date | None = None
    sex: Sex | None = None
    weight_kg: float | None = None
    language: str = "en"


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
class Fitness:
    """What training did by a day: `load` of the day, fitness `ctl`, fatigue `atl`, form `tsb`."""

    day: date
    load: float
    ctl: float
    atl: float
    tsb: float


@dataclass(frozen=True, slots=True)
class Report:
    """A finished document."""

    filename: str
    pdf: bytes
    pages: int


class WorkoutKind(StrEnum):
    """What a planned run is for."""

    EASY = "easy"
    LONG = "long"
    TEMPO = "tempo"
    INTERVALS = "intervals"
    RACE = "race"


@dataclass(frozen=True, slots=True)
class Race:
    """A race that everybody sees; `added_by` is None once that runner's account is gone."""

    id: int
    name: str
    on: date
    distance_m: float
    location: str
    url: str
    added_by: int | None


@dataclass(frozen=True, slots=True)
class Goal:
    """What a runner wants of a race and can give: `days` are weekdays, 0 is Monday."""

    target_s: float | None
    days: frozenset[int]
    max_hours: float


@dataclass(frozen=True, slots=True)
class Workout:
    """One planned run.

    Attributes:
        distance_m: All of it, of which `hard_m` in the pace of a hard workout.
        pace_s_per_km: From and to; of the hard part, where there is one.
        done_by: The activity that was this run.
    """

    race_id: int
    on: date
    kind: WorkoutKind
    distance_m: float
    hard_m: float
    pace_s_per_km: tuple[float, float]
    text: str
    done_by: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The way to a race, oldest workout first; none are left once the runner left the race."""

    race: Race
    goal: Goal
    workouts: tuple[Workout, ...]


@dataclass(frozen=True, slots=True)
class Paces:
    """Seconds for a kilometre by purpose; easy runs lie between two."""

    easy: tuple[float, float]
    marathon: float
    threshold: float
    interval: float
    repetition: float


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A personal token as its runner sees it: the token itself was told once, when it was made."""

    id: int
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a registered client was given: a signed token, good for `expires_in` seconds."""

    token: str
    expires_in: int
    scope: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a client's token says, once its signature, audience and time were found right."""

    client_id: str
    audience: str
    scopes: frozenset[str]
    expires_at: datetime


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
    """One recording in an archive: its place in the directory, and its name.

    Title and sport are what the archive's table says of it, if it does.
    """

    index: int
    name: str
    title: str = ""
    sport: Sport | None = None


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

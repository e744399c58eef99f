"""What every format says in its own words, and how it becomes a Recording. Pure."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from longrun.errors import BadFile
from longrun.model import Recording, Source, Sport, TrackPoint

# Fourteen hours at one point a second.
MAX_POINTS: Final = 50_000
# The longest race has a limit of some days; more is a watch with a wrong clock.
MAX_DAYS: Final = 7
EARTH_M: Final = 6_371_000
_FIRST: Final = datetime(1990, 1, 1, tzinfo=UTC)
# A clock that was reset is years ahead or behind; one that is some days wrong is not told apart.
_AHEAD: Final = timedelta(days=31)
# Signs are made of several with these, as some letters of Hindi and Persian are.
_JOINERS: Final = "\u200c\u200d"
# Longer than this without a sample: the recording was interrupted, whatever the file calls it.
_SILENCE_S: Final = 600


@dataclass(slots=True)
class Sample:
    """One moment as a file tells it; `metres` is the device's own count."""

    at: datetime
    lat: float | None = None
    lon: float | None = None
    ele: float | None = None
    hr: int | None = None
    cad: int | None = None
    metres: float | None = None
    gap: bool = False


@dataclass(slots=True)
class Draft:
    """One activity as a file tells it."""

    sport: Sport = Sport.RUN
    title: str = ""
    device: str = ""
    samples: list[Sample] = field(default_factory=list)

    def append(self, sample: Sample) -> None:
        """Add a sample; more than anybody records are a `BadFile`."""
        if len(self.samples) >= MAX_POINTS:
            raise BadFile(f"a recording has more than {MAX_POINTS:,} points")
        self.samples.append(sample)


def build(source: Source, draft: Draft, filename: str) -> Recording:
    """Make a Recording: time goes forward, values are possible, distance skips the gaps.

    Raises:
        BadFile: The times are not those of an activity.
    """
    samples = _forward(draft.samples)
    if len(samples) < 2:
        raise BadFile("the file has no recording with times")
    started_at = samples[0].at
    if not _FIRST <= started_at < datetime.now(UTC) + _AHEAD:
        raise BadFile(f"the recording says it is from the year {started_at.year}")
    if samples[-1].at - started_at > timedelta(days=MAX_DAYS):
        raise BadFile(f"the recording is longer than {MAX_DAYS} days")
    title, device = _clean(draft.title or _title_of(filename)), _clean(draft.device)
    points = tuple(_points(samples))
    return Recording(source, draft.sport, started_at, points, title[:120], device[:80])


def metres_between(a: Sample, b: Sample) -> float:
    """Return the distance over ground; 0 where one of them has no position."""
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        return 0.0
    lat = math.radians(b.lat - a.lat)
    lon = math.radians(b.lon - a.lon)
    scale = math.cos(math.radians(a.lat)) * math.cos(math.radians(b.lat))
    h = math.sin(lat / 2) ** 2 + scale * math.sin(lon / 2) ** 2
    return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(h)))


def number(text: str, low: float, high: float) -> float | None:
    """Return the number in `text`, or None if it is none between `low` and `high`."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if low <= value <= high else None


def _forward(samples: Sequence[Sample]) -> list[Sample]:
    """Drop samples that do not come after the one before; their gap marks the next one."""
    kept: list[Sample] = []
    pending = False
    for sample in samples:
        if kept and sample.at <= kept[-1].at:
            pending = pending or sample.gap
            continue
        silent = bool(kept) and (sample.at - kept[-1].at).total_seconds() > _SILENCE_S
        sample.gap = bool(kept) and (sample.gap or pending or silent)
        pending = False
        kept.append(sample)
    return kept


def _points(samples: Sequence[Sample]) -> Iterator[TrackPoint]:
    counted = sum(sample.metres is not None for sample in samples) > 0.9 * len(samples)
    covered, metres = 0.0, samples[0].metres or 0.0
    # A point without a position does not break the line: the next one is measured from `placed`.
    placed = samples[0]
    for sample in samples:
        if not counted:
            step = metres_between(placed, sample)
        elif sample.metres is None:
            step = 0.0
        else:
            step, metres = sample.metres - metres, sample.metres
        covered += 0.0 if sample.gap else max(0.0, step)
        placed = placed if sample.lat is None else sample
        t = (sample.at - samples[0].at).total_seconds()
        told = (sample.lat, sample.lon, sample.ele, sample.hr, sample.cad)
        yield TrackPoint(t, covered, *told, gap=sample.gap)


def _title_of(filename: str) -> str:
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = re.sub(r"(\.(gpx|tcx|fit|gz))+$", "", name, flags=re.IGNORECASE)
    name = re.sub(r"^\d{4}-?\d\d-?\d\d[_ -]*", "", name)
    # A name such as 2026-03-01-070000 or 8123456789 says less than "Morning run".
    return name.replace("_", " ") if re.search(r"[^\W\d]{3}", name) else ""


def _clean(text: str) -> str:
    return "".join(c for c in " ".join(text.split()) if c.isprintable() or c in _JOINERS)

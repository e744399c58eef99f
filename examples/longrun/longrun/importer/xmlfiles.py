"""GPX and TCX, read element by element. No document is built, no entity is ever defined."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.parsers import expat

from longrun.errors import BadFile
from longrun.importer.samples import Draft, Sample, number
from longrun.model import Sport

# Real files are nested eight deep.
_MAX_DEPTH: Final = 40
_MAX_TEXT: Final = 10_000
_SPORTS: Final = {
    "run": Sport.RUN, "walk": Sport.WALK, "hik": Sport.WALK, "cycl": Sport.RIDE,
    "bik": Sport.RIDE, "rid": Sport.RIDE, "swim": Sport.SWIM,
}  # fmt: skip
# Garmin's and Strava's numbers in <type>.
_NUMBERS: Final = {"9": Sport.RUN, "1": Sport.RIDE, "10": Sport.WALK}


@dataclass(frozen=True, slots=True)
class _Format:
    """What a format calls an activity, a stretch without a pause, and a point."""

    activity: str
    stretch: str
    point: str
    # An element of a point, or parent/element -> the attribute of a Sample it tells.
    values: Mapping[str, str]
    needs_place: bool
    # A new stretch is a gap only after so many seconds: laps follow each other.
    silence_s: float


_GPX_VALUES: Final = {"time": "at", "ele": "ele", "hr": "hr", "cad": "cad"}
_TCX_VALUES: Final = {
    "Time": "at", "LatitudeDegrees": "lat", "LongitudeDegrees": "lon", "AltitudeMeters": "ele",
    "DistanceMeters": "metres", "HeartRateBpm/Value": "hr", "Cadence": "cad", "RunCadence": "cad",
}  # fmt: skip
_GPX: Final = _Format("trk", "trkseg", "trkpt", _GPX_VALUES, True, -math.inf)
_TCX: Final = _Format("Activity", "Track", "Trackpoint", _TCX_VALUES, False, 10)


def read_gpx(data: bytes) -> list[Draft]:
    """Read a GPX file: each track is an activity, between its segments is a gap."""
    return _Reader(_GPX).read(data)


def read_tcx(data: bytes) -> list[Draft]:
    """Read a TCX file: laps follow each other, between their tracks is a gap."""
    return _Reader(_TCX).read(data)


def sport_of(text: str) -> Sport:
    """Return the sport a file names; a runner's log takes silence for a run."""
    text = text.strip().lower()
    if not text:
        return Sport.RUN
    if text in _NUMBERS:
        return _NUMBERS[text]
    return next((sport for part, sport in _SPORTS.items() if part in text), Sport.OTHER)


class _Reader:
    """Collects activities; a point without a time cannot be part of one."""

    def __init__(self, form: _Format) -> None:
        self._form = form
        self._drafts: list[Draft] = []
        self._creator = ""
        self._point: dict[str, str] | None = None
        self._gap = False
        # The elements that are open, each with the text in it so far.
        self._open: list[tuple[str, list[str]]] = []

    def read(self, data: bytes) -> list[Draft]:
        """Read a file, by the local names of its elements."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise BadFile(f"the file is not well-formed: {error}") from error
        return self._drafts

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise BadFile("the file is nested too deeply")
        name = name.rpartition(":")[2]
        inside = any(parent == self._form.activity for parent, _ in self._open)
        if name == "gpx":
            self._creator = attributes.get("creator", "")
        elif name == self._form.activity:
            sport = sport_of(attributes.get("Sport", ""))
            self._drafts.append(Draft(sport=sport, device=self._creator))
        elif name == self._form.stretch:
            self._gap = True
        elif name == self._form.point and inside:
            self._point = {key: attributes[key] for key in ("lat", "lon") if key in attributes}
        self._open.append((name, []))

    def _text(self, text: str) -> None:
        if self._open and sum(map(len, self._open[-1][1])) < _MAX_TEXT:
            self._open[-1][1].append(text)

    def _end(self, _: str) -> None:
        name, texts = self._open.pop()
        text = "".join(texts).strip()
        path = f"{self._open[-1][0]}/{name}" if self._open else name
        if self._point is not None:
            if name == self._form.point:
                self._add(self._point)
                self._point = None
            elif key := self._form.values.get(path) or self._form.values.get(name):
                self._point[key] = text
        elif path == "trk/name":
            self._drafts[-1].title = text
        elif path == "trk/type":
            self._drafts[-1].sport = sport_of(text)
        elif path == "Creator/Name" and self._drafts:
            self._drafts[-1].device = text

    def _add(self, point: dict[str, str]) -> None:
        at, samples = _time(point.get("at", "")), self._drafts[-1].samples

        def value(key: str, low: float, high: float) -> float | None:
            return number(point.get(key, ""), low, high)

        lat, lon = value("lat", -90, 90), value("lon", -180, 180)
        if lat is None or lon is None:
            lat = lon = None
        if at is None or (lat is None and self._form.needs_place):
            return
        hr, feet = value("hr", 20, 250), value("cad", 0, 150)
        before = samples[-1].at if samples else at
        sample = Sample(at, lat, lon, value("ele", -500, 9000))
        sample.hr = None if hr is None else round(hr)
        # Devices count the steps of one foot.
        sample.cad = None if feet is None else round(2 * feet)
        sample.metres = value("metres", 0, 2_000_000)
        sample.gap = self._gap and (at - before).total_seconds() > self._form.silence_s
        self._gap = False
        self._drafts[-1].append(sample)


def _refuse_doctype(*_: object) -> None:
    # Entities are declared here, and an entity made of entities is how 300 bytes become 3 GB.
    raise BadFile("the file declares a document type, which no recording needs")


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        return None

"""GPX and TCX, read element by element. No document is built, no entity is ever defined."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from xml.parsers import expat

from longrun.importer.samples import Draft, Sample, number
from longrun.model import BadFile, Sport

# Real files are nested eight deep.
_MAX_DEPTH: Final = 40
_MAX_TEXT: Final = 10_000
_SPORTS: Final = {
    "run": Sport.RUN,
    "walk": Sport.WALK,
    "hik": Sport.WALK,
    "cycl": Sport.RIDE,
    "bik": Sport.RIDE,
    "rid": Sport.RIDE,
    "swim": Sport.SWIM,
}
# Garmin's and Strava's numbers in <type>.
_NUMBERS: Final = {"9": Sport.RUN, "1": Sport.RIDE, "10": Sport.WALK}


def read_gpx(data: bytes) -> list[Draft]:
    """Read a GPX file: each track is an activity, between its segments is a gap."""
    reader = _Gpx()
    _feed(data, reader.start, reader.end)
    return reader.drafts


def read_tcx(data: bytes) -> list[Draft]:
    """Read a TCX file: laps follow each other, between their tracks is a gap."""
    reader = _Tcx()
    _feed(data, reader.start, reader.end)
    return reader.drafts


def sport_of(text: str) -> Sport:
    """Return the sport a file names; a runner's log takes silence for a run."""
    text = text.strip().lower()
    if not text:
        return Sport.RUN
    if text in _NUMBERS:
        return _NUMBERS[text]
    return next((sport for part, sport in _SPORTS.items() if part in text), Sport.OTHER)


class _Gpx:
    """Collects tracks; a point without a time cannot be part of an activity."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self._creator = ""
        self._point: dict[str, str] | None = None
        self._gap = False
        self._in_track = False
        self._parents: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "gpx":
            self._creator = attributes.get("creator", "")
        elif name == "trk":
            self.drafts.append(Draft(device=self._creator))
            self._in_track = True
        elif name == "trkseg":
            self._gap = True
        elif name == "trkpt" and self._in_track:
            self._point = {"lat": attributes.get("lat", ""), "lon": attributes.get("lon", "")}
        self._parents.append(name)

    def end(self, name: str, text: str) -> None:
        self._parents.pop()
        parent = self._parents[-1] if self._parents else ""
        if name == "trk":
            self._in_track = False
        elif name == "trkpt" and self._point is not None:
            self._add(self._point)
            self._point = None
        elif self._point is not None and name in {"time", "ele", "hr", "cad"}:
            self._point[name] = text
        elif parent == "trk" and name == "name":
            self.drafts[-1].title = text
        elif parent == "trk" and name == "type":
            self.drafts[-1].sport = sport_of(text)

    def _add(self, point: dict[str, str]) -> None:
        at = _time(point.get("time", ""))
        lat, lon = number(point["lat"], -90, 90), number(point["lon"], -180, 180)
        if at is None or lat is None or lon is None:
            return
        ele = number(point.get("ele", ""), -500, 9000)
        sample = Sample(at, lat, lon, ele, gap=self._gap)
        sample.hr = _whole(point.get("hr", ""), 20, 250)
        sample.cad = _steps(point.get("cad", ""))
        self._gap = False
        self.drafts[-1].append(sample)


class _Tcx:
    """Collects activities; the watch's own distance is in the file."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self._point: dict[str, str] | None = None
        self._gap = False
        self._parents: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Activity":
            self.drafts.append(Draft(sport=sport_of(attributes.get("Sport", ""))))
        elif name == "Track":
            self._gap = True
        elif name == "Trackpoint" and self.drafts:
            self._point = {}
        self._parents.append(name)

    def end(self, name: str, text: str) -> None:
        self._parents.pop()
        parent = self._parents[-1] if self._parents else ""
        if name == "Trackpoint" and self._point is not None:
            self._add(self._point)
            self._point = None
        elif self._point is not None:
            self._point["HeartRate" if parent == "HeartRateBpm" else name] = text
        elif parent == "Creator" and name == "Name" and self.drafts:
            self.drafts[-1].device = text

    def _add(self, point: dict[str, str]) -> None:
        at = _time(point.get("Time", ""))
        if at is None:
            return
        lat = number(point.get("LatitudeDegrees", ""), -90, 90)
        lon = number(point.get("LongitudeDegrees", ""), -180, 180)
        if lat is None or lon is None:
            lat = lon = None
        ele = number(point.get("AltitudeMeters", ""), -500, 9000)
        sample = Sample(at, lat, lon, ele, gap=self._gap)
        sample.metres = number(point.get("DistanceMeters", ""), 0, 2_000_000)
        # A lap's track begins where the last one ended: only a pause of the watch makes a gap.
        before = self.drafts[-1].samples[-1].at if self.drafts[-1].samples else at
        sample.gap = self._gap and (at - before).total_seconds() > 10
        sample.hr = _whole(point.get("HeartRate", ""), 20, 250)
        sample.cad = _steps(point.get("RunCadence", point.get("Cadence", "")))
        self._gap = False
        self.drafts[-1].append(sample)


def _feed(
    data: bytes, start: Callable[[str, dict[str, str]], None], end: Callable[[str, str], None]
) -> None:
    """Call `start(name, attributes)` and `end(name, text)` for each element, by local name."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    texts: list[list[str]] = []

    def on_start(name: str, attributes: dict[str, str]) -> None:
        if len(texts) >= _MAX_DEPTH:
            raise BadFile("the file is nested too deeply")
        texts.append([])
        start(_local(name), attributes)

    def on_end(name: str) -> None:
        end(_local(name), "".join(texts.pop()).strip())

    def on_text(text: str) -> None:
        if texts and sum(map(len, texts[-1])) < _MAX_TEXT:
            texts[-1].append(text)

    def on_doctype(*_: object) -> None:
        # Entities are declared here, and an entity made of entities is how 300 bytes become 3 GB.
        raise BadFile("the file declares a document type, which no recording needs")

    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.CharacterDataHandler = on_text
    parser.StartDoctypeDeclHandler = on_doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise BadFile(f"the file is not well-formed: {error}") from error


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        return None


def _whole(text: str, low: int, high: int) -> int | None:
    value = number(text, low, high)
    return None if value is None else round(value)


def _steps(text: str) -> int | None:
    """Return steps a minute: devices count one foot."""
    value = number(text, 0, 150)
    return None if value is None else round(2 * value)

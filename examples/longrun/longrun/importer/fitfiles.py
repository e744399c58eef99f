"""FIT, the watches' own format: messages in, one draft for each session out."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import fitdecode

from longrun.errors import BadFile
from longrun.importer.samples import MAX_POINTS, Draft, Sample
from longrun.importer.xmlfiles import sport_of
from longrun.model import Sport

# Every message costs about 0.2 ms, recorded point or not.
_MAX_MESSAGES: Final = 3 * MAX_POINTS
# Positions are whole numbers, 2**31 of them for half a turn.
_DEGREES: Final = 180 / 2**31


@dataclass(slots=True)
class _File(Draft):
    """One FIT file; several may be chained in what was uploaded."""

    kind: str = "activity"
    sessions: list[tuple[datetime, str]] = field(default_factory=list)
    stopped: bool = False


def read(data: bytes) -> list[Draft]:
    """Read the sessions of every file that is chained in `data`."""
    files: list[_File] = []
    # Faults of a developer's own fields are ignored: watches are full of them, and nothing here
    # reads them. A wrong checksum is not: the numbers would be.
    reader = fitdecode.FitReader(
        data, check_crc=fitdecode.CrcCheck.RAISE, error_handling=fitdecode.ErrorHandling.IGNORE
    )
    with reader:
        for count, frame in enumerate(reader):
            if count > _MAX_MESSAGES:
                raise BadFile(f"the file has more than {_MAX_MESSAGES:,} messages")
            if frame.frame_type == fitdecode.FIT_FRAME_HEADER:
                files.append(_File())
            elif frame.frame_type == fitdecode.FIT_FRAME_DATA:
                _take(files[-1], frame)
    if files and all(file.kind != "activity" for file in files):
        raise BadFile(f"this FIT file holds {files[0].kind}, not an activity")
    return [draft for file in files if file.kind == "activity" for draft in _drafts(file)]


def _take(file: _File, frame: fitdecode.FitDataMessage) -> None:
    if frame.name == "record":
        _take_record(file, frame)
    elif frame.name == "event":
        if _get(frame, "event") == "timer":
            file.stopped = str(_get(frame, "event_type")).startswith("stop") or file.stopped
    elif frame.name == "session":
        start = _get(frame, "start_time")
        if isinstance(start, datetime):
            file.sessions.append((start, str(_get(frame, "sport") or "")))
    elif frame.name == "file_id":
        file.kind = str(_get(frame, "type") or "activity")
        maker = str(_get(frame, "manufacturer") or "")
        product = str(_get(frame, "product_name") or _get(frame, "garmin_product") or "")
        file.device = f"{maker} {product}".replace("_", " ").strip().title()


def _take_record(file: _File, frame: fitdecode.FitDataMessage) -> None:
    at = _get(frame, "timestamp")
    # Before a watch knows the time it counts seconds since it was switched on: a plain number.
    if not isinstance(at, datetime):
        return
    lat, lon = _number(frame, "position_lat"), _number(frame, "position_long")
    sample = Sample(at, gap=file.stopped)
    if lat is not None and lon is not None and abs(lat * _DEGREES) <= 90:
        sample.lat, sample.lon = lat * _DEGREES, lon * _DEGREES
    precise = _get(frame, "enhanced_altitude") is not None
    sample.ele = _number(frame, "enhanced_altitude" if precise else "altitude", -500, 9000)
    sample.metres = _number(frame, "distance", 0, 2_000_000)
    hr, feet = _number(frame, "heart_rate", 20, 250), _number(frame, "cadence", 0, 150)
    sample.hr = None if hr is None else round(hr)
    sample.cad = None if feet is None else round(2 * feet)
    file.stopped = False
    file.append(sample)


def _drafts(file: _File) -> list[Draft]:
    sessions = sorted(set(file.sessions))
    if len(sessions) <= 1:
        file.sport = sport_of(sessions[0][1]) if sessions else Sport.RUN
        return [file]
    drafts = [Draft(sport=sport_of(sport), device=file.device) for _, sport in sessions]
    starts = [start for start, _ in sessions]
    for sample in file.samples:
        index = max((i for i, start in enumerate(starts) if start <= sample.at), default=0)
        drafts[index].append(sample)
    # The walk between swimming and cycling is a session too, but nothing anybody logs.
    return [d for d, (_, sport) in zip(drafts, sessions, strict=True) if sport != "transition"]


def _get(frame: fitdecode.FitDataMessage, name: str) -> object:
    return frame.get_value(name, fallback=None)


def _number(
    frame: fitdecode.FitDataMessage, name: str, low: float = -math.inf, high: float = math.inf
) -> float | None:
    value = _get(frame, name)
    return float(value) if isinstance(value, int | float) and low <= value <= high else None

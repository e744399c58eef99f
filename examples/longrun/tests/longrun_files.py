"""Recordings and files for the tests: small, made here, each with one trait."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from longrun.model import Recording, Source, Sport, TrackPoint

STARTED_AT = datetime(2026, 3, 1, 7, 0, tzinfo=UTC)
METRES_PER_DEGREE = 111_195.0


def recording(
    metres: float = 5000,
    pace: float = 300,
    *,
    started_at: datetime = STARTED_AT,
    sport: Sport = Sport.RUN,
    ele: Callable[[float], float] | None = None,
    hr: int | None = 150,
    title: str = "",
    placed: bool = True,
) -> Recording:
    """Return a run straight north at an even pace, one point every five seconds."""
    speed = 1000 / pace
    points = []
    for index in range(int(metres / speed / 5) + 1):
        d = index * 5 * speed
        points.append(
            TrackPoint(
                t=float(index * 5),
                d=d,
                lat=48 + d / METRES_PER_DEGREE if placed else None,
                lon=2.0 if placed else None,
                ele=None if ele is None else ele(d),
                hr=hr,
            )
        )
    return Recording(Source.GPX, sport, started_at, tuple(points), title=title, device="test")


def with_pause(run: Recording, at: int, seconds: float, *, gap: bool) -> Recording:
    """Return the recording with a stop before point `at`, marked by the watch or not."""
    points = [
        p if i < at else replace(p, t=p.t + seconds, gap=gap and i == at)
        for i, p in enumerate(run.points)
    ]
    return replace(run, points=tuple(points))


def gpx(body: str, head: str = '<gpx version="1.1" creator="test">') -> bytes:
    """Return a GPX file around `body`."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}{body}</gpx>'.encode()


def trkpts(
    count: int, *, start: datetime = STARTED_AT, lat: float = 48.0, step: float = 0.0001
) -> str:
    """Return points five seconds and about eleven metres apart."""
    return "".join(
        f'<trkpt lat="{lat + i * step:.6f}" lon="2.0"><time>'
        f"{start + timedelta(seconds=5 * i):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>"
        for i in range(count)
    )


def track(*segments: str, name: str = "", kind: str = "running") -> str:
    """Return one track of these segments."""
    inside = "".join(f"<trkseg>{segment}</trkseg>" for segment in segments)
    return f"<trk><name>{name}</name><type>{kind}</type>{inside}</trk>"


def simple_gpx(count: int = 300, name: str = "Home") -> bytes:
    """Return an ordinary file."""
    return gpx(track(trkpts(count), name=name))


def tcx(points: Sequence[tuple[int, float]], sport: str = "Running") -> bytes:
    """Return a TCX file of (seconds, metres), two laps of one activity."""
    rows = [
        f"<Trackpoint><Time>{STARTED_AT + timedelta(seconds=t):%Y-%m-%dT%H:%M:%S}.000Z</Time>"
        f"<Position><LatitudeDegrees>{48 + d / METRES_PER_DEGREE}</LatitudeDegrees>"
        "<LongitudeDegrees>2.0</LongitudeDegrees></Position>"
        f"<AltitudeMeters>100</AltitudeMeters><DistanceMeters>{d}</DistanceMeters>"
        "<HeartRateBpm><Value>151</Value></HeartRateBpm></Trackpoint>"
        for t, d in points
    ]
    half = len(rows) // 2
    laps = "".join(
        f"<Lap><Track>{''.join(part)}</Track></Lap>" for part in (rows[:half], rows[half:])
    )
    return (
        '<?xml version="1.0"?><TrainingCenterDatabase '
        'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>'
        f'<Activity Sport="{sport}">{laps}<Creator><Name>Forerunner</Name></Creator></Activity>'
        "</Activities></TrainingCenterDatabase>"
    ).encode()

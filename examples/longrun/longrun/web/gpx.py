"""A track as GPX, for other applications. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from xml.sax.saxutils import escape

from longrun.model import Activity, TrackPoint

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx version="1.1" creator="longrun" xmlns="http://www.topografix.com/GPX/1/1" '
    'xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">\n'
)


def write(activity: Activity, points: Sequence[TrackPoint]) -> bytes:
    """Return the file; points without a position have no place in it."""
    lines = [
        _HEAD,
        f"<trk><name>{escape(activity.title)}</name><type>{activity.sport}</type><trkseg>\n",
    ]
    for index, point in enumerate(points):
        if point.gap and index:
            lines.append("</trkseg><trkseg>\n")
        if point.lat is not None and point.lon is not None:
            lines.append(_point(activity, point))
    return "".join([*lines, "</trkseg></trk></gpx>\n"]).encode()


def _point(activity: Activity, point: TrackPoint) -> str:
    at = activity.started_at + timedelta(seconds=point.t)
    inside = "" if point.ele is None else f"<ele>{point.ele:.1f}</ele>"
    inside += f"<time>{at:%Y-%m-%dT%H:%M:%S}Z</time>"
    extra = "" if point.hr is None else f"<gpxtpx:hr>{point.hr}</gpxtpx:hr>"
    extra += "" if point.cad is None else f"<gpxtpx:cad>{point.cad // 2}</gpxtpx:cad>"
    if extra:
        extra = f"<gpxtpx:TrackPointExtension>{extra}</gpxtpx:TrackPointExtension>"
        inside += f"<extensions>{extra}</extensions>"
    return f'<trkpt lat="{point.lat:.7f}" lon="{point.lon:.7f}">{inside}</trkpt>\n'

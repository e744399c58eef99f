"""A recording as a GPX file, for a download and for the demo. Shared and pure."""

from datetime import timedelta
from xml.sax.saxutils import escape, quoteattr

from longrun.model import Recording, TrackPoint


def write_gpx(recording: Recording) -> bytes:
    """Return the file: one track, its segments between the gaps."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<gpx version="1.1" creator={quoteattr(recording.device)} ',
        'xmlns="http://www.topografix.com/GPX/1/1" ',
        'xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">\n',
        f"<trk><name>{escape(recording.title)}</name><type>{recording.sport}</type><trkseg>\n",
    ]
    for index, point in enumerate(recording.points):
        if point.gap and index:
            lines.append("</trkseg><trkseg>\n")
        if point.lat is not None:
            lines.append(_point(recording, point))
    return "".join([*lines, "</trkseg></trk></gpx>\n"]).encode()


def _point(recording: Recording, point: TrackPoint) -> str:
    at = recording.started_at + timedelta(seconds=point.t)
    extra = "" if point.hr is None else f"<gpxtpx:hr>{point.hr}</gpxtpx:hr>"
    extra += "" if point.cad is None else f"<gpxtpx:cad>{point.cad // 2}</gpxtpx:cad>"
    ele = "" if point.ele is None else f"<ele>{point.ele:.1f}</ele>"
    if extra:
        extra = f"<gpxtpx:TrackPointExtension>{extra}</gpxtpx:TrackPointExtension>"
        extra = f"<extensions>{extra}</extensions>"
    return (
        f'<trkpt lat="{point.lat:.7f}" lon="{point.lon:.7f}">{ele}'
        f"<time>{at:%Y-%m-%dT%H:%M:%SZ}</time>{extra}</trkpt>\n"
    )

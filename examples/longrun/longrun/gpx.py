"""A recording as a file, for a download and for the demo. Shared and pure."""

from datetime import timedelta
from xml.sax.saxutils import escape, quoteattr

from longrun.model import Recording, Sport, TrackPoint

_TCX_SPORTS = {Sport.RUN: "Running", Sport.RIDE: "Biking"}


def write_file(recording: Recording) -> tuple[bytes, str]:
    """Return the file and the end of its name: TCX where no point has a position, GPX else."""
    if any(point.lat is not None for point in recording.points):
        return write_gpx(recording), "gpx"
    return _write_tcx(recording), "tcx"


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
    extra = "" if point.hr is None else f"<gpxtpx:hr>{point.hr}</gpxtpx:hr>"
    extra += "" if point.cad is None else f"<gpxtpx:cad>{point.cad // 2}</gpxtpx:cad>"
    ele = "" if point.ele is None else f"<ele>{point.ele:.1f}</ele>"
    if extra:
        extra = f"<gpxtpx:TrackPointExtension>{extra}</gpxtpx:TrackPointExtension>"
        extra = f"<extensions>{extra}</extensions>"
    return (
        f'<trkpt lat="{point.lat:.7f}" lon="{point.lon:.7f}">{ele}'
        f"<time>{_time(recording, point)}</time>{extra}</trkpt>\n"
    )


def _write_tcx(recording: Recording) -> bytes:
    sport = _TCX_SPORTS.get(recording.sport, "Other")
    begun = f"{recording.started_at:%Y-%m-%dT%H:%M:%SZ}"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<TrainingCenterDatabase ',
        'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>\n',
        f'<Activity Sport="{sport}"><Id>{begun}</Id><Lap StartTime="{begun}"><Track>\n',
    ]
    for index, point in enumerate(recording.points):
        if point.gap and index:
            lines.append("</Track><Track>\n")
        heart = "" if point.hr is None else f"<Value>{point.hr}</Value>"
        lines.append(f"<Trackpoint><Time>{_time(recording, point)}</Time>")
        if point.ele is not None:
            lines.append(f"<AltitudeMeters>{point.ele:.1f}</AltitudeMeters>")
        lines.append(f"<DistanceMeters>{point.d:.1f}</DistanceMeters>")
        lines.append(heart and f"<HeartRateBpm>{heart}</HeartRateBpm>")
        lines.append("" if point.cad is None else f"<Cadence>{point.cad // 2}</Cadence>")
        lines.append("</Trackpoint>\n")
    title = f"<Notes>{escape(recording.title)}</Notes>"
    end = f"</Track></Lap>{title}</Activity></Activities></TrainingCenterDatabase>\n"
    return "".join([*lines, end]).encode()


def _time(recording: Recording, point: TrackPoint) -> str:
    return f"{recording.started_at + timedelta(seconds=point.t):%Y-%m-%dT%H:%M:%SZ}"

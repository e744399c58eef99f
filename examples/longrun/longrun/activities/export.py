"""Everything the log knows about a runner, to take away."""

import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile

from longrun import accounts
from longrun.activities.service import bests, latest, track
from longrun.gpx import write_file
from longrun.model import Recording

# More than anybody has: no limit.
_ALL: Final = 1_000_000


class _Stream(io.BytesIO):
    """What was written since the last look; who writes cannot go back."""

    def tell(self) -> int:
        raise io.UnsupportedOperation("tell")

    def take(self) -> bytes:
        taken = self.getvalue()
        self.seek(0)
        self.truncate()
        return taken


def export(runner_id: int) -> Iterator[bytes]:
    """Make a ZIP of a runner's log while it is read: a GPX or TCX for each activity, and JSON."""
    every = latest(runner_id, _ALL)
    told = {
        "runner.json": asdict(accounts.runner(runner_id)),
        "activities.json": [asdict(activity) for activity in every],
        "bests.json": [asdict(best) for best in bests(runner_id)],
    }
    with _Stream() as out, ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, value in told.items():
            archive.writestr(name, json.dumps(value, default=str, ensure_ascii=False, indent=1))
        for a in every:
            points, device = track(runner_id, a.id, _ALL), a.device or "longrun"
            run = Recording(a.source, a.sport, a.started_at, points, a.title, device)
            file, kind = write_file(run)
            archive.writestr(f"activities/{a.started_at:%Y-%m-%d}-{a.id}.{kind}", file)
            yield out.take()
        archive.close()
        yield out.take()

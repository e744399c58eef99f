"""Writes the files, then puts them into the log as an upload would."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from longrun import accounts, activities, importer, training
from longrun.demo.fitwriter import write_fit
from longrun.demo.runs import TZ, make_runs
from longrun.errors import Duplicate, EmailTaken
from longrun.gpx import write_gpx
from longrun.model import Goal, Source

EMAIL: Final = "demo@example.com"
# Known to everybody who reads this: the account holds nothing but made-up runs.
PASSWORD: Final = "run-every-day"  # noqa: S105


def write_files(directory: Path, weeks: int = 52) -> Iterator[Path]:
    """Write the runs of these weeks up to today, some as GPX and some as FIT, oldest first.

    Each path is yielded when its file is complete.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for run in make_runs(datetime.now(UTC).date(), weeks):
        title = run.title.replace(" ", "_")
        path = directory / f"{run.started_at:%Y-%m-%d}_{title}.{run.source.value}"
        path.write_bytes(write_fit([run]) if run.source is Source.FIT else write_gpx(run))
        yield path


def fill(directory: Path, weeks: int = 52, say: Callable[[str], object] | None = None) -> str:
    """Make the demo account, its log and a plan; return what to tell the user.

    A log that has runs gains those that were run since, so doing it again costs next to nothing.
    The files are left in `directory`; `say` is called with what was done so far, after each run.
    """
    try:
        runner = accounts.register(EMAIL, PASSWORD, "Alex Demo", TZ, confirmed=True)
    except EmailTaken:
        runner = accounts.authenticate(EMAIL, PASSWORD)
    for newest in activities.latest(runner.id, 1):
        weeks = min(weeks, (datetime.now(UTC) - newest.started_at).days // 7 + 2)
    added = 0
    for path in write_files(directory, weeks):
        for recording in importer.parse(path.read_bytes(), path.name):
            with suppress(Duplicate):
                activities.add(runner.id, recording)
                added += 1
                if say is not None:
                    say(f"{added} runs, now at {recording.started_at:%B %Y}")
    today = datetime.now(UTC).date()
    if not training.entered(runner.id, today):
        on = today + timedelta(weeks=16)
        race = training.add_race(runner.id, "Lake run", on, 10_000, "Annecy")
        training.enter(runner.id, race.id, Goal(None, frozenset({1, 3, 5, 6}), 6))
    login = f"Log in as {EMAIL} with the password {PASSWORD}"
    return f"{added} runs added.\nThe files are in {directory}.\n{login}"

"""Writes the files, then puts them into the log as an upload would."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from longrun import accounts, activities, importer
from longrun.demo.fitwriter import write_fit
from longrun.demo.runs import TZ, make_runs
from longrun.gpx import write_gpx
from longrun.model import Duplicate, EmailTaken, Recording, Source

EMAIL: Final = "demo@example.com"
# Known to everybody who reads this: the account holds nothing but made-up runs.
PASSWORD: Final = "run-every-day"  # noqa: S105


def write_files(directory: Path, weeks: int = 52) -> list[Path]:
    """Write a year of runs up to today, half as GPX and half as FIT; return the paths in order."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for run in make_runs(datetime.now(UTC).date(), weeks):
        path = directory / _name(run)
        path.write_bytes(write_fit([run]) if run.source is Source.FIT else write_gpx(run))
        paths.append(path)
    return paths


def fill(directory: Path, weeks: int = 52) -> str:
    """Make the demo account and its log, unless they are there; return what to tell the user."""
    try:
        runner = accounts.register(EMAIL, PASSWORD, "Alex Demo", TZ)
    except EmailTaken:
        runner = accounts.authenticate(EMAIL, PASSWORD)
    added = known = 0
    for path in write_files(directory, weeks):
        for recording in importer.parse(path.read_bytes(), path.name):
            try:
                activities.add(runner.id, recording)
                added += 1
            except Duplicate:
                known += 1
    return (
        f"{added} runs added, {known} were there already.\n"
        f"The files are in {directory}.\n"
        f"Log in as {EMAIL} with the password {PASSWORD}"
    )


def _name(run: Recording) -> str:
    title = run.title.replace(" ", "_")
    return f"{run.started_at:%Y-%m-%d}_{title}.{run.source.value}"

"""Files into the log: each file has its own result, whatever became of the others."""

from dataclasses import dataclass
from typing import Literal

from flask import Blueprint, render_template, request
from werkzeug.datastructures import FileStorage

from longrun import activities, importer
from longrun.model import Activity, BadFile, Duplicate
from longrun.web.security import login_required, me

bp = Blueprint("uploads", __name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one recording in one file."""

    filename: str
    outcome: Literal["added", "duplicate", "bad"]
    activity: Activity | None = None
    activity_id: int | None = None
    reason: str = ""


@bp.route("/upload", methods=["GET", "POST"])
@login_required
def upload() -> str | tuple[str, int]:
    """Take any number of files and show what became of each."""
    if request.method == "GET":
        return render_template("upload.html", results=[])
    files = [file for file in request.files.getlist("files") if file.filename]
    if not files:
        return render_template("upload.html", results=[], wrong="Choose at least one file."), 422
    results = [result for file in files for result in _take(me().id, file)]
    status = 200 if any(result.outcome != "bad" for result in results) else 422
    return render_template("upload.html", results=results), status


def _take(runner_id: int, file: FileStorage) -> list[Result]:
    name = file.filename or "file"
    try:
        recordings = importer.parse(file.read(), name)
    except BadFile as error:
        return [Result(name, "bad", reason=error.reason)]
    results = []
    for recording in recordings:
        try:
            activity = activities.add(runner_id, recording)
        except Duplicate as error:
            results.append(Result(name, "duplicate", activity_id=error.activity_id))
        except BadFile as error:
            results.append(Result(name, "bad", reason=error.reason))
        else:
            results.append(Result(name, "added", activity=activity, activity_id=activity.id))
    return results

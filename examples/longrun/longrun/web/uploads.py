"""Files into the log: each file has its own result, whatever became of the others."""

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from flask import (
    Blueprint,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from longrun import activities, db, importer, jobs
from longrun.errors import BadFile, Duplicate
from longrun.model import Activity
from longrun.web.formats import decoration
from longrun.web.security import login_required, me

bp = Blueprint("uploads", __name__)
# More are worked on while the runner does something else; an archive always is.
AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one recording in one file."""

    filename: str
    outcome: Literal["added", "duplicate", "bad"]
    activity: Activity | None = None
    activity_id: int | None = None
    reason: str = ""


@bp.url_value_preprocessor
def _allow(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    # Before the form is read to be checked: who is logged in may send an archive.
    if "runner" in session:
        request.max_content_length = current_app.config["MAX_ARCHIVE_LENGTH"]


@bp.route("/upload", methods=["GET", "POST"])
@login_required
def upload() -> str | Response | tuple[str, int]:
    """Take any number of files and show what became of each."""
    files = [file for file in request.files.getlist("files") if file.filename]
    if any(_is_archive(file) for file in files) or len(files) > AT_ONCE:
        return redirect(url_for("uploads.progress", job_id=_start(me().id, files)), 303)
    try:
        results = [result for file in files for result in _take(me().id, file)]
    except (ConnectionError, TimeoutError) as error:
        # They wait for the part that is away; what is in the log already stays there once.
        current_app.logger.warning("an upload waits: %s", error)
        return redirect(url_for("uploads.progress", job_id=_start(me().id, files)), 303)
    wrong = "Choose at least one file." if request.method == "POST" and not files else ""
    imports = decoration("The list of imports", _imports, "jobs")
    page = render_template("upload.html", results=results, wrong=wrong, imports=imports)
    bad = all(result.outcome == "bad" for result in results)
    return page, 422 if request.method == "POST" and bad else 200


@bp.get("/imports/<int:job_id>")
@login_required
def progress(job_id: int) -> str:
    """Show how far an import is."""
    job = jobs.progress(me().id, job_id)
    return render_template("import.html", job=job) if job else abort(404)


def _imports() -> str:
    return render_template("_imports.html", imports=jobs.imports(me().id))


def _is_archive(file: FileStorage) -> bool:
    head = file.stream.read(2)
    file.stream.seek(0)
    return head == b"PK"


def _start(runner_id: int, files: Sequence[FileStorage]) -> int:
    place = secrets.token_hex(16)
    directory = db.instance_dir() / "imports" / place
    directory.mkdir(parents=True)
    try:
        for index, file in enumerate(files):
            file.stream.seek(0)
            file.save(directory / str(index))
        return jobs.start_import(runner_id, place, [file.filename or "file" for file in files])
    except ConnectionError:  # Nobody took it: whoever sent it is told so, and sends it again.
        shutil.rmtree(directory)
        raise


def _take(runner_id: int, file: FileStorage) -> list[Result]:
    name = file.filename or "file"
    try:
        recordings = importer.parse(file.read(importer.MAX_BYTES + 1), name)
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

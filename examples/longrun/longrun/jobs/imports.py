"""Uploads into the log; each file has its own result, whatever became of the others."""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from longrun import activities, db, importer
from longrun.errors import BadFile, Duplicate
from longrun.jobs.store import Attendance, File, Job, reading, writing
from longrun.model import ArchiveMember, ImportedFile, ImportJob, Recording, Sport
from longrun.signals import account_deleted

# Each waits for an importer or for the tables most of the time; a pool of connections holds 15.
READERS: Final = min(4 * (os.cpu_count() or 1), 12)
# How long one step takes, and the last of its files; who wants to stop waits for that.
STEP_S: Final = 2.0
# A file that ends whoever reads it does so this often.
MAX_ATTEMPTS: Final = 10
MAX_PAUSE_S: Final = 600
ATTENDED: Final = timedelta(seconds=30)
_SHOWN: Final = 500
_ORDER: Final = ("added", "duplicate", "bad")
_log = logging.getLogger(__name__)


def start_import(runner_id: int, place: str, names: Sequence[str]) -> int:
    """Accept an upload, and return its number.

    Args:
        runner_id: Whose log it goes into.
        place: The directory below `imports` of the instance; the files in it are named 0, 1, ...
        names: What each was called.
    """
    now = datetime.now(UTC)
    with writing() as session:
        job = Job(runner_id=runner_id, place=place, created_at=now, worked_at=now)
        session.add(job)
        session.flush()
        for i, name in enumerate(names):
            session.add(File(job_id=job.id, upload=i, name=name[:120], retry_at=now))
        return job.id


def progress(runner_id: int, job_id: int) -> ImportJob | None:
    """Return how far an import is, or None if the runner has no such import."""
    query = select(File.name, File.outcome, File.activity_id, File.reason).filter_by(job_id=job_id)
    query = query.order_by(File.outcome != "bad", File.outcome == "waiting", File.id).limit(_SHOWN)
    with reading() as session:
        job = session.get(Job, job_id)
        if job is None or job.runner_id != runner_id:
            return None
        return _told(session, job, [ImportedFile(*row) for row in session.execute(query)])


def imports(runner_id: int, limit: int = 5) -> list[ImportJob]:
    """Return the runner's latest imports, newest first, without their files."""
    query = select(Job).filter_by(runner_id=runner_id).order_by(Job.id.desc()).limit(limit)
    with reading() as session:
        return [_told(session, job, ()) for job in session.scalars(query)]


def step(now: datetime) -> bool:
    """Work on an import for a short while; return False if there is nothing to do at `now`."""
    query = select(Job.id, Job.place).where(Job.finished_at.is_(None)).order_by(Job.worked_at)
    with writing() as session:
        session.merge(Attendance(id=1, at=now))
        waiting = session.execute(query).all()
    return any(_work(job_id, _place(place), now) for job_id, place in waiting)


def _work(job_id: int, directory: Path, now: datetime) -> bool:
    query = select(File.id).filter_by(job_id=job_id, outcome="waiting").order_by(File.id)
    with _alone(directory) as alone:
        if not alone:
            return False
        with writing() as session:
            job = session.get(Job, job_id)
            listed = job is not None and job.listed
            left = listed and session.scalars(query.limit(1)).first() is not None
            files = session.scalars(query.where(File.retry_at <= now).limit(200)).all()
            if job is None or (listed and not left):
                # Done; by another one since we looked, or with the account that is deleted.
                shutil.rmtree(directory, ignore_errors=True)
            if job is None:
                return False
            job.worked_at, job.finished_at = now, None if left or not listed else now
            session.flush()
            session.expunge(job)
        if not listed:
            return _list(job, directory, now)
        until = time.monotonic() + STEP_S
        with ThreadPoolExecutor(READERS) as pool:
            tuple(pool.map(partial(_take, job, directory, until), files))
        return bool(files) or not left


def _list(job: Job, directory: Path, now: datetime) -> bool:
    """Put what is in the archives in their place; return whether that is done.

    One that fails for another reason than what is in it is tried again later.
    """
    after = activities.newest(job.runner_id)
    rows = select(File).filter_by(job_id=job.id, outcome="waiting", member=None)
    # Whoever reads archives may take long: nobody's writing waits for that.
    with reading() as session:
        waiting = session.execute(
            rows.where(File.retry_at <= now).with_only_columns(File.id, File.upload)
        ).all()
    found = {file_id: _members(file_id, directory / str(upload)) for file_id, upload in waiting}
    with writing() as session:
        for row in session.scalars(rows.where(File.id.in_(list(found)))).all():
            match found[row.id]:
                case str(reason):
                    row.outcome, row.reason = "bad", reason
                case None if row.attempts >= MAX_ATTEMPTS:
                    row.outcome = "bad"
                    row.reason = f"it could not be read in {row.attempts} attempts"
                case None if row.attempts:
                    row.retry_at = now + _pause(row.attempts)
                case members if members is not None:
                    session.delete(row)
                    common = {"job_id": job.id, "upload": row.upload, "retry_at": row.retry_at}
                    for one in members:
                        told = {"title": one.title[:120], "sport": one.sport or ""}
                        session.add(File(member=one.index, name=one.name, **told, **common))
        session.flush()
        is_done = session.scalars(rows.where(File.attempts > 0).limit(1)).first() is None
        if is_done:
            values = {"listed": True, "after_id": after}
            session.execute(update(Job).filter_by(id=job.id).values(values))
        return is_done


def _members(file_id: int, path: Path) -> Sequence[ArchiveMember] | str | None:
    """Return what is in an archive, or why it is bad; None if it is none, or could not be read.

    Only an archive counts as tried. Raises `OSError` where a disk or a service is away.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) != b"PK":
                return None
            # First: it may end whoever reads it.
            with writing() as session:
                tried = {"attempts": File.attempts + 1}
                session.execute(update(File).filter_by(id=file_id).values(tried))
            return importer.open_archive(file)
    except (BadFile, FileNotFoundError) as error:
        return str(error)[:200]
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - logged, and counted
        _log.exception("archive %d was not opened", file_id)
        return None


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=min(2**attempts, MAX_PAUSE_S))


def _take(job: Job, directory: Path, until: float, file_id: int) -> None:
    if time.monotonic() > until:
        return
    with writing() as session:
        row = session.get(File, file_id)
        if row is None:
            return
        row.attempts += 1
        session.flush()
        session.expunge(row)
    attempts, is_read = row.attempts, False
    try:
        with (directory / str(row.upload)).open("rb") as file:
            if row.member is None:
                data = file.read(importer.MAX_BYTES + 1)
            else:
                data = importer.read_member(file, row.member)
        recordings = importer.parse(data, row.name)
        is_read = True
        outcome = _add(job, row, recordings)
    except (BadFile, FileNotFoundError) as error:
        outcome = ("bad", None, str(error)[:200])
    # The outermost loop of this file: it stays in the table, and is tried again later.
    except Exception as error:  # noqa: BLE001 - logged, and counted
        _log.exception("file %d of import %d failed", file_id, job.id)
        outcome = ("waiting", None, "")
        # An outage is no fault of the file's, however long it is.
        is_away = isinstance(error, ConnectionError | TimeoutError)
        if is_away and attempts > 1 and (is_read or not _can_read()):
            attempts -= 1
        elif attempts >= MAX_ATTEMPTS:
            outcome = ("bad", None, f"it could not be read in {attempts} attempts")
    name, activity_id, reason = outcome
    retry_at = datetime.now(UTC) + _pause(row.attempts)
    told = select(File.id).filter_by(job_id=job.id, outcome="added", activity_id=activity_id)
    change = update(File).filter_by(id=file_id, outcome="waiting")
    with writing() as session:
        if activity_id and session.scalars(told).first():
            name = "duplicate"
        values = {"outcome": name, "activity_id": activity_id, "reason": reason}
        values["attempts"] = attempts
        session.execute(change.values(**values, retry_at=retry_at))


def _can_read() -> bool:
    try:
        importer.parse(b"")
    except (BadFile, OSError) as error:
        return isinstance(error, BadFile)
    return True


def _add(job: Job, row: File, recordings: Sequence[Recording]) -> tuple[str, int | None, str]:
    """Put the recordings of a file into the log; the best of their outcomes is the file's."""
    results: list[tuple[str, int | None, str]] = []
    if row.sport and len(recordings) == 1:  # a triathlon has several, whatever it is called
        recordings = [replace(recordings[0], sport=Sport(row.sport))]
    for recording in recordings:
        try:
            added = activities.add(job.runner_id, recording, title=row.title)
            results.append(("added", added.id, ""))
        except Duplicate as error:
            # A second attempt may find what the first one added before it was cut off.
            ours = row.attempts > 1 and error.activity_id > job.after_id
            results.append(("added" if ours else "duplicate", error.activity_id, ""))
        except BadFile as error:
            results.append(("bad", None, error.reason))
    return min(results, key=lambda result: _ORDER.index(result[0]))


def _told(session: Session, job: Job, files: Sequence[ImportedFile]) -> ImportJob:
    count = select(File.outcome, func.count()).filter_by(job_id=job.id).group_by(File.outcome)
    attended = session.scalars(select(Attendance.at)).first()
    return ImportJob(
        id=job.id,
        created_at=job.created_at,
        is_finished=job.finished_at is not None,
        is_listed=job.listed,
        is_attended=attended is not None and attended > datetime.now(UTC) - ATTENDED,
        counts=dict(session.execute(count).all()),
        files=tuple(files),
    )


@contextmanager
def _alone(directory: Path) -> Iterator[bool]:
    """Hold the upload for the block; tell whether nobody else does.

    The system takes the lock from a process that ends, however it ends.
    """
    directory.mkdir(parents=True, exist_ok=True)
    held = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        yield False
        return
    try:
        yield True
    finally:
        os.close(held)


def _place(name: str) -> Path:
    return db.instance_dir() / "imports" / name


@account_deleted.connect
def _on_deleted(_sender: object, *, runner_id: int) -> None:
    with writing() as session:
        for job in session.scalars(select(Job).filter_by(runner_id=runner_id)).all():
            shutil.rmtree(_place(job.place), ignore_errors=True)
            session.execute(delete(File).filter_by(job_id=job.id))
            session.delete(job)

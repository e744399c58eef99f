"""Uploads into the log; each file has its own result, whatever became of the others."""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from longrun import activities, db, importer
from longrun.jobs import store
from longrun.model import BadFile, Duplicate, ImportedFile, ImportJob, Recording
from longrun.signals import account_deleted

# Each waits for an importer, which may be several processes.
READERS: Final = os.cpu_count() or 1
# How long one step takes, and the last of its files; who wants to stop waits for that.
STEP_S: Final = 2.0
# A file that ends whoever reads it does so this often.
MAX_ATTEMPTS: Final = 10
MAX_PAUSE_S: Final = 600
ATTENDED: Final = timedelta(seconds=30)
_SHOWN: Final = 500
_ZIP: Final = b"PK"
_ORDER: Final = ("added", "duplicate", "bad")
_log = logging.getLogger(__name__)


def start_import(runner_id: int, place: str, names: Sequence[str]) -> int:
    """Accept an upload, and return its number.

    Args:
        runner_id: Whose log it goes into.
        place: The directory below `imports` of the instance; the files in it are named 0, 1, ...
        names: What each was called.
    """
    now = _now()
    with store.writing() as session:
        job = store.Job(runner_id=runner_id, place=place, created_at=now, worked_at=now)
        session.add(job)
        session.flush()
        session.add_all(
            store.File(job_id=job.id, upload=i, name=name[:120], retry_at=now)
            for i, name in enumerate(names)
        )
        return job.id


def progress(runner_id: int, job_id: int) -> ImportJob | None:
    """Return how far an import is, or None if the runner has no such import."""
    order = (store.File.outcome != "bad", store.File.outcome == "waiting", store.File.id)
    with store.reading() as session:
        job = session.get(store.Job, job_id)
        if job is None or job.runner_id != runner_id:
            return None
        query = select(store.File).filter_by(job_id=job_id).order_by(*order).limit(_SHOWN)
        files = [
            ImportedFile(f.name, f.outcome, f.activity_id, f.reason)
            for f in session.scalars(query)
        ]
        return _told(session, job, files)


def imports(runner_id: int, limit: int = 5) -> list[ImportJob]:
    """Return the runner's latest imports, newest first, without their files."""
    query = select(store.Job).filter_by(runner_id=runner_id).order_by(store.Job.id.desc())
    with store.reading() as session:
        return [_told(session, job, ()) for job in session.scalars(query.limit(limit))]


def step(now: datetime) -> bool:
    """Work on an import for a short while; return False if there is nothing to do at `now`."""
    with store.writing() as session:
        session.merge(store.Attendance(id=1, at=_plain(now)))
        query = select(store.Job.id).where(store.Job.finished_at.is_(None))
        waiting = session.scalars(query.order_by(store.Job.worked_at)).all()
    return any(_work(job_id, _plain(now)) for job_id in waiting)


def _work(job_id: int, now: datetime) -> bool:
    with store.writing() as session:
        job = session.get(store.Job, job_id)
        if job is None:
            return False
        job.worked_at = now
        directory, runner_id, after = _place(job.place), job.runner_id, job.after_id
        listed = job.listed
    with _alone(directory) as alone:
        if not alone:
            return False
        if not listed:
            _list(job_id, runner_id, directory)
            return True
        until = time.monotonic() + STEP_S
        query = select(store.File.id).filter_by(job_id=job_id, outcome="waiting")
        with store.reading() as session:
            left = session.scalars(query).first() is not None
            due = query.where(store.File.retry_at <= now).order_by(store.File.id).limit(200)
            files = session.scalars(due).all()
        with ThreadPoolExecutor(READERS) as pool:
            take = partial(_take, runner_id=runner_id, after=after, directory=directory)
            tuple(pool.map(partial(take, until=until), files))
        if not left:
            shutil.rmtree(directory, ignore_errors=True)
            with store.writing() as session:
                session.get_one(store.Job, job_id).finished_at = _now()
        return bool(files) or not left


def _list(job_id: int, runner_id: int, directory: Path) -> None:
    """Put what is in the archives in their place, all at once."""
    after, now = activities.newest(runner_id), _now()
    with store.writing() as session:
        job = session.get_one(store.Job, job_id)
        for row in session.scalars(select(store.File).filter_by(job_id=job_id)).all():
            try:
                with (directory / str(row.upload)).open("rb") as file:
                    if file.read(2) != _ZIP:
                        continue
                    members = importer.open_archive(file)
            except (BadFile, OSError) as error:
                row.outcome, row.reason = "bad", str(error)[:200]
                continue
            session.delete(row)
            session.add_all(
                store.File(
                    job_id=job_id,
                    upload=row.upload,
                    member=member.index,
                    name=member.name,
                    title=member.title[:120],
                    retry_at=now,
                )
                for member in members
            )
        job.listed, job.after_id = True, after


def _take(file_id: int, *, runner_id: int, after: int, directory: Path, until: float) -> None:
    if time.monotonic() > until:
        return
    with store.writing() as session:
        row = session.get(store.File, file_id)
        if row is None:
            return
        row.attempts += 1
        session.flush()
        session.expunge(row)
    outcome: tuple[str, int | None, str]
    try:
        with (directory / str(row.upload)).open("rb") as file:
            data = file.read() if row.member is None else importer.read_member(file, row.member)
        outcome = _add(row, runner_id, after, importer.parse(data, row.name))
    except (BadFile, FileNotFoundError) as error:
        outcome = ("bad", None, str(error)[:200])
    # The outermost loop of this file: it stays in the table, and is tried again later.
    except Exception:  # noqa: BLE001 - logged, and counted
        _log.exception("file %d of import %d failed", file_id, row.job_id)
        outcome = ("waiting", None, "")
        if row.attempts >= MAX_ATTEMPTS:
            outcome = ("bad", None, f"it could not be read in {row.attempts} attempts")
    pause = timedelta(seconds=min(2**row.attempts, MAX_PAUSE_S))
    names = ("outcome", "activity_id", "reason")
    with store.writing() as session:
        told = select(store.File.id).filter_by(job_id=row.job_id, outcome="added")
        if outcome[1] and session.scalars(told.filter_by(activity_id=outcome[1])).first():
            outcome = ("duplicate", *outcome[1:])
        change = update(store.File).filter_by(id=file_id, outcome="waiting")
        session.execute(
            change.values(**dict(zip(names, outcome, strict=True)), retry_at=_now() + pause)
        )


def _add(
    row: store.File, runner_id: int, after: int, recordings: Sequence[Recording]
) -> tuple[str, int | None, str]:
    """Put the recordings of a file into the log; the best of their outcomes is the file's."""
    results: list[tuple[str, int | None, str]] = []
    for recording in recordings:
        try:
            activity = activities.add(runner_id, recording, title=row.title)
            results.append(("added", activity.id, ""))
        except Duplicate as error:
            # A second attempt may find what the first one added before it was cut off.
            ours = row.attempts > 1 and error.activity_id > after
            results.append(("added" if ours else "duplicate", error.activity_id, ""))
        except BadFile as error:
            results.append(("bad", None, error.reason))
    return min(results, key=lambda result: _ORDER.index(result[0]))


def _told(session: Session, job: store.Job, files: Sequence[ImportedFile]) -> ImportJob:
    count = select(store.File.outcome, func.count()).filter_by(job_id=job.id)
    attendance = session.get(store.Attendance, 1)
    return ImportJob(
        id=job.id,
        created_at=job.created_at.replace(tzinfo=UTC),
        finished_at=job.finished_at and job.finished_at.replace(tzinfo=UTC),
        listed=job.listed,
        attended=attendance is not None and attendance.at > _now() - ATTENDED,
        counts=dict(session.execute(count.group_by(store.File.outcome)).all()),
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
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(held)


def _place(name: str) -> Path:
    return db.instance_dir() / "imports" / name


def _now() -> datetime:
    return _plain(datetime.now(UTC))


def _plain(instant: datetime) -> datetime:
    # SQLite keeps no zone: every instant in the tables is UTC without one.
    return instant.astimezone(UTC).replace(tzinfo=None)


@account_deleted.connect
def _on_deleted(_sender: object, *, runner_id: int) -> None:
    with store.writing() as session:
        for job in session.scalars(select(store.Job).filter_by(runner_id=runner_id)).all():
            shutil.rmtree(_place(job.place), ignore_errors=True)
            session.execute(delete(store.File).filter_by(job_id=job.id))
            session.delete(job)

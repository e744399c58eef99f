"""Empty databases with all tables, a new one for each test: files, or in a server of our own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from longrun import db

OWNERS: Final = ("accounts", "activities", "training", "notify", "jobs")
_QUICK: Final = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"


def missing() -> str:
    """Return what is to be installed before there can be a server, or nothing."""
    return "" if _program("initdb") else "no PostgreSQL server: sudo apt-get install postgresql"


class Files:
    """SQLite: a template file that is copied."""

    def __init__(self, directory: Path) -> None:
        self._template = directory / "template.db"
        _make_tables(f"sqlite:///{self._template}")

    @contextmanager
    def new(self, directory: Path) -> Iterator[str]:
        shutil.copy(self._template, directory / "x.db")
        yield f"sqlite:///{directory}/x.db"


class Server:
    """PostgreSQL in a directory, on a Unix socket: a template database that is copied."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._made = 0
        self._admin: psycopg.Connection | None = None

    def start(self) -> None:
        _run("initdb", "-U", "longrun", "-A", "trust", "-E", "UTF8", "--no-sync", self._directory)
        options = f"-k {self._directory} -c listen_addresses='' {_QUICK}"
        log = self._directory / "log"
        _run("pg_ctl", "-D", self._directory, "-w", "-o", options, "-l", log, "start")
        self._admin = psycopg.connect(self._url("postgres").replace("+psycopg", ""))
        self._admin.autocommit = True
        self._admin.execute("CREATE DATABASE template")
        _make_tables(self._url("template"))

    def stop(self) -> None:
        if self._admin:
            self._admin.close()
        _run("pg_ctl", "-D", self._directory, "-m", "immediate", "stop")

    @contextmanager
    def new(self, _directory: Path) -> Iterator[str]:
        assert self._admin
        self._made += 1
        name = f"t{self._made}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE template")
        yield self._url(name)
        self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://longrun@/{name}?host={self._directory}"


@contextmanager
def server() -> Iterator[Server]:
    """Run a server for the block. It refuses to be root, so then it is somebody else."""
    directory = Path(tempfile.mkdtemp(prefix="longrun-"))
    owner = _owner()
    if owner:
        os.chown(directory, owner.pw_uid, owner.pw_gid)
    made = Server(directory)
    try:
        made.start()
        yield made
        made.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _make_tables(url: str) -> None:
    for owner in OWNERS:
        db.open_engine(url, owner).dispose()


def _owner() -> pwd.struct_passwd | None:
    return None if os.getuid() else pwd.getpwnam("nobody")


def _program(name: str) -> str | None:
    # Debian keeps them out of the way, one directory a version.
    places = [os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    return shutil.which(name, path=os.pathsep.join(places))


def _run(name: str, *arguments: str | Path) -> None:
    command: Sequence[str | Path] = (_program(name) or name, *arguments)
    owner = _owner()
    as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    # What a server that goes on running prints goes to its log, not to a pipe that stays open.
    with tempfile.TemporaryFile() as told:
        done = subprocess.run(
            command,
            stdout=told,
            stderr=told,
            stdin=subprocess.DEVNULL,
            cwd="/",
            check=False,
            **as_owner,
        )
        told.seek(0)
        assert done.returncode == 0, told.read().decode()

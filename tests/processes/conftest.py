"""Real runs: ``seamline run`` as its user starts it, observed from outside."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.asking import processes_of, status_of

APPS = Path(__file__).parent.parent / "apps"
#: The installed command, beside the interpreter that runs the tests.
SEAMLINE = str(Path(sys.executable).with_name("seamline"))
# Longer than anything takes on a busy machine; a test that waits this long has failed.
PATIENCE_SECONDS = 30.0


def wait_until(fact: Callable[[], Any], what: str) -> Any:
    """Look until something is true, and return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := fact()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)
    return value


class Stream:
    """One output stream of a command, collected as it is written."""

    def __init__(self, pipe) -> None:
        self.lines: list[str] = []
        self._grown = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._thread.start()

    def _read(self, pipe) -> None:
        with pipe:
            for line in pipe:
                with self._grown:
                    self.lines.append(line.decode().rstrip("\n"))
                    self._grown.notify_all()
        with self._grown:
            self._ended = True
            self._grown.notify_all()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait for a line that matches, and return the match."""

        def found() -> re.Match[str] | None:
            return next((m for line in self.lines if (m := re.search(pattern, line))), None)

        with self._grown:
            self._grown.wait_for(lambda: found() or self._ended, PATIENCE_SECONDS)
        match = found()
        assert match, f"no line matches {pattern!r} in:\n" + "\n".join(self.lines)
        return match

    def wait_for_count(self, pattern: str, count: int) -> None:
        """Wait until so many lines match."""

        def found() -> int:
            return sum(bool(re.search(pattern, line)) for line in self.lines)

        with self._grown:
            self._grown.wait_for(lambda: found() >= count or self._ended, PATIENCE_SECONDS)
        assert found() >= count, f"{pattern!r} is not there {count} times in:\n" + "\n".join(
            self.lines
        )

    @property
    def text(self) -> str:
        """Everything, once the command has ended."""
        self._thread.join(PATIENCE_SECONDS)
        return "\n".join(self.lines)

    @property
    def prose_so_far(self) -> str:
        """Everything until now, in one line."""
        return " ".join("\n".join(self.lines).split())

    @property
    def prose(self) -> str:
        """The same in one line: where messages are broken depends on their length."""
        return " ".join(self.text.split())


class Project:
    """An application in a directory of its own, with a run directory of its own."""

    def __init__(self, root: Path, runtime: Path) -> None:
        self.root = root
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SEAMLINE_")
        }
        self.environment["XDG_RUNTIME_DIR"] = str(runtime)
        self.runtime = runtime
        self._runs: list[Run] = []

    def write(self, toml: str) -> None:
        """Write ``seamline.toml``."""
        (self.root / "seamline.toml").write_text(toml)

    def start(
        self,
        *arguments: str,
        stdout: int = subprocess.PIPE,
        command: str = "run",
        under: tuple[str, ...] = (),
        descriptors: tuple[int, ...] = (),
    ) -> "Run":
        """Begin ``seamline run``, or ``dev``, on ports that the kernel chooses.

        Args:
            arguments: Of the command.
            stdout: Of the process.
            command: Which one.
            under: A command that executes it.
            descriptors: What it inherits besides.
        """
        bind = () if "--bind" in arguments else ("--bind", "127.0.0.1:0")
        run = Run(self, [*under, *self.seamline, command, *bind, *arguments], stdout, descriptors)
        self._runs.append(run)
        return run

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the package, as a deployment does."""
        file = self.root / "plainflask" / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def begin(self, *arguments: str, **streams: Any) -> subprocess.Popen:
        """Begin another command and let it work."""
        return subprocess.Popen(
            [*self.seamline, *arguments],
            env=self.environment,
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    @property
    def seamline(self) -> list[str]:
        """The first words of every command."""
        return [SEAMLINE, "-C", str(self.root)]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command to its end."""
        return subprocess.run(
            [*self.seamline, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def processes(self) -> set[int]:
        """Return every living process that was started by a run of this project."""
        return processes_of(self.runtime)

    def leftovers(self) -> list[Path]:
        """Return files in the run directories: there are none while nothing runs."""
        return [path for path in self.runtime.rglob("*") if not path.is_dir()]

    def end(self) -> None:
        """End what a failed test left running, and say so."""
        for run in self._runs:
            run.kill_if_alive()
        wait_until(lambda: not self.processes(), f"the end of {self.processes()}")


class Run:
    """One ``seamline run`` or ``seamline dev``."""

    def __init__(
        self, project: Project, argv: list[str], stdout: int, descriptors: tuple[int, ...]
    ) -> None:
        self.project = project
        self.process = subprocess.Popen(
            argv,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            pass_fds=descriptors,
        )
        if self.process.stdout is not None:
            self.out = Stream(self.process.stdout)
        self.err = Stream(self.process.stderr)

    def ready(self) -> "Run":
        """Wait until every group is ready."""
        wait_until(lambda: self.process.poll() is not None or self._is_ready(), "the ready block")
        assert self.process.poll() is None, self.err.text
        return self

    def _is_ready(self) -> bool:
        status = self.status()
        return status is not None and status["state"] == "ready"

    def status(self) -> dict | None:
        """Return what the supervisor says of itself, or None when nothing runs."""
        return status_of(self.project.runtime)

    def pids(self) -> list[int]:
        """Return the processes of all workers."""
        return [worker["pid"] for worker in self.workers()]

    def workers(self) -> list[dict]:
        """Return all workers of all groups."""
        status = self.status()
        return [worker for group in status["groups"] for worker in group["workers"]]

    @property
    def url(self) -> str:
        """Where the first http service answers."""
        return next(iter(self.status()["urls"].values()))

    def get(self, path: str, *, url: str | None = None, **headers: str) -> tuple[int, str]:
        """Make one request on a new connection."""
        connection = http.client.HTTPConnection(
            urlsplit(url or self.url).netloc, timeout=PATIENCE_SECONDS
        )
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def signal(self, number: int) -> None:
        """Send a signal to the supervisor."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end; returns the exit status."""
        return self.process.wait(PATIENCE_SECONDS)

    def stop(self) -> int:
        """Stop as SIGTERM does."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill_if_alive(self) -> None:
        """End it without ceremony."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty project. At the end of a test none of its processes is left."""
    # Short, because the paths of Unix sockets are limited to 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sl") as runtime:
        Path(runtime).chmod(0o700)
        made = Project(tmp_path, Path(runtime))
        yield made
        made.end()


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any], str], Any]:
    """Look until something is true, and return it."""
    return wait_until


@pytest.fixture
def plainflask(project: Project) -> Project:
    """The Flask shop of ``tests/apps/plainflask``."""
    shutil.copytree(APPS / "plainflask", project.root, dirs_exist_ok=True)
    return project

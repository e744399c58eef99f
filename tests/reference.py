"""The reference application as its user starts it, for the suites that drive it from outside."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.asking import processes_of, status_of

LONGRUN = Path(__file__).parents[1] / "examples" / "longrun"
#: The installed command, beside the interpreter that runs the tests.
SEAMLINE = str(Path(sys.executable).with_name("seamline"))
# Longer than anything takes on a busy machine; a test that waits this long has failed.
PATIENCE_SECONDS = 90.0


class Longrun:
    """One start of longrun, with data, run directory and process group of its own."""

    def __init__(self, place: Path, runtime: Path) -> None:
        self.root = LONGRUN
        self.instance = place / "instance"
        self.runtime = runtime
        self.log = place / "run.log"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SEAMLINE_", "LONGRUN_"))
        }
        self.environment["XDG_RUNTIME_DIR"] = str(runtime)
        self.environment["LONGRUN_INSTANCE"] = str(self.instance)
        self.process: subprocess.Popen[bytes] | None = None

    def python(self, program: str, *arguments: str) -> str:
        """Run a program that uses longrun's packages on the same data; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *arguments: str) -> "Longrun":
        """Begin `seamline run` on a port that the kernel chooses, and wait until it is ready."""
        with self.log.open("wb") as log:
            # A terminal gives each command a process group; Ctrl-C goes to all of it.
            self.process = subprocess.Popen(
                [SEAMLINE, "-C", str(self.root), "run", "--bind", "127.0.0.1:0", *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until(self.is_ready, "every worker ready")
        return self

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        status = self.status()
        return status is not None and status["state"] == "ready"

    def status(self) -> dict[str, Any] | None:
        """Return what the supervisor says of itself, or None when nothing runs."""
        return status_of(self.runtime)

    def worker(self, group: str) -> dict[str, Any]:
        """Return the first worker of a group."""
        status = self.status()
        assert status is not None, "nothing runs"
        return next(g for g in status["groups"] if g["name"] == group)["workers"][0]

    @property
    def url(self) -> str:
        """Where the pages are."""
        status = self.status()
        assert status is not None, "nothing runs"
        return status["urls"]["web"]

    def wait_until(self, fact: Callable[[], Any], what: str) -> Any:
        """Look until something is true, and return it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (value := fact()):
            assert time.monotonic() < deadline, f"never happened: {what}\n{self.log.read_text()}"
            time.sleep(0.05)
        return value

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit status."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS)

    def processes(self) -> set[int]:
        """Return every living process that this start began."""
        return processes_of(self.runtime)

    def leftovers(self) -> list[Path]:
        """Return what is left of run directories. All projects share the one above them."""
        return list(self.runtime.glob("seamline/*"))

    def end(self) -> None:
        """End what a failed test left running."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.wait_until(lambda: not self.processes(), "the end of every process")


class Visitor(httpx.Client):
    """A person at a browser: follows forms with their hidden fields, keeps cookies."""

    def __init__(self, url: str) -> None:
        super().__init__(
            base_url=url,
            headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
            follow_redirects=True,
            timeout=PATIENCE_SECONDS,
        )

    def fill_in(self, page: str, **fields: str) -> httpx.Response:
        """Fill the form of a page and send it."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(page).text)
        assert found, f"{page} has no form"
        return self.post(page, data={"csrf": found[1], **fields})


@contextmanager
def longrun_in(place: Path) -> Iterator[Longrun]:
    """longrun, not started yet. At the end of the block none of its processes is left."""
    # Short, because the paths of Unix sockets are limited to 107 bytes.
    with tempfile.TemporaryDirectory(prefix="lr") as runtime:
        Path(runtime).chmod(0o700)
        made = Longrun(place, Path(runtime))
        try:
            yield made
        finally:
            made.end()


@contextmanager
def visitors() -> Iterator[Callable[[str], Visitor]]:
    """Open browsers, and close them at the end of the block."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(Visitor(url))

"""One test session over one layout: its hosts, its seams, and what went over them."""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import uvloop

from seamline.config import Config
from seamline.errors import ConfigError, InvisibleState
from seamline.plan import GroupPlan, Plan, analyse_project, build
from seamline.rpc import Arguments, Target
from seamline.seam import ClientLike, Write
from seamline.testing.hosts import Hosts
from seamline.testing.visible import Connections, Unseen
from seamline.worker import SECRET_FILE, Identity, Process

# Variables that differ between processes of one session without anybody having set them.
_OWN_VARIABLES: Final = ("PYTEST_CURRENT_TEST", "PYTHONPATH", "COVERAGE_PROCESS_START")


class _Watched:
    """A client that looks around before each call: may this test be answered elsewhere?"""

    def __init__(self, client: ClientLike, before: Callable[[], None]) -> None:
        self._client = client
        self._before = before

    def call(self, target: Target, arguments: Arguments) -> Any:
        self._before()
        return self._client.call(target, arguments)

    async def call_async(self, target: Target, arguments: Arguments) -> Any:
        self._before()
        return await self._client.call_async(target, arguments)

    def stream(self, target: Target, arguments: Arguments) -> Any:
        self._before()
        return self._client.stream(target, arguments)

    def stream_async(self, target: Target, arguments: Arguments) -> Any:
        self._before()
        return self._client.stream_async(target, arguments)


class SplitSession:
    """The application of a configuration, split as one layout says, for one test process.

    The test process is the group that holds the first http service; the other groups are
    real processes. In layout ``local`` every service is a place of its own in the test
    process; in ``mono`` nothing is hooked at all.

    Attributes:
        layout: Name of the layout.
        patched: Services whose globals the running test patched; their seams are closed.
        unseen: What the running test set up that hosts cannot see.
    """

    def __init__(self, config: Config, layout: str) -> None:
        self.layout = layout
        self.patched: set[str] = set()
        self.unseen: set[Unseen] = set()
        self._config = config
        self._run_dir = ""
        self._process: Process | None = None
        self._hosts: Hosts | None = None
        self._answering: _Answering | None = None
        self._connections = Connections(config.root)
        self._services: tuple[str, ...] = ()
        self._aligned: tuple[dict[str, str], str] | None = None
        self._aligning = threading.Lock()

    @property
    def is_split(self) -> bool:
        """Whether there are seams at all."""
        return self.layout != "mono"

    @property
    def services(self) -> tuple[str, ...]:
        """The services that a seam lies before, seen from anywhere in the run."""
        return self._services

    @property
    def host_lines(self) -> list[str]:
        """What the hosts printed so far, oldest first."""
        return [] if self._hosts is None else self._hosts.lines

    def start(self) -> None:
        """Start the hosts and open the seams.

        Raises:
            ConfigError: The layout has no http service whose group the test process could be.
            StartError: A host did not become ready.
            UsageError: The application or its configuration cannot be used.
        """
        if not self.is_split:
            return
        # Short, because the paths of sockets are bounded; 0700 by mkdtemp.
        self._run_dir = tempfile.mkdtemp(prefix="seamline-")
        analysis = analyse_project(self._config, self.layout)
        plan = build(self._config, analysis, layout=self.layout, run_dir=Path(self._run_dir))
        front = self._front(plan)
        is_local = self.layout == "local"
        mine = () if is_local else front.services
        self._services = tuple(
            service.name
            for service in plan.services
            if service.package is not None and service.name not in mine
        )
        secret = b""
        if len(plan.groups) > 1:
            self._hosts = Hosts(plan, absent=front.name)
            path = os.pathsep.join(filter(None, sys.path))
            self._hosts.start({**os.environ, "PYTHONPATH": path})
            secret = Path(self._run_dir, SECRET_FILE).read_bytes()
        identity = Identity(front.name, 0, 1)
        self._process = Process(plan, identity, secret, wrap=self._watched)
        self._process.seams.on_write = self._patches
        self._process.install()
        if len(plan.groups) > 1 and any(plan.service(name).package for name in front.services):
            self._answering = _Answering(self._process, plan.socket_path(front.name, 0))
        if self._hosts is not None:
            self._connections.watch()

    def stop(self) -> None:
        """Close the seams, end the hosts, leave nothing behind."""
        self._connections.end()
        if self._process is not None:
            self._process.seams.uninstall()
        if self._answering is not None:
            self._answering.stop()
        elif self._process is not None:
            self._process.close()
        if self._hosts is not None:
            self._hosts.stop()
        if self._run_dir:
            shutil.rmtree(self._run_dir, ignore_errors=True)

    # -- around a test -----------------------------------------------------------------

    def begin_test(self) -> None:
        """Forget what the test before did to the seams."""
        self.unseen.clear()
        self._connections.forget()

    def end_test(self) -> None:
        """Open the seams again that the test closed by patching."""
        if self._process is not None:
            for service in self.patched:
                self._process.seams.open(service)
        self.patched.clear()

    def calls(self) -> dict[str, dict[str, int]]:
        """Return the calls this process made, by service and dotted function name."""
        return {} if self._process is None else self._process.stats().made

    def seam_errors(self) -> dict[str, int]:
        """Return the seam errors raised so far, here and in the hosts, by code."""
        if self._process is None:
            return {}
        errors = dict(self._process.stats().seam_errors)
        if self._hosts is not None:
            for code, count in self._hosts.align(None, None).seam_errors.items():
                errors[code] = errors.get(code, 0) + count
        return errors

    def answered(self) -> dict[str, int]:
        """Return the calls that hosts answered so far, whoever made them, by service."""
        answered = {} if self._hosts is None else self._hosts.align(None, None).answered
        for service, functions in self.calls().items():
            answered[service] = max(answered.get(service, 0), sum(functions.values()))
        if self._process is not None:
            for service, count in self._process.stats().answered.items():
                answered[service] = answered.get(service, 0) + count
        return answered

    def verify(self) -> None:
        """Check that every seam stands. Raises InternalError when one does not."""
        if self._process is not None:
            self._process.verify()

    # -- before a call -----------------------------------------------------------------

    def _watched(self, client: ClientLike) -> ClientLike:
        return client if self._hosts is None else _Watched(client, self._before_call)

    def _before_call(self) -> None:
        """Have the hosts see what the test set up, or say what they cannot see."""
        unseen = self._connections.unseen()
        if unseen:
            self.unseen.update(unseen)
            raise InvisibleState(
                "the test holds what no other process can see: "
                + ", ".join(f"{one.what} (opened at {one.place})" for one in unseen)
                + "; commit it or use a database file, or run this test with "
                "--seamline-layout local"
            )
        self._align()

    def _align(self) -> None:
        assert self._hosts is not None
        now = (_without_own(os.environ), str(Path.cwd()))
        if now == self._aligned:
            return
        with self._aligning:
            self._hosts.align(*now)
            self._aligned = now

    def _patches(self, write: Write) -> bool:
        """A test patches a global of a package elsewhere: run the package here for a while."""
        if self._process is None:
            return False
        self.patched.add(write.service)
        self._process.seams.close(write.service)
        return True

    def _front(self, plan: Plan) -> GroupPlan:
        for service in plan.services:
            if service.http is not None:
                return plan.group_of(service.name)
        raise ConfigError(
            "no service is http, so the tests' process has no group to be",
            file=str(self._config.file),
            remedy='add [services.web] with http = "module:app"',
        )


def _without_own(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name not in _OWN_VARIABLES and not name.startswith("SEAMLINE_")
    }


class _Answering:
    """Answers the hosts' calls to packages of the test process, on a loop of its own thread."""

    def __init__(self, process: Process, path: str) -> None:
        self._process = process
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="seamline-answers", daemon=True
        )
        self._thread.start()
        # Listens once the directory belongs to the run: the hosts' supervisor made it so.
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(path)
        Path(path).chmod(0o600)
        listening.listen()
        self._run(process.start(listening.detach()))

    def stop(self) -> None:
        """Finish what runs, then end the thread."""
        self._run(self._process.drain(1.0))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

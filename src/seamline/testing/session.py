"""One test session over one layout: its hosts, its seams, and what went over them."""

import contextlib
import itertools
import os
import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from seamline.config import Config
from seamline.errors import InvisibleState
from seamline.plan import (
    RUN_VARIABLE,
    SECRET_FILE,
    WORKER_VARIABLE,
    GroupPlan,
    Plan,
    analyse_project,
    build,
)
from seamline.rpc import Arguments, Target, record
from seamline.seam import ClientLike, child_environment
from seamline.testing.answering import Answering
from seamline.testing.hosts import Hosts
from seamline.testing.patching import Patches
from seamline.testing.visible import Connections, Unseen
from seamline.worker import Identity, Process, is_own_variable

# It changes several times a test. Hosts get to see one, so that code which only asks whether
# there is one finds it, but a new one alone is no reason to tell them.
_CURRENT_TEST: Final = "PYTEST_CURRENT_TEST"
# Reading the environment fails when another thread changes it meanwhile; it is read again.
_READ_ATTEMPTS: Final = 100


class _Watched:
    """A client that looks around before each call: may this test be answered elsewhere?"""

    def __init__(self, client: ClientLike, before: Callable[[], None]) -> None:
        self._client = client
        self._before = before
        self.declare: Callable[[list[Target]], None] = getattr(
            client, "declare", lambda _targets: None
        )

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

    The test process is the group that holds the first http service, or one that hosts nothing
    where no service is http; the other groups are real processes. In layout ``local`` every service is a place of its own in the test
    process; in ``mono`` nothing is hooked at all.

    Attributes:
        layout: Name of the layout.
        services: The services that a seam lies before, seen from the test process.
        unseen: What the running test set up that hosts cannot see.
    """

    def __init__(self, config: Config, layout: str) -> None:
        self.layout = layout
        self.services: tuple[str, ...] = ()
        self.unseen: set[Unseen] = set()
        self._config = config
        self._run_dir = ""
        self._pid = os.getpid()
        self._process: Process | None = None
        self._hosts: Hosts | None = None
        self._answering: Answering | None = None
        self._patches: Patches | None = None
        self._connections = Connections(config.root)
        self._aligned: tuple[dict[str, str], str | None] | None = None
        self._aligning = threading.Lock()
        self._made_by_hosts: Counter[str] = Counter()
        self._errors_of_hosts: Counter[str] = Counter()
        self._calls_heard_of = 0
        self._environment = contextlib.ExitStack()

    # -- the session -------------------------------------------------------------------

    def start(self) -> None:
        """Start the hosts and open the seams. After an error, :meth:`stop` cleans up.

        Raises:
            StartError: A host did not become ready.
            UsageError: The application or its configuration cannot be used.
        """
        if self.layout == "mono":
            return
        # Short, because the paths of sockets are bounded; 0700 by mkdtemp.
        self._run_dir = tempfile.mkdtemp(prefix="seamline-")
        analysis = analyse_project(self._config, self.layout)
        plan = build(self._config, analysis, layout=self.layout, run_dir=Path(self._run_dir))
        plan, front = with_front(plan)
        is_local = self.layout == "local"
        mine = () if is_local else front.services
        self.services = tuple(
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
        self._open(plan, front, secret, is_local=is_local)

    def _open(self, plan: Plan, front: GroupPlan, secret: bytes, *, is_local: bool) -> None:
        identity = Identity(front.name, 0, 1)
        self._process = Process(plan, identity, secret, wrap=self._watched)
        application = {
            name.partition(".")[0]
            for service in plan.services
            if (name := service.package or (service.http or "").partition(":")[0])
        }
        self._patches = Patches(self._process.seams, application, closes=not is_local)
        self._process.install()
        if self._hosts is None:
            return
        if any(plan.service(name).package for name in front.services):
            self._answering = Answering(self._process, plan.socket_path(front.name, 0))
        run = {RUN_VARIABLE: self._run_dir, WORKER_VARIABLE: str(identity)}
        joined = child_environment({**os.environ, **run}, plan, group=front.name)
        self._environment.enter_context(_set_environment(joined))
        self._connections.watch()

    def stop(self) -> None:
        """Close the seams, end the hosts, leave nothing behind. Doing it again does nothing."""
        self._connections.end()
        self._environment.close()
        if self._process is not None:
            self._process.seams.uninstall()
        if self._answering is not None:
            self._answering.stop()
        elif self._process is not None:
            self._process.close()
        self._answering = None
        self._process = None
        if self._hosts is not None:
            self._hosts.stop()
        if self._run_dir:
            shutil.rmtree(self._run_dir, ignore_errors=True)

    def verify(self) -> None:
        """Check that every seam stands. Raises InternalError when one does not."""
        if self._process is not None:
            self._process.verify()

    # -- around a test -----------------------------------------------------------------

    def begin_test(self) -> None:
        """Forget what the test before set up."""
        self.unseen.clear()
        self._connections.forget()
        if self._hosts is not None:
            self._hosts.begin_test()

    def end_test(self) -> list[str]:
        """Open the seams again whose patches are undone.

        Returns:
            Why the test, or a part of it, was not answered by the hosts.
        """
        patched = [] if self._patches is None else self._patches.services
        if self._patches is not None:
            self._patches.settle()
        unseen = sorted({one.what for one in self.unseen})
        return [f"local: patched {name}" for name in patched] + [
            f"refused: {what}" for what in unseen
        ]

    def output_of_hosts(self) -> list[str]:
        """Return what the hosts printed since the running test began."""
        return [] if self._hosts is None else self._hosts.output_of_test()

    # -- what went over the seams ------------------------------------------------------

    def calls(self) -> dict[str, dict[str, int]]:
        """Return the calls this process made, by service and dotted function name."""
        return {} if self._process is None else self._process.stats().made

    def calls_of_hosts(self) -> dict[str, int]:
        """Return the calls that hosts made of each other and of this process, by service."""
        self._ask()
        return dict(self._made_by_hosts)

    def seam_errors(self) -> Counter[str]:
        """Return the seam errors raised so far, here and in the hosts, by code.

        Hosts are only asked when calls were made since: without a call they do nothing.
        """
        if self._process is None:
            return Counter()
        stats = self._process.stats()
        calls = sum(sum(functions.values()) for functions in stats.made.values())
        calls += sum(stats.answered.values())
        if calls != self._calls_heard_of:
            self._calls_heard_of = calls
            self._ask()
        return self._errors_of_hosts + Counter(stats.seam_errors)

    def _ask(self) -> None:
        if self._hosts is not None and os.getpid() == self._pid:
            reply = self._hosts.ask()
            self._made_by_hosts = Counter(reply.made)
            self._errors_of_hosts = Counter(reply.seam_errors)

    # -- before a call -----------------------------------------------------------------

    def _watched(self, client: ClientLike) -> ClientLike:
        return client if self._hosts is None else _Watched(client, self._before_call)

    def _before_call(self) -> None:
        """Have the hosts see what the test set up, or say what they cannot see."""
        unseen = self._connections.unseen()
        if unseen:
            self.unseen.update(unseen)
            error = InvisibleState(
                "the test holds what no other process can see: "
                + ", ".join(f"{one.what} (opened at {one.place})" for one in unseen)
                + "; commit it or use a database file, or run this test with "
                "--seamline-layout local"
            )
            record(error)
            raise error
        # A forked child may have an environment of its own, which is not the test's.
        if os.getpid() == self._pid:
            self._align()

    def _align(self) -> None:
        assert self._hosts is not None
        environ = _read_environment()
        current = environ.pop(_CURRENT_TEST, None)
        cwd = _read_cwd()
        if (environ, cwd) == self._aligned:
            return
        with self._aligning:
            shown = environ if current is None else {**environ, _CURRENT_TEST: current}
            self._hosts.align(shown, cwd)
            self._aligned = (environ, cwd)


def with_front(plan: Plan) -> tuple[Plan, GroupPlan]:
    """Return the plan with the group that the test process is, and that group.

    It is the first http service's. Where no service is http, the test process hosts nothing,
    as a program that only calls: a group of its own, which is added.
    """
    for service in plan.services:
        if service.http is not None:
            return plan, plan.group_of(service.name)
    if plan.layout == "local":
        return plan, plan.groups[0]
    taken = {group.name for group in plan.groups}
    name = next(name for name in _front_names() if name not in taken)
    front = GroupPlan(name=name, services=())
    return msgspec.structs.replace(plan, groups=(front, *plan.groups)), front


def _front_names() -> Iterator[str]:
    yield "tests"
    yield from (f"tests-{number}" for number in itertools.count(2))


def _read_environment() -> dict[str, str]:
    """Return the variables that hosts take over, whatever other threads do meanwhile."""
    for _ in range(_READ_ATTEMPTS - 1):
        with contextlib.suppress(RuntimeError):  # it changed size while it was read
            return _not_own(os.environ)
    return _not_own(os.environ)


def _not_own(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not is_own_variable(name)}


def _read_cwd() -> str | None:
    """Return the working directory, or ``None`` when a test removed it."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _set_environment(environ: Mapping[str, str]) -> Any:
    """Set variables, and put back what they were."""
    before = {
        name: os.environ.get(name) for name in environ if os.environ.get(name) != environ[name]
    }
    os.environ.update({name: environ[name] for name in before})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

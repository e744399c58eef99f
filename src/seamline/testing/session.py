"""One test session over one layout: its hosts, its seams, and what went over them."""

import contextlib
import os
import secrets
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import Final

from seamline.config import Config
from seamline.errors import InvisibleState
from seamline.interface import Analysis, Function
from seamline.plan import (
    ERRORS_FILE,
    RUN_VARIABLE,
    WORKER_VARIABLE,
    GroupPlan,
    Plan,
    analyse_project,
    build,
)
from seamline.rpc import recorded
from seamline.seam import child_environment
from seamline.testing.ahead import Ahead
from seamline.testing.answering import Answering
from seamline.testing.assigned import Assignments
from seamline.testing.causes import IN_MEMORY, Cause, DjangoState
from seamline.testing.closing import NO_MOMENT, Closing, Kept, Moment
from seamline.testing.following import Following
from seamline.testing.front import for_tests, with_front
from seamline.testing.hosts import Hosts
from seamline.testing.lines import Lines
from seamline.testing.looking import Looks, Test
from seamline.testing.memory import MemoryDatabases
from seamline.testing.patching import Patches
from seamline.testing.reach import Reach
from seamline.testing.reshaping import Reshaping
from seamline.testing.spawning import Spawned
from seamline.testing.surroundings import set_environment
from seamline.testing.visible import Connections, Sessions
from seamline.worker import Identity, Process

_SECRET_BYTES: Final = 32
# Longer than an import takes; the first call waits for the rest.
_CONNECT_SECONDS: Final = 60.0


class SplitSession:
    """The application of a configuration, split as one layout says, for one test process.

    The test process is the group that holds the first http service, or one that hosts nothing
    where no service is http; the other groups are real processes. In layout ``local`` every
    service is a place of its own in the test process; in ``mono`` nothing is hooked at all.

    Args:
        config: What ``seamline.toml`` says.
        layout: Name of the layout.
        variables: Added to the environment of hosts.
        spawned: The process that is to start hosts, if it was started already.

    Attributes:
        layout: Name of the layout.
        services: The services that a seam lies before, seen from the test process.
        analysis: What the source of the application says; empty in ``mono``.
    """

    def __init__(
        self,
        config: Config,
        layout: str,
        variables: Mapping[str, str] | None = None,
        spawned: Spawned | None = None,
    ) -> None:
        self.layout = layout
        self.services: tuple[str, ...] = ()
        self.analysis = Analysis(interfaces=(), findings=())
        self._config = config
        self._variables = dict(variables or {})
        self._spawned = spawned
        self._run_dir = ""
        self._places: tuple[Plan, GroupPlan, bytes] | None = None
        self._ahead: Ahead | None = None
        self._pid = os.getpid()
        self._process: Process | None = None
        self._hosts: Hosts | None = None
        self._answering: Callable[[], Answering] | None = None
        self._answers: Answering | None = None
        self._patches: Patches | None = None
        self._closing: Closing | None = None
        self._looks: Looks | None = None
        self._reach = Reach(self.analysis)
        self._django = DjangoState()
        self._connections = Connections(config.root)
        self._sessions = Sessions()
        self._databases = MemoryDatabases(())
        self._reshaping = Reshaping()
        self._assigned = Assignments((), config.root, self._reach.is_application)
        self._following: Following | None = None
        self._is_ready = False
        self._is_collected = False
        self._waiting = threading.RLock()
        self._made_by_hosts: Counter[str] = Counter()
        self._errors_of_hosts: Counter[str] = Counter()
        self._untold_by_hosts: Counter[str] = Counter()
        self._told = Lines(Path(os.devnull))
        self._environment = contextlib.ExitStack()

    # -- the session -------------------------------------------------------------------

    def start(self) -> None:
        """Begin to start the hosts, if that did not begin, and open the seams.

        After an error, :meth:`stop` cleans up.

        Raises:
            UsageError: The application or its configuration cannot be used.
        """
        if self.layout == "mono":
            return
        if self._places is None:
            self.order()
        if self._ahead is not None:
            self._ahead.end()
        self._start_again_if_moved()
        assert self._places is not None
        self._open(*self._places)

    def order(self) -> None:
        """Begin to start the hosts, in what surrounds the test process now.

        Raises:
            UsageError: The application or its configuration cannot be used.
        """
        is_local = self.layout == "local"
        if not is_local:
            self._hosts = Hosts(self._spawned)
            self._following = Following(self._hosts, self._variables)
            self._following.begin()
        self.analysis = analyse_project(self._config, self.layout)
        # Short, because the paths of sockets are bounded; 0700 by mkdtemp.
        self._run_dir = tempfile.mkdtemp(prefix="seamline-")
        self._told = Lines(Path(self._run_dir, ERRORS_FILE))
        plan = build(self._config, self.analysis, layout=self.layout, run_dir=Path(self._run_dir))
        plan, front = with_front(for_tests(plan))
        mine = () if is_local else front.services
        self.services = tuple(
            service.name
            for service in plan.services
            if service.package is not None and service.name not in mine
        )
        secret = secrets.token_bytes(_SECRET_BYTES)
        if self._hosts is not None and len(plan.groups) > 1:
            self._hosts.start(plan, absent=front.name, secret=secret)
        elif self._hosts is not None:  # everything is in one group
            self._hosts.stop()
            self._hosts = self._following = None
        self._places = plan, front, secret

    def import_ahead(self) -> None:
        """Have hosts that were ordered import what is noted before :meth:`start`."""
        if self._hosts is not None and self._places is not None:
            self._ahead = Ahead(self._hosts, *self._places)

    def note_import(self, module: str) -> None:
        """A module is about to be imported here: a host that has it imports it, too."""
        if self._ahead is not None:
            self._ahead.note(module)

    def _start_again_if_moved(self) -> None:
        """Start the hosts again if what a process inherits is no longer what they began with.

        Those that hold what calls have left there stay: a new one would miss it.
        """
        if self._following is None or not self._following.has_moved():
            return
        if self._closing is not None and self._closing.may_have_changed():
            return
        if self._ahead is not None:
            self._ahead.end()
        self._end_hosts()
        self._following.begin_again()

    def _open(self, plan: Plan, front: GroupPlan, secret: bytes) -> None:
        identity = Identity(front.name, 0, 1)
        keeps = self._keeps if self._hosts is not None else None
        self._process = process = Process(plan, identity, secret, keeps=keeps)
        application = {
            name.partition(".")[0]
            for service in plan.services
            if (name := service.package or (service.http or "").partition(":")[0])
        }
        behind = {
            one.service: one for one in self.analysis.interfaces if one.service in self.services
        }
        self._reach = Reach(self.analysis)
        self._closing = Closing(
            process.seams,
            behind,
            self._causes,
            self._reach.concerns,
            together=[group.services for group in plan.groups if group is not front],
            last_calls=self._last_calls_of_hosts,
        )
        placed = {name for one in self.analysis.interfaces for name, _ in one.modules}
        unplaced = set(self.analysis.modules) - placed
        self._databases = MemoryDatabases(unplaced)
        self._assigned = Assignments(
            unplaced,
            self._config.root,
            self._reach.is_application,
            {
                module: {state.name for state in one.state if state.module == module}
                for one in behind.values()
                for module, _ in one.modules
            },
        )
        self._patches = Patches(
            process.seams,
            behind,
            self._reach,
            application,
            close=None if self.layout == "local" else self._closing.close,
            assigned=self._assigned,
        )
        process.install()
        if self._hosts is None:
            return
        if any(plan.service(name).package for name in front.services):
            self._answering = lambda: Answering(process, plan.socket_path(front.name, 0))
        run = {RUN_VARIABLE: self._run_dir, WORKER_VARIABLE: str(identity)}
        joined = child_environment({**os.environ, **run}, plan, group=front.name)
        self._environment.enter_context(set_environment(joined))
        self._connections.watch()
        self._patches.watch()
        self._looks = Looks(behind.values(), self._config.root)

    def wait_ready(self) -> None:
        """Wait until every host is ready. Doing it again does nothing.

        Raises:
            StartError: One did not become ready; its words are in the message.
        """
        with self._waiting:
            if self._hosts is None or self._is_ready:
                return
            self._hosts.wait_ready()
            # Only now: whoever starts the hosts empties the directory first.
            if self._answering is not None:
                self._answers = self._answering()
            self._is_ready = True

    def finish_collection(self) -> None:
        """The application is imported: every seam must stand, and every host be as it is here.

        Hosts that were started in another environment, or with other limits, than the application
        was imported in are started again.

        Raises:
            InternalError: A seam does not stand.
            StartError: A host did not become ready.
        """
        if self._process is None:
            return
        self._process.verify()
        self._django.begin()
        if self._hosts is not None and self._patches is not None:
            self._patches.begin()
            self._databases.look()
            self._reshaping.read(self._assigned.codes)
        self._start_again_if_moved()
        self.wait_ready()
        if self._hosts is not None:
            assert self._following is not None
            # What whoever calls first would have them import in the surroundings of its test.
            self._following.align()
            self._process.connect(_CONNECT_SECONDS)
        if self._closing is not None:
            self._closing.hold(self, NO_MOMENT)
        self._is_collected = True

    def _end_hosts(self) -> None:
        if self._answers is not None:
            self._answers.stop()
            self._answers = None
        if self._hosts is not None:
            self._hosts.stop()
        self._is_ready = False

    def stop(self) -> None:
        """Close the seams, end the hosts, leave nothing behind. Doing it again does nothing."""
        self._connections.end()
        if self._patches is not None:
            self._patches.end()
        self._environment.close()
        if self._process is not None:
            self._process.seams.uninstall()
            self._process.close()
        self._end_hosts()
        if self._ahead is not None:  # only now: what hangs in a host has ended with it
            self._ahead.end()
        if self._hosts is None and self._spawned is not None:  # nobody asked for hosts
            self._spawned.end()
        self._process = None
        if self._run_dir:
            shutil.rmtree(self._run_dir, ignore_errors=True)

    # -- around a test -----------------------------------------------------------------

    def begin_test(self, test: Test) -> None:
        """Forget what the test before set up; close the seams whose state this one reads."""
        self._connections.forget()
        if self._hosts is not None:
            self._sessions.begin_test()
        if self._closing is not None:
            self._closing.begin_test()
            for service, cause in () if self._looks is None else self._looks.of(test):
                # Where that would lose something the read itself says that it cannot be done.
                with contextlib.suppress(InvisibleState):
                    self._closing.close(service, cause)
        if self._hosts is not None:
            self._reshaping.begin_test(test)
            self._hosts.begin_test()

    def end_test(self) -> tuple[list[Kept], list[Kept]]:
        """Open the seams again that a test closed.

        Returns:
            What ran in the test process instead of on its host, and what could not.
        """
        if self._closing is None or self._patches is None:
            return [], []
        return self._closing.end_test(self._patches.settle())

    @contextlib.contextmanager
    def fixture(self, fixture: Hashable) -> Iterator[None]:
        """Keep in mind the calls that set up a fixture, until :meth:`let_go`."""
        before = self.calls_so_far()
        yield
        self.hold(fixture, before)

    def calls_so_far(self) -> Moment:
        """Return the calls that may have changed state, to be given to :meth:`hold`."""
        return NO_MOMENT if self._closing is None else self._closing.calls()

    def hold(self, fixture: Hashable, before: Moment) -> None:
        """Keep in mind the calls since, until :meth:`let_go`."""
        self._django.take_environment()
        if self._closing is not None:
            self._closing.hold(fixture, before)

    def let_go(self, fixture: Hashable) -> None:
        """Forget a fixture that is torn down."""
        if self._closing is not None:
            self._closing.let_go(fixture)

    def output_of_hosts(self) -> list[str]:
        """Return what the hosts printed since the running test began."""
        return [] if self._hosts is None else self._hosts.output_of_test()

    # -- what went over the seams ------------------------------------------------------

    def calls(self) -> dict[str, dict[str, int]]:
        """Return the calls this process made, by service and dotted function name."""
        return {} if self._process is None else self._process.stats().made

    def stayed(self) -> dict[str, int]:
        """Return the calls that could not cross and ran here, by dotted function name."""
        return {} if self._process is None else self._process.stats().stayed

    def calls_of_hosts(self) -> dict[str, int]:
        """Return the calls that hosts made of each other and of this process, by service."""
        self._ask()
        return dict(self._made_by_hosts)

    def seam_errors(self) -> Counter[str]:
        """Return the seam errors raised so far, here and in the hosts, by code.

        Those that a host could not write down are known after :meth:`calls_of_hosts`.

        Raises:
            StartError: The hosts are gone.
        """
        if self._process is None:
            return Counter()
        if self._hosts is not None:
            self._hosts.check()
            self._errors_of_hosts += self._told.more()
        own = recorded()
        return self._errors_of_hosts + self._untold_by_hosts + Counter(own)

    def _ask(self) -> None:
        if self._hosts is not None and os.getpid() == self._pid:
            reply = self._hosts.ask()
            self._made_by_hosts = Counter(reply.made)
            self._untold_by_hosts = Counter(reply.untold)

    def _last_calls_of_hosts(self) -> Mapping[str, Mapping[str, int]]:
        """Return when hosts last called each function, by service."""
        if self._hosts is None or not self._is_ready or os.getpid() != self._pid:
            return {}
        return self._hosts.ask().last

    # -- before a call -----------------------------------------------------------------

    def _keeps(self, service: str, function: Function) -> bool:
        """Return whether a call stays here; if not, have its host see what the test set up."""
        assert self._closing is not None
        assert self._hosts is not None
        if self._closing.keeps(service, function):
            return True
        # A forked child may have an environment of its own, which is not the test's.
        if os.getpid() == self._pid:
            assert self._following is not None
            if not self._is_collected:  # who collects may have set what hosts read first
                with self._waiting:
                    self._start_again_if_moved()
            self.wait_ready()
            self._following.align()
            self._hosts.wait_begun()
        return False

    def _causes(self, service: str, function: Function) -> Iterator[Cause]:
        """Yield what a function would see here and not on its host at this moment."""
        assert self._patches is not None
        yield from self._patches.causes(service, function)
        if self._reach.database_of(service, function) is not None:
            yield from self._connections.unseen()
            yield from self._sessions.unseen()
            yield from self._django.of_databases()
            yield from self._reshaping.databases(function)
        for one in self._databases.named():
            if self._reach.concerns(service, function, *one):
                yield Cause(IN_MEMORY, str(one))
        yield from self._reshaping.causes(function)
        if self._reach.concerns(service, function, "django.conf", "settings"):
            yield from self._django.of_settings(self._assigned.names)

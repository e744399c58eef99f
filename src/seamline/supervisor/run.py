"""One run, from sockets to the last reaped process. The application is never imported here."""

import asyncio
import contextlib
import math
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from seamline import __version__
from seamline.errors import SeamlineError
from seamline.plan import CONTROL_SOCKET, RUN_VARIABLE, GroupPlan, Plan, environment_of
from seamline.supervisor import report
from seamline.supervisor.aligning import Aligning
from seamline.supervisor.autoscaling import Autoscaling
from seamline.supervisor.control import ControlServer
from seamline.supervisor.development import Development
from seamline.supervisor.ending import Ending, Leaving
from seamline.supervisor.ends import raise_first
from seamline.supervisor.estate import Estate
from seamline.supervisor.group import Group
from seamline.supervisor.hashing import with_hash_seed
from seamline.supervisor.leaving import drain, kill_all, remove_sockets
from seamline.supervisor.logs import LogStream
from seamline.supervisor.looking import look_regularly
from seamline.supervisor.notify import Notifier
from seamline.supervisor.operations import Operations
from seamline.supervisor.places import fill, keep_sockets
from seamline.supervisor.preloading import common_preloads
from seamline.supervisor.processes import Process, State
from seamline.supervisor.reaping import reap_orphans
from seamline.supervisor.recycling import Recycling
from seamline.supervisor.resuming import resume
from seamline.supervisor.rolling import LINGER_SECONDS, SPARE_SECONDS
from seamline.supervisor.rundir import RunDirectory
from seamline.supervisor.scaling import Weigh
from seamline.supervisor.signals import HEARD
from seamline.supervisor.starting import abort_late, first_failure, late, stacks_follow
from seamline.supervisor.status import Status
from seamline.supervisor.store import Store
from seamline.supervisor.stuck import Timeouts
from seamline.supervisor.takeover import Takeover
from seamline.supervisor.upgrading import Upgrading
from seamline.supervisor.zygote import Zygote

if TYPE_CHECKING:
    from seamline.supervisor.sockets import Address

# After Ctrl-C the client is most often the developer's own browser, which asks again.
_LINGER_AFTER_CTRL_C_SECONDS: Final = 0.1
_NOTHING_TO_REOPEN: Final = (
    "SIGUSR1 is ignored: Seamline writes its log to standard output and error, and has no file "
    "of its own to reopen"
)
_NO_UPGRADE: Final = "SIGUSR2 is ignored: only seamline run can be executed anew; start it again"


class Supervisor:
    """Starts every group of a plan, keeps it running, and leaves nothing behind.

    Args:
        plan: What to run; its ``run_dir`` is created.
        environment: Of the workers, before each group's own.
        access_log: Whether each request is a line of the log.
        log_level: Of Seamline's own messages in workers.
        as_json: Whether the log stream is for machines.
        colored: Whether its prefixes are coloured.
        verbose: Whether the traceback of a failed start is shown whole.
        absent: A group that is not started, because the caller's own process is it.
        secret: What every process of the run knows; None for a new one.
        on_ready: Called once every group is ready.
        zygote: Workers of groups without an environment of their own are forked from it. The
            supervisor closes it.
        replan: Reads the configuration again for a reload; None keeps the plan, and every
            worker as long as it works: between two tests no state is to change.
        weigh: Raises when a group must not have so many workers, as the code is now.
        development: Follows changes of files, where the run is for development.
        notifier: Tells a service manager how the run goes.
        store: What that has kept of an earlier run's sockets, and will keep of this one's.
        left: What the supervisor before in this process has left; None begins a run.
    """

    def __init__(
        self,
        plan: Plan,
        environment: Mapping[str, str],
        *,
        access_log: bool = True,
        log_level: str = "info",
        as_json: bool = False,
        colored: bool = False,
        verbose: bool = False,
        absent: str | None = None,
        secret: bytes | None = None,
        on_ready: Callable[[], None] | None = None,
        zygote: Zygote | None = None,
        replan: Callable[[], Plan] | None = None,
        weigh: Weigh | None = None,
        development: Development | None = None,
        notifier: Notifier | None = None,
        store: Store | None = None,
        left: Takeover | None = None,
    ) -> None:
        self.plan = plan
        self._left = left
        self._environment = {**with_hash_seed(environment), RUN_VARIABLE: plan.run_dir}
        self._access_log = access_log
        self._log_level = log_level
        self._as_json = as_json
        self._colored = colored
        self._verbose = verbose
        self._absent = absent
        self._secret = secret
        self._on_ready = on_ready
        self._zygote = zygote
        self._replan = replan
        self._weigh = weigh
        self._development = development
        self._notifier = notifier or Notifier()
        self._store = store or Store(self._notifier)
        self._directory = RunDirectory(plan.run_dir)
        self._groups: list[Group] = []
        self._aligning = Aligning(self._groups, self.mark)
        self._urls: dict[str, Address] = {}
        self._is_up = False
        self._ending: Ending | None = None
        self._leaving: Leaving | None = None
        self._end_asked = asyncio.Event()
        self._killed = False
        self._failure: SeamlineError | None = None
        self._changed = asyncio.Event()
        self._started_at = 0.0

    async def run(self) -> int:
        """Run until told to stop; returns the exit status.

        Raises:
            BindError: An address cannot be listened on; nothing was started.
            StartError: Another run of this project lives, or a group did not become ready.
            ApplicationError: The application cannot be loaded.
        """
        loop = asyncio.get_running_loop()
        self._started_at = loop.time() if self._left is None else self._left.started_at
        self._directory.take(None if self._left is None else self._left.lock)
        self._logs = LogStream(
            lambda: self._end_from_thread(loop), as_json=self._as_json, colored=self._colored
        )
        self._logs.keep_in(Path(self.plan.run_dir))
        rolling = self._operations()
        control = self._control(rolling)
        looking: asyncio.Task[None] | None = None
        try:
            await self._open(rolling, control)
            self._watch_signals(rolling, control)
            looking = asyncio.create_task(self._look_after(rolling))
            await self._begin(rolling)
            if self._development is not None:
                await self._development.follow(self.plan.root, self._end_asked)
            await self._end_asked.wait()
            self._notifier.stopping()
            for group in self._groups:  # whoever waits to be forked waits no more
                group.preloaded.close()
            await rolling.settle()
            await self._drain()
        finally:
            if looking is not None:
                looking.cancel()
            if self._zygote is not None:
                self._zygote.close()
            if self._development is not None:
                self._development.close()
            await kill_all(self._groups, None if self._failure else self._leaving, self._logs)
            control.close()
            remove_sockets(self._urls, self._store)
            self._logs.close()
            self._directory.remove()
        if self._failure is not None:
            raise self._failure
        return (self._ending or Ending.STOPPED).value

    async def _open(self, rolling: Operations, control: ControlServer) -> None:
        if self._left is None:
            self._open_groups()
            keep_sockets(self._store, self._groups, self._urls, self._logs)
            self._directory.write(self.plan, self._secret)
            await control.start()
        else:
            await self._resume(self._left, rolling)
            await control.start(self._left.control)

    async def _resume(self, left: Takeover, rolling: Operations) -> None:
        """Find the run as it was left."""
        self._is_up = True
        self._urls.update(left.urls)
        rolling.resume(left.first, left.scaled)
        held = {one.name: one for one in left.groups}
        for plan in self.plan.groups:
            self._groups.append(group := self._group(plan))
            group.numbers = left.scaled
            await resume(group, held[plan.name])

    async def _begin(self, rolling: Operations) -> None:
        """Start what is to run, or replace what runs."""
        if self._left is None:
            await self._start()
            rolling.begin()
            self._notifier.ready(f"{self.plan.name}, layout {self.plan.layout}")
        else:
            self._logs.notice(f"upgraded: Seamline {__version__} goes on with what runs")
            rolling.begin()
            rolling.ask()

    def _operations(self) -> Operations:
        make = Upgrading if self._development is None else self._development.begin
        made = make(
            self.plan,
            self._groups,
            self._logs,
            self._end_asked,
            replan=self._replan,
            adopt=self._adopt,
            notifier=self._notifier,
        )
        made.weigh, made.store = self._weigh, self._store
        return made

    def _control(self, rolling: Operations) -> ControlServer:
        return ControlServer(
            Path(self.plan.run_dir, CONTROL_SOCKET),
            status=self.status,
            stop=self.stop,
            align=self._aligning.align,
            tell=self._tell,
            change=rolling.change,
        )

    def stop(self) -> None:
        """Begin to drain and stop. Asked twice, ends everything at once."""
        self._end(Ending.STOPPED)

    def mark(self, text: str) -> None:
        """Write a line of the caller's own into the log stream, after all so far."""
        self._logs.mark(text)

    def _adopt(self, plan: Plan) -> None:
        """Start workers by another plan from now on."""
        self._directory.write_plan(plan)
        self.plan = plan
        for group in self._groups:
            group.plan = plan.group(group.plan.name)
            group.environment = environment_of(group.plan, self._environment)
            group.startup_timeout = plan.startup_timeout

    # -- opening -----------------------------------------------------------------------

    def _open_groups(self) -> None:
        packages = frozenset(one.name for one in self.plan.services if one.package is not None)
        for plan in self.plan.groups:
            if plan.name == self._absent:
                continue
            self._groups.append(group := self._group(plan))
            is_called = len(self.plan.groups) > 1 and not packages.isdisjoint(plan.services)
            fill(group, self.plan, self._urls, self._store, is_called=is_called)

    def _group(self, plan: GroupPlan) -> Group:
        return Group(
            plan,
            self.plan.root,
            environment_of(plan, self._environment),
            self._logs,
            self._on_change,
            access_log=self._access_log,
            log_level=self._log_level,
            zygote=None if plan.env or plan.sandbox else self._zygote,
            startup_timeout=self.plan.startup_timeout,
        )

    async def _start(self) -> None:
        """Start everything and wait until it is ready, or something failed, or the end."""
        if self._zygote is not None:
            forked = [group.plan for group in self._groups if group.zygote is not None]
            libraries = common_preloads(forked)
            await self._zygote.preload(self.plan.root, self._environment, libraries)
        started = asyncio.create_task(self._start_groups())
        ready = asyncio.create_task(self._wait_ready(started))
        asked = asyncio.create_task(self._end_asked.wait())
        await asyncio.wait(
            {ready, asked},
            timeout=self.plan.startup_timeout,
            return_when=asyncio.FIRST_COMPLETED,
        )
        asked.cancel()
        if ready.done():
            await ready
            self._is_up = True
            self._logs.block(report.ready_block(self.status()))
            if self._on_ready is not None:
                self._on_ready()
            return
        ready.cancel()
        is_late = not self._end_asked.is_set()
        if is_late:
            self._logs.notice(stacks_follow(self._groups, self.plan.startup_timeout))
            common = [] if self._zygote is None else [self._zygote.show()]
            await asyncio.gather(*common, *(group.preloaded.show() for group in self._groups))
        if self._zygote is not None:
            self._zygote.close()
        for group in self._groups:
            group.preloaded.close()
        await asyncio.wait({started})
        started.exception()  # at most that no fork was waited for any more
        if not self._end_asked.is_set():
            self._fail(late(self._groups, self.plan.startup_timeout))
            await abort_late(self._groups)

    async def _start_groups(self) -> None:
        """Start all of them; one that waits for a fork does not hold up another."""
        starting = (group.start() for group in self._groups)
        raise_first(await asyncio.gather(*starting, return_exceptions=True))

    async def _wait_ready(self, started: asyncio.Task[None]) -> None:
        await asyncio.shield(started)
        while not all(group.is_ready for group in self._groups):
            self._changed.clear()
            await self._changed.wait()

    # -- while it runs -----------------------------------------------------------------

    def status(self) -> Status:
        """Describe the run."""
        loop = asyncio.get_running_loop()
        state = "stopping" if self._end_asked.is_set() else "starting"
        if self._is_up and state != "stopping":
            state = "ready" if all(group.is_ready for group in self._groups) else "degraded"
        return report.status_of(
            self.plan,
            self._groups,
            self._urls,
            state=state,
            now=loop.time(),
            since=self._started_at,
        )

    async def _tell(self) -> None:
        await asyncio.gather(*(group.tell() for group in self._groups))

    def _on_change(self, group: Group, process: Process) -> None:
        self._changed.set()
        if process.state is not State.STOPPED or self._end_asked.is_set():
            return
        if self._is_up:
            self._aligning.ended(process)
            slot = next(slot for slot in group.slots if slot.number == process.identity.slot)
            group.replace(slot, process)
        else:
            self._fail(first_failure(group, process, self._logs, verbose=self._verbose))

    def _fail(self, error: SeamlineError) -> None:
        self._failure = self._failure or error
        self._killed = True
        self._end_asked.set()

    async def _look_after(self, rolling: Operations) -> None:
        recycling = Recycling(self._groups, rolling, self._logs)
        autoscaling = Autoscaling(self._groups, rolling.autoscale, self._logs)

        def look(now: float, *, was_paused: bool) -> None:
            # After a pause of this very process every worker looks silent: hear them first.
            if not was_paused and not self._end_asked.is_set():
                self._look(now)
                if self._is_up and self._replan is not None:
                    recycling.look(now)
                    autoscaling.look(now)
            reap_orphans()

        await look_regularly(look, self._notifier.live, self._logs)

    def _look(self, now: float) -> None:
        # The first start is watched as a whole, by _start.
        startup = self.plan.startup_timeout if self._is_up else math.inf
        drain = self.plan.graceful_timeout + SPARE_SECONDS
        timeouts = Timeouts(startup, self.plan.stall_timeout, drain)
        for group in self._groups:
            group.look_after(now, timeouts)

    # -- leaving -----------------------------------------------------------------------

    def _watch_signals(self, rolling: Operations, control: ControlServer) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end, Ending.STOPPED)
        loop.add_signal_handler(signal.SIGINT, self._end, Ending.INTERRUPTED)
        loop.add_signal_handler(signal.SIGHUP, rolling.ask)
        if self._development is None:  # which uses the terminal that these are about, too
            loop.add_signal_handler(signal.SIGTTIN, rolling.nudge, 1)
            loop.add_signal_handler(signal.SIGTTOU, rolling.nudge, -1)
        loop.add_signal_handler(signal.SIGUSR1, self._logs.notice, _NOTHING_TO_REOPEN)
        if self._replan is not None and isinstance(rolling, Upgrading):
            rolling.estate = self._estate(control)
            loop.add_signal_handler(signal.SIGUSR2, rolling.ask_upgrade)
        else:
            loop.add_signal_handler(signal.SIGUSR2, self._logs.notice, _NO_UPGRADE)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)

    def _estate(self, control: ControlServer) -> Estate:
        return Estate(
            self._groups,
            self._urls,
            self._directory,
            control,
            self._logs,
            environment=self._environment,
            log_level=self._log_level,
            started_at=self._started_at,
            store=self._store,
        )

    def _end(self, ending: Ending) -> None:
        """Begin to end; asked twice, end now."""
        now = asyncio.get_running_loop().time()
        if self._end_asked.is_set():
            if self._leaving is None or self._leaving.is_asked_again(ending, now):
                self._killed = True
                for group in self._groups:
                    group.kill()
            return
        self._ending = ending
        self._leaving = Leaving(self.plan.name, self._groups, now)
        self._end_asked.set()
        if ending is Ending.INTERRUPTED:
            self._logs.notice("finishing what runs; Ctrl-C again stops at once")

    def _end_from_thread(self, loop: asyncio.AbstractEventLoop) -> None:
        """Nobody reads the log stream any more, so nobody would see what goes wrong."""

        def end() -> None:
            # Standard output and error are told of one by one; twice would be "at once".
            if not self._end_asked.is_set():
                self._end(Ending.UNREAD)

        with contextlib.suppress(RuntimeError):  # the loop is closed: the run is over
            loop.call_soon_threadsafe(end)

    async def _drain(self) -> None:
        if self._killed:
            return
        interrupted = self._ending is Ending.INTERRUPTED
        linger = _LINGER_AFTER_CTRL_C_SECONDS if interrupted else LINGER_SECONDS
        await drain(self._groups, self._urls, self.plan.graceful_timeout, linger)

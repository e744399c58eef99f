"""Hosts import what the test process imports of theirs, while it is still importing.

A host imports its package's own module when it starts, and others when they are called first or
told of. Large applications spend their time in those; beside a ``conftest.py`` that imports them
as well it costs nothing.
"""

import _thread
import contextlib
import threading

from seamline.errors import StartError
from seamline.interface import Function, Verdict
from seamline.plan import GroupPlan, Plan, ServicePlan
from seamline.rpc import Client, Identity, Target
from seamline.seam import codec_of
from seamline.testing.hosts import Hosts
from seamline.testing.surroundings import Surroundings

# Longer than an import takes; who calls first waits for the rest.
_SECONDS = 60.0


class Ahead:
    """Tells hosts what is imported, from when they are ready on. Close with :meth:`end`.

    Args:
        hosts: That were ordered.
        plan: Of the run.
        front: The test process's own group.
        secret: What every process of the run knows.
    """

    def __init__(self, hosts: Hosts, plan: Plan, front: GroupPlan, secret: bytes) -> None:
        self._hosts = hosts
        self._plan = plan
        self._identity = Identity(run=plan.run_dir, worker=f"{front.name}.0", secret=secret)
        self._functions = _functions_of(plan, front)
        self._noted: list[str] = []
        self._changed = threading.Condition()
        self._is_over = False
        self._has_ended = False
        # Not by `threading`: what the application starts is counted in the tests of some.
        _thread.start_new_thread(self._run, ())

    def note(self, module: str) -> None:
        """A module is about to be imported in the test process."""
        if module in self._functions:
            with self._changed:
                self._noted.append(module)
                self._changed.notify_all()

    def end(self) -> None:
        """Tell nothing more; wait until hosts have imported what they were told of.

        Doing it again does nothing.
        """
        self._hosts.wake(self._finish)
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._has_ended)

    def _finish(self) -> None:
        self._is_over = True

    def _run(self) -> None:
        try:
            # Where hosts do not start, whoever waits for them says so.
            with contextlib.suppress(StartError):
                if self._hosts.become_ready(lambda: self._is_over):
                    self._hosts.align(Surroundings.read())
                    self._tell()
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()

    def _tell(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._noted or self._is_over)
                noted, self._noted = self._noted, []
            if self._is_over:
                return
            told: dict[str, list[Target]] = {}
            for service, function in (self._functions[module] for module in noted):
                target = self._target(service, function)
                told.setdefault(self._plan.group_of(service.name).name, []).append(target)
            for group, targets in told.items():
                self._connect(self._plan.group(group), targets)

    def _target(self, service: ServicePlan, function: Function) -> Target:
        assert service.interface is not None
        return Target(
            service=service.name,
            address=function.address,
            kind=function.kind,
            fingerprint=function.fingerprint,
            codec=codec_of(service.interface, self._plan.limits),
        )

    def _connect(self, group: GroupPlan, targets: list[Target]) -> None:
        paths = [self._plan.socket_path(group.name, slot) for slot in range(group.workers)]
        client = Client(
            group.name, paths, identity=self._identity, targets=targets, limits=self._plan.limits
        )
        client.connect(_SECONDS)
        client.close()


def _functions_of(plan: Plan, front: GroupPlan) -> dict[str, tuple[ServicePlan, Function]]:
    """Return a function of each module that hosts have, which asking for imports it there."""
    return {
        function.module: (service, function)
        for service in plan.services
        if service.interface is not None and service.name not in front.services
        for function in service.interface.functions
        if function.verdict is Verdict.REMOTE
    }

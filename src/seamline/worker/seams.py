"""The seams of one worker process: those it opens on others, and the calls it answers."""

import socket
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import msgspec

from seamline import rpc
from seamline.frameworks import Frameworks
from seamline.interface import Function
from seamline.plan import Plan
from seamline.rpc import Server
from seamline.seam import Connections, Host, Seams
from seamline.worker.report import Identity


class CallStats(msgspec.Struct, frozen=True):
    """Calls answered and made by this process.

    Attributes:
        in_flight: Calls being answered now.
        inside: Threads that answer a call now.
        is_full: Whether every thread answers a call and another waits.
        moves: Calls of synchronous functions that have ended.
        answered: Calls answered, by service.
        made: Calls made, by service and dotted name of the function.
        seam_errors: Seam errors raised to the application, by code.
        stayed: Calls that ran here because they could not cross, by dotted name.
    """

    in_flight: int = 0
    is_full: bool = False
    inside: int = 0
    moves: int = 0
    answered: dict[str, int] = {}
    made: dict[str, dict[str, int]] = {}
    seam_errors: dict[str, int] = {}
    stayed: dict[str, int] = {}


class Process:
    """This process's place in the run: which packages it hosts and which are elsewhere.

    Args:
        plan: Of the run.
        identity: Which worker this is.
        secret: What every process of the run knows and no other.
        keeps: Asked before each call to a service elsewhere; True keeps it in this process.

    Attributes:
        seams: Those this process opens on services that are elsewhere.
        frameworks: What this process knows of its frameworks' applications.
        given_up: Calls that were cut off when the time to drain was over.
    """

    request_errors: ContextVar[Any] = rpc.request_errors

    def __init__(
        self,
        plan: Plan,
        identity: Identity,
        secret: bytes,
        *,
        keeps: Callable[[str, Function], bool] | None = None,
    ) -> None:
        self._plan = plan
        self._group = plan.group(identity.group)
        self._identity = rpc.Identity(run=plan.run_dir, worker="", secret=secret)
        self._name(identity)
        self._service_of = {
            module: service.name
            for service in plan.services
            if service.interface is not None
            for module, _ in service.interface.modules
        }
        self.frameworks = Frameworks(plan)
        self.frameworks.applications.is_serving = any(
            plan.service(name).http is not None for name in self._group.services
        )
        self._connections = Connections(plan, self._identity, self.frameworks)
        self._server: Server | None = None
        self._adopted: dict[int, socket.socket] = {}
        self.given_up = 0
        self._host = Host(plan, group=identity.group, frameworks=self.frameworks)
        self.seams = Seams(
            plan,
            group=identity.group,
            connect=self._connections.client,
            local=plan.layout == "local",
            keeps=keeps,
            frameworks=self.frameworks,
        )

    def _name(self, identity: Identity) -> None:
        self._identity.worker = f"{identity.group}.{identity.slot}"

    def become(self, identity: Identity, plan: Plan) -> None:
        """Be another worker of the same group, in a fork of the process that was prepared.

        Args:
            identity: Which worker.
            plan: Of now; groups may have other numbers of workers than before.
        """
        self._name(identity)
        for group in plan.groups:
            if group.workers != self._plan.group(group.name).workers:
                self.resize(group.name, group.workers)

    def install(self) -> None:
        """Be ready to open seams on packages as they are imported."""
        self.seams.install()

    def prepare(self) -> None:
        """Find what other workers may call, before this process is forked into several."""
        self._host.prepare()

    def resize(self, group: str, workers: int) -> None:
        """Call that many workers of a group from now on."""
        self._connections.resize(group, workers)

    def keep_application(self, application: Any) -> None:
        """Keep an application object that was built for the calls which this process answers."""
        self.frameworks.applications.keep(application)

    def verify(self) -> None:
        """Check that every seam stands. Raises InternalError when one does not."""
        self.seams.verify()

    def connect(self, seconds: float) -> None:
        """Have other groups import now what of theirs is called from what is loaded here."""
        self._connections.connect(seconds)

    async def start(self, descriptor: int | None) -> None:
        """Answer calls on the slot's socket."""
        if descriptor is not None:
            self._server = Server(
                self._host.resolve,
                identity=self._identity,
                threads=self._group.threads,
                limits=self._plan.limits,
            )
            await self._server.start(socket.socket(fileno=descriptor))

    async def adopt(self, slot: int, descriptor: int) -> None:
        """Answer calls on another slot's socket as well."""
        sock = socket.socket(fileno=descriptor)
        if self._server is None:
            sock.close()
            return
        self._adopted[slot] = sock
        await self._server.start(sock)

    async def release(self, slot: int) -> None:
        """Leave the callers of another slot to its own worker."""
        sock = self._adopted.pop(slot, None)
        if sock is not None and self._server is not None:
            await self._server.leave(sock)
            sock.close()

    async def drain(self, seconds: float) -> None:
        """Refuse new calls, finish running ones, then close the connections to others."""
        if self._server is not None and not await self._server.drain(seconds):
            self.given_up = self._server.stats()["in_flight"]
        self.close()

    def close(self) -> None:
        """Close the connections to other groups."""
        self._connections.close()

    def stats(self) -> CallStats:
        """Count calls so far."""
        served: dict[str, Any] = {
            "in_flight": 0, "inside": 0, "is_full": False, "moves": 0, "calls": {},
        }  # fmt: skip
        if self._server is not None:
            served = self._server.stats()
        answered: Counter[str] = Counter()
        for address, calls in served["calls"].items():
            answered[self._service_of[address.partition(":")[0]]] += calls
        return CallStats(
            in_flight=served["in_flight"],
            inside=served["inside"],
            is_full=served["is_full"],
            moves=served["moves"],
            answered=dict(answered),
            made=self.seams.counts(),
            seam_errors=rpc.recorded(),
            stayed=rpc.stayed(),
        )

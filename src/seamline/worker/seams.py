"""The seams of one worker process: those it opens on others, and the calls it answers."""

import socket
from contextvars import ContextVar
from typing import Any

import msgspec

from seamline import rpc
from seamline.plan import Plan
from seamline.rpc import Client, Server
from seamline.seam import ClientLike, Host, Seams
from seamline.worker.report import Identity


class CallStats(msgspec.Struct, frozen=True):
    """Calls answered and made by this process."""

    in_flight: int = 0
    served: int = 0
    made: int = 0
    errors: int = 0


class Process:
    """This process's place in the run: which packages it hosts and which are elsewhere.

    Args:
        plan: Of the run.
        identity: Which worker this is.
        secret: What every process of the run knows and no other.
    """

    request_errors: ContextVar[Any] = rpc.request_errors

    def __init__(self, plan: Plan, identity: Identity, secret: bytes) -> None:
        self._plan = plan
        self._group = plan.group(identity.group)
        self._identity = rpc.Identity(
            run=plan.run_dir, worker=f"{identity.group}.{identity.slot}", secret=secret
        )
        self._host = Host(plan, group=identity.group)
        self._clients: dict[str, Client] = {}
        self._server: Server | None = None
        is_local = plan.layout == "local"
        self._seams = Seams(
            plan,
            group=identity.group,
            connect=self._connect_local if is_local else self._connect,
            local=is_local,
        )

    def install(self) -> None:
        """Be ready to open seams on packages as they are imported."""
        self._seams.install()

    def verify(self) -> None:
        """Check that every seam stands. Raises InternalError when one does not."""
        self._seams.verify()

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

    async def drain(self, seconds: float) -> None:
        """Refuse new calls, finish running ones, then close the connections to others."""
        if self._server is not None:
            await self._server.drain(seconds)
        for client in self._clients.values():
            client.close()

    def stats(self) -> CallStats:
        """Count calls so far."""
        counts = self._seams.counts()
        made = sum(sum(functions.values()) for functions in counts.values())
        errors = sum(rpc.recorded().values())
        if self._server is None:
            return CallStats(made=made, errors=errors)
        served = self._server.stats()
        return CallStats(
            in_flight=served["in_flight"],
            served=sum(served["calls"].values()),
            made=made,
            errors=errors,
        )

    def _connect(self, service: str) -> ClientLike:
        """Return the one client of this process for the group that hosts a service."""
        group = self._plan.group_of(service)
        if group.name not in self._clients:
            paths = [self._plan.socket_path(group.name, slot) for slot in range(group.workers)]
            self._clients[group.name] = Client(
                group.name, paths, identity=self._identity, limits=self._plan.limits
            )
        return self._clients[group.name]

    def _connect_local(self, service: str) -> ClientLike:
        """Return the client of a service in this very process."""
        return rpc.LocalClient(self._host.resolve)

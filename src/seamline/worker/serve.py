"""What one worker serves: HTTP on inherited sockets and calls on its slot's socket."""

import asyncio
import os
import resource
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from a2wsgi import WSGIMiddleware

from seamline.plan import GroupPlan, Plan
from seamline.worker.drain import DrainingServer
from seamline.worker.handoff import Giver, Taker
from seamline.worker.http import AccessLog, Application, Front
from seamline.worker.load import Protocol, protocol_of
from seamline.worker.mount import Mount
from seamline.worker.pool import Busyness, Pool, Standstill
from seamline.worker.report import Adopt, Beat, Drain, Give, Handover
from seamline.worker.seams import CallStats, Process
from seamline.worker.wsgi import as_servers_do


class Serving:
    """Everything of a worker that accepts connections, opened and drained together."""

    def __init__(self, plan: Plan, group: GroupPlan, handover: Handover, process: Process) -> None:
        self._plan = plan
        self._group = group
        self._handover = handover
        self._process = process
        self._http: list[DrainingServer] = []
        self._fronts: list[Front] = []
        self._pools: list[tuple[Pool, Standstill]] = []
        self._calls_standstill = Standstill()
        self._busyness = Busyness()
        self._running: dict[DrainingServer, asyncio.Task[None]] = {}
        self._placing = asyncio.Lock()
        self._givers: list[Giver] = []
        self._takers: list[Taker] = []
        self._taking: set[asyncio.Task[None]] = set()
        self._is_leaving = False

    def load(self, applications: Mapping[str, Any]) -> None:
        """Wrap the objects of the http services, by service. Raises ApplicationError."""
        log = AccessLog(1) if self._handover.access_log else None
        for listener in self._handover.http:
            mounted = {
                self._plan.service(name).path: self._wrap(
                    name, applications[name], len(self._http), log
                )
                for name in listener.services
            }
            whole = mounted[""] if tuple(mounted) == ("",) else Mount(mounted)
            # The server closes it when it drains; the supervisor's own end stays open.
            accepting = socket.socket(fileno=listener.fd)
            accepting.setblocking(False)
            self._http.append(DrainingServer(whole, [accepting], listener.services))

    def _wrap(
        self, name: str, application: Any, server: int, log: AccessLog | None
    ) -> Application:
        text = self._plan.service(name).http or ""
        if protocol_of(application, text) is Protocol.WSGI:
            called = as_servers_do(application)
            adapter: Any = WSGIMiddleware(called, workers=self._group.threads)
            application = Pool(adapter, self._group.threads)
            self._pools.append((application, Standstill()))
        front = Front(
            application,
            must_close=lambda: self._http[server].must_close,
            errors=self._process.request_errors,
            access_log=log,
        )
        self._fronts.append(front)
        return front

    async def prepare(self) -> None:
        """Have applications start up; accepts nothing. Raises ApplicationError."""
        for server in self._http:
            await self._run(server, server.prepared)

    async def start(self) -> None:
        """Accept; returns when everything does. Raises ApplicationError."""
        await self._process.start(self._handover.calls)
        for server in self._http:
            server.begin.set()
            await self._run(server, server.ready)

    async def _run(self, server: DrainingServer, reached: asyncio.Event) -> None:
        """Run a server until it has got so far. Raises ApplicationError."""
        if server not in self._running:
            self._running[server] = asyncio.create_task(server.run_until_drained())
        task, waiting = self._running[server], asyncio.create_task(reached.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            await task  # raises what kept it from starting

    async def abandon(self) -> None:
        """Have applications that started up shut down again; nothing was accepted."""
        for server, task in self._running.items():
            task.cancel()
            await asyncio.wait({task})
            await server.lifespan.shutdown()

    async def adopt(self, order: Adopt) -> None:
        """Accept for another slot, too."""
        async with self._placing:  # a release that follows waits for it
            own = {one.services: n for n, one in enumerate(self._handover.http)}
            for listener in order.http:
                accepting = socket.socket(fileno=listener.fd)
                await self._http[own[listener.services]].adopt(order.slot, accepting)
            if order.calls is not None:
                await self._process.adopt(order.slot, order.calls)

    async def release(self, slot: int) -> None:
        """Accept for another slot no more."""
        async with self._placing:
            for server in self._http:
                server.release(slot)
            await self._process.release(slot)

    def give(self, order: Give) -> None:
        """Pass connections on to other workers, and no more to those of an order before."""
        for giver in self._givers:
            giver.close()
        counts = order.counts or [None] * len(order.ends)
        self._givers = [Giver(*one) for one in zip(order.ends, counts, strict=True)]
        for server in self._http:
            server.givers = self._givers

    def take(self, end: int) -> None:
        """Go on with connections that the worker at the other end had accepted."""
        if self._is_leaving:  # of itself, so the supervisor did not know when it asked
            os.close(end)
            return
        self._takers = [taker for taker in self._takers if taker.is_open]
        self._takers.append(Taker(end, self._take))

    def _take(self, services: tuple[str, ...], connection: socket.socket, seconds: float) -> None:
        for server, listener in zip(self._http, self._handover.http, strict=True):
            if listener.services == services:
                task = asyncio.get_running_loop().create_task(server.take(connection, seconds))
                self._taking.add(task)
                task.add_done_callback(self._taking.discard)
                return
        connection.close()

    def leave(self, order: Drain) -> None:
        """Stop accepting HTTP, and pass on connections that clients keep; then :meth:`drain`."""
        self._is_leaving = True
        for taker in self._takers:
            taker.close()
        for server in self._http:
            server.drain(linger=order.linger, timeout=order.timeout)

    async def drain(self, order: Drain) -> int:
        """Finish what runs: requests first, since they make calls.

        Returns:
            Requests and calls that were given up when the time was over.
        """
        until = time.monotonic() + order.timeout
        if self._running:
            await asyncio.wait(self._running.values())
        await self._process.drain(max(until - time.monotonic(), 0.1))
        return self._process.given_up + sum(server.given_up for server in self._http)

    def beat(self, serial: int, late_seconds: float) -> Beat:
        """Count what happened so far."""
        now = time.perf_counter()
        calls = self._process.stats()
        return Beat(
            serial=serial,
            in_flight=sum(server.in_flight for server in self._http) + calls.in_flight,
            kept=sum(server.kept for server in self._http),
            requests=sum(front.answered for front in self._fronts),
            calls=sum(calls.answered.values()),
            seam_calls=sum(sum(functions.values()) for functions in calls.made.values()),
            seam_errors=sum(calls.seam_errors.values()),
            stayed=sum(calls.stayed.values()),
            rss_bytes=_resident_bytes(),
            busy=round(self._busy(calls), 2),
            late_seconds=round(late_seconds, 4),
            oldest_seconds=round(max((one.oldest(now) for one in self._fronts), default=0.0), 3),
            stuck_seconds=round(self._stuck_seconds(calls), 1),
        )

    def _busy(self, calls: CallStats) -> float:
        threads = [pool.busy for pool, _ in self._pools]
        return self._busyness.share(max(calls.inside / self._group.threads, *threads, 0.0))

    def _stuck_seconds(self, calls: CallStats) -> float:
        now = time.monotonic()
        of_calls = self._calls_standstill.seconds(calls.moves, is_full=calls.is_full, now=now)
        of_pools = (
            standstill.seconds(pool.moves, is_full=pool.is_full, now=now)
            for pool, standstill in self._pools
        )
        return max(of_calls, *of_pools, 0.0)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    return pages * resource.getpagesize()

"""A host in an event loop of its own, and a client of it: real sockets, one process."""

import asyncio
import inspect
import secrets
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
import uvloop

from seamline.interface import Kind
from seamline.plan import Limits
from seamline.rpc import Arguments, Client, Hosted, Identity, LocalClient, Server, Target
from seamline.transport import listen
from seamline.wire import Codec, TypeTable

SECRET = secrets.token_bytes(32)
CODEC = Codec(TypeTable([]))
WAIT = 10.0

RUNNERS = {"asyncio": asyncio.run, "uvloop": uvloop.run}
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def kind_of(function: Callable[..., Any]) -> Kind:
    if inspect.isasyncgenfunction(function):
        return Kind.ASYNC_GENERATOR
    if inspect.isgeneratorfunction(function):
        return Kind.GENERATOR
    return Kind.ASYNC if inspect.iscoroutinefunction(function) else Kind.SYNC


class Offers:
    """What a host offers: functions by address, and the targets that name them."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.hosted: dict[str, Hosted] = {}

    def offer(
        self,
        function: Callable[..., Any],
        *,
        timeout: float = WAIT,
        idempotent: bool = False,
        changes: bool = False,
        shares: bool = False,
        carry: tuple[ContextVar[Any], ...] = (),
        **options: Any,
    ) -> Target:
        kind = kind_of(function)
        parameters = tuple(
            p.name
            for p in inspect.signature(function).parameters.values()
            if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        )
        address = f"{self.service}:{function.__name__}@{function.__code__.co_firstlineno}"
        fingerprint = str(inspect.signature(function))
        self.hosted[address] = Hosted(
            function, kind, fingerprint, CODEC, parameters=parameters, carry=carry, **options
        )
        return Target(
            self.service,
            address,
            kind,
            fingerprint,
            CODEC,
            timeout=timeout,
            idempotent=idempotent,
            parameters=parameters,
            carry=carry,
            mutates=changes,
            shares=shares,
        )

    def resolve(self, address: str) -> Hosted:
        return self.hosted[address]


class Host(Offers):
    """One worker: a server in an event loop in a thread."""

    def __init__(self, worker: str, path: str, loop_name: str, **options: Any) -> None:
        super().__init__(worker.partition(".")[0])
        self.worker = worker
        self.path = path
        self.loop = LOOPS[loop_name]()
        options.setdefault("identity", Identity("run", worker, SECRET))
        self.server = Server(self.resolve, **options)
        self._sock = listen(path)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.do(self.server.start(self._sock))

    def do(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(WAIT)

    def stop(self) -> None:
        async def stop() -> None:
            self.server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*tasks, return_exceptions=True)

        self.do(stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(WAIT)
        self.loop.close()
        self._sock.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def start_host(tmp_path: Path, loop_name: str) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def start(worker: str = "b.0", **options: Any) -> Host:
        host = Host(worker, str(tmp_path / f"{worker}.sock"), loop_name, **options)
        hosts.append(host)
        return host

    yield start
    for host in hosts:
        host.stop()


@pytest.fixture
def host(start_host: Callable[..., Host]) -> Host:
    return start_host()


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def connect(
        *hosts: Host, worker: str = "a.0", secret: bytes = SECRET, limits: Limits | None = None
    ) -> Client:
        client = Client(
            hosts[0].service,
            [host.path for host in hosts],
            identity=Identity("run", worker, secret),
            limits=limits,
        )
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def client(host: Host, connect: Callable[..., Client]) -> Client:
    return connect(host)


@pytest.fixture
def run(loop_name: str) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    return RUNNERS[loop_name]


class Here(Offers):
    """A host that is this very process."""

    def __init__(self) -> None:
        super().__init__("b")
        self.client = LocalClient(self.resolve)


class Far(Offers):
    """A host behind a socket."""

    def __init__(self, host: Host, client: Client) -> None:
        super().__init__("b")
        self.hosted = host.hosted
        self.client = client


@pytest.fixture(params=["local", "socket"])
def far(request: pytest.FixtureRequest, host: Host, client: Client) -> Here | Far:
    """Whatever stands behind a seam: the same rules hold for a socket and for ``local``."""
    return Here() if request.param == "local" else Far(host, client)


@pytest.fixture
def args() -> Callable[..., Arguments]:
    return lambda *values, extra=(), **keywords: Arguments(values, tuple(extra), keywords)

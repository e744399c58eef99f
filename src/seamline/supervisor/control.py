"""The control socket: one JSON object asked, one answered, a line each.

Whoever may open the socket (0600, in a 0700 directory) may ask anything.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec

from seamline.errors import NotRunning
from seamline.plan import CONTROL_SOCKET
from seamline.supervisor.status import Status
from seamline.transport import Socket
from seamline.worker import WarningFilter

# A request is one short line; the longest carries an environment, which the kernel bounds too.
_MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
# The supervisor waits half a second for its workers' numbers at most: a longer silence is an
# accident.
_ANSWER_SECONDS: Final = 10.0


class StatusRequest(msgspec.Struct, frozen=True, tag="status"):
    """Asks for :class:`Status`."""


class StopRequest(msgspec.Struct, frozen=True, tag="stop"):
    """Asks to drain and stop; answered at once, with the status at that moment."""


class AlignRequest(msgspec.Struct, frozen=True, tag="align"):
    """Asks every worker to take over what a test process set up, and those that will start.

    Answered with :class:`AlignedReply` when all have. ``environ``, ``cwd``, ``path``,
    ``filters``, ``levels`` and ``disabled`` are as in :class:`seamline.worker.Align`.

    Attributes:
        mark: A line to write into the log stream, after all that workers had printed when
            they answered.
    """

    environ: dict[str, str] | None = None
    cwd: str | None = None
    path: tuple[str, ...] = ()
    filters: tuple[WarningFilter, ...] = ()
    mark: str | None = None
    levels: tuple[tuple[str, int], ...] = ()
    disabled: int = 0


class AlignedReply(msgspec.Struct, frozen=True, tag="aligned"):
    """Every worker has taken it over.

    Attributes:
        made: Calls that workers made since the start, by service; of workers that died,
            those that they told of.
    """

    made: dict[str, int]


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """The request was not understood."""

    message: str


Request = StatusRequest | StopRequest | AlignRequest

_decode_request = msgspec.json.Decoder(Request).decode
_encode = msgspec.json.Encoder().encode


class ControlServer:
    """Answers on the control socket for as long as the supervisor runs.

    Args:
        path: Of the socket, which is created 0600.
        status: Returns the state of the run.
        stop: Begins to stop.
        align: Has every ready worker take over what a test process set up.
        tell: Has every worker tell its numbers, before the state is described.
    """

    def __init__(
        self,
        path: Path,
        status: Callable[[], Status],
        stop: Callable[[], None],
        align: Callable[[AlignRequest], Awaitable[AlignedReply]],
        tell: Callable[[], Awaitable[None]],
    ) -> None:
        self._path = path
        self._status = status
        self._stop = stop
        self._align = align
        self._tell = tell
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to answer."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(self._path))
        self._path.chmod(0o600)
        listening.listen()
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listening, limit=_MAX_REQUEST_BYTES
        )

    def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            try:
                async for line in reader:
                    writer.write(_encode(await self._answer(line)) + b"\n")
                    await writer.drain()
            except ValueError:  # a line beyond the limit: not one of our clients
                writer.write(_encode(Refusal("the request is too long")) + b"\n")

    async def _answer(self, line: bytes) -> Status | AlignedReply | Refusal:
        try:
            request = _decode_request(line)
        except msgspec.DecodeError as exc:
            return Refusal(str(exc))
        if isinstance(request, AlignRequest):
            return await self._align(request)
        if isinstance(request, StatusRequest):
            await self._tell()
        status = self._status()
        if isinstance(request, StopRequest):
            self._stop()
        return status


def ask(run_dir: str | Path, request: StatusRequest | StopRequest) -> Status:
    """Ask the supervisor of a run directory. Blocks.

    Raises:
        NotRunning: Nobody answers there.
    """
    return msgspec.json.decode(_exchange(run_dir, request), type=Status)


def align(run_dir: str | Path, request: AlignRequest, *, timeout: float) -> AlignedReply:
    """Have the workers of a run take over what this test process set up. Blocks.

    Args:
        run_dir: Of the run.
        request: What to take over.
        timeout: Seconds that it may take; a worker that is starting answers once it is ready.

    Raises:
        NotRunning: Nobody answers there.
    """
    return msgspec.json.decode(_exchange(run_dir, request, timeout), type=AlignedReply)


def _exchange(run_dir: str | Path, request: Request, timeout: float = _ANSWER_SECONDS) -> bytes:
    with Socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(Path(run_dir) / CONTROL_SOCKET))
            connection.sendall(_encode(request) + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
        except TimeoutError as exc:
            raise NotRunning(
                f"the supervisor has the run directory {run_dir}, but did not answer within "
                f"{timeout:g} s: it is suspended or overloaded"
            ) from exc
        except OSError as exc:
            raise NotRunning("this project is not running; start it with: seamline run") from exc
    if not line:
        raise NotRunning("the supervisor ended while it was asked")
    return line

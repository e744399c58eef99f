"""The control socket: one JSON object asked, one answered, a line each.

What takes long is answered with lines about how it goes before the last one.

Whoever may open the socket (0600, in a 0700 directory) may ask anything.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from seamline.errors import NotRunning, StartError
from seamline.plan import CONTROL_SOCKET
from seamline.supervisor.reloads import (
    Change,
    NotReloaded,
    Progress,
    Reloaded,
    Tell,
)
from seamline.supervisor.status import Status
from seamline.transport import Socket
from seamline.worker import WarningFilter

# A request is one short line; the longest carries an environment, which the kernel bounds too.
_MAX_REQUEST_BYTES: Final = 4 * 1024 * 1024
# The supervisor waits half a second for its workers' numbers at most: a longer silence is an
# accident.
_ANSWER_SECONDS: Final = 10.0
# While something takes long, how often whoever asked hears that it goes on.
_NEWS_SECONDS: Final = 2.0


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
        untold: Seam errors, by code, that workers could not write to the run's file of them.
        last: When workers made their latest call, by service and function, in nanoseconds.
    """

    made: dict[str, int]
    untold: dict[str, int] = {}
    last: dict[str, dict[str, int]] = {}


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """The request was not understood."""

    message: str


Request = StatusRequest | StopRequest | AlignRequest | Change

_decode_request = msgspec.json.Decoder(Request).decode
_decode_news: Final = msgspec.json.Decoder(Progress | Reloaded | NotReloaded | Refusal).decode
_encode = msgspec.json.Encoder().encode


class ControlServer:
    """Answers on the control socket for as long as the supervisor runs.

    Args:
        path: Of the socket, which is created 0600.
        status: Returns the state of the run.
        stop: Begins to stop.
        align: Has every ready worker take over what a test process set up.
        tell: Has every worker tell its numbers, before the state is described.
        change: Replaces, starts or ends workers, and tells how it goes.
    """

    def __init__(
        self,
        path: Path,
        *,
        status: Callable[[], Status],
        stop: Callable[[], None],
        align: Callable[[AlignRequest], Awaitable[AlignedReply]],
        tell: Callable[[], Awaitable[None]],
        change: Callable[[Change, Tell], Awaitable[Reloaded | NotReloaded]],
    ) -> None:
        self._path = path
        self._status = status
        self._stop = stop
        self._align = align
        self._tell = tell
        self._change = change
        self._changing: set[asyncio.Task[Reloaded | NotReloaded]] = set()
        self._answering: set[asyncio.Task[None] | None] = set()
        self._listening: socket.socket | None = None
        self._server: asyncio.Server | None = None

    async def start(self, descriptor: int | None = None) -> None:
        """Begin to answer.

        Args:
            descriptor: Of the listening socket, if there is one already.
        """
        if descriptor is not None:
            self._listening = socket.socket(fileno=descriptor)
        else:
            self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listening.bind(str(self._path))
            self._path.chmod(0o600)
            self._listening.listen()
        await self.go_on()

    async def go_on(self) -> None:
        """Answer again."""
        assert self._listening is not None
        # From Python 3.13 on, the server would remove the socket's file when it pauses.
        keeping: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        self._server = await asyncio.start_unix_server(
            self._serve, sock=self._listening.dup(), limit=_MAX_REQUEST_BYTES, **keeping
        )

    async def pause(self, seconds: float) -> None:
        """Let who asks from now on wait, and finish with who asked before, at most so long."""
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)  # what was accepted in this turn begins to be answered
        answering = [one for one in self._answering if one is not None]
        if answering:
            await asyncio.wait(answering, timeout=seconds)

    def fileno(self) -> int:
        """Return the descriptor of the listening socket."""
        assert self._listening is not None
        return self._listening.fileno()

    @property
    def is_changing(self) -> bool:
        """Whether somebody waits for a change of the run."""
        return bool(self._changing)

    def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()
        if self._listening is not None:
            self._listening.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._answering.add(task)
        try:
            await self._serve_all(reader, writer)
        finally:
            self._answering.discard(task)

    async def _serve_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled with its run: asyncio's own streams would print that they were.
        ends = (ConnectionError, asyncio.CancelledError)
        with contextlib.closing(writer), contextlib.suppress(*ends):
            try:
                async for line in reader:
                    await self._serve_one(line, writer)
            except ValueError:  # a line beyond the limit: not one of our clients
                writer.write(_encode(Refusal("the request is too long")) + b"\n")

    async def _serve_one(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        answer: msgspec.Struct
        try:
            request = _decode_request(line)
        except msgspec.DecodeError as exc:
            answer = Refusal(str(exc))
        else:
            if isinstance(request, Change):
                answer = await self._follow(request, writer)
            else:
                answer = await self._answer(request)
        writer.write(_encode(answer) + b"\n")
        await writer.drain()

    async def _follow(
        self, request: Change, writer: asyncio.StreamWriter
    ) -> Reloaded | NotReloaded:
        """Change the run, and tell how it goes; it goes on when nobody listens any more."""
        news: asyncio.Queue[str] = asyncio.Queue()

        async def change() -> Reloaded | NotReloaded:
            return await self._change(request, news.put_nowait)

        task = asyncio.create_task(change())
        self._changing.add(task)
        task.add_done_callback(self._changing.discard)
        while not (task.done() and news.empty()):
            if news.empty():
                heard = asyncio.create_task(news.get())
                await asyncio.wait(
                    {task, heard}, timeout=_NEWS_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                text = heard.result() if heard.done() else ""
                heard.cancel()
            else:
                text = news.get_nowait()
            writer.write(_encode(Progress(text)) + b"\n")
            await writer.drain()
        return task.result()

    async def _answer(
        self, request: StatusRequest | StopRequest | AlignRequest
    ) -> Status | AlignedReply:
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


def change(run_dir: str | Path, request: Change, tell: Tell) -> Reloaded | NotReloaded:
    """Have workers of a run replaced, started or ended. Blocks until that is done.

    Raises:
        NotRunning: Nobody answers there, or the run ended meanwhile.
        StartError: The supervisor is of a version that cannot.
    """
    for line in _converse(run_dir, request, _ANSWER_SECONDS):
        answer: Progress | Reloaded | NotReloaded | Refusal = _decode_news(line)
        if isinstance(answer, Refusal):
            raise StartError(
                f"the supervisor that runs cannot do that ({answer.message}): another version of "
                "Seamline started it; seamline stop, then seamline run"
            )
        if not isinstance(answer, Progress):
            return answer
        if answer.text:
            tell(answer.text)
    raise NotRunning("the run ended while it was changed")


def _exchange(run_dir: str | Path, request: Request, timeout: float = _ANSWER_SECONDS) -> bytes:
    for line in _converse(run_dir, request, timeout):
        return line
    raise NotRunning("the supervisor ended while it was asked")


def _converse(run_dir: str | Path, request: Request, timeout: float) -> Iterator[bytes]:
    """Ask, and yield every line that is answered within *timeout* of the one before."""
    with Socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(Path(run_dir) / CONTROL_SOCKET))
            connection.sendall(_encode(request) + b"\n")
            with connection.makefile("rb") as answers:
                yield from answers
        except TimeoutError as exc:
            later = (
                "" if isinstance(request, StatusRequest) else "; it may do later what was asked"
            )
            raise NotRunning(
                f"the supervisor has the run directory {run_dir}, but did not answer within "
                f"{timeout:g} s: it is suspended or overloaded{later}"
            ) from exc
        except OSError as exc:
            raise NotRunning("this project is not running; start it with: seamline run") from exc

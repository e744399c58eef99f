"""The control socket: one JSON object asked, one answered, a line each.

Whoever may open the socket (0600, in a 0700 directory) may ask anything.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from seamline.errors import NotRunning
from seamline.supervisor.rundir import CONTROL_SOCKET
from seamline.supervisor.status import Status

# A request is one short line.
_MAX_REQUEST_BYTES: Final = 64 * 1024
# The supervisor only computes what it knows already, so a longer silence is an accident.
_ANSWER_SECONDS: Final = 10.0


class StatusRequest(msgspec.Struct, frozen=True, tag="status"):
    """Asks for :class:`Status`."""


class StopRequest(msgspec.Struct, frozen=True, tag="stop"):
    """Asks to drain and stop; answered at once, with the status at that moment."""


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """The request was not understood."""

    message: str


Request = StatusRequest | StopRequest

_decode_request = msgspec.json.Decoder(Request).decode
_encode = msgspec.json.Encoder().encode


class ControlServer:
    """Answers on the control socket for as long as the supervisor runs.

    Args:
        path: Of the socket, which is created 0600.
        status: Returns the state of the run.
        stop: Begins to stop.
    """

    def __init__(self, path: Path, status: Callable[[], Status], stop: Callable[[], None]) -> None:
        self._path = path
        self._status = status
        self._stop = stop
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
                    writer.write(_encode(self._answer(line)) + b"\n")
                    await writer.drain()
            except ValueError:  # a line beyond the limit: not one of our clients
                writer.write(_encode(Refusal("the request is too long")) + b"\n")

    def _answer(self, line: bytes) -> Status | Refusal:
        try:
            request = _decode_request(line)
        except msgspec.DecodeError as exc:
            return Refusal(str(exc))
        status = self._status()
        if isinstance(request, StopRequest):
            self._stop()
        return status


def ask(run_dir: str | Path, request: Request) -> Status:
    """Ask the supervisor of a run directory. Blocks.

    Raises:
        NotRunning: Nobody answers there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        try:
            connection.connect(str(Path(run_dir) / CONTROL_SOCKET))
            connection.sendall(_encode(request) + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
        except OSError as exc:
            raise NotRunning("this project is not running; start it with: seamline run") from exc
    if not line:
        raise NotRunning("the supervisor ended while it was asked")
    return msgspec.json.decode(line, type=Status)

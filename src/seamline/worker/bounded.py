"""The server's protocol, with a limit to the head of a request, and known when nothing runs."""

from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

#: Of the request line and all headers; as uvicorn's other parser has it.
MAX_HEAD_BYTES: Final = 64 * 1024
_TOO_LARGE: Final = "The head of the request is too large."
_RESPONSE: Final = (
    "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    f"content-length: {len(_TOO_LARGE)}\r\nconnection: close\r\n\r\n{_TOO_LARGE}"
).encode()


class BoundedProtocol(HttpToolsProtocol):
    """Answers 431 to a request with a larger head, and closes the connection.

    Trailers of a body in chunks are dropped: the server would add them to the headers.

    Args:
        on_answered: Called with it when an answer is written, though perhaps not sent.
        of_server: What the server makes its protocols of.

    Attributes:
        is_in_head: Whether some of a request has come, and not all of its head.
    """

    is_in_head = False
    _is_in_body = False
    _begun = 0  # in the read that is being parsed
    _head_bytes = 0
    _read_bytes = 0
    _is_too_large = False

    def __init__(
        self, *, on_answered: "Callable[[BoundedProtocol], None]", **of_server: Any
    ) -> None:
        super().__init__(**of_server)
        self._on_answered = on_answered

    @property
    def is_idle(self) -> bool:
        """Whether whatever has come is answered, and the client may ask again."""
        if self.is_in_head or self._is_in_body or self.pipeline or self.transport.is_closing():
            return False
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or (cycle.response_complete and cycle.keep_alive)

    @property
    def is_answering(self) -> bool:
        """Whether an answer is not written yet."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def await_request(self, seconds: float) -> None:
        """Close it like any kept connection when its client asks nothing for so long."""
        if self.is_idle and self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                seconds, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        """Go on after an answer."""
        super().on_response_complete()
        self._on_answered(self)

    def data_received(self, data: bytes) -> None:
        """Take what was read; a head that has not ended yet is counted."""
        was_in_body = self._is_in_body
        self._read_bytes, self._begun = len(data), 0
        super().data_received(data)
        if not self.is_in_head or self.transport.is_closing():
            return
        if self._begun > 1 or (self._begun and was_in_body):
            self._head_bytes = self._size()  # what stands before it is another request's
        else:
            self._head_bytes = len(data) + (0 if self._begun else self._head_bytes)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._is_too_large = True
            self.send_400_response("")

    def _size(self) -> int:
        """Return the bytes of the head so far, without the header that has not ended."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def on_message_begin(self) -> None:
        """Begin the head of a request."""
        super().on_message_begin()
        self.is_in_head = True
        self._begun += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        if self.is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the head. Raises ValueError, which the parser makes its own, if it is too large."""
        self.is_in_head, self._is_in_body = False, True
        is_long = not self._begun or self._read_bytes > MAX_HEAD_BYTES
        if is_long and self._size() > MAX_HEAD_BYTES:
            self._is_too_large = True
            raise ValueError(_TOO_LARGE)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request with its body."""
        self._is_in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read, and close."""
        if not self._is_too_large:
            super().send_400_response(msg)
            return
        self.transport.write(_RESPONSE)
        self.transport.close()

"""The server's protocol, with a limit to the head of a request, which a client controls."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Of the request line and all headers; as uvicorn's other parser has it.
MAX_HEAD_BYTES: Final = 64 * 1024
_TOO_LARGE: Final = "The head of the request is too large."
_RESPONSE: Final = (
    "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    f"content-length: {len(_TOO_LARGE)}\r\nconnection: close\r\n\r\n{_TOO_LARGE}"
).encode()


class BoundedProtocol(HttpToolsProtocol):
    """Answers 431 to a request with a larger head, and closes the connection."""

    _is_in_head = False
    _head_bytes = 0
    _read_bytes = 0
    _is_too_large = False

    def data_received(self, data: bytes) -> None:
        """Take what was read; what is no request yet is counted."""
        self._read_bytes = len(data)
        super().data_received(data)
        if self._is_in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._is_too_large = True
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin the head of a request."""
        super().on_message_begin()
        self._is_in_head = True

    def on_headers_complete(self) -> None:
        """End it. Raises ValueError, which the parser makes its own error, if it is too large."""
        self._is_in_head = False
        if self._head_bytes + self._read_bytes > MAX_HEAD_BYTES:  # with a body, perhaps
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            self._is_too_large = size > MAX_HEAD_BYTES
            if self._is_too_large:
                raise ValueError(_TOO_LARGE)
        self._head_bytes = 0
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read, and close."""
        if not self._is_too_large:
            super().send_400_response(msg)
            return
        self.transport.write(_RESPONSE)
        self.transport.close()

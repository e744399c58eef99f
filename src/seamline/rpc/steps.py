"""A stream at its caller: what each step asks, and what its answer means."""

import time
from typing import Any

from seamline.rpc.outgoing import Outgoing, settle
from seamline.rpc.situation import current
from seamline.rpc.travel import pack_carried, with_meta
from seamline.wire import CLOSE, FLAG_META, NEXT, SEND, THROW, Frame


class Steps:
    """The steps of one stream.

    Attributes:
        frame: The latest answer.
    """

    __slots__ = ("_body", "_call", "_kind", "_thrown", "frame")

    def __init__(self, call: Outgoing, frame: Frame) -> None:
        self.frame = frame
        self._call = call
        self._kind = NEXT
        self._body = b""
        self._thrown: BaseException | None = None

    def item(self) -> Any:
        """Return what the remote frame yielded."""
        return settle(self._call.target, self.frame)

    def result(self) -> Any:
        """Return what the remote frame returned, or raise what it raised."""
        return settle(self._call.target, self.frame, self._thrown)

    def send(self, value: object) -> None:
        """Let the next request resume the remote frame with a value."""
        self._thrown = None
        if value is None:
            self._kind, self._body = NEXT, b""
        else:
            self._kind = SEND
            self._body = self._call.target.codec.encode(value, where="value sent")

    def throw(self, error: BaseException) -> None:
        """Let the next request raise an exception in the remote frame."""
        self._thrown = error
        if type(error) is GeneratorExit:
            self._kind, self._body = CLOSE, b""
        else:
            self._kind = THROW
            self._body = self._call.target.codec.encode_exception(error)

    def request(self) -> tuple[int, int, bytes, float]:
        """Return kind, flags, body and deadline of the next frame to send.

        A deadline that was set for the whole stream holds; the service's own timeout begins
        anew with each step, because the caller decides how long it works on an item.
        """
        target = self._call.target
        inherited = current.get().deadline
        deadline = time.monotonic() + target.timeout if inherited is None else inherited
        travelling = target.contexts or (target.lent if self._call.contexts else None)
        contexts = () if travelling is None else travelling.pack_state()
        if not target.carry and not contexts:
            return self._kind, 0, self._body, deadline
        carry = pack_carried(target.carry, target.codec) if target.carry else None
        return self._kind, FLAG_META, with_meta((), carry, self._body, contexts), deadline

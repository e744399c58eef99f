"""Bytes between two processes of one machine: sockets opened, read, written, forgotten.

Knows nothing of frames and calls.
"""

from seamline.transport.blocking import BlockingChannel
from seamline.transport.forking import close_after_fork
from seamline.transport.looped import LoopChannel
from seamline.transport.unix import MAX_PATH_BYTES, Socket, dial, dial_async, listen, pair

__all__ = [
    "MAX_PATH_BYTES",
    "BlockingChannel",
    "LoopChannel",
    "Socket",
    "close_after_fork",
    "dial",
    "dial_async",
    "listen",
    "pair",
]

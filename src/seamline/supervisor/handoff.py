"""Connections that clients keep, passed from a worker that leaves to the one that takes over.

A client that is told to connect anew gets a worker by chance, and the successor of a worker few
of its clients: the others would answer for it. So it gets all of them, and nobody connects anew.
"""

import contextlib
import socket

from seamline.supervisor.processes import Process, State
from seamline.worker import HANDS_OFF


async def hand_off(old: Process, heir: Process | None) -> None:
    """Have a worker that is told to leave next give its connections to the one in its place.

    Where that cannot be, its clients are told to close them.
    """
    if heir is None or not (_understands(old) and _understands(heir)):
        return
    with contextlib.suppress(OSError):  # no room for more descriptors
        # Each message is one connection.
        giving, taking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with giving, taking:
            await heir.hand_off(taking, gives=False)
            await old.hand_off(giving, gives=True)


def _understands(process: Process) -> bool:
    return process.state is State.READY and process.protocol >= HANDS_OFF

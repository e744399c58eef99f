"""Connections that clients keep, passed from one worker of a group to another.

A client that is told to connect anew gets a worker by chance, and the successor of a worker few
of its clients: the others would answer for it. So it gets all of them, and nobody connects anew.
"""

import contextlib
import socket
from collections.abc import Mapping, Sequence

from seamline.supervisor.processes import Process, State
from seamline.worker import HANDS_OFF, Give, Take


async def hand_over(old: Process, heir: Process | None) -> None:
    """Have a worker that is told to leave next pass on all connections to another of its group.

    Where that cannot be, it tells their clients to close them.
    """
    if heir is not None:
        await _pass_on(old, [heir], ())


async def share(giver: Process, takers: Mapping[Process, int]) -> None:
    """Have a worker pass on as many of its connections, each behind its next answer.

    Args:
        giver: Who has too many.
        takers: How many each of the others is to get.
    """
    await _pass_on(giver, [*takers], tuple(takers.values()))


async def _pass_on(giver: Process, takers: Sequence[Process], counts: tuple[int, ...]) -> None:
    if not all(map(_understands, (giver, *takers))):
        return
    # Without room for more descriptors everybody keeps what there is.
    with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
        ends = []
        for taker in takers:
            # Each message is one connection.
            giving, taking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            opened.enter_context(taking)
            ends.append(opened.enter_context(giving).fileno())
            await taker.send_descriptors(Take(taking.fileno()))
        await giver.send_descriptors(Give(tuple(ends), counts))


def _understands(process: Process) -> bool:
    return process.state is State.READY and process.protocol >= HANDS_OFF

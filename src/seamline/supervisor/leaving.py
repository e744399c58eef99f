"""The end of a run: what runs is finished, then nothing is left."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from seamline.supervisor.ending import Leaving
from seamline.supervisor.group import Group
from seamline.supervisor.logs import LogStream
from seamline.supervisor.sockets import Address
from seamline.supervisor.store import Store
from seamline.worker import Drain


async def drain(
    groups: Sequence[Group], urls: Mapping[str, Address], seconds: float, linger: float
) -> None:
    """Let every group finish: those that serve http first, since they call the others.

    Args:
        groups: All of them.
        urls: Where http services answer, by name.
        seconds: For all.
        linger: Seconds that idle connections are kept.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    for group in groups:
        group.leave()
    first = [group for group in groups if not urls.keys().isdisjoint(group.plan.services)]
    rest = [group for group in groups if group not in first]
    for part in (first, rest):
        left = max(until - loop.time(), 0.1)
        order = Drain(timeout=left, linger=min(linger, left))
        await asyncio.gather(*(group.drain(order) for group in part))


async def kill_all(groups: Sequence[Group], leaving: Leaving | None, logs: LogStream) -> None:
    """End every process now, wait until it has ended, and say how that went."""
    waiting = []
    for group in groups:
        group.kill()
        for slot in group.slots:
            slot.close()
            waiting += [one.ended for one in slot.processes if one.has_started]
    if waiting:
        await asyncio.wait(waiting)
    if leaving is not None:
        logs.notice(leaving.last_words(asyncio.get_running_loop().time()))


def remove_sockets(urls: Mapping[str, Address], store: Store) -> None:
    """Remove Unix sockets outside the run directory, unless the next start will have them."""
    if store.is_open:
        return
    for address in set(urls.values()):
        if address.path and not address.is_inherited:
            Path(address.path).unlink(missing_ok=True)

"""Going on with a run that the supervisor before in this process has left."""

import functools
import socket
from collections.abc import Iterator

from seamline.supervisor.group import Group, Slot
from seamline.supervisor.processes import Process
from seamline.supervisor.takeover import HeldGroup, HeldSlot
from seamline.worker import Identity


async def resume(group: Group, held: HeldGroup) -> None:
    """Give a group its slots, and in them the processes that live.

    Args:
        group: Still empty.
        held: What it was.
    """
    group.least, group.scale_reason = held.least, held.scale_reason
    group.ready_after, group.is_drained = held.ready_after, held.is_drained
    group.ended = held.ended
    for one in held.slots:
        group.slots.append(_slot(group, one))
    for slot, one in zip(group.slots, held.slots, strict=True):
        if one.process is not None:
            identity = Identity(held.name, slot.number, one.process.generation)
            slot.process = Process(identity, group.logs, functools.partial(group.changed, slot))
            await slot.process.resume(one.process)
    for number, process in _guardians(group, held):
        group.adoption.guardians[number] = process
    for slot in group.slots:
        slot.revive()


def _slot(group: Group, held: HeldSlot) -> Slot:
    slot = Slot(
        group,
        held.number,
        http=[(socket.socket(fileno=one.fd), one.services) for one in held.http],
        calls=None if held.calls is None else socket.socket(fileno=held.calls),
        command=held.command,
    )
    slot.generation, slot.restarts = held.generation, held.restarts
    slot.deaths, slot.reason = held.deaths, held.reason
    slot.recycled, slot.recycle_reason = held.recycled, held.recycle_reason
    return slot


def _guardians(group: Group, held: HeldGroup) -> Iterator[tuple[int, Process]]:
    processes = {slot.number: slot.process for slot in group.slots}
    for one in held.slots:
        process = None if one.guardian is None else processes[one.guardian]
        if process is not None:
            yield one.number, process

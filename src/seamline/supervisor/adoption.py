"""Who accepts for a slot that has no worker: a neighbour in its group, until there is one again.

What connects to the socket of a slot waits there for the slot's own worker, however long that
takes to import. A group with one worker has no neighbour.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from seamline.supervisor.logs import LogStream
from seamline.supervisor.processes import Process, State

#: A worker whose loop told nothing for so long, of a beat each second, answers nobody either.
SILENT_SECONDS: Final = 2.0


class Place(Protocol):
    """What is asked of a slot.

    Attributes:
        number: Counted from 0 in its group.
        process: The one that serves, dead or alive.
    """

    number: int
    process: Process | None

    @property
    def name(self) -> str:
        """``group.slot``."""

    @property
    def processes(self) -> list[Process]:
        """Every process that may be alive."""

    @property
    def is_command(self) -> bool:
        """Whether a command of the operator's runs in it, which accepts nothing for others."""

    @property
    def can_be_adopted(self) -> bool:
        """Whether it has sockets of its own."""

    def adopt(self, guardian: Process) -> None:
        """Have a worker of another slot accept on the sockets of this one, too."""

    def release(self, guardian: Process) -> None:
        """Have it stop that."""


class Adoption:
    """Has workers of a group accept for its other slots. It starts and ends no process.

    Args:
        slots: Of the group; the list may grow.
        logs: Where it is said which worker accepts for which slot.

    Attributes:
        guardians: Which process accepts for a slot, by the number of the slot.
    """

    def __init__(self, slots: Sequence[Place], logs: LogStream) -> None:
        self.guardians: dict[int, Process] = {}
        self._slots = slots
        self._logs = logs

    def settle(self, now: float) -> None:
        """Give each slot that nobody serves to a neighbour; take back what is served again.

        Doing it again changes nothing.
        """
        for slot in self._slots:
            if not slot.can_be_adopted:
                self.release(slot)
                continue
            guardian = self.guardians.get(slot.number)
            if any(_serves(process, now) for process in slot.processes):
                self.release(slot)
            elif guardian is None or not _serves(guardian, now):
                self._give(slot, now)

    def _give(self, slot: Place, now: float) -> None:
        neighbours = [
            other.process
            for other in self._slots
            if other is not slot
            and not other.is_command
            and other.process is not None
            and _serves(other.process, now)
        ]
        if not neighbours:
            former = self.guardians.get(slot.number)
            if former is not None and former.state is not State.READY:
                del self.guardians[slot.number]
            return
        self.release(slot)
        chosen = min(neighbours, key=self._load)
        self.guardians[slot.number] = chosen
        slot.adopt(chosen)
        self._logs.notice(
            f"{chosen.identity.group}.{chosen.identity.slot}[{chosen.pid}] accepts for "
            f"{slot.name} until its worker does"
        )

    def release(self, slot: Place) -> None:
        """Have nobody accept for a slot any more but its own worker."""
        guardian = self.guardians.pop(slot.number, None)
        if guardian is not None and guardian.state is State.READY:
            slot.release(guardian)

    def _load(self, process: Process) -> tuple[int, int]:
        adopted = sum(guardian is process for guardian in self.guardians.values())
        return adopted, process.last.in_flight


def _serves(process: Process, now: float) -> bool:
    return (
        process.state is State.READY
        and process.returncode is None
        and not process.was_stalled
        and now - process.heard_at < SILENT_SECONDS
    )

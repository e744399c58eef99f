"""seamline.supervisor.adoption: which worker accepts for which slot."""

import msgspec
import pytest

from seamline.supervisor.adoption import SILENT_SECONDS, Adoption
from seamline.supervisor.processes import State
from seamline.worker import Beat, Identity


class Notices(list):
    """Stands for the log stream."""

    def notice(self, text: str) -> None:
        self.append(text)


class Process:
    """A worker as its supervisor sees it."""

    def __init__(self, slot: int) -> None:
        self.identity = Identity("web", slot, 1)
        self.state = State.READY
        self.returncode: int | None = None
        self.was_stalled = False
        self.heard_at = 0.0
        self.pid = 100 + slot
        self.last = Beat()


class Slot:
    """A place, and what was asked of its neighbours."""

    def __init__(self, number: int, said: list[str]) -> None:
        self.number = number
        self.name = f"web.{number}"
        self.process: Process | None = Process(number)
        self.successor: Process | None = None
        self.can_be_adopted = True
        self.is_command = False
        self._said = said

    @property
    def processes(self) -> list[Process]:
        return [one for one in (self.process, self.successor) if one is not None]

    def adopt(self, guardian: Process) -> None:
        self._said.append(f"{guardian.identity.slot} adopts {self.number}")

    def release(self, guardian: Process) -> None:
        self._said.append(f"{guardian.identity.slot} releases {self.number}")


class Group:
    """So many slots, all of them served."""

    def __init__(self, workers: int) -> None:
        self.said: list[str] = []
        self.slots = [Slot(number, self.said) for number in range(workers)]
        self.adoption = Adoption(self.slots, Notices())  # type: ignore[arg-type]
        self.now = 0.0

    def settle(self, *, silent: tuple[int, ...] = ()) -> list[str]:
        """Let three seconds pass, and return what was asked of whom."""
        self.now += 3
        for slot in self.slots:
            for process in slot.processes:
                if slot.number not in silent:
                    process.heard_at = self.now
        self.said.clear()
        self.adoption.settle(self.now)
        self.adoption.settle(self.now)
        return list(self.said)


@pytest.fixture
def group() -> Group:
    return Group(3)


def test_nothing_is_adopted_while_every_slot_is_served(group) -> None:
    assert group.settle() == []


@pytest.mark.parametrize(
    "facts",
    [
        {"returncode": -9},
        {"state": State.STARTING},
        {"state": State.DRAINING},
        {"state": State.STOPPED},
        {"was_stalled": True},
    ],
)
def test_slot_whose_worker_does_not_accept_goes_to_the_least_busy(group, facts) -> None:
    for name, value in facts.items():
        setattr(group.slots[0].process, name, value)
    group.slots[1].process.last = msgspec.structs.replace(Beat(), in_flight=5)

    assert group.settle() == ["2 adopts 0"]
    assert group.settle() == []


def test_slot_without_a_process_is_adopted_and_released_when_it_has_one(group) -> None:
    group.slots[1].process = None
    assert group.settle() == ["0 adopts 1"]
    group.slots[1].process = Process(1)
    group.slots[1].process.state = State.STARTING
    assert group.settle() == []

    group.slots[1].process.state = State.READY

    assert group.settle() == ["0 releases 1"]
    assert group.adoption.guardians == {}


def test_successor_that_is_ready_ends_it_before_it_has_taken_over(group) -> None:
    group.slots[1].process = None
    group.settle()

    group.slots[1].successor = Process(1)

    assert group.settle() == ["0 releases 1"]


def test_silent_worker_is_helped_and_keeps_its_slot_when_it_speaks_again(group) -> None:
    assert SILENT_SECONDS < 3
    assert group.settle(silent=(2,)) == ["0 adopts 2"]
    assert group.settle(silent=(2,)) == []

    assert group.settle() == ["0 releases 2"]


def test_guardian_that_falls_silent_is_relieved(group) -> None:
    group.slots[1].process = None
    group.settle()

    assert group.settle(silent=(0,)) == ["2 adopts 0", "0 releases 1", "2 adopts 1"]


def test_two_slots_go_to_two_neighbours() -> None:
    group = Group(4)
    group.slots[0].process = group.slots[1].process = None

    assert group.settle() == ["2 adopts 0", "3 adopts 1"]


def test_guardian_that_dies_is_forgotten_when_there_is_nobody_else() -> None:
    group = Group(2)
    group.slots[0].process = None
    group.settle()
    group.slots[1].process.state = State.STOPPED

    assert group.settle() == []
    assert group.adoption.guardians == {}


def test_single_worker_has_no_neighbour() -> None:
    group = Group(1)
    group.slots[0].process = None

    assert group.settle() == []


def test_slot_without_sockets_of_its_own_needs_nobody(group) -> None:
    group.slots[0].process = None
    group.slots[0].can_be_adopted = False

    assert group.settle() == []


def test_a_command_accepts_for_nobody() -> None:
    group = Group(3)
    group.slots[1].is_command = True
    group.slots[2].process.last = Beat(in_flight=9)
    group.slots[0].process = None

    group.adoption.settle(0.0)

    assert group.said == ["2 adopts 0"]

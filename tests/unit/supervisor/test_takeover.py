"""seamline.supervisor.takeover: what one supervisor leaves to the next in its process."""

import os
import socket
from contextlib import ExitStack

import msgspec
import pytest

from seamline.errors import StartError, UsageError
from seamline.plan import GroupPlan, Plan, ServicePlan
from seamline.supervisor.sockets import Address
from seamline.supervisor.takeover import (
    TAKEOVER_VARIABLE,
    HeldGroup,
    HeldProcess,
    HeldSlot,
    Pipe,
    Takeover,
)
from seamline.worker import Beat, Listener


def plan(workers: int = 2, bind: str = "127.0.0.1:8000") -> Plan:
    return Plan(
        name="shop",
        root="/srv/shop",
        layout="micro",
        run_dir="/run/shop",
        groups=(GroupPlan(name="web", services=("web",), workers=workers),),
        services=(ServicePlan(name="web", http="shop.web:app", bind=bind),),
    )


def left(descriptors: list[int], *, pid: int, is_trial: bool = False, **named: object) -> Takeover:
    lock, control, listening, calls, worker, printed = descriptors
    process = HeldProcess(
        child=41,
        pid=42,
        generation=3,
        state="ready",
        control=worker,
        unread=b'{"type":"be\xc3',
        pipes=(Pipe("stdout", printed, b"half a l\xff"),),
        started_at=12.5,
        changed_at=13.5,
        first_rss_bytes=1000,
        chance=0.25,
        last=Beat(requests=7),
    )
    slot = HeldSlot(
        number=0,
        command=None,
        http=(Listener(listening, ("web",)),),
        calls=calls,
        process=process,
        generation=3,
        restarts=1,
        deaths=0,
        reason="was killed by SIGKILL",
        recycled=0,
        recycle_reason="",
        guardian=None,
    )
    group = HeldGroup(
        name="web", slots=(slot,), least=2, ready_after=0.5, scale_reason="", is_drained=False
    )
    every: dict[str, object] = {
        "plan": plan(),
        "first": {"web": 2},
        "scaled": {},
        "groups": (group,),
        "urls": {"web": Address("127.0.0.1", 8000)},
        "lock": lock,
        "control": control,
        "kept": (),
        "hash_seed": "77",
        "log_level": "info",
        "started_at": 1.5,
        "stored": {901: "seamline.0.901"},
    }
    return Takeover(pid=pid, is_trial=is_trial, **{**every, **named})  # type: ignore[arg-type]


@pytest.fixture
def descriptors():
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.socket()) for _ in range(6)]
        for one in opened:
            one.set_inheritable(True)
        yield [one.fileno() for one in opened]


def taken(takeover: Takeover) -> tuple[Takeover | None, dict[str, str]]:
    environ = {TAKEOVER_VARIABLE: str(takeover.write()), "HOME": "/root"}
    return Takeover.take(environ), environ


def test_what_is_left_is_taken_once_and_is_inherited_by_nobody_else(descriptors) -> None:
    given = left(descriptors, pid=os.getpid())

    found, environ = taken(given)

    assert found == given
    assert environ == {"HOME": "/root"}
    assert sorted(given.descriptors()) == sorted(descriptors)
    assert not any(map(os.get_inheritable, descriptors))
    assert Takeover.take(environ) is None


def test_a_trial_is_for_a_child_and_touches_no_descriptor(descriptors) -> None:
    given = left(descriptors, pid=os.getppid(), is_trial=True)

    assert taken(given)[0] == given
    assert all(map(os.get_inheritable, descriptors))


@pytest.mark.parametrize("is_trial", [True, False])
def test_what_is_left_to_another_process_is_refused(descriptors, is_trial) -> None:
    with pytest.raises(StartError, match="is meant for process 1"):
        taken(left(descriptors, pid=1, is_trial=is_trial))


def test_what_another_version_left_is_refused(descriptors) -> None:
    given = msgspec.structs.replace(left(descriptors, pid=os.getpid()), format=1)

    with pytest.raises(StartError, match="its format is 1, of this version 2"):
        taken(given)


def test_what_is_no_description_is_refused() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb"), pytest.raises(StartError, match="it is no file"):
        Takeover.take({TAKEOVER_VARIABLE: str(reading)})
    for text in (b"", b"{}", b'{"format": 2}'):
        descriptor = os.memfd_create("test")
        os.write(descriptor, text)
        os.lseek(descriptor, 0, os.SEEK_SET)
        with pytest.raises(StartError, match="which leads to none"):
            Takeover.take({TAKEOVER_VARIABLE: str(descriptor)})


def test_a_plan_is_taken_when_sockets_and_slots_may_stay_as_they_are(descriptors) -> None:
    given = left(descriptors, pid=1, scaled={"web": 4}, plan=plan(workers=4))

    given.check(plan(workers=2))  # as at the start, before somebody scaled it
    with pytest.raises(UsageError, match="the number of workers changed"):
        given.check(plan(workers=3))
    with pytest.raises(UsageError, match="an address changed"):
        given.check(plan(bind="127.0.0.1:9000"))

"""What is said of a run that does not get ready."""

import asyncio
import math
from collections.abc import Sequence
from typing import Final

from seamline.errors import SeamlineError, StartError
from seamline.supervisor.group import Group
from seamline.supervisor.logs import LogStream
from seamline.supervisor.processes import Process, State
from seamline.supervisor.reloads import NotLoaded, start_failure
from seamline.supervisor.report import shown_path

#: What Python writes above the stacks of a process that is aborted, lest it pass for a crash.
ABORTED: Final = 'below "Fatal Python error: Aborted"'


def first_failure(
    group: Group, process: Process, logs: LogStream, *, verbose: bool
) -> SeamlineError:
    """Say why the very first start of a worker failed: once, whatever others say too."""
    error = start_failure(process, f"worker {group.plan.name}.{process.identity.slot}")
    if isinstance(error, NotLoaded):
        shown = error.failed.traceback if verbose else error.failed.excerpt
        if shown:
            logs.block(shown.rstrip())
        error.file = error.file and shown_path(error.file)
    return error


def stacks_follow(groups: Sequence[Group], seconds: float) -> str:
    """Introduce what processes that did not become ready write when they are aborted."""
    return (
        f"not ready after {seconds:g} s: {_unready(groups)}; each writes where its threads are, "
        f"{ABORTED}:"
    )


def late(groups: Sequence[Group], seconds: float) -> StartError:
    """Say which groups did not become ready in time."""
    return StartError(
        f"not ready after {seconds:g} s: {_unready(groups)}; everything was stopped, above is "
        f"where each thread was; {_longer(seconds)}"
    )


def late_successor(name: str, seconds: float) -> StartError:
    """Say that the process in the place of a worker did not become ready in time."""
    return StartError(
        f"the successor of {name} was not ready after {seconds:g} s; where each of its threads "
        f"was is in the log of the run; {_longer(seconds)}"
    )


def _unready(groups: Sequence[Group]) -> str:
    return ", ".join(group.plan.name for group in groups if not group.is_ready)


def _longer(seconds: float) -> str:
    """Return what to type where a start is only slow."""
    allowed = math.ceil(2 * seconds)
    return f"if it is only slow, write at the top of seamline.toml: startup_timeout = {allowed}"


async def abort_late(groups: Sequence[Group]) -> None:
    """Have the processes of groups that did not become ready say where they are."""
    stuck = [
        slot.process
        for group in groups
        if not group.is_ready
        for slot in group.slots
        if slot.process is not None and slot.process.state is State.STARTING
    ]
    await asyncio.gather(*(one.abort() for one in stuck))

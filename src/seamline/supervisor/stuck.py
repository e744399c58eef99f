"""When a worker counts as stuck."""

import msgspec

from seamline.supervisor.processes import Process, State


class Timeouts(msgspec.Struct, frozen=True):
    """When a worker counts as stuck, in seconds."""

    startup: float
    stall: float
    drain: float


def why_stuck(process: Process, now: float, timeouts: Timeouts) -> str:
    """Return what a worker has not done in time, or nothing.

    It is silent or at a standstill, was never ready, or is never done draining.
    """
    # One without a process waits for what it is to be forked from.
    if process.was_stalled or process.returncode is not None or not process.has_started:
        return ""
    match process.state:
        case State.READY if now - process.heard_at > timeouts.stall:
            return f"gave no sign of life for {timeouts.stall:g} s"
        case State.READY if process.last.stuck_seconds > timeouts.stall:
            return f"answered nothing for {timeouts.stall:g} s: all its threads are stuck"
        case State.STARTING if now - process.started_at > timeouts.startup:
            return f"was not ready after {timeouts.startup:g} s"
        case State.DRAINING if now - process.changed_at > timeouts.drain:
            return f"had not left after {timeouts.drain:g} s"
        case _:
            return ""

"""The seams of one worker process: those it opens on others, and the calls it answers."""

from contextvars import ContextVar
from typing import Any

import msgspec

from seamline.plan import Plan
from seamline.worker.report import Identity


class CallStats(msgspec.Struct, frozen=True):
    """Calls answered and made by this process."""

    in_flight: int = 0
    served: int = 0
    made: int = 0
    errors: int = 0


class Process:
    """This process's place in the run: which packages it hosts and which are elsewhere."""

    def __init__(self, plan: Plan, identity: Identity, secret: bytes) -> None:
        self._plan = plan
        self._identity = identity
        self._secret = secret
        self.request_errors: ContextVar[Any] = ContextVar("request_errors")

    def install(self) -> None:
        """Be ready to open seams on packages as they are imported."""

    def verify(self) -> None:
        """Open what is imported and check that every seam stands."""

    async def start(self, descriptor: int | None) -> None:
        """Answer calls on the slot's socket."""

    async def drain(self, seconds: float) -> None:
        """Refuse new calls and finish running ones."""

    def stats(self) -> CallStats:
        """Count calls so far."""
        return CallStats()

"""Where the running code is, as seen from one service: in its own place, or across a seam."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol

from seamline.seam.importing import Imports

#: Name of the service whose body is running, or None outside of every service. Only layout
#: ``local`` sets it; in a layout of processes the process itself is the place.
here: ContextVar[str | None] = ContextVar("seamline_here", default=None)


class RemoteHome:
    """The place of a service that another process hosts: never here, but while importing.

    Calls made while importing run where they are made, with the module state they find
    there, so *staying* is told first: it puts the state back until the import is over.
    """

    __slots__ = ("_imports", "_staying")

    def __init__(self, imports: Imports, staying: Callable[[], None]) -> None:
        self._imports = imports
        self._staying = staying

    def is_here(self) -> bool:
        """Return whether a body of the service may run in the calling thread."""
        if self._imports.running == 0 or not self._imports.is_importing():
            return False
        self._staying()
        return True


class Place(Protocol):
    """Tells whether the running code is in a service's own place."""

    def is_here(self) -> bool:
        """Return whether a body of the service may run in the calling thread."""


class AskingHome:
    """The same place for client halves of a test process, where a call may have to stay.

    Args:
        home: Asked first.
        keeps: Asked before each call that would cross; it may close the seam and keep the call.
    """

    __slots__ = ("_home", "_keeps")

    def __init__(self, home: Place, keeps: Callable[[], bool]) -> None:
        self._home = home
        self._keeps = keeps

    def is_here(self) -> bool:
        """Return whether a body of the service may run in the calling thread."""
        return self._home.is_here() or self._keeps()


class LocalHome:
    """The place of a service in layout ``local``, where all services share one process."""

    __slots__ = ("_imports", "_service")

    def __init__(self, imports: Imports, service: str) -> None:
        self._imports = imports
        self._service = service

    def is_here(self) -> bool:
        """Return whether the running code is the service's own, or runs while importing."""
        if here.get() == self._service:
            return True
        return self._imports.running > 0 and self._imports.is_importing()

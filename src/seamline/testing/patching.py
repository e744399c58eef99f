"""Globals of packages elsewhere that tests replace: their seams are closed for as long.

A host would not see the patch, so the package runs in the test process while it lasts.
Public functions are another matter: patching one patches what the test process calls.
"""

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from seamline.seam import Seams, Write

if TYPE_CHECKING:
    from types import FrameType

_ABSENT: Final = object()
_TEST_PARTS: Final = frozenset({"test", "tests", "testing", "conftest"})


class Patches:
    """The patches that are in place now.

    Args:
        seams: Of the test process.
        application: Top-level packages of the application, whose own code patches nothing.
        closes: Whether the seam has to be closed: not in one process, where every package
            sees the patch.
    """

    def __init__(self, seams: Seams, application: Collection[str], *, closes: bool) -> None:
        self._seams = seams
        self._application = frozenset(application)
        self._closes = closes
        self._held: dict[tuple[str, str], tuple[str, object]] = {}
        seams.on_write = self._allow

    @property
    def services(self) -> list[str]:
        """The services whose seams are closed."""
        return sorted({service for service, _ in self._held.values()})

    def settle(self) -> None:
        """Open the seams again whose globals are what they were before they were patched."""
        closed = self.services
        for (module, name), (_, original) in list(self._held.items()):
            if module not in sys.modules or _global(module, name) is original:
                del self._held[module, name]
        for service in set(closed).difference(self.services):
            self._seams.open(service)

    def _allow(self, write: Write) -> bool:
        """Let tests and the tools they patch with through, and nobody else."""
        if self._is_application(_caller()):
            return False
        if self._closes:
            self._seams.close(write.service)
            # Only now, with the seam closed, are the module's globals what they were.
            original = _global(write.module, write.name)
            self._held.setdefault((write.module, write.name), (write.service, original))
        return True

    def _is_application(self, module: str) -> bool:
        parts = module.split(".")
        return parts[0] in self._application and not any(
            part in _TEST_PARTS or part.startswith("test_") for part in parts
        )


def _global(module: str, name: str) -> object:
    return vars(sys.modules[module]).get(name, _ABSENT)


def _caller() -> str:
    """Return the module of the innermost frame that is not Seamline's."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - costs no traceback
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if not name.startswith("seamline."):
            return name
        frame = frame.f_back
    return ""

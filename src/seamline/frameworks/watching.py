"""Notice what frameworks do, once they are imported; never before."""

import functools
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any, Final

#: Modules that define the class of applications, and its name.
_CLASSES: Final = {"flask.app": "Flask", "quart.app": "Quart"}


class Watch(MetaPathFinder):
    """A finder that only waits for a framework.

    Args:
        made: Called with an application whose ``__init__`` begins, and the frame of whoever
            makes it.

    Attributes:
        loaded: What is called with a module once it has been executed, by its name.
    """

    def __init__(self, made: Callable[[Any, FrameType | None], None]) -> None:
        self._made = made
        self.loaded: dict[str, Callable[[ModuleType], None]] = dict.fromkeys(_CLASSES, self._patch)
        self._patched: dict[Any, Any] = {}
        self._is_asking = False

    def install(self) -> None:
        """Watch from now on, also what is loaded already."""
        for name, begin in self.loaded.items():
            if name in sys.modules:
                begin(sys.modules[name])
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        """Leave the frameworks as they were."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for cls, original in self._patched.items():
            cls.__init__ = original
        self._patched.clear()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the other finders answer for a framework, with a loader that reports."""
        if fullname not in self.loaded or self._is_asking:
            return None
        self._is_asking = True
        try:
            for finder in list(sys.meta_path):
                spec = finder.find_spec(fullname, path, target) if finder is not self else None
                if spec is not None:
                    self._report(spec)
                    return spec
        finally:
            self._is_asking = False
        return None

    def _report(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            self.loaded[module.__name__](module)

        loader.exec_module = exec_module

    def _patch(self, module: ModuleType) -> None:
        cls: Any = getattr(module, _CLASSES[module.__name__], None)
        if cls is None or cls in self._patched:
            return
        original = self._patched[cls] = cls.__init__
        made = self._made

        @functools.wraps(original)
        def begin(self: Any, *args: Any, **keywords: Any) -> None:
            made(self, sys._getframe(1))  # noqa: SLF001 - the documented way to the caller
            original(self, *args, **keywords)

        cls.__init__ = begin

"""Notice when the application's modules are imported, and when a thread's imports are over.

Nothing about an import changes: the modules are found, loaded and executed by whoever would
have done it (Python, pytest's assertion rewriter, another hook). Seams are opened by others.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class _Thread(threading.local):
    """What one thread is importing.

    Attributes:
        depth: Modules of the application that are being executed, each inside the former.
        loaded: Names of those that were executed since the outermost began.
        looked_for: Names being searched, so that two hooks that ask each other stop.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.loaded: set[str] = set()
        self.looked_for: set[str] = set()


class Imports(MetaPathFinder):
    """A finder, first of ``sys.meta_path``, that only notices.

    Attributes:
        running: Modules being executed, over all threads. While it is 0, nobody needs to ask
            :meth:`is_importing`.
    """

    def __init__(
        self,
        is_application: Callable[[str, str], bool],
        finished: Callable[[frozenset[str]], None],
    ) -> None:
        """Prepare; nothing is noticed before :meth:`install`.

        Args:
            is_application: Whether a module, by name and origin, is the application's.
            finished: Called with the names of all modules that a thread executed, when the
                outermost of its imports is over, in that thread; also when it failed.
        """
        self.running = 0
        self._counting = threading.Lock()
        self._is_application = is_application
        self._finished = finished
        self._thread = _Thread()

    def install(self) -> None:
        """Notice imports from now on. Replaces the hook of ``startup/sitecustomize.py``."""
        sys.meta_path[:] = [
            finder for finder in sys.meta_path if not hasattr(finder, "joins_seamline_run")
        ]
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        """Notice nothing any more; imports in progress still report their end."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def after_fork(self) -> None:
        """Go on in a forked child, where only the forking thread exists."""
        self._counting = threading.Lock()
        self.running = self._thread.depth

    def is_importing(self) -> bool:
        """Return whether this thread is executing a module of the application."""
        return self._thread.depth > 0

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the other finders answer, with a loader that reports the execution."""
        self._stay_first()
        thread = self._thread
        if fullname in thread.looked_for:
            return None
        thread.looked_for.add(fullname)
        try:
            spec = self._ask_the_others(fullname, path, target)
        finally:
            thread.looked_for.discard(fullname)
        if (
            spec is not None
            and spec.loader is not None
            and hasattr(spec.loader, "exec_module")
            and self._is_application(fullname, spec.origin or "")
        ):
            # Not a Loader by its class, but by what importlib asks of it.
            spec.loader = _NoticingLoader(spec.loader, self)  # type: ignore[assignment]
        return spec

    @contextmanager
    def executing(self, name: str) -> Iterator[None]:
        """Count the execution of one module, and report when the outermost one is over."""
        thread = self._thread
        with self._counting:
            self.running += 1
        thread.depth += 1
        try:
            yield
        finally:
            thread.depth -= 1
            with self._counting:
                self.running -= 1
            thread.loaded.add(name)
            if thread.depth == 0:
                loaded, thread.loaded = frozenset(thread.loaded), set()
                self._finished(loaded)

    def _stay_first(self) -> None:
        # pytest and others put their finders first, whenever they come. Moving an element to
        # the front leaves the position of a running iteration over the list as it was.
        if sys.meta_path[0] is not self and self in sys.meta_path:
            sys.meta_path.remove(self)
            sys.meta_path.insert(0, self)

    def _ask_the_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                return spec
        return None


class _NoticingLoader:
    """Stands before a module's own loader until the module is executed, then steps aside."""

    def __init__(self, loader: Loader, imports: Imports) -> None:
        self._loader = loader
        self._imports = imports

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        create = getattr(self._loader, "create_module", None)
        return None if create is None else create(spec)

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        name = module.__name__ if spec is None else spec.name
        # The module must see its real loader: resources, linecache and inspect ask it.
        for holder, attribute in ((spec, "loader"), (module, "__loader__")):
            if getattr(holder, attribute, None) is self:
                setattr(holder, attribute, self._loader)
        with self._imports.executing(name):
            self._loader.exec_module(module)

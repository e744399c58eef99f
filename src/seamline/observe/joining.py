"""Observe in this process: put probes on what is imported, and tell the journal.

A process joins when it imports a package of the application for the first time, and until
then pays for nothing but the search for that name (``startup/sitecustomize.py`` of the seam).
``python -I``, ``-E`` and ``-S`` ignore the environment and are not observed.
"""

import atexit
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, Final

import msgspec

from seamline.interface import Function, Interface, Verdict
from seamline.observe.calls import notice_context
from seamline.observe.contexts import watch_contexts
from seamline.observe.journal import Journal, Line
from seamline.observe.notes import Notes
from seamline.observe.probe import Budget, Place, Probe
from seamline.observe.warned import place_warnings
from seamline.plan import PLAN_FILE, RUN_VARIABLE, WORKER_VARIABLE, Limits, Plan, from_json
from seamline.seam import (
    OUTER,
    STARTUP,
    Entry,
    Imports,
    bound_function,
    codec_of,
    entries_of,
    find_entries,
    half_of,
    live_functions,
    parameters_of,
)
from seamline.wire import Codec

#: The directory of the plan and the journals, and the top-level packages to wait for.
LEARN_VARIABLE: Final = "SEAMLINE_LEARN"
_PACKAGES_VARIABLE: Final = "SEAMLINE_LEARN_PACKAGES"


def learning_environment(
    environ: Mapping[str, str], plan: Plan, directory: Path
) -> dict[str, str]:
    """Return the environment in which a command and its Python children are observed.

    Args:
        environ: What the command would get.
        plan: The application in layout ``mono``.
        directory: Holds the plan already; journals are written there.
    """
    packages = {str(one.package).partition(".")[0] for one in plan.services if one.package}
    search = [part for part in environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    clean = {k: v for k, v in environ.items() if k not in {RUN_VARIABLE, WORKER_VARIABLE}}
    return {
        **clean,
        LEARN_VARIABLE: str(directory),
        _PACKAGES_VARIABLE: ",".join(sorted(packages)),
        # `seamline run` as the command starts the application whole, too.
        "SEAMLINE_LAYOUT": "mono",
        "PYTHONPATH": os.pathsep.join([STARTUP, *(part for part in search if part != STARTUP)]),
    }


def join_learning(environ: Mapping[str, str] = os.environ) -> "Observer | None":
    """Observe this process from now on until it ends.

    Returns:
        The observer; None when the command has ended and nobody reads what this process sees.
    """
    directory = Path(environ[LEARN_VARIABLE])
    try:
        plan = from_json((directory / PLAN_FILE).read_bytes())
    except FileNotFoundError:
        return None
    observer = Observer(plan, Journal(directory))
    observer.install()
    return observer


class _EachImport(Imports):
    """Tells the end of every module's execution, not only of the outermost.

    Functions that are called while another module is imported are observed only if their own
    module is looked at as soon as it is there.
    """

    def __init__(
        self,
        is_application: Callable[[str, str], bool],
        finished: Callable[[frozenset[str]], None],
        executed: Callable[[str], None],
    ) -> None:
        super().__init__(is_application, finished)
        self._executed = executed

    @contextmanager
    def executing(self, name: str) -> Iterator[None]:
        with super().executing(name):
            yield
            self._executed(name)


class _Watched:
    """One package service: its functions with the notes about them."""

    def __init__(self, service: str, interface: Interface, limits: Limits) -> None:
        self.service = service
        self.interface = interface
        self.functions = tuple(one for one in interface.functions if one.public)
        self.modules = frozenset(name for name, _ in interface.modules)
        self.state = tuple(f"{s.module}:{s.name}" for s in interface.state if not s.resource)
        self._limits = limits
        self._codec: Codec | None = None

    def codec(self) -> Codec:
        """Return the codec that the seam would have if every function could cross it."""
        if self._codec is None:
            functions = tuple(
                msgspec.structs.replace(one, verdict=Verdict.REMOTE)
                for one in self.interface.functions
            )
            every = msgspec.structs.replace(self.interface, functions=functions)
            self._codec = codec_of(every, self._limits)
        return self._codec

    def loaded(self) -> None:
        """Make the codec anew: modules of the package were imported, with classes in them."""
        self._codec = None


class Observer:
    """The probes of one process. They stay until it ends."""

    def __init__(self, plan: Plan, journal: Journal) -> None:
        self._root = plan.root
        self._journal = journal
        self._watched = [
            _Watched(service.name, service.interface, plan.limits)
            for service in plan.services
            if service.interface is not None
        ]
        self._tops = {one.interface.package.partition(".")[0] for one in self._watched}
        self._imports = _EachImport(self._is_application, self._finished, self._executed)
        budget = Budget()
        self._places = {
            one.service: Place(
                service=one.service,
                modules=one.modules,
                state=one.state,
                budget=budget,
                is_importing=self._imports.is_importing,
                told=self._tell,
                trouble=self._trouble,
            )
            for one in self._watched
        }
        self._probed: set[Any] = set()
        self._notes: dict[str, Notes] = {}
        self._missed: set[str] = set()
        self._changing = threading.RLock()

    def install(self) -> None:
        """Observe what is imported from now on, and tell the journal's end at the exit."""
        self._imports.install()
        place_warnings()
        os.register_at_fork(after_in_child=self._after_fork)
        atexit.register(self._end)
        leave = os._exit

        def leave_after_telling(status: int) -> None:
            # Children of multiprocessing leave this way, past every atexit function.
            self._end()
            leave(status)

        os._exit = leave_after_telling  # type: ignore[assignment]

    # -- what is imported ------------------------------------------------------------------

    def _executed(self, name: str) -> None:
        """Put probes on what a module's names are bound to, at the end of its execution."""
        with self._changing:
            for watched in self._watched:
                if name in watched.modules:
                    watched.loaded()
                    functions = [f for f in watched.functions if f.module == name]
                    self._put(watched, _by_name(functions, watched.interface))

    def _finished(self, loaded: frozenset[str]) -> None:
        """Look for the function objects that no name is bound to, when imports are over."""
        with self._changing:
            concerned = [one for one in self._watched if loaded & one.modules]
            among = live_functions() if concerned else []
            for watched in concerned:
                watched.loaded()
                functions = [f for f in watched.functions if f.module in loaded]
                found = find_entries(watched.interface, functions, among)
                self._put(watched, found)
                self._tell_missed(functions, found)
            modules = [sys.modules[name] for name in loaded if name in sys.modules]
            watch_contexts(modules, notice_context)

    def _put(self, watched: _Watched, entries: Collection[Entry]) -> None:
        names = {
            entry.definition.address: parameters_of(entry.function.__code__)
            for entry in entries
            if not entry.address.endswith(OUTER)
        }
        for entry in entries:
            function = entry.function
            # A test over a split application has client halves: those are not whole.
            if function in self._probed or half_of(function.__code__) is not None:
                continue
            self._probed.add(function)
            name = f"{entry.definition.module}.{entry.definition.name}"
            if name not in self._notes:
                self._notes[name] = Notes(name, watched.codec)
            probe = Probe(
                entry,
                self._places[watched.service],
                self._notes[name],
                names.get(entry.definition.address, ()),
            )
            function.__code__ = probe.code()

    def _tell_missed(self, functions: Iterable[Function], found: Iterable[Entry]) -> None:
        there = {entry.definition.address for entry in found}
        for function in functions:
            name = f"{function.module}.{function.name}"
            if function.address not in there and name not in {*self._notes, *self._missed}:
                self._missed.add(name)
                why = "its module was imported and made no function of this definition"
                self._journal.write(Line(name=name, missed=why))

    def _is_application(self, name: str, origin: str) -> bool:
        if name.partition(".")[0] in self._tops:
            return True
        path = PurePath(origin)
        return path.is_relative_to(self._root) and "site-packages" not in path.parts

    # -- what is told ------------------------------------------------------------------------

    def _tell(self, notes: Notes) -> None:
        self._journal.write(Line(name=notes.name, seen=notes.seen()))

    def _trouble(self, error: Exception) -> None:
        self._journal.write(Line(trouble=type(error).__name__))

    def _end(self) -> None:
        for notes in list(self._notes.values()):
            if notes.calls:
                self._tell(notes)
        self._journal.end()

    def _after_fork(self) -> None:
        """Go on in a child, which tells what it sees itself."""
        self._changing = threading.RLock()
        self._imports.after_fork()
        self._journal.after_fork()
        for notes in self._notes.values():
            notes.forget()


def _by_name(functions: Iterable[Function], interface: Interface) -> list[Entry]:
    found: dict[Any, Entry] = {}
    wrappers: dict[Any, Entry] = {}
    for function in functions:
        bound = bound_function(function, interface)
        if bound is not None:
            own, outer = entries_of(function, [bound])
            found |= own
            wrappers |= outer
    return [*(found | wrappers).values()]

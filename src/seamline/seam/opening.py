"""Open and close the seams of one process. What a half does is in ``half``, not here."""

import sys
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath
from types import CodeType, FunctionType, ModuleType
from typing import NoReturn
from weakref import WeakKeyDictionary

from seamline.errors import ApplicationError, InternalError, NotSendable
from seamline.frameworks import Frameworks, changes_language
from seamline.interface import Function, Interface, Verdict
from seamline.plan import Plan, ServicePlan
from seamline.rpc import Arguments, Target, call_site, record
from seamline.seam.find import Entry, bound_to, find_entries, live_functions, moved
from seamline.seam.half import (
    ClientLike,
    Half,
    Home,
    compile_half,
    half_of,
    original_of,
    parameters_of,
    sender,
)
from seamline.seam.hosting import carried, codec_of
from seamline.seam.importing import Imports
from seamline.seam.mentioned import Mentioned
from seamline.seam.place import AskingHome, LocalHome, Place, RemoteHome
from seamline.seam.sealing import Seal, Write
from seamline.seam.strays import Strays
from seamline.seam.threads import KeptPlaces
from seamline.transport import close_after_fork
from seamline.wire import Codec


@dataclass(frozen=True, slots=True)
class _Swap:
    """The two code objects of one function. Each is made once, however often a seam moves."""

    original: CodeType
    replacement: CodeType
    half: Half
    is_sendable: bool


@dataclass(slots=True)
class _Seam:
    """The seam of one service.

    Attributes:
        swaps: Every function found so far. Weak: functions made in a loop can go.
        searched: Modules whose functions are among them.
        is_wanted: Whether what is loaded belongs behind the seam, now and later.
        makes_strays: Whether functions of the package make others that use its state.
    """

    plan: ServicePlan
    interface: Interface
    client: ClientLike
    home: Place
    seal: Seal
    swaps: WeakKeyDictionary[FunctionType, _Swap] = field(default_factory=WeakKeyDictionary)
    searched: set[str] = field(default_factory=set)
    is_wanted: bool = False
    makes_strays: bool = False


class Seams:
    """Every seam of one process.

    Attributes:
        on_write: Asked when code outside a package assigns one of its module globals while
            its seam is open. It may close the seam and return True to let the assignment
            happen; otherwise an assignment of data raises StateElsewhere.
        on_loaded: Told the names of the modules that a thread has imported, at the end of it.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        group: str | None,
        connect: Callable[[str], ClientLike],
        local: bool = False,
        keeps: Callable[[str, Function], bool] | None = None,
        frameworks: Frameworks | None = None,
    ) -> None:
        """Prepare the seams; nothing is opened before :meth:`install`.

        Args:
            plan: The plan of the run.
            group: The group this process belongs to, whose services get no seam; None when
                it hosts nothing.
            connect: Returns the client of a service. Called when its seam first opens.
            local: Layout ``local``: one process, in which every service is its own place.
            keeps: Asked before each call, with the service and the function; True keeps the
                call in this process.
            frameworks: What this process knows of its frameworks.
        """
        self.on_write: Callable[[Write], bool] | None = None
        self.on_loaded: Callable[[frozenset[str]], None] | None = None
        self._plan = plan
        self._local = local
        self._hosts_none = group is None
        self._frameworks = frameworks or Frameworks(plan)
        self._connect = connect
        self._keeps = keeps
        # Reentrant: opening may import a module that a context variable lives in.
        self._changing = threading.RLock()
        self._seams: dict[str, _Seam] = {}
        own = () if group is None or local else plan.group(group).services
        self._remote = {
            service.name: (service, service.interface)
            for service in plan.services
            if service.interface is not None and service.name not in own
        }
        tops = [interface.package for _, interface in self._remote.values()]
        # What an http service is loaded from is the application's, wherever it is installed.
        tops += [one.http.partition(":")[0].strip() for one in plan.services if one.http]
        self._tops = {name.partition(".")[0] for name in tops}
        self._imports = Imports(self._is_application, self._finished)
        self._places = KeptPlaces()
        close_after_fork(self)

    def install(self) -> None:
        """Open every seam on what is loaded, and from now on on what is imported."""
        if self._remote:
            self._imports.install()
        if self._remote or len(self._plan.groups) > 1:
            # Layout `local` has one connection for all; what a test has open keeps its calls here.
            is_test = self._hosts_none and self._keeps is not None
            self._frameworks.install(transactions=not (self._local or is_test))
        if self._local:
            self._places.install()
        self.open_all()

    def uninstall(self) -> None:
        """Close every seam and notice imports no more."""
        self._imports.uninstall()
        self._frameworks.uninstall()
        if self._local:
            self._places.uninstall()
        self.close_all()

    def open_all(self) -> None:
        """Open the seam of every service this process does not host."""
        for service in self._remote:
            self.open(service)

    def close_all(self) -> None:
        """Close every seam; calls that have begun end in the mode they began in."""
        for service in self._remote:
            self.close(service)

    def open(self, service: str) -> None:
        """Put the client halves in place. Calls that begin after it cross the seam.

        Raises:
            KeyError: This process hosts the service, or there is none of that name.
        """
        with self._changing:
            seam = self._seam(service)
            seam.is_wanted = True
            self._reopen(seam)

    def close(self, service: str) -> None:
        """Put the application's own code back. Calls that begin after it run here.

        Raises:
            KeyError: This process hosts the service, or there is none of that name.
        """
        with self._changing:
            seam = self._seam(service)
            seam.is_wanted = False
            seam.seal.lift()
            for function, swap in seam.swaps.items():
                function.__code__ = swap.original

    def verify(self) -> None:
        """Check that every open seam is really open, whatever hooks others installed.

        Raises:
            ApplicationError: The source was changed since the interface was read from it.
            InternalError: A loaded function that must cross still has its own body.
        """
        wanted = [seam for seam in list(self._seams.values()) if seam.is_wanted]
        functions = live_functions() if wanted else []
        for seam in wanted:
            sealed = _crossing(seam.interface, _loaded(seam.interface))
            found = find_entries(seam.interface, sealed, functions)
            _check_moved(seam, sealed, found)
            for entry in found:
                if half_of(entry.function.__code__) is None:
                    raise _not_open(seam, entry.definition, "its body is still its own")
            missing = {each.address for each in sealed} - {e.definition.address for e in found}
            for function in sealed:
                if function.address in missing and _is_unreachable(function):
                    raise _not_open(seam, function, "what its name is bound to is no function")

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the calls that crossed, by service and dotted name of the function."""
        totals: dict[str, dict[str, int]] = {}
        made: dict[str, int]
        with self._changing:  # another thread may be importing, and find more functions
            for service in self._remote:
                seam = self._seams.get(service)
                made = totals[service] = {}
                for swap in () if seam is None else seam.swaps.values():
                    calls, name = swap.half.calls, swap.half.target.name
                    if calls:
                        made[name] = made.get(name, 0) + calls
        return totals

    def after_fork(self) -> None:
        """Go on in a forked child: its seams are open, and no thread holds a lock there."""
        self._changing = threading.RLock()
        self._imports.after_fork()

    def _seam(self, service: str) -> _Seam:
        if service not in self._seams:
            plan, interface = self._remote[service]
            home: Place
            if self._local:
                home = LocalHome(self._imports, service)
            else:
                home = RemoteHome(self._imports, lambda: self._stay(service))
            seal = Seal(interface, self._plan.root, home, not self._local, self._allows)
            self._seams[service] = _Seam(plan, interface, self._connect(service), home, seal)
        return self._seams[service]

    def _open(self, seam: _Seam, modules: Collection[str]) -> None:
        """Swap the functions of some modules, then seal the package's state."""
        crossing = _crossing(seam.interface, modules)
        sealed = [(module, name) for module, name in seam.seal.names() if module in modules]
        functions = live_functions() if crossing or sealed else []
        found = find_entries(seam.interface, crossing, functions)
        strays = Strays(seam.interface, modules, sealed)
        seam.makes_strays |= strays.are_made_by(functions)
        self._add(seam, [*found, *strays.find(functions)])
        _declare(seam)
        seam.searched.update(modules)
        for function, swap in list(seam.swaps.items()):
            function.__code__ = swap.replacement
        seam.seal.apply()
        _check_moved(seam, crossing, found)

    def _add(self, seam: _Seam, entries: Iterable[Entry]) -> None:
        codec: Codec | None = None
        for entry in entries:
            if entry.function not in seam.swaps:
                codec = codec or codec_of(seam.interface, self._plan.limits)
                seam.swaps[entry.function] = self._swap(seam, entry, codec)

    def _open_made(self, seam: _Seam) -> None:
        """Refuse what a package's decorators made for the modules that were just imported."""
        functions = live_functions()
        inner = [one for one in _crossing(seam.interface, seam.searched) if "<locals>" in one.name]
        found = find_entries(seam.interface, inner, functions)
        found += Strays(seam.interface, seam.searched, seam.seal.names()).find(functions)
        made = [one for one in found if one.function not in seam.swaps]
        self._add(seam, made)
        for entry in made:
            entry.function.__code__ = seam.swaps[entry.function].replacement

    def _swap(self, seam: _Seam, entry: Entry, codec: Codec) -> _Swap:
        """Compile the half of one function."""
        original = original_of(entry.function)
        function = entry.definition
        # What a sandbox is for must not run outside of it.
        stays = function.stays and not self._plan.group_of(seam.plan.name).sandbox
        reads = (function.reaches or ()) if stays else ()
        target = Target(
            service=seam.plan.name,
            address=entry.address,
            kind=entry.kind,
            fingerprint=function.fingerprint,
            codec=codec,
            timeout=seam.plan.timeout,
            idempotent=not seam.interface.names_of(function).isdisjoint(seam.plan.idempotent),
            parameters=parameters_of(original),
            carry=carried(seam.plan),
            contexts=self._frameworks.contexts(function.contexts, codec, reads),
            stays=stays,
            asks=Mentioned(entry.function) if stays else None,
            mutates=bool(function.mutates),
            shares=bool(function.shares),
            translates=changes_language(function.reaches or ()),
            lent=self._frameworks.lent(codec),
        )
        is_sendable = function.verdict is Verdict.REMOTE and not entry.problem
        send = sender(seam.client, entry.kind) if is_sendable else _refusal(entry)
        home: Home = seam.home
        if self._keeps is not None:
            home = AskingHome(home, partial(self._keeps, seam.plan.name, function))
        half = Half(entry.function, target, send, home)
        return _Swap(original, compile_half(original, half), half, is_sendable)

    def _reopen(self, seam: _Seam) -> None:
        """Open without a search what was found before: moving a seam must stay cheap."""
        loaded = _loaded(seam.interface)
        new = loaded - seam.searched
        made_anew = any("<locals>" in f.name for f in _crossing(seam.interface, loaded))
        self._open(seam, loaded if made_anew else new)

    def _finished(self, loaded: frozenset[str]) -> None:
        """Open what a thread has imported, now that the outermost of its imports is over."""
        with self._changing:
            for service, (_, interface) in self._remote.items():
                seam = self._seams.get(service)
                if seam is None or not seam.is_wanted:
                    continue
                own = loaded.intersection(name for name, _ in interface.modules)
                if own:
                    self._open(seam, own)
                elif seam.seal.is_lifted or seam.seal.concerns(loaded):
                    seam.seal.apply()
                if seam.makes_strays:
                    self._open_made(seam)
        if self.on_loaded is not None:
            self.on_loaded(loaded)

    def _stay(self, service: str) -> None:
        """Put the state of a service back until the running thread's imports are over."""
        with self._changing:
            self._seams[service].seal.lift()

    def _allows(self, write: Write) -> bool:
        return self.on_write is not None and self.on_write(write)

    def _is_application(self, name: str, origin: str) -> bool:
        """Whether executing a module may run code of the application at its top level."""
        if name.partition(".")[0] in self._tops:
            return True
        path = PurePath(origin)
        return path.is_relative_to(self._plan.root) and "site-packages" not in path.parts


def _crossing(interface: Interface, modules: Collection[str]) -> list[Function]:
    """Return the functions of some modules whose bodies must not run in this process."""
    return [
        function
        for function in interface.functions
        if function.verdict is not Verdict.LOCAL and function.module in modules
    ]


def _loaded(interface: Interface) -> set[str]:
    """Return the package's modules that are loaded; one still being executed is not."""
    names = set()
    for name, _ in interface.modules:
        module = sys.modules.get(name)
        spec = getattr(module, "__spec__", None)
        if module is not None and not getattr(spec, "_initializing", False):
            names.add(name)
    return names


def _declare(seam: _Seam) -> None:
    """Tell the client what will be called, so that its first connections know all of it."""
    declare = getattr(seam.client, "declare", None)  # a local client has no connections
    if declare is not None:
        declare([swap.half.target for swap in seam.swaps.values() if swap.is_sendable])


def _refusal(entry: Entry) -> Callable[[Target, Arguments], NoReturn]:
    """Return what a half does instead of sending when its function cannot cross."""
    function = entry.definition
    reason = entry.problem or function.reason
    where = f"{function.module}.{function.name} ({function.file}:{function.line})"

    def refuse(target: Target, _: Arguments) -> NoReturn:
        error = NotSendable(
            f"{where} of service {target.service!r} was called at {call_site()} and cannot "
            f"cross the seam: {reason}. See what would settle it with: seamline check"
        )
        record(error)
        raise error

    return refuse


def _check_moved(seam: _Seam, crossing: Collection[Function], found: list[Entry]) -> None:
    """Refuse functions that would run here because their source is another one by now.

    Raises:
        ApplicationError: There are some; the first is named.
    """
    opened = {entry.definition.address for entry in found}
    left = [one for one in crossing if one.address not in opened]
    for function in moved(seam.interface, left):
        raise ApplicationError(
            f"{function.module}.{function.name} is at another line than when this run was "
            f"planned, so it would not go to service {seam.plan.name!r}",
            file=function.file,
            line=function.line,
            remedy="start the processes from what is there now with: seamline reload",
        )


def _is_unreachable(function: Function) -> bool:
    """Whether a name is bound to something callable that no half can stand for."""
    bound = bound_to(function)
    return callable(bound) and not isinstance(bound, type | ModuleType | FunctionType)


def _not_open(seam: _Seam, function: Function, why: str) -> InternalError:
    return InternalError(
        f"the seam of service {seam.plan.name!r} is not open on {function.module}."
        f"{function.name} ({function.file}:{function.line}): {why}; it would run in this "
        "process on state that is not its own. Please report this with the command you ran"
    )

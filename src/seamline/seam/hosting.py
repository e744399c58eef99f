"""What a hosting process offers: addresses become the application's own functions."""

import importlib
import inspect
import sys
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from types import FunctionType
from typing import Any

from seamline.errors import ConfigError, Denied, InterfaceMismatch, NotSendable
from seamline.frameworks import Frameworks
from seamline.interface import Function, Interface, Verdict
from seamline.plan import Limits, Plan, ServicePlan
from seamline.rpc import Hosted, LocalClient
from seamline.seam.find import OUTER, Entry, bound_function, find_entries, live_functions, memo_of
from seamline.seam.half import parameters_of, twin_of
from seamline.seam.place import here
from seamline.wire import Codec, TypeTable


class _NotHosted(InterfaceMismatch, LookupError):  # noqa: N818 - named as its bases
    """To the server an unknown address is a failed look-up, for one entry of a caller's table."""


class _NotOffered(Denied, LookupError):  # noqa: N818 - named as its bases
    """The same for a function that exists and is not remote."""


class _Ambiguous(NotSendable, LookupError):  # noqa: N818 - named as its bases
    """The same for a definition that several objects were made from."""


class Host:
    """The functions of one group, by address. Safe to use from several threads."""

    def __init__(
        self, plan: Plan, *, group: str | None, frameworks: Frameworks | None = None
    ) -> None:
        """Index the group's packages; nothing is imported before it is asked for.

        Args:
            plan: The plan of the run.
            group: The group hosted here, or None for all services (layout ``local``).
            frameworks: What this process knows of its frameworks.
        """
        names = None if group is None else set(plan.group(group).services)
        self._services = {
            service.name: service
            for service in plan.services
            if service.interface is not None and (names is None or service.name in names)
        }
        self._frameworks = frameworks or Frameworks(plan)
        self._limits = plan.limits
        self._codecs: dict[str, Codec] = {}
        self._hosted: dict[str, Hosted] = {}
        self._found: dict[str, Entry] = {}
        self._resolving = threading.RLock()

    def resolve(self, address: str) -> Hosted:
        """Return the function an address names, importing its module if need be.

        Raises:
            Denied: It is not callable from another process.
            InterfaceMismatch: No package hosted here has such a function.
            NotSendable: Several objects were made from its definition.
        """
        hosted = self._hosted.get(address)
        if hosted is not None:
            return hosted
        with self._resolving:
            if address not in self._hosted:
                self._hosted[address] = self._resolve(address)
            return self._hosted[address]

    def prepare(self) -> None:
        """Look for every function now: in a fork what was there before is not found any more.

        ``gc.freeze``, which keeps memory shared between forks, hides it from a search.
        """
        with self._resolving:
            functions = live_functions()
            for service in self._services.values():
                if service.interface is not None:
                    self._search(service.interface, functions)

    def local_client(self) -> LocalClient:
        """Return a client whose host is this very process (layout ``local``)."""
        return LocalClient(
            self.resolve, enter=lambda target: here.set(target.service), limits=self._limits
        )

    def _resolve(self, address: str) -> Hosted:
        service, interface, function = self._definition(address)
        if function.verdict is not Verdict.REMOTE:
            raise _NotOffered(
                f"{function.module}.{function.name} ({function.file}:{function.line}) is "
                f"{function.verdict}, not remote: {function.reason}; its verdict is shown by: "
                f"seamline check"
            )
        importlib.import_module(function.module)
        entry = self._entry(interface, function, outer=address.endswith(OUTER))
        if entry.problem:
            raise _Ambiguous(entry.problem)
        # In layout `local`, and where a seam moves while calls arrive, a client half may sit
        # on the same object now or later. Calls that have arrived run the application's body.
        body = twin_of(entry.function)
        codec = self._codec(service, interface)
        return Hosted(
            function=memo_of(entry) or body,
            kind=entry.kind,
            fingerprint=function.fingerprint,
            codec=codec,
            parameters=parameters_of(body.__code__),
            mutates=mutated(entry),
            aliases=function.aliases,
            carry=carried(service),
            contexts=self._frameworks.contexts(function.contexts, codec),
            lent=self._frameworks.lent(codec),
        )

    def _definition(self, address: str) -> tuple[ServicePlan, Interface, Function]:
        wanted = address.removesuffix(OUTER)
        exact = [each for each in self._functions() if each[2].address == wanted]
        # A caller of another version knows another line; the name says which one it means
        # as long as the module defines it once. Fingerprints are compared by the handshake.
        name = wanted.partition("@")[0]
        named = [each for each in self._functions() if each[2].address.partition("@")[0] == name]
        if exact or len(named) == 1:
            return (exact or named)[0]
        hosted = ", ".join(sorted(self._services)) or "no package"
        raise _NotHosted(
            f"{address} is not a function of what this process hosts ({hosted}); caller and "
            f"host run different versions of the application or of seamline.toml: restart the "
            "run with: seamline stop, then seamline run"
        )

    def _functions(self) -> Iterator[tuple[ServicePlan, Interface, Function]]:
        for service in self._services.values():
            if service.interface is not None:
                for function in service.interface.functions:
                    yield service, service.interface, function

    def _entry(self, interface: Interface, function: Function, *, outer: bool) -> Entry:
        """Return the one object an address means: the bound one where several are alive."""
        address = function.address + (OUTER if outer else "")
        if address not in self._found:
            self._search(interface, live_functions())
        if address in self._found:
            return self._found.pop(address)
        raise _NotHosted(
            f"{function.module} was imported and defines no {function.name} at line "
            f"{function.line} any more ({function.file}); restart the run with: seamline stop, "
            "then seamline run"
        )

    def _search(self, interface: Interface, among: Iterable[FunctionType]) -> None:
        """Look for every function of a package at once: a pass over all objects is slow.

        A caller asks for all it may call when it connects, which is then one pass.
        """
        loaded = [
            function
            for function in interface.functions
            if function.verdict is Verdict.REMOTE and function.module in sys.modules
        ]
        for entry in find_entries(interface, loaded, among):
            bound = bound_function(entry.definition, interface)
            if entry.address not in self._found or entry.function is bound:
                self._found[entry.address] = entry

    def _codec(self, service: ServicePlan, interface: Interface) -> Codec:
        if service.name not in self._codecs:
            self._codecs[service.name] = codec_of(interface, self._limits)
        return self._codecs[service.name]


def mutated(entry: Entry) -> tuple[str, ...]:
    """Return the parameters of an entry that may be changed in place.

    The analysis names the definition's parameters. A wrapper may receive them under other
    names, or under ``*args`` and ``**kwargs``: then any of its own may be changed.
    """
    names = entry.definition.mutates
    code = entry.function.__code__
    own = parameters_of(code)
    if not names or code.co_qualname == entry.definition.name or set(names) <= set(own):
        return names
    variadic = (inspect.CO_VARARGS, inspect.CO_VARKEYWORDS)
    caught = sum(bool(code.co_flags & flag) for flag in variadic)
    return code.co_varnames[: len(own) + caught]


class _Bound:
    """The remote functions of a package whose modules are loaded by now.

    A host imports a module of its package when it is first asked for a function of it; what
    the annotations there name crosses from then on.
    """

    def __init__(self, interface: Interface) -> None:
        self._interface = interface
        self._missing = [f for f in interface.functions if f.verdict is Verdict.REMOTE]
        self._found: list[FunctionType] = []

    def __iter__(self) -> Iterator[FunctionType]:
        for function in list(self._missing):
            bound = bound_function(function, self._interface)
            if bound is not None:
                self._missing.remove(function)
                self._found.append(bound)
        return iter(tuple(self._found))


def codec_of(interface: Interface, limits: Limits) -> Codec:
    """Return the codec of one service's seam, equal on both sides of it."""
    table = TypeTable(interface.type_modules, _Bound(interface), loadable=interface.loadable)
    return Codec(table, depth=limits.depth, items=limits.items)


def carried(service: ServicePlan) -> tuple[ContextVar[Any], ...]:
    """Return the context variables that travel with calls to a service.

    Raises:
        ConfigError: ``carry`` names something that is no context variable.
    """
    return tuple(_context_variable(service.name, path) for path in service.carry)


def _context_variable(service: str, path: str) -> ContextVar[Any]:
    module, _, name = path.partition(":")
    try:
        # Importing a loaded module may wait for a thread that is executing it and, in turn,
        # for us.
        loaded = sys.modules.get(module)
        if not hasattr(loaded, name):
            loaded = importlib.import_module(module)
        found = getattr(loaded, name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"carry = [{path!r}] of service {service!r} names nothing: {error}",
            remedy='write it as "module:variable"',
        ) from error
    if not isinstance(found, ContextVar):
        raise ConfigError(
            f"carry = [{path!r}] of service {service!r} is a {type(found).__name__}, not a "
            "contextvars.ContextVar",
            remedy="name a context variable, or remove it",
        )
    return found

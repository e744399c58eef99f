"""Which contexts travel with the calls of one function, and one place for those of a process."""

import sys
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from seamline.errors import WireError
from seamline.frameworks import django_transactions, scoped_sessions, sqlalchemy_sessions
from seamline.frameworks.applications import Applications
from seamline.frameworks.django_contexts import DjangoContexts
from seamline.frameworks.flask_contexts import PARTS, FlaskContexts
from seamline.frameworks.namespaces import needs_of
from seamline.frameworks.overlay import Overlay
from seamline.frameworks.quart_contexts import QuartContexts
from seamline.frameworks.watching import Watch
from seamline.plan import Plan
from seamline.wire import Codec, TypeTable

#: ``(framework, encoded contexts)``
Packed = tuple[tuple[str, bytes], ...]
_NOTHING: Final[Packed] = ()
_SESSIONS: Final = "sqlalchemy"


class Visiting(Protocol):
    """One framework's contexts of one call, in the process that hosts its function."""

    def changes(self) -> bytes | None:
        """Return what the call changed, or ``None``."""

    def renew(self, data: bytes) -> None:
        """Take over what the caller changed between two steps of a stream."""

    def leave(self, error: BaseException | None) -> None:
        """End the contexts."""

    async def leave_async(self, error: BaseException | None) -> None:
        """End the contexts in a coroutine."""


class Travelling(Protocol):
    """One framework's contexts of one function, on either side of its seam."""

    def pack(self) -> bytes | None:
        """Return the caller's current contexts, or ``None`` when there are none."""

    def pack_state(self) -> bytes | None:
        """Return what of them can have changed since they were packed."""

    def apply(self, data: bytes) -> None:
        """Apply what the host changed to the caller's own objects."""

    def enter(self, data: bytes, name: str) -> Visiting:
        """Begin the same contexts in this process."""


class Contexts:
    """The contexts that travel with the calls of one function."""

    def __init__(self, frameworks: dict[str, Travelling]) -> None:
        self._frameworks = frameworks

    def pack(self) -> Packed:
        """Return the caller's current contexts; empty when there are none.

        Raises:
            SeamError: One of them cannot travel.
        """
        packed = _packed((name, one.pack()) for name, one in self._frameworks.items())
        if _OF_SESSIONS.isdisjoint(name for name, _ in packed):  # with which sessions would end
            return tuple(pair for pair in packed if pair[0] != _SESSIONS)
        return packed

    def pack_state(self) -> Packed:
        """Return what of them can have changed since the call began. Raises as pack."""
        return _packed((name, one.pack_state()) for name, one in self._frameworks.items())

    def apply(self, packed: Packed) -> None:
        """Apply what the host changed to the caller's own objects."""
        for name, data in packed:
            self._one(name).apply(data)

    def enter(self, packed: Packed, name: str) -> "Visits":
        """Begin the caller's contexts in this process, for a call of the named function.

        Raises:
            SeamError: One of them cannot be the same here.
        """
        visits = Visits()
        for framework, data in packed:
            try:
                visits.add(framework, self._one(framework).enter(data, name))
            except BaseException as error:
                visits.leave(error)
                raise
        return visits

    def _one(self, name: str) -> Travelling:
        found = self._frameworks.get(name)
        if found is None:
            raise WireError(
                f"the peer sent contexts of {name!r}, which this function reads none of"
            )
        return found


class Visits:
    """All contexts of one call in the process that hosts its function."""

    def __init__(self) -> None:
        self._visits: dict[str, Visiting] = {}

    def add(self, framework: str, visit: Visiting) -> None:
        """Note that a framework's contexts have begun."""
        self._visits[framework] = visit

    def changes(self) -> Packed:
        """Return what the call changed, for the caller to do likewise. Raises SeamError."""
        return _packed((name, visit.changes()) for name, visit in self._visits.items())

    def renew(self, packed: Packed) -> None:
        """Take over what the caller changed between two steps of a stream."""
        for name, data in packed:
            if name in self._visits:
                self._visits[name].renew(data)

    def leave(self, error: BaseException | None) -> None:
        """End the contexts, the last one first; clean-up of the application runs."""
        while self._visits:
            _, visit = self._visits.popitem()
            visit.leave(error)

    async def leave_async(self, error: BaseException | None) -> None:
        """Do the same in a coroutine."""
        while self._visits:
            _, visit = self._visits.popitem()
            await visit.leave_async(error)


class Frameworks:
    """What one process knows of its frameworks' applications and contexts."""

    def __init__(self, plan: Plan) -> None:
        modules = {recipe.partition(":")[0] for recipe in plan.applications}
        for service in plan.services:
            if service.interface is not None:
                modules.update(service.interface.type_modules)
        limits = plan.limits
        codec = Codec(TypeTable(modules), depth=limits.depth, items=limits.items)
        self.applications = Applications(plan.applications, codec)
        self._watch = Watch(self.applications.observe)
        self._watch.loaded[sqlalchemy_sessions.MODULE] = sqlalchemy_sessions.watch
        self._watch.loaded[scoped_sessions.MODULE] = scoped_sessions.watch
        self._overlays: dict[Codec, Overlay] = {}
        self._lent: dict[Codec, Contexts | None] = {}
        self._is_watching = bool(plan.applications)

    def install(self, *, transactions: bool) -> None:
        """Note from now on how application objects are made.

        Args:
            transactions: Whether to note what transactions write, too, since those of a caller
                are in another process.
        """
        if transactions:
            self._watch.loaded["django.db.backends.signals"] = django_transactions.watch
        if self._is_watching or transactions:
            self._watch.install()

    def uninstall(self) -> None:
        """Leave the frameworks as they were."""
        self._watch.uninstall()
        django_transactions.unwatch()
        sqlalchemy_sessions.unwatch()
        scoped_sessions.unwatch()

    def contexts(
        self, names: Iterable[str], codec: Codec, reads: Iterable[str] = ()
    ) -> Contexts | None:
        """Return what travels with calls of a function, or ``None`` when nothing does.

        Args:
            names: What it may read, as ``framework:part``.
            codec: Of its seam.
            reads: What it looks up by name, for a function that may stay with its caller: a
                call that needs what cannot cross is refused before it is sent.
        """
        parts: dict[str, set[str]] = {}
        for name in names:
            framework, _, part = name.partition(":")
            parts.setdefault(framework, set()).add(part)
        found: dict[str, Travelling] = {}
        if not _OF_SESSIONS.isdisjoint(parts):
            # First in and last out: it looks what the end of the other contexts does.
            found[_SESSIONS] = sqlalchemy_sessions.SessionContexts(codec)
        for framework, own in parts.items():
            make = _MAKERS.get(framework)
            if make is not None:
                overlay = self._overlays.setdefault(codec, Overlay(codec))
                made = make(frozenset(own), codec, self.applications, overlay)
                if framework in _OF_SESSIONS:
                    made.needs = needs_of(framework, reads)
                found[framework] = made
        return Contexts(found) if found else None

    def lent(self, codec: Codec) -> Contexts | None:
        """Return what travels when arguments mention a context's object: all of them."""
        if codec not in self._lent:
            loaded = [top for top in ("flask", "quart") if top in sys.modules]
            names = [f"{top}:{part}" for top in loaded for part in PARTS]
            self._lent[codec] = self.contexts(names, codec)
        return self._lent[codec]


# Their extensions and teardown functions end sessions with a context.
_OF_SESSIONS: Final = frozenset({"flask", "quart"})
_MAKERS: Final[dict[str, Callable[..., Any]]] = {
    "flask": FlaskContexts,
    "quart": QuartContexts,
    "django": DjangoContexts,
}


def _packed(pairs: Iterable[tuple[str, bytes | None]]) -> Packed:
    return tuple((name, data) for name, data in pairs if data is not None) or _NOTHING

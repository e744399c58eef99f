"""Registries of SQLAlchemy's sessions (``scoped_session``), which caller and function share.

In one process a function that commits, or rolls back, ends the transaction of its caller, who
has the same session from the registry: what that holds is read anew. So the host tells what a
call did, and the caller does it with the session that its registry has now, if it has one.
Sessions that code makes for itself are shared with nobody, and left alone.
"""

import contextlib
import functools
import gc
from collections.abc import Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Final
from weakref import WeakSet

from seamline.errors import WireError

#: The module that defines registries.
MODULE: Final = "sqlalchemy.orm.scoping"
COMMIT: Final = "commit"
ROLLBACK: Final = "rollback"

#: ``(session, (what happened, ...))``: what came first decides about what was pending.
Ends = tuple[tuple[str, tuple[str, ...]], ...]

_registries: WeakSet[Any] = WeakSet()
_patched: dict[Any, Any] = {}
# What the running call did with shared sessions: by their names, in the order of the first time.
_ends: ContextVar[dict[str, dict[str, None]] | None] = ContextVar("seamline.ends", default=None)


def watch(module: ModuleType) -> None:
    """Note every registry that is made, and those that are there."""
    cls: Any = module.scoped_session
    if cls in _patched:
        return
    original = _patched[cls] = cls.__init__

    @functools.wraps(original)
    def made(self: Any, *args: Any, **keywords: Any) -> None:
        original(self, *args, **keywords)
        _registries.add(self)

    cls.__init__ = made
    for one in gc.get_objects():
        if issubclass(type(one), cls):
            _registries.add(one)


def unwatch() -> None:
    """Note no more of them."""
    for cls, original in _patched.items():
        cls.__init__ = original
    _patched.clear()
    _registries.clear()


def begin() -> None:
    """Note from now on what the running call does."""
    _ends.set({})


def note(session: Any, what: str) -> None:
    """Note that a session ended its transaction, if it is a shared one."""
    ends = _ends.get()
    if ends is not None:
        for name, one in _current():
            if one is session:
                ends.setdefault(name, {})[what] = None


def told() -> Ends:
    """Return what the call did since this was asked last."""
    ends = _ends.get() or {}
    found = tuple((name, tuple(kinds)) for name, kinds in ends.items())
    ends.clear()
    return found


def do_likewise(told: object) -> None:
    """Do with the caller's sessions what the host did with its own. Raises WireError."""
    ends = _ends.get()
    shared = list(_current())
    for name, kinds in _checked(told):
        if ends is not None:  # whoever called the caller has one of them, too
            ends.setdefault(name, {}).update(dict.fromkeys(kinds))
        for session in [one for its, one in shared if its == name]:
            for what in kinds:
                _end(session, what)


def _end(session: Any, what: str) -> None:
    if what == COMMIT:
        session.commit()
    else:
        session.rollback()
        session.expire_all()  # also where no transaction had begun: the function's had


def _checked(told: object) -> Ends:
    if type(told) is tuple and all(
        type(pair) is tuple
        and len(pair) == 2  # noqa: PLR2004 - a pair
        and type(pair[0]) is str
        and type(pair[1]) is tuple
        and all(what in (COMMIT, ROLLBACK) for what in pair[1])
        for pair in told
    ):
        return told
    raise WireError("the peer sent something else than what became of sessions")


def _current() -> Iterator[tuple[str, Any]]:
    """Yield the sessions that registries have for the running code, and their names."""
    for one in list(_registries):
        registry = getattr(one, "registry", None)
        # Outside of its context a scope function of a framework raises.
        with contextlib.suppress(RuntimeError, LookupError):
            if registry is not None and registry.has():
                session = registry()
                yield _name(session), session


def _name(session: Any) -> str:
    """Return what the same session is called in every process: its classes and database.

    Not by ``get_bind()``, which applications define (for a replica that is drawn by lot).
    """
    # A sessionmaker makes a class of its own below the one that it is given.
    classes = "/".join(f"{cls.__module__}.{cls.__qualname__}" for cls in type(session).__mro__[:2])
    bind = getattr(session, "bind", None)
    return classes if bind is None else f"{classes} {bind.engine.url!r}"  # without the password

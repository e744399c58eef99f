"""SQLAlchemy's sessions beside a call: the host of a function has a session of its own.

Flask-SQLAlchemy's ``db.session``, and any that a teardown function of the application removes,
end with the contexts of a call. What the function has left uncommitted, for its caller to commit,
would be lost with it; and what the caller's session has not committed is not seen on the host.
Both are refused: the first by an error instead of the answer, the second at the first statement.
What it has committed or rolled back itself is done with the caller's shared session likewise.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Final
from weakref import ref

from seamline.errors import ContextElsewhere, WireError
from seamline.frameworks import scoped_sessions
from seamline.wire import Codec

#: Sessions are watched once this module is loaded, which defines what they tell.
MODULE: Final = "sqlalchemy.orm.events"
_WRITTEN: Final = "seamline: written"
_COMMITS: Final = "seamline: commits"
_DATABASES: Final = "seamline: databases"

# Sessions that the running call or request has used.
# A dictionary, of which Python copies the values in one step: other threads may add some.
_used: ContextVar[dict[int, ref[Any]] | None] = ContextVar("seamline.sessions", default=None)
# Databases in which callers have something uncommitted, and the name of the called function.
_callers: ContextVar[tuple[frozenset[str], str]] = ContextVar(
    "seamline.uncommitted", default=(frozenset(), "")
)


class SessionContexts:
    """What travels beside the contexts of Flask and Quart. See the module."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def pack(self) -> bytes | None:
        """Return where the caller's sessions hold something that is not committed."""
        return self._codec.encode(tuple(sorted(_uncommitted())), where="databases")

    def pack_state(self) -> bytes | None:
        """Return nothing: a stream keeps what it began with."""
        return None

    def apply(self, data: bytes) -> None:
        """End the transactions of shared sessions as the host did. Raises WireError."""
        scoped_sessions.do_likewise(self._codec.decode(data))

    def enter(self, data: bytes, name: str) -> "SessionVisit":
        """Begin to note which sessions the call uses. Raises WireError."""
        databases = self._codec.decode(data)
        if type(databases) is not tuple or any(type(one) is not str for one in databases):
            raise WireError("the peer sent something else than names of databases")
        return SessionVisit(frozenset(databases), name, self._codec)


class SessionVisit:
    """The sessions of one call in the process that hosts its function."""

    def __init__(self, databases: frozenset[str], name: str, codec: Codec) -> None:
        self._name = name
        self._codec = codec
        self._before: list[tuple[Any, str, int]] = []
        self._sessions: dict[int, ref[Any]] = {}
        _used.set(self._sessions)
        _callers.set((databases, name))
        scoped_sessions.begin()

    def changes(self) -> bytes | None:
        """Return what was committed or rolled back; what is not is noted before contexts end."""
        self._before = [
            (session, held, session.info.get(_COMMITS, 0))
            for session in _alive(self._sessions)
            if (held := _pending(session))
        ]
        told = scoped_sessions.told()
        return self._codec.encode(told, where="sessions") if told else None

    def renew(self, data: bytes) -> None:
        """Do nothing."""

    def leave(self, error: BaseException | None) -> None:
        """Look what became of it. After an exception the caller would not have kept it.

        Raises:
            ContextElsewhere: It is lost.
        """
        for session, held, commits in self._before if error is None else ():
            if not _pending(session) and session.info.get(_COMMITS, 0) == commits:
                raise ContextElsewhere(
                    f"{self._name} ran and left {held} uncommitted in a session of SQLAlchemy, "
                    "which its caller would commit in one process; on its host the session ended "
                    "with the call, and it is lost. Commit in the package that writes, or keep "
                    "both in one group"
                )

    async def leave_async(self, error: BaseException | None) -> None:
        """Do the same in a coroutine."""
        self.leave(error)


def watch(_module: ModuleType) -> None:
    """Note what all sessions do, and what is executed. Doing it again changes nothing."""
    for owner, name, listener in _listeners():
        _event().listen(owner, name, listener)


def begin_request() -> None:
    """Note the sessions of a request apart from those of others, which run at the same time.

    Their contexts are copies of one in which a factory or an import may have used a session.
    """
    _used.set({})


def unwatch() -> None:
    """Note nothing more."""
    if MODULE in sys.modules:
        for owner, name, listener in _listeners():
            if _event().contains(owner, name, listener):
                _event().remove(owner, name, listener)


def _event() -> Any:
    from sqlalchemy import event

    return event


def _listeners() -> Iterator[tuple[Any, str, Callable[..., None]]]:
    from sqlalchemy.engine import Engine
    from sqlalchemy.orm.session import Session

    yield Session, "after_begin", _begun
    yield Session, "after_attach", _attached
    yield Session, "after_flush", _flushed
    if hasattr(Session, "get_nested_transaction"):  # from version 1.4 on
        yield Session, "do_orm_execute", _executed
    yield Session, "after_commit", _committed
    yield Session, "after_rollback", _rolled_back
    yield Session, "after_transaction_end", _ended
    yield Engine, "before_cursor_execute", _look


# -- what SQLAlchemy tells: its documented events, with their own parameters ---------------


def _use(session: Any) -> None:
    used = _used.get()
    if used is None:
        used = {}
        _used.set(used)
    number, found = id(session), used
    used[number] = ref(session, lambda _: found.pop(number, None))


def _alive(used: dict[int, ref[Any]] | None) -> list[Any]:
    found = [one() for one in list((used or {}).values())]
    return [session for session in found if session is not None]


def _begun(session: Any, _transaction: Any, connection: Any) -> None:
    _use(session)
    session.info.setdefault(_DATABASES, set()).add(_name(connection))


def _attached(session: Any, _instance: object) -> None:
    _use(session)


def _flushed(session: Any, _context: Any) -> None:
    if any(_changed(session)):  # as it was before: a value that was set again is not sent
        _note_written(session, "what it has flushed")


def _executed(state: Any) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        _note_written(state.session, "a statement")


def _note_written(session: Any, what: str) -> None:
    """Note it by the transaction, of which a savepoint may be undone alone."""
    session.info.setdefault(_WRITTEN, {})[_innermost(session)] = what


def _committed(session: Any) -> None:
    if not _innermost(session).nested:
        session.info[_COMMITS] = session.info.get(_COMMITS, 0) + 1
        scoped_sessions.note(session, scoped_sessions.COMMIT)


def _rolled_back(session: Any) -> None:
    innermost = _innermost(session)
    session.info.get(_WRITTEN, {}).pop(innermost, None)
    if innermost is None or not innermost.nested:
        scoped_sessions.note(session, scoped_sessions.ROLLBACK)


def _ended(session: Any, transaction: Any) -> None:
    written = session.info.get(_WRITTEN, {})
    what = written.pop(transaction, None)
    if transaction.parent is None:
        session.info.pop(_WRITTEN, None)
        session.info.pop(_DATABASES, None)
    elif what is not None:  # a savepoint that was not undone
        written[transaction.parent] = what


def _innermost(session: Any) -> Any:
    if hasattr(session, "get_nested_transaction"):  # from version 1.4 on
        return session.get_nested_transaction() or session.get_transaction()
    return session.transaction


def _look(
    connection: Any, _cursor: Any, _statement: str, _parameters: Any, _context: Any, _many: Any
) -> None:
    databases, name = _callers.get()
    if databases and (where := _name(connection)) in databases:
        raise ContextElsewhere(
            f"{name} looks into {where}, where a session of its caller's holds something that is "
            "not committed: in one process both have one session. Commit before the call, or "
            "keep both in one group"
        )


# -- what is not committed -----------------------------------------------------------------


def _changed(session: Any) -> Iterator[object]:
    """Yield the objects that a session would write."""
    yield from (*session.new, *session.deleted, *filter(session.is_modified, session.dirty))


def _pending(session: Any) -> str:
    """Say what a session holds that is not committed, or nothing."""
    for one in _changed(session):
        return f"a {type(one).__name__}"
    return next(iter(session.info.get(_WRITTEN, {}).values()), "")


def _uncommitted() -> frozenset[str]:
    """Return the databases in which the running code has something uncommitted, or its callers."""
    found = set(_callers.get()[0])
    for session in _alive(_used.get()):
        if _pending(session):
            found.update(_databases(session))
    return frozenset(found)


def _databases(session: Any) -> Iterator[str]:
    from sqlalchemy.exc import SQLAlchemyError

    yield from session.info.get(_DATABASES, ())
    for one in _changed(session):
        with contextlib.suppress(SQLAlchemyError):  # bound to nothing: it cannot be written
            yield _name(session.get_bind(type(one)))


def _name(bind: Any) -> str:
    return repr(bind.engine.url)  # without the password

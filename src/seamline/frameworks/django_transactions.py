"""Django's transactions beside a call: the host of a function has connections of its own.

What a function writes on its host is kept when a transaction of its caller is undone, and what
that transaction has written is not seen there. Both are refused at the statement that would be
wrong, before it runs; a function that only reads, called before anything was written, is not.
"""

import re
import sys
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Final

from seamline.errors import ContextElsewhere

#: Alias of a database, and whether something was written in the transaction that is open there.
Open = tuple[str, bool]

_WRITE: Final = frozenset(
    {"insert", "update", "delete", "replace", "merge", "create", "alter", "drop", "truncate"}
)
# Tools mark statements so, in front as well as behind.
_COMMENTS: Final = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)
# Transactions of whoever called the running code, and the name of the function that was called.
_callers: ContextVar[tuple[dict[str, bool], str]] = ContextVar(
    "seamline.transactions", default=({}, "")
)


def open_now() -> tuple[Open, ...]:
    """Return the transactions that the running code is in: its own, and those of its callers."""
    found = dict(_callers.get()[0])
    for connection in connections():
        if connection.in_atomic_block:
            has_written = _has_written(connection) or found.get(connection.alias, False)
            found[connection.alias] = has_written
    return tuple(sorted(found.items()))


def begin(transactions: tuple[Open, ...], name: str) -> None:
    """Have the running code be called, as a function of this name, in these transactions."""
    _callers.set((dict(transactions), name))
    if transactions:
        from django.db import connections as handler

        for alias in dict(transactions).keys() & set(handler):
            _guard(handler[alias])


def _guard(connection: Any) -> None:
    """Refuse ``on_commit`` while a transaction of the caller is open: it would run at once."""
    if "on_commit" in vars(connection):
        return
    register = connection.on_commit

    def on_commit(what: Any, *args: Any, **options: Any) -> Any:
        transactions, name = _callers.get()
        if connection.alias in transactions:
            raise ContextElsewhere(
                f"{name} registers with on_commit what is to run once a transaction of its caller "
                f"in database {connection.alias!r} is over, which its host does not see. Register "
                "it where the transaction is, or keep both in one group"
            )
        return register(what, *args, **options)

    connection.on_commit = on_commit


def watch(_module: ModuleType | None = None) -> None:
    """Look at the statements of every connection. Doing it again changes nothing."""
    from django.db.backends.signals import connection_created

    connection_created.connect(_connected, dispatch_uid=__name__)
    for connection in connections():
        _connected(connection=connection)


def unwatch() -> None:
    """Look at no statement of new connections any more."""
    signals: Any = sys.modules.get("django.db.backends.signals")
    if signals is not None:
        signals.connection_created.disconnect(dispatch_uid=__name__)


def is_set_up() -> bool:
    """Whether Django is loaded and has its settings and applications."""
    registry: Any = sys.modules.get("django.apps")
    return registry is not None and bool(registry.apps.ready)


def connections() -> list[Any]:
    """Return the connections of this thread or task; none is made."""
    if not is_set_up():
        return []
    from django.db import connections as handler

    # `all(initialized_only=True)` is Django's own way from version 4.1 on.
    return [
        handler[alias]
        for alias in handler
        if hasattr(handler._connections, alias)  # noqa: SLF001 - see above
    ]


def _connected(*, connection: Any, **_: object) -> None:
    # The first, since `connection.execute_wrapper` takes the last one away at its end.
    if _look not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _look)


def _look(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Stand around the execution of one statement (``connection.execute_wrapper``)."""
    connection = context["connection"]
    transactions, name = _callers.get()
    has_written = transactions.get(connection.alias)
    if has_written is not None and (has_written or _writes(sql)):
        raise _refusal(name, connection.alias, has_written=has_written)
    if connection.in_atomic_block and _writes(sql) and not _has_written(connection):
        # Forgotten by Django when the block, or the part of it since a savepoint, is undone.
        connection.on_commit(_written)
    return execute(sql, params, many, context)


def _written() -> None:
    """Do nothing: that it is registered says that a transaction has written."""


def _has_written(connection: Any) -> bool:
    return any(_written in registered for registered in connection.run_on_commit)


def _writes(sql: Any) -> bool:
    """Whether a statement may change something, by its words."""
    words = _COMMENTS.sub(" ", str(sql)).lower().split(None, 1)
    first = words[0].lstrip("(") if words else ""
    return first in _WRITE or (first == "with" and not _WRITE.isdisjoint(words[1].split()))


def _refusal(name: str, alias: str, *, has_written: bool) -> ContextElsewhere:
    where = f"database {alias!r} while a transaction of its caller is open there"
    why = (
        "which has written what its host does not see before it is committed"
        if has_written
        else "and what its host writes would be kept if that was undone"
    )
    return ContextElsewhere(
        f"{name} uses {where} (transaction.atomic, ATOMIC_REQUESTS), {why}. Call it before or "
        "after the block, or keep both in one group"
    )

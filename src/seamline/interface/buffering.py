"""State that receivers fill and empty again within one save, flush or commit."""

from collections.abc import Iterable, Iterator
from typing import Final

from seamline.interface.body import Body
from seamline.interface.functions import Definition
from seamline.interface.names import Symbol
from seamline.interface.signalled import Receiver
from seamline.interface.touches import Touches

# In which order the signals of one save, flush or commit come.
_ORDER: Final = (
    {"pre_save", "pre_delete", "before_flush", "before_insert", "before_update", "before_delete"},
    {"post_save", "post_delete", "after_insert", "after_update", "after_delete"},
    {"after_flush", "after_flush_postexec", "before_commit", "before_models_committed"},
    {"after_commit", "after_rollback", "after_soft_rollback", "models_committed"},
)
_EMPTYING: Final = frozenset({"clear", "pop", "popitem", "popleft"})


def buffers(touches: Touches, receivers: Iterable[Receiver]) -> Iterator[Symbol]:
    """Yield state that receivers fill, and that others of a later signal empty again.

    Nothing else uses it, and all of them run in the process that saves: a copy of its own is as
    good for each.
    """
    orders: dict[Definition, set[int]] = {}
    for receiver in receivers:
        orders.setdefault(receiver.handler.target, set()).add(_order(receiver.signal))
    for symbol, keys in _using(touches, orders).items():
        found = {key: orders.get(key, {-1}) for key in keys}
        first = min(min(one) for one in found.values())
        if first >= 0 and any(
            max(one) > first and _empties(touches.graph.bodies[key], symbol)
            for key, one in found.items()
        ):
            yield symbol


def _order(signal: str) -> int:
    """Return when a signal comes; -1 for one that is of no save, flush or commit."""
    name = signal.rpartition(".")[2]
    return next((at for at, names in enumerate(_ORDER) if name in names), -1)


def _using(touches: Touches, listening: Iterable[Definition]) -> dict[Symbol, list[Definition]]:
    """Return the functions that use what receivers use themselves, by the state."""
    world = touches.graph.definitions.world
    found: dict[Symbol, list[Definition]] = {
        symbol: [] for key in listening for symbol in touches.direct[key]
    }
    for key, direct in touches.direct.items() if found else ():
        if isinstance(key, Definition) and not world.modules[key.module].source.test:
            for symbol in found.keys() & direct.keys():
                found[symbol].append(key)
    return found


def _empties(body: Body, symbol: Symbol) -> bool:
    """Whether a body takes all out of something, or binds another to its name."""
    is_bound = any(use.how == "bind" and use.symbol == symbol for use in body.uses)
    emptied = (call.receiver for call in body.calls if call.method in _EMPTYING)
    return is_bound or any(origin.symbol == symbol for every in emptied for origin in every)

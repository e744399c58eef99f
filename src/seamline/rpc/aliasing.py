"""Whether a result shares what can change with the module state of its host."""

import array
import contextlib
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from enum import Enum
from types import (
    BuiltinFunctionType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any, Final

from seamline.errors import AliasedState

# What holds nothing that a caller could change.
_ATOMS: Final = (
    *(type(None), bool, int, float, complex, str, bytes, range, slice, Enum, type),
    *(FunctionType, BuiltinFunctionType, MethodType, ModuleType, type(Ellipsis)),
)
_SEQUENCES: Final = (list, tuple, set, frozenset, deque)
_FLAT: Final = (bytearray, memoryview, array.array)
# State larger than this is not searched; a result that can change is refused then.
_MOST: Final = 200_000


def refuse_aliased(
    name: str, aliases: Iterable[str], result: object, verb: str = "returned"
) -> None:
    """Raise when a result is, or shares mutable parts with, module state.

    Args:
        name: Dotted name of the function.
        aliases: The state its result may share, each as ``module:name``.
        result: What it returned, or the arguments of what it raised.
        verb: Which of them it is.

    Raises:
        AliasedState: A change that the caller makes to its copy would be lost.
    """
    if issubclass(type(result), _ATOMS):
        return
    own = {id(part) for part in _reachable(result) if _can_change(part)}
    if not own:
        return
    for alias in aliases:
        held = module_state(alias)
        if result is held or any(id(part) in own for part in _reachable(held)):
            what = "" if result is held else "a part of "
            raise AliasedState(
                f"{name} ran and {verb} {what}{alias}; a change the caller makes to it would "
                f"be lost; return a copy, or list {name.rpartition('.')[2]!r} under snapshot in "
                "seamline.toml"
            )


def module_state(alias: str) -> object:
    """Return what a piece of state is bound to now, without running descriptors."""
    module, _, path = alias.partition(":")
    found: object = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found


def changeable_parts(root: object, most: int) -> frozenset[int]:
    """Return the identities of what can change in a value, or nothing when it is too large.

    Args:
        root: The value; while it is alive the identities mean something.
        most: Objects to look at before giving up.
    """
    try:
        return frozenset(id(part) for part in _reachable(root, most) if _can_change(part))
    except AliasedState:
        return frozenset()


def _reachable(root: object, most: int = _MOST) -> Iterator[object]:
    """Yield a value and all that it holds, each once, as far as values are followed.

    Raises:
        AliasedState: There is more than can be looked through during a call.
    """
    pending, seen = [root], set[int]()
    while pending:
        part = pending.pop()
        if issubclass(type(part), _ATOMS) or id(part) in seen:
            continue
        if len(seen) == most:
            raise AliasedState(
                f"a result may share parts with module state of more than {most} objects, too "
                "many to compare; return a copy and list the function under snapshot in "
                "seamline.toml"
            )
        seen.add(id(part))
        yield part
        pending.extend(_held(part))


def _held(part: Any) -> Iterator[object]:
    """Yield what a value holds. Copies are taken at once: other threads may change it."""
    kind = type(part)
    if issubclass(kind, dict):
        yield from list(dict.keys(part))
        yield from list(dict.values(part))
    elif issubclass(kind, _SEQUENCES):
        yield from list(kind.__iter__(part))
    for cls in kind.__mro__:
        for member in list(vars(cls).values()):
            if type(member) is MemberDescriptorType:  # a slot
                with contextlib.suppress(AttributeError):  # an empty one
                    yield member.__get__(part)
    # Not getattr: that would run code of proxies.
    with contextlib.suppress(AttributeError):
        yield from list(object.__getattribute__(part, "__dict__").values())


def _can_change(part: object) -> bool:
    """Whether a value itself can change; what it holds is looked at on its own."""
    kind = type(part)
    if issubclass(kind, (dict, list, set, deque, SimpleNamespace, *_FLAT)):
        return True
    if issubclass(kind, tuple | frozenset):
        return False
    if "__dataclass_params__" in vars(kind):
        return not vars(kind)["__dataclass_params__"].frozen
    # The standard library's own values (dates, decimals, paths, UUIDs) cannot change.
    return kind.__module__.partition(".")[0] not in sys.stdlib_module_names

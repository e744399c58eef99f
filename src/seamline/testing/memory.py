"""Databases in memory that modules of no service name: every process opens one of its own."""

import sys
from collections.abc import Callable, Collection, Iterator
from types import FunctionType, ModuleType
from typing import Any, Final

from seamline.testing.causes import Replaced

# An engine within a factory of sessions within a registry of these.
_MOST_DEPTH: Final = 3
# What engines, factories of sessions and databases of object mappers keep the former in.
_HOLDING: Final = frozenset(
    {
        "bind",
        "database",
        "engine",
        "kw",
        "session_factory",
        "sync_engine",
        "url",
        "_url",
        "_proxied",
    }
)


class MemoryDatabases:
    """The databases in memory that are named by some modules, open or not.

    Args:
        modules: The application's modules that belong to no service.
    """

    def __init__(self, modules: Collection[str]) -> None:
        self._modules = frozenset(modules)
        self._found: dict[str, list[Replaced]] = {}

    def look(self) -> None:
        """Look through what is loaded. What is bound later is found as soon as it is opened."""
        for module in self._modules.intersection(sys.modules).difference(self._found):
            space = getattr(sys.modules[module], "__dict__", {})
            self._found[module] = [
                Replaced(module, name)
                for name, value in list(space.items())
                if not name.startswith("__") and is_in_memory(value)
            ]

    def named(self) -> Iterator[Replaced]:
        """Yield where they are named."""
        for found in self._found.values():
            yield from found


def is_memory_name(name: object) -> bool:
    """Whether a name or an address is that of a SQLite database in memory."""
    text = str(name)
    scheme, is_url, rest = text.partition("://")
    if is_url:
        path = rest.removeprefix("/").partition("?")[0]
        is_memory = path in {"", ":memory:"} or path.startswith("file::memory:")
        return scheme.startswith("sqlite") and (is_memory or "mode=memory" in rest)
    return text == ":memory:" or text.startswith("file::memory:") or (
        text.startswith("file:") and "mode=memory" in text
    )  # fmt: skip


def is_in_memory(value: object, depth: int = _MOST_DEPTH) -> bool:
    """Whether an object opens a database in memory. Runs no code of it but an address' text."""
    kind = type(value)  # not isinstance: proxies of frameworks would run code
    if issubclass(kind, (type, ModuleType, FunctionType)):
        return False
    try:
        space: Any = object.__getattribute__(value, "__dict__")
    except AttributeError:
        space = value if kind is dict else _slots(value)
    if type(space) is not dict:
        return False
    for name in _HOLDING & space.keys():
        held = space[name]
        is_text = type(held) is str or type(held).__name__.endswith(("URL", "Url"))
        if is_memory_name(held) if is_text else depth and is_in_memory(held, depth - 1):
            return True
    return False


def _slots(value: object) -> dict[str, object]:
    found = {}
    for owner in type(value).__mro__:
        for name in _HOLDING & vars(owner).keys():
            member: Callable[..., Any] | None = getattr(vars(owner)[name], "__get__", None)
            if member is not None and type(vars(owner)[name]).__name__ == "member_descriptor":
                found[name] = member(value)
    return found

"""Values become the names of their types, in depth. No value gets into a name."""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Final

# `dict[str, list[tuple[int, str]]]` is as deep as a reader follows.
_DEPTH: Final = 4
# Items of a container that are looked at. Mixed ones are found by looking at many containers.
_ITEMS: Final = 8
# A tuple this short is a record, a longer one a list.
_RECORD: Final = 4
# More alternatives than this say "anything".
_ALTERNATIVES: Final = 4
_LONGEST: Final = 200

_CALLABLES: Final = (FunctionType, BuiltinFunctionType, MethodType)
_CONTAINERS: Final[tuple[Any, ...]] = (list, set, frozenset, deque)


def type_name(value: object, depth: int = _DEPTH) -> str:
    """Return the type of a value with those of what it holds, like ``list[dict[str, int]]``."""
    name = _described(value, depth)
    return name if len(name) <= _LONGEST else f"{class_name(type(value))}[...]"


def class_name(cls: type) -> str:
    """Return how a reader would write a class: without module for the built-in ones."""
    if cls is type(None):
        return "None"
    module = cls.__module__
    return cls.__qualname__ if module == "builtins" else f"{module}.{cls.__qualname__}"


def _described(value: object, depth: int) -> str:
    cls = type(value)
    if issubclass(cls, _CALLABLES):
        return "function"
    if issubclass(cls, ModuleType):
        return "module"
    if issubclass(cls, type):
        return "type"
    name = class_name(cls)
    if depth == 0:
        return name
    try:
        inside = _inside(value, cls, depth - 1)
    except RuntimeError:  # another thread changed the container
        inside = ""
    return f"{name}[{inside}]" if inside else name


def _inside(value: Any, cls: type, depth: int) -> str:
    if issubclass(cls, dict):
        items: list[Any] = list(islice(dict.items(value), _ITEMS))
        keys = _union((key for key, _ in items), depth)
        return f"{keys}, {_union((item for _, item in items), depth)}" if items else ""
    if issubclass(cls, tuple):
        parts: list[Any] = list(islice(tuple.__iter__(value), _ITEMS))
        if hasattr(cls, "_fields"):
            return ""
        if len(parts) <= _RECORD:
            return ", ".join(_described(part, depth) for part in parts)
        return f"{_union(parts, depth)}, ..."
    for container in _CONTAINERS:
        if issubclass(cls, container):
            return _union(islice(container.__iter__(value), _ITEMS), depth)
    return ""


def _union(values: Iterable[object], depth: int) -> str:
    names = sorted({_described(value, depth) for value in list(values)})
    if len(names) > _ALTERNATIVES:
        names = [*names[:_ALTERNATIVES], "..."]
    return " | ".join(names)

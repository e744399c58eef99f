"""Names of attributes that a function may read, as far as its code says. Nothing is run."""

import dis
from collections.abc import Iterator
from functools import cached_property
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, TypeAlias

from seamline.seam.codes import all_codes
from seamline.seam.half import original_of

# Of what a function calls, this much is looked at; names that only the rest mentions are missed.
_MOST_FUNCTIONS: Final = 500
# How code reads an attribute, by the names of its instructions.
_READING: Final = frozenset({"LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"})
# What making an instance calls.
_MAKING: Final = ("__new__", "__init__", "__post_init__")


class Mentioned:
    """The names of attributes that a function mentions, found when somebody first asks.

    Texts that may be such a name are among them, and so is what the functions of its
    application mention that it calls by name, also by that of their module, and the classes
    that it names: what making an instance calls, and their methods that it mentions.

    Args:
        function: Any; where its seam is open, the application's own code counts.
    """

    def __init__(self, function: FunctionType) -> None:
        self._function = function
        self._names: frozenset[str] | None = None

    def __call__(self) -> frozenset[str]:
        """Return the names."""
        if self._names is None:
            self._names = frozenset(_names_in(self._function))
        return self._names


#: A function that is looked at, and the class that it is a method of, if any.
_Step: TypeAlias = tuple[FunctionType, type | None]


def _names_in(function: FunctionType) -> set[str]:
    found: set[str] = set()
    todo: list[_Step] = [(function, _owner_of(function))]
    seen = {_key(todo[0])}
    for one, owner in todo:
        classes = [] if owner is None else [owner]
        read: set[str] = set()
        for code in all_codes(original_of(one)):
            found.update(text for text in code.co_consts if _is_name(text))
            read.update(str(i.argval) for i in dis.get_instructions(code) if i.opname in _READING)
            for value in _named(code, one.__globals__):
                called = _plain(value)
                if called is not None:
                    _add((called, None), function, todo, seen)
                elif issubclass(type(value), type):
                    classes.append(value)
        found |= read
        for cls in classes:
            for method in _methods(cls, {*read, *_MAKING}):
                _add((method, cls), function, todo, seen)
        if len(todo) > _MOST_FUNCTIONS:
            break
    return found


def _add(step: _Step, first: FunctionType, todo: list[_Step], seen: set[tuple[int, int]]) -> None:
    if _key(step) not in seen and _is_near(step[0], first):
        seen.add(_key(step))
        todo.append(step)


def _key(step: _Step) -> tuple[int, int]:
    return id(step[0]), id(step[1])  # a metaclass may have no hash


def _named(code: CodeType, space: dict[str, Any]) -> Iterator[Any]:
    """Yield what the names in code stand for, and the attributes of modules that it names."""
    for name in code.co_names:
        yield space.get(name)
    value: Any = None
    for one in dis.get_instructions(code):
        if one.opname == "LOAD_GLOBAL":
            value = space.get(str(one.argval))
        elif one.opname in _READING and issubclass(type(value), ModuleType):
            value = vars(value).get(str(one.argval))
            yield value
        else:
            value = None


def _methods(cls: type, names: set[str]) -> Iterator[FunctionType]:
    """Yield the methods of these names that a class has, and those that they override."""
    for owner in cls.__mro__:
        own = vars(owner)
        for name in names & own.keys():
            method = _plain(own[name])
            if method is not None:
                yield method


def _owner_of(function: FunctionType) -> type | None:
    """Return the class that a function is a method of, as far as its name says."""
    outer, _, _ = function.__qualname__.rpartition(".")
    found = function.__globals__.get(outer)
    return found if issubclass(type(found), type) else None


def _is_name(constant: object) -> bool:
    return isinstance(constant, str) and constant.isidentifier()


def _plain(value: Any) -> FunctionType | None:
    """Return the function that a name stands for, without what decorators put around it.

    By its type: a lazy proxy would make what it stands for, or raise.
    """
    kind = type(value)
    if kind in {staticmethod, classmethod}:
        return _plain(value.__func__)
    if kind is property:
        return _plain(value.fget)
    if kind is cached_property:
        return _plain(value.func)
    while type(value) is FunctionType and "__wrapped__" in vars(value):
        value = vars(value)["__wrapped__"]
    return value if type(value) is FunctionType else None


def _is_near(one: FunctionType, other: FunctionType) -> bool:
    """Whether two functions are of the same application."""
    return one.__module__.partition(".")[0] == other.__module__.partition(".")[0]

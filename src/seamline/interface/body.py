"""What one body does: names it uses, calls it makes, what it changes. Facts only."""

import ast
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from seamline.interface.functions import Definition
from seamline.interface.known import CONTAINERS
from seamline.interface.names import Symbol
from seamline.interface.origins import Level, Origin, Origins, Scope
from seamline.interface.specials import Operation

# Methods of the built-in and collections containers that change their receiver.
MUTATORS: Final = frozenset(
    {
        "add", "append", "appendleft", "clear", "difference_update", "discard", "extend",
        "extendleft", "insert", "intersection_update", "move_to_end", "pop", "popitem",
        "popleft", "remove", "reverse", "rotate", "setdefault", "sort", "subtract",
        "symmetric_difference_update", "update", "__setitem__", "__delitem__",
    }
)  # fmt: skip


class Use(NamedTuple):
    """One mention of a module-level name: read, changed in place, or bound anew."""

    symbol: Symbol
    line: int
    how: Literal["read", "mutate", "bind"]


class Changed(NamedTuple):
    """What a body changes of the result of a call.

    Attributes:
        taken: The last attribute that was taken from it, called or not; empty for itself.
        level: Whether what is changed is that, or something in it.
    """

    taken: str
    level: Level


class Call(NamedTuple):
    """One call.

    Attributes:
        callee: What is called.
        receiver: What the method is looked up on, for ``receiver.method(...)``.
        method: The name of the method, or empty.
        arguments: ``(position or keyword, origins)``; ``*`` and ``**`` for unpacked ones.
        waits: Whether it is made directly in an ``async def`` without ``await``.
        stored: Whether a module puts it away in a lambda, so that importing does not make it.
    """

    line: int
    callee: Origins
    receiver: Origins
    method: str
    arguments: tuple[tuple[int | str, Origins], ...]
    waits: bool
    stored: bool = False


class Bound(NamedTuple):
    """A definition that a call enters, and whether its first parameter is the receiver."""

    target: Definition
    method: bool
    guess: bool
    override: bool = False


class Implied(NamedTuple):
    """A call that no name says: of a special method, or of what an expression visibly is.

    Attributes:
        operation: What is called on which expression.
        line: Where.
        scope: The local names there.
        call: What is called so where it is written as a call.
    """

    operation: Operation
    line: int
    scope: Scope | None
    call: Call | None = None


@dataclass(slots=True, eq=False)
class Body:
    """What one function does, nested functions included; or a module while it is imported.

    Attributes:
        definition: None for the body of a module.
        implied: Calls that it makes without naming what is called.
        attributes: ``(receiver, name)`` of attributes read, for properties.
        returns: What it may return or yield.
        changed: Parameters changed in place by the body itself, with the first line.
        reached: Those of them in which something is changed that they hold.
        inner: Names of modules in which something is changed that they hold.
        doubtful: Parameters that are changed in place if their values can be.
        paths: First attributes of ``self`` changed in place.
        changed_results: Functions whose results it changes in place, and what of them.
        stored: Values put into containers held by module-level names.
        raised: What exceptions that it raises are made of.
        put: Values put into containers and objects that are no parameters.
        kept: What is changed later by something that is kept: a bound method that changes
            its receiver (``push = QUEUE.append``), a lambda at module level.
        loops: Whether it has loops or comprehensions.
        looked_up: Parameters in which it looks something up under a key.
        written: Names that it looks up in modules of the application, as they are written.
    """

    module: str
    definition: Definition | None
    uses: list[Use] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    implied: list[Implied] = field(default_factory=list)
    attributes: list[tuple[Origins, str]] = field(default_factory=list)
    returns: list[tuple[Origins, ast.expr]] = field(default_factory=list)
    changed: dict[str, int] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)
    inner: set[Symbol] = field(default_factory=set)
    paths: dict[str, int] = field(default_factory=dict)
    stored: list[tuple[Symbol, ast.expr]] = field(default_factory=list)
    registered: list[tuple[ast.expr, Definition]] = field(default_factory=list)
    doubtful: set[str] = field(default_factory=set)
    kept: list[tuple[Origin, int]] = field(default_factory=list)
    changed_results: dict[Symbol, set[Changed]] = field(default_factory=dict)
    raised: list[Origins] = field(default_factory=list)
    put: list[Origins] = field(default_factory=list)
    loops: bool = False
    looked_up: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)


def is_unbound(origin: Origin) -> bool:
    """Whether it is a method of a built-in class that changes its first argument."""
    if origin.kind != "symbol" or origin.symbol.module:
        return False
    owner, _, method = origin.symbol.name.rpartition(".")
    return method in MUTATORS and owner in CONTAINERS

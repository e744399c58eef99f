"""What a value visibly is, as its annotation says: an instance, a class, what holds them."""

import ast
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from seamline.interface.functions import Class, Definitions
from seamline.interface.names import Symbol


class Shape(NamedTuple):
    """One thing that a value visibly is.

    Attributes:
        kind: ``instance`` or ``class`` of the application, its ``function``, a ``method`` that
            was taken from an object, ``unbound`` where it was taken from the class, a
            ``module``, a ``caller`` of a method of what it is given, or what holds something of
            these kinds: a ``holder`` gives it to loops, a ``mapping`` under its keys.
        symbol: The class, the function or the module.
        name: Of the method.
        held: What a holder holds.
    """

    kind: Literal[
        "instance", "class", "function", "method", "unbound", "module", "caller", "holder",
        "mapping",
    ]  # fmt: skip
    symbol: Symbol = Symbol("", "")
    name: str = ""
    held: "frozenset[Shape]" = frozenset()


Shapes = frozenset[Shape]
NONE: Final[Shapes] = frozenset()

# Generic types by the last part of their name; an instance of any other one holds nothing known.
_PLAIN: Final = frozenset(
    {
        "Optional", "Union", "Annotated", "Final", "ClassVar", "Required", "NotRequired",
        "Awaitable", "Coroutine", "AbstractContextManager", "AbstractAsyncContextManager",
        "ContextManager", "AsyncContextManager", "InitVar", "Mapped",
    }
)  # fmt: skip
_MAPPINGS: Final = frozenset(
    {
        "dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict",
        "WeakValueDictionary",
    }
)  # fmt: skip
_HOLDERS: Final = frozenset(
    {
        "list", "List", "set", "Set", "frozenset", "FrozenSet", "tuple", "Tuple", "deque", "Deque",
        "Sequence", "MutableSequence", "Iterable", "Iterator", "Collection", "AbstractSet",
        "MutableSet", "Generator", "AsyncIterator", "AsyncIterable", "AsyncGenerator", "WeakSet",
    }
)  # fmt: skip
# An annotation in another one, and aliases of aliases.
_MOST_NESTED: Final = 6
# How deep containers hold containers.
_MOST_HELD: Final = 3


def held(found: Iterable[Shape]) -> Shapes:
    """Return what these values give to a loop."""
    return NONE.union(*(one.held for one in found if one.kind == "holder"))


def holding(found: Shapes, kind: Literal["holder", "mapping"] = "holder") -> Shapes:
    """Return a container that holds these values."""
    found = frozenset(one for one in found if _depth(one) < _MOST_HELD)
    return frozenset({Shape(kind, held=found)}) if found else NONE


def _depth(one: Shape) -> int:
    return 1 + max(map(_depth, one.held), default=0) if one.held else 0


def annotated(
    definitions: Definitions, module: str, node: ast.expr | None, owner: Class | None
) -> Shapes:
    """Return what a value of an annotated type is.

    Args:
        definitions: Those of the application.
        module: Where the annotation is written.
        node: The annotation, if there is one.
        owner: The class that ``Self`` means there.
    """
    return NONE if node is None else _Annotations(definitions, module, owner).of(node, 0)


class _Annotations(NamedTuple):
    definitions: Definitions
    module: str
    owner: Class | None

    def of(self, node: ast.expr, depth: int) -> Shapes:  # noqa: PLR0911 - one case per kind of node
        if depth > _MOST_NESTED:
            return NONE
        match node:
            case ast.Constant(value=str() as text):
                try:
                    parsed = ast.parse(text, mode="eval").body
                except SyntaxError:
                    return NONE
                return self.of(parsed, depth + 1)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return self.of(left, depth + 1) | self.of(right, depth + 1)
            case ast.Subscript():
                return self._generic(node, depth)
            case ast.Name() | ast.Attribute():
                symbol = self.definitions.world.resolve(self.module, node)
                return NONE if symbol is None else self._named(symbol, depth)
            case _:
                return NONE

    def _named(self, symbol: Symbol, depth: int) -> Shapes:
        if symbol in self.definitions.classes:
            return frozenset({Shape("instance", symbol)})
        if str(symbol) in ("typing.Self", "typing_extensions.Self") and self.owner is not None:
            return frozenset({Shape("instance", self.owner.symbol)})
        names = self.definitions.world.modules.get(symbol.module)
        bound = () if names is None else names.assigned.get(symbol.name, ())
        aliased = self._replace(module=symbol.module)
        return NONE.union(*(aliased.of(v, depth + 1) for v in map(_aliased, bound) if v))

    def _generic(self, node: ast.Subscript, depth: int) -> Shapes:
        outer = self.definitions.world.resolve(self.module, node.value)
        if outer is None:
            return NONE
        if outer in self.definitions.classes:
            return self._named(outer, depth)
        name = outer.name.rpartition(".")[2]
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in ("type", "Type"):
            found = NONE.union(*(self.of(part, depth + 1) for part in inner))
            return frozenset(o._replace(kind="class") for o in found if o.kind == "instance")
        if name == "Annotated":
            inner = inner[:1]
        elif name == "Coroutine" or name in _MAPPINGS:
            inner = inner[-1:]
        elif name in ("Generator", "AsyncGenerator"):
            inner = inner[:1]
        found = NONE.union(*(self.of(part, depth + 1) for part in inner))
        if name in _PLAIN:
            return found
        if name in _MAPPINGS:
            return holding(found, "mapping")
        return holding(found) if name in _HOLDERS else NONE


def _aliased(binding: object) -> ast.expr | None:
    """Return what ``Rows = list[Row]`` or ``NewType("Id", Row)`` is another name of."""
    value = getattr(binding, "value", None)
    if isinstance(value, ast.Call):
        value = next(iter(value.args[1:]), None)
    return value if isinstance(value, ast.expr) else None


def is_enum(definitions: Definitions, cls: Class) -> bool:
    """Whether the names that a class assigns are its instances."""
    return any(
        isinstance(base, Symbol) and not base.module and base.name.startswith("enum.")
        for base in definitions.ancestry(cls)
    )


def elements(found: Shapes) -> Iterator[Shape]:
    """Yield what these values hold, whichever way it is asked for."""
    for one in found:
        yield from one.held

"""What a function gives that it collected, or took out of a database, as its source shows."""

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from seamline.interface.body import Body
from seamline.interface.crossing import Types
from seamline.interface.functions import Definition
from seamline.interface.origins import Origin
from seamline.interface.records import is_class_of_library
from seamline.interface.walking import walk

# Where in the arguments of a method is what it puts into a container.
_PUTTING: Final = {"append": 0, "appendleft": 0, "add": 0, "insert": 1, "setdefault": 1}
_WRAPPING: Final = frozenset({"list", "tuple", "set", "frozenset", "sorted"})
# What a query gives, one row or all of them; and what says of which class they are.
_ROWS: Final = frozenset(
    {
        "all", "first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none",
        "scalars", "fetchall", "fetchone", "unique", "get", "get_one", "get_or_404",
        "first_or_404", "one_or_404", "last", "earliest", "latest", "create", "get_or_create",
        "update_or_create", "get_object_or_404", "get_list_or_404",
    }
)  # fmt: skip
# What iterating a query gives is a row, too.
_ITERATED: Final = frozenset(
    {
        "query", "execute", "filter", "filter_by", "where", "order_by", "limit", "offset", "join",
        "outerjoin", "options", "distinct", "execution_options", "yield_per", "exclude",
        "select_related", "prefetch_related",
    }
)  # fmt: skip
# What runs the query that it is given.
_RUNNING: Final = _ITERATED | {
    "scalars", "scalar", "exec", "stream", "stream_scalars", "first_or_404", "one_or_404",
}  # fmt: skip
_QUERIES: Final = frozenset(
    {"query", "select", "get", "get_one", "get_object_or_404", "get_list_or_404"}
)
# By what of a model its rows are found.
_HANDLES: Final = frozenset({"query", "objects", "_default_manager", "_base_manager"})
# What a query chooses instead of whole rows.
_NO_ROWS: Final = frozenset({"with_entities", "with_only_columns", "values", "values_list"})


class _Bound(NamedTuple):
    """What a local name is bound to: a value, what iterating it gives, or what it holds."""

    value: ast.expr
    is_element: bool


def collected(types: Types, body: Body, value: ast.expr) -> Iterator[Origin]:
    """Yield what a returned value holds that the function put into it, and rows that it is of.

    Args:
        types: What classes are.
        body: Of the function.
        value: What it returns.
    """
    if body.definition is not None:
        yield from _Reader(types, body.definition).of(value, is_put=False)


class _Reader:
    def __init__(self, types: Types, definition: Definition) -> None:
        self._types = types
        self._module = definition.module
        self._bound: dict[str, list[_Bound]] = {}
        self._put: dict[str, list[ast.expr]] = {}
        self._seen: set[str] = set()
        self._followed: set[str] = set()
        for part in walk(definition.node):
            self._read(part)

    def _read(self, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._bound.setdefault(name, []).append(_Bound(value, is_element=False))
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))], value=value):
                self._put.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._bound.setdefault(name, []).append(_Bound(value, is_element=False))
            case ast.For(target=ast.Name(id=name)) | ast.comprehension(target=ast.Name(id=name)):
                self._bound.setdefault(name, []).append(_Bound(node.iter, is_element=True))
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=given):
                if method in _PUTTING and len(given) > _PUTTING[method]:
                    self._put.setdefault(name, []).append(given[_PUTTING[method]])
            case _:
                pass

    def of(self, node: ast.expr, *, is_put: bool, is_element: bool = False) -> Iterator[Origin]:
        """Yield the rows of a value, and the instances where it is put into a container."""
        match node:
            case ast.Name(id=name):
                yield from self._local(name, is_put=is_put, is_element=is_element)
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                yield from self._each(parts, is_put=True, is_element=False)
                yield from self._classes(parts)
            case ast.Dict(values=parts):
                yield from self._each(parts, is_put=True, is_element=False)
                yield from self._classes(parts)
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.DictComp(value=part):
                yield from self.of(part, is_put=True)
            case ast.IfExp(body=one, orelse=other):
                yield from self._each([one, other], is_put=is_put, is_element=is_element)
            case ast.BoolOp(values=parts):
                yield from self._each(parts, is_put=is_put, is_element=is_element)
            case ast.Await(value=inner):
                yield from self.of(inner, is_put=is_put, is_element=is_element)
            case ast.Subscript(value=inner):
                yield from self.of(inner, is_put=is_put, is_element=True)
            case ast.Call():
                yield from self._call(node, is_put=is_put, is_element=is_element)
            case _:
                pass

    def _each(self, parts: list[ast.expr], *, is_put: bool, is_element: bool) -> Iterator[Origin]:
        for part in parts:
            yield from self.of(part, is_put=is_put, is_element=is_element)

    def _classes(self, parts: list[ast.expr]) -> Iterator[Origin]:
        """Yield the classes of libraries among the parts of a new container."""
        for part in parts:
            is_name = isinstance(part, (ast.Name, ast.Attribute))
            symbol = self._types.world.resolve(self._module, part) if is_name else None
            if ast.unparse(part) not in self._bound and is_class_of_library(self._types, symbol):
                assert symbol is not None
                yield Origin("symbol", symbol)

    def _call(self, node: ast.Call, *, is_put: bool, is_element: bool) -> Iterator[Origin]:
        if _name(node.func) in _WRAPPING and len(node.args) == 1:
            yield from self.of(node.args[0], is_put=is_put, is_element=True)
            return
        if _name(node.func) in (_ROWS | _ITERATED if is_element else _ROWS):
            yield from self._rows(node)
        made = self._types.world.resolve(self._module, node.func)
        if made is None or not is_put or is_element:
            return
        if self._types.definitions.class_of(made) is not None:
            yield Origin("instance", made)
        elif not made.module:
            yield Origin("call", made)

    def _local(self, name: str, *, is_put: bool, is_element: bool) -> Iterator[Origin]:
        if name in self._seen:
            return
        self._seen.add(name)
        bound = self._bound.get(name, [])
        for value, is_iterated in bound:
            yield from self.of(value, is_put=is_put, is_element=is_element or is_iterated)
        if any(_is_new(one.value) for one in bound if not one.is_element):
            for value in self._put.get(name, ()):
                yield from self.of(value, is_put=True)
        self._seen.discard(name)

    def _rows(self, node: ast.expr) -> Iterator[Origin]:
        """Yield the class whose rows a query gives: ``session.scalars(select(User)).all()``."""
        parts = list(self._chain(node))
        if _NO_ROWS.isdisjoint(part.attr for part in parts if isinstance(part, ast.Attribute)):
            for part in parts:
                if isinstance(part, ast.Attribute) and part.attr in _HANDLES:
                    yield from self._model(part.value)  # ``User.query``
                elif isinstance(part, ast.Call) and _is_query(part):
                    yield from self._model(part.args[0])

    def _chain(self, node: ast.expr) -> Iterator[ast.expr]:
        """Yield a chain of calls and attributes, with the queries that the calls are given.

        It goes on in what its first name is bound to: ``statement = select(User)``. It ends at
        an attribute of a row, as what that holds is none: ``session.get(User, 1).name``.
        """
        is_called = False
        while isinstance(node, (ast.Call, ast.Attribute)):
            if isinstance(node, ast.Attribute) and not is_called and node.attr not in _HANDLES:
                return
            yield node
            is_called = isinstance(node, ast.Call)
            if isinstance(node, ast.Call) and node.args and _name(node.func) in _RUNNING:
                yield from self._chain(node.args[0])
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name) and node.id not in self._followed:
            self._followed.add(node.id)
            for value, is_element in self._bound.get(node.id, ()):
                yield from () if is_element else self._chain(value)
            self._followed.discard(node.id)

    def _model(self, node: ast.expr) -> Iterator[Origin]:
        symbol = self._types.world.resolve(self._module, node)
        if symbol is not None and self._types.kind(symbol) == "model":
            yield Origin("instance", symbol)


def _is_query(call: ast.Call) -> bool:
    """Whether it says of what its rows are; ``labels.get(User)`` looks a class up."""
    least = 2 if _name(call.func).startswith("get") else 1
    is_all = len(call.args) + len(call.keywords) >= least
    return bool(call.args) and is_all and _name(call.func) in _QUERIES


def _is_new(value: ast.expr) -> bool:
    """Whether it is a new container."""
    is_made = isinstance(value, ast.Call) and _name(value.func) in (*_WRAPPING, "dict", "deque")
    return is_made or isinstance(value, (ast.List, ast.Dict, ast.Set))


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")

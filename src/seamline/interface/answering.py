"""Module-level tables that remember answers by key, as ``functools.cache`` would.

``if key not in TABLE: TABLE[key] = work(key)`` and then ``return TABLE[key]``: each process may
fill its own, and everyone gets the same answers. A table that tells a first call from a later
one, that is looked into otherwise, whose key leaves an argument out, or whose answers depend on
the moment or the request, is state.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import Body
from seamline.interface.crossing import Types
from seamline.interface.functions import Definition
from seamline.interface.known import named
from seamline.interface.memo import is_of_the_moment
from seamline.interface.names import Symbol
from seamline.interface.typenames import IMMUTABLE
from seamline.interface.walking import walk

_WAITING: Final = (ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal)
# Calls that make what never changes, and methods that do, whatever they are of.
_PLAIN: Final = frozenset(
    {
        "lxml.etree.XPath", "lxml.etree.ETXPath", "lxml.cssselect.CSSSelector", "re.compile",
        "builtins.len", "builtins.repr", "builtins.round", "builtins.hash", "builtins.ascii",
        "builtins.ord", "builtins.chr", "builtins.format", "builtins.sum", "builtins.isinstance",
        "builtins.issubclass", "os.path.join", "os.path.abspath", "os.path.realpath",
    }
)  # fmt: skip
_PLAIN_METHODS: Final = frozenset(
    {
        "as_posix", "capitalize", "casefold", "decode", "digest", "encode", "format", "hex",
        "hexdigest", "isoformat", "join", "lower", "lstrip", "removeprefix", "removesuffix",
        "rstrip", "startswith", "endswith", "strftime", "strip", "title", "upper",
    }
)  # fmt: skip

# What is another one in each request.
_OF_REQUEST: Final = (
    "flask.request", "flask.session", "flask.g", "flask.url_for", "flask_babel.",
    "flask_login.current_user", "quart.request", "quart.session", "quart.g",
    "django.utils.translation.", "django.utils.timezone.",
)  # fmt: skip


def only_answers(
    types: Types,
    bodies: Mapping[Definition | str, Body],
    symbol: Symbol,
    bound: Sequence[ast.expr],
) -> bool:
    """Whether functions of its module do nothing with a table but remember their answers.

    Args:
        types: Of the application.
        bodies: What each function does.
        symbol: The name of the table.
        bound: What its module binds to it: an empty one.
    """
    if [ast.unparse(value) for value in bound] not in (["{}"], ["dict()"]):
        return False
    users = set(_users(bodies, symbol))
    for definition in users:
        table = None if definition is None else _Table.of(definition, symbol.name)
        if definition is None or table is None or not table.remembers(definition.node.body):
            return False
        if not _is_plain_function(types, definition) and not all(
            value is not None and _is_plain(types, symbol.module, value)
            for value in table.values(definition)
        ):
            return False
        if _answers_otherwise(types, bodies, definition):
            return False
    return bool(users)


def _answers_otherwise(
    types: Types, bodies: Mapping[Definition | str, Body], definition: Definition
) -> bool:
    """Whether a function, or one that it names, answers by the moment or by the request."""
    definitions = types.definitions
    seen = {definition: None}
    waiting = [definition]
    while waiting:
        one = waiting.pop()
        if is_of_the_moment(definitions, bodies, one.module, one.node):
            return True
        for use in bodies[one].uses:
            if not use.symbol.module and named(use.symbol.name, _OF_REQUEST):
                return True
        named_here = [definitions.functions.get(use.symbol, ()) for use in bodies[one].uses]
        # Of a method only the name may be known: any that has it counts.
        asked = {call.method for call in bodies[one].calls}
        asked |= {name for _, name in bodies[one].attributes}
        asked |= {use.symbol.name.rpartition(".")[2] for use in bodies[one].uses}
        named_here += (
            found
            for cls in definitions.classes.values()
            for name, found in cls.methods.items()
            if name in asked
        )
        more = [d for found in named_here for d in found if d not in seen]
        seen |= dict.fromkeys(more)
        waiting += more
    return False


def _is_plain(types: Types, module: str, value: ast.expr) -> bool:
    """Whether an expression certainly makes something that cannot change."""
    if not isinstance(value, ast.Call):
        return isinstance(value, (ast.Constant, ast.JoinedStr, ast.Compare))
    made = types.world.resolve(module, value.func)
    functions = types.definitions.functions.get(made, ()) if made is not None else ()
    if functions:
        return all(_is_plain_function(types, one) for one in functions)
    if isinstance(value.func, ast.Attribute) and value.func.attr in _PLAIN_METHODS:
        return True
    return str(made) in _PLAIN | IMMUTABLE


def _is_plain_function(types: Types, definition: Definition) -> bool:
    """Whether a function says that its results cannot change."""
    said = types.leaves(definition.module, definition.node.returns)
    immutable = types.is_immutable(definition.module, definition.node.returns)
    return immutable or (bool(said) and all(str(one) in _PLAIN for one in said))


def _users(bodies: Mapping[Definition | str, Body], symbol: Symbol) -> Iterator[Definition | None]:
    """Yield the functions that name a table; None stands for any other code that does."""
    for body in bodies.values():
        for use in body.uses:
            head = use.symbol.name.partition(".")[0]
            if Symbol(use.symbol.module, head) != symbol:
                continue
            if body.module != symbol.module:
                yield None
            elif body.definition is not None or use.how != "bind":
                yield body.definition


@dataclass(slots=True)
class _Table:
    """A table, as one function uses it.

    Attributes:
        name: Its name.
        key: The text of the one key that it is asked for.
        found: Local names for what was found there, or is put there.
        stored: What is put there.
    """

    name: str
    key: str
    found: set[str] = field(default_factory=set)
    stored: list[ast.expr] = field(default_factory=list)

    @classmethod
    def of(cls, definition: Definition, name: str) -> "_Table | None":
        """Return a table that a plain function asks for one key, made of all its arguments."""
        node = definition.node
        parts = list(walk(node))
        plain = isinstance(node, ast.FunctionDef) and not definition.owner
        if not plain or definition.decorators or any(isinstance(p, _WAITING) for p in parts):
            return None
        keys = [key for part in parts for key in _keys(part, name)]
        mentions = [part for part in parts if isinstance(part, ast.Name) and part.id == name]
        texts = {ast.unparse(key) for key in keys}
        if len(keys) != len(mentions) or len(texts) != 1:
            return None
        return cls(name, texts.pop()) if _is_whole(keys[0], definition, parts) else None

    def values(self, definition: Definition) -> list[ast.expr | None]:
        """Return what is put into the table, also by a local name; None for what is not seen."""
        names = {value.id for value in self.stored if isinstance(value, ast.Name)}
        parts = list(walk(definition.node))
        # What the module or the caller calls so may be anything, and change.
        local = {p.id for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)}
        bound: list[ast.expr | None] = [None] * len(names - local)
        for part in parts:
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                bound += [None] if part.id in names else []
            elif isinstance(part, ast.Assign):
                bound += [part.value] * len(names & _targets(part))
        seen = [value for value in bound if value is not None]
        unseen = bound.count(None) - len(seen)
        found = [value for value in (*self.stored, *seen) if not self._is_answer(value)]
        return [*found, *([None] * unseen)]

    def remembers(self, body: Sequence[ast.stmt]) -> bool:
        """Whether statements look an answer up, or work it out and keep it, and return it."""
        at = next((at for at, node in enumerate(body) if self._mentions(node)), len(body))
        rest = body[at + 1 :]
        match body[at] if at < len(body) else None:
            case ast.With(body=inner):
                return self.remembers([*inner, *rest])
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as value) if (
                self._is_answer(value)
            ):
                self.found.add(name)
                return self.remembers(rest)
            case ast.If() as node:
                return self._branches(node, rest)
            case ast.Try(body=inner, handlers=[handler], orelse=[], finalbody=[]):
                missed = isinstance(handler.type, ast.Name) and handler.type.id == "KeyError"
                filled = [*handler.body, *rest]
                return missed and self._answers(inner) and self._fills_and_answers(filled)
            case _:
                return False

    def _branches(self, node: ast.If, rest: Sequence[ast.stmt]) -> bool:
        if self._is_unset(node.test) and not node.orelse:
            return self._fills(node.body) and self._answers(rest)
        if self._is_set(node.test):
            return self._answers(node.body) and self._fills_and_answers([*node.orelse, *rest])
        elsewhere = (node.test, *node.orelse, *rest)
        return not any(map(self._mentions, elsewhere)) and self.remembers(node.body)

    def _fills_and_answers(self, body: Sequence[ast.stmt]) -> bool:
        return self._fills(body[:-1]) and self._answers(body[-1:])

    def _answers(self, body: Sequence[ast.stmt]) -> bool:
        match body:
            case [ast.Return(value=value)]:
                return value is not None and self._is_answer(value)
            case _:
                return False

    def _fills(self, body: Sequence[ast.stmt]) -> bool:
        """Whether statements put one answer into the table, and leave with nothing else."""
        parts = [part for node in body for part in walk(node)]
        stores = [part for part in _flat(body) if self._is_store(part)]
        for store in stores:
            assert isinstance(store, ast.Assign)
            self.stored.append(store.value)
            self.found |= _targets(store)
            self.found |= {store.value.id} if isinstance(store.value, ast.Name) else set()
        changes = [
            part
            for part in parts
            if isinstance(part, ast.Subscript)
            and not isinstance(part.ctx, ast.Load)
            and self._mentions(part.value)
        ]
        leaves = [part for part in parts if isinstance(part, ast.Return)]
        return len(stores) == len(changes) == 1 and all(self._answers([one]) for one in leaves)

    def _is_store(self, node: ast.stmt) -> bool:
        return isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Subscript) and self._is_answer(target)
            for target in node.targets
        )

    def _is_answer(self, value: ast.expr) -> bool:
        """Whether an expression is what the table has for the key, or a name for that."""
        if isinstance(value, ast.Name):
            return value.id in self.found
        return isinstance(value, (ast.Subscript, ast.Call)) and bool(_keys(value, self.name))

    def _mentions(self, node: ast.AST) -> bool:
        return any(
            isinstance(part, ast.Name) and part.id in {self.name, *self.found}
            for part in walk(node)
        )

    def _is_unset(self, test: ast.expr) -> bool:
        match test:
            case ast.Compare(ops=[ast.NotIn()]):
                return bool(_keys(test, self.name))
            case ast.Compare(
                left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(None)]
            ):
                return name in self.found
            case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
                return name in self.found
            case _:
                return False

    def _is_set(self, test: ast.expr) -> bool:
        match test:
            case ast.Compare(ops=[ast.In()]):
                return bool(_keys(test, self.name))
            case ast.Compare(
                left=ast.Name(id=name), ops=[ast.IsNot()], comparators=[ast.Constant(None)]
            ):
                return name in self.found
            case ast.Name(id=name):
                return name in self.found
            case _:
                return False


def _keys(node: ast.AST, name: str) -> list[ast.expr]:
    """Return the key that an expression asks a table for, or looks for in it."""
    match node:
        case ast.Subscript(value=ast.Name(id=found), slice=key) if found == name:
            return [] if isinstance(node.ctx, ast.Del) else [key]
        case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[ast.Name(id=found)]):
            return [key] if found == name else []
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=found), attr="get"),
            args=[key] | [key, ast.Constant(None)],
            keywords=[],
        ):
            return [key] if found == name else []
        case _:
            return []


def _is_whole(key: ast.expr, definition: Definition, parts: list[ast.AST]) -> bool:
    """Whether a key is all arguments of a function, as they were passed."""
    bound = [
        part for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    ]
    if isinstance(key, ast.Name) and [one.id for one in bound].count(key.id) == 1:
        made = [
            part.value
            for part in parts
            if isinstance(part, ast.Assign) and key.id in _targets(part)
        ]
        key = made[0] if len(made) == 1 else key
    names = key.elts if isinstance(key, ast.Tuple) else [key]
    arguments = definition.annotations().keys()
    asked = {one.id for one in names if isinstance(one, ast.Name)}
    return (
        asked == set(arguments)
        and len(asked) == len(names)
        and not (asked & {one.id for one in bound})
    )


def _targets(node: ast.Assign) -> set[str]:
    return {target.id for target in node.targets if isinstance(target, ast.Name)}


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, and those that run with them in any case."""
    for node in body:
        yield node
        if isinstance(node, (ast.With, ast.Try)):
            yield from _flat(node.body)

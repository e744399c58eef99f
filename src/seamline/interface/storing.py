"""What a function puts where others find it, and gives out as well.

``_users[name] = user; return user`` gives out a part of ``_users``, as ``return _users[name]``
does. What a caller gave, and gets back, is the caller's own, and is left out.
"""

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from seamline.interface.body import MUTATORS
from seamline.interface.functions import Definition
from seamline.interface.walking import own_of

_PLAIN: Final = (ast.Constant, ast.JoinedStr, ast.Compare, ast.UnaryOp)
_GLOBAL: Final = frozenset({ast.Global})
_PUTTING: Final = frozenset({ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Call})
_PLAIN_CALLS: Final = frozenset(
    {"str", "int", "float", "bool", "bytes", "len", "sum", "round", "repr", "hash", "tuple"}
)


class Put(NamedTuple):
    """One thing that is put somewhere.

    Attributes:
        into: What holds it then; where a name of a module is bound to it, that name.
        is_part: Whether it is held, not bound.
    """

    into: ast.expr
    is_part: bool


class Stored(NamedTuple):
    """What a function does with the objects of its local names.

    Attributes:
        puts: Where it puts each.
        handed: The calls that it gives each to.
        changing: Those that it binds itself, to what may change.
    """

    puts: dict[str, list[Put]]
    handed: dict[str, list[ast.Call]]
    changing: set[str]


def stored_by(definition: Definition) -> Stored:
    """Return where a function puts what its names stand for, if that can change."""
    found = Stored({}, {}, set())
    bound = {
        name
        for part in own_of(definition.node, _GLOBAL)
        if isinstance(part, ast.Global)
        for name in part.names
    }
    for part in own_of(definition.node, _PUTTING):
        match part:
            case ast.Assign(targets=targets, value=value):
                _assigned(found, targets, value, bound)
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.NamedExpr(target=target, value=value)
            ):
                _assigned(found, [target], value, bound)
            case ast.Call():
                _given(found, part)
            case _:
                pass
    return found


def _assigned(found: Stored, targets: list[ast.expr], value: ast.expr, bound: set[str]) -> None:
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    if not _is_plain(value):
        found.changing.update(names)
    for name in names.union(names_in(value)):
        for put in filter(None, (_put(target, bound) for target in targets)):
            found.puts.setdefault(name, []).append(put)


def _given(found: Stored, node: ast.Call) -> None:
    put = None
    if isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
        put = Put(node.func.value, is_part=True)
    for value in (*node.args, *(keyword.value for keyword in node.keywords)):
        for name in names_in(value):
            if put is None:
                found.handed.setdefault(name, []).append(node)
            else:
                found.puts.setdefault(name, []).append(put)


def _put(target: ast.expr, bound: set[str]) -> Put | None:
    if isinstance(target, (ast.Subscript, ast.Attribute)):
        return Put(target.value, is_part=True)
    if isinstance(target, ast.Name) and target.id in bound:
        return Put(target, is_part=False)
    return None


def names_in(value: ast.expr) -> Iterator[str]:
    """Yield the names whose objects a value is or holds; not what it copies."""
    match value:
        case ast.Name(id=name):
            yield name
        case ast.NamedExpr(target=ast.Name(id=name)):
            yield name
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            for part in parts:
                yield from names_in(part)
        case ast.Dict(values=parts) | ast.BoolOp(values=parts):
            for part in parts:
                yield from names_in(part)
        case ast.IfExp(body=one, orelse=other):
            yield from names_in(one)
            yield from names_in(other)
        case _:
            pass


def _is_plain(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _PLAIN_CALLS
    if isinstance(value, ast.BinOp):
        return isinstance(value.left, _PLAIN) or isinstance(value.right, _PLAIN)
    return isinstance(value, _PLAIN)

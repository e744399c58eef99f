"""Module-level names that only remember an answer: the same in every process that asks."""

import ast
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Final

from seamline.interface.body import Body
from seamline.interface.functions import Definition, Definitions
from seamline.interface.known import CACHES, named
from seamline.interface.names import Symbol, World
from seamline.interface.walking import own_nodes, walk

#: Decorators that keep answers in the process of whoever calls: their wrapper is in C.
MEMOISED: Final = ("functools.lru_cache", "functools.cache")

#: What answers otherwise in every process or at every time.
FLEETING: Final = (
    "uuid.uuid1", "uuid.uuid4", "random.", "secrets.", "time.", "datetime.datetime.now",
    "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "os.environ",
    "os.getenv", "os.getpid", "os.urandom", "os.getcwd", "pathlib.Path.cwd", "builtins.id",
    "builtins.object", "builtins.input", "threading.", "tempfile.",
)  # fmt: skip


def remembered(definitions: Definitions, symbol: Symbol) -> list[ast.expr] | None:
    """Return what is assigned to a name that is set once, where it was found unset.

    ``if _version is None: _version = read_version()`` is such an assignment, and so is one
    below ``if _version is not None: return _version``. A value made of the parameters of its
    function is none: the first call would decide what others get.

    Returns:
        The values, or None when any assignment in a function is of another kind.
    """
    values: list[ast.expr] = []
    for definition in definitions.by_module[symbol.module]:
        if not _declares(definition, symbol.name):
            continue
        found = list(_assigned(definition.node.body, symbol.name, unset=False))
        parameters = definition.annotations().keys()
        if any(value is None or _mentions(value, parameters) for value in found):
            return None
        values += [value for value in found if value is not None]
    return values or None


def _declares(definition: Definition, name: str) -> bool:
    return any(
        isinstance(part, ast.Global) and name in part.names for part in own_nodes(definition.node)
    )


def _assigned(body: list[ast.stmt], name: str, *, unset: bool) -> Iterator[ast.expr | None]:
    """Yield the values assigned to a name; None for one that may replace another."""
    for node in body:
        match node:
            case ast.If(test=test, body=inner, orelse=other):
                yield from _assigned(inner, name, unset=unset or _says_unset(test, name))
                yield from _assigned(other, name, unset=unset or _says_set(test, name))
                if _says_set(test, name) and isinstance(inner[-1], (ast.Return, ast.Raise)):
                    unset = True
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                yield value if unset else None
            case ast.With(body=inner):
                yield from _assigned(inner, name, unset=unset)
            case ast.Try(body=inner, handlers=handlers, orelse=other, finalbody=last):
                for part in (inner, *(handler.body for handler in handlers), other, last):
                    yield from _assigned(part, name, unset=unset)
            case _ if _binds(node, name):
                yield None
            case _:
                pass


def _binds(node: ast.AST, name: str) -> bool:
    return any(
        isinstance(part, ast.Name) and part.id == name and not isinstance(part.ctx, ast.Load)
        for part in walk(node)
    )


def _says_unset(test: ast.expr, name: str) -> bool:
    """Whether a condition holds only while the name has no value yet."""
    match test:
        case ast.Compare(
            left=ast.Name(id=found), ops=[ast.Is()], comparators=[ast.Constant(None)]
        ):
            return found == name
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=found)):
            return found == name
        case ast.BoolOp(op=ast.And(), values=parts):
            return any(_says_unset(part, name) for part in parts)
        case _:
            return False


def _says_set(test: ast.expr, name: str) -> bool:
    match test:
        case ast.Name(id=found):
            return found == name
        case ast.Compare(
            left=ast.Name(id=found), ops=[ast.IsNot()], comparators=[ast.Constant(None)]
        ):
            return found == name
        case _:
            return False


def _mentions(value: ast.expr, names: Container[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in walk(value))


def is_table(value: ast.expr) -> bool:
    """Whether a display is not empty and made of literals: a table, by its capitals."""
    filled = bool(getattr(value, "elts", ()) or getattr(value, "values", ()))
    return filled and not any(isinstance(part, ast.Call) for part in walk(value))


def is_of_the_moment(
    definitions: Definitions, bodies: Mapping[Definition | str, Body], module: str, value: ast.AST
) -> bool:
    """Whether a value differs each time it is worked out, or from process to process."""
    named_parts = [part for part in walk(value) if isinstance(part, (ast.Name, ast.Attribute))]
    for symbol in filter(None, (definitions.world.resolve(module, part) for part in named_parts)):
        run = [bodies[definition] for definition in definitions.functions.get(symbol, ())]
        if _is_fleeting(symbol) or any(_is_fleeting(use.symbol) for b in run for use in b.uses):
            return True
    return False


def _is_fleeting(symbol: Symbol) -> bool:
    return not symbol.module and named(symbol.name, FLEETING)


def cleared_caches(
    definitions: Definitions, bodies: Mapping[Definition | str, Body]
) -> Iterator[Definition]:
    """Yield the functions whose ``lru_cache`` the application clears, and so relies on."""
    for body in bodies.values():
        if body.definition is None or definitions.world.modules[body.module].source.test:
            continue
        for use in body.uses:
            owner, _, member = use.symbol.name.rpartition(".")
            if member == "cache_clear" and use.symbol.module:
                for definition in definitions.functions.get(Symbol(use.symbol.module, owner), ()):
                    if definition.decorated_with(*MEMOISED):
                        yield definition


def memos(
    definitions: Definitions, bodies: Mapping[Definition | str, Body]
) -> Iterator[tuple[Definition, bool]]:
    """Yield the functions whose memo is state, and whether because it is cleared."""
    for cleared in cleared_caches(definitions, bodies):
        yield cleared, True
    for changed in changed_memos(definitions, bodies):
        yield changed, False


def changed_memos(
    definitions: Definitions, bodies: Mapping[Definition | str, Body]
) -> Iterator[Definition]:
    """Yield the functions whose memo holds an object that the application changes.

    ``@lru_cache def settings(): return Settings()`` gives everyone in a process the same object.
    Where nothing changes that, each process may make its own.
    """
    for body in bodies.values():
        if definitions.world.modules[body.module].source.test:
            continue
        changed = body.changed_results.keys() | set(_by_methods(definitions, bodies, body))
        for symbol in sorted(changed | set(_by_names(definitions, body))):
            for definition in definitions.functions.get(symbol, ()):
                if definition.owner is None and definition.decorated_with(*CACHES):
                    yield definition


def _by_names(definitions: Definitions, body: Body) -> Iterator[Symbol]:
    """Yield functions whose result a module-level name holds that one body changes."""
    for use in body.uses:
        head, _, rest = use.symbol.name.partition(".")
        names = definitions.world.modules.get(use.symbol.module)
        if names is None or use.how == "read" or (use.how == "bind" and not rest):
            continue
        for binding in names.assigned.get(head, ()):
            if isinstance(binding.value, ast.Call):
                made = definitions.world.resolve(use.symbol.module, binding.value.func)
                if made is not None:
                    yield made


def _by_methods(
    definitions: Definitions, bodies: Mapping[Definition | str, Body], body: Body
) -> Iterator[Symbol]:
    """Yield functions whose results one body changes by a method of the result's class."""
    for call in body.calls:
        for origin in call.receiver if call.method else ():
            if origin.kind != "call" or origin.level != "whole" or origin.path:
                continue
            made = {
                found.symbol
                for definition in definitions.functions.get(origin.symbol, ())
                for origins, _ in bodies[definition].returns
                for found in origins
                if found.kind == "instance" and found.level == "whole"
            }
            for cls in filter(None, map(definitions.classes.get, made)):
                for method in definitions.methods_of(cls, call.method):
                    first = method.parameters[0].arg if method.parameters else ""
                    if first in bodies[method].changed and not method.is_static:
                        yield origin.symbol


def are_fixed(world: World, module: str, values: Sequence[ast.expr], steps: int = 3) -> bool:
    """Whether values are literals and sentinels, or other names of such: nothing could change."""
    return all(_is_fixed(world, module, value, steps) for value in values)


def _is_fixed(world: World, module: str, value: ast.expr, steps: int) -> bool:
    if isinstance(value, ast.Constant) or ast.unparse(value) == "object()":
        return True
    if steps == 0 or not isinstance(value, (ast.Name, ast.Attribute)):
        return False
    symbol = world.resolve(module, value)
    if symbol is None or not symbol.module:
        return False
    bound = [one.value for one in world.modules[symbol.module].assigned.get(symbol.name, ())]
    found = [one for one in bound if one is not None]
    return bool(found) and are_fixed(world, symbol.module, found, steps - 1)

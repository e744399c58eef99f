"""Which results may be, or share mutable parts with, the host's module state."""

import ast
from collections.abc import Collection, Container, Iterable, Iterator
from typing import Final, Literal

from seamline.interface.application import Application
from seamline.interface.body import Body
from seamline.interface.depths import is_deep
from seamline.interface.facts import Fact
from seamline.interface.functions import Definition
from seamline.interface.known import CONTAINERS
from seamline.interface.model import Kind
from seamline.interface.names import Symbol
from seamline.interface.origins import Origins
from seamline.interface.state import DISPLAYS
from seamline.interface.typenames import GENERATORS
from seamline.interface.walking import own_nodes, walk

Parts = Literal["immutable", "mutable", "unknown"]

_MUTABLE: Final = frozenset(f"builtins.{name}" for name in ("list", "dict", "set", "bytearray"))
_PLAIN_CALLS: Final = frozenset(
    f"builtins.{name}"
    for name in ("str", "int", "float", "bool", "bytes", "len", "sum", "round", "repr", "hash")
)
_COPYING: Final = frozenset(
    f"builtins.{name}" for name in ("list", "dict", "set", "tuple", "frozenset", "sorted")
) | {"copy.copy"}
_STREAMS: Final = (Kind.GENERATOR, Kind.ASYNC_GENERATOR)


def aliased(
    application: Application, definition: Definition, touched: Collection[Symbol]
) -> set[Symbol]:
    """Return the state, of what a function touches, that its answer may share."""
    if not touched:
        return set()
    return _raised(application, definition, touched) | {
        symbol
        for each, level in _returning(application, definition).items()
        for found in (
            _own(application, each, touched, level),
            _enclosed(application, each, touched),
        )
        for symbol in found
    }


def is_told(application: Application, definition: Definition, symbol: Symbol) -> bool:
    """Whether what a function returns or raises names a piece of state that it may share."""
    return bool(_raised(application, definition, {symbol})) or any(
        _own(application, each, {symbol}, level)
        for each, level in _returning(application, definition).items()
    )


def _raised(
    application: Application, definition: Definition, touched: Container[Symbol]
) -> set[Symbol]:
    """Return the state that exceptions hold which a function, or what it calls, raises."""
    found: set[Symbol] = set()
    queue, seen = [definition], {definition}
    while queue:
        each = queue.pop()
        for origin in (
            origin for origins in application.bodies[each].raised for origin in origins
        ):
            fact = application.state.facts.get(origin.symbol)
            whole = origin.kind == "symbol" and origin.level == "whole"
            if whole and fact is not None and not fact.resource and fact.symbol in touched:
                found.add(fact.symbol)
        new = {edge.target for edge in application.graph.edges[each] if not edge.guess} - seen
        seen |= new
        queue += new
    return found


def _returning(
    application: Application, definition: Definition
) -> dict[Definition, Literal["whole", "part"]]:
    """Return a function with those whose results, or parts of them, it returns."""
    found: dict[Definition, Literal["whole", "part"]] = {definition: "whole"}
    queue = [definition]
    for each in queue:
        if gives_values(application, each):
            del found[each]
            continue
        for origins, _ in application.bodies[each].returns:
            for origin in origins:
                if origin.kind == "call":
                    for known in application.definitions.functions.get(origin.symbol, ()):
                        if known not in found:
                            queue.append(known)
                            whole = origin.level == "whole" == found[each]
                            found[known] = "whole" if whole else "part"
    return found


def gives_values(application: Application, definition: Definition) -> bool:
    """Whether the annotation of its result says that it cannot change."""
    types = application.types
    result = types.leaves(definition.module, definition.node.returns)
    if definition.kind in _STREAMS:
        result = [leaf for leaf in result if str(leaf) not in GENERATORS]
    return bool(result) and all(map(types.is_immutable_type, result))


def _own(
    application: Application, definition: Definition, touched: Container[Symbol], level: str
) -> set[Symbol]:
    """Return the state that a function's own results are, or share parts with."""
    returned = [origins for origins, _ in application.bodies[definition].returns]
    return _shared(application, returned, touched, level)


def _shared(
    application: Application, values: Iterable[Origins], touched: Container[Symbol], level: str
) -> set[Symbol]:
    state = application.state
    found: set[Symbol] = set()
    for origin in (origin for origins in values for origin in origins):
        fact = state.touched(origin.symbol) if origin.kind == "symbol" else None
        if fact is None or fact.resource or fact.symbol not in touched:
            continue
        if fact.moment and not fact.changed and fact.symbol not in state.containers:
            continue  # a text, a number, a time: it differs, but it does not change
        whole = level == "whole" and is_whole(fact, origin.symbol, origin.level)
        parts = value_of(application, fact) if whole else parts_of(application, fact)
        if parts != "immutable":
            found.add(fact.symbol)
    return found


def _enclosed(
    application: Application, definition: Definition, touched: Container[Symbol]
) -> set[Symbol]:
    """Return the state of which parts may be in something new that a function returns.

    What is put into which object is not told apart: the comparison of each call does.
    """
    body = application.bodies[definition]
    is_filled = any(
        _is_made_here(application, definition, name)
        for _, value in body.returns
        for name in _names(value)
    )
    return _shared(application, body.put, touched, "part") if is_filled else set()


def _names(value: ast.expr) -> list[str]:
    """Return the names whose objects a returned expression is, holds or copies."""
    match value:
        case ast.Name(id=name):
            return [name]
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return [name for part in parts for name in _names(part)]
        case ast.Dict(values=parts):
            return [name for part in parts for name in _names(part)]
        case ast.Call(func=ast.Name(id="list" | "dict" | "tuple" | "set" | "sorted"), args=parts):
            return [name for part in parts for name in _names(part)]
        case _:
            return []


def _is_made_here(application: Application, definition: Definition, name: str) -> bool:
    """Whether a function binds a name to a new container or instance."""
    return any(
        any(isinstance(one, ast.Name) and one.id == name for one in _targets(part))
        and _is_new(application, definition, part.value)
        for part in own_nodes(definition.node)
        if isinstance(part, (ast.Assign, ast.AnnAssign, ast.NamedExpr))
    )


def _targets(node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _is_new(application: Application, definition: Definition, value: ast.expr | None) -> bool:
    if isinstance(value, DISPLAYS):
        return True
    if not isinstance(value, ast.Call):
        return False
    made = application.definitions.world.resolve(definition.module, value.func)
    return made in application.definitions.classes or str(made) in CONTAINERS


def is_whole(fact: Fact, symbol: Symbol, level: str) -> bool:
    """Whether a value is a piece of state itself, not something that it holds."""
    return level == "whole" and symbol == fact.symbol


def is_itself(application: Application, definition: Definition, symbol: Symbol) -> bool:
    """Whether a function may return a piece of state itself."""
    fact = application.state.facts[symbol]
    return any(
        level == "whole"
        and origin.kind == "symbol"
        and is_whole(fact, origin.symbol, origin.level)
        for each, level in _returning(application, definition).items()
        for origins, _ in application.bodies[each].returns
        for origin in origins
    )


def is_copy(application: Application, definition: Definition, symbol: Symbol) -> bool:
    """Whether a function returns a piece of state only as ``list(STATE)`` and the like.

    What the copy holds may be state all the same.
    """
    touched = {symbol}
    if _raised(application, definition, touched):
        return False
    found = [
        is_copying(application, each, value)
        for each, level in _returning(application, definition).items()
        for origins, value in application.bodies[each].returns
        if _shared(application, [origins], touched, level)
    ]
    put = any(
        _enclosed(application, each, touched) for each in _returning(application, definition)
    )
    return bool(found) and all(found) and not put


def is_inside(application: Application, definition: Definition, symbol: Symbol) -> bool:
    """Whether a function returns only keys of a piece of state, or parts of its parts.

    Of what lies that deep nothing says whether it can change.
    """
    if _raised(application, definition, {symbol}):
        return False
    return all(
        is_deep(application, each, value, symbol)
        for each, level in _returning(application, definition).items()
        for origins, value in application.bodies[each].returns
        if _shared(application, [origins], {symbol}, level)
        or (_names(value) and _enclosed(application, each, {symbol}))
    )


def is_copying(application: Application, definition: Definition, value: ast.expr) -> bool:
    """Whether an expression is a new container of what one other holds."""
    if not isinstance(value, ast.Call):
        return False
    if isinstance(value.func, ast.Attribute) and value.func.attr == "copy" and not value.args:
        return True
    made = application.definitions.world.resolve(definition.module, value.func)
    of = value.args[0] if value.args else None
    if isinstance(of, ast.Call) and isinstance(of.func, ast.Attribute) and not of.args:
        of = of.func.value if of.func.attr in ("values", "items", "keys") else None
    return str(made) in _COPYING and isinstance(of, (ast.Name, ast.Attribute))


def value_of(application: Application, fact: Fact) -> Parts:
    """Return whether the value of a name itself can change, by all that is assigned to it."""
    module, name = fact.symbol
    found = {
        _stored(application, body, value)
        for body, value in _assigned(application, module, name)
        if not (isinstance(value, ast.Constant) and value.value is None)
    }
    if "mutable" in found:
        return "mutable"
    return "immutable" if found == {"immutable"} else "unknown"


def _assigned(application: Application, module: str, name: str) -> Iterator[tuple[Body, ast.expr]]:
    """Yield what is assigned to a module-level name or class attribute, where it is.

    Augmented assignments are left out: they keep the type of a value that cannot change.
    """
    owner, _, attribute = name.rpartition(".")
    cls = application.definitions.classes.get(Symbol(module, owner))
    bindings = application.definitions.world.modules[module].assigned.get(name, ())
    values = [cls.assigned.get(attribute)] if cls else [binding.value for binding in bindings]
    yield from ((application.bodies[module], value) for value in values if value is not None)
    for definition in application.definitions.by_module[module]:
        for node in walk(definition.node):
            if isinstance(node, ast.Assign) and any(
                target.attr == attribute if isinstance(target, ast.Attribute)
                else isinstance(target, ast.Name) and target.id == name
                for target in node.targets
            ):  # fmt: skip
                yield application.bodies[definition], node.value


def parts_of(application: Application, fact: Fact) -> Parts:
    """Return whether what a container holds can change: by annotation, or by what is put in."""
    types = application.types
    held = types.leaves(fact.symbol.module, fact.annotation)[1:]
    if held and all(map(types.is_immutable_type, held)):
        return "immutable"
    if any(str(leaf) in _MUTABLE or types.kind(leaf) in ("value", "plain") for leaf in held):
        return "mutable"
    found = {_stored(application, body, value) for body, value in fact.stored}
    if "mutable" in found:
        return "mutable"
    return "immutable" if found == {"immutable"} else "unknown"


def _stored(application: Application, body: Body, value: ast.expr) -> Parts:  # noqa: PLR0911 - a table
    """Return whether one value that is put into a container can change."""
    types, world = application.types, application.definitions.world
    if isinstance(value, DISPLAYS):
        return "mutable"
    if isinstance(value, (ast.Constant, ast.JoinedStr, ast.Compare, ast.UnaryOp, ast.BinOp)):
        return "immutable"
    if isinstance(value, ast.Call):
        symbol = world.resolve(body.module, value.func)
        if symbol is None:
            return "unknown"
        if str(symbol) in _PLAIN_CALLS or types.is_immutable_type(symbol):
            return "immutable"
        for definition in application.definitions.functions.get(symbol, ()):
            if types.is_immutable(definition.module, definition.node.returns):
                return "immutable"
        return "mutable" if types.kind(symbol) in ("value", "plain") else "unknown"
    if isinstance(value, ast.Name) and body.definition is not None:
        annotation = body.definition.annotations().get(value.id)
        return "immutable" if types.is_immutable(body.module, annotation) else "unknown"
    return "unknown"

"""Where a function asks for its process, and where that is no matter to its caller."""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.body import Body
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.walking import children, walk

_MODULES: Final = ("sys.modules", *(f"sys.modules.{m}" for m in ("get", "items", "keys",
                   "values", "copy", "__contains__", "__getitem__")))  # fmt: skip
_SYSTEM: Final = ("/proc/self", "/proc/thread-self")
#: What a module and what is in it say of themselves.
_OWN_NAMES: Final = frozenset({"__name__", "__package__", "__module__"})
_TELLING: Final = frozenset(
    {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print"}
)
_NUMBER: Final = "getpid"


def lines_of_modules(definition: Definition, body: Body) -> set[int]:
    """Return where a function asks which modules are imported.

    Where it puts one there, or asks for that of something it has, it does not.
    """
    uses = [use for use in body.uses if str(use.symbol) in _MODULES]
    lines = {use.line for use in uses} - {use.line for use in uses if use.how != "read"}
    for node in walk(definition.node) if lines else ():
        match node:
            case ast.Subscript(slice=key) | ast.Call(args=[key, *_]) if node.lineno in lines:
                if any(_named(part) in _OWN_NAMES for part in walk(key)):
                    lines.discard(node.lineno)
            case _:
                pass
    return lines


def lines_of_system(graph: Graph, definition: Definition, body: Body) -> Iterator[int]:
    """Yield where a function names a file that is another one in each process."""
    world = graph.definitions.world
    for node in walk(definition.node) if body.calls else ():
        if isinstance(node, ast.Constant) and _is_of_system(node):
            yield node.lineno
    for use in body.uses:
        names = world.modules.get(use.symbol.module)
        name = use.symbol.name.partition(".")[0]
        for binding in () if names is None else names.assigned.get(name, ()):
            value = binding.value
            if any(map(_is_of_system, value.args if isinstance(value, ast.Call) else [value])):
                yield use.line


def _is_of_system(node: ast.AST | None) -> bool:
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, str) and value.startswith(_SYSTEM)


def lines_told(definition: Definition) -> set[int]:
    """Return the lines of statements that only log or print, and not into a file."""
    return {
        line
        for node in walk(definition.node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if _named(node.value.func) in _TELLING
        if all(keyword.arg != "file" for keyword in node.value.keywords)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def notices_forks(graph: Graph, definition: Definition) -> bool:
    """Whether a function, or its class, compares its process with the one that it has kept."""
    owner = definition.owner
    others = () if owner is None else (one for found in owner.methods.values() for one in found)
    return any(_compares(graph, one) for one in (definition, *others))


def _compares(graph: Graph, definition: Definition) -> bool:
    asked, kept = {_NUMBER}, _kept(definition)
    for node in walk(definition.node):
        if isinstance(node, ast.Assign):
            bound = {name for target in node.targets for name in map(_named, walk(target))}
            if _names(node.value) & asked:
                asked |= bound
            elif _keeps(graph, definition, node.value, kept):
                kept |= bound
    return any(
        isinstance(node, ast.Compare)
        and _names(node) & asked
        and _keeps(graph, definition, node, kept)
        for node in walk(definition.node)
    )


def _kept(definition: Definition) -> set[str]:
    """Return the name of the object, or class, of a method."""
    is_method = definition.owner is not None and not definition.is_static
    return {one.arg for one in definition.parameters[:1]} if is_method else set()


def _keeps(graph: Graph, definition: Definition, node: ast.expr, kept: set[str]) -> bool:
    """Whether an expression looks at what an object or a module holds."""
    if isinstance(node, ast.Call):  # what it is told says nothing of what it gives
        return _keeps(graph, definition, node.func, kept)
    if isinstance(node, ast.Name):
        symbol = graph.definitions.world.resolve(definition.module, node)
        names = None if symbol is None else graph.definitions.world.modules.get(symbol.module)
        return node.id in kept or (names is not None and node.id in names.assigned)
    return any(
        _keeps(graph, definition, part, kept)
        for part in children(node)
        if isinstance(part, ast.expr)
    )


def _names(node: ast.expr) -> set[str]:
    return set(map(_named, walk(node)))


def _named(node: ast.AST) -> str:
    """Return the name that an expression ends with."""
    return node.attr if isinstance(node, ast.Attribute) else str(getattr(node, "id", ""))

"""Functions that use global names which neither their module nor Python defines.

Something puts such a name among the builtins of its process while it runs, as
``gettext.install()`` does with ``_``. A process in which nothing does has none, or one that
says another thing.
"""

import ast
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import decode_source
from typing import Final

from seamline.interface.body import Body
from seamline.interface.effects import Effect, passed_up
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.modules import Imports
from seamline.interface.names import World
from seamline.interface.walking import walk

_BUILTINS: Final = "builtins."
_WHY: Final = "which neither its module nor Python defines, so its process has to"
#: What a module mentions that may bind names of it which nobody sees.
_BINDING: Final = re.compile(rb"\b(globals|locals|vars|exec|__dict__|sys\.modules)\b")
_INSTALLED: Final = frozenset({"_", "gettext", "ngettext", "pgettext", "npgettext"})
#: Names that code for Python 2, another system or a type checker uses where they are there.
_NOT_HERE: Final = frozenset(
    {
        "WindowsError", "apply", "basestring", "buffer", "cmp", "coerce", "execfile", "file",
        "intern", "long", "raw_input", "reduce", "reload", "reveal_type", "unichr", "unicode",
        "xrange",
    }
)  # fmt: skip


def find_undefined(graph: Graph, imports: Imports) -> dict[Definition, Effect]:
    """Return the functions that use such names, also through what they call.

    Not those of which a module that theirs imports defines the name for its process.
    """
    world = graph.definitions.world
    installing = _installing(graph)
    scopes = _Scopes(world)
    found: dict[Definition, Effect] = {}
    for key, body in graph.bodies.items():
        if not isinstance(key, Definition) or world.modules[key.module].source.test:
            continue
        if _expects_none(key):
            continue
        for name, line in _unbound(world, body):
            made = installing.get(name)
            if made and not made.isdisjoint(imports.closure({key.module}, runtime=True)):
                continue
            if scopes.lack(key, name):
                found[key] = Effect(f"uses the name {name!r}", False, key.file, line, _WHY)
                break
    return passed_up(graph, found)


def _expects_none(definition: Definition) -> bool:
    """Whether a function goes on where a name is missing: it says itself that it may be."""
    return any(
        isinstance(name, ast.Name) and name.id == "NameError"
        for part in walk(definition.node)
        if isinstance(part, ast.ExceptHandler) and part.type is not None
        for name in ast.walk(part.type)
    )


def _installing(graph: Graph) -> dict[str, set[str]]:
    """Return the modules that put a name among the builtins while they are imported, by it."""
    found: dict[str, set[str]] = {}
    for module, body in graph.bodies.items():
        if not isinstance(module, str):
            continue
        names = {use.symbol.name for use in body.uses if use.how == "bind"}
        bound = {name.removeprefix(_BUILTINS) for name in names if name.startswith(_BUILTINS)}
        for call in body.calls:
            origins = call.receiver | call.callee
            if call.method == "install" and any(
                one.symbol.name.partition(".")[0] == "gettext" for one in origins
            ):
                bound |= _INSTALLED
        for name in bound:
            found.setdefault(name, set()).add(module)
    return found


def _unbound(world: World, body: Body) -> Iterator[tuple[str, int]]:
    """Yield the names of its own module that a body uses and no statement there seems to bind."""
    names = world.modules[body.module]
    for use in body.uses:
        name = use.symbol.name.partition(".")[0]
        if (
            use.symbol.module == body.module
            and not (names.binds(name) or name in names.rebound or name in names.imported)
            and not name.startswith("__")
            and name not in _NOT_HERE
        ):
            yield name, use.line


@dataclass(slots=True)
class _Scopes:
    """Which names each scope of a module binds, as Python itself says."""

    world: World
    _tables: dict[str, symtable.SymbolTable | None] = field(default_factory=dict)

    def lack(self, definition: Definition, name: str) -> bool:
        """Whether a name is a global one in a function, and nothing in its module binds it."""
        table = self._table(definition.module)
        if table is None or self._may_bind(definition.module, name, set()):
            return False
        return any(
            name in scope.get_identifiers() and scope.lookup(name).is_global()
            for function in _all(table)
            if function.get_lineno() == definition.node.lineno
            and function.get_name() == definition.node.name
            for scope in _all(function)
        )

    def _may_bind(self, module: str, name: str, seen: set[str]) -> bool:
        """Whether a module may have a name, also by ``import *``."""
        table = self._table(module)
        if table is None:
            return True  # a library's, or one that binds names in ways of its own
        if module in seen:
            return False
        seen.add(module)
        return any(_binds(scope, name, table) for scope in _all(table)) or any(
            self._may_bind(star, name, seen) for star in self.world.modules[module].stars
        )

    def _table(self, module: str) -> symtable.SymbolTable | None:
        if module not in self._tables:
            names = self.world.modules.get(module)
            text = b"" if names is None else names.source.path.read_bytes()
            is_open = names is None or _BINDING.search(text)
            self._tables[module] = (
                None if is_open else symtable.symtable(decode_source(text), module, "exec")
            )
        return self._tables[module]


def _all(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """Yield a scope and those inside it."""
    yield table
    for inner in table.get_children():
        yield from _all(inner)


def _binds(scope: symtable.SymbolTable, name: str, top: symtable.SymbolTable) -> bool:
    """Whether a scope binds a name of its module."""
    if name not in scope.get_identifiers():
        return False
    symbol = scope.lookup(name)
    is_bound = symbol.is_assigned() or symbol.is_imported()
    return is_bound and (scope is top or symbol.is_declared_global())

"""Tables that classes add to the metadata of SQLAlchemy, and who asks for all of them."""

import ast
from collections.abc import Collection, Iterator
from typing import Final

from seamline.interface.body import Body
from seamline.interface.functions import Class
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol

_MAKERS: Final = frozenset(
    {
        "sqlalchemy.orm.declarative_base", "sqlalchemy.ext.declarative.declarative_base",
        "sqlalchemy.orm.decl_api.declarative_base", "flask_sqlalchemy.SQLAlchemy",
        "flask_sqlalchemy.extension.SQLAlchemy", "sqlalchemy.ext.automap.automap_base",
    }
)  # fmt: skip
_BASES: Final = frozenset(
    {
        "sqlalchemy.orm.DeclarativeBase", "sqlalchemy.orm.DeclarativeBaseNoMeta",
        "sqlalchemy.orm.decl_api.DeclarativeBase",
    }
)  # fmt: skip
_SQLMODEL: Final = frozenset({"sqlmodel.SQLModel", "sqlmodel.main.SQLModel"})
#: What asks for all tables, of a base or of the database of Flask-SQLAlchemy.
_ALL: Final = frozenset({"metadata", "create_all", "drop_all"})


def tables_used(graph: Graph, bodies: Collection[Body]) -> set[Symbol]:
    """Return the bases whose tables these bodies use as a whole: ``Base.metadata``."""
    found: set[Symbol] = set()
    for use in (use for body in bodies for use in body.uses):
        parts = use.symbol.name.split(".")
        for length in range(1, len(parts)):
            if parts[length] in _ALL:
                owner = Symbol(use.symbol.module, ".".join(parts[:length]))
                found.add(_base_of(graph, owner))
    return found


def tables_added(graph: Graph, module: str) -> Iterator[tuple[Symbol, Class]]:
    """Yield the classes of a module that each add a table, after the base that they add it to."""
    for cls in graph.definitions.classes_in(module):
        if "__abstract__" not in cls.assigned:
            base = _base_of(graph, cls.symbol)
            is_made = base != cls.symbol and (str(base) not in _SQLMODEL or _is_table(cls))
            if is_made:
                yield base, cls


def _base_of(graph: Graph, symbol: Symbol) -> Symbol:
    """Return what holds the metadata of a class; the class itself where none is known."""
    cls = graph.definitions.class_of(symbol)
    if cls is None:
        return _made(graph, symbol) or symbol
    for found in graph.definitions.ancestry(cls):
        if isinstance(found, Class):
            if any(str(base) in _BASES for base in found.bases):
                return found.symbol
        elif found is not None:
            made = found if str(found) in _SQLMODEL else _made(graph, found)
            if made is not None:
                return made
    return symbol


def _made(graph: Graph, symbol: Symbol) -> Symbol | None:
    """Return the name of ``Base = declarative_base()``, and ``db`` of ``db.Model``."""
    head = symbol.name.partition(".")[0]
    world = graph.definitions.world
    names = world.modules.get(symbol.module)
    for binding in () if names is None else names.assigned.get(head, ()):
        if isinstance(binding.value, ast.Call):
            made = world.resolve(symbol.module, binding.value.func)
            if str(made) in _MAKERS:
                return Symbol(symbol.module, head)
    return None


def _is_table(cls: Class) -> bool:
    return any(keyword.arg == "table" for keyword in cls.node.keywords)

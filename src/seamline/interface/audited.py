"""Functions that use models of which a library notes, or filters, by what its middleware keeps.

django-simple-history, django-auditlog and django-reversion note who changed a row: the user of
the request. django-multitenant filters rows by the tenant of the request.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from seamline.interface.body import Body, Call
from seamline.interface.effects import Effect, passed_up
from seamline.interface.functions import Class, Definition
from seamline.interface.graph import Graph
from seamline.interface.known import named
from seamline.interface.names import Symbol
from seamline.interface.walking import walk


class _Library(NamedTuple):
    """One library that looks at a request where rows are written.

    Attributes:
        name: Its module.
        marks: What a class attribute is made of, or a class derives from, that it looks at.
        registers: What it is told of a class by.
        texts: One of these is in the source of an application in which a request is kept.
        sets: What a function uses, or an attribute that it binds, that says it by itself.
        does: What it does, after the name of a model.
        reads: Whether reading rows matters, too.
    """

    name: str
    marks: tuple[str, ...]
    registers: frozenset[str]
    texts: tuple[bytes, ...]
    sets: tuple[str, ...]
    does: str
    reads: bool = False


_LIBRARIES: Final = (
    _Library(
        "simple_history",
        ("simple_history.models.HistoricalRecords",),
        frozenset({"simple_history.register"}),
        (b"simple_history.middleware", b"HistoricalRecords.context", b"HistoricalRecords.thread"),
        ("simple_history.models.HistoricalRecords.context", "_history_user"),
        "whose changes simple_history notes with the user of the request",
    ),
    _Library(
        "auditlog",
        ("auditlog.models.AuditlogHistoryField",),
        frozenset({"auditlog.registry.auditlog.register"}),
        (b"auditlog.middleware", b"set_actor"),
        ("auditlog.context.",),
        "whose changes auditlog notes with the user of the request",
    ),
    _Library(
        "reversion",
        (),
        frozenset({"reversion.register", "reversion.revisions.register"}),
        (b"reversion.middleware", b"create_revision", b"RevisionMixin"),
        ("reversion.create_revision", "reversion.revisions.create_revision"),
        "whose changes reversion notes in the revision that is open",
    ),
    _Library(
        "django_multitenant",
        (
            "django_multitenant.models.TenantModel", "django_multitenant.mixins.TenantModelMixin",
            "django_multitenant.models.TenantModelMixin",
        ),
        frozenset(),
        (b"set_current_tenant", b"django_multitenant.middlewares"),
        ("django_multitenant.utils.set_current_tenant",),
        "whose rows django_multitenant filters by the tenant of the request",
        reads=True,
    ),
)  # fmt: skip
_WHY: Final = "which is known where its caller runs"
#: What a manager or a row does that writes rows, and has their signals sent.
_MAKING: Final = frozenset(
    {"create", "get_or_create", "update_or_create", "acreate", "aget_or_create"}
    | {"aupdate_or_create"}
)
_SAVING: Final = frozenset({"save", "delete", "asave", "adelete"})


def find_audited(graph: Graph) -> dict[str, dict[Definition, Effect]]:
    """Return, by the library, the functions that use such models, also through others."""
    found: dict[str, dict[Definition, Effect]] = {}
    for library in _LIBRARIES:
        models = _models(graph, library)
        if models and _keeps_requests(graph, library):
            direct = dict(_users(graph, library, models))
            own = {key for key in graph.bodies if _sets(graph.bodies[key], library)}
            found[library.name] = passed_up(graph, direct, stops=own)
    return found


def _models(graph: Graph, library: _Library) -> set[Symbol]:
    """Return the models that a library looks at, with those that derive from them."""
    found = {
        cls.symbol
        for cls in graph.definitions.classes.values()
        if any(_is_mark(graph, library, made) for made in _made_of(graph, cls))
        or not library.registers.isdisjoint(map(str, cls.decorators))
    }
    for body in graph.bodies.values():
        for call in body.calls:
            if any(str(origin.symbol) in library.registers for origin in call.callee):
                given = next((origins for place, origins in call.arguments if place == 0), ())
                found.update(one.symbol for one in given)
    known = found & graph.definitions.classes.keys()
    return known.union(sub.symbol for one in known for sub in graph.subclasses.get(one, ()))


def _made_of(graph: Graph, cls: Class) -> Iterator[Symbol | None]:
    """Yield what a class derives from, and what the values of its attributes are made by."""
    yield from (base for base in cls.bases if base is not None)
    for value in cls.assigned.values():
        if isinstance(value, ast.Call):
            yield graph.definitions.world.resolve(cls.module, value.func)


def _is_mark(graph: Graph, library: _Library, symbol: Symbol | None) -> bool:
    """Whether a class is, or derives from, what marks a model."""
    cls = graph.definitions.class_of(symbol)
    above: Iterable[object] = (symbol,) if cls is None else graph.definitions.ancestry(cls)
    return any(isinstance(one, Symbol) and str(one) in library.marks for one in above)


def _keeps_requests(graph: Graph, library: _Library) -> bool:
    """Whether the application has a middleware keep requests, or sets one itself."""
    sources = (names.source for names in graph.definitions.world.modules.values())
    return any(
        any(text in content for text in library.texts)
        for source in sources
        if not source.test and (content := source.path.read_bytes())
    )


def _sets(body: Body, library: _Library) -> bool:
    """Whether a body says by itself what the library would ask the request for."""
    if any(named(use.symbol.name, library.sets) for use in body.uses):
        return True
    nodes = () if body.definition is None else walk(body.definition.node)
    return any(isinstance(one, ast.Attribute) and one.attr in library.sets for one in nodes)


def _users(
    graph: Graph, library: _Library, models: set[Symbol]
) -> Iterator[tuple[Definition, Effect]]:
    """Yield the functions that use such models themselves."""
    for key, body in graph.bodies.items():
        if isinstance(key, Definition) and not _sets(body, library):
            used = next(_used(graph, library, body, models), None)
            if used is not None:
                verb = "uses" if library.reads else "writes"
                model, line = f"{used[0].module}.{used[0].name}", used[1]
                what = f"{verb} {model} ({key.file}:{line}), {library.does}"
                yield key, Effect(what, False, key.file, line, _WHY, doubtful=True)


def _used(
    graph: Graph, library: _Library, body: Body, models: set[Symbol]
) -> Iterator[tuple[Symbol, int]]:
    """Yield the models whose rows a body writes, or reads where that matters, with the line."""
    mentioned: dict[Symbol, int] = {}
    for use in body.uses:
        model, rest = _model(use.symbol, models)
        if model is not None:
            mentioned.setdefault(model, use.line)
            if rest.rpartition(".")[2] in _MAKING or (library.reads and rest):
                yield model, use.line
    for call in body.calls:
        if call.method in _SAVING:
            model = _saved(graph, body, call, models, mentioned)
            if model is not None:
                yield model, call.line


def _model(symbol: Symbol, models: set[Symbol]) -> tuple[Symbol | None, str]:
    """Return the model that a dotted name is of, and what of it."""
    head, _, rest = symbol.name.partition(".")
    model = Symbol(symbol.module, head)
    return (model if model in models else None), rest


def _saved(
    graph: Graph, body: Body, call: Call, models: set[Symbol], mentioned: dict[Symbol, int]
) -> Symbol | None:
    """Return the model of which a row is saved, where nothing says that it is of another one."""
    known: set[Symbol] = set()
    for origin in call.receiver:
        known.update(cls.symbol for cls in graph.classes_of(body, origin))
        model, _ = _model(origin.symbol, models)
        known.update(() if model is None else (model,))
    found = known & models if known else mentioned.keys()
    return min(found, default=None)

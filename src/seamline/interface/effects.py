"""What functions do to the process they run in, beside names of the application's modules."""

import ast
from collections.abc import Container, Iterator, Mapping
from itertools import chain
from typing import Final, NamedTuple, TypeVar

from seamline.interface.body import Body, Call
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

_Found = TypeVar("_Found")

#: Calls that import what they are told by name.
_IMPORTING: Final = frozenset(
    {
        "importlib.import_module", "importlib.__import__", "builtins.__import__",
        "runpy.run_module", "runpy.run_path", "pydoc.locate", "imp.load_module",
        "imp.load_source", "werkzeug.utils.import_string", "werkzeug.utils.find_modules",
        "django.utils.module_loading.import_string",
        "django.utils.module_loading.autodiscover_modules", "importlib.reload",
    }
)  # fmt: skip
#: Methods of loaders.
_LOADING: Final = frozenset({"exec_module", "load_module"})
#: Methods of signals that a library keeps by name, and functions that do the same.
_CONNECTING: Final = frozenset({"connect", "disconnect"})
_LISTENING: Final = ("sqlalchemy.event.listen", "sqlalchemy.event.remove")
_SIGNALS: Final = ("blinker.", "flask.", "quart.", "django.")
#: What has a library keep a class: methods of mappers' registries, and functions.
_MAPPING: Final = frozenset({"map_imperatively", "map_declaratively"})
_NOTING: Final = frozenset({"sqlalchemy.orm.mapper", "sqlite3.register_adapter", "copyreg.pickle"})
_CLEARING: Final = "sqlalchemy.orm.clear_mappers"
_CURRENT: Final = ("flask.current_app.", "quart.current_app.")
_ENTRY_POINTS: Final = ("importlib.metadata.", "importlib_metadata.", "pkg_resources.")


class Effect(NamedTuple):
    """Something that a function, or what it calls, does to its process.

    Attributes:
        what: As a clause with the function as its subject.
        alone: Whether nothing is done with the result, so that it is done for the effect.
        file: Where, with the line.
        why: What keeps the function with its caller.
        doubtful: Whether it may be none where the function would run otherwise.
    """

    what: str
    alone: bool
    file: str
    line: int
    why: str = "which its caller may need"
    doubtful: bool = False

    @property
    def told(self) -> str:
        """Return what, and where."""
        return f"{self.what} ({self.file}:{self.line})"


def find_effects(graph: Graph) -> dict[Definition, Effect]:
    """Return what each function does to its process, directly or through what it calls."""
    found: dict[Definition, Effect] = {}
    for key, body in graph.bodies.items():
        if isinstance(key, Definition):
            every = (each(graph, key, body) for each in _EFFECTS)
            effect = next(chain.from_iterable(every), None)
            if effect is not None:
                found[key] = effect
    return passed_up(graph, found)


def passed_up(
    graph: Graph,
    direct: Mapping[Definition, _Found],
    within: Container[str] | None = None,
    stops: Container[Definition | str] = (),
    keeps: Container[Definition] = (),
) -> dict[Definition, _Found]:
    """Return what was found of functions with what was of those that they certainly call.

    Args:
        graph: Who calls whom.
        direct: What was found.
        within: The modules of callers that count; None for all.
        stops: Callers that do not, nor do those that call them.
        keeps: What keeps it to itself, also what it calls.
    """
    found = dict(direct)
    queue = [key for key in found if key not in keeps]
    while queue:
        key = queue.pop()
        for caller in graph.callers.get(key, ()):
            if not isinstance(caller, Definition) or caller in found or caller in stops:
                continue
            if within is not None and caller.module not in within:
                continue
            if any(e.target is key and not e.guess for e in graph.edges[caller]):
                found[caller] = found[key]
                if caller not in keeps:
                    queue.append(caller)
    return found


def _imports(graph: Graph, definition: Definition, body: Body) -> Iterator[Effect]:
    """Yield where a function imports what only the run tells, for the effect first."""
    found = []
    for call in filter(_is_import, body.calls):
        nodes = [
            node
            for node in walk(definition.node)
            if isinstance(node, ast.Call) and node.lineno == call.line
            if len(node.args) + len(node.keywords) == len(call.arguments)
        ]
        computed = [node for node in nodes if _is_computed(graph, body.module, node)]
        if computed:
            alone = call.method in _LOADING or _is_statement(definition, computed)
            what = "imports modules by names that are computed"
            found.append(Effect(what, alone, definition.file, call.line))
    yield from sorted(found, key=lambda effect: not effect.alone)


def _connections(graph: Graph, definition: Definition, body: Body) -> Iterator[Effect]:
    """Yield where a function connects others to what a library has in each process.

    What it made itself or was given, an engine of its own, is no matter to other processes.
    """
    for call in body.calls:
        given = {origin for _, origins in call.arguments for origin in origins}
        if _is_connecting(graph, call) and any(
            origin.kind == "function" or origin.symbol in graph.definitions.functions
            for origin in given
        ):
            what = "connects a function to a signal of its process"
            yield Effect(what, True, definition.file, call.line)


def _is_connecting(graph: Graph, call: Call) -> bool:
    if call.method in _CONNECTING:
        return any(
            not one.symbol.module and one.symbol.name.startswith(_SIGNALS) for one in call.receiver
        )
    on = next((origins for place, origins in call.arguments if place == 0), ())
    is_of_class = any(
        one.kind == "symbol" and (not one.symbol.module or one.symbol in graph.definitions.classes)
        for one in on
    )
    return is_of_class and any(
        not one.symbol.module and one.symbol.name.startswith(_LISTENING) for one in call.callee
    )


def _registrations(graph: Graph, definition: Definition, body: Body) -> Iterator[Effect]:
    """Yield where a function has a library note a class of the application, as a mapper does."""
    for call in body.calls:
        given = {one.symbol for _, origins in call.arguments for one in origins}
        noted = given & graph.definitions.classes.keys()
        if noted and _is_noting(call):
            what = f"registers {min(noted).name} with a library"
            yield Effect(what, True, definition.file, call.line)
        elif any(str(one.symbol) == _CLEARING for one in call.callee):
            yield Effect("clears all mappers", True, definition.file, call.line)


def _is_noting(call: Call) -> bool:
    if call.method in _MAPPING:
        return True
    return any(
        one.kind == "symbol" and not one.symbol.module
        and (one.symbol.name in _NOTING or one.symbol.name.endswith(".register"))
        for one in call.callee
    )  # fmt: skip


def _settings(graph: Graph, definition: Definition, body: Body) -> Iterator[Effect]:
    """Yield where a function changes the configuration or an attribute of the application.

    The host's is one of its own: such a call raises when it ends.
    """
    del graph
    for use in body.uses:
        if use.how != "read" and _is_current(use.symbol):
            what = f"changes {use.symbol.name.partition('.')[2]}"
            yield Effect(what, True, definition.file, use.line)


def _is_current(symbol: Symbol) -> bool:
    return not symbol.module and symbol.name.startswith(_CURRENT)


#: What is done to a process, the first that is found counts.
_EFFECTS: Final = (_imports, _connections, _registrations, _settings)


def _is_import(call: Call) -> bool:
    if call.method in _LOADING:
        return True
    libraries = [origin for origin in call.callee if not origin.symbol.module]
    return any(
        (origin.kind == "symbol" and str(origin.symbol) in _IMPORTING)
        or (
            call.method == "load"
            and origin.kind in ("symbol", "call")
            and origin.symbol.name.startswith(_ENTRY_POINTS)
        )
        for origin in libraries
    )


def _is_computed(graph: Graph, module: str, node: ast.Call) -> bool:
    """Whether the name that a call imports is not written there, nor in a name of the module."""
    if not node.args:
        return True
    world, name = graph.definitions.world, node.args[0]
    if isinstance(name, (ast.Name, ast.Attribute)):
        symbol = world.resolve(module, name)
        names = world.modules.get(symbol.module) if symbol is not None else None
        if symbol is not None and names is not None and symbol.name not in names.rebound:
            bound = names.assigned.get(symbol.name, ())
            return not bound or not all(isinstance(one.value, ast.Constant) for one in bound)
    return not isinstance(name, ast.Constant)


def _is_statement(definition: Definition, nodes: list[ast.Call]) -> bool:
    """Whether one of these calls is a statement by itself."""
    return any(
        isinstance(part, ast.Expr) and part.value in nodes for part in walk(definition.node)
    )

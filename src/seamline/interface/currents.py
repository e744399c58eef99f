"""Functions that use what a task queue takes for current: ``celery.current_app``, say.

It is what was made or set in their process, so on a host that does not import the module which
does, it is another one.
"""

from collections.abc import Iterator, Set as AbstractSet
from typing import Final

from seamline.interface.body import Body, Call
from seamline.interface.effects import Effect, passed_up
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.known import named
from seamline.interface.names import Symbol
from seamline.interface.wrapping import covers, nested_lines

_CURRENT: Final = (
    "celery.current_app", "celery.current_task", "celery.app.app_or_default",
    "celery.app.default_app", "celery._state.current_app", "celery._state.current_task",
    "celery._state.get_current_app", "celery._state.get_current_task",
    "celery.execute.send_task", "dramatiq.get_broker", "dramatiq.broker.get_broker",
)  # fmt: skip
#: Decorators whose functions are sent to what is current, by these methods.
_SENT: Final = {
    "celery.shared_task": frozenset({"delay", "apply_async", "retry"}),
    "celery.app.shared_task": frozenset({"delay", "apply_async", "retry"}),
    "dramatiq.actor": frozenset({"send", "send_with_options"}),
    "dramatiq.actor.actor": frozenset({"send", "send_with_options"}),
}
#: What makes something current, by the library.
_MAKERS: Final = {
    "celery.Celery": "celery",
    "celery.app.Celery": "celery",
    "celery.app.base.Celery": "celery",
    "dramatiq.set_broker": "dramatiq",
    "dramatiq.broker.set_broker": "dramatiq",
}
#: Methods of an application of Celery that make it current.
_SETTING: Final = frozenset({"set_current", "set_default"})


def find_currents(graph: Graph) -> dict[str, dict[Definition, Effect]]:
    """Return, by library, the functions that use what is current, also through others."""
    found: dict[str, dict[Definition, Effect]] = {}
    for key, body in graph.bodies.items():
        for name, line in _used(graph, body) if isinstance(key, Definition) else ():
            assert isinstance(key, Definition)
            what = f"uses {name}, what its process made current"
            effect = Effect(what, False, key.file, line, "which its caller has")
            found.setdefault(name.partition(".")[0], {}).setdefault(key, effect)
    return {library: passed_up(graph, direct) for library, direct in found.items()}


def _used(graph: Graph, body: Body) -> Iterator[tuple[str, int]]:
    """Yield what is current that a body names itself, and the tasks that it sends there."""
    for use in body.uses:
        if not use.symbol.module:
            if named(use.symbol.name, _CURRENT):
                yield next(n for n in _CURRENT if named(use.symbol.name, (n,))), use.line
            continue
        task, _, method = use.symbol.name.rpartition(".")
        for definition in graph.definitions.functions.get(Symbol(use.symbol.module, task), ()):
            for decorator in map(str, definition.decorators):
                if method in _SENT.get(decorator, ()):
                    yield f"{decorator} {task}", use.line


def made_current(graph: Graph, modules: AbstractSet[str]) -> set[str]:
    """Return the libraries for which importing these modules makes something current."""
    waiting: list[Definition | str] = [*modules]
    run = set(waiting)
    made: set[str] = set()
    while waiting:
        body = graph.bodies[waiting.pop()]
        later = () if body.definition is None else nested_lines(body.definition)
        for call in body.calls:
            if call.stored or covers(later, call.line):
                continue
            made.update(_made_by(graph, body, call))
            entered = [b.target for b in graph.entered(body, call) if not b.guess | b.override]
            waiting += (target for target in entered if target not in run)
            run.update(entered)
    return made


def may_make_current(graph: Graph, modules: AbstractSet[str]) -> set[str]:
    """Return the libraries for which these modules make something current if all of them runs."""
    return {
        library
        for body in graph.bodies.values()
        if body.module in modules
        for call in body.calls
        for library in _made_by(graph, body, call)
    }


def _made_by(graph: Graph, body: Body, call: Call) -> Iterator[str]:
    """Yield the library for which a call makes something current."""
    if call.method in _SETTING and not call.arguments and not graph.entered(body, call):
        yield "celery"
    for origin in call.callee:
        cls = graph.definitions.classes.get(origin.symbol)
        above = [origin.symbol] if cls is None else graph.definitions.ancestry(cls)
        for symbol in above:
            # The text of a class is all that is in it.
            if isinstance(symbol, Symbol) and str(symbol) in _MAKERS:
                yield _MAKERS[str(symbol)]

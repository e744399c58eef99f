"""Methods that a library calls, because they override one of a class of its own."""

import ast
import re

from msgspec.structs import replace

from seamline.interface.application import Application, ServiceFacts
from seamline.interface.functions import Class, Definition
from seamline.interface.graph import Graph
from seamline.interface.model import Finding, Severity, Verdict
from seamline.interface.names import Symbol
from seamline.interface.walking import walk


def called_by_library(
    application: Application, facts: ServiceFacts, definition: Definition, finding: Finding
) -> Finding | None:
    """Return what is said of a refused method that nobody calls but a library; None for others.

    Its place is that of the class: instances are what the library calls it on, in whatever process
    they are made, also where only a text names the class.

    Args:
        application: All of it.
        facts: The service that the method is of.
        definition: What cannot be called from another process.
        finding: That says so.
    """
    overridden, cls = _overridden(application.graph, definition), definition.owner
    if cls is None or not overridden or _is_only_on_host(application, facts, cls):
        return None
    message = f"{finding.message}; it overrides {overridden}, so the library calls it"
    line = cls.node.lineno
    return replace(finding, severity=Severity.WARNING, message=message, line=line)


def _overridden(graph: Graph, definition: Definition) -> str:
    """Return the method of a library's class that a method stands in for; empty if none."""
    name = definition.node.name
    if definition.owner is None or name.startswith("__"):
        return ""
    for base in graph.definitions.ancestry(definition.owner):
        if isinstance(base, Symbol) and not base.module and _defines(graph, base.name, name):
            return f"{base.name}.{name}"
    return ""


def _defines(graph: Graph, dotted: str, name: str) -> bool:
    """Whether a library's class has such a method, or one that it derives from does."""
    return any(
        isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)) and part.name == name
        for cls in graph.types.foreign.ancestry(dotted)
        if isinstance(cls, ast.ClassDef)
        for part in cls.body
    )


def _is_only_on_host(application: Application, facts: ServiceFacts, cls: Class) -> bool:
    """Whether instances of a class are certainly made on the host of its service, and stay there.

    Every function that names it runs there or is called only by such functions, no import leads
    to one, no text names it, and instances do not cross.
    """
    graph = application.graph
    if cls.decorators or graph.subclasses.get(cls.symbol):
        return False
    if application.types.kind(cls.symbol) != "plain" or _is_in_a_text(application, cls.name):
        return False
    naming = [
        key
        for key, body in graph.bodies.items()
        if body.definition is None or body.definition.owner is not cls
        if any(f"{use.symbol}.".startswith(f"{cls.symbol}.") for use in body.uses)
    ]
    return bool(naming) and all(_runs_on_host(graph, facts, key) for key in naming)


def _runs_on_host(graph: Graph, facts: ServiceFacts, key: Definition | str) -> bool:
    """Whether a function runs on the host of a service, whoever calls it."""
    waiting, seen = [(key, False)], set()
    while waiting:
        one, is_inside = waiting.pop()
        function = None if isinstance(one, str) else facts.functions.get(one)
        remote = function is not None and function.verdict is Verdict.REMOTE
        callers = [] if isinstance(one, str) else graph.callers.get(one, [])
        enters = remote and function is not None and not function.stays
        # While importing, all runs where it is called; what nobody calls, a library may.
        if isinstance(one, str) or not (is_inside or enters or callers):
            return False
        if not (is_inside or enters) and (function is None or function.public):
            return False
        more = [(caller, is_inside or enters) for caller in callers]
        waiting += [step for step in more if step not in seen]
        seen.update(more)
    return True


def _is_in_a_text(application: Application, name: str) -> bool:
    """Whether a text anywhere in the application may name a class."""
    named = re.compile(rf"(?:^|[.:]){re.escape(name)}$")
    return any(
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and named.search(node.value) is not None
        for source in application.sources.modules.values()
        for node in walk(source.tree)
    )

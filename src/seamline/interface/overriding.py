"""Methods that a library calls, because they override one of a class of its own."""

import ast

from msgspec.structs import replace

from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.model import Finding, Severity
from seamline.interface.names import Symbol


def called_by_library(graph: Graph, definition: Definition, finding: Finding) -> Finding | None:
    """Return what is said of a refused method that nobody calls but a library; None for others.

    Its place is that of the class: instances are what the library calls it on, in whatever process
    they are made, also where only a text names the class.

    Args:
        graph: The application.
        definition: What cannot be called from another process.
        finding: That says so.
    """
    overridden, cls = _overridden(graph, definition), definition.owner
    if cls is None or not overridden:
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

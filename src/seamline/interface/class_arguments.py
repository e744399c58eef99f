"""Parameters that are classes, of which a function sets an attribute.

A class arrives as the one of its host: what is set there, the caller's own has not.
"""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.binding import parameter_of
from seamline.interface.body import Body
from seamline.interface.crossing import Obstacle
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.handles import Handles
from seamline.interface.mutation import CLASSES
from seamline.interface.walking import own_nodes

_SET: Final = Obstacle(
    "a class",
    "what is set on it",
    "return the values, and set them where the class is used",
    "is",
)


def note_class_arguments(handles: Handles) -> None:
    """Add the parameters that are classes, and on which something is set, to what cannot cross.

    Where only its name or some of its callers say so, others may pass something else. What
    changes them otherwise raises when it does.
    """
    graph = handles.graph
    given = {one for body in graph.bodies.values() for one in _given(graph, body)}
    for definition, found in handles.found.items():
        names = {part.id for part in own_nodes(definition.node) for part in _set_on(part)}
        for name in names & definition.annotations().keys():
            leaves = graph.types.leaves(definition.module, definition.annotations()[name])
            is_said = bool(leaves) and str(leaves[0]) in CLASSES
            is_class = is_said or name == "cls" or (definition, name) in given
            if is_class and name != _own(definition):
                found.setdefault(name, _SET._replace(optional=not is_said))


def _own(definition: Definition) -> str:
    """Return the parameter of a method that is its object or its class."""
    is_method = definition.owner is not None and not definition.is_static
    return definition.parameters[0].arg if is_method and definition.parameters else ""


def _set_on(part: ast.AST) -> Iterator[ast.Name]:
    """Yield the names on which a part of a function sets an attribute."""
    match part:
        case ast.Attribute(value=ast.Name() as name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[ast.Name() as name, *_]):
            yield name
        case _:
            pass


def _given(graph: Graph, body: Body) -> Iterator[tuple[Definition, str]]:
    """Yield the parameters for which a body passes a class of the application."""
    classes = graph.definitions.classes
    for call in body.calls:
        places = [
            place
            for place, origins in call.arguments
            if any(one.kind == "symbol" and one.level == "whole" and one.symbol in classes
                   for one in origins)
        ]  # fmt: skip
        for bound in graph.entered(body, call) if places else ():
            for place in places:
                if not bound.guess:
                    at = place + bound.method if isinstance(place, int) else place
                    yield bound.target, parameter_of(bound.target.node, at)

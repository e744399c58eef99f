"""What the code that a host runs asks for, which other modules may have to register first."""

from collections.abc import Collection, Iterator, Mapping

from seamline.interface.body import Body
from seamline.interface.functions import Class
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin


def classes_listed(graph: Graph, bodies: Collection[Body]) -> dict[Symbol, bool]:
    """Return the classes whose subclasses these bodies list: ``Base.__subclasses__()``.

    With each, whether theirs are found as well: where what is listed has no name of its own,
    ``kind.__subclasses__()``, it may be what was found before.
    """
    found: set[Symbol] = set()
    goes_on = False
    modules = graph.definitions.world.modules
    for body in bodies:
        for call in () if modules[body.module].source.test else body.calls:
            if call.method == "__subclasses__":
                goes_on |= not call.receiver
                for origin in call.receiver:
                    goes_on |= not _is_named(body, origin)
                    found.update(_meant(graph, bodies, body, origin))
    return dict.fromkeys(found, goes_on)


def _is_named(body: Body, origin: Origin) -> bool:
    """Whether it is one class, and not the ``cls`` of a class method, or a parameter."""
    owner = None if body.definition is None else body.definition.owner
    return origin.kind == "symbol" and (owner is None or owner.symbol != origin.symbol)


def _meant(graph: Graph, bodies: Collection[Body], body: Body, origin: Origin) -> Iterator[Symbol]:
    """Yield the classes that one may be: named, its own, or what a function is called with."""
    if origin.kind == "symbol" and origin.symbol in graph.definitions.classes:
        yield origin.symbol
    yield from (cls.symbol for cls in graph.classes_of(body, origin))
    if origin.kind == "param" and body.definition is not None:
        for other in bodies:
            for call in other.calls:
                if any(bound.target is body.definition for bound in graph.entered(other, call)):
                    given = (one for _, origins in call.arguments for one in origins)
                    classes = graph.definitions.classes
                    yield from (one.symbol for one in given if one.symbol in classes)


def subclasses_in(
    graph: Graph, module: str, listed: Mapping[Symbol, bool]
) -> Iterator[tuple[Class, Symbol]]:
    """Yield the classes of a module that are subclasses of one of these, with that."""
    for cls in graph.definitions.classes_in(module) if listed else ():
        for base in list(graph.definitions.ancestry(cls))[1:]:
            if not isinstance(base, Class) or base.symbol not in listed:
                continue
            if listed[base.symbol] or base.symbol in cls.bases:
                yield cls, base.symbol

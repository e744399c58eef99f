"""Which arguments a result may be, or share what can change with; conservatively.

Not followed: what libraries return of what they are given.
"""

from collections.abc import Iterator

from seamline.interface.aliases import gives_values
from seamline.interface.application import Application
from seamline.interface.body import Body, Call
from seamline.interface.functions import Definition
from seamline.interface.mutation import passed_on
from seamline.interface.origins import Origin, Origins

#: What is known already; None while a function is being looked at.
Known = dict[Definition, frozenset[str] | None]


def shared_parameters(
    application: Application, definition: Definition, known: Known
) -> tuple[str, ...]:
    """Return the parameters that a result may share, in the order of the signature."""
    found = _shared(application, definition, known)
    return tuple(name for name in definition.annotations() if name in found)


def _shared(application: Application, definition: Definition, known: Known) -> frozenset[str]:
    if definition in known:
        found = known[definition]
        # Within a recursion anything may come back.
        return frozenset(definition.annotations()) if found is None else found
    known[definition] = None
    answer = known[definition] = _read(application, definition, known)
    return answer


def _read(application: Application, definition: Definition, known: Known) -> frozenset[str]:
    body = application.bodies[definition]
    if not body.returns or gives_values(application, definition):
        return frozenset()
    origins = [origin for found, _ in body.returns for origin in found]
    held = [*origins, *(origin for put in body.put for origin in put)]
    found = {origin.symbol.name for origin in held if _can_change(application, definition, origin)}
    made = {origin.symbol for origin in origins if origin.kind in ("call", "instance")}
    for call in body.calls:
        if any(origin.symbol in made for origin in call.callee):
            found |= set(_through(application, definition, body, call, known))
    return frozenset(found)


def _through(
    application: Application,
    definition: Definition,
    body: Body,
    call: Call,
    known: Known,
) -> Iterator[str]:
    """Yield the parameters that come back out of a call whose result is returned."""
    if any(origin.symbol in application.definitions.classes for origin in call.callee):
        for _, origins in call.arguments:
            yield from _changing(application, definition, origins)
    for name, target, parameter in passed_on(application.graph, body, call):
        if parameter in _shared(application, target, known):
            yield name


def _changing(application: Application, definition: Definition, origins: Origins) -> Iterator[str]:
    for origin in origins:
        if _can_change(application, definition, origin):
            yield origin.symbol.name


def _can_change(application: Application, definition: Definition, origin: Origin) -> bool:
    """Whether an origin is an argument, or a part of one, that can change in place."""
    if origin.kind != "param":
        return False
    types = application.types
    annotation = definition.annotations().get(origin.symbol.name)
    if types.is_immutable(definition.module, annotation):
        return False
    held = types.leaves(definition.module, annotation)[1:]
    return origin.level == "whole" or not held or not all(map(types.is_immutable_type, held))

"""Objects that change as they are used: iterators, generators of numbers, and their methods."""

import ast
from collections.abc import Iterator, Mapping

from seamline.interface.body import Body
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.known import (
    CHANGING,
    CONTAINERS,
    FRAMEWORK,
    ITERATORS,
    is_stdlib,
    named,
)
from seamline.interface.names import Symbol, World
from seamline.interface.origins import Tracer


def changes_when_used(world: World, module: str, value: ast.expr) -> bool:
    """Whether it is an iterator, or another such object of the standard library.

    A method bound to one, as ``random.Random(7).random`` or ``RNG.random``, changes it too.
    """
    if isinstance(value, ast.Call):
        made = world.resolve(module, value.func)
        return made is not None and not made.module and _is_changing(made.name)
    if not isinstance(value, ast.Attribute):
        return False
    if isinstance(value.value, ast.Call):
        return changes_when_used(world, module, value.value)
    owner = world.resolve(module, value.value)
    names = world.modules.get(owner.module) if owner is not None else None
    if owner is None or names is None:
        return False
    held = (binding.value for binding in names.assigned.get(owner.name, ()))
    return any(isinstance(v, ast.Call) and changes_when_used(world, owner.module, v) for v in held)


def is_plain(definitions: Definitions, cls: Class) -> bool:
    """Whether a class has no base, and no metaclass, of a library other than Python's own."""
    return all(
        (isinstance(found, Class) and (found.metaclass is None or bool(found.metaclass.module)))
        or (isinstance(found, Symbol) and is_stdlib(found.name))
        for found in definitions.ancestry(cls)
    )


def changing_attributes(definitions: Definitions) -> Iterator[tuple[Symbol, int]]:
    """Yield attributes of classes that are such objects, with the line."""
    for cls in definitions.classes.values():
        for name, value in cls.assigned.items():
            is_test = definitions.world.modules[cls.module].source.test
            if not is_test and changes_when_used(definitions.world, cls.module, value):
                yield Symbol(cls.module, f"{cls.name}.{name}"), value.lineno


def _is_changing(dotted: str) -> bool:
    return is_stdlib(dotted) and (named(dotted, CHANGING) or named(dotted, ITERATORS))


def is_bound(tracer: Tracer, bodies: Mapping[Definition | str, Body], value: ast.expr) -> bool:
    """Whether it is a method bound to an instance that it changes: ``Clock().tick``."""
    if not isinstance(value, ast.Attribute):
        return False
    made = (o.symbol for o in tracer.of(value.value, None) if o.kind == "instance")
    known = tracer.definitions.classes
    return any(changes_self(tracer.definitions, bodies, known[s], value.attr) for s in made)


def changes_self(
    definitions: Definitions, bodies: Mapping[Definition | str, Body], cls: Class, name: str
) -> bool:
    """Whether a method of a class changes its instance."""
    return any(
        bool(method.parameters)
        and not method.is_static
        and method.parameters[0].arg in bodies[method].changed
        for method in definitions.methods_of(cls, name)
    )


def class_changes(
    definitions: Definitions, bodies: Mapping[Definition | str, Body], cls: Class
) -> bool:
    """Whether instances of a class may change: by a method, or for what they are made of."""
    for found in definitions.ancestry(cls):
        if not isinstance(found, Class):
            if found is None or not (is_stdlib(found.name) or named(found.name, FRAMEWORK)):
                return True
            if found.name in CONTAINERS:
                return True
            continue
        for name, methods in found.methods.items():
            if name in ("__init__", "__post_init__", "__new__", "__set_name__"):
                continue
            for method in methods:
                first = method.parameters[0].arg if method.parameters else ""
                if first in bodies[method].changed and not method.is_static:
                    return True
    return False


def is_changed_by_methods(
    definitions: Definitions, bodies: Mapping[Definition | str, Body], cls: Class
) -> bool:
    """Whether methods that are called by name change an instance that refuses assignments.

    Special methods and properties only remember what they worked out.
    """
    return any(
        changes_self(definitions, bodies, cls, name)
        for found in definitions.ancestry(cls)
        if isinstance(found, Class)
        for name, methods in found.methods.items()
        if not name.startswith("__") and not any(method.decorators for method in methods)
    )

"""What the parameters of a function are, as far as its definition says."""

from seamline.interface.classes import CLASS, OWNER, annotated_classes, parameter_class
from seamline.interface.functions import Class, Definition
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin, Scope, Tracer


def scope_of(tracer: Tracer, definition: Definition) -> Scope:
    """Return the scope of a function, with what its parameters are."""
    scope = tracer.scope(definition.node, None)
    for name in definition.annotations():
        scope.fixed[name] = frozenset({Origin("param", Symbol("", name))})
    for name, symbol in annotated_classes(tracer.definitions, definition):
        scope.fixed[parameter_class(name)] = frozenset({Origin("symbol", symbol)})
    owner: Class | None = definition.owner
    if owner is not None and not definition.is_static and definition.parameters:
        first = definition.parameters[0].arg
        instance = frozenset({Origin("symbol", owner.symbol)})
        if definition.decorated_with("builtins.classmethod") or definition.node.name in (
            "__new__",
            "__init_subclass__",
            "__class_getitem__",
        ):
            scope.fixed[first] = instance
        scope.fixed[OWNER] = scope.fixed[CLASS] = instance
    return scope

"""Which class an object is of, and what is found in the namespace of a class. Source only."""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.functions import Definition, Definitions
from seamline.interface.names import Symbol

#: How ``type(x)`` is written as an attribute.
CLASS: Final = "__class__"
#: The name under which a scope keeps the class that its function is a method of.
OWNER: Final = "\0class"


def parameter_class(name: str) -> str:
    """Return the name under which a scope keeps the class of one parameter."""
    return f"{OWNER} {name}"


def annotated_classes(
    definitions: Definitions, definition: Definition
) -> Iterator[tuple[str, Symbol]]:
    """Yield the parameters whose annotation is one class of the application."""
    for name, annotation in definition.annotations().items():
        written = annotation
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            written = _parsed(annotation.value)
        symbol = None if written is None else definitions.world.resolve(definition.module, written)
        if symbol in definitions.classes:
            yield name, symbol


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def class_held(definitions: Definitions, symbol: Symbol) -> Iterator[Symbol]:
    """Yield the classes whose instances a module-level name is bound to."""
    names = definitions.world.modules.get(symbol.module)
    for binding in () if names is None else names.assigned.get(symbol.name, ()):
        if isinstance(binding.value, ast.Call):
            made = definitions.world.resolve(symbol.module, binding.value.func)
            if made in definitions.classes:
                yield made


def is_class_namespace(symbol: Symbol) -> bool:
    """Whether it may be the dictionary of the attributes of a class."""
    return bool(symbol.module) and symbol.name.endswith(".__dict__")


def class_entry(definitions: Definitions, symbol: Symbol, text: str) -> Symbol | None:
    """Return the attribute that ``Class.__dict__["text"]`` is, for ``Class.__dict__``."""
    owner, _, space = symbol.name.rpartition(".")
    cls = Symbol(symbol.module, owner)
    if space != "__dict__" or cls not in definitions.classes:
        return None
    return Symbol(symbol.module, f"{owner}.{text}")

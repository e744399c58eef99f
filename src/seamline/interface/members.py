"""Objects that their own methods change although their class is mostly made for constants.

An abstract class, a protocol or an exception says nothing of what derives from it, and members
of an enumeration are instances that live as long as the process.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from seamline.interface.body import Body
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.iterating import changes_self
from seamline.interface.known import named as is_named
from seamline.interface.names import Symbol
from seamline.interface.shapes import is_enum

_MAKING: Final = frozenset({"__init__", "__post_init__", "__new__", "__set_name__"})
#: Classes whose objects each get a copy of what a field is at first.
_COPYING: Final = (
    "pydantic.BaseModel", "pydantic.RootModel", "pydantic.generics.GenericModel",
    "pydantic.v1.BaseModel", "pydantic_settings.BaseSettings", "sqlmodel.SQLModel",
    "msgspec.Struct",
)  # fmt: skip
_Bodies = Mapping[Definition | str, Body]


def changes_itself(
    definitions: Definitions, bodies: _Bodies, cls: Class, *, named: bool = False
) -> bool:
    """Whether a method of the application's changes instances after they were made.

    Args:
        definitions: Those of the application.
        bodies: What its functions do.
        cls: The class.
        named: Count methods that are called by their name alone: special methods and
            properties of what is no container mostly remember what they worked out.
    """
    return any(
        changes_self(definitions, bodies, cls, name)
        for found in definitions.ancestry(cls)
        if isinstance(found, Class)
        for name, methods in found.methods.items()
        if name not in _MAKING
        and not (named and (name.startswith("__") or any(one.decorators for one in methods)))
    )


def changing_members(definitions: Definitions, bodies: _Bodies) -> Iterator[tuple[Symbol, int]]:
    """Yield the members of enumerations that methods, or others, change, with the line."""
    changed = {
        (use.symbol.module, *use.symbol.name.split(".")[:2])
        for key, body in bodies.items()
        for use in body.uses
        if use.how != "read" and not isinstance(key, str) and use.symbol.name.count(".") > 1
    }
    for cls in definitions.classes.values():
        if not is_enum(definitions, cls) or definitions.world.modules[cls.module].source.test:
            continue
        by_method = changes_itself(definitions, bodies, cls, named=True)
        for name, value in cls.assigned.items():
            if by_method or (cls.module, cls.name, name) in changed:
                yield Symbol(cls.module, f"{cls.name}.{name}"), value.lineno


def is_copied(definitions: Definitions, cls: Class, name: str) -> bool:
    """Whether a name in a class is a field whose value at first is copied for each object."""
    annotation = cls.fields.get(name)
    if annotation is None or name.startswith("_") or "ClassVar" in ast.unparse(annotation):
        return False
    above = (found.name for found in definitions.ancestry(cls) if isinstance(found, Symbol))
    return any(is_named(base, _COPYING) for base in above)

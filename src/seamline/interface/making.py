"""What making a class runs: its decorators, metaclass, bases and descriptors."""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.graph import Graph

_OF_METACLASS: Final = ("__prepare__", "__new__", "__init__")


def run_by_making(graph: Graph, cls: Class) -> Iterator[tuple[Definition, int]]:
    """Yield the definitions that are run once by making a class, with the line."""
    for node, symbol in zip(cls.node.decorator_list, cls.decorators, strict=True):
        if symbol is not None:
            yield from ((definition, node.lineno) for definition in graph.run_by(symbol))
    yield from ((definition, cls.node.lineno) for definition in _made(graph.definitions, cls))


def _made(definitions: Definitions, cls: Class) -> Iterator[Definition]:
    """Yield what a metaclass, the bases and descriptors have run."""
    above = [found for found in definitions.ancestry(cls) if isinstance(found, Class)]
    for base in above[1:]:
        yield from base.methods.get("__init_subclass__", ())
    for meta in filter(None, (definitions.class_of(found.metaclass) for found in above)):
        for name in _OF_METACLASS:
            yield from definitions.methods_of(meta, name)
    for value in cls.assigned.values():
        made = value.func if isinstance(value, ast.Call) else None
        symbol = None if made is None else definitions.world.resolve(cls.module, made)
        held = definitions.class_of(symbol)
        if held is not None:
            yield from definitions.methods_of(held, "__set_name__")

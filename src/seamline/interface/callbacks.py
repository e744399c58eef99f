"""Functions that a framework calls: views, routes, commands, filters, start-up hooks."""

import ast
from typing import Final

from seamline.interface.body import Body, Call
from seamline.interface.facts import StateMap
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.known import (
    FRAMEWORK,
    FRAMEWORK_SIGNALS,
    REGISTERING,
    REGISTERING_ON_FRAMEWORK,
    REGISTRARS,
    named,
)
from seamline.interface.names import Symbol, World
from seamline.interface.origins import Origin, Origins
from seamline.interface.typenames import UNSENDABLE

_HOOKS: Final = ("init", "register", "setup", "configure", "create", "install", "attach", "add")
_APPLICATIONS: Final = frozenset({"app", "application", "flask_app", "router", "blueprint"})


def find_callbacks(graph: Graph, state: StateMap) -> dict[Definition, str]:
    """Return why each function that a framework calls is one."""
    found: dict[Definition, str] = {}
    for body in graph.bodies.values():
        for decorator, definition in body.registered:
            if _decorates(graph, state, body, decorator):
                found.setdefault(definition, f"registered by @{ast.unparse(decorator)}")
        where = graph.definitions.world.modules[body.module].source.file
        for call in filter(_is_registering, body.calls):
            given = frozenset[Origin]().union(*(origins for _, origins in call.arguments))
            for definition in _functions(graph, given):
                found.setdefault(definition, f"registered at {where}:{call.line}")
    for definitions in graph.definitions.by_module.values():
        for definition in definitions:
            if definition not in found and takes_application(graph, definition):
                found[definition] = "takes the application object"
    return found


def takes_application(graph: Graph, definition: Definition) -> bool:
    """Whether a function is a hook such as ``init_app(app)``, or a factory of applications."""
    annotations = definition.annotations()
    for annotation in (*annotations.values(), definition.node.returns):
        for symbol in graph.types.leaves(definition.module, annotation):
            if UNSENDABLE.get(str(symbol)) in ("an application object", "a framework object"):
                return True
    if definition.node.name.startswith(_HOOKS):
        return any(annotations.get(name, True) is None for name in _APPLICATIONS)
    return False


def _functions(graph: Graph, origins: Origins) -> list[Definition]:
    return [
        definition
        for origin in origins
        if origin.kind == "symbol" and origin.level == "whole"
        for definition in graph.definitions.functions.get(origin.symbol, ())
    ]


def _decorates(graph: Graph, state: StateMap, body: Body, decorator: ast.expr) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    world = graph.definitions.world
    symbol = world.resolve(body.module, function)
    if symbol is not None and not symbol.module and named(symbol.name, REGISTRARS):
        return True
    if not isinstance(function, ast.Attribute):
        return False
    owner = world.resolve(body.module, function.value)
    return _registers(world, state, function.attr, owner)


def _registers(world: World, state: StateMap, method: str, owner: Symbol | None) -> bool:
    """Whether a method of what a symbol stands for registers a function with a framework."""
    if method in REGISTERING:
        return True
    if method not in REGISTERING_ON_FRAMEWORK or owner is None:
        return False
    if not owner.module:
        return named(owner.name, FRAMEWORK_SIGNALS) or (
            named(owner.name, FRAMEWORK) and not owner.name.startswith("blinker.")
        )
    head = Symbol(owner.module, owner.name.partition(".")[0])
    return head in state.framework and not _is_signal(world, head)


def _is_signal(world: World, symbol: Symbol) -> bool:
    """Whether a name is a blinker signal, or a namespace of them: its receivers are remote."""
    for binding in world.modules[symbol.module].assigned.get(symbol.name, ()):
        value = binding.value
        while isinstance(value, (ast.Call, ast.Attribute)):
            value = value.func if isinstance(value, ast.Call) else value.value
            made = world.resolve(symbol.module, value)
            if made is not None and made.name.startswith("blinker."):
                return True
            if made is not None and made.module and made != symbol and _is_signal(world, made):
                return True
    return False


def _is_registering(call: Call) -> bool:
    for origin in call.callee:
        if origin.kind in ("symbol", "call") and not origin.symbol.module:
            if named(origin.symbol.name, REGISTRARS):
                return True
            signal = named(origin.symbol.name, FRAMEWORK_SIGNALS)
            if signal and call.method in ("connect", "connect_via"):
                return True
    return call.method in REGISTERING

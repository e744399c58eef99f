"""Which expressions of the source make an application object. Nothing is executed."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface import Application, Class, Definition, Symbol, statements
from seamline.proposal.known import APPLICATIONS, OBJECT_NAMES, WRAPPERS, Entrance

Made = tuple[str, Entrance]
Function = ast.FunctionDef | ast.AsyncFunctionDef

_PLAIN_WSGI: Final = ("WSGI", Entrance.WSGI)
_PLAIN_ASGI: Final = ("ASGI", Entrance.ASGI)
# Factories that call factories that call factories; deeper ones are found by their own names.
_MOST_STEPS: Final = 6


@dataclass(slots=True)
class Classifier:
    """Answers what a name or an expression of the application makes."""

    application: Application
    _functions: dict[int, Made | None] = field(default_factory=dict)

    def bound(self, module: str, name: str, steps: int = 0) -> Made | None:
        """Return what application a module-level name holds."""
        names = self.application.definitions.world.modules[module]
        for binding in reversed(names.assigned.get(name, ())):
            if binding.value is not None:
                is_usual = name in OBJECT_NAMES
                made = self.expression(module, binding.value, {}, steps, is_usual=is_usual)
                if made is not None:
                    return made
        return None

    def expression(
        self,
        module: str,
        node: ast.expr,
        local: dict[str, Made],
        steps: int = 0,
        *,
        is_usual: bool = False,
    ) -> Made | None:
        """Return what application an expression makes.

        Args:
            module: Where it stands.
            node: The expression.
            local: What the variables of the function around it hold.
            steps: Names and functions followed already.
            is_usual: Whether it is given a name that applications have.
        """
        if steps > _MOST_STEPS:
            return None
        if isinstance(node, ast.Await):
            node = node.value
        if isinstance(node, ast.Name) and node.id in local:
            return local[node.id]
        if isinstance(node, (ast.Name, ast.Attribute)):
            symbol = self.application.definitions.world.resolve(module, node)
            if symbol is not None and symbol.module and symbol.name and "." not in symbol.name:
                return self.bound(symbol.module, symbol.name, steps + 1)
            return None
        if isinstance(node, ast.Call):
            return self._call(module, node, local, steps, is_usual=is_usual)
        return None

    def _call(
        self, module: str, node: ast.Call, local: dict[str, Made], steps: int, *, is_usual: bool
    ) -> Made | None:
        definitions = self.application.definitions
        if isinstance(node.func, ast.Attribute) and node.func.attr == "make_wsgi_app":
            return APPLICATIONS["pyramid.config.Configurator.make_wsgi_app"]
        symbol = definitions.world.resolve(module, node.func)
        if symbol is not None and str(symbol) in APPLICATIONS:
            return APPLICATIONS[str(symbol)]
        if symbol is not None and symbol.module:
            for definition in definitions.functions.get(symbol, ()):
                made = self.made_by(definition, steps + 1)
                if made is not None:
                    return made
            cls = definitions.classes.get(symbol)
            if cls is not None:
                return self.of_class(cls)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)
        if is_usual or name.endswith(WRAPPERS):
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                made = self.expression(module, argument, local, steps + 1)
                if made is not None and made[1] is not Entrance.SERVER:
                    return made
        return None

    def of_class(self, cls: Class) -> Made | None:
        """Return what application an instance of a class of the project is."""
        definitions = self.application.definitions
        for base in definitions.ancestry(cls):
            if isinstance(base, Symbol) and str(base) in APPLICATIONS:
                return APPLICATIONS[str(base)]
        for method in definitions.methods_of(cls, "__call__"):
            made = plain(method.node, is_method=True)
            if made is not None:
                return made
        return None

    def made_by(self, definition: Definition, steps: int = 0) -> Made | None:
        """Return what application a call of a function returns."""
        key = id(definition)
        if key not in self._functions:
            self._functions[key] = None  # what a function that calls itself gets
            self._functions[key] = self._returned(definition, steps)
        return self._functions[key]

    def _returned(self, definition: Definition, steps: int) -> Made | None:
        module = definition.module
        local: dict[str, Made] = {}
        for node in statements(definition.node.body):
            if isinstance(node, Function) and (made := plain(node)):
                local.setdefault(node.name, made)
            for name, value in _assigned(node):
                usual = name in OBJECT_NAMES
                if made := self.expression(module, value, local, steps, is_usual=usual):
                    local[name] = made
            if (
                isinstance(node, ast.Return)
                and node.value is not None
                and (made := self.expression(module, node.value, local, steps))
            ):
                return made
        return self._annotated(definition)

    def _annotated(self, definition: Definition) -> Made | None:
        """Return what application the annotation of a function's result is."""
        definitions, annotation = self.application.definitions, definition.node.returns
        if annotation is None:
            return None
        symbol = definitions.world.resolve(definition.module, annotation)
        if symbol is not None and str(symbol) in APPLICATIONS:
            return APPLICATIONS[str(symbol)]
        cls = definitions.class_of(symbol)
        return None if cls is None else self.of_class(cls)


def plain(node: Function, *, is_method: bool = False) -> Made | None:
    """Return what a function that is an application itself speaks, by its parameters."""
    args = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)][is_method:]
    if isinstance(node, ast.AsyncFunctionDef):
        return _PLAIN_ASGI if args == ["scope", "receive", "send"] else None
    usual = len(args) == 2 and args[0] in {"environ", "env"}  # noqa: PLR2004 - WSGI has two
    return _PLAIN_WSGI if usual and args[1].startswith("start") else None


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        yield from ((_name(target), node.value) for target in node.targets if _name(target))
    elif isinstance(node, ast.AnnAssign) and node.value is not None and _name(node.target):
        yield _name(node.target), node.value


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""

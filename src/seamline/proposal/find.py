"""Finds the applications of a project: objects, factories, and programs that serve themselves."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from seamline.errors import ApplicationError
from seamline.interface import Application, Names, Place, can_be_application, required, statements
from seamline.proposal.classify import Classifier, Function, Made, plain
from seamline.proposal.known import (
    APPLICATIONS,
    BESIDE,
    FACTORY_NAMES,
    MODULE_NAMES,
    OBJECT_NAMES,
    SERVER_STARTS,
    VENDORED,
    Entrance,
)
from seamline.proposal.model import Found, Hint
from seamline.proposal.roots import base_of

_BOTTLE_ROUTES: Final = frozenset(
    f"bottle.{name}" for name in ("route", "get", "post", "put", "delete", "patch", "error")
)
_SERVERS: Final = frozenset(
    name.partition(".")[0] for name, made in APPLICATIONS.items() if made[1] is Entrance.SERVER
)


def find_applications(application: Application, hints: Sequence[Hint]) -> list[Found]:
    """Return every application of the project, the likeliest first."""
    finder = _Finder(application, Classifier(application))
    found = {one.reference: one for one in finder.all()}
    for hint in sorted(hints, key=lambda hint: -hint.weight):
        found |= dict(_hinted(finder, hint, found))
    ranked = sorted(found.values(), key=lambda one: (-one.score, one.module, one.place))
    return _distinct(ranked)


def application_named(application: Application, text: str) -> Found | None:
    """Return the application that ``--app module:expression`` names; None where there is none.

    Raises:
        ApplicationError: It is a function that is neither one nor known to make one.
    """
    module, _, expression = text.partition(":")
    finder = _Finder(application, Classifier(application))
    if module not in application.sources.modules:
        return None
    for one in finder.of_module(module):
        if one.expression == expression or (not expression and not one.needs):
            return _called(one)
    factory = finder.factory(module, expression)
    if factory is not None:
        return _called(factory)
    names = application.definitions.world.modules[module]
    head = expression.partition("(")[0].partition(".")[0]
    if not head or not _is_bound(names, head):
        return None
    entrance = Entrance.WSGI
    place = Place(names.source.file, _line_of(names, head))
    return Found(
        module=module, expression=expression, framework="", entrance=entrance, place=place,
        why="named with --app",
    )  # fmt: skip


def _called(one: Found) -> Found:
    """Return what ``--app`` names, if it can be called as it would be written."""
    name = one.reference.removesuffix("()")
    call = f"seamline init --app '{name}({'...' if one.needs else ''})'"
    if not one.framework:
        message = f"{name} is a function that no server can call as an application"
        remedy = f"if it is a factory: {call}"
        if name == one.reference:
            remedy = "name a function that is not async and makes it"
    elif one.needs and name != one.reference:
        message = f"the factory {name} needs {', '.join(one.needs)}"
        remedy = f"write what it needs as literals: {call}"
    else:
        return replace(one, why="named with --app")
    place = one.place
    raise ApplicationError(f"--app: {message}", file=place.file, line=place.line, remedy=remedy)


def _hinted(finder: "_Finder", hint: Hint, found: dict[str, Found]) -> Iterator[tuple[str, Found]]:
    """Yield the applications that a hint speaks for, with its weight added once."""
    modules = finder.application.sources.modules
    module = hint.module if hint.module in modules else hint.module.removeprefix("src.")
    if module not in modules:
        return
    head = hint.expression.partition("(")[0]
    near = [one for one in found.values() if one.module == module and not one.needs]
    exact = [one for one in near if one.expression.partition("(")[0] == head]
    if not exact and head and not hint.weight < 50:  # noqa: PLR2004 - a script is no application
        exact = list(finder.expression(module, hint.expression))
    if not exact and not head:
        exact = near[:1]
    if not exact and hint.command:
        reached = finder.application.imports.closure([module], runtime=False)
        served = [one for one in found.values() if one.module in reached and one.command]
        exact = [replace(one, command=hint.command) for one in served[:1]]
    for one in exact:
        if not one.why:
            yield one.reference, replace(one, score=one.score + hint.weight, why=hint.how)


def _distinct(ranked: Iterable[Found]) -> list[Found]:
    """Leave out what is the same application under another name, or in another wrapping."""
    kept: list[Found] = []
    for one in ranked:
        same = [
            other for other in kept
            if other.framework == one.framework and (
                other.module.partition(".")[0] == one.module.partition(".")[0]
                or other.expression == one.expression
            )
        ]  # fmt: skip
        django = one.framework == "Django" and any(o.framework == "Django" for o in kept)
        again = same and (
            one.needs or _is_factory(one) != _is_factory(same[0]) or one.module == same[0].module
        )
        if not django and not again:
            kept.append(one)
    return kept


def _is_factory(one: Found) -> bool:
    return one.expression.endswith(")")


@dataclass(slots=True)
class _Finder:
    application: Application
    classifier: Classifier
    _imports_server: bool | None = None

    def all(self) -> Iterator[Found]:
        for name, source in self.application.sources.modules.items():
            parts = set(name.split("."))
            if not source.test and not parts & VENDORED:
                yield from self.of_module(name)

    def of_module(self, module: str) -> Iterator[Found]:
        """Yield the applications that one module binds or makes."""
        found = list(self._named(module))
        yield from found or self._servers(self.application.definitions.world.modules[module])

    def _named(self, module: str) -> Iterator[Found]:
        names = self.application.definitions.world.modules[module]
        for name, bindings in names.assigned.items():
            made = self.classifier.bound(module, name)
            if made is not None:
                yield self._found(names, name, made, bindings[-1].line)
        for name, nodes in names.definitions.items():
            node = nodes[-1]
            if isinstance(node, Function) and not node.decorator_list:
                yield from self._function(names, name, node)
        yield from self._bottle(names)

    def expression(self, module: str, text: str) -> Iterator[Found]:
        """Yield what an expression of a hint names, as far as the module binds it."""
        names = self.application.definitions.world.modules[module]
        head = text.partition("(")[0].partition(".")[0]
        if not _is_bound(names, head):
            return
        if (factory := self.factory(module, text)) is not None:
            yield factory
            return
        made = self.classifier.expression(module, ast.Name(head), {})
        yield self._found(names, text, made or ("", Entrance.WSGI), _line_of(names, head))

    def factory(self, module: str, name: str) -> Found | None:
        """Return the call of the function that a name stands for, if that is no application.

        Of no framework where nothing says that the call makes one, and without a call where
        it would have to be awaited.
        """
        definitions = self.application.definitions
        names = definitions.world.modules[module]
        symbol = definitions.world.resolve(module, ast.Name(name))
        functions = () if symbol is None else definitions.functions.get(symbol, ())
        if len(functions) != 1 or (symbol == (module, name) and name in names.assigned):
            return None
        node, made = functions[0].node, self.classifier.made_by(functions[0])
        if plain(node) or (made is None and (node.decorator_list or can_be_application(node))):
            return None
        needs, line = required(node), _line_of(names, name)
        if isinstance(node, ast.AsyncFunctionDef) and not (made and made[1] is Entrance.SERVER):
            return self._found(names, name, ("", Entrance.ASGI), line, needs)
        return self._found(names, f"{name}()", made or ("", Entrance.WSGI), line, needs)

    def _function(self, names: Names, name: str, node: Function) -> Iterator[Found]:
        made = plain(node)
        if made is not None:
            yield self._found(names, name, made, node.lineno)
            return
        for definition in self.application.definitions.by_module[names.source.name]:
            if definition.node is node and (made := self.classifier.made_by(definition)):
                is_server = made[1] is Entrance.SERVER
                if isinstance(node, ast.AsyncFunctionDef) and not is_server:
                    return
                needs = () if is_server else required(node)
                yield self._found(names, f"{name}()", made, node.lineno, needs)

    def _servers(self, names: Names) -> Iterator[Found]:
        """Yield the application of a server that is made inside a method, and has no name."""
        if self._imports_server is None:
            modules = self.application.definitions.world.modules.values()
            imported = {each.module.partition(".")[0] for one in modules for each in one.imports}
            self._imports_server = bool(imported & _SERVERS)
        for node in ast.walk(names.source.tree) if self._imports_server else ():
            made = self._serving(names, node) if isinstance(node, ast.Call) else None
            if made is not None:
                assert isinstance(node, ast.Call)
                yield self._found(names, "", made, node.lineno)
                return

    def _serving(self, names: Names, node: ast.Call) -> Made | None:
        """Return what server's application a call makes, also one of a class of the project."""
        definitions = self.application.definitions
        symbol = definitions.world.resolve(names.source.name, node.func)
        cls = definitions.class_of(symbol)
        made = APPLICATIONS.get(str(symbol)) if cls is None else self.classifier.of_class(cls)
        return made if made is not None and made[1] is Entrance.SERVER else None

    def _bottle(self, names: Names) -> Iterator[Found]:
        """Yield bottle's default application where the module's functions are its routes."""
        module = names.source.name
        for definition in self.application.definitions.by_module[module]:
            if not definition.decorated_with(*_BOTTLE_ROUTES):
                continue
            made = APPLICATIONS["bottle.default_app"]
            for local, found in names.imported.items():
                if (found.module, found.name) == ("bottle", ""):
                    expression = f"{local}.default_app()"
                elif found.module == "bottle" and found.name in {"default_app", "app"}:
                    expression = f"{local}()"
                else:
                    continue
                yield self._found(names, expression, made, definition.line)
                return
            made = (made[0], Entrance.SERVER)
            yield self._found(names, "default_app()", made, definition.line)
            return

    def _found(
        self, names: Names, expression: str, made: Made, line: int, needs: tuple[str, ...] = ()
    ) -> Found:
        framework, entrance = made
        module = names.source.name
        command = self._command(module) if entrance is Entrance.SERVER else ()
        found = Found(
            module=module,
            expression=expression,
            framework=framework,
            entrance=entrance,
            place=Place(names.source.file, line),
            command=command,
            needs=needs,
            below=base_of(self.application, module),
        )
        return replace(found, score=_score(found))

    def _command(self, module: str) -> tuple[str, ...]:
        """Return what starts the server: the module with the start in it that imports this one."""
        top = module.partition(".")[0]
        ranked: list[tuple[int, str]] = []
        for name, names in self.application.definitions.world.modules.items():
            if names.source.test or not self._starts(names):
                continue
            if module not in self.application.imports.closure([name], runtime=False):
                continue
            rank = 0 if name.endswith("__main__") else 1 if name == module else 2
            ranked.append((rank + (name.partition(".")[0] != top), name))
        if not ranked:
            return ()
        return ("python", "-m", min(ranked)[1].removesuffix(".__main__"))

    def _starts(self, names: Names) -> bool:
        """Whether running a module as a program starts something."""
        tree = names.source.tree
        guarded = any(isinstance(n, ast.If) and "__name__" in ast.unparse(n.test)
                      for n in tree.body)  # fmt: skip
        return guarded or any(
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and (names.source.name.endswith("__main__") or self._is_start(names, node.value.func))
            for node in statements(tree.body)
        )

    def _is_start(self, names: Names, function: ast.expr) -> bool:
        symbol = self.application.definitions.world.resolve(names.source.name, function)
        return symbol is not None and str(symbol) in SERVER_STARTS


def _score(found: Found) -> int:
    parts = Path(found.place.file).with_suffix("").parts
    score = MODULE_NAMES.get(parts[-1], 0) - 3 * len(parts)
    name = found.expression.partition("(")[0].rpartition(".")[2]
    if name in OBJECT_NAMES:
        score += 25 - OBJECT_NAMES.index(name)
    elif name in (*FACTORY_NAMES, "default_app"):
        score += 18
    if found.framework in {"WSGI", "ASGI", ""}:
        score -= 20
    if found.framework == "Django" and found.entrance is Entrance.ASGI:
        score -= 10  # made by startproject beside wsgi.py, and seldom meant
    if parts[0] in BESIDE:
        score -= 80
    if found.needs or (found.entrance is Entrance.SERVER and not found.command):
        score -= 100
    return score - (60 if found.below else 0)


def _is_bound(names: Names, name: str) -> bool:
    return names.binds(name) or name in names.imported or bool(names.stars)


def _line_of(names: Names, name: str) -> int:
    if name in names.assigned:
        return names.assigned[name][-1].line
    if name in names.definitions:
        return names.definitions[name][-1].lineno
    return names.imported[name].line if name in names.imported else 1

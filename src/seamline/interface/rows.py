"""Which models of Django a value is a row, a query or a manager of, as far as source says."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from seamline.interface.body import Body
from seamline.interface.functions import Class, Definition
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin
from seamline.interface.walking import walk

_FIELDS: Final = frozenset({"ForeignKey", "OneToOneField", "ManyToManyField"})
_USER: Final = "django.contrib.auth.get_user_model"
_USER_SETTING: Final = "django.conf.settings.AUTH_USER_MODEL"
_USERS: Final = ("django.contrib.auth.models.Abstract", "django.contrib.auth.base_user.")
_LIBRARY_USER: Final = Symbol("", "django.contrib.auth.models.User")
_FOUND_OR_404: Final = frozenset(
    f"django.shortcuts.{prefix}get_{kind}_or_404"
    for prefix in ("", "a")
    for kind in ("object", "list")
)
# Where a value is followed to through calls before nothing is said of it.
_MOST_STEPS: Final = 3


class Rows(NamedTuple):
    """What a value may be rows of.

    Attributes:
        models: The models, also those of libraries.
        is_unknown: Whether it may be one that nothing says.
        through: The tables of relations of several to several, as ``Order.items.through``.
    """

    models: frozenset[Symbol] = frozenset()
    is_unknown: bool = False
    through: frozenset[Symbol] = frozenset()


_NONE: Final = Rows()
_UNKNOWN: Final = Rows(is_unknown=True)


class _Relation(NamedTuple):
    """A field that leads from the rows of one model to those of another."""

    owner: Class
    name: str
    field: ast.Call
    targets: frozenset[Symbol]
    is_many: bool

    @property
    def through(self) -> Symbol:
        return Symbol(self.owner.module, f"{self.owner.name}.{self.name}.through")


@dataclass(slots=True)
class Models:
    """Answers for the models of one application."""

    graph: Graph
    _by_name: dict[str, set[Symbol]] = field(default_factory=dict, init=False)
    _relations: dict[tuple[Symbol, str], list[Rows]] = field(default_factory=dict, init=False)
    _cascades: dict[Symbol, set[Symbol]] = field(default_factory=dict, init=False)
    _managed: dict[Symbol, set[Symbol]] = field(default_factory=dict, init=False)
    _users: frozenset[Symbol] = field(default=frozenset(), init=False)

    def __post_init__(self) -> None:
        found = [c for c in self.graph.definitions.classes.values() if self._is_model(c.symbol)]
        for cls in found:
            self._by_name.setdefault(cls.name.rpartition(".")[2], set()).add(cls.symbol)
        users = {cls.symbol for cls in found if self._is_user(cls)}
        self._users = frozenset(users or {_LIBRARY_USER})
        for cls in found:
            self._read(cls)

    def named(self, module: str, node: ast.expr) -> frozenset[Symbol] | None:
        """Return the models that an expression at module level stands for; None if unsaid."""
        world = self.graph.definitions.world
        if isinstance(node, ast.Constant):
            found = self._by_name.get(str(node.value).rpartition(".")[2])
            return None if found is None else frozenset(found)
        if isinstance(node, ast.Call):
            made = str(world.resolve(module, node.func))
            if made == _USER:
                return self._users
            is_found = made.rpartition(".")[2] == "get_model" and node.args
            return self.named(module, node.args[-1]) if is_found else None
        symbol = world.resolve(module, node)
        return None if symbol is None else self.meant(symbol)

    def meant(self, symbol: Symbol) -> frozenset[Symbol] | None:
        """Return the models, or the table between two, that a name is or is something of."""
        if str(symbol) == _USER_SETTING:
            return self._users
        parts = symbol.name.split(".")
        if not symbol.module:
            classes = [n for n, part in enumerate(parts) if part[:1].isupper()]
            is_model = len(classes) > 0 and "models" in parts[: classes[0]]
            name = ".".join(parts[: classes[0] + 1]) if is_model else ""
            return frozenset({Symbol("", name)}) if is_model else None
        if parts[-1] == "through":
            return frozenset({symbol})
        for length in range(len(parts), 0, -1):
            owner = Symbol(symbol.module, ".".join(parts[:length]))
            if self._is_model(owner):
                return frozenset({owner})
        return self._bound(Symbol(symbol.module, parts[0]))

    def deleted_with(self, symbol: Symbol) -> set[Symbol]:
        """Return the models whose rows go when one of another does, with that."""
        found = {symbol}
        waiting = [symbol]
        while waiting:
            more = self._cascades.get(waiting.pop(), set()) - found
            found |= more
            waiting += more
        return found

    def of(self, body: Body, origin: Origin, depth: int = 0) -> Rows:
        """Return what a value may be rows of."""
        if depth > _MOST_STEPS or origin.kind == "opaque":
            return _UNKNOWN
        if origin.kind == "function":
            return _NONE
        if origin.kind in ("param", "instance"):
            return self._held(body, origin, depth)
        if str(origin.symbol) == "builtins.super":
            owner = None if body.definition is None else body.definition.owner
            return self._of_class(owner, "")
        if str(origin.symbol) in _FOUND_OR_404:
            return self._asked(body, depth)
        return self._named(body, origin, depth)

    # -- steps --------------------------------------------------------------------------

    def _named(self, body: Body, origin: Origin, depth: int) -> Rows:
        """Return what a name, or what a call of it gives, is rows of."""
        if str(origin.symbol) == _USER:
            return Rows(self._users)
        found = self.meant(origin.symbol)
        if found is not None:
            is_row = origin.kind == "symbol" and origin.level == "part"
            path = origin.path or _after(origin.symbol, found) * (not is_row)
            return self._along(found, path, is_row=is_row)
        classes = list(self.graph.classes_of(body, origin))
        if classes:
            return _union([self._of_class(cls, origin.path) for cls in classes])
        definitions = self.graph.named_by(origin.symbol) if origin.kind == "call" else []
        return _union([self._given_by(one, origin.path, depth) for one in definitions])

    def _held(self, body: Body, origin: Origin, depth: int) -> Rows:
        whole = origin._replace(path="", level="whole")
        classes = list(self.graph.classes_of(body, whole))
        if classes or origin.kind == "instance":
            return _union([self._of_class(cls, origin.path) for cls in classes])
        definition = body.definition
        if definition is None or definition.annotations().get(origin.symbol.name) is not None:
            return _NONE  # of a type that is no model of the application
        shown = self._shown_by(definition)
        if shown is not None:
            return self._of_class(shown, origin.path)
        given = list(self._passed(definition, origin.symbol.name, depth))
        known = _union(given)
        models = self._along(known.models, origin.path, is_row=True)
        return models._replace(is_unknown=models.is_unknown or known.is_unknown or not given)

    def _shown_by(self, definition: Definition) -> Class | None:
        """Return what a view of REST framework reads and writes its rows with."""
        owner = definition.owner
        for found in () if owner is None else self.graph.definitions.ancestry(owner):
            if isinstance(found, Class) and "serializer_class" in found.assigned:
                node = found.assigned["serializer_class"]
                return self.graph.definitions.class_of(
                    self.graph.definitions.world.resolve(found.module, node)
                )
        return None

    def _passed(self, definition: Definition, name: str, depth: int) -> Iterator[Rows]:
        """Yield what the callers of a function pass for a parameter."""
        names = [arg.arg for arg in definition.parameters]
        for key in self.graph.callers.get(definition, ()):
            body = self.graph.bodies[key]
            for call in body.calls:
                for bound in self.graph.entered(body, call):
                    if bound.target is not definition:
                        continue
                    for place, origins in call.arguments:
                        at = place + bound.method if isinstance(place, int) else -1
                        if place == name or (0 <= at < len(names) and names[at] == name):
                            yield from (self.of(body, one, depth + 1) for one in origins)

    def _asked(self, body: Body, depth: int) -> Rows:
        return _union(
            [
                self.of(body, one, depth + 1)
                for call in body.calls
                if any(str(each.symbol) in _FOUND_OR_404 for each in call.callee)
                for place, origins in call.arguments
                if place in (0, "klass")
                for one in origins
            ]
        )

    def _given_by(self, definition: Definition, path: str, depth: int) -> Rows:
        body = self.graph.bodies[definition]
        given = [
            self.of(body, origin, depth + 1) for origins, _ in body.returns for origin in origins
        ]
        found = _union(given)
        models = self._along(found.models, path, is_row=True)
        return models._replace(is_unknown=models.is_unknown or found.is_unknown)

    def _of_class(self, cls: Class | None, path: str) -> Rows:
        """Return what an instance of a class is a row of, or saves: a form, a manager."""
        if cls is None:
            return _NONE
        if self._is_model(cls.symbol):
            return self._along(frozenset({cls.symbol}), path, is_row=True)
        for found in self.graph.definitions.ancestry(cls):
            if isinstance(found, Class):
                if found.symbol in self._managed:
                    return Rows(frozenset(self._managed[found.symbol]))
                meta = self.graph.definitions.classes.get(
                    Symbol(found.module, f"{found.name}.Meta")
                )
                if meta is not None and "model" in meta.assigned:
                    models = self.named(meta.module, meta.assigned["model"])
                    return _UNKNOWN if models is None else Rows(models)
        return _NONE

    def _along(self, models: frozenset[Symbol], path: str, *, is_row: bool) -> Rows:
        """Return what an attribute of rows, or of queries, leads to."""
        found = [
            rows
            for model in models
            for owner in self._above(model)
            for rows in self._relations.get((owner, path), ())
        ]
        if found:
            return _union(found)
        return _UNKNOWN if is_row and path else Rows(models)

    def _above(self, model: Symbol) -> Iterator[Symbol]:
        cls = self.graph.definitions.class_of(model)
        if cls is None:
            yield model
            return
        for found in self.graph.definitions.ancestry(cls):
            if found is not None:
                yield found.symbol if isinstance(found, Class) else found

    # -- what classes say ---------------------------------------------------------------

    def _is_model(self, symbol: Symbol) -> bool:
        classes = self.graph.definitions.classes
        return symbol in classes and self.graph.types.kind(symbol) == "model"

    def _is_user(self, cls: Class) -> bool:
        above = self.graph.definitions.ancestry(cls)
        return any(isinstance(one, Symbol) and str(one).startswith(_USERS) for one in above)

    def _bound(self, symbol: Symbol) -> frozenset[Symbol] | None:
        """Return what ``User = get_user_model()`` makes a name of a module."""
        names = self.graph.definitions.world.modules.get(symbol.module)
        bindings = () if names is None else names.assigned.get(symbol.name, ())
        for binding in bindings:
            if isinstance(binding.value, ast.Call):
                return self.named(symbol.module, binding.value)
        return None

    def _read(self, cls: Class) -> None:
        for name, value in cls.assigned.items():
            if not isinstance(value, ast.Call):
                continue
            relation = self._relation(cls, name, value)
            if relation is not None:
                self._note(relation)
            for part in walk(value.func):
                if isinstance(part, (ast.Name, ast.Attribute)):
                    made = self.graph.definitions.world.resolve(cls.module, part)
                    if made in self.graph.definitions.classes:
                        self._managed.setdefault(made, set()).add(cls.symbol)

    def _relation(self, cls: Class, name: str, value: ast.Call) -> _Relation | None:
        kind = str(self.graph.definitions.world.resolve(cls.module, value.func))
        last = kind.rpartition(".")[2]
        to = value.args[0] if value.args else _keyword(value, "to")
        if last not in _FIELDS or to is None:
            return None
        is_own = isinstance(to, ast.Constant) and to.value == "self"
        targets = frozenset({cls.symbol}) if is_own else self.named(cls.module, to)
        return _Relation(cls, name, value, targets or frozenset(), last == "ManyToManyField")

    def _note(self, relation: _Relation) -> None:
        owner, value = relation.owner.symbol, relation.field
        through: set[Symbol] = {relation.through} if relation.is_many else set()
        own = _keyword(value, "through")
        named = None if own is None else self.named(relation.owner.module, own)
        through |= named or set()
        forth = Rows(relation.targets, not relation.targets, frozenset(through))
        self._relations.setdefault((owner, relation.name), []).append(forth)
        back = _keyword(value, "related_name")
        name = f"{relation.owner.name.lower()}_set"
        if isinstance(back, ast.Constant):
            name = str(back.value)
        elif str(getattr(value.func, "attr", "")) == "OneToOneField":
            name = relation.owner.name.lower()
        deleted = _keyword(value, "on_delete") or next(iter(value.args[1:]), None)
        for target in relation.targets:
            rows = Rows(frozenset({owner}), through=frozenset(through))
            self._relations.setdefault((target, name), []).append(rows)
            if getattr(deleted, "attr", getattr(deleted, "id", "")) == "CASCADE":
                self._cascades.setdefault(target, set()).add(owner)


def _union(found: list[Rows]) -> Rows:
    return Rows(
        frozenset().union(*(one.models for one in found)),
        any(one.is_unknown for one in found),
        frozenset().union(*(one.through for one in found)),
    )


def _after(symbol: Symbol, models: frozenset[Symbol]) -> str:
    """Return the attribute of a model that a name ends with, behind its manager."""
    owner = next(iter(models)).name
    rest = symbol.name.removeprefix(f"{owner}.") if symbol.name != owner else ""
    return rest.rpartition(".")[2] if len(models) == 1 else ""


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)

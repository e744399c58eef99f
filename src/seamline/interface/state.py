"""Which module-level names are state: what changes while the application runs."""

import ast
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from seamline.interface.answering import only_answers
from seamline.interface.apart import changed_with
from seamline.interface.body import Body, Changed, Use
from seamline.interface.closures import Closures
from seamline.interface.crossing import Types
from seamline.interface.factories import own_iterators
from seamline.interface.facts import Fact, StateMap, default_of
from seamline.interface.foreign import may_keep
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.iterating import (
    changes_when_used,
    changing_attributes,
    class_changes,
    is_bound,
    is_changed_by_methods,
    is_plain,
)
from seamline.interface.known import (
    CACHES,
    CHANGING,
    CONTAINERS,
    FRAMEWORK,
    RESOURCES,
    is_stdlib,
    named,
)
from seamline.interface.lookups import is_pattern, matching
from seamline.interface.members import changes_itself, changing_members, is_copied
from seamline.interface.memo import are_fixed, is_of_the_moment, is_table, memos, remembered
from seamline.interface.model import Kind
from seamline.interface.moments import note_moments
from seamline.interface.names import Binding, Symbol
from seamline.interface.origins import Origin, Tracer
from seamline.interface.renaming import bound_together, rebound_to, returned

Nature = Literal["constant", "container", "instance", "opaque", "resource", "framework"]
_WORST: Final[tuple[Nature, ...]] = (
    "resource", "framework", "instance", "opaque", "container", "constant",
)  # fmt: skip
DISPLAYS: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
# What such a class derives from says nothing of its instances.
_DERIVED: Final = ("exception", "protocol")
# Renamed names and functions that return functions' results are followed this far.
MOST_STEPS: Final = 3
# Calls of unknown code that are known to leave their arguments alone.
_READERS: Final = ("render", "join", "format", "log", "info", "debug", "warning", "error")


class _Finder:
    def __init__(
        self, definitions: Definitions, bodies: dict[Definition | str, Body], types: Types
    ) -> None:
        self.foreign = types.foreign
        self.closures = Closures(definitions, bodies, types)
        self.definitions = definitions
        self.world = definitions.world
        self.bodies = bodies
        self.types = types
        self.map = StateMap()
        self.bound: set[Symbol] = set()
        self.changed = self.map.changed
        self.escaped: set[Symbol] = set()
        self.stored: dict[Symbol, list[tuple[Body, ast.expr]]] = {}
        self._tracers: dict[str, Tracer] = {}

    def find(self) -> StateMap:
        for body in self.bodies.values():
            if not self.world.modules[body.module].source.test:
                self._read(body)
        self._class_attributes()
        members = changing_members(self.definitions, self.bodies)
        for symbol, line in (*own_iterators(self.definitions), *members):
            self._add(symbol, line, "instance")
        self._defaults()
        self._kept()
        self._link_aliases()
        for module, names in self.world.modules.items():
            if not names.source.test:
                for name, bindings in names.assigned.items():
                    self._judge(Symbol(module, name), bindings)
                self._kept_by_caches(module)
        note_moments(self.definitions, self.types, self.map)
        for memo, is_cleared in memos(self.definitions, self.bodies):
            self._add(memo.symbol, memo.line, "instance")
            self.map.facts[memo.symbol].changed = True
            self.map.facts[memo.symbol].cache |= is_cleared
        return self.map

    def _read(self, body: Body) -> None:
        """Note what one body changes, gives away and puts into state."""
        for use in body.uses:
            if use.how != "read":
                self._change(body, use)
        for symbol, changes in body.changed_results.items():
            self._change_result(body, symbol, changes)
        if body.definition is not None:
            self._escapes(body)
        for symbol, value in body.stored:
            self.stored.setdefault(symbol, []).append((body, value))

    def _kept_by_caches(self, module: str) -> None:
        """Note functions that keep a resource in an ``lru_cache``, as state of their name."""
        for definition in self.definitions.by_module[module]:
            cached = definition.decorated_with(*CACHES) and definition.owner is None
            if cached and self._function_result(definition.symbol, 0) == "resource":
                self._add(definition.symbol, definition.line, "resource")

    # -- what happens to names ----------------------------------------------------------

    def _link_aliases(self) -> None:
        """Let what happens to ``ALIAS = CACHE`` happen to both names."""
        for pair in bound_together(self.world):
            for happened in (self.changed, self.escaped):
                happened.update(pair if pair & happened else ())
        for module, names in self.world.modules.items():
            for name, bindings in names.assigned.items():
                for binding in bindings:
                    target = self._renamed(module, binding.value)
                    if target is not None:
                        pair = {Symbol(module, name), target}
                        for happened in (self.changed, self.escaped):
                            happened.update(pair if pair & happened else ())

    def _renamed(self, module: str, value: ast.expr | None) -> Symbol | None:
        """Return the assigned name of the application that an expression is."""
        if not isinstance(value, (ast.Name, ast.Attribute)):
            return None
        found = self.world.resolve(module, value)
        if found is None or not found.module:
            return None
        return found if found.name in self.world.modules[found.module].assigned else None

    def _change(self, body: Body, use: Use) -> None:
        symbol = use.symbol
        if not symbol.module or not symbol.name:
            return
        at_import = body.definition is None
        head, _, rest = symbol.name.partition(".")
        if is_pattern(symbol):
            self._change_any(body, use)
        elif use.how == "bind" and not rest:
            if not at_import or body.module != symbol.module:
                self.bound.add(symbol)
        elif Symbol(symbol.module, head) in self.definitions.classes:
            if not at_import and rest:
                self._class_attribute(symbol, use.line, binds=use.how == "bind")
        elif not at_import or body.module != symbol.module:
            self.changed.add(Symbol(symbol.module, head))

    def _change_any(self, body: Body, use: Use) -> None:
        """Note a change of names that only a text says.

        A module's ``__getattr__`` that puts what it found into the module only remembers it.
        """
        definition, module = body.definition, use.symbol.module
        if body.module == module if definition is None else definition.name == "__getattr__":
            return
        for name in matching(use.symbol, self.world.modules[module].assigned):
            if use.how == "bind":
                self.bound.add(Symbol(module, name))
            elif self._is_any(Symbol(module, name), "container"):
                self.changed.add(Symbol(module, name))

    def _kept(self) -> None:
        """Note what a bound method or a lambda that is kept changes: ``push = QUEUE.append``."""
        for body in self.bodies.values():
            is_test = self.world.modules[body.module].source.test
            for origin, line in () if is_test else body.kept:
                symbol = origin.symbol
                head = Symbol(symbol.module, symbol.name.partition(".")[0])
                if head in self.definitions.classes:
                    self._class_attribute(symbol, line, binds=False)
                elif self._is_any(head, "container", "instance"):
                    self.map.kept.add(head)
        self.changed |= self.map.kept

    def _is_any(self, symbol: Symbol, *natures: Nature) -> bool:
        bindings = self.world.modules[symbol.module].assigned.get(symbol.name, ())
        values = (one.value for one in bindings if one.value is not None)
        return any(self.nature(symbol.module, value) in natures for value in values)

    def _change_result(self, body: Body, symbol: Symbol, changes: set[Changed]) -> None:
        """Note that what a function returns is changed, be it a name of its module."""
        for found in returned(self.definitions, self.bodies, symbol, changes):
            head, _, rest = found.name.partition(".")
            if rest and Symbol(found.module, head) in self.definitions.classes:
                self._change(body, Use(found, 0, "mutate"))
            else:
                self.changed |= changed_with(self.types, self.bodies, found, changes)

    def _class_attribute(self, symbol: Symbol, line: int, *, binds: bool) -> None:
        """Note a changed class attribute, under the class whose body assigns it, if one does."""
        parts = symbol.name.split(".")
        owner = self.definitions.classes.get(Symbol(symbol.module, parts[0]))
        length = 1
        while owner is not None and length < len(parts):
            nested = self.definitions.classes.get(
                Symbol(symbol.module, ".".join(parts[: length + 1]))
            )
            if nested is None:
                break
            owner, length = nested, length + 1
        if owner is None or length >= len(parts):
            return
        attribute = parts[length]
        for cls in self.definitions.ancestry(owner):
            if isinstance(cls, Class) and attribute in cls.assigned:
                value = cls.assigned[attribute]
                nature = self.nature(cls.module, value)
                # ``Model.query.filter(..)`` and the like are the library's, not state.
                if binds or nature in ("container", "instance", "opaque"):
                    self._add(Symbol(cls.module, f"{cls.name}.{attribute}"), value.lineno, nature)
                return
        if binds and attribute not in owner.methods:
            self._add(Symbol(owner.module, f"{owner.name}.{attribute}"), line, "instance")

    def _class_attributes(self) -> None:
        """Find what changes as it is used, and containers that methods change through ``self``."""
        for symbol, line in changing_attributes(self.definitions):
            self._add(symbol, line, "instance")
        for body in self.bodies.values():
            definition = body.definition
            if definition is None or definition.owner is None:
                continue
            for path in body.paths:
                for cls in self.definitions.ancestry(definition.owner):
                    if not isinstance(cls, Class):
                        continue
                    if path in cls.own or is_copied(self.definitions, cls, path):
                        break
                    if path in cls.assigned:
                        value = cls.assigned[path]
                        nature = self.nature(cls.module, value)
                        # In a class of a library's it is most often a field.
                        kept = nature == "opaque" and is_plain(self.definitions, cls)
                        if kept or nature == "container":
                            symbol = Symbol(cls.module, f"{cls.name}.{path}")
                            self._add(symbol, value.lineno, nature)
                        break

    def _defaults(self) -> None:
        """Note containers that are defaults of parameters and changed: ``def add(x, seen=[])``."""
        for body in self.bodies.values():
            definition = body.definition
            if definition is None or self.world.modules[body.module].source.test:
                continue
            for name, value in definition.defaults().items():
                nature = self.nature(body.module, value)
                if name in body.changed and nature == "container":
                    self._add(default_of(definition, name), value.lineno, "container")
                elif nature == "opaque" and changes_when_used(self.world, body.module, value):
                    self._add(default_of(definition, name), value.lineno, "instance")

    def _escapes(self, body: Body) -> None:
        for call in body.calls:
            if not may_keep(call.callee) or call.method in _READERS:
                continue
            for _, origins in call.arguments:
                self._escape(origins)
        for origins, _ in body.returns:
            self._escape(origins)

    def _escape(self, origins: Iterable[Origin]) -> None:
        self.escaped.update(o.symbol for o in origins if o.kind == "symbol" and o.level == "whole")

    # -- what names are -----------------------------------------------------------------

    def _judge(self, symbol: Symbol, bindings: list[Binding]) -> None:
        if symbol.name.startswith("__") and symbol.name.endswith("__"):
            return
        bound = [binding.value for binding in bindings if binding.value is not None]
        values = self.foreign.made(self.world, symbol.module, bound)
        natures = {self.nature(symbol.module, value) for value in values}
        natures.update(self.closures.kept_in(symbol.module, b.whole) for b in bindings)
        line = bindings[0].line
        if "framework" in natures:
            self.map.framework.add(symbol)
        elif "container" in natures:
            self.map.containers[symbol] = line
        if "resource" in natures:
            self._add(symbol, line, "resource")
        elif symbol in self.bound and not self._only_remembers(symbol):
            rebound = rebound_to(self.definitions, symbol)
            resource = any(self.nature(symbol.module, one) == "resource" for one in rebound)
            self._add(symbol, line, "resource" if resource else "container")
        elif "instance" in natures or ("opaque" in natures and "framework" not in natures):
            if "opaque" in natures or symbol in self.changed or self._changes(symbol):
                self._add(symbol, line, "instance")
            else:
                self.map.unchanged[symbol] = line
        else:
            self._judge_plain(symbol, line, natures, values)
        if symbol in self.map.facts:
            given = (binding.annotation for binding in bindings)
            self.map.facts[symbol].annotation = next(filter(None, given), None)

    def _judge_plain(
        self, symbol: Symbol, line: int, natures: set[Nature], values: list[ast.expr]
    ) -> None:
        fixed = are_fixed(self.world, symbol.module, values)
        if "container" in natures:
            table = symbol.name.isupper() and any(is_table(value) for value in values)
            is_changed = symbol in self.changed and not only_answers(
                self.types, self.bodies, symbol, values
            )
            if is_changed or (symbol in self.escaped and not table):
                self._add(symbol, line, "container")
        elif symbol in self.changed and natures <= {"constant"} and not fixed:
            self._add(symbol, line, "instance")  # whatever it is, it is changed

    def _add(self, symbol: Symbol, line: int, nature: Nature) -> None:
        if symbol not in self.map.facts:
            changed = symbol in self.changed or symbol in self.bound or "." in symbol.name
            self.map.facts[symbol] = Fact(
                symbol=symbol,
                line=line,
                resource=nature == "resource",
                changed=changed,
                alive=changed or nature == "instance",
                escapes=symbol in self.escaped,
                stored=self.stored.get(symbol, []),
                container=nature == "container" and symbol in self.changed | self.bound,
            )

    def _only_remembers(self, symbol: Symbol) -> bool:
        """Whether a name is set once, to something that cannot change."""
        values = None if symbol in self.changed else remembered(self.definitions, symbol)
        return values is not None and all(
            self.nature(symbol.module, value) == "constant"
            and not is_of_the_moment(self.definitions, self.bodies, symbol.module, value)
            for value in values
        )

    def nature(self, module: str, value: ast.expr, depth: int = 0) -> Nature:
        """Return what kind of thing an expression at module level makes."""
        if isinstance(value, DISPLAYS):
            return "container"
        renamed = self._renamed(module, value)
        if renamed is not None and depth < MOST_STEPS:
            bindings = self.world.modules[renamed.module].assigned[renamed.name]
            values = [binding.value for binding in bindings if binding.value is not None]
            found = {self.nature(renamed.module, part, depth + 1) for part in values}
            return next((nature for nature in _WORST if nature in found), "constant")
        if named(str(self.world.resolve(module, value)), FRAMEWORK):
            return "framework"  # ``current = flask.request``
        if not isinstance(value, (ast.Call, ast.Attribute, ast.BoolOp, ast.IfExp, ast.Await)):
            return "constant"
        tracer = self._tracers.setdefault(module, Tracer(self.definitions, module))
        found = {"constant"}
        for origin in tracer.of(value, None):
            if origin.kind == "instance" and origin.level == "whole":
                found.add(self._instance(origin.symbol))
            elif origin.kind == "call":
                found.add(self._result(origin, depth))
        made = value.func if isinstance(value, ast.Call) else None
        if made is not None and str(self.world.resolve(module, made)) in CONTAINERS:
            found.add("container")
        if changes_when_used(self.world, module, value) or is_bound(tracer, self.bodies, value):
            found.add("opaque")
        return next(nature for nature in _WORST if nature in found)

    def _instance(self, symbol: Symbol) -> Nature:
        kind = self.types.kind(symbol)
        if kind == "framework":
            return "framework"
        cls = self.definitions.classes[symbol]
        if kind in _DERIVED and changes_itself(self.definitions, self.bodies, cls):
            return "instance"
        if self.types.holds_resource(cls) and not class_changes(
            self.definitions, self.bodies, cls
        ):
            return "resource"  # the application's own wrapper of an engine, a pool
        if kind == "frozen" and is_changed_by_methods(self.definitions, self.bodies, cls):
            return "instance"
        return "constant" if kind in ("frozen", "exception", "protocol") else "instance"

    def _result(self, origin: Origin, depth: int) -> Nature:
        dotted = origin.symbol.name
        if origin.symbol.module:
            return self._function_result(origin.symbol, depth)
        if named(dotted, RESOURCES):
            return "resource"
        if named(dotted, FRAMEWORK):
            return "framework"
        if dotted in CONTAINERS:
            return "container" if origin.level == "whole" else "constant"
        if is_stdlib(dotted):
            return "opaque" if named(dotted, CHANGING) else "constant"
        # Elsewhere a capital letter is the only evidence that an object was made.
        made = dotted.rpartition(".")[2][:1].isupper() and origin.level == "whole"
        return "opaque" if made and self.foreign.may_change(dotted) else "constant"

    def _function_result(self, symbol: Symbol, depth: int) -> Nature:
        if depth > MOST_STEPS:
            return "constant"
        head = Symbol(symbol.module, symbol.name.partition(".")[0])
        if head in self.map.framework:
            return "framework"
        natures: set[Nature] = {"constant"}
        for definition in self.definitions.functions.get(symbol, ()):
            natures.update(self._made_by(definition))
            for origins, _ in self.bodies[definition].returns:
                for origin in origins:
                    if origin.kind == "call":
                        natures.add(self._result(origin, depth + 1))
        return next(nature for nature in _WORST if nature in natures)

    def _made_by(self, definition: Definition) -> Iterator[Nature]:
        """Yield what a function makes itself."""
        returned = self.types.leaves(definition.module, definition.node.returns)
        if any(named(str(leaf), RESOURCES) for leaf in returned):
            yield "resource"
        is_generator = definition.kind in (Kind.GENERATOR, Kind.ASYNC_GENERATOR)
        yield "opaque" if is_generator else self.closures.kept_by(definition)
        for origins, value in self.bodies[definition].returns:
            if isinstance(value, DISPLAYS):
                yield "container"
            for origin in origins:
                if origin.kind == "instance":
                    yield self._instance(origin.symbol)

    def _changes(self, symbol: Symbol, depth: int = 0) -> bool:
        """Whether the classes of the instances under a name have methods that change them."""
        tracer = self._tracers.setdefault(symbol.module, Tracer(self.definitions, symbol.module))
        for binding in self.world.modules[symbol.module].assigned[symbol.name]:
            renamed = self._renamed(symbol.module, binding.value)
            if renamed is not None and depth < MOST_STEPS and self._changes(renamed, depth + 1):
                self.map.instances.setdefault(symbol, set()).update(self.map.instances[renamed])
                return True
            origins = [] if binding.value is None else tracer.of(binding.value, None)
            for origin in origins:
                cls = self.definitions.classes.get(origin.symbol)
                if origin.kind == "instance" and cls is not None:
                    self.map.instances.setdefault(symbol, set()).add(cls.symbol)
                    if class_changes(self.definitions, self.bodies, cls):
                        return True
        return False


def find_state(
    definitions: Definitions, bodies: dict[Definition | str, Body], types: Types
) -> StateMap:
    """Classify every module-level name and class attribute of the application."""
    return _Finder(definitions, bodies, types).find()

"""What one function looks up while it runs, directly or through what it calls."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from seamline.interface.body import Body, Call
from seamline.interface.functions import Class, Definition
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin
from seamline.interface.sending import ANNOUNCING

# Past this a function says no more than the imports of its package do.
_MOST_NAMES: Final = 400
# As many names as one thing may have, one given to it after the other.
_MOST_NAMES_OF_ONE: Final = 3


class Reached(NamedTuple):
    """Names as ``package.module.name``.

    Attributes:
        names: What is looked up, in libraries too; and what names of modules are looked up on
            the way there.
        is_known: Whether that is all of it: no call enters code that nothing is known of.
    """

    names: frozenset[str]
    is_known: bool


class _Own(NamedTuple):
    """What one body looks up itself.

    Attributes:
        names: What it looks up, followed to where that is defined.
        written: The names of modules that it looks these up under.
        renamed: What runs through a name that a module gives to a method: ``get = api.get``.
        is_known: Whether all that it calls is known.
    """

    names: frozenset[str]
    written: frozenset[str]
    renamed: tuple[Definition, ...]
    is_known: bool


@dataclass(slots=True)
class Reaching:
    """Answers for the functions of one application."""

    graph: Graph
    _bodies: dict[int, _Own] = field(default_factory=dict)

    def of(self, definition: Definition) -> Reached:
        """Return what a call of a function may look up."""
        names: set[str] = set()
        written: set[str] = set()
        seen: set[Definition] = set()
        queue = [definition]
        while queue and len(names) <= _MOST_NAMES:
            found = queue.pop()
            if found in seen:
                continue
            seen.add(found)
            own = self._body(self.graph.bodies[found])
            if not own.is_known:
                return Reached(frozenset(), is_known=False)
            names |= own.names
            written |= own.written
            if found is not definition:
                names.add(f"{found.module}.{found.name}")
            queue += (edge.target for edge in self.graph.edges[found])
            queue += self._implied(self.graph.bodies[found])
            queue += own.renamed
        if len(names) > _MOST_NAMES:
            return Reached(frozenset(), is_known=False)
        return Reached(frozenset(names | written), is_known=True)

    def _body(self, body: Body) -> _Own:
        if id(body) not in self._bodies:  # the graph keeps every body alive
            symbols = {use.symbol for use in body.uses}
            values = {value for symbol in symbols for value in self._meant(symbol)}
            names = frozenset(
                str(name).replace(":", ".", 1)
                for symbol in symbols | values
                for name in (symbol, *self._inherited(symbol))
            )
            renamed = tuple(found for value in values for found in self.graph.run_by(value))
            known = not any(self._is_unknown(call) for call in body.calls)
            written = frozenset(body.written).union(self._of_classes(body))
            self._bodies[id(body)] = _Own(names, written, renamed, known)
        return self._bodies[id(body)]

    def _of_classes(self, body: Body) -> Iterator[str]:
        """Yield the attributes of classes that are looked up on instances: ``self.limit``."""
        found: list[tuple[Class, str]] = []
        for receiver, name in body.attributes:
            for origin in receiver:
                found += ((cls, name) for cls in self.graph.classes_of(body, origin))
        for use in body.uses:
            head, _, rest = use.symbol.name.partition(".")
            if rest and use.symbol.module:
                held = self.graph.held_classes(Symbol(use.symbol.module, head))
                found += ((cls, rest.partition(".")[0]) for cls in held)
        for cls, name in found:
            for owner in self.graph.definitions.ancestry(cls):
                if isinstance(owner, Class) and (name in owner.assigned or name in owner.methods):
                    yield f"{owner.module}.{owner.name}.{name}"

    def _bindings(self, symbol: Symbol) -> list[tuple[str, ast.expr]]:
        """Return what a module assigns to a name, with the module."""
        if not symbol.module or "." in symbol.name:
            return []
        names = self.graph.definitions.world.modules[symbol.module]
        found = names.assigned.get(symbol.name, ())
        return [(symbol.module, one.value) for one in found if one.value is not None]

    def _meant(self, symbol: Symbol) -> Iterator[Symbol]:
        """Yield what a name of a module is another name of, or what an attribute of it then is."""
        head, *rest = symbol.name.split(".")
        found = [Symbol(symbol.module, head)]
        for _ in range(_MOST_NAMES_OF_ONE):
            values = [self._bound(each) for one in found for each in self._bindings(one)]
            found = [value for value in values if value is not None]
            for value in found:
                for name in rest:
                    value = self.graph.definitions.world.attribute(value, name)  # noqa: PLW2901
                yield value

    def _bound(self, binding: tuple[str, ast.expr]) -> Symbol | None:
        return self.graph.definitions.world.resolve(*binding)

    def _inherited(self, symbol: Symbol) -> list[Symbol]:
        """Return the library classes whose code a mention of a class, or of what it got, runs."""
        classes = self.graph.definitions.classes
        parts = symbol.name.split(".")
        owners = (Symbol(symbol.module, ".".join(parts[:n])) for n in range(len(parts), 0, -1))
        cls = next((classes[owner] for owner in owners if owner in classes), None)
        if cls is None:
            return []
        attribute = symbol.name.removeprefix(f"{cls.name}.").partition(".")[0]
        ancestry = list(self.graph.definitions.ancestry(cls))
        own = [found for found in ancestry if isinstance(found, Class)]
        if cls.symbol != symbol and any(
            attribute in found.methods or attribute in found.assigned for found in own
        ):
            return []
        return [found for found in ancestry if isinstance(found, Symbol) and not found.module]

    def _implied(self, body: Body) -> list[Definition]:
        """Return the special methods of the classes that a body makes instances of."""
        found = []
        for call in body.calls:
            for origin in call.callee:
                cls = self.graph.definitions.classes.get(origin.symbol)
                if cls is None or origin.kind != "symbol":
                    continue
                for owner in self.graph.definitions.ancestry(cls):
                    for name, methods in owner.methods.items() if isinstance(owner, Class) else ():
                        found += methods if name.startswith("__") else []
        return found

    def _is_unknown(self, call: Call) -> bool:
        """Whether a call may enter code of the application that no edge leads to."""
        if any(self._is_made(origin) for origin in call.callee):
            return True
        if call.method:
            return call.method in ANNOUNCING
        return not call.callee or any(
            origin.kind in ("opaque", "param", "call") or origin.level != "whole"
            for origin in call.callee
        )

    def _is_made(self, origin: Origin) -> bool:
        """Whether it is called by a name of a module whose value no name stands for."""
        return origin.kind == "symbol" and any(
            self._bound(binding) is None for binding in self._bindings(origin.symbol)
        )

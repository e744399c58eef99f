"""What is known of one piece of state, and of all of them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from seamline.interface.body import Body
from seamline.interface.functions import Definition
from seamline.interface.lookups import is_pattern, matching
from seamline.interface.names import Symbol


@dataclass(slots=True, eq=False)
class Fact:
    """One module-level name, or ``Class.attribute``, that is not a constant.

    Attributes:
        changed: Whether something in the application changes it; otherwise it only escapes.
        alive: Whether it is an object with methods that change it, or is changed otherwise.
        escapes: Whether code that nothing is known of is given it, or it is returned.
        moment: Whether every process has another value of it: it was made by chance or time.
        container: Whether it changes only where the source shows it, as a dictionary does.
        cache: Whether it is what a function under ``lru_cache`` keeps, under the function's name.
        stored: Values that are put into it, with the body that does.
    """

    symbol: Symbol
    line: int
    resource: bool
    changed: bool
    alive: bool = False
    escapes: bool = False
    annotation: ast.expr | None = None
    stored: list[tuple[Body, ast.expr]] = field(default_factory=list)
    container: bool = False
    moment: bool = False
    cache: bool = False


@dataclass(slots=True)
class StateMap:
    """All state of the application, and the framework objects of its modules.

    Attributes:
        containers: Names bound to a container, state or not, with the line.
        unchanged: Names bound to instances of the application's classes, by which nothing changes
            them, with the line.
        changed: Names whose object is changed in place after its module was imported.
        kept: Those of them that something kept changes, such as a bound method.
        differing: Names, fields of values and defaults of methods that every process may have
            another value of, or of a part of it, with the line.
        inherited: Attributes of classes and of instances that are found in a class above, with
            the state that they are.
        objects: Names of functions that a decorator binds to an object which changes.
    """

    facts: dict[Symbol, Fact] = field(default_factory=dict)
    containers: dict[Symbol, int] = field(default_factory=dict)
    unchanged: dict[Symbol, int] = field(default_factory=dict)
    changed: set[Symbol] = field(default_factory=set)
    kept: set[Symbol] = field(default_factory=set)
    differing: dict[Symbol, int] = field(default_factory=dict)
    framework: set[Symbol] = field(default_factory=set)
    objects: set[Symbol] = field(default_factory=set)
    inherited: dict[Symbol, Symbol] = field(default_factory=dict)
    instances: dict[Symbol, set[Symbol]] = field(default_factory=dict)

    def touched(self, symbol: Symbol) -> Fact | None:
        """Return the state that a mention of a dotted name touches."""
        if not symbol.module:
            return None
        if "." not in symbol.name:  # most are asked for in vain
            held = self.inherited.get(symbol)
            return self.facts.get(symbol) or (None if held is None else self.facts.get(held))
        parts = symbol.name.split(".")
        for length in range(min(len(parts), 3), 0, -1):
            fact = self.facts.get(Symbol(symbol.module, ".".join(parts[:length])))
            if fact is not None:
                return fact
        held = self.inherited.get(Symbol(symbol.module, ".".join(parts[:2])))
        return None if held is None else self.facts.get(held)

    def all_touched(self, symbol: Symbol) -> Iterator[Fact]:
        """Yield every piece of state that a mention touches; a pattern may touch several."""
        if is_pattern(symbol):
            for name in matching(symbol, self._names_in(symbol.module)):
                if not self.facts[Symbol(symbol.module, name)].resource:
                    yield self.facts[Symbol(symbol.module, name)]
            return
        fact = self.touched(symbol)
        if fact is not None:
            yield fact

    def _names_in(self, module: str) -> list[str]:
        return [s.name for s in self.facts if s.module == module and "." not in s.name]


def default_of(definition: Definition, name: str) -> Symbol:
    """Return the name that the default object of a parameter has as state."""
    return Symbol(definition.module, f"{definition.name}.{name}")

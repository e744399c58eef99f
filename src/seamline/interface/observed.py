"""What was observed of functions, laid beside what their source says.

Observation decides what source could only guess: a parameter without annotation that was
seen to be a connection is one, and one that was only ever seen to be text is none. What an
annotation says stays said.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from seamline.interface.crossing import Obstacle, Types, known_obstacle
from seamline.interface.facts import StateMap
from seamline.interface.functions import Definition
from seamline.interface.names import Symbol
from seamline.interface.typenames import UNSENDABLE
from seamline.lock import MORE, RETURN, Entry, Lock

_AS_VALUE: Final = "pass or return its values, such as its id or a dataclass"
_VALUES: Final = ("value", "frozen", "exception", "container")
_KINDS: Final = {
    "function": "a callable",
    "functools.partial": "a callable",
    "type": "a class",
    "module": "a module",
    "generator": "a generator",
    "coroutine": "a coroutine",
    "_io.TextIOWrapper": "an open file",
    "_io.BufferedReader": "an open file",
    "_io.BufferedWriter": "an open file",
    "_io.BufferedRandom": "an open file",
    "_io.FileIO": "an open file",
    "_io.BytesIO": "an open file",
    "_io.StringIO": "an open file",
    "tempfile._TemporaryFileWrapper": "an open file",
    "_thread.lock": "a lock",
    "_thread.RLock": "a lock",
    "sqlalchemy.orm.session.Session": "a database session",
}


@dataclass(frozen=True, slots=True)
class Observed:
    """A lock as the analysis asks it. An empty one changes nothing."""

    lock: Lock

    def of(self, definition: Definition) -> Entry | None:
        """Return what was seen of a function as it is now; None when it was never called."""
        name = f"{definition.module}.{definition.name}"
        entry = self.lock.known(name, definition.fingerprint)
        return entry if entry is not None and entry.seen.calls else None

    def obstacles(self, definition: Definition, types: Types) -> Iterator[Obstacle]:
        """Yield what was seen of a function's values that could not have crossed."""
        entry = self.of(definition)
        if entry is None:
            return
        own = _own_parameter(definition)
        for name, kinds in entry.seen.stays.items():
            if name == own:
                continue  # what an instance is, its class says
            result = name == RETURN
            yield _obstacle(kinds[0], types)._replace(
                type=f"{_article(kinds[0])} {kinds[0]}{self._place(entry)}",
                where="observed: its result is" if result else f"observed: parameter {name!r} is",
                optional=not result and _has_others(entry.seen.parameters.get(name, ()), kinds),
            )

    def is_plain(self, definition: Definition, name: str) -> bool:
        """Whether every value seen of a parameter (or ``return``) could have crossed."""
        entry = self.of(definition)
        if entry is None or name in entry.seen.stays:
            return False
        seen = entry.seen
        types = seen.result + seen.yields if name == RETURN else seen.parameters.get(name, ())
        return bool(types) and MORE not in types

    def changes(self, definition: Definition, state: StateMap) -> dict[Symbol, str]:
        """Return the module state that calls were seen to change, with where that is said."""
        entry = self.of(definition)
        if entry is None:
            return {}
        symbols = map(_symbol, entry.seen.changes)
        return {one: self._place(entry).strip() for one in symbols if one in state.facts}

    def aliases(self, definition: Definition, state: StateMap) -> set[Symbol]:
        """Return the module state that results were seen to be, or to share parts with."""
        entry = self.of(definition)
        symbols = map(_symbol, () if entry is None else entry.seen.aliases)
        return {one for one in symbols if one in state.facts}

    def mutates(self, definition: Definition, from_source: tuple[str, ...]) -> tuple[str, ...]:
        """Return the parameters that may be changed, by source or by what was seen."""
        entry = self.of(definition)
        seen = () if entry is None else entry.seen.mutates
        names = definition.annotations()
        return tuple(name for name in names if name in from_source or name in seen)

    def _place(self, entry: Entry) -> str:
        return f" ({self.lock.file}:{entry.line})" if entry.line else ""


NOTHING: Final = Observed(Lock())


def _obstacle(kind: str, types: Types) -> Obstacle:
    """Return what values of an observed class are to a reader, and what to do instead."""
    known = _KINDS.get(kind) or UNSENDABLE.get(kind)
    if known:
        return known_obstacle(kind, known)
    symbol = _class_symbol(kind, types)
    of_application = "unknown" if symbol is None else types.kind(symbol)
    if of_application in _VALUES:
        return Obstacle(kind, "a class that the package does not know", f"annotate it with {kind}")
    if of_application == "model":
        return Obstacle(kind, "a row bound to a database session", _AS_VALUE)
    return Obstacle(kind, "an object that one process holds", "pass or return plain values")


def _class_symbol(kind: str, types: Types) -> Symbol | None:
    """Return the class of the application that a dotted name means."""
    module = kind
    while "." in module:
        module = module.rpartition(".")[0]
        if module in types.world.modules:
            return Symbol(module, kind.removeprefix(f"{module}."))
    return None


def _has_others(types: tuple[str, ...], kinds: tuple[str, ...]) -> bool:
    """Whether some of the values that were seen held nothing that must stay."""
    return any(not any(kind in one for kind in kinds) for one in types if one != "None")


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeiou" else "a"


def _own_parameter(definition: Definition) -> str:
    if definition.owner is None or definition.is_static or not definition.parameters:
        return ""
    return definition.parameters[0].arg


def _symbol(text: str) -> Symbol:
    module, _, name = text.partition(":")
    return Symbol(module, name)

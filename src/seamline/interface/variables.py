"""What is one value for each thread or context: who sets it, who reads it, who holds it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from seamline.interface.body import Body
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.graph import Graph
from seamline.interface.model import Kind
from seamline.interface.names import Symbol
from seamline.interface.walking import own_nodes

#: Kinds of functions whose frame stands still while their caller goes on.
STREAMS: Final = (
    Kind.GENERATOR, Kind.ASYNC_GENERATOR, Kind.CONTEXT_MANAGER, Kind.ASYNC_CONTEXT_MANAGER,
)  # fmt: skip
_ENTERING: Final = ("__enter__", "__aenter__")

What = Literal["variable", "local", "lock"]
_MADE: Final[dict[str, What]] = {
    "contextvars.ContextVar": "variable",
    "threading.local": "local",
    "werkzeug.local.Local": "local",
    "asgiref.local.Local": "local",
    # Only what a thread may take twice: of the others, the second one waits in any layout.
    "threading.RLock": "lock",
    "threading.Condition": "lock",
    "multiprocessing.RLock": "lock",
}


class Variable(NamedTuple):
    """A context variable, an object with a value for each thread, or a lock of a thread.

    Attributes:
        symbol: A module-level name, or ``Class.attribute`` (also one that methods set).
    """

    symbol: Symbol
    line: int
    what: What

    def __str__(self) -> str:
        return f"{self.symbol.module}.{self.symbol.name}"


@dataclass(slots=True)
class Handling:
    """What one body does with one variable; the first line of each, 0 for never."""

    sets: int = 0
    resets: int = 0
    reads: int = 0


@dataclass(slots=True)
class Variables:
    """All such variables of an application, with the bodies that use them.

    Attributes:
        users: What each body does with a variable itself.
        setting: Bodies that set it, themselves or by what they call, with the line.
        leaving: Those that return while it is set.
        holding: Those whose caller goes on while it is set: over a ``yield``, or by entering.
    """

    graph: Graph
    users: dict[Variable, dict[Definition | str, Handling]] = field(default_factory=dict)
    setting: dict[Variable, dict[Definition | str, int]] = field(default_factory=dict)
    leaving: dict[Variable, set[Definition]] = field(default_factory=dict)
    holding: dict[Variable, set[Definition]] = field(default_factory=dict)

    def build(self) -> None:
        """Find the variables, and what every body does with them."""
        found = {one.symbol: one for one in _variables(self.graph.definitions)}
        for variable in found.values():
            self.users[variable] = {}
        for key, body in self.graph.bodies.items() if found else ():
            if not self.graph.definitions.world.modules[body.module].source.test:
                self._read(found, key, body)
        for variable in found.values():
            self._follow(variable)

    def _read(self, found: dict[Symbol, Variable], key: Definition | str, body: Body) -> None:
        bound = {use.line for use in body.uses if use.how == "bind"}
        for use in body.uses:
            variable, member = _member(found, use.symbol)
            if variable is not None:
                handling = self.users[variable].setdefault(key, Handling())
                if use.how == "read" and not member and use.line in bound:
                    continue  # the ``LOCAL`` of ``LOCAL.name = value``
                _note(variable, handling, member, use.line, binds=use.how != "read")
        owner = None if body.definition is None else body.definition.owner
        if owner is not None:
            for variable, member, line in self._through_self(found, body, owner):
                _note(variable, self.users[variable].setdefault(key, Handling()), member, line,
                      binds=member == "=")  # fmt: skip

    def _through_self(
        self, found: dict[Symbol, Variable], body: Body, owner: Class
    ) -> Iterator[tuple[Variable, str, int]]:
        """Yield what a method does with attributes of its class: ``self.current.set(1)``."""
        assert body.definition is not None
        known = {
            symbol.name.rpartition(".")[2]: found[symbol]
            for cls in self.graph.definitions.ancestry(owner)
            if isinstance(cls, Class)
            for symbol in found
            if symbol.module == cls.module and symbol.name.rpartition(".")[0] == cls.name
        }
        line = body.definition.line
        for receiver, name in body.attributes if known else ():
            for origin in receiver:
                variable = known.get(origin.path)
                if variable is not None and origin.kind == "param":
                    yield variable, name, line
                elif name in known and not origin.path and known[name].what == "lock":
                    yield known[name], "", line
        for path in body.paths:
            if path in known and known[path].what == "local":
                yield known[path], "=", body.paths[path]

    def _follow(self, variable: Variable) -> None:
        """Find who sets a variable through what it calls, and who leaves it so."""
        setting = self.setting[variable] = {}
        leaving: set[Definition] = self.leaving.setdefault(variable, set())
        holding: set[Definition] = self.holding.setdefault(variable, set())
        queue: list[Definition | str] = []
        for key, handling in self.users[variable].items():
            if handling.sets:
                setting[key] = handling.sets
                queue.append(key)
        while queue:
            key = queue.pop()
            self._judge(variable, key)
            if not isinstance(key, Definition) or key not in leaving | holding:
                continue
            for caller in self.graph.callers.get(key, ()):
                lines = [e.line for e in self.graph.edges[caller] if e.target is key
                         and not e.guess]  # fmt: skip
                if lines and caller not in setting:
                    setting[caller] = min(lines)
                    queue.append(caller)

    def _judge(self, variable: Variable, key: Definition | str) -> None:
        if not isinstance(key, Definition):
            return
        line = self.setting[variable][key]
        handling = self.users[variable].get(key, Handling())
        if key.kind in STREAMS:
            over = _blocks(variable, key) if variable.what == "lock" and handling.sets else ()
            if any(
                part.lineno >= line and (not over or part.lineno in over)
                for part in own_nodes(key.node)
                if isinstance(part, (ast.Yield, ast.YieldFrom))
            ):
                self.holding[variable].add(key)
        elif key.node.name in _ENTERING:
            self.holding[variable].add(key)
        elif handling.sets and not handling.resets and variable.what != "lock":
            self.leaving[variable].add(key)


def _member(found: dict[Symbol, Variable], symbol: Symbol) -> tuple[Variable | None, str]:
    """Return the variable that a dotted name is of, and what of it."""
    parts = symbol.name.split(".") if symbol.module else []
    for length in range(1, min(len(parts), 3) + 1):
        variable = found.get(Symbol(symbol.module, ".".join(parts[:length])))
        if variable is not None:
            return variable, ".".join(parts[length : length + 1])
    return None, ""


def _note(variable: Variable, handling: Handling, member: str, line: int, *, binds: bool) -> None:
    if variable.what == "lock":
        if member not in ("release", "notify", "notify_all"):
            handling.sets = handling.sets or line
            handling.reads = handling.reads or line
    elif binds or (variable.what == "variable" and member == "set"):
        handling.sets = handling.sets or line
    elif variable.what == "variable" and member == "reset":
        handling.resets = handling.resets or line
    elif variable.what != "variable" or member != "name":
        handling.reads = handling.reads or line


def _blocks(variable: Variable, definition: Definition) -> set[int]:
    """Return the lines in ``with`` blocks of a function over a lock, empty if it has none."""
    attribute = variable.symbol.name.rpartition(".")[2]
    return {
        line
        for part in own_nodes(definition.node)
        if isinstance(part, (ast.With, ast.AsyncWith))
        for item in part.items
        if ast.unparse(item.context_expr).rpartition(".")[2] == attribute
        for line in range(part.lineno, (part.end_lineno or part.lineno) + 1)
    }


def lines_held(
    variables: Variables, variable: Variable, definition: Definition
) -> range | set[int]:
    """Return the lines of a function in which a variable is, or may be, set."""
    if variable.what == "lock" and (over := _blocks(variable, definition)):
        return over
    return range(variables.setting[variable][definition], 1 << 30)


def _variables(definitions: Definitions) -> Iterator[Variable]:
    world = definitions.world
    for module, names in world.modules.items():
        for name, bindings in () if names.source.test else names.assigned.items():
            for binding in bindings:
                what = _made(definitions, module, binding.value)
                if what is not None:
                    yield Variable(Symbol(module, name), binding.line, what)
    for cls in definitions.classes.values():
        if world.modules[cls.module].source.test:
            continue
        own = {name: value for name, held in cls.own.items() for _, value in held}
        for name, value in (own | cls.assigned).items():
            what = _made(definitions, cls.module, value)
            if what is not None and value is not None:
                yield Variable(Symbol(cls.module, f"{cls.name}.{name}"), value.lineno, what)


def _made(definitions: Definitions, module: str, value: ast.expr | None) -> What | None:
    if not isinstance(value, ast.Call):
        return None
    return _MADE.get(str(definitions.world.resolve(module, value.func)))

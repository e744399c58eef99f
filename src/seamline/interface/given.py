"""What modules give to objects of others by a library's means: listeners, attributes, plugins."""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from seamline.interface.body import Body
from seamline.interface.functions import Class
from seamline.interface.graph import Graph
from seamline.interface.making import filled_by, run_by_making
from seamline.interface.names import Symbol
from seamline.interface.source import is_of_script
from seamline.interface.walking import walk

# Take what is listened to first: a class, a factory of sessions, an engine.
_LISTENING: Final = frozenset(
    f"sqlalchemy.event.{part}{name}" for part in ("", "api.") for name in ("listens_for", "listen")
)
_RECEIVER: Final = frozenset({"django.dispatch.receiver", "django.dispatch.dispatcher.receiver"})
_MANAGERS: Final = frozenset({"pluggy.PluginManager", "pluggy._manager.PluginManager"})
_ABSTRACT: Final = frozenset({"abc.ABC", "abc.ABCMeta"})
_TESTING: Final = frozenset({"builtins.isinstance", "builtins.issubclass"})
_LOGGERS: Final = frozenset({"logging.getLogger", "logging.Logger"})
_OF_LOGGER: Final = frozenset({"setLevel", "addHandler", "removeHandler", "addFilter"})
#: What an application asks a logger that others have set up.
_ASKING_LOGGER: Final = frozenset(
    {"isEnabledFor", "getEffectiveLevel", "level", "handlers", "hasHandlers", "filters"}
)

How = Literal[
    "a listener", "a value", "a setting", "a plugin", "a virtual subclass", "a level or handler"
]


class Given(NamedTuple):
    """One thing that a name of the application is given.

    Attributes:
        symbol: The name; of an attribute, with the attribute.
    """

    symbol: Symbol
    line: int
    how: How


@dataclass(slots=True)
class Giving:
    """Answers for the modules of one application."""

    graph: Graph
    _found: dict[str, tuple[Given, ...]] = field(default_factory=dict, init=False)

    def by(self, module: str) -> tuple[Given, ...]:
        """Return what the code of a module gives to names of other modules."""
        if module not in self._found:
            self._found[module] = tuple(_given_by(self.graph, module))
        return self._found[module]


def _given_by(graph: Graph, module: str) -> Iterator[Given]:
    source = graph.definitions.world.modules[module].source
    found = [*_attributes(graph, module), *_by_metaclasses(graph, module)]
    for node in walk(source.tree):
        if isinstance(node, ast.Call):
            found += _by_call(graph, module, node)
    for one in found:
        if one.symbol.module not in ("", module) and not is_of_script(source, one.line):
            yield one


def _attributes(graph: Graph, module: str) -> Iterator[Given]:
    """Yield attributes of classes and functions that importing the module sets or changes."""
    definitions = graph.definitions
    for use in graph.bodies[module].uses:
        owner, _, name = use.symbol.name.rpartition(".")
        holder = Symbol(use.symbol.module, owner)
        cls = definitions.class_of(holder)
        if use.how == "bind" and (cls is not None or holder in definitions.functions):
            yield Given(use.symbol, use.line, "a value")
        elif use.how == "mutate" and cls is not None:
            above = [c for c in definitions.ancestry(cls) if isinstance(c, Class)]
            if any(name in found.assigned for found in above):
                yield Given(use.symbol, use.line, "a value")
        elif (
            use.how != "read" and owner and use.symbol.module and _is_of_library(graph, use.symbol)
        ):
            yield Given(use.symbol, use.line, "a setting")


def _is_of_library(graph: Graph, symbol: Symbol) -> bool:
    """Whether a library makes what a name of a module is bound to; loggers aside."""
    made = list(_made(graph, head_of(symbol)))
    return bool(made) and not any(one.module or str(one) in _LOGGERS for one in made)


def head_of(symbol: Symbol) -> Symbol:
    """Return the name of a module that a dotted one begins with."""
    return Symbol(symbol.module, symbol.name.partition(".")[0])


def _by_metaclasses(graph: Graph, module: str) -> Iterator[Given]:
    """Yield tables of bases that making a module's classes fills: ``cls.table[name] = cls``."""
    for cls in graph.definitions.classes_in(module):
        above = [c for c in graph.definitions.ancestry(cls) if isinstance(c, Class)]
        for definition, line in run_by_making(graph, cls):
            for path in filled_by(graph.bodies[definition]) if definition.owner else ():
                for base in above[1:]:
                    yield Given(Symbol(base.module, f"{base.name}.{path}"), line, "a value")


def _by_call(graph: Graph, module: str, node: ast.Call) -> Iterator[Given]:
    world = graph.definitions.world
    called = str(world.resolve(module, node.func))
    listened: list[ast.expr] = node.args[:1] if called in _LISTENING else []
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if called in _RECEIVER or (method == "connect" and called.startswith("django.")):
        listened = [keyword.value for keyword in node.keywords if keyword.arg == "sender"]
    for part in listened:
        symbol = world.resolve(module, part)
        if symbol is not None:
            yield Given(symbol, node.lineno, "a listener")
    if not isinstance(node.func, ast.Attribute):
        return
    owner = world.resolve(module, node.func.value)
    if owner is not None and owner.module:
        how = _how(graph, owner, method)
        if how is not None:
            yield Given(owner, node.lineno, how)


def _how(graph: Graph, owner: Symbol, method: str) -> How | None:
    cls = graph.definitions.class_of(owner)
    if cls is not None:
        if method == "register" and not graph.definitions.methods_of(cls, method):
            return "a virtual subclass" if _is_abstract(graph, cls) else None
        return None
    made = {str(one) for one in _made(graph, owner)}
    if method == "register" and made & _MANAGERS:
        return "a plugin"
    return "a level or handler" if method in _OF_LOGGER and made & _LOGGERS else None


def _is_abstract(graph: Graph, cls: Class) -> bool:
    for found in graph.definitions.ancestry(cls):
        metaclass = found.metaclass if isinstance(found, Class) else found
        if str(metaclass) in _ABSTRACT:
            return True
    return False


def _made(graph: Graph, symbol: Symbol) -> Iterator[Symbol]:
    """Yield what a name of a module is made by calling."""
    world = graph.definitions.world
    for binding in world.modules[symbol.module].assigned.get(symbol.name, ()):
        if isinstance(binding.value, ast.Call):
            made = world.resolve(symbol.module, binding.value.func)
            if made is not None:
                yield made


@dataclass(slots=True)
class Asking:
    """What some bodies ask of names that others may have given something.

    Attributes:
        mentioned: Names, and those that what they are bound to is made of.
    """

    graph: Graph
    bodies: Collection[Body]
    mentioned: set[Symbol] = field(init=False)

    def __post_init__(self) -> None:
        self.mentioned = {use.symbol for body in self.bodies for use in body.uses}
        waiting = list(self.mentioned)
        while waiting:
            more = set(self._made_of(waiting.pop())) - self.mentioned
            self.mentioned |= more
            waiting += more

    def _made_of(self, symbol: Symbol) -> Iterator[Symbol]:
        """Yield the names of a module-level value: ``Session = sessionmaker(engine)``."""
        world = self.graph.definitions.world
        names = world.modules.get(symbol.module)
        head = symbol.name.partition(".")[0]
        for binding in () if names is None else names.assigned.get(head, ()):
            for node in () if binding.value is None else walk(binding.value):
                found = world.resolve(symbol.module, node) if isinstance(node, ast.Name) else None
                if found is not None and found.module:
                    yield found

    def asks(self, given: Given) -> bool:
        """Whether they would see what was given."""
        if given.how == "a value":
            return self._reads(given.symbol)
        if given.how == "a virtual subclass":
            return self._tests(given.symbol)
        if given.how == "a level or handler":
            return any(
                given.symbol._replace(name=f"{given.symbol.name}.{name}") in self.mentioned
                for name in _ASKING_LOGGER
            )
        if given.how == "a setting":
            head, attribute = head_of(given.symbol), _attribute_of(given.symbol)
            return head in self.mentioned or any(_is_of(one, attribute) for one in self.mentioned)
        family = {given.symbol, *self._below(given.symbol)}
        return any(_is_of(one, each) for one in self.mentioned for each in family)

    def may_ask(self, given: Given) -> bool:
        """Whether they call a method of the object of a library of which something is set."""
        head = head_of(given.symbol)
        return given.how == "a setting" and any(
            origin.kind == "symbol" and origin.symbol == head
            for body in self.bodies
            for call in body.calls
            for origin in call.receiver
        )

    def _below(self, symbol: Symbol) -> list[Symbol]:
        return [cls.symbol for cls in self.graph.subclasses.get(symbol, ())]

    def _reads(self, symbol: Symbol) -> bool:
        """Whether they read an attribute, also through subclasses and instances."""
        owner, _, name = symbol.name.rpartition(".")
        family = {Symbol(symbol.module, owner)}
        family.update(self._below(Symbol(symbol.module, owner)))
        if any(_is_of(one, Symbol(each.module, f"{each.name}.{name}"))
               for one in self.mentioned for each in family):  # fmt: skip
            return True
        return any(
            cls.symbol in family
            for body in self.bodies
            for receiver, attribute in body.attributes
            if attribute == name
            for origin in receiver
            for cls in self.graph.classes_of(body, origin)
        )

    def _tests(self, symbol: Symbol) -> bool:
        """Whether they ask what is an instance or a subclass of a class, or of one above it."""
        cls = self.graph.definitions.classes[symbol]
        above = {c.symbol for c in self.graph.definitions.ancestry(cls) if isinstance(c, Class)}
        return any(
            origin.symbol in above
            for body in self.bodies
            for call in body.calls
            if any(str(one.symbol) in _TESTING for one in call.callee)
            for _, origins in call.arguments[1:]
            for origin in origins
            if origin.kind == "symbol"
        )


def _attribute_of(symbol: Symbol) -> Symbol:
    """Return the first attribute of a name of a module, of several."""
    return Symbol(symbol.module, ".".join(symbol.name.split(".")[:2]))


def _is_of(symbol: Symbol, owner: Symbol) -> bool:
    """Whether a name is another one, or something of it."""
    return symbol.module == owner.module and f"{symbol.name}.".startswith(f"{owner.name}.")

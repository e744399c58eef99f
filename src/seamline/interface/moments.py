"""Values made while importing that differ in every process: by chance, time or process.

``TOKEN = uuid4()`` is one value in one process and several in several. What is made of such a
value is followed through expressions, the application's functions and other names.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from seamline.interface.crossing import Types
from seamline.interface.facts import Fact, StateMap, default_of
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.known import CACHES, FRAMEWORK, named
from seamline.interface.names import Symbol, imports_of
from seamline.interface.walking import SCOPES, children, own_nodes, walk

#: Calls whose result differs from process to process, or from one moment to the next.
MOMENTS: Final = (
    "uuid.uuid1", "uuid.uuid4", "secrets.token_", "secrets.randbelow", "secrets.randbits",
    "secrets.choice", "secrets.SystemRandom", "random.random", "random.randint",
    "random.randrange", "random.randbytes", "random.choice", "random.choices", "random.sample",
    "random.uniform", "random.gauss", "random.getrandbits", "random.SystemRandom", "time.time",
    "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter",
    "time.perf_counter_ns", "time.process_time", "time.ctime", "datetime.datetime.now",
    "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "os.getpid",
    "os.getppid", "os.urandom", "os.times", "threading.get_ident", "threading.get_native_id",
    "tempfile.mkdtemp", "tempfile.mkstemp", "tempfile.mktemp", "ssl.RAND_bytes", "bcrypt.gensalt",
    "cryptography.fernet.Fernet.generate_key", "django.utils.crypto.get_random_string",
    "django.utils.timezone.now", "werkzeug.security.gen_salt", "nanoid.generate",
    "shortuuid.uuid", "ulid.new", "ulid.ULID", "arrow.now", "arrow.utcnow", "pendulum.now",
)  # fmt: skip
# Results that are not made of their arguments: named, not valued, by them.
_APART: Final = ("logging.", "warnings.", "threading.", "builtins.len", "builtins.print",
                 "builtins.type", "builtins.isinstance", "builtins.bool")  # fmt: skip
_MOST_STEPS: Final = 6
# Classes whose attributes no instance takes along.
_PLAIN: Final = ("plain", "stateless", "unknown", "protocol", "container")
_MAKING: Final = frozenset({"__init__", "__post_init__", "__new__"})


class Share(IntEnum):
    """How much of a value differs in every process."""

    NONE = 0
    PART = 1  # something that it holds, or only in some cases
    WHOLE = 2


@dataclass(slots=True)
class Moments:
    """Answers for the names and functions of one application."""

    definitions: Definitions
    _functions: dict[tuple[Definition, bool], bool] = field(default_factory=dict)
    _names: dict[Symbol, Share] = field(default_factory=dict)

    def made(self, module: str, value: ast.expr) -> Share:
        """Return how much of what an expression at module level makes differs."""
        return _Reading(self, module).share(value)

    def gives(self, definition: Definition, *, given: bool = False) -> bool:
        """Whether every result of a function differs each time, or in every process.

        One that differs only sometimes mostly looks for a setting first.

        Args:
            definition: The function.
            given: Whether what it is given does.
        """
        key = (definition, given)
        if key not in self._functions:
            self._functions[key] = False  # what a recursion adds
            self._functions[key] = self._result(definition, given=given)
        return self._functions[key]

    def _result(self, definition: Definition, *, given: bool) -> bool:
        nodes = list(own_nodes(definition.node))
        results = [part.value for part in nodes if isinstance(part, ast.Return) and part.value]
        if not results:
            return False
        reading = _Reading(self, definition.module)
        reading.read_imports(nodes)
        if given:
            reading.names.update(dict.fromkeys(definition.annotations(), Share.WHOLE))
        assigned = list(_assigned(nodes))
        for _ in range(_MOST_STEPS):  # names that are made of names
            before = dict(reading.names)
            reading.read_names(assigned)
            if before == reading.names:
                break
        return all(reading.share(value) is Share.WHOLE for value in results)

    def name(self, symbol: Symbol) -> Share:
        """Return how much of what a module-level name of the application is bound to differs."""
        names = self.definitions.world.modules.get(symbol.module)
        if names is None or "." in symbol.name:
            return Share.NONE
        if symbol not in self._names:
            self._names[symbol] = Share.NONE
            bindings = names.assigned.get(symbol.name, ())
            self._names[symbol] = together(
                self.made(symbol.module, binding.value)
                for binding in bindings
                if binding.value is not None
            )
        return self._names[symbol]

    def makes(self, cls: Class) -> bool:
        """Whether an instance of a class holds such a value from the start."""
        values = [
            value
            for found in cls.own.values()
            for method, value in found
            if method.node.name in _MAKING and value is not None
        ]
        values += map(_factory, cls.assigned.values())
        return any(self.made(cls.module, value) for value in values)

    def default(self, module: str, value: ast.expr) -> Share:
        """Return how much of a field's default differs, as itself or in a library's call."""
        given = [value]
        if isinstance(value, ast.Call):
            given += [*value.args, *(keyword.value for keyword in value.keywords)]
        return max(self.made(module, each) for each in given)


def together(shares: Iterable[Share]) -> Share:
    """Return how much of a value differs that is one of several, or holds all of them."""
    found = set(shares)
    if found == {Share.WHOLE}:
        return Share.WHOLE
    return Share.PART if found - {Share.NONE} else Share.NONE


@dataclass(slots=True)
class _Reading:
    """Reads the expressions of one module or function."""

    moments: Moments
    module: str
    names: dict[str, Share] = field(default_factory=dict)
    imported: dict[str, Symbol] = field(default_factory=dict)

    def read_imports(self, nodes: Iterable[ast.AST]) -> None:
        """Note what a function imports itself."""
        world = self.moments.definitions.world
        source = world.modules[self.module].source
        for node in nodes:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for local, found in imports_of(source, node, typing_only=False, top=False):
                    if local and local != "*":
                        self.imported[local] = world.imported(found)

    def read_names(self, assigned: Iterable[tuple[ast.expr, ast.expr]]) -> None:
        """Note what the local names of a function are made of."""
        found: dict[str, list[Share]] = {}
        for target, value in assigned:
            share = self.share(value)
            for part in walk(target):
                if isinstance(part, ast.Name):
                    found.setdefault(part.id, []).append(share)
        self.names.update((name, together(shares)) for name, shares in found.items())

    def share(self, node: ast.expr) -> Share:  # noqa: PLR0911 - one case per kind of node
        """Return how much of the value of an expression differs in every process."""
        match node:
            case ast.Constant() | ast.Compare():
                return Share.NONE
            case ast.Name(id=name):
                return self.names[name] if name in self.names else self._named(node)
            case ast.Call():
                return self._call(node)
            case ast.Attribute():
                return max(self._named(node), self.share(node.value))
            case ast.IfExp():
                return together((self.share(node.body), self.share(node.orelse)))
            case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
                return together(map(self.share, parts))
            case ast.Dict():
                return together(map(self.share, node.values))
            case _ if isinstance(node, SCOPES):
                return Share.NONE
            case _:
                return max(map(self.share, _expressions(node)), default=Share.NONE)

    def _resolve(self, node: ast.expr) -> Symbol | None:
        if isinstance(node, ast.Name) and node.id in self.imported:
            return self.imported[node.id]
        if isinstance(node, ast.Attribute):
            owner = self._resolve(node.value)
            world = self.moments.definitions.world
            return None if owner is None else world.attribute(owner, node.attr)
        return self.moments.definitions.world.resolve(self.module, node)

    def _named(self, node: ast.expr) -> Share:
        symbol = self._resolve(node)
        return Share.NONE if symbol is None else self.moments.name(symbol)

    def _call(self, node: ast.Call) -> Share:
        definitions = self.moments.definitions
        symbol = self._resolve(node.func)
        arguments = (*node.args, *(keyword.value for keyword in node.keywords))
        given = max(map(self.share, arguments), default=Share.NONE)
        if symbol is None:
            return max(given, self.share(node.func))
        if symbol in definitions.functions:
            is_whole = given is Share.WHOLE
            gives = (self.moments.gives(f, given=is_whole) for f in definitions.functions[symbol])
            return Share.WHOLE if all(gives) else Share.NONE
        if symbol in definitions.classes:
            holds = given or self.moments.makes(definitions.classes[symbol])
            return Share.PART if holds else Share.NONE
        if symbol.module:  # a method of something that the module binds
            return max(given, self.share(node.func))
        if named(symbol.name, MOMENTS):
            return Share.NONE if symbol.name == "time.ctime" and node.args else Share.WHOLE
        apart = named(symbol.name, _APART) or named(symbol.name, FRAMEWORK)
        return Share.NONE if apart else given


def note_moments(definitions: Definitions, types: Types, state: StateMap) -> None:
    """Add what every process has another value of to the state; framework objects aside.

    What differs only in a part, or sometimes, is noted apart, and so are fields of values and
    defaults of methods: instances are made everywhere.
    """
    moments = Moments(definitions)
    for module, names in definitions.world.modules.items():
        for name, bindings in () if names.source.test else names.assigned.items():
            symbol = Symbol(module, name)
            if symbol not in state.framework:
                _note(state, symbol, bindings[0].line, moments.name(symbol))
        for definition in () if names.source.test else definitions.by_module[module]:
            _note_function(moments, state, definition)
    for cls in definitions.classes.values():
        if not definitions.world.modules[cls.module].source.test:
            is_plain = types.kind(cls.symbol) in _PLAIN
            for name, value in cls.assigned.items():
                share = moments.default(cls.module, value)
                most = Share.WHOLE if is_plain else Share.PART
                symbol = Symbol(cls.module, f"{cls.name}.{name}")
                _note(state, symbol, value.lineno, min(share, most))


def _note_function(moments: Moments, state: StateMap, definition: Definition) -> None:
    """Note the defaults of a function, and its memo of an answer that differs."""
    most = Share.WHOLE if definition.owner is None else Share.PART
    for name, value in definition.defaults().items():
        share = min(moments.made(definition.module, value), most)
        _note(state, default_of(definition, name), value.lineno, share)
    cached = definition.decorated_with(*CACHES) and definition.owner is None
    if cached and moments.gives(definition):
        _note(state, definition.symbol, definition.line, Share.WHOLE)


def _note(state: StateMap, symbol: Symbol, line: int, share: Share) -> None:
    if share is Share.WHOLE:
        fact = state.facts.setdefault(symbol, Fact(symbol, line, resource=False, changed=False))
        fact.moment = True
    elif share is Share.PART and symbol not in state.facts:
        state.differing[symbol] = line


def _factory(value: ast.expr) -> ast.expr:
    """Return the call of what ``field(default_factory=uuid4)`` makes a default of."""
    for keyword in value.keywords if isinstance(value, ast.Call) else ():
        if keyword.arg in ("default_factory", "factory"):
            made = keyword.value
            return made.body if isinstance(made, ast.Lambda) else ast.Call(made, [], [])
    return ast.Constant(None)


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    for part in children(node):
        if isinstance(part, ast.expr):
            yield part
        else:
            yield from _expressions(part)


def _assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((target, value) for target in targets)
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
                | ast.NamedExpr(target=target, value=value)
                | ast.For(target=target, iter=value)
                | ast.comprehension(target=target, iter=value)
                | ast.withitem(context_expr=value, optional_vars=ast.expr() as target)
            ):
                yield target, value
            case _:
                pass

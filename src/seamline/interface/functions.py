"""The functions and classes that modules define, with what callers see of them."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from seamline.interface.model import Kind
from seamline.interface.names import Symbol, World, is_type_checking
from seamline.interface.source import Source, statements
from seamline.interface.walking import Def, own_of

PROPERTIES: Final = frozenset(
    {"builtins.property", "functools.cached_property", "werkzeug.utils.cached_property"}
)


@dataclass(slots=True, eq=False)
class Definition:
    """One ``def`` at module level or in a class; nested ones are part of what encloses them.

    Attributes:
        name: Qualified name (``co_qualname``).
        line: First line with decorators (``co_firstlineno``).
        decorators: What each decorator stands for, outermost first; None when unknown.
        owner: The class it is defined in.
    """

    module: str
    name: str
    line: int
    file: str
    node: Def
    kind: Kind
    decorators: tuple[Symbol | None, ...]
    owner: "Class | None" = None

    @property
    def symbol(self) -> Symbol:
        """Return the name it is reached under."""
        return Symbol(self.module, self.name)

    @property
    def parameters(self) -> tuple[ast.arg, ...]:
        """Return all parameters in the order of ``co_varnames`` without ``*`` and ``**``."""
        args = self.node.args
        return (*args.posonlyargs, *args.args, *args.kwonlyargs)

    @property
    def optional(self) -> frozenset[str]:
        """Return the parameters that have a default."""
        return frozenset(self.defaults())

    def defaults(self) -> dict[str, ast.expr]:
        """Return the parameters that have a default, with it."""
        args = self.node.args
        positional = (*args.posonlyargs, *args.args)
        named = positional[len(positional) - len(args.defaults) :]
        pairs = (*zip(named, args.defaults, strict=True),
                 *zip(args.kwonlyargs, args.kw_defaults, strict=True))  # fmt: skip
        return {arg.arg: default for arg, default in pairs if default is not None}

    def annotations(self) -> dict[str, ast.expr | None]:
        """Return the annotation of every parameter, variadic ones included."""
        args = self.node.args
        every = (*self.parameters, *(arg for arg in (args.vararg, args.kwarg) if arg))
        return {arg.arg: arg.annotation for arg in every}

    def decorated_with(self, *names: str) -> bool:
        """Whether any decorator is one of these dotted names."""
        return any(symbol is not None and str(symbol) in names for symbol in self.decorators)

    @property
    def property_part(self) -> Literal["getter", "setter", "deleter"] | None:
        """Return which part of a property it is; None for any other function."""
        for symbol in self.decorators:
            last = "" if symbol is None else symbol.name.rpartition(".")[2]
            if last == "setter":
                return "setter"
            if last == "deleter":
                return "deleter"
            if str(symbol) in PROPERTIES:
                return "getter"
        return None

    @property
    def is_static(self) -> bool:
        """Whether it is a static method."""
        return self.decorated_with("builtins.staticmethod")

    @property
    def signature(self) -> str:
        """Return the signature as a reader would write it."""
        returns = "" if self.node.returns is None else f" -> {ast.unparse(self.node.returns)}"
        return f"({ast.unparse(self.node.args)}){returns}"

    @property
    def fingerprint(self) -> str:
        """Return a digest of name, kind, and parameters' names, kinds and optionality."""
        args = self.node.args
        positional = len(args.posonlyargs) + len(args.args)
        required = positional - len(args.defaults)
        parts = [self.name, self.kind.value]
        for index, arg in enumerate((*args.posonlyargs, *args.args)):
            kind = "/" if index < len(args.posonlyargs) else "+"
            parts.append(f"{kind}{arg.arg}{'' if index < required else '='}")
        parts.append(f"*{args.vararg.arg}" if args.vararg else "")
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            parts.append(f"!{arg.arg}{'' if default is None else '='}")
        parts.append(f"**{args.kwarg.arg}" if args.kwarg else "")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@dataclass(slots=True, eq=False)
class Class:
    """One class of the application.

    Attributes:
        bases: What its bases stand for; None for computed ones.
        fields: Annotated class-level names.
        assigned: Class-level names with their values.
        own: Attributes that its methods set on ``self``, with the values.
        metaclass: What its ``metaclass=`` stands for.
    """

    module: str
    name: str
    node: ast.ClassDef
    bases: tuple[Symbol | None, ...]
    decorators: tuple[Symbol | None, ...]
    fields: dict[str, ast.expr] = field(default_factory=dict)
    assigned: dict[str, ast.expr] = field(default_factory=dict)
    methods: dict[str, list[Definition]] = field(default_factory=dict)
    own: dict[str, list[tuple[Definition, ast.expr | None]]] = field(default_factory=dict)
    metaclass: Symbol | None = None

    @property
    def symbol(self) -> Symbol:
        """Return the name it is reached under."""
        return Symbol(self.module, self.name)


@dataclass(slots=True)
class Definitions:
    """Every definition of the application."""

    world: World
    functions: dict[Symbol, list[Definition]] = field(default_factory=dict)
    classes: dict[Symbol, Class] = field(default_factory=dict)
    by_module: dict[str, list[Definition]] = field(default_factory=dict)
    _members: "Members | None" = None
    _ancestries: dict[Class, tuple[Class | Symbol | None, ...]] = field(default_factory=dict)
    _methods: dict[tuple[Class, str], list[Definition]] = field(default_factory=dict)
    _classes_in: dict[str, list[Class]] = field(default_factory=dict)

    @property
    def members(self) -> "Members":
        """Return what classes of the application name."""
        if self._members is None:
            self._members = _members(self.classes.values())
        return self._members

    def classes_in(self, module: str) -> list[Class]:
        """Return the classes of one module, in order."""
        if not self._classes_in:
            for cls in self.classes.values():
                self._classes_in.setdefault(cls.module, []).append(cls)
        return self._classes_in.get(module, [])

    def class_of(self, symbol: Symbol | None) -> Class | None:
        """Return the class a symbol stands for."""
        return None if symbol is None else self.classes.get(symbol)

    def ancestry(self, cls: Class) -> tuple[Class | Symbol | None, ...]:
        """Return the class, then what it inherits from; symbols for classes of others."""
        if cls not in self._ancestries:
            self._ancestries[cls] = tuple(self._above(cls))
        return self._ancestries[cls]

    def _above(self, cls: Class) -> Iterator[Class | Symbol | None]:
        seen: set[Symbol] = set()
        queue: list[Class | Symbol | None] = [cls]
        while queue:
            found = queue.pop(0)
            if isinstance(found, Symbol) and found in self.classes:
                found = self.classes[found]
            if isinstance(found, Class):
                if found.symbol in seen:
                    continue
                seen.add(found.symbol)
                queue.extend(found.bases)
            yield found

    def methods_of(self, cls: Class, name: str) -> list[Definition]:
        """Return the definitions a method name may stand for, inherited ones included."""
        key = cls, name
        if key not in self._methods:
            holding = (
                found.methods[name]
                for found in self.ancestry(cls)
                if isinstance(found, Class) and name in found.methods
            )
            self._methods[key] = next(holding, [])
        return self._methods[key]

    def makers_of(self, cls: Class) -> list[Definition]:
        """Return what a metaclass of the application runs when an instance is asked for."""
        for found in self.ancestry(cls):
            if isinstance(found, Class) and (meta := self.class_of(found.metaclass)) is not None:
                return self.methods_of(meta, "__call__")
        return []


class Members(NamedTuple):
    """Names that some class of the application has.

    Attributes:
        methods: Of methods.
        computed: Of properties and of what a descriptor of the application may be.
        attributes: Of anything, set on ``self`` or in the class.
    """

    methods: frozenset[str]
    computed: frozenset[str]
    attributes: frozenset[str]


def _members(classes: Iterable[Class]) -> Members:
    methods: set[str] = set()
    computed: set[str] = set()
    made: set[str] = set()
    attributes: set[str] = set()
    for cls in classes:
        methods.update(cls.methods)
        attributes.update(cls.own, cls.assigned, cls.fields, cls.methods)
        made |= {name for name, value in cls.assigned.items() if isinstance(value, ast.Call)}
        for name, definitions in cls.methods.items():
            if any(one.property_part is not None for one in definitions):
                computed.add(name)
    if methods & {"__get__", "__set__", "__delete__"}:
        computed |= made
    return Members(frozenset(methods), frozenset(computed), frozenset(attributes))


def read_definitions(world: World) -> Definitions:
    """Find every function and class that the modules define."""
    found = Definitions(world)
    for name, names in world.modules.items():
        found.by_module[name] = []
        _Finder(found, names.source).walk(names.source.tree.body, None)
    return found


class _Finder:
    """Collects the definitions of one module, in order of their lines."""

    def __init__(self, definitions: Definitions, source: Source) -> None:
        self.found = definitions
        self.source = source

    def walk(self, body: Iterable[ast.stmt], owner: Class | None) -> None:
        for node in body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.function(node, owner)
                case ast.ClassDef():
                    self.cls(node, owner)
                case ast.If() if is_type_checking(node.test):
                    self.walk(node.orelse, owner)
                case ast.Assign(targets=[ast.Name(id=name)]) if owner is not None:
                    owner.assigned[name] = node.value
                case ast.AnnAssign(target=ast.Name(id=name)) if owner is not None:
                    owner.fields[name] = node.annotation
                    if node.value is not None:
                        owner.assigned[name] = node.value
                case _:
                    for block in ("body", "orelse", "finalbody"):
                        self.walk(getattr(node, block, ()), owner)
                    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                        self.walk(part.body, owner)

    def decorators(self, node: Def | ast.ClassDef) -> tuple[Symbol | None, ...]:
        resolve = self.found.world.resolve
        return tuple(
            resolve(self.source.name, part.func if isinstance(part, ast.Call) else part)
            for part in node.decorator_list
        )

    def function(self, node: Def, owner: Class | None) -> None:
        decorators = self.decorators(node)
        if any(str(symbol) in OVERLOADS for symbol in decorators):
            return
        name = node.name if owner is None else f"{owner.name}.{node.name}"
        line = min([node.lineno, *(part.lineno for part in node.decorator_list)])
        kind = kind_of(node, decorators)
        source = self.source
        found = Definition(source.name, name, line, source.file, node, kind, decorators, owner)
        self.found.functions.setdefault(found.symbol, []).append(found)
        self.found.by_module[source.name].append(found)
        if owner is not None:
            owner.methods.setdefault(node.name, []).append(found)
            for attribute, value in _set_on_self(node):
                owner.own.setdefault(attribute, []).append((found, value))

    def cls(self, node: ast.ClassDef, owner: Class | None) -> None:
        module = self.source.name
        bases = tuple(
            self.found.world.resolve(
                module, part.value if isinstance(part, ast.Subscript) else part
            )
            for part in node.bases
        )
        name = node.name if owner is None else f"{owner.name}.{node.name}"
        found = Class(module, name, node, bases, self.decorators(node))
        for keyword in node.keywords:
            if keyword.arg == "metaclass":
                found.metaclass = self.found.world.resolve(module, keyword.value)
        self.found.classes[found.symbol] = found
        self.walk(node.body, found)


OVERLOADS: Final = frozenset({"typing.overload", "typing_extensions.overload"})
_YIELDS: Final = frozenset({ast.Yield, ast.YieldFrom})
_MANAGERS: Final = {
    "contextlib.contextmanager": Kind.CONTEXT_MANAGER,
    "contextlib.asynccontextmanager": Kind.ASYNC_CONTEXT_MANAGER,
}


def kind_of(node: Def, decorators: Iterable[Symbol | None]) -> Kind:
    """Return how a function is entered; yields of nested functions are not its own."""
    for symbol in decorators:
        if str(symbol) in _MANAGERS:
            return _MANAGERS[str(symbol)]
    yields = bool(own_of(node, _YIELDS))
    if isinstance(node, ast.AsyncFunctionDef):
        return Kind.ASYNC_GENERATOR if yields else Kind.ASYNC
    return Kind.GENERATOR if yields else Kind.SYNC


def _set_on_self(node: Def) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield ``(attribute, value)`` for every ``self.attribute = value`` in a method."""
    args = (*node.args.posonlyargs, *node.args.args)
    if not args:
        return
    first = args[0].arg
    for part in statements(node.body):
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        if isinstance(part, ast.Assign):
            targets, value = part.targets, part.value
        elif isinstance(part, ast.AnnAssign):
            targets, value = [part.target], part.value
        for target in targets:
            for leaf in target.elts if isinstance(target, (ast.Tuple, ast.List)) else (target,):
                if (
                    isinstance(leaf, ast.Attribute)
                    and isinstance(leaf.value, ast.Name)
                    and leaf.value.id == first
                ):
                    yield leaf.attr, value

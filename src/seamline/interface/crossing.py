"""Which types can cross a seam, and which cannot be changed in place."""

import ast
import builtins
from collections.abc import Container, Iterable, Iterator
from typing import Final, Literal, NamedTuple

from seamline.interface.foreign import Foreign
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.known import FRAMEWORK, RESOURCES, is_stdlib, named
from seamline.interface.names import Symbol, World
from seamline.interface.origins import OPERATED, Origin
from seamline.interface.stdlib_types import GIVING_NAMELESS
from seamline.interface.typenames import (
    CROSSING,
    GENERATORS,
    GIVING,
    HOLDERS,
    IMMUTABLE,
    MODEL_BASES,
    PARTS_OF_QUERIES,
    UNSENDABLE,
    VALUE_BASES,
    VALUE_DECORATORS,
)
from seamline.interface.walking import walk

ClassKind = Literal[
    "value", "frozen", "exception", "model", "plain", "stateless", "protocol", "framework",
    "container", "finalized", "unknown",
]  # fmt: skip

#: What makes a class one that others fill in.
_ABSTRACT: Final = ("typing.Protocol", "abc.ABC")
_EXCEPTIONS: Final = frozenset(
    name
    for name, found in vars(builtins).items()
    if isinstance(found, type) and issubclass(found, BaseException)
)

# Of these, some classes cross in ways of their own, or are judged by what is known of them.
_JUDGED_OTHERWISE: Final = frozenset(
    {
        "werkzeug", "flask", "quart", "django", "starlette", "fastapi", "litestar", "numpy",
        "pydantic", "pydantic_core", "msgspec", "attr", "attrs", "sqlalchemy", "sqlmodel",
        "markupsafe", "flask_sqlalchemy", "peewee", "mongoengine", "tortoise",
    }
)  # fmt: skip
_AS_VALUE: Final = "pass or return its values, such as its id or a dataclass"
_BY_KIND: Final = {
    "model": ("a row bound to a database session", _AS_VALUE),
    "plain": ("an object with state of its own", "make the class a dataclass"),
    "finalized": ("an object whose end does something, as that of its copy would", _AS_VALUE),
}


class Obstacle(NamedTuple):
    """Why a value stays in its process.

    Attributes:
        type: As a reader would write it.
        what: What it is to a reader.
        remedy: What to do instead.
        where: Where in the signature it is, with a verb.
        optional: Whether callers may leave it out, or pass something that crosses.
    """

    type: str
    what: str
    remedy: str
    where: str = ""
    optional: bool = False


class Types:
    """Answers about annotations and classes of the application, from source alone."""

    def __init__(self, definitions: Definitions, foreign: Foreign) -> None:
        self.definitions = definitions
        self.foreign = foreign
        self.world: World = definitions.world
        self._kinds: dict[Symbol, ClassKind] = {}

    # -- annotations --------------------------------------------------------------------

    def leaves(self, module: str, annotation: ast.expr | None, depth: int = 0) -> list[Symbol]:
        """Return every type an annotation names, outermost first; aliases are followed."""
        return [symbol for symbol, _ in self._walk(module, annotation, depth)]

    def _walk(
        self, module: str, node: ast.expr | None, depth: int = 0
    ) -> Iterator[tuple[Symbol, bool]]:
        """Yield ``(type, whether it is the whole value)``."""
        if node is None or depth > 6:  # noqa: PLR2004 - aliases of aliases
            return
        match node:
            case ast.Constant(value=None):
                yield Symbol("", "builtins.None"), True
            case ast.Constant(value=str() as text):
                try:
                    parsed = ast.parse(text, mode="eval").body
                except SyntaxError:
                    return
                yield from self._walk(module, parsed, depth + 1)
            case ast.BinOp(op=ast.BitOr()):
                yield from self._walk(module, node.left, depth)
                yield from self._walk(module, node.right, depth)
            case ast.Subscript():
                yield from self._generic(module, node, depth)
            case ast.Name() | ast.Attribute():
                symbol = self.world.resolve(module, node)
                if symbol is not None:
                    yield from self._alias(symbol, depth)
            case _:
                pass

    def _generic(
        self, module: str, node: ast.Subscript, depth: int
    ) -> Iterator[tuple[Symbol, bool]]:
        outer = self.world.resolve(module, node.value)
        name = str(outer).rpartition(".")[2]
        if outer is not None:
            yield outer, True
        if name in ("Literal", "type", "Type"):
            return
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Annotated":
            inner = inner[:1]
        for part in inner:
            if isinstance(part, ast.List):  # the parameters of a Callable
                continue
            yield from ((symbol, False) for symbol, _ in self._walk(module, part, depth + 1))

    def _alias(self, symbol: Symbol, depth: int) -> Iterator[tuple[Symbol, bool]]:
        """Follow ``Rows = list[Row]`` and ``type`` aliases of the application."""
        if symbol.module and "." not in symbol.name and symbol not in self.definitions.classes:
            names = self.world.modules[symbol.module]
            for binding in names.assigned.get(symbol.name, ()):
                value = binding.value
                if isinstance(value, ast.Call):  # NewType, TypeVar(bound=..)
                    value = next(iter(value.args[1:]), None)
                yield from self._walk(symbol.module, value, depth + 1)
            return
        yield symbol, True

    def is_immutable(self, module: str, annotation: ast.expr | None) -> bool:
        """Whether a value of the annotated type cannot, or by its type may not, be changed."""
        found = self.leaves(module, annotation)
        return bool(found) and all(map(self.is_immutable_type, found))

    def is_immutable_type(self, symbol: Symbol) -> bool:
        """Whether values of one type are immutable when what they hold is."""
        return (
            str(symbol) in IMMUTABLE
            or str(symbol) in HOLDERS
            or self.kind(symbol) == "frozen"
            or (not symbol.module and symbol.name.startswith("enum."))
        )

    def obstacle(
        self,
        module: str,
        annotation: ast.expr | None,
        *,
        result: bool = False,
        pulled: Container[str] = (),
    ) -> Obstacle | None:
        """Return why values of the annotated type cannot cross, or None.

        Args:
            module: Module the annotation is written in.
            annotation: The annotation, or None when there is none.
            result: Whether it is of a result; generators may be results.
            pulled: Iterators that can be asked for items while the call runs, by name.
        """
        for symbol, whole in self._walk(module, annotation):
            dotted = str(symbol)
            if dotted in UNSENDABLE:
                found = known_obstacle(dotted, UNSENDABLE[dotted])
                return found._replace(optional=dotted in CROSSING)
            kind = self.kind(symbol)
            name = symbol.name.rpartition(".")[2]
            if dotted in GENERATORS and not result and not (whole and name in pulled):
                return Obstacle(name, "a generator of the caller", "take a list")
            if kind in _BY_KIND:
                return self.of_kind(symbol)
            if kind == "framework":
                return known_obstacle(name, "a framework object")
            of_library = self.of_library(symbol, abstract=result)
            if of_library is not None:
                return of_library
        return None

    def of_kind(self, symbol: Symbol, kind: ClassKind | None = None) -> Obstacle | None:
        """Return why instances of a class of the application cannot cross, by what it is."""
        found = _BY_KIND.get(kind or self.kind(symbol))
        return None if found is None else Obstacle(symbol.name.rpartition(".")[2], *found)

    def operated(self, origin: Origin) -> Obstacle | None:
        """Return the obstacle of what an operator or a method makes of objects of a library.

        An operator may make a number of them: then nothing is lost where they stay with their
        caller.
        """
        name = origin.symbol.name
        if name in PARTS_OF_QUERIES and origin.path in (OPERATED, "asc", "desc"):
            return known_obstacle(name, UNSENDABLE[name])
        if origin.path != OPERATED or origin.symbol.module:
            return None
        found = self.of_library(Symbol("", self.foreign.class_made(name)))
        return None if found is None else found._replace(optional=True)

    def of_library(self, symbol: Symbol, *, abstract: bool = False) -> Obstacle | None:
        """Return why objects of a library's class cannot, or may not, cross, as source says.

        Args:
            symbol: The class.
            abstract: Whether an abstract one counts, of which only its library has others.
        """
        if (
            symbol.module
            or not symbol.name
            or is_stdlib(symbol.name)
            or symbol.name.partition(".")[0] in _JUDGED_OTHERWISE
        ):
            return None
        if self.foreign.is_object(symbol.name):
            return known_obstacle(symbol.name, _OF_LIBRARY)
        if self.foreign.is_extended(symbol.name):
            return known_obstacle(symbol.name, _OF_LIBRARY)._replace(optional=True)
        if abstract and self.foreign.is_abstract(symbol.name):
            return known_obstacle(symbol.name, _OF_LIBRARY)._replace(optional=True)
        return None

    def has_alternative(self, module: str, annotation: ast.expr | None) -> bool:
        """Whether a union offers, besides None, something that can cross."""
        match annotation:
            case ast.BinOp(op=ast.BitOr()):
                parts = [annotation.left, annotation.right]
            case ast.Subscript(slice=ast.Tuple(elts=parts)) if (
                str(self.world.resolve(module, annotation.value)) == "typing.Union"
            ):
                pass
            case ast.Subscript() if str(self.world.resolve(module, annotation.value)) == (
                "typing.Optional"
            ):
                return self.has_alternative(module, annotation.slice)
            case _:
                return False
        return any(
            self.has_alternative(module, part)
            or (
                not isinstance(part, ast.Constant)
                and bool(self.leaves(module, part))
                and self.obstacle(module, part) is None
            )
            for part in parts
        )

    # -- classes ------------------------------------------------------------------------

    def kind(self, symbol: Symbol) -> ClassKind:
        """Return what instances of a class are; ``unknown`` for what is not one."""
        if symbol not in self._kinds:
            self._kinds[symbol] = "unknown"
            cls = self.definitions.class_of(symbol)
            if cls is not None:
                self._kinds[symbol] = self._kind(cls)
        return self._kinds[symbol]

    def holds_resource(self, cls: Class) -> bool:
        """Whether a class keeps a connection, an engine or a pool that it opens itself."""
        return any(
            isinstance(value, ast.Call)
            and named(str(self.world.resolve(cls.module, value.func)), RESOURCES)
            for assigned in cls.own.values()
            for _, value in assigned
        )

    def _kind(self, cls: Class) -> ClassKind:
        frozen = value = False
        bases: list[str] = []
        unknown = False
        for found in self.definitions.ancestry(cls):
            if isinstance(found, Class):
                decorated = [
                    (str(symbol), node)
                    for symbol, node in zip(
                        found.decorators, found.node.decorator_list, strict=True
                    )
                    if str(symbol) in VALUE_DECORATORS
                ]
                value = value or bool(decorated)
                frozen = frozen or any(
                    name.endswith(".frozen") or _says_frozen(node) for name, node in decorated
                )
                frozen = frozen or _says_frozen(found.node)
                if any(key in found.assigned for key in ("__tablename__", "__table__")):
                    return "model"
            elif found is None:
                unknown = True
            elif found.module and not self._is_namedtuple(found):
                bases.append(self._made_by(found))
            elif found.module:
                return "frozen"
            else:
                bases.append(found.name)
        kind = self._by_bases(cls, bases, value=value, frozen=frozen, unknown=unknown)
        is_copied = kind in ("value", "frozen", "container")
        return "finalized" if is_copied and self._is_finalized(cls) else kind

    def _is_finalized(self, cls: Class) -> bool:
        """Whether the end of an object does something: a copy and the original each have one."""
        return any(
            "__del__" in found.methods or any(map(self._finalizes, _bodies_of(found)))
            for found in self.definitions.ancestry(cls)
            if isinstance(found, Class)
        )

    def _finalizes(self, body: Definition) -> bool:
        """Whether a method registers what happens when its object is gone."""
        return any(
            isinstance(node, ast.Call)
            and bool(node.args)
            and isinstance(node.args[0], ast.Name)
            and str(self.world.resolve(body.module, node.func)) == "weakref.finalize"
            for node in walk(body.node)
        )

    def _by_bases(  # noqa: PLR0911 - a table
        self, cls: Class, bases: list[str], *, value: bool, frozen: bool, unknown: bool
    ) -> ClassKind:
        if any(named(base, MODEL_BASES) for base in bases):
            return "model"
        if any(base.removeprefix("builtins.") in _EXCEPTIONS for base in bases):
            return "exception"
        if any(base.startswith("enum.") or base.endswith(".NamedTuple") for base in bases):
            return "frozen"
        if any(named(base, VALUE_BASES) for base in bases):
            value = True
        if value:
            return "frozen" if frozen and self._fields_immutable(cls) else "value"
        if any(base in _PLAIN_VALUES for base in bases):
            return "container"
        if any(named(base, FRAMEWORK) for base in bases):
            return "framework"
        if any(base in _ABSTRACT for base in bases) and _is_abstract(cls):
            return "protocol"
        return "unknown" if unknown else self._by_what_it_holds(cls, bases)

    def kind_of_one(self, symbol: Symbol) -> ClassKind:
        """Return what an object of a class is that has a base of a framework."""
        cls = self.definitions.class_of(symbol)
        above = [] if cls is None else list(self.definitions.ancestry(cls))
        if cls is None or None in above:
            return "unknown"
        return self._by_what_it_holds(cls, [str(b) for b in above if not isinstance(b, Class)])

    def _by_what_it_holds(self, cls: Class, bases: Iterable[str]) -> ClassKind:
        others = [self._held_by(base) for base in bases if not is_stdlib(base)]
        if None in others:
            return "unknown"
        holds = any(others) or any(
            isinstance(found, Class) and (found.own or "__init__" in found.methods)
            for found in self.definitions.ancestry(cls)
        )
        return "plain" if holds else "stateless"

    def _held_by(self, base: str) -> bool | None:
        """Whether objects of a library's class hold something; None where nobody knows."""
        if base.partition(".")[0] in _JUDGED_OTHERWISE:
            return None
        return self.foreign.holds(base)

    def _fields_immutable(self, cls: Class) -> bool:
        return all(self.is_immutable(cls.module, field) for field in cls.fields.values())

    def _made_by(self, symbol: Symbol) -> str:
        """Return the call that made a base class: ``Base = declarative_base()``."""
        head, _, rest = symbol.name.partition(".")
        for binding in self.world.modules[symbol.module].assigned.get(head, ()):
            if isinstance(binding.value, ast.Call):
                made = self.world.resolve(symbol.module, binding.value.func)
                if made is not None and not made.module:
                    return f"{made.name}.{rest}" if rest else made.name
        return str(symbol)

    def _is_namedtuple(self, symbol: Symbol) -> bool:
        return self._made_by(symbol) in ("collections.namedtuple", "typing.NamedTuple")


def _bodies_of(cls: Class) -> list[Definition]:
    return [body for bodies in cls.methods.values() for body in bodies]


_OF_LIBRARY: Final = "an object of a library with state of its own"
_PLAIN_VALUES: Final = frozenset(
    f"builtins.{name}" for name in ("str", "int", "float", "bytes", "tuple", "dict", "list", "set")
)


def known_obstacle(dotted: str, what: str) -> Obstacle:
    """Return why values of a type cannot cross that readers have a word for, with a remedy."""
    name = dotted.rpartition(".")[2]
    if what == "a callable":
        return Obstacle(name, what, "pass the values it would give")
    if what == "an open file":
        return Obstacle(name, what, "pass or return its bytes, or its path")
    if "database" in what:
        return Obstacle(name, what, "open it inside the package, and pass ids or values")
    return Obstacle(name, what, "pass or return plain values instead")


def given_by(origin: Origin) -> Obstacle | None:
    """Return why what a call of a known function gives, or a known name is, cannot cross."""
    if origin.symbol.module or origin.kind not in ("call", "symbol"):
        return None
    dotted = f"{origin.symbol.name}.{origin.path}" if origin.path else origin.symbol.name
    if dotted in GIVING:
        return known_obstacle(GIVING[dotted], UNSENDABLE[GIVING[dotted]])
    what = GIVING_NAMELESS.get(dotted)
    made = f"made by {dotted}()" if origin.kind == "call" else dotted
    return None if what is None else Obstacle(made, what, "return plain values, as a list")


def _says_frozen(node: ast.expr | ast.ClassDef) -> bool:
    keywords = node.keywords if isinstance(node, (ast.Call, ast.ClassDef)) else []
    return any(
        keyword.arg == "frozen"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for keyword in keywords
    )


def _is_abstract(cls: Class) -> bool:
    """Whether a class itself, and not only what it derives from, says that others fill it in."""
    if any(base is not None and base.name in _ABSTRACT for base in cls.bases):
        return True
    own = (definition.node for found in cls.methods.values() for definition in found)
    return any("abstract" in ast.unparse(one) for node in own for one in node.decorator_list)

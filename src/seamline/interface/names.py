"""What the names of a module stand for, followed through imports and re-exports."""

import ast
import builtins
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from seamline.interface.source import Source, Sources, statements
from seamline.interface.walking import walk

BUILTINS: Final = frozenset(dir(builtins))


class Symbol(NamedTuple):
    """A name and the module that binds it.

    ``module`` is a module of the application, or empty for anything else; then ``name`` is
    the full dotted name. An empty ``name`` is the module itself.
    """

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}" if self.module else self.name


class Import(NamedTuple):
    """One ``import`` of a module.

    Attributes:
        module: Absolute dotted name of what is imported.
        name: What is taken from it, ``*``, or empty for ``import module``.
        typing_only: Below ``if TYPE_CHECKING``.
        top: Executed when the module is imported.
    """

    module: str
    name: str
    line: int
    typing_only: bool
    top: bool


class Binding(NamedTuple):
    """One assignment of a module-level name.

    Attributes:
        value: None for a bare annotation, and for what is unpacked.
        whole: What is unpacked: ``reading, writing = WHOLE``.
    """

    line: int
    value: ast.expr | None
    annotation: ast.expr | None
    whole: ast.expr | None = None


@dataclass(slots=True)
class Names:
    """The module-level names of one module. ``rebound``: declared ``global`` in a function."""

    source: Source
    imported: dict[str, Import] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    assigned: dict[str, list[Binding]] = field(default_factory=dict)
    imports: list[Import] = field(default_factory=list)
    exported: tuple[str, ...] | None = None
    rebound: set[str] = field(default_factory=set)

    def binds(self, name: str) -> bool:
        """Whether the module itself defines or assigns the name."""
        return name in self.definitions or name in self.assigned

    def is_optional(self, name: str) -> bool:
        """Whether the module imports the name, or has None instead where that fails."""
        is_rebound = name in self.definitions or name in self.rebound
        values = (binding.value for binding in self.assigned.get(name, ()))
        return name in self.imported and not is_rebound and all(map(_is_none, values))


def is_type_checking(node: ast.expr) -> bool:
    """Whether an ``if`` with this test is for type checkers only."""
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return bool(name == "TYPE_CHECKING")


def absolute(source: Source, node: ast.ImportFrom) -> str:
    """Return the absolute dotted name of the module in a ``from`` import."""
    if not node.level:
        return node.module or ""
    parts = source.name.split(".")
    keep = len(parts) - node.level + (1 if source.package else 0)
    return ".".join([*parts[: max(keep, 0)], *([node.module] if node.module else [])])


def imports_of(
    source: Source, node: ast.stmt, *, typing_only: bool, top: bool
) -> Iterator[tuple[str, Import]]:
    """Yield ``(local name, import)`` for an import statement."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            module = alias.name if alias.asname else alias.name.partition(".")[0]
            local = alias.asname or module
            yield local, Import(module, "", node.lineno, typing_only, top)
            if module != alias.name:
                yield "", Import(alias.name, "", node.lineno, typing_only, top)
    elif isinstance(node, ast.ImportFrom):
        module = absolute(source, node)
        for alias in node.names:
            local = alias.asname or alias.name
            yield local, Import(module, alias.name, node.lineno, typing_only, top)


class NamesBound(NamedTuple):
    """What a module binds anywhere in it.

    Attributes:
        imports: What its imports stand for, dotted, with the name that each has in it.
        otherwise: Names that anything else binds to more than None, or an attribute of.
    """

    imports: list[tuple[str, str]]
    otherwise: set[str]


def bound_in(tree: ast.Module) -> NamesBound:
    """Return what a module may bind, and its functions."""
    found = NamesBound([], set())
    missing: set[ast.expr] = set()  # ``except ImportError: yaml = None``
    for node in walk(tree):
        match node:
            case ast.Assign(targets=targets, value=ast.Constant(value=None)):
                missing.update(targets)
            case ast.AnnAssign(target=target, value=ast.Constant(value=None)):
                missing.add(target)
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if node not in missing:
                found.otherwise.add(name)
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store()) | ast.arg(arg=name):
                found.otherwise.add(name)
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                found.otherwise.add(name)
            case ast.Import() | ast.ImportFrom():
                found.imports.extend(_imported(node))
            case _:
                pass
    return found


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Yield ``(dotted name, name that it has here)``."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            dotted = f"{'.' * node.level}{node.module}.{alias.name}"
            yield dotted, alias.asname or alias.name
        else:
            meant = alias.name if alias.asname else alias.name.partition(".")[0]
            yield meant, alias.asname or meant


def is_only_import(bound: NamesBound, imported: str, own: Container[str]) -> bool:
    """Whether a name that a module imports something by stands for libraries alone in it.

    Args:
        bound: What the module binds, as :func:`bound_in` returns it.
        imported: The dotted name of it.
        own: The packages of the application.

    An alternative (``except ImportError: from shop import fast``), an assignment to the name or
    to an attribute of it may put an object of the application there.
    """
    names = {name for dotted, name in bound.imports if dotted == imported}
    meant = [dotted for dotted, name in bound.imports if name in names]
    return (
        bool(names)
        and names.isdisjoint(bound.otherwise)
        and not any(one.startswith(".") or one.partition(".")[0] in own for one in meant)
    )


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


class _Reader:
    """Fills one Names by walking module-level statements."""

    def __init__(self, source: Source) -> None:
        self.names = Names(source)
        self.walk(source.tree.body, typing_only=False)
        for node in statements(source.tree.body):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._inside(node)

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for inner in statements(node.body):
            if isinstance(inner, (ast.Import, ast.ImportFrom)):
                self._import(inner, typing_only=False, top=False)
            elif isinstance(inner, ast.Global):
                self.names.rebound.update(inner.names)

    def walk(self, body: Iterable[ast.stmt], *, typing_only: bool) -> None:
        for node in body:
            self.statement(node, typing_only=typing_only)

    def statement(self, node: ast.stmt, *, typing_only: bool) -> None:  # noqa: C901, PLR0912 - one case per kind of node
        names = self.names
        match node:
            case ast.Import() | ast.ImportFrom():
                self._import(node, typing_only=typing_only, top=True)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.definitions.setdefault(node.name, []).append(node)
            case ast.Assign():
                for target in node.targets:
                    self._bind(target, node.value, None, node.lineno)
            case ast.AnnAssign():
                self._bind(node.target, node.value, node.annotation, node.lineno)
            case ast.AugAssign(target=ast.Name(id="__all__")):
                names.exported = (names.exported or ()) + _strings(node.value)
            case ast.If():
                self.walk(node.body, typing_only=typing_only or is_type_checking(node.test))
                self.walk(node.orelse, typing_only=typing_only)
            case ast.For() | ast.AsyncFor():
                self._bind(node.target, node.iter, None, node.lineno)
                self._blocks(node, typing_only=typing_only)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, item.context_expr, None, node.lineno)
                self._blocks(node, typing_only=typing_only)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__")))):
                names.exported = (names.exported or ()) + _strings(node.value)
            case ast.While() | ast.Try() | ast.TryStar() | ast.Match():
                self._blocks(node, typing_only=typing_only)
            case _:
                pass

    def _blocks(self, node: ast.stmt, *, typing_only: bool) -> None:
        for block in ("body", "orelse", "finalbody"):
            self.walk(getattr(node, block, ()), typing_only=typing_only)
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            self.walk(part.body, typing_only=typing_only)

    def _import(self, node: ast.Import | ast.ImportFrom, *, typing_only: bool, top: bool) -> None:
        for local, found in imports_of(self.names.source, node, typing_only=typing_only, top=top):
            self.names.imports.append(found)
            if not top or not local:
                continue
            if local == "*":
                self.names.stars.append(found.module)
            else:
                self.names.imported.setdefault(local, found)

    def _bind(
        self,
        target: ast.expr,
        value: ast.expr | None,
        annotation: ast.expr | None,
        line: int,
        whole: ast.expr | None = None,
    ) -> None:
        if isinstance(target, ast.Name):
            if target.id == "__all__" and value is not None:
                self.names.exported = _strings(value)
            self.names.assigned.setdefault(target.id, []).append(
                Binding(line, value, annotation, whole)
            )
        elif isinstance(target, (ast.Tuple, ast.List)):
            values: list[ast.expr | None] = [None] * len(target.elts)
            whole = value or whole
            if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
                values = list(value.elts)
            for part, found in zip(target.elts, values, strict=True):
                self._bind(part, found, None, line, whole if found is None else None)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, value, None, line)


def _strings(node: ast.expr) -> tuple[str, ...]:
    return tuple(
        part.value
        for part in walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


def _attributes_set(tree: ast.Module) -> Iterator[str]:
    """Yield names that a module may set in another one; an empty one where it computes them."""
    for node in walk(tree):
        match node:
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()):
                yield from () if _is_itself(node.value) else (name,)
            case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[owner, given, *_]):
                yield from () if _is_itself(owner) else (_text(given),)
            case ast.Subscript(value=value, slice=given, ctx=ast.Store() | ast.Del()):
                yield from (_text(given),) if _is_namespace(value) else ()
            case ast.Call(func=ast.Attribute(attr="update" | "setdefault", value=value)):
                yield from ("",) if _is_namespace(value) else ()
            case _:
                pass


def _is_itself(node: ast.expr) -> bool:
    """Whether it is the object of a method, which is no module."""
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _is_namespace(node: ast.expr) -> bool:
    """Whether it may hold the names of a module: ``vars(shop)``, ``shop.__dict__``."""
    match node:
        case ast.Attribute(value=owner, attr="__dict__"):
            return not _is_itself(owner)
        case ast.Call(func=ast.Name(id="globals")):
            return True
        case ast.Call(func=ast.Name(id="vars"), args=[owner]):
            return not _is_itself(owner)
        case _:
            return False


def _text(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


class World:
    """Every module of the application with its names; answers what a dotted name stands for."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.modules = {name: _Reader(source).names for name, source in sources.modules.items()}
        self._members: dict[tuple[str, str], Symbol] = {}
        self._filled = {
            name
            for source in sources.modules.values()
            if not source.test
            for name in _attributes_set(source.tree)
        }

    def module(self, dotted: str) -> Symbol:
        """Return the symbol of a module, which may be outside the application."""
        return Symbol(dotted, "") if dotted in self.modules else Symbol("", dotted)

    def member(self, module: str, name: str) -> Symbol:
        """Return what a module-level name stands for, followed to where it is bound."""
        key = (module, name)
        if key not in self._members:
            self._members[key] = Symbol(module, name)  # what a circular re-export gets
            self._members[key] = self._follow(module, name)
        return self._members[key]

    def _follow(self, module: str, name: str) -> Symbol:
        names = self.modules[module]
        is_optional = names.is_optional(name) and self._filled.isdisjoint((name, ""))
        if names.binds(name) and not is_optional:
            return self._alias(names, name) or Symbol(module, name)
        if name in names.imported:
            found = self.imported(names.imported[name])
            # ``from . import part`` in a package's own __init__ binds its submodule.
            part = f"{module}.{name}"
            own = found == Symbol(module, name) and part in self.modules
            return Symbol(part, "") if own else found
        for star in names.stars:
            if star in self.modules:
                found = self.member(star, name)
                if found.module and self.exists(found):
                    return found
        if f"{module}.{name}" in self.modules:
            return Symbol(f"{module}.{name}", "")
        if name in BUILTINS:
            return Symbol("", f"builtins.{name}")
        return Symbol(module, name)

    def _alias(self, names: Names, name: str) -> Symbol | None:
        """Return the function or class that ``name = other`` renames."""
        bindings = names.assigned.get(name, ())
        if len(bindings) != 1 or name in names.definitions or name in names.rebound:
            return None
        value = bindings[0].value
        target = None if value is None else self.resolve(names.source.name, value)
        if target is None or target.module not in self.modules or not target.name:
            return None
        head = target.name.partition(".")[0]
        return target if head in self.modules[target.module].definitions else None

    def imported(self, found: Import) -> Symbol:
        """Return what an import statement binds."""
        if not found.name:
            return self.module(found.module)
        return self.attribute(self.module(found.module), found.name)

    def attribute(self, symbol: Symbol, name: str) -> Symbol:
        """Return what ``symbol.name`` stands for."""
        if symbol.module and not symbol.name:
            found = self.member(symbol.module, name)
            return Symbol(symbol.module, name) if found.name == f"builtins.{name}" else found
        if symbol.module:
            return Symbol(symbol.module, f"{symbol.name}.{name}")
        return self.module(f"{symbol.name}.{name}")

    def exists(self, symbol: Symbol) -> bool:
        """Whether the symbol is a module of the application or bound in one."""
        if not symbol.module:
            return False
        head = symbol.name.partition(".")[0]
        return not head or self.modules[symbol.module].binds(head)

    def resolve(self, module: str, node: ast.expr) -> Symbol | None:
        """Return what a dotted expression at module level stands for; None for any other."""
        match node:
            case ast.Name():
                return self.member(module, node.id)
            case ast.Attribute():
                owner = self.resolve(module, node.value)
                return None if owner is None else self.attribute(owner, node.attr)
            case _:
                return None

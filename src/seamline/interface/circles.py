"""Packages that can be imported only after another module of a circle of imports.

Modules that import names of each other work by the order in which one process begins with them.
Imports are followed as executing them would; nothing is executed.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from seamline.interface.names import absolute
from seamline.interface.source import Source, Sources

# A circle of more modules has others to begin with.
_MOST_TRIED: Final = 100


class _UnboundError(Exception):
    """A name is imported from a module that is being executed and binds it later."""


def imported_before(
    sources: Sources,
    package: str,
    later: Iterable[str],
    modules: Iterable[str],
    entries: Iterable[str],
) -> tuple[str, ...]:
    """Return the modules that have to be imported before a package, in order; most often none.

    Where it is in a circle of imports, it may ask for names that are not bound yet when it is
    the first of them. In one process it is not: what an http service is loaded from begins with
    another one, and so does the host.

    Args:
        sources: The application.
        package: Dotted name of the package or module.
        later: Its modules that are imported with the first call of one of their functions.
        modules: All that importing any of these imports; some of these are returned.
        entries: The modules that http services are loaded from.
    """
    found: list[str] = []
    for module in (package, *later):
        if _works(sources, *found, package, module):
            continue
        ordered = _ordered(sources, modules, entries)
        tried = (one for one in ordered[:_MOST_TRIED] if one != module)
        found += [next((c for c in tried if _works(sources, *found, c, package, module)), "")]
    return tuple(filter(None, found))


def _ordered(sources: Sources, modules: Iterable[str], entries: Iterable[str]) -> list[str]:
    """Return modules in the order in which http services begin with them, then the others."""
    begun = dict.fromkeys(one for entry in entries for one in _begun(sources, entry))
    known = set(modules)
    return [one for one in (*begun, *sorted(known - begun.keys())) if one in known]


def _works(sources: Sources, *modules: str) -> bool:
    """Whether modules can be imported, one after the other, in a process that has none yet."""
    order = _Order(sources)
    try:
        for module in modules:
            order.load(module)
    except _UnboundError:
        return False
    return True


def _begun(sources: Sources, module: str) -> list[str]:
    """Return the modules that importing one executes, in the order in which they begin."""
    order = _Order(sources)
    try:
        order.load(module)
    except _UnboundError:
        return []
    return list(order.bound)


class _Order:
    """Follows what is imported and bound at the top of modules.

    Attributes:
        bound: The names that each module has bound so far, of all that have begun.
    """

    def __init__(self, sources: Sources) -> None:
        self.bound: dict[str, set[str]] = {}
        self._sources = sources
        self._running: set[str] = set()

    def load(self, module: str) -> None:
        """Import a module, its parents first. Raises _UnboundError where that fails."""
        parts = module.split(".")
        for length in range(1, len(parts) + 1):
            name = ".".join(parts[:length])
            source = self._sources.modules.get(name)
            if source is not None and name not in self.bound:
                self._begin(source)
                self.bound.get(name.rpartition(".")[0], set()).add(parts[length - 1])

    def _begin(self, source: Source) -> None:
        self.bound[source.name] = set()
        self._running.add(source.name)
        try:
            self._execute(source, source.tree.body)
        except _UnboundError:
            del self.bound[source.name]  # as Python forgets it
            raise
        finally:
            self._running.discard(source.name)

    def _execute(self, source: Source, body: Iterable[ast.stmt]) -> None:
        for node in body:
            match node:
                case ast.Import():
                    for alias in node.names:
                        self.load(alias.name)
                case ast.ImportFrom():
                    self._take(source, node)
                case ast.If():
                    self._execute(source, _chosen(node))
                case ast.Try():
                    self._attempt(source, node)
                case ast.With():
                    self._execute(source, node.body)
                case _:
                    pass
            self.bound[source.name].update(_bound_by(node))

    def _attempt(self, source: Source, node: ast.Try) -> None:
        try:
            self._execute(source, node.body)
            self._execute(source, node.orelse)
        except _UnboundError:
            if not node.handlers:
                raise
            for handler in node.handlers[:1]:
                self._execute(source, handler.body)
        self._execute(source, node.finalbody)

    def _take(self, source: Source, node: ast.ImportFrom) -> None:
        """Import a module and take names of it: each is bound by then, or a module below it."""
        module = absolute(source, node)
        self.load(module)
        for alias in node.names:
            if alias.name == "*":
                self.bound[source.name] |= self.bound.get(module, set())
            elif module in self._running and alias.name not in self.bound[module]:
                if f"{module}.{alias.name}" in self._sources.modules:
                    self.load(f"{module}.{alias.name}")
                elif alias.name in _all_bound(self._sources.modules[module]):
                    raise _UnboundError
            else:
                self.load(f"{module}.{alias.name}")


def _chosen(node: ast.If) -> list[ast.stmt]:
    """Return what of a condition is executed: all that is not for other programs to read."""
    text = ast.unparse(node.test)
    is_skipped = text.rpartition(".")[2] == "TYPE_CHECKING" or text.startswith("__name__ ==")
    return node.orelse if is_skipped else [*node.body, *node.orelse]


def _all_bound(source: Source) -> set[str]:
    """Return every name that a module binds at its top; looked for once, and kept on its tree."""
    kept = vars(source.tree)
    if "_all_bound" not in kept:
        found = (name for node in _at_the_top(source.tree.body) for name in _bound_by(node))
        kept["_all_bound"] = set(found)
    return set(kept["_all_bound"])


def _at_the_top(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a block and of those in it, without functions and classes."""
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for block in ("body", "orelse", "finalbody"):
                yield from _at_the_top(getattr(node, block, ()))
            for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                yield from _at_the_top(part.body)


def _bound_by(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement itself binds."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case ast.Assign(targets=targets):
            for target in targets:
                yield from (part.id for part in ast.walk(target) if isinstance(part, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            yield name
        case _:
            pass

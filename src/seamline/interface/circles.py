"""Packages that can be imported only after another module of a circle of imports.

Modules that import names of each other work by the order in which one process begins with them.
Imports are followed as executing them would; nothing is executed.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from seamline.interface.names import absolute
from seamline.interface.source import Source, Sources

# A circle of more modules has others to begin with; for all modules of one package.
_MOST_TRIED: Final = 100
#: What a handler names that catches every error.
_CATCHING: Final = frozenset({"Exception", "BaseException"})


class _UnboundError(Exception):
    """A name of a module that is being executed is asked for, which binds it later.

    Attributes:
        raises: The name of the error that executing would raise.
    """

    def __init__(self, name: str, raises: str) -> None:
        super().__init__(name)
        self.raises = raises


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
    begun: list[_Order] | None = None
    left = _MOST_TRIED
    for module in (package, *later):
        order = _imported(sources, *found, package, module)
        if order is not None and not order.missed:
            continue
        if begun is None:
            begun = [one for entry in entries if (one := _imported(sources, entry)) is not None]
        # What the application itself does without, begun as it is, may be missing here, too.
        missed = {name for one in begun for name in one.missed}
        if order is not None and order.missed <= missed:
            continue
        tried = [one for one in _ordered(begun, modules) if one != module][:left]
        for candidate in tried:
            left -= 1
            order = _imported(sources, *found, candidate, package, module)
            if order is not None and order.missed <= missed:
                found.append(candidate)
                break
    return tuple(found)


def _ordered(begun: Iterable["_Order"], modules: Iterable[str]) -> list[str]:
    """Return modules in the order in which http services begin with them, then the others."""
    first = dict.fromkeys(name for order in begun for name in order.bound)
    known = set(modules)
    return [one for one in (*first, *sorted(known - first.keys())) if one in known]


def _imported(sources: Sources, *modules: str) -> "_Order | None":
    """Import modules, one after the other, in a process that has none yet; None: that fails.

    Kept: each proposal of services asks again.
    """
    key = ("imported", len(sources.modules), *modules)
    if key not in sources.kept:
        sources.kept[key] = _begun(sources, modules)
    found: _Order | None = sources.kept[key]
    return found


def _begun(sources: Sources, modules: Iterable[str]) -> "_Order | None":
    order = _Order(sources)
    try:
        for module in modules:
            order.load(module)
    except _UnboundError:
        return None
    return order


class _Order:
    """Follows what is imported and bound at the top of modules.

    Attributes:
        bound: The names that each module has bound so far, of all that have begun.
        missed: Names that were not bound yet where a module does without them: it is another
            one then than where it finds them.
    """

    def __init__(self, sources: Sources) -> None:
        self.bound: dict[str, set[str]] = {}
        self.missed: set[tuple[str, str]] = set()
        self._sources = sources
        self._running: set[str] = set()
        # What each module calls the modules that it imported.
        self._called: dict[str, dict[str, str]] = {}

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
        self._called[source.name] = {}
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
            self._look(source, node)
            for name in _bound_by(node):
                self._called[source.name].pop(name, None)
            match node:
                case ast.Import():
                    for alias in node.names:
                        self.load(alias.name)
                        first = alias.name.partition(".")[0]
                        module = alias.name if alias.asname else first
                        self._called[source.name][alias.asname or first] = module
                case ast.ImportFrom():
                    self._take(source, node)
                case ast.If():
                    self._execute(source, _chosen(node))
                case ast.Try():
                    self._attempt(source, node)
                case ast.With() | ast.For() | ast.While():
                    self._execute(source, [*node.body, *getattr(node, "orelse", ())])
                case ast.Match():
                    self._execute(source, [part for one in node.cases for part in one.body])
                case _:
                    pass
            self.bound[source.name].update(_bound_by(node))

    def _attempt(self, source: Source, node: ast.Try) -> None:
        try:
            self._execute(source, node.body)
            self._execute(source, node.orelse)
        except _UnboundError as error:
            handler = next((one for one in node.handlers if _catches(one, error.raises)), None)
            if handler is None:
                raise
            self.missed.add((source.name, str(error)))
            self._execute(source, handler.body)
        else:  # what fails for another reason binds what its handlers do
            handled = (part for handler in node.handlers for part in _at_the_top(handler.body))
            for part in handled:
                self.bound[source.name].update(_bound_by(part))
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
                    raise _UnboundError(f"{module}.{alias.name}", "ImportError")
            else:
                self.load(f"{module}.{alias.name}")
            if f"{module}.{alias.name}" in self._sources.modules:
                called = self._called[source.name]
                called[alias.asname or alias.name] = f"{module}.{alias.name}"

    def _look(self, source: Source, node: ast.stmt) -> None:
        """Look up the attributes of modules that a statement asks for while it is executed."""
        for read in _attributes_read(node):
            module: str | None = None
            for part in read.split("."):
                if module is None:
                    module = self._called[source.name].get(part)
                elif module not in self._running or part in self.bound[module]:
                    module = f"{module}.{part}"
                elif part in _all_bound(self._sources.modules[module]):
                    raise _UnboundError(f"{module}.{part}", "AttributeError")
                else:
                    module = None
                if module not in self._sources.modules:
                    break


def _catches(handler: ast.ExceptHandler, error: str) -> bool:
    """Whether it catches an error of that name."""
    caught = handler.type
    if caught is None:
        return True
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    return error in names or not names.isdisjoint(_CATCHING)


def _attributes_read(node: ast.stmt) -> list[str]:
    """Return each ``name.attribute`` that executing a statement reads, but for those of blocks.

    Looked for once, and kept on the statement.
    """
    kept = vars(node)
    if "_attributes_read" not in kept:
        kept["_attributes_read"] = list(map(ast.unparse, _evaluated(node)))
    return list(kept["_attributes_read"])


def _evaluated(node: ast.stmt) -> Iterator[ast.Attribute]:
    waiting: list[ast.AST] = [node]
    while waiting:
        one = waiting.pop()
        match one:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                waiting += [*one.decorator_list, *one.args.defaults]
                waiting += filter(None, one.args.kw_defaults)
            case ast.Lambda() | ast.GeneratorExp():
                pass  # when somebody asks for it
            case ast.Attribute(ctx=ast.Load()) if _is_dotted(one):
                yield one
            case ast.AnnAssign():  # its annotation may be a text, and is no order to rely on
                waiting += filter(None, (one.target, one.value))
            case ast.stmt() if not isinstance(one, ast.ClassDef):
                children = ast.iter_child_nodes(one)
                waiting += (part for part in children if not isinstance(part, ast.stmt))
            case ast.excepthandler() | ast.match_case():
                pass
            case _:
                waiting += ast.iter_child_nodes(one)


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


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

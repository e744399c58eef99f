"""Which modules of the application a package imports, and registers functions on."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.functions import Class
from seamline.interface.graph import Graph
from seamline.interface.making import leaves_nothing
from seamline.interface.names import Import, Symbol, World

#: Names of the modules of an application that Django imports by itself.
_SET_UP: Final = frozenset({"models", "apps", "admin", "settings"})


@dataclass(slots=True)
class Imports:
    """The imports of the application's modules among each other."""

    world: World
    _direct: dict[tuple[str, bool], tuple[str, ...]] = field(default_factory=dict)

    def direct(self, module: str, *, runtime: bool) -> tuple[str, ...]:
        """Return the modules that one module imports; parents of a dotted name included.

        Args:
            module: Its dotted name.
            runtime: Only what executing the module imports, not what is below
                ``if TYPE_CHECKING`` or inside functions.
        """
        key = module, runtime
        if key not in self._direct:
            self._direct[key] = tuple(
                name
                for found in self.world.modules[module].imports
                if not runtime or (found.top and not found.typing_only)
                for name in self.named(found)
            )
        return self._direct[key]

    def imported(self) -> set[str]:
        """Return the modules that the application's own code imports, tests and programs aside."""
        found: set[str] = set()
        for name, names in self.world.modules.items():
            if not names.source.test:
                found.update(self.direct(name, runtime=False))
        return {name for name in found if name.rpartition(".")[2] != "__main__"}

    def named(self, found: Import) -> Iterator[str]:
        """Yield the modules of the application that one import imports, parents included."""
        parts = found.module.split(".")
        for length in range(1, len(parts) + 1):
            name = ".".join(parts[:length])
            if name in self.world.modules:
                yield name
        if found.name and f"{found.module}.{found.name}" in self.world.modules:
            yield f"{found.module}.{found.name}"

    def used(self, modules: Iterable[str]) -> set[str]:
        """Return the modules that the code of some modules may use, libraries' too.

        Imports are followed wherever they stand, through re-exports to where a name is bound.
        A parent that is only on the way to what is imported is executed, not used. Through a
        constant (``from shop import __version__``) nothing else of its module can be reached.
        """
        found: set[str] = set()
        only_read: set[str] = set()
        queue = list(modules)
        while queue:
            module = queue.pop()
            if module in found:
                continue
            found.add(module)
            names = self.world.modules.get(module)
            for one in () if names is None else names.imports:
                if not one.typing_only:
                    held = self._bound_in(one)
                    if self._is_constant(one):
                        only_read.update(held)
                    else:
                        queue += held
                    if not one.top:  # looked up when it runs, so it sees what stands there then
                        only_read.add(one.module)
        return found | only_read

    def _is_constant(self, one: Import) -> bool:
        """Whether an import takes a name that a literal text, number or the like is bound to.

        ``None`` stands where something is to be put.
        """
        symbol = self.world.imported(one)
        names = self.world.modules.get(symbol.module)
        if names is None or symbol.name in names.rebound or symbol.name in names.definitions:
            return False
        bound = names.assigned.get(symbol.name, ())
        return bool(bound) and all(
            isinstance(each.value, ast.Constant) and each.value.value is not None for each in bound
        )

    def _bound_in(self, one: Import) -> list[str]:
        """Return the module that an import's name is bound in, or that it is.

        Of a library nobody read, so the name may be either.
        """
        if one.name in {"", "*"}:
            return [one.module]
        symbol = self.world.imported(one)
        return [symbol.module] if symbol.module else [one.module, f"{one.module}.{one.name}"]

    def name_any(self, top: str, modules: Iterable[str]) -> bool:
        """Return whether one of these modules imports something of a distribution."""
        return any(
            found.module.partition(".")[0] == top
            for module in modules
            for found in self.world.modules[module].imports
        )

    def set_up_by_django(self) -> set[str]:
        """Return the modules that setting Django up imports, as far as their names say.

        Those of models and settings, and what the classes in ``apps`` import when all is ready.
        """
        found = {name for name in self.world.modules if name.rpartition(".")[2] in _SET_UP}
        for name in list(found):
            found.update(self.direct(name, runtime=False))
        return self.closure(found, runtime=True)

    def closure(self, modules: Iterable[str], *, runtime: bool) -> set[str]:
        """Return the modules and everything they import, directly or through others."""
        found: set[str] = set()
        queue = [parent for module in modules for parent in _with_parents(module)]
        while queue:
            module = queue.pop()
            if module in found or module not in self.world.modules:
                continue
            found.add(module)
            queue.extend(self.direct(module, runtime=runtime))
        return found


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]


def registered_on(graph: Graph, own: set[str]) -> set[str]:
    """Return outside modules on whose objects a package registers functions at import.

    Args:
        graph: The application.
        own: Modules of the package.
    """
    return {symbol.module for module in own for symbol, _ in registrations(graph, module, own)}


def registrations(graph: Graph, module: str, own: set[str]) -> Iterator[tuple[Symbol, int]]:
    """Yield on what outside a package one of its modules registers at import, and where."""
    body = graph.bodies[module]
    world = graph.definitions.world
    for decorator, _ in body.registered:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        symbol = world.resolve(module, node)
        if symbol is not None and symbol.module not in own and _is_registry(graph, symbol):
            yield symbol, decorator.lineno
    for call in body.calls:
        given = any(
            o.kind == "symbol" and o.symbol.module in own
            and o.symbol in graph.definitions.functions
            for _, origins in call.arguments for o in origins
        )  # fmt: skip
        for origin in call.callee:
            outside = origin.kind == "symbol" and origin.symbol.module not in own
            taken = given or _is_generic(graph, origin.symbol)
            if outside and taken and _is_registry(graph, origin.symbol):
                yield origin.symbol, call.line
    for cls in graph.definitions.classes_in(module):
        for base in list(graph.definitions.ancestry(cls))[1:]:
            outside = isinstance(base, Class) and base.module not in own
            if not outside or not isinstance(base, Class):
                continue
            run = base.methods.get("__init_subclass__", ())
            if not all(leaves_nothing(graph, one) for one in run):
                yield base.symbol, cls.node.lineno


def _is_generic(graph: Graph, symbol: Symbol) -> bool:
    """Whether a name is ``register`` of a ``singledispatch`` function, whatever it is given."""
    owner, _, name = symbol.name.rpartition(".")
    return name == "register" and any(
        definition.decorated_with("functools.singledispatch")
        for definition in graph.definitions.functions.get(Symbol(symbol.module, owner), ())
    )


def _is_registry(graph: Graph, symbol: Symbol) -> bool:
    """Whether a call of this name with a function registers it."""
    if not symbol.module or not symbol.name:
        return False
    if "." in symbol.name:  # ``signals.saved.connect``, ``render.register``
        head = Symbol(symbol.module, symbol.name.partition(".")[0])
        return head not in graph.definitions.classes
    return any(
        use.how != "read"
        for definition in graph.definitions.functions.get(symbol, ())
        for use in graph.bodies[definition].uses
    )

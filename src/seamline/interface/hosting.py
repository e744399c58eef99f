"""Which code of a package its own process runs, and who runs the rest of it.

A function that is not remote, or a method, runs where it is called: what it uses is used by the
group of its caller, not by that of the package which it is written in.
"""

import ast
from collections.abc import Collection, Container, Iterable, Iterator
from typing import Final

from seamline.interface.application import Application, ServiceFacts
from seamline.interface.body import Body
from seamline.interface.decorating import is_command, is_handed_on
from seamline.interface.framework import applications_made
from seamline.interface.functions import Class, Definition
from seamline.interface.graph import VALUE_METHODS, Edge, Graph
from seamline.interface.model import Verdict
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

# What looks a function up by a text.
_COMPUTING: Final = frozenset(
    {"builtins.globals", "builtins.getattr", "builtins.vars", "builtins.eval", "builtins.exec"}
    | {"operator.methodcaller", "operator.attrgetter"}
)


def imported_by_host(
    application: Application, modules: Collection[str], entries: Collection[str]
) -> set[str]:
    """Return the modules that the host of a package imports for it.

    Where the package reads the application of Flask, the host loads the http services as well.

    Args:
        application: The application.
        modules: Those of the package.
        entries: Those that hold the applications of http services.
    """
    imports = application.imports
    found = imports.closure(modules, runtime=True)
    if imports.name_any("django", found.union(modules)):
        found |= imports.set_up_by_django()
    if loads_applications(application, modules):
        found |= imports.closure(entries, runtime=False)
    return found


def loads_applications(application: Application, modules: Iterable[str]) -> bool:
    """Whether the host of a package loads the http services: it reads Flask's application."""
    own = (d for module in modules for d in application.definitions.by_module[module])
    reads = any(application.contexts[definition] for definition in own)
    return reads and bool(applications_made(application.graph))


def run_on_host(
    graph: Graph, facts: ServiceFacts, elsewhere: Container[Definition] = ()
) -> list[Body]:
    """Return the bodies that calls over the seam of a service certainly run on its host.

    Args:
        graph: Who calls whom.
        facts: The service, judged.
        elsewhere: Functions that run on other hosts.
    """
    found = dict.fromkeys(entered_by_calls(facts))
    waiting = list(found)
    while waiting:
        for edge in graph.edges[waiting.pop()]:
            if not edge.guess and edge.target not in found and edge.target not in elsewhere:
                found[edge.target] = None
                waiting.append(edge.target)
    return [graph.bodies[definition] for definition in found]


def entered_by_calls(facts: ServiceFacts) -> list[Definition]:
    """Return the functions of a service that calls from other processes enter."""
    return [
        definition
        for definition, function in facts.functions.items()
        if function.public and function.verdict is Verdict.REMOTE
    ]


class Hosting:
    """What runs where, for the packages of an application.

    Args:
        application: Its calls.
        services: Its packages.
        guessed: Whether calls count of which only a method's name says whom they enter.
    """

    def __init__(
        self, application: Application, services: Iterable[ServiceFacts], *, guessed: bool
    ) -> None:
        self._graph = application.graph
        self._definitions = application.definitions
        self._guessed = guessed
        self._elsewhere: set[Definition | str] = set()
        for facts in services:
            own = {key for key in self._graph.bodies if _module(key) in facts.modules}
            self._elsewhere |= own - self._reached(facts, own)

    def runners(self, key: Definition | str, line: int) -> Iterator[tuple[Definition | str, int]]:
        """Yield in whose groups a body runs: itself, or those that call it, with the line of that.

        Args:
            key: The body.
            line: Where it does what is asked about.
        """
        seen = {key}
        waiting = [(key, line)]
        while waiting:
            one, line = waiting.pop()
            if one not in self._elsewhere:
                yield one, line
                continue
            for caller in self._graph.callers.get(one, ()) if isinstance(one, Definition) else ():
                lines = [edge.line for edge in self._edges(caller) if edge.target is one]
                if lines and caller not in seen:
                    seen.add(caller)
                    waiting.append((caller, lines[0]))

    def _edges(self, key: Definition | str) -> Iterator[Edge]:
        return (one for one in self._graph.edges.get(key, ()) if self._guessed or not one.guess)

    def _reached(self, facts: ServiceFacts, own: set[Definition | str]) -> set[Definition | str]:
        """Return the bodies that the package's own process may run: in doubt it does."""
        waiting = [key for key in own if isinstance(key, str) or self._is_entered(facts, key)]
        found = set(waiting)
        while waiting:
            key = waiting.pop()
            targets: set[Definition | str] = {e.target for e in self._graph.edges.get(key, ())}
            if isinstance(key, str):  # main.add_command(f)
                targets = {one for one in targets if not is_command(one)}
            if key in own:
                if self._is_computing(key):
                    return own
                for cls in self._classes(key):
                    targets |= self._methods(cls)
            new = targets - found
            found |= new
            waiting += new
        return found

    def _is_computing(self, key: Definition | str) -> bool:
        """Whether a body looks functions up by texts, so that no line names what it runs."""
        return any(
            str(origin.symbol) in _COMPUTING
            for call in self._graph.bodies[key].calls
            for origin in call.callee
        )

    def _classes(self, key: Definition | str) -> Iterator[Class]:
        """Yield the classes whose objects a body may have, or make."""
        body = self._graph.bodies[key]
        symbols = {use.symbol for use in body.uses}
        for call in body.calls:
            for origins in (call.callee, call.receiver, *(given for _, given in call.arguments)):
                symbols |= {origin.symbol for origin in origins}
        if isinstance(key, Definition):
            symbols |= self._annotated(key)
            if key.owner is not None:
                yield key.owner
        for symbol in symbols:
            if symbol in self._definitions.classes:
                yield self._definitions.classes[symbol]

    def _annotated(self, definition: Definition) -> set[Symbol]:
        resolve = self._definitions.world.resolve
        return {
            symbol
            for annotation in definition.annotations().values() if annotation is not None
            for part in walk(annotation) if isinstance(part, (ast.Name, ast.Attribute))
            if (symbol := resolve(definition.module, part)) is not None
        }  # fmt: skip

    def _methods(self, cls: Class) -> set[Definition | str]:
        """Return the methods of a class, and of those above and below it."""
        above = [one for one in self._definitions.ancestry(cls) if isinstance(one, Class)]
        family = [cls, *above, *self._graph.subclasses.get(cls.symbol, ())]
        return {method for one in family for methods in one.methods.values() for method in methods}

    def _is_entered(self, facts: ServiceFacts, definition: Definition) -> bool:
        """Whether it is called from elsewhere, or by what no line names, as a library may."""
        function = facts.functions.get(definition)
        if function is not None and function.public:
            if function.verdict is Verdict.REMOTE:
                return True
        elif not self._graph.callers.get(definition) or _is_common(definition):
            return True
        return is_handed_on(self._definitions, definition)


def _is_common(definition: Definition) -> bool:
    """Whether it is a method of which no call says whose it is: built-in values have such, too."""
    name = definition.name.rpartition(".")[2]
    return definition.owner is not None and name in VALUE_METHODS and not name.startswith("__")


def _module(key: Definition | str) -> str:
    return key if isinstance(key, str) else key.module

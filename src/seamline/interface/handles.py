"""Parameters that only their use shows to be callables, open files or connections."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import Body
from seamline.interface.crossing import Obstacle
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.known import HANDLE_METHODS
from seamline.interface.mutation import WHOLE, passed_on
from seamline.interface.origins import Origins

_CALLED: Final = Obstacle(
    "a callable", "a callable", "pass the values it gives", "is called, so it is"
)


@dataclass(slots=True)
class Handles:
    """For every definition, what its parameters appear to be; ``where`` holds the verb."""

    graph: Graph
    found: dict[Definition, dict[str, Obstacle]] = field(default_factory=dict)

    def build(self) -> None:
        """Look at what bodies do with their parameters, and at where they pass them on to."""
        passed: dict[tuple[Definition, str], list[tuple[Definition, str]]] = {}
        for key, body in self.graph.bodies.items():
            if isinstance(key, str):
                continue
            self.found[key] = self._used(key, body)
            for call in body.calls:
                for name, target, parameter in passed_on(self.graph, body, call, WHOLE):
                    passed.setdefault((target, parameter), []).append((key, name))
        queue = [(key, name) for key, found in self.found.items() for name in found]
        while queue:
            target, parameter = queue.pop()
            for caller, name in passed.get((target, parameter), ()):
                if name not in self.found[caller] and self._is_open(caller, name):
                    obstacle = self.found[target][parameter]
                    self.found[caller][name] = obstacle._replace(
                        where=f"is passed to {target.name}(), so it appears to be"
                    )
                    queue.append((caller, name))

    def _is_open(self, definition: Definition, name: str) -> bool:
        """Whether only its use says what a parameter is."""
        own = definition.owner is not None and not definition.is_static
        first = definition.parameters[0].arg if definition.parameters else ""
        if name == "cls" or (own and name == first):
            return False
        return definition.annotations().get(name) is None

    def _used(self, definition: Definition, body: Body) -> dict[str, Obstacle]:
        found: dict[str, Obstacle] = {}
        for call in body.calls:
            for name in self._open(definition, call.callee):
                found.setdefault(name, _CALLED)
            what = HANDLE_METHODS.get(call.method)
            for name in self._open(definition, call.receiver) if what else ():
                seen = Obstacle(str(what), str(what), "pass plain values", "appears to be")
                found.setdefault(name, seen)
        return found

    def _open(self, definition: Definition, origins: Origins) -> Iterator[str]:
        """Yield the parameters among what a value may be of which only the use is known."""
        for origin in origins:
            whole = origin.kind == "param" and origin.level == "whole"
            if whole and self._is_open(definition, origin.symbol.name):
                yield origin.symbol.name

"""What a tracer of values asks of whoever knows what functions return."""

import ast
from typing import Any, Protocol

from seamline.interface.functions import Definition


class GivesBack(Protocol):
    """Knows what calls return of what they are given.

    Tracers, scopes and origins are those of :mod:`seamline.interface.origins`, which imports this.
    """

    def by_call(self, tracer: Any, node: ast.Call, scope: Any, called: Any) -> frozenset[Any]:
        """Return what a result may be of what a call is given; ``called`` with its receiver."""

    def stored(self, definition: Definition, value: ast.expr) -> frozenset[Any]:
        """Return what holds, by what a function does, the objects that it gives out."""

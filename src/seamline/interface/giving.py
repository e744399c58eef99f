"""What tracing asks about calls: what they give back, and what holds what they give out."""

import ast
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from seamline.interface.functions import Definition
    from seamline.interface.origins import Origins, Scope, Tracer


class GivesBack(Protocol):
    """Knows what calls return of what they are given."""

    def by_call(
        self,
        tracer: "Tracer",
        node: ast.Call,
        scope: "Scope | None",
        called: "tuple[Origins, Origins]",
    ) -> "Origins":
        """Return what a result may be of what a call is given; ``called`` with its receiver."""

    def stored(self, definition: "Definition", value: ast.expr) -> "Origins":
        """Return what holds, by what a function does, the objects that it gives out."""

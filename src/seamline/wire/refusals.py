"""Words for what cannot cross."""

from collections.abc import Sequence

from seamline.errors import NotSendable
from seamline.wire.marks import Refused


def explain(refused: Refused, root: object, where: str | Sequence[str]) -> NotSendable:
    """Return the error of a refused value."""
    cls = type(refused.value)
    return NotSendable(
        f"a {cls.__module__}.{cls.__qualname__} cannot cross the seam; {refused.why}",
        path=str(where) if root is refused.value else "",
    )

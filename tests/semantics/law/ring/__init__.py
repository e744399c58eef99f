"""Row 11: one half of a chain that comes back."""

from law import turn

_STEPS: list[int] = []


def down(depth: int) -> int:
    """Call the other package, which calls this one, until depth is 0."""
    _STEPS.append(depth)
    return 0 if depth == 0 else 1 + turn.down(depth - 1)


async def down_later(depth: int) -> int:
    _STEPS.append(depth)
    return 0 if depth == 0 else 1 + await turn.down_later(depth - 1)


async def answer() -> str:
    _STEPS.append(0)
    return "answered"


async def blocks() -> str:
    """Block this event loop with a synchronous call that comes back to it."""
    _STEPS.append(0)
    return turn.come_back()

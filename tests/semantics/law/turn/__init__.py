"""Row 11: the other half of the chain."""

import asyncio

from law import ring

_STEPS: list[int] = []


def down(depth: int) -> int:
    _STEPS.append(depth)
    return 0 if depth == 0 else 1 + ring.down(depth - 1)


async def down_later(depth: int) -> int:
    _STEPS.append(depth)
    return 0 if depth == 0 else 1 + await ring.down_later(depth - 1)


def come_back() -> str:
    """Call an asynchronous function of the package that waits for this one."""
    _STEPS.append(0)
    waiting = ring.answer()
    try:
        return asyncio.run(waiting)
    finally:
        waiting.close()

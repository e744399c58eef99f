"""The package that is called: neither of its functions may run twice for one call."""

import asyncio
import time

from reliable.notes import note, open_notes

_SECONDS = 0.005
_file = open_notes("calls")


def enter(token: str) -> str:
    """Note a call."""
    time.sleep(_SECONDS)
    note(_file, token)
    return token


async def enter_async(token: str) -> str:
    """Note a call, from an event loop."""
    await asyncio.sleep(_SECONDS)
    note(_file, token)
    return token

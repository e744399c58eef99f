"""The package that is called: what is entered may not be entered twice, looking does no harm."""

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


def look(token: str) -> str:
    """Return what it was given, as often as it is asked."""
    time.sleep(_SECONDS)
    return token


async def look_async(token: str) -> str:
    """Return what it was given, as often as it is asked, from an event loop."""
    await asyncio.sleep(_SECONDS)
    return token


async def enter_async(token: str) -> str:
    """Note a call, from an event loop."""
    await asyncio.sleep(_SECONDS)
    note(_file, token)
    return token

"""The notes, by number."""

import asyncio


class NoSuchNote(LookupError):
    """There is no note of that number."""


_notes: dict[int, str] = {}


async def add(text: str) -> int:
    await asyncio.sleep(0)
    number = len(_notes) + 1
    _notes[number] = text
    return number


async def get(number: int) -> str:
    if number not in _notes:
        raise NoSuchNote(f"no note {number}")
    return _notes[number]

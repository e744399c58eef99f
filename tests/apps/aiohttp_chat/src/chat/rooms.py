"""What was said, by room."""

_rooms: dict[str, list[str]] = {}


async def say(room: str, text: str) -> int:
    _rooms.setdefault(room, []).append(text)
    return len(_rooms[room])


async def heard(room: str) -> list[str]:
    return list(_rooms.get(room, ()))

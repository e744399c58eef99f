"""Times in other zones. This package has no ``__init__.py``."""

_shifts = []


def shift(time, offset):
    sign = -1 if offset.startswith("-") else 1
    hours, minutes = (int(part) for part in time.split(":"))
    more, rest = (int(part) for part in offset.lstrip("+-").split(":"))
    total = (hours * 60 + minutes + sign * (more * 60 + rest)) % 1440
    _shifts.append(offset)
    return f"{total // 60:02}:{total % 60:02}"


def shifts():
    return len(_shifts)

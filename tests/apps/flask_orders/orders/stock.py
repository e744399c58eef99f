"""What is left. Written without annotations, as much code is."""

_left = {"tea": 10, "cake": 3}


class SoldOut(Exception):
    """Not enough is left."""


def take(name, count=1):
    if _left.get(name, 0) < count:
        raise SoldOut(f"{name}: {_left.get(name, 0)} left")
    _left[name] -= count
    return {"name": name, "left": _left[name]}


def refill(name, count):
    _left[name] = _left.get(name, 0) + count
    return _left[name]

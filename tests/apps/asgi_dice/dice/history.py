"""What was rolled so far."""

_history = []


async def keep(values):
    _history.append(list(values))
    return len(_history)


async def last():
    return list(_history[-1]) if _history else []

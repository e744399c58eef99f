"""What being late costs, in cents."""

_waived = set()


def waive(week):
    _waived.add(week)
    return len(_waived)


def fee(days: int, allowed: int) -> int:
    total = 0
    for late in range(max(0, days - allowed)):
        if late // 7 not in _waived:
            total += 10 + late
    return total

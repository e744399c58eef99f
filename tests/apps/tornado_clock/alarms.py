"""Alarms that have not rung yet."""

_pending = {}


def set_alarm(name, at):
    _pending[name] = at
    return len(_pending)


def pending():
    return sorted(_pending.items())


def ring(now):
    due = []
    for name, at in sorted(_pending.items()):
        if at <= now:
            due.append(name)
    for name in due:
        del _pending[name]
    return due

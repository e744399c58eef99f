"""Where each key leads."""

_targets = {}


def put(key, target):
    _targets[key] = target
    return count()


def target(key):
    return _targets.get(key)


def count():
    return len(_targets)

"""How often each path was visited."""

from collections import Counter

_visits = Counter()


def add(path):
    _visits[path] += 1
    return _visits[path]


def counts():
    return dict(_visits)

"""Functions with a memory of their own."""

from functools import singledispatch, wraps


class Numbered:
    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args), self.calls


def counted(function):
    calls = 0
    seen = []

    @wraps(function)
    def counting(*args):
        nonlocal calls
        calls += 1
        counting.calls = calls
        seen.append(args)
        return function(*args), calls

    counting.seen = seen
    return counting


def remembering(function):
    answers = {}

    @wraps(function)
    def remember(*args):
        if args not in answers:
            answers[args] = function(*args)
        return answers[args]

    return remember


@Numbered
def number(x):
    return x


@counted
def count(x):
    return x


@remembering
def double(x):
    return 2 * x


def plain(x):
    plain.calls += 1
    return x


plain.calls = 0


def through(name, x):
    """Call one of them from inside the package."""
    return {"number": number, "count": count, "plain": plain}[name](x)


def calls(name):
    """Return how often one was called, as it says itself."""
    return {"number": number, "count": count, "plain": plain}[name].calls


@singledispatch
def render(value):
    plain(value)
    return f"any {value}"


@render.register
def _(value: int):
    return f"int {value}"


def add_float():
    render.register(float, lambda value: f"float {value}")

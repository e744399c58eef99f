"""seamline.interface.memories: functions that keep something between calls."""

import pytest

CLASS = """
class Deco:
    def __init__(self, f):
        self.f = f
        self.held = {{}}
        self.n = 0
    def __call__(self, *args):
        {change}
        return self.f(*args)
@Deco
def work(x):
    return x * open("a").read()
"""
CLOSURE = """
import itertools
def deco(f):
    held, n, ticks = {{}}, 0, itertools.count()
    cell = [0]
    order = []
    def inner(*args):
        {change}
        return f(*args)
    inner.cell = cell
    inner.forget = lambda: held.clear()
    return inner
@deco
def work(x):
    return x * open("a").read()
"""


@pytest.mark.parametrize(
    "change",
    [
        "self.n += 1",
        "self.n = self.n + 1",
        "self.held[args] = self.held.get(args, 0) + 1",
        "self.held[args] = True",
    ],
)
def test_an_object_with_a_memory_that_a_class_makes_of_a_function_is_state(read, change) -> None:
    reading = read({"shop.py": CLASS.format(change=change)}, "shop")

    assert "shop:work" in reading.state
    assert reading.functions["shop.work"].touches == ("shop:work",)


def test_who_calls_such_an_object_from_outside_is_told(read) -> None:
    front = "from shop import work\ndef page(): return work(1)\n"

    reading = read({"shop.py": CLASS.format(change="self.n += 1"), "front.py": front}, "shop")

    assert ("error", "front.py", 2) in reading.findings("state-elsewhere")


@pytest.mark.parametrize(
    "change",
    [
        "self.held[args] = self.f(*args)",
        "answer = self.f(*args); self.held[args] = answer; self.held.pop(1, None)",
    ],
)
def test_an_object_that_only_remembers_answers_is_state_where_it_is_looked_into(
    read, change
) -> None:
    text = CLASS.format(change=change)

    assert "shop:work" not in read({"shop.py": text}, "shop").state
    text += "def forget(): work.held.clear()\n"
    assert "shop:work" in read({"shop.py": text}, "shop").state


@pytest.mark.parametrize(
    "change",
    [
        "nonlocal n; n += 1",
        "cell[0] += 1",
        "order.append(args)",
        "held[args] = held.get(args, 0) + 1",
        "inner.calls = 1",
        "next(ticks)",
        "now = time.monotonic(); held[args] = now",
        "held[args] = time.monotonic()",
        "held.setdefault(args, time.monotonic())",
    ],
)
def test_what_a_decorator_keeps_is_state_of_the_function(read, change) -> None:
    text = CLOSURE.format(change=change)

    function = read({"shop.py": text}, "shop").functions["shop.work"]

    assert function.touches == ("shop:work",)
    assert (function.verdict.value, function.stays) == ("remote", False)


@pytest.mark.parametrize(
    ("shown", "change"),
    [
        ("cell", "cell[0] += 1"),
        ("calls", "inner.calls = 1"),
        ("forget", "held[args] = f(*args)"),
    ],
)
def test_an_attribute_that_shows_a_memory_is_state(read, shown, change) -> None:
    text = CLOSURE.format(change=change)
    front = f"import shop\ndef page(): return shop.work.{shown}\n"

    reading = read({"shop.py": text, "front.py": front}, "shop")

    assert f"shop:work.{shown}" in reading.state
    assert ("error", "front.py", 2) in reading.findings("state-elsewhere")


@pytest.mark.parametrize(
    "change",
    [
        "held[args] = f(*args)",
        "answer = f(*args); held[args] = answer, time.monotonic()",
        "return held.setdefault(args, f(*args))",
        "if (answer := f(*args)): held[args] = answer",
    ],
)
def test_a_closure_that_only_remembers_answers_is_no_state(read, change) -> None:
    text = CLOSURE.format(change=change)

    assert read({"shop.py": text}, "shop").functions["shop.work"].touches == ()


def test_an_attribute_that_functions_bind_on_a_function_is_state(read) -> None:
    text = "def work(x):\n    work.calls += 1\n    return x\nwork.calls = 0\nwork.title = 'a'\n"

    reading = read({"shop.py": text}, "shop")

    assert set(reading.state) == {"shop:work.calls"}
    assert reading.verdict("shop.work") == "remote"


def test_what_each_call_of_a_wrapper_begins_anew_is_no_memory(read) -> None:
    text = """
    def repeat(*, times):
        def deco(f):
            def inner(*args):
                done, order = 0, []
                def once():
                    nonlocal done
                    done += 1
                    order.append(f(*args))
                while done < times:
                    once()
                return order
            return inner
        return deco
    @repeat(times=2)
    def work(x):
        return x * open("a").read()
    """

    assert read({"shop.py": text}, "shop").functions["shop.work"].touches == ()


STATS = """
class Stats:
    def __init__(self):
        self.calls = 0
        self.names = []
    def counted(self, f):
        def inner(*args):
            self.calls += 1
            return f(*args)
        return inner
    def listed(self, f):
        self.names.append(f)
        return f
stats = Stats()
"""


@pytest.mark.parametrize(("decorator", "touches"), [("counted", True), ("listed", False)])
def test_an_object_whose_method_wraps_a_function_is_used_by_it(read, decorator, touches) -> None:
    text = f"{STATS}@stats.{decorator}\ndef work(x):\n    return x * open('a').read()\n"

    function = read({"shop.py": text}, "shop").functions["shop.work"]

    assert function.touches == (("shop:stats",) if touches else ())


def test_an_object_that_wraps_functions_of_two_groups_is_shared_state(read) -> None:
    work = "from stats import stats\n@stats.counted\ndef {}(x):\n    return x * open('a').read()\n"
    files = {"stats.py": STATS, "shop.py": work.format("sell"), "front.py": work.format("show")}

    reading = read(files, "shop", "front")

    assert reading.findings("shared-state") == [("error", "stats.py", 14)]

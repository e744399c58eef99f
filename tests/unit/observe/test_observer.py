"""Probes in this process: the application behaves as it does alone, and what it did is noted."""

import asyncio
import importlib
import inspect
import sys
import textwrap
import threading
import types
import unittest.mock
import warnings

import pytest

from seamline.config import load
from seamline.lock import Seen
from seamline.observe import gather
from seamline.observe.contexts import content_of
from seamline.observe.joining import Observer, join_learning, learning_environment
from seamline.observe.journal import Journal
from seamline.observe.warned import place_warnings
from seamline.plan import analyse_with, build


class Observed:
    """A module that was imported under observation, and what was noted about it so far."""

    def __init__(self, module, directory, observer):
        self.module = module
        self._directory = directory
        self._observer = observer

    def __getattr__(self, name):
        return getattr(self.module, name)

    def seen(self, name):
        self._observer._end()
        return gather(self._directory).seen.get(f"watched_app.{name}", Seen())

    def trouble(self):
        return gather(self._directory).trouble


@pytest.fixture
def observed(tmp_path, monkeypatch):
    """Write a module, import it, and put probes on it; this test is the code outside."""

    def write(source, *, loaded=True):
        root = tmp_path / "root"
        root.mkdir()
        (root / "watched_app.py").write_text(textwrap.dedent(source))
        file = root / "seamline.toml"
        file.write_text('name = "x"\n[services.watched]\npackage = "watched_app"\n')
        monkeypatch.syspath_prepend(str(root))
        config = load(file, environ={})
        plan = build(config, analyse_with(config, "micro", None), layout="mono", run_dir="/")
        journals = tmp_path / "journals"
        journals.mkdir()
        observer = Observer(plan, Journal(journals))
        module = importlib.import_module("watched_app")
        if loaded:
            observer._finished(frozenset({"watched_app"}))
        return Observed(module, journals, observer)

    yield write
    sys.modules.pop("watched_app", None)


def test_signature_and_identity_of_functions_stay(observed):
    app = observed("""
        def f(a, /, b=1, *c, d=2, **e):
            return a, b, c, d, e
        g = f
    """)

    assert app.g is app.f
    assert str(inspect.signature(app.f)) == "(a, /, b=1, *c, d=2, **e)"
    assert app.f(1, 2, 3, d=4, x=5) == (1, 2, (3,), 4, {"x": 5})
    assert app.f(1) == (1, 1, (), 2, {})
    seen = app.seen("f")
    assert seen.calls == 2
    assert seen.parameters == {
        **dict.fromkeys("abd", ("int",)),
        "c": ("tuple[int]",),
        "e": ("dict[str, int]",),
    }


def test_generator_takes_what_is_sent_and_thrown_and_returns(observed):
    app = observed("""
        state = {}
        def g(n):
            got = []
            for i in range(n):
                try:
                    got.append((yield i))
                except KeyError as error:
                    got.append(error)
                    yield "caught"
            state["x"] = got
            return got
    """)
    error = KeyError("x")

    stream = app.g(2)
    assert inspect.isgenerator(stream)
    assert next(stream) == 0
    assert stream.send("sent") == 1
    assert stream.throw(error) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(stream)

    assert stop.value.value == ["sent", error]
    seen = app.seen("g")
    assert seen.yields == ("int", "str")
    assert seen.result == ("list[KeyError | str]",)


def test_closed_generator_runs_its_finally_and_notes_no_exception(observed):
    app = observed("""
        left = []
        def g():
            try:
                yield 1
            finally:
                left.append("closed")
    """)

    stream = app.g()
    next(stream)
    stream.close()

    assert app.left == ["closed"]
    assert app.seen("g").raises == ()


def test_exception_leaves_as_the_same_object_with_nothing_added(observed):
    app = observed("""
        state = {}
        class Odd(Exception):
            pass
        def f(error):
            state["x"] = 1
            raise error
    """)
    error = app.Odd("x")

    with pytest.raises(app.Odd) as caught:
        app.f(error)

    assert caught.value is error
    assert (error.__context__, error.__cause__) == (None, None)
    assert app.seen("f").raises == ("watched_app.Odd",)


def test_context_manager_swallows_and_raises_as_it_does_alone(observed):
    app = observed("""
        from contextlib import contextmanager
        state = {}
        @contextmanager
        def swallowing(kinds):
            state["x"] = 1
            try:
                yield kinds
            except kinds:
                pass
    """)

    with app.swallowing((KeyError,)):
        raise KeyError
    error = ValueError("x")
    with pytest.raises(ValueError, match="x") as caught, app.swallowing((KeyError,)):
        raise error

    assert caught.value is error
    seen = app.seen("swallowing")
    # The `with` statement is the caller, not contextlib.
    assert seen.callers == (__name__,)
    assert (seen.calls, seen.yields) == (2, ("tuple[type]",))


def test_asynchronous_functions_and_generators_stay_so(observed):
    app = observed("""
        import asyncio
        state = {}
        async def f(n):
            await asyncio.sleep(0)
            state["x"] = n
            return str(n)
        async def g(n):
            for i in range(n):
                got = yield i
                state["x"] = got
    """)

    async def use():
        assert inspect.iscoroutinefunction(app.f)
        assert inspect.isasyncgenfunction(app.g)
        stream = app.g(3)
        items = [await anext(stream), await stream.asend("x")]
        await stream.aclose()
        together = await asyncio.gather(app.f(1), app.f(2))
        task = asyncio.create_task(app.f(3))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return items, together

    assert asyncio.run(use()) == ([0, 1], ["1", "2"])
    assert app.seen("f").result == ("str",)
    assert (app.seen("g").yields, app.seen("g").raises) == (("int",), ())


def test_plain_wrapper_of_an_asynchronous_function_is_seen_through(observed):
    app = observed("""
        import functools
        state = {}
        def wrapped(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, extra=1, **kwargs)
            return wrapper
        @wrapped
        async def f(a, b, extra):
            state["x"] = a
            return {a: b}
    """)

    assert asyncio.run(app.f(1, b="x")) == {1: "x"}
    seen = app.seen("f")
    assert seen.parameters == {"a": ("int",), "b": ("str",)}
    assert (seen.calls, seen.result, seen.stays) == (1, ("dict[int, str]",), {})


def test_methods_closures_and_caches_work(observed):
    app = observed("""
        import functools
        state = {}
        class Base:
            def name(self):
                return "base"
        class Child(Base):
            def name(self):
                state["x"] = 1
                return f"child of {super().name()}"
            @classmethod
            def make(cls):
                state["x"] = 1
                return cls()
            @property
            def size(self):
                return len(state)
        @functools.lru_cache
        def cached(n):
            state["x"] = n
            return object()
    """)

    child = app.Child.make()
    assert (child.name(), child.size) == ("child of base", 1)
    assert app.cached(1) is app.cached(1)
    assert app.seen("cached").calls == 1
    assert app.seen("cached").stays == {"return": ("object",)}
    assert app.seen("Child.name").parameters == {"self": ("watched_app.Child",)}


def test_calls_of_the_package_to_itself_are_not_counted(observed):
    app = observed("""
        import threading
        state = {}
        def inner(n):
            state["x"] = n
            return n
        def outer(n):
            return inner(n) + sum(map(inner, [n]))
        def in_a_thread(n):
            thread = threading.Thread(target=inner, args=(n,))
            thread.start()
            thread.join()
    """)

    assert app.outer(2) == 4
    assert (app.seen("outer").calls, app.seen("inner").calls) == (1, 0)
    # A callback of the package that the test calls is a call from outside.
    assert list(map(app.inner, [1, 2])) == [1, 2]
    assert app.seen("inner").calls == 2


def test_mutations_are_told_from_what_stays_equal(observed):
    app = observed("""
        state = {}
        def f(a, b, c, d=[]):
            a.append(1)
            b["x"]["y"] = 2
            c.sort()
            d.append(state)
            return len(d)
    """)

    app.f([], {"x": {}}, [1, 2])
    assert app.seen("f").mutates == ("a", "b")


def test_sharing_of_results_with_arguments_and_state_is_noted(observed):
    app = observed("""
        state = {"rows": [[1], [2]], "n": 1}
        def count():
            state["n"] += 1
        def row(n):
            return state["rows"][n]
        def number():
            return state["n"]
        def wrap(value, other):
            return {"in": [value], "n": len(state)}
    """)
    app.row(0)
    app.number()
    app.wrap([1], [1])

    assert app.seen("row").aliases == ("watched_app:state",)
    assert app.seen("number").aliases == ()
    assert app.seen("wrap").returns_arguments == ("value",)


def test_changed_state_is_noted_when_it_is_rebound_grown_or_replaced_inside(observed):
    app = observed("""
        table, items, number = {"a": 1}, [], 0
        def rebind():
            global number
            number += 1
        def grow():
            items.append(1)
        def replace(value):
            table["a"] = value
        def nothing():
            return len(table)
    """)
    app.rebind()
    app.grow()
    app.replace(2)
    app.nothing()

    assert app.seen("rebind").changes == ("watched_app:number",)
    assert app.seen("grow").changes == ("watched_app:items",)
    assert app.seen("replace").changes == ("watched_app:table",)
    assert app.seen("nothing").changes == ()


def test_stand_ins_of_tests_are_not_counted(observed):
    app = observed("""
        state = {}
        def f(a, b):
            state["x"] = 1
            return a.anything(b)
    """)

    app.f(unittest.mock.MagicMock(), [unittest.mock.sentinel.x])
    seen = app.seen("f")
    assert (seen.calls, seen.stays) == (1, {})
    assert "a" not in seen.parameters


def test_new_type_is_noticed_however_often_the_function_was_called(observed):
    app = observed("""
        state = {}
        def f(a):
            state["x"] = 1
    """)
    for n in range(1000):
        app.f(n)
    app.f("text")

    seen = app.seen("f")
    assert (seen.calls, seen.parameters) == (1001, {"a": ("int", "str")})


def test_threads_lose_no_fact(observed):
    app = observed("""
        state = {}
        def f(a):
            state["x"] = 1
    """)
    kinds = [1, "a", 2.0, b"b", None, (1,), [1], {1: 2}]
    threads = [threading.Thread(target=lambda kind=kind: app.f(kind)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert app.seen("f").parameters["a"] == tuple(
        sorted(
            ["int", "str", "float", "bytes", "None", "tuple[int]", "list[int]", "dict[int, int]"]
        )
    )


def test_value_that_cannot_be_looked_at_harms_nobody(observed):
    app = observed("""
        state = {}
        def f(a):
            state["x"] = 1
            return "done"
    """)

    class Hostile(dict):
        def __len__(self):
            raise RuntimeError("no")

        def __iter__(self):
            raise RuntimeError("no")

        def __getattribute__(self, name):
            raise RuntimeError("no")

    assert app.f(Hostile()) == "done"
    assert app.seen("f").calls == 1


def test_error_of_the_observation_is_told_and_not_raised(observed, monkeypatch):
    app = observed("""
        state = {}
        def f(a):
            state["x"] = 1
            return a
    """)
    monkeypatch.setattr("seamline.observe.notes.type_name", lambda _: {}["gone"])

    assert app.f(3) == 3
    assert app.trouble() == {"KeyError": 1}


def test_function_without_an_object_of_its_own_is_told(observed):
    app = observed("""
        state = {}
        def f(a):
            state["x"] = 1
        del f
    """)

    assert "made no function" in gather(app._directory).missed["watched_app.f"]


def test_journal_whose_last_line_is_cut_off_counts_up_to_it(tmp_path):
    whole = b'{"name":"a.f","seen":{"calls":2}}\n'
    (tmp_path / "1.jsonl").write_bytes(whole + b'{"name":"a.f","seen":{"ca')
    (tmp_path / "2.jsonl").write_bytes(whole + b'{"is_end":true}\n')

    learned = gather(tmp_path)

    assert (learned.seen["a.f"].calls, learned.processes, learned.cut_short) == (4, 2, 1)


def test_process_that_outlives_the_command_runs_on_unobserved(tmp_path):
    assert join_learning({"SEAMLINE_LEARN": str(tmp_path / "gone")}) is None


def test_environment_of_the_command_names_no_run_and_finds_the_startup_first(observed):
    app = observed("def f(): pass")
    plan = app._observer  # any plan will do for its packages
    environment = learning_environment(
        {"SEAMLINE_RUN": "/run", "SEAMLINE_WORKER": "a.0.0", "PYTHONPATH": "/mine"},
        _plan_of(plan),
        app._directory,
    )

    assert "SEAMLINE_RUN" not in environment
    assert environment["SEAMLINE_LEARN_PACKAGES"] == "watched_app"
    assert environment["PYTHONPATH"].split(":")[1:] == ["/mine"]
    assert environment["SEAMLINE_LAYOUT"] == "mono"


def _plan_of(observer):
    from types import SimpleNamespace

    return SimpleNamespace(
        services=[SimpleNamespace(package=one.interface.package) for one in observer._watched]
    )


@pytest.mark.parametrize("name", ["flask.request", "app.current_user"])
def test_only_g_and_session_are_compared(name):
    assert content_of(name, {"a": 1}) is None
    assert content_of("flask.session", {"a": 1}) is not None


WARNING = """
    import warnings
    def of_itself():
        warnings.warn("one")
    def of_its_caller():
        warnings.warn("two", stacklevel=2)
    def named(*, level):
        warnings.warn("three", DeprecationWarning, level)
    def within():
        of_its_caller()
    def steps():
        warnings.warn("five", stacklevel=2)
        yield 1
    async def later():
        warnings.warn("six", stacklevel=2)
"""


def _places_of_warnings(app) -> list[tuple[str, str, int]]:
    def inner():
        app.named(level=3)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        app.of_itself()
        app.of_its_caller()
        inner()
        app.within()
        list(app.steps())
        asyncio.run(app.later())
    return [(str(one.message), one.filename, one.lineno) for one in caught]


def test_a_warning_names_the_line_that_it_would_name_alone(observed, monkeypatch):
    monkeypatch.setattr(warnings, "warn", warnings.warn)  # put back at the end
    app = observed(WARNING)
    names = ("of_itself", "of_its_caller", "named", "within", "steps", "later")
    alone = types.ModuleType("watched_app")
    file = app.module.__file__
    exec(compile(textwrap.dedent(WARNING), file, "exec"), vars(alone))

    whole = _places_of_warnings(alone)
    place_warnings()

    assert _places_of_warnings(app) == whole
    assert {name: app.seen(name).calls for name in names} == dict.fromkeys(names, 1)

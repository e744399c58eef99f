"""seamline.seam.find: function objects behind decorators, registries and early imports."""

import gc
import importlib

import pytest

from seamline.errors import NotSendable
from seamline.interface import Kind
from seamline.seam import half_of
from seamline.seam.find import OUTER, find_entries, live_functions
from seamline.seam.half import is_twin

DECORATORS = """
import functools

def wrapping(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return ("wrapped", function(*args, **kwargs))
    return wrapper

def hiding(function):
    def wrapper(*args):
        return ("hidden", function(*args))
    return wrapper

def passing(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper
"""


def crossed(app):
    return [address.partition(":")[2] for address in app.client.calls]


def opened(application, source, **more):
    app = application({"__init__": source, "decorators": DECORATORS}, **more)
    module = app.load()
    # Callers and the host share one process here, so that the test sees both.
    app.seams(local=True).install()
    return app, module


@pytest.mark.parametrize("decorator", ["wrapping", "hiding"])
def test_a_decorated_function_is_entered_at_its_outermost_wrapper(application, decorator):
    app, module = opened(
        application,
        f"from PACKAGE.decorators import *\n@{decorator}\ndef f(x):\n    return x\n",
        verdicts={},
    )

    word = {"wrapping": "wrapped", "hiding": "hidden"}[decorator]
    assert module.f(1) == (word, 1)
    # One crossing: on the host the wrapper calls the definition without another.
    assert crossed(app) == ["f@2" + OUTER]


def test_what_was_registered_before_it_was_wrapped_is_entered_there(application):
    source = """
        from PACKAGE.decorators import wrapping
        registry = []
        def register(function):
            registry.append(function)
            return function
        @wrapping
        @register
        def f(x):
            return x
    """
    app, module = opened(application, source)

    assert module.registry[0](1) == 1
    assert module.f(1) == ("wrapped", 1)
    assert crossed(app) == ["f@7", "f@7" + OUTER]


@pytest.mark.parametrize(
    ("decorator", "call"),
    [
        ("functools.lru_cache", "f(3)"),
        ("functools.cache", "f(3)"),
        ("functools.singledispatch", "f(3)"),
    ],
)
def test_wrappers_of_functools_are_looked_through(application, decorator, call):
    app, module = opened(
        application, f"import functools\n@{decorator}\ndef f(x):\n    return x * 2\n"
    )

    assert eval(call, vars(module)) == 6
    assert len(app.client.calls) == 1


def test_methods_of_every_sort_cross_with_their_first_argument(application):
    source = """
        import dataclasses, functools
        @dataclasses.dataclass
        class Ledger:
            start: int
            def add(self, x): return self.start + x
            @staticmethod
            def rate(x): return x * 3
            @classmethod
            def named(cls, x): return cls.__name__, x
            @property
            def total(self): return self.start * 10
            @functools.cached_property
            def once(self): return self.start * 100
            @functools.partialmethod
            def partly(self): return self.start
    """
    app, module = opened(application, source)

    ledger = module.Ledger(2)

    assert (ledger.add(1), ledger.rate(1), ledger.named(1)) == (3, 3, ("Ledger", 1))
    assert (ledger.total, ledger.once, ledger.partly()) == (20, 200, 2)
    names = [name.partition("@")[0] for name in crossed(app)]
    assert names == [
        "Ledger.add", "Ledger.rate", "Ledger.named",
        "Ledger.total", "Ledger.once", "Ledger.partly",
    ]  # fmt: skip


def test_early_imports_partials_and_tables_hold_the_same_object(application):
    source = """
        import functools
        def f(x, y): return (x, y)
        TABLE = {"f": f}
        again = f
        half_bound = functools.partial(f, 1)
    """
    app, module = opened(application, source)

    assert module.TABLE["f"](1, 2) == module.again(1, 2) == module.half_bound(2) == (1, 2)
    assert len(app.client.calls) == 3


def test_a_context_manager_crosses_as_its_generator(application):
    source = """
        import contextlib
        @contextlib.contextmanager
        def managed(name):
            try:
                yield "opened " + name
            except KeyError as error:
                raise LookupError("closed by", *error.args)
    """
    app, module = opened(application, source)

    with module.managed("it") as value:
        assert value == "opened it"
    with pytest.raises(LookupError, match=r"closed by.*why"), module.managed("it"):
        raise KeyError("why")

    assert crossed(app) == ["managed@3", "managed@3"]


def test_a_plain_wrapper_of_an_async_function_passes_its_coroutine_on(application, run):
    source = """
        from PACKAGE.decorators import passing
        @passing
        async def f(x): return x
    """
    app, module = opened(application, source)

    coroutine = module.f(1)

    assert run(coroutine) == 1
    assert crossed(app) == ["f@3" + OUTER]


@pytest.mark.parametrize(
    ("decoration", "kind"),
    [
        ("async def f(): pass", Kind.ASYNC),
        ("@passing\nasync def f(): pass", Kind.ASYNC),
        ("def f(): yield", Kind.GENERATOR),
        ("@passing\ndef f(): yield", Kind.GENERATOR),
        ("@listing\ndef f(): yield", Kind.SYNC),
        ("@running\nasync def f(): pass", Kind.SYNC),
    ],
)
def test_the_kind_of_an_entry_is_what_its_caller_gets(application, decoration, kind):
    source = (
        "import asyncio\nfrom PACKAGE.decorators import *\n"
        "def listing(g):\n    return lambda *a: list(g(*a))\n"
        "def running(g):\n    return lambda *a: asyncio.run(g(*a))\n"
    )
    app = application({"__init__": source + decoration, "decorators": DECORATORS})
    app.load()
    interface = app.plan.services[0].interface

    entries = find_entries(
        interface, [f for f in interface.functions if f.name == "f"], live_functions()
    )

    assert entries[-1].kind is kind


def test_functions_made_in_a_loop_are_refused_when_they_cannot_be_told_apart(application):
    source = """
        made = []
        for number in range(3):
            def f(x, number=number): return x + number
            made.append(f)
    """
    app, module = opened(application, source)

    with pytest.raises(NotSendable, match=r"3 functions were made from the one definition of f"):
        module.made[0](1)
    assert app.client.calls == []


def test_a_reloaded_function_and_its_older_self_both_cross(application):
    app = application({"__init__": "def f(x, y=()):\n    return x\n"})
    module = app.load()
    older = module.f
    app.seams().install()

    importlib.reload(module)

    assert module.f is not older
    assert (older(1), module.f(2)) == (1, 2)
    assert crossed(app) == ["f@1", "f@1"]


def test_redefined_and_conditional_functions_are_told_apart_by_their_line(application):
    source = """
        if True:
            def f(): return "first"
        first = f
        def f(): return "second"
        if False:
            def g(): return "never"
    """
    app, module = opened(application, source)
    app.opened[0].verify()

    assert (module.first(), module.f()) == ("first", "second")
    assert crossed(app) == ["f@3", "f@5"]


def test_twins_are_never_taken_for_the_application_s_functions(application):
    app, module = opened(application, "def f():\n    return 1\n")
    app.opened[0].close_all()

    app.opened[0].open_all()

    functions = [
        each for each in gc.get_objects()
        if type(each) is type(is_twin) and each.__code__.co_filename == module.__file__
    ]  # fmt: skip
    assert [is_twin(each) for each in functions if half_of(each.__code__) is None] == [True]
    assert module.f() == 1

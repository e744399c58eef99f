"""seamline.seam.half: a code object that looks like another and enters a half."""

import asyncio
import contextlib
import inspect
import traceback

import pytest

from seamline.seam.half import body_of, compile_half, half_of, original_of

SHAPES = {
    "no parameters": "def f(): pass",
    "positional": "def f(a, b): pass",
    "positional-only": "def f(a, /, b): pass",
    "only positional-only": "def f(a, b, /): pass",
    "keyword-only": "def f(*, a, b=1): pass",
    "variadic": "def f(*args, **kwargs): pass",
    "everything": "def f(a, b=1, /, c=2, *args, d, e=3, **kwargs): pass",
    "names of the half's own locals": "def f(stream, thrown, *, sent, extra, p0): yield",
    "a captured parameter": "def f(a, *b, c):\n    return lambda: (a, b, c)",
    "async": "async def f(a): pass",
    "generator": "def f(a, *b): yield",
    "async generator": "async def f(a, **b): yield",
}


def made(source: str):
    namespace: dict = {}
    exec(compile(source, "/somewhere/module.py", "exec"), namespace)
    return namespace["f"]


class Recorder:
    """Enters nothing: remembers what the half was given."""

    def enter(self, values, extra, keywords):
        return values, extra, keywords


@pytest.mark.parametrize("source", SHAPES.values(), ids=SHAPES)
def test_a_half_has_the_outside_of_the_function(source):
    function = made(source)
    signature, original = inspect.signature(function), function.__code__

    function.__code__ = compile_half(original, Recorder())

    assert inspect.signature(function) == signature
    assert body_of(function.__code__) is body_of(original)
    for name in ("co_name", "co_qualname", "co_filename", "co_firstlineno", "co_freevars"):
        assert getattr(function.__code__, name) == getattr(original, name)
    assert {line for _, _, line in function.__code__.co_lines()} == {1}


def test_a_half_hands_over_every_sort_of_argument():
    function = made("def f(a, b=1, /, c=2, *args, d, e=3, **kwargs): pass")
    function.__code__ = compile_half(function.__code__, Recorder())

    assert function(1, 2, 3, 4, d=5, f=6, a=7) == ((1, 2, 3, 5, 3), (4,), {"f": 6, "a": 7})
    assert function(1, d=5) == ((1, 1, 2, 5, 3), (), {})


def test_wrong_arguments_are_python_s_own_error():
    function = made("def f(a, *, b): pass")
    with pytest.raises(TypeError) as before:
        function(1, 2)
    function.__code__ = compile_half(function.__code__, Recorder())

    with pytest.raises(TypeError) as after:
        function(1, 2)

    assert str(after.value) == str(before.value)


def test_free_variables_and_the_class_cell_keep_their_places():
    class Parent:
        def f(self, x):
            return "parent", x

    offset = 3

    class Child(Parent):
        def f(self, x):
            return super().f(x + offset)

    Child.f.__code__ = compile_half(Child.f.__code__, Recorder())

    assert Child.f.__code__.co_freevars == ("__class__", "offset")
    child = Child()
    assert child.f(1) == ((child, 1), (), {})


def test_functions_of_one_shape_share_one_compilation():
    one, other = made("def f(a, *, b): pass"), made("def f(x, *, y): pass")

    halves = [compile_half(f.__code__, Recorder()) for f in (one, other)]

    assert halves[0].co_code == halves[1].co_code
    assert [half.co_varnames for half in halves] == [("a", "b"), ("x", "y")]


def test_a_traceback_through_a_half_names_the_function_and_its_definition():
    class Failing:
        def enter(self, values, extra, keywords):
            raise LookupError("over there")

    function = made("def f(a):\n    x = 1\n    return x\n")
    function.__code__ = compile_half(function.__code__, Failing())

    with pytest.raises(LookupError) as caught:
        function(1)

    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [(frame.name, frame.filename, frame.lineno) for frame in frames][1] == (
        "f",
        "/somewhere/module.py",
        1,
    )


class Through:
    """Enters the original function: what a half does to a generator must not be seen."""

    def __init__(self, function):
        self.original = type(function)(function.__code__, function.__globals__)

    def enter(self, values, extra, keywords):
        return self.original(*values, *extra, **keywords)


ECHO = """
def f(log):
    log.append("begin")
    try:
        sent = yield 0
        for number in range(1, 9):
            try:
                sent = yield (number, sent)
            except KeyError as error:
                sent = ("caught", error.args)
            except GeneratorExit:
                log.append("closing")
                raise
        return "end"
    finally:
        log.append("left")
"""
STUBBORN = """
def f(log):
    while True:
        try:
            yield len(log)
        except GeneratorExit:
            if "ignored" in log:
                raise
            log.append("ignored")
        except ValueError:
            raise LookupError("from handler")
        except StopIteration:
            return 5
"""


def steps(generator, script):
    """Drive a generator and write down everything that can be seen."""
    seen = []
    for name, *args in script:
        try:
            seen.append((name, getattr(generator, name)(*args)))
        except BaseException as error:
            seen.append(
                (name, type(error), error.args, error.__context__ and type(error.__context__))
            )
    with contextlib.suppress(RuntimeError):
        generator.close()
    return seen


SCRIPTS = {
    "to the end": [("__next__",)] * 12,
    "send": [("send", None), ("send", 1), ("send", 2)],
    "send before the start": [("send", 1)],
    "throw caught": [("__next__",), ("__next__",), ("throw", KeyError("k")), ("send", 4)],
    "throw not caught": [("__next__",), ("throw", ZeroDivisionError("z")), ("__next__",)],
    "throw before the start": [("throw", KeyError("k")), ("__next__",)],
    "close": [("__next__",), ("__next__",), ("close",), ("__next__",), ("close",)],
    "close before the start": [("close",), ("__next__",)],
    "throw what a handler replaces": [("__next__",), ("throw", ValueError("v"))],
    "throw StopIteration": [("__next__",), ("throw", StopIteration(3))],
    "throw GeneratorExit": [("__next__",), ("throw", GeneratorExit()), ("__next__",)],
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("source", [ECHO, STUBBORN], ids=["echo", "stubborn"])
def test_a_generator_behind_a_half_steps_like_itself(source, script):
    whole_log, seam_log = [], []
    whole, halved = made(source), made(source)
    halved.__code__ = compile_half(halved.__code__, Through(halved))

    expected = steps(whole(whole_log), script)

    assert steps(halved(seam_log), script) == expected
    assert seam_log == whole_log


def asynchronous(source):
    return (
        source.replace("def f", "async def f")
        .replace('return "end"', "return")
        .replace("return 5", "return")
    )


async def async_steps(generator, script):
    names = {"__next__": "__anext__", "send": "asend", "throw": "athrow", "close": "aclose"}
    seen = []
    for name, *args in script:
        try:
            seen.append((name, await getattr(generator, names[name])(*args)))
        except BaseException as error:
            seen.append((name, type(error), error.args))
    with contextlib.suppress(RuntimeError):
        await generator.aclose()
    return seen


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_an_async_generator_behind_a_half_steps_like_itself(script):
    source = asynchronous(ECHO)
    whole_log, seam_log = [], []
    whole, halved = made(source), made(source)
    halved.__code__ = compile_half(halved.__code__, Through(halved))

    expected = asyncio.run(async_steps(whole(whole_log), script))

    assert asyncio.run(async_steps(halved(seam_log), script)) == expected
    assert seam_log == whole_log


def test_a_plain_code_object_belongs_to_no_half():
    assert half_of(made("def f(): pass").__code__) is None


def test_the_original_code_is_that_of_one_moment_while_another_thread_moves_the_seam():
    first, *later = codes = [made(f"def f(): return {number}").__code__ for number in range(3)]

    class Moving:
        @property
        def __code__(self):
            return codes.pop(0)

    assert original_of(Moving()) is first
    assert codes == later

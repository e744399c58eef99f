"""seamline.seam as a whole: a call through an open seam answers exactly like the direct one."""

import asyncio
import contextlib
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from seamline.interface import Verdict

PREAMBLE = """
import asyncio, contextlib, functools
SENTINEL = object()
def wrapping(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return ("wrapped", function(*args, **kwargs))
    return wrapper
def passing(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper
def make(offset):
    CODE
    return target
"""
BODIES = {
    "sync": ("def", "return SEEN"),
    "async": ("async def", "await asyncio.sleep(0)\nreturn SEEN"),
    "generator": ("def", "got = yield SEEN\nyield ('got', got)\nreturn 'end'"),
    "async generator": ("async def", "got = yield SEEN\nyield ('got', got)"),
    "context manager": ("def", "yield SEEN"),
    "raising": ("def", "raise LookupError(SEEN)"),
    "async raising": ("async def", "raise LookupError(SEEN)"),
}
DECORATIONS = {
    "sync": ["", "@wrapping", "@passing", "@functools.lru_cache", "@wrapping\n@functools.cache"],
    "async": ["", "@passing", "@passing\n@passing"],
    "generator": ["", "@passing"],
    "async generator": ["", "@passing"],
    "context manager": ["@contextlib.contextmanager"],
    "raising": ["", "@wrapping"],
    "async raising": ["", "@passing"],
}
_LOCAL = {
    name: Verdict.LOCAL
    for each in ("wrapping", "passing", "make")
    for name in (each, f"{each}.<locals>.wrapper")
}
DEFAULTS = ["None", "7", "'text'", "()", "SENTINEL"]
VALUES = st.sampled_from([0, 1, None, "x", (1, 2), 2.5, b"b", True])


@st.composite
def functions(draw):
    """Source of one function, how it is used, and the calls to make."""
    kind = draw(st.sampled_from(list(BODIES)))
    place = draw(st.sampled_from(["module", "method", "static", "class", "closure"]))
    sizes = [draw(st.integers(0, 2)) for _ in range(3)]
    names = [
        [f"{letter}{n}" for n in range(size)] for letter, size in zip("pek", sizes, strict=True)
    ]
    has_default = False
    parts: list[str] = []
    for index, group in enumerate(names[:2]):
        for name in group:
            has_default = has_default or draw(st.booleans())
            parts.append(f"{name}={draw(st.sampled_from(DEFAULTS))}" if has_default else name)
        if index == 0 and group:
            parts.append("/")
    extra = draw(st.booleans())
    if extra or names[2]:
        parts.append("*args" if extra else "*")
    parts += [
        f"{name}={draw(st.sampled_from(DEFAULTS))}" if draw(st.booleans()) else name
        for name in names[2]
    ]
    keywords = draw(st.booleans())
    if keywords:
        parts.append("**kwargs")
    shown = [*names[0], *names[1], *names[2], *["args"] * extra, *["kwargs"] * keywords]
    offset = place == "closure"
    seen = (
        "("
        + "".join(f"'default' if {name} is SENTINEL else {name}, " for name in shown)
        + ("offset, " if offset else "")
        + ")"
    )
    keyword, body = BODIES[kind]
    decoration = draw(st.sampled_from(DECORATIONS[kind]))
    calls = draw(
        st.lists(
            st.tuples(
                st.lists(VALUES, max_size=5),
                st.dictionaries(st.sampled_from([*names[0], *names[1], *names[2], "zz"]), VALUES),
            ),
            min_size=1, max_size=4,
        )
    )  # fmt: skip
    return kind, _source(place, decoration, keyword, parts, body.replace("SEEN", seen)), calls


def _source(place, decoration, keyword, parts, body):
    first = {"method": ["self"], "class": ["cls"]}.get(place, [])
    if place == "method" and "/" in parts:
        first = ["self"]
    definition = f"{keyword} target({', '.join(first + parts)}):\n" + textwrap.indent(body, "    ")
    outer = {"static": "@staticmethod\n", "class": "@classmethod\n"}.get(place, "")
    decorated = outer + (decoration + "\n" if decoration else "") + definition
    if place == "module":
        return PREAMBLE.replace("    CODE\n    return target\n", "    pass\n") + decorated
    if place == "closure":
        body = textwrap.indent(decorated, "    ")
        return PREAMBLE.replace("    CODE", body) + "target = make(3)\n"
    holder = (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass Holder:\n    x: int = 1\n"
        + textwrap.indent(decorated, "    ")
        + "\ntarget = Holder().target\n"
    )
    return PREAMBLE.replace("    CODE\n    return target\n", "    pass\n") + holder


async def _async_outcome(kind, target, args, kwargs):
    if kind == "async generator":
        stream = target(*args, **kwargs)
        return [await anext(stream), await stream.asend("sent"), [each async for each in stream]]
    return await target(*args, **kwargs)


def outcome(kind, target, args, kwargs):
    """Return the result of one call, or the class and arguments of what it raised."""
    try:
        if kind.startswith("async"):
            return "value", asyncio.run(_async_outcome(kind, target, args, kwargs))
        if kind == "generator":
            stream = target(*args, **kwargs)
            steps = [next(stream), stream.send("sent")]
            with contextlib.suppress(StopIteration):
                stream.throw(KeyError("thrown"))
            return "value", steps
        if kind == "context manager":
            with target(*args, **kwargs) as value:
                return "value", value
        return "value", target(*args, **kwargs)
    except Exception as error:
        return "raised", type(error), error.args


@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(functions())
def test_every_function_answers_the_same_through_its_seam(application, drawn):
    kind, source, calls = drawn
    app = application({"__init__": source}, verdicts=_LOCAL)
    module = app.load()
    expected = [outcome(kind, module.target, args, kwargs) for args, kwargs in calls]
    seams = app.seams(local=True)

    seams.install()

    seams.verify()
    assert [outcome(kind, module.target, args, kwargs) for args, kwargs in calls] == expected
    if "cache\n" not in source and any(each[0] == "value" for each in expected):
        assert app.client.calls
    seams.uninstall()


@pytest.mark.parametrize("default", DEFAULTS)
def test_a_default_reaches_the_host_as_its_own_default(application, default):
    source = f"SENTINEL = object()\ndef f(a={default}, *, b={default}):\n    return a is b\n"
    app = application({"__init__": source})
    module = app.load()
    app.seams(local=True).install()

    assert module.f() is True
    assert module.f(1) is False

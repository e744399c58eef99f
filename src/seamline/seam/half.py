"""Client halves: code objects that stand in for a function's own. Nothing is swapped here.

A half is compiled from the *code object* of a function, never from its source, so it works
for code whose source is gone. It keeps what the outside can see of a function (name,
parameters, flags, free variables, file, first line) and replaces the body by one call of
``enter`` on a :class:`Half`, which sits among the constants of the code object.
"""

import inspect
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from types import CodeType, FunctionType
from typing import Any, ClassVar, Final, NamedTuple, Protocol

from seamline.interface import Kind
from seamline.rpc import Arguments, Stay, Target, record_stay
from seamline.seam.staying import or_stay
from seamline.wire import DEFAULT

_MARKER: Final = "<the half>"
_TWIN: Final = "__seamline_twin__"


class Body(StrEnum):
    """How the code of a function starts: what its compiler flags say."""

    SYNC = "sync"
    ASYNC = "async"
    GENERATOR = "generator"
    ASYNC_GENERATOR = "async generator"


# The two loops are `yield from` written out. They pass GeneratorExit on as any other
# exception, so that a body which catches it behaves as it does without a seam, and throw
# outside of `except`, so that no exception gains a __context__ it would not have whole.
_BODIES: Final[Mapping[Body, str]] = {
    Body.SYNC: """
        return "{marker}".enter({arguments})
""",
    Body.ASYNC: """
        return await "{marker}".enter({arguments})
""",
    Body.GENERATOR: """
        stream = "{marker}".enter({arguments})
        thrown = []
        sent = None
        while True:
            try:
                item = stream.throw(thrown.pop()) if thrown else stream.send(sent)
            except StopIteration as stop:
                return stop.value
            try:
                sent = yield item
            except BaseException as error:
                thrown.append(error)
""",
    Body.ASYNC_GENERATOR: """
        stream = "{marker}".enter({arguments})
        thrown = []
        sent = None
        while True:
            try:
                if thrown:
                    item = await stream.athrow(thrown.pop())
                else:
                    item = await stream.asend(sent)
            except StopAsyncIteration:
                return
            try:
                sent = yield item
            except BaseException as error:
                thrown.append(error)
""",
}


class ClientLike(Protocol):
    """What carries calls to the host: ``rpc.Client`` or ``rpc.LocalClient``."""

    def call(self, target: Target, arguments: Arguments) -> Any:
        """Run a synchronous function on its host and return its result."""

    def call_async(self, target: Target, arguments: Arguments) -> Any:
        """Return an awaitable of the result of an asynchronous function."""

    def stream(self, target: Target, arguments: Arguments) -> Any:
        """Return a generator over a remote one; nothing is sent before its first step."""

    def stream_async(self, target: Target, arguments: Arguments) -> Any:
        """Return an asynchronous generator over a remote one."""


class Home(Protocol):
    """Answers, for one service, whether the running code may enter the body right here."""

    def is_here(self) -> bool:
        """Whether the body runs in this very place instead of crossing the seam."""


class Half:
    """What the body of one client half does: cross the seam, or stay.

    Attributes:
        target: The function, as the client addresses it.
        twin: A function object with the original code, for calls that stay.
        calls: Calls that crossed. CPython switches threads at calls and backward jumps
            only, of which ``calls += 1`` and ``-= 1`` have none, so no count is lost.
    """

    __slots__ = ("_defaults", "_home", "_send", "calls", "target", "twin")

    #: Tells ``rpc.call_site`` that the frame of this half is not the application's own line.
    is_client_half: ClassVar = True

    def __init__(
        self,
        function: FunctionType,
        target: Target,
        send: Callable[[Target, Arguments], Any],
        home: Home,
    ) -> None:
        self.target = target
        self.twin = twin_of(function)
        self.calls = 0
        self._send = or_stay(target.kind, send, self._stay) if target.stays else send
        self._home = home
        self._defaults = _defaults_of(function)

    def enter(self, values: tuple[Any, ...], extra: tuple[Any, ...], keywords: Any) -> Any:
        """Stand for one call. What is returned fits the half's flags (a coroutine, a stream).

        Args:
            values: Parameters in declared order, keyword-only ones last.
            extra: What ``*args`` caught.
            keywords: What ``**kwargs`` caught, as a dict of str.
        """
        if self._home.is_here():
            return self._run_here(values, extra, keywords)
        self.calls += 1
        if self._defaults:
            values = self._without_defaults(values)
        return self._send(self.target, Arguments(values, extra, keywords))

    def _without_defaults(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the values with the marker in place of every default object."""
        marked: list[Any] | None = None
        for index, default in self._defaults:
            if values[index] is default:
                if marked is None:
                    marked = list(values)
                marked[index] = DEFAULT
        return values if marked is None else tuple(marked)

    def _stay(self, arguments: Arguments, stay: Stay) -> Any:
        """Run the body here because an argument cannot cross."""
        self.calls -= 1
        record_stay(self.target.name, stay)
        values = list(arguments.values)
        for index, default in self._defaults:
            if values[index] is DEFAULT:
                values[index] = default
        return self._run_here(tuple(values), arguments.extra, arguments.keywords)

    def _run_here(self, values: tuple[Any, ...], extra: tuple[Any, ...], keywords: Any) -> Any:
        code = self.twin.__code__
        positional = code.co_argcount
        named = zip(code.co_varnames[positional:], values[positional:], strict=False)
        return self.twin(*values[:positional], *extra, **dict(named), **keywords)


def _defaults_of(function: FunctionType) -> tuple[tuple[int, object], ...]:
    """Return the defaults of a function, each with the index of its parameter."""
    code = function.__code__
    positional = function.__defaults__ or ()
    named = function.__kwdefaults__ or {}
    return (
        *enumerate(positional, code.co_argcount - len(positional)),
        *(
            (index, named[name])
            for index, name in enumerate(parameters_of(code))
            if index >= code.co_argcount and name in named
        ),
    )


def twin_of(function: FunctionType) -> FunctionType:
    """Return a second function object with the same globals, defaults and closure.

    Its code is the application's own, and no opening of a seam changes that.
    """
    twin = FunctionType(
        original_of(function),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__qualname__ = function.__qualname__
    twin.__module__ = function.__module__
    twin.__doc__ = function.__doc__
    setattr(twin, _TWIN, True)
    return twin


def is_twin(function: FunctionType) -> bool:
    """Return whether a function object was made by :func:`twin_of`."""
    return getattr(function, _TWIN, False)


def half_of(code: CodeType) -> Half | None:
    """Return the half that a code object belongs to, or None when it is no client half."""
    return next((const for const in code.co_consts if isinstance(const, Half)), None)


def original_of(function: FunctionType) -> CodeType:
    """Return the application's own code of a function, whether its seam is open or not."""
    code = function.__code__  # once: another thread may move the seam
    half = half_of(code)
    return code if half is None else half.twin.__code__


def parameters_of(code: CodeType) -> tuple[str, ...]:
    """Return the declared parameters, keyword-only ones last, without ``*`` and ``**``."""
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def body_of(code: CodeType) -> Body:
    """Return how the code starts, from its flags."""
    if code.co_flags & inspect.CO_ASYNC_GENERATOR:
        return Body.ASYNC_GENERATOR
    if code.co_flags & inspect.CO_COROUTINE:
        return Body.ASYNC
    if code.co_flags & inspect.CO_GENERATOR:
        return Body.GENERATOR
    return Body.SYNC


def sender(client: ClientLike, kind: Kind) -> Callable[[Target, Arguments], Any]:
    """Return the client's method for a kind of function."""
    match kind:
        case Kind.SYNC:
            return client.call
        case Kind.ASYNC:
            return client.call_async
        case Kind.GENERATOR | Kind.CONTEXT_MANAGER:
            return client.stream
        case Kind.ASYNC_GENERATOR | Kind.ASYNC_CONTEXT_MANAGER:
            return client.stream_async


class Entered(Protocol):
    """What a compiled half enters: a :class:`Half`, or what observes a whole application."""

    def enter(self, values: tuple[Any, ...], extra: tuple[Any, ...], keywords: Any) -> Any:
        """Stand for one call; see :meth:`Half.enter`."""


def compile_half(
    original: CodeType,
    half: Entered,
    *,
    before: Mapping[Body, str] | None = None,
) -> CodeType:
    """Return a code object with the outside of *original* that enters *half*.

    Args:
        original: The application's own code.
        half: What is entered.
        before: Lines to put before that, for each sort of body. In them ``{marker}`` stands
            for *half*, and ``{passed}`` for the parameters as another function of the same
            signature takes them, which leaves out keyword-only ones.
    """
    varargs = bool(original.co_flags & inspect.CO_VARARGS)
    varkeywords = bool(original.co_flags & inspect.CO_VARKEYWORDS)
    template = _template(
        _Shape(
            body_of(original),
            original.co_argcount,
            original.co_posonlyargcount,
            original.co_kwonlyargcount,
            varargs,
            varkeywords,
            len(original.co_freevars),
        ),
        (before or {}).get(body_of(original), ""),
    )
    parameters = len(parameters_of(original)) + varargs + varkeywords
    # The compiler's own flags describe the template's body; these two describe the function.
    kept = inspect.CO_NESTED | inspect.CO_ITERABLE_COROUTINE
    return template.replace(
        co_name=original.co_name,
        co_qualname=original.co_qualname,
        co_filename=original.co_filename,
        co_firstlineno=original.co_firstlineno,
        co_linetable=_single_line_table(len(template.co_code) // 2),
        co_flags=(template.co_flags & ~kept) | (original.co_flags & kept),
        co_freevars=original.co_freevars,
        # A leading dot cannot be written in Python: no local has the name of a parameter.
        co_varnames=original.co_varnames[:parameters]
        + tuple(f".{name}" for name in template.co_varnames[parameters:]),
        co_consts=tuple(half if const == _MARKER else const for const in template.co_consts),
    )


class _Shape(NamedTuple):
    """All that a template depends on: counts of parameters by sort, and of free variables."""

    body: Body
    positional: int
    positional_only: int
    keyword_only: int
    has_extra: bool
    has_keywords: bool
    free: int


# One template serves every function of the same shape, so the compiler runs a few dozen
# times for an application of any size.
@cache
def _template(shape: _Shape, before: str) -> CodeType:
    """Compile a half with stand-in names for one shape of parameters."""
    values = [f"p{index}" for index in range(shape.positional + shape.keyword_only)]
    declared = values[: shape.positional]
    if shape.positional_only:
        declared.insert(shape.positional_only, "/")
    if shape.has_extra or shape.keyword_only:
        declared.append("*extra" if shape.has_extra else "*")
    declared += values[shape.positional :]
    if shape.has_keywords:
        declared.append("**keywords")
    arguments = (
        f"({''.join(f'{name}, ' for name in values)}), "
        f"{'extra' if shape.has_extra else '()'}, {'keywords' if shape.has_keywords else '{}'}"
    )
    passed = [*values[: shape.positional], *(["*extra"] if shape.has_extra else ())]
    passed += ["**keywords"] if shape.has_keywords else []
    names = ", ".join(f"f{index}" for index in range(shape.free))
    colour = "async " if shape.body in {Body.ASYNC, Body.ASYNC_GENERATOR} else ""
    source = (
        f"def closure({names}):\n"
        f"    {colour}def half({', '.join(declared)}):"
        + before.format(marker=_MARKER, passed=", ".join(passed))
        + _BODIES[shape.body].format(marker=_MARKER, arguments=arguments)
        # Never reached: it makes the compiler keep the free variables.
        + (f"        lambda: ({names},)\n" if names else "")
    )
    module = compile(source, "<client half>", "exec", dont_inherit=True)
    return _nested(_nested(module, "closure"), "half")


def _nested(code: CodeType, name: str) -> CodeType:
    return next(
        const for const in code.co_consts if isinstance(const, CodeType) and const.co_name == name
    )


def _single_line_table(units: int) -> bytes:
    """Return a line table that puts every instruction on the first line, without columns.

    Otherwise a traceback would show lines of the application's file that never ran. The
    format is CPython's ``Objects/locations.md``: entries of kind 13, at most 8 units each.
    """
    table = bytearray()
    while units > 0:
        length = min(units, 8)
        table += bytes((0x80 | 13 << 3 | length - 1, 0))
        units -= length
    return bytes(table)

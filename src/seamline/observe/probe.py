"""Probes: code objects that stand in for a function's own, take note, and run it right here.

They are compiled as client halves are, so the function object stays what everybody holds. A
call from inside the package, or made while one of its functions is being observed, passes
through: a seam would not be crossed there.
"""

import inspect
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextvars import Token
from dataclasses import dataclass
from time import perf_counter
from types import CodeType, FrameType
from typing import Any, Final

from seamline.interface import Kind
from seamline.observe.calls import Call, inside, nesting, running
from seamline.observe.notes import Notes
from seamline.seam import OUTER, Body, Entry, body_of, compile_half, parameters_of, twin_of

# So many calls of a function are looked into; later ones when something new shows in the
# classes of their arguments, and whenever their number has doubled.
_LOOKED_INTO: Final = 16
_MOST_SHAPES: Final = 64
# However much was looked into before, so many calls of a function always are.
_ALWAYS: Final = 2
# Looking may take this part of the time that the process has run, and so many seconds more.
_SHARE: Final = 0.1
_SPARE_SECONDS: Final = 0.5
# What stands between a caller and what it calls without being the caller.
_BETWEEN: Final = ("contextlib", "functools", "asyncio", "concurrent", "threading")

# What a package calls of itself is most of all calls, and none of ours. It is passed on before
# anything of ours is entered.
_PASS_ON: Final = {
    Body.SYNC: """
        if "{marker}".inside() == "{marker}".service:
            return "{marker}".twin({passed})
""",
    Body.ASYNC: """
        if "{marker}".inside() == "{marker}".service:
            return await "{marker}".twin({passed})
""",
    Body.GENERATOR: """
        if "{marker}".inside() == "{marker}".service:
            return (yield from "{marker}".twin({passed}))
""",
}
# The end of a stream that returns nothing.
_NOTHING: Final = object()

Values = tuple[Any, ...]
_Tokens = tuple[Token[tuple[Call, ...]], Token[str]]


class Budget:
    """Bounds the time that looking at values takes from the application.

    Attributes:
        spent: Seconds taken so far. Threads may lose a little of it to each other.
    """

    def __init__(self) -> None:
        self.spent = 0.0
        self._started = perf_counter()

    def allows(self) -> bool:
        """Whether another call may be looked into."""
        return self.spent <= _SPARE_SECONDS + _SHARE * (perf_counter() - self._started)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the probes of one service share.

    Attributes:
        service: Its name.
        modules: Names of the package's modules.
        state: Its module state, each as ``module:name``.
        budget: Of the process.
        is_importing: Whether the running thread is executing a module.
        told: Called with notes that hold something new.
        trouble: Called with an error of the observation itself.
    """

    service: str
    modules: frozenset[str]
    state: tuple[str, ...]
    budget: Budget
    is_importing: Callable[[], bool]
    told: Callable[[Notes], None]
    trouble: Callable[[Exception], None]


class Probe:
    """Stands for one function object.

    Attributes:
        enter: What the compiled code calls, chosen by how the function is entered.
        twin: A function object with the original code.
        service: The service it belongs to.
        inside: Returns the service of the innermost call that is being observed.
    """

    __slots__ = (
        *("enter", "inside", "service", "twin"),
        *("_defaults", "_extra_name", "_keywords_name", "_names", "_notes", "_passed_on"),
        *("_place", "_positional", "_shapes", "_watched"),
    )

    def __init__(
        self, entry: Entry, place: Place, notes: Notes, definition_names: tuple[str, ...]
    ) -> None:
        """Prepare; the code is not swapped here.

        Args:
            entry: The function object.
            place: Of its service.
            notes: About its definition.
            definition_names: Parameters of the definition, which a wrapper may catch in
                ``*args``; its own for the definition itself.
        """
        self.twin = twin_of(entry.function)
        self.service = place.service
        self.inside = inside.get
        self._place = place
        self._notes = notes
        self._shapes: set[tuple[type, ...]] = set()
        code = self.twin.__code__
        self._positional = code.co_argcount
        self._names = parameters_of(code)
        caught = code.co_varnames[len(self._names) :]
        self._extra_name = caught[0] if code.co_flags & inspect.CO_VARARGS else ""
        self._keywords_name = caught[bool(self._extra_name)] if _catches_keywords(code) else ""
        self._passed_on = definition_names if entry.address.endswith(OUTER) else ()
        defaults = self.twin.__defaults__ or ()
        first = self._positional - len(defaults)
        self._defaults = dict(zip(self._names[first:], defaults, strict=False))
        self._defaults |= self.twin.__kwdefaults__ or {}
        body = body_of(code)
        # Between the steps of an asynchronous body others run and change what they like.
        is_async = body in {Body.ASYNC, Body.ASYNC_GENERATOR}
        self._watched = () if is_async else place.state
        self.enter: Callable[[Values, Values, dict[str, Any]], Any] = {
            Body.SYNC: self._enter if entry.kind is Kind.SYNC else self._enter_lazy,
            Body.ASYNC: self._enter_async,
            Body.GENERATOR: self._enter_stream,
            Body.ASYNC_GENERATOR: self._enter_stream_async,
        }[body]

    def code(self) -> CodeType:
        """Return the code object that stands in for the function's own."""
        original = self.twin.__code__
        # Keyword-only parameters have to be passed on by name, which ``_run`` does.
        before = None if original.co_kwonlyargcount else _PASS_ON
        return compile_half(original, self, before=before)

    # -- how each kind is entered ---------------------------------------------------------

    def _enter(self, values: Values, extra: Values, keywords: dict[str, Any]) -> Any:
        call = self._begin(sys._getframe(1).f_back, values, extra, keywords)  # noqa: SLF001
        if call is None:
            return self._run(values, extra, keywords)
        result = self._inside(call, values, extra, keywords)
        self._end(call, result=result)
        return result

    def _inside(self, call: Call, values: Values, extra: Values, keywords: dict[str, Any]) -> Any:
        """Run the body as the call; what it raises ends the call."""
        tokens = _go_inside(call)
        try:
            return self._run(values, extra, keywords)
        except BaseException as error:
            self._end(call, error=error)
            raise
        finally:
            _leave(tokens)

    def _enter_lazy(self, values: Values, extra: Values, keywords: dict[str, Any]) -> Any:
        """Stand for a plain wrapper that passes on what an asynchronous body returns."""
        call = self._begin(sys._getframe(1).f_back, values, extra, keywords)  # noqa: SLF001
        if call is None:
            return self._run(values, extra, keywords)
        made = self._inside(call, values, extra, keywords)
        if inspect.iscoroutine(made):
            return self._awaited(call, made)
        if inspect.isgenerator(made):
            return self._streamed(call, made)
        if inspect.isasyncgen(made):
            return self._streamed_async(call, made)
        self._end(call, result=made)
        return made

    def _enter_async(self, values: Values, extra: Values, keywords: dict[str, Any]) -> Any:
        call = self._begin(sys._getframe(1).f_back, values, extra, keywords)  # noqa: SLF001
        body = self._run(values, extra, keywords)
        return body if call is None else self._awaited(call, body)

    def _enter_stream(self, values: Values, extra: Values, keywords: dict[str, Any]) -> Any:
        call = self._begin(sys._getframe(1).f_back, values, extra, keywords)  # noqa: SLF001
        body = self._run(values, extra, keywords)
        return body if call is None else self._streamed(call, body)

    def _enter_stream_async(self, values: Values, extra: Values, keywords: dict[str, Any]) -> Any:
        call = self._begin(sys._getframe(1).f_back, values, extra, keywords)  # noqa: SLF001
        body = self._run(values, extra, keywords)
        return body if call is None else self._streamed_async(call, body)

    async def _awaited(self, call: Call, body: Coroutine[Any, Any, Any]) -> Any:
        tokens = _go_inside(call)
        try:
            result = await body
        except BaseException as error:
            self._end(call, error=error)
            raise
        finally:
            _leave(tokens)
        self._end(call, result=result)
        return result

    def _streamed(self, call: Call, body: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Pass everything on to a generator and back; only its steps count as the call."""
        step, sent = body.send, None
        while True:
            tokens = _go_inside(call)
            try:
                item = step(sent)
            except StopIteration as stop:
                ended = stop.value
                self._end(call, result=_NOTHING if ended is None else ended)
                return ended
            except BaseException as error:
                self._end(call, error=error)
                raise
            finally:
                _leave(tokens)
            self._yielded(call, item)
            try:
                step, sent = body.send, (yield item)
            except BaseException as error:  # noqa: BLE001 - it is thrown into the body
                step, sent = body.throw, error

    async def _streamed_async(
        self, call: Call, body: AsyncGenerator[Any, Any]
    ) -> AsyncGenerator[Any, Any]:
        step: Callable[[Any], Any] = body.asend
        sent: Any = None
        while True:
            tokens = _go_inside(call)
            try:
                item = await step(sent)
            except StopAsyncIteration:
                self._end(call)
                return
            except BaseException as error:
                self._end(call, error=error)
                raise
            finally:
                _leave(tokens)
            self._yielded(call, item)
            try:
                step, sent = body.asend, (yield item)
            except BaseException as error:  # noqa: BLE001 - it is thrown into the body
                step, sent = body.athrow, error

    def _run(self, values: Values, extra: Values, keywords: dict[str, Any]) -> Any:
        positional = self._positional
        if positional == len(values):
            return self.twin(*values, *extra, **keywords)
        named = zip(self._names[positional:], values[positional:], strict=False)
        return self.twin(*values[:positional], *extra, **dict(named), **keywords)

    # -- what is taken note of ------------------------------------------------------------

    def _begin(
        self, frame: FrameType | None, values: Values, extra: Values, keywords: dict[str, Any]
    ) -> Call | None:
        """Return the call to observe, or None for one from inside the package."""
        place, outer = self._place, running.get()
        if outer and outer[-1].service == place.service:
            return None
        caller = _caller(frame)
        if caller in place.modules:
            return None
        notes = self._notes
        notes.calls += 1
        try:
            return self._noted(caller, outer, values, extra, keywords)
        except Exception as error:  # noqa: BLE001 - the application goes on, and it is told
            place.trouble(error)
            return Call(place.service, notes, is_looked_into=False)

    def _noted(
        self,
        caller: str,
        outer: tuple[Call, ...],
        values: Values,
        extra: Values,
        keywords: dict[str, Any],
    ) -> Call:
        place, notes = self._place, self._notes
        notes.learn("callers", caller)
        if place.is_importing():
            notes.at_import += 1
        if outer and (path := nesting(outer, place.service)):
            notes.learn("nesting", path)
        shape = (*map(type, values), *map(type, extra), *map(type, keywords.values()))
        is_new = shape not in self._shapes and len(self._shapes) < _MOST_SHAPES
        if is_new:
            self._shapes.add(shape)
        calls = notes.calls
        is_due = is_new or calls <= _LOOKED_INTO or calls & (calls - 1) == 0
        is_due = is_due and (calls <= _ALWAYS or place.budget.allows())
        call = Call(place.service, notes, is_looked_into=is_due)
        if is_due:
            started = perf_counter()
            call.arguments = self._arguments(values, extra, keywords)
            call.look_before(self._watched)
            place.budget.spent += perf_counter() - started
        return call

    def _arguments(
        self, values: Values, extra: Values, keywords: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the values by the definition's parameters, without its own defaults."""
        given = dict(zip(self._names, values, strict=True))
        if self._passed_on:
            names = self._passed_on[self._positional :]
            given |= zip(names, extra, strict=False)
            extra = extra[len(names) :]
        if extra:
            given[self._extra_name] = extra
        if keywords and not self._passed_on:
            given[self._keywords_name] = keywords
        else:
            given |= keywords
        return {
            name: value
            for name, value in given.items()
            if name not in self._defaults or value is not self._defaults[name]
        }

    def _yielded(self, call: Call, item: object) -> None:
        if call.is_looked_into:
            try:
                call.look_at_result(item, self._place.state, "yields")
            except Exception as error:  # noqa: BLE001 - the application goes on, and it is told
                self._place.trouble(error)

    def _end(
        self, call: Call, *, result: object = _NOTHING, error: BaseException | None = None
    ) -> None:
        place, notes = self._place, call.notes
        started = perf_counter()
        try:
            if call.is_looked_into:
                call.look_after()
            if call.contexts:
                call.look_at_contexts()
            if error is not None:
                call.failed(error)
            elif call.is_looked_into and result is not _NOTHING:
                call.look_at_result(result, place.state)
            place.budget.spent += perf_counter() - started
            if notes.is_new or notes.calls & (notes.calls - 1) == 0:
                notes.is_new = False
                place.told(notes)
        except Exception as trouble:  # noqa: BLE001 - the application goes on, and it is told
            place.trouble(trouble)


def _catches_keywords(code: CodeType) -> bool:
    return bool(code.co_flags & inspect.CO_VARKEYWORDS)


def _go_inside(call: Call) -> _Tokens:
    """Make a call the innermost one of the running context."""
    return running.set((*running.get(), call)), inside.set(call.service)


def _leave(tokens: _Tokens) -> None:
    """End a call, or a step of a stream, in the running context.

    A stream that is closed in another context than it was entered in has nothing to put back.
    """
    try:
        running.reset(tokens[0])
        inside.reset(tokens[1])
    except ValueError:
        return


def _caller(frame: FrameType | None) -> str:
    """Return the module of the code that made a call."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] not in _BETWEEN:
            return name
        frame = frame.f_back
    return ""

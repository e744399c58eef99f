"""One observed call: what is looked at before the body runs, and what after."""

from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from seamline.lock import RETURN
from seamline.observe.contexts import content_of
from seamline.observe.notes import Notes
from seamline.observe.types import class_name
from seamline.rpc import changeable_parts, module_state

# Larger values than this are not compared part by part: it would take longer than the call.
_MOST_PARTS: Final = 2_000
# Of a large piece of state so many items are compared; its size always is.
_MOST_ITEMS: Final = 32
_NESTING_SHOWN: Final = 6


@dataclass(slots=True)
class Call:
    """One call that came from outside the package, while it runs.

    Attributes:
        service: Of the function.
        notes: About the function.
        is_looked_into: Whether values are looked at, or only their classes.
        arguments: Values by parameter, without those that are the parameter's own default.
        before: What each argument was on the wire, where it could cross.
        state: What the module state of the package looked like.
        contexts: Content of the framework's objects when the call first used them.
    """

    service: str
    notes: Notes
    is_looked_into: bool
    arguments: dict[str, Any] = field(default_factory=dict)
    before: dict[str, bytes] = field(default_factory=dict)
    state: dict[str, object] = field(default_factory=dict)
    contexts: dict[str, tuple[object, object]] = field(default_factory=dict)

    def look_before(self, state: Iterable[str]) -> None:
        """Take note of the arguments, and remember what may be changed."""
        size = 0
        for name, value in self.arguments.items():
            data = self.notes.learn_value("parameters", name, value)
            if data is not None:
                self.before[name] = data
                size += len(data)
        if size:
            self.notes.learn_size("bytes_in", size)
        self.state = {name: _looks(module_state(name)) for name in state}

    def look_after(self) -> None:
        """Take note of what was changed meanwhile."""
        for name, before in self.before.items():
            if self._is_mutated(name, before):
                self.notes.learn("mutates", name)
        for name, looked in self.state.items():
            if _looks(module_state(name)) != looked:
                self.notes.learn("changes", name)

    def look_at_result(self, value: object, state: Iterable[str], fact: str = "result") -> None:
        """Take note of a result, and of what it shares with arguments and module state."""
        data = self.notes.learn_value(fact, RETURN, value)
        if data is not None:
            self.notes.learn_size("bytes_out", len(data))
        own = changeable_parts(value, _MOST_PARTS)
        if not own:
            return
        for name, argument in self.arguments.items():
            if own & changeable_parts(argument, _MOST_PARTS):
                self.notes.learn("returns_arguments", name)
        for name in state:
            if own & changeable_parts(module_state(name), _MOST_PARTS):
                self.notes.learn("aliases", name)

    def look_at_contexts(self) -> None:
        """Take note of which of the framework's objects the call wrote."""
        for name, (held, before) in self.contexts.items():
            if before is not None and content_of(name, held) != before:
                self.notes.learn("context", f"{name} (written)")

    def failed(self, error: BaseException) -> None:
        """Take note of the class of what left the function; a stream's closing is no error."""
        if not isinstance(error, GeneratorExit):
            self.notes.learn("raises", class_name(type(error)))

    def uses_context(self, name: str, held: object) -> None:
        """Take note of one use of a framework's object."""
        self.notes.learn("context", name)
        if name not in self.contexts:
            self.contexts[name] = (held, content_of(name, held))

    def _is_mutated(self, name: str, before: bytes) -> bool:
        after = self.notes.encoded(name, self.arguments[name])
        return after != before


#: The observed calls that are running, each made inside the former.
running: ContextVar[tuple[Call, ...]] = ContextVar("seamline_observed", default=())


#: The service of the innermost of them, which its own functions ask for at every call.
inside: ContextVar[str] = ContextVar("seamline_inside", default="")


def notice_context(name: str, held: object) -> None:
    """Take note that the running call uses one of the framework's objects."""
    calls = running.get()
    if calls:
        calls[-1].uses_context(name, held)


def nesting(outer: tuple[Call, ...], service: str) -> str:
    """Return the services of a call that comes back to one of them, or nothing."""
    services: list[str] = []
    for name in (*(call.service for call in outer), service):
        if not services or services[-1] != name:
            services.append(name)
    if service not in services[:-1]:
        return ""
    return " > ".join(services[-_NESTING_SHOWN:])


def _looks(held: Any) -> object:
    """Return what to compare to see whether a piece of state was changed."""
    cls = type(held)
    if issubclass(cls, dict):
        items: Iterator[Any] = iter(list(islice(dict.items(held), _MOST_ITEMS)))
        return id(held), len(held), [(id(key), id(value)) for key, value in items]
    if issubclass(cls, list | set | tuple):
        return id(held), len(held), [id(item) for item in list(islice(held, _MOST_ITEMS))]
    own = getattr(held, "__dict__", None)
    if type(own) is dict and not issubclass(cls, type):
        return id(held), [(key, id(value)) for key, value in list(own.items())[:_MOST_ITEMS]]
    return id(held)

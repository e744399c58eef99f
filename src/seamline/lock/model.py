"""What a lock holds, as frozen values: names, types and counts, never a value of the application.

Two ways to put observations together: those of processes that ran together are *added*,
those of two runs are *united*, so that learning twice from one suite changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

#: Version of the file's format.
FORMAT: Final = 1
#: The name of a result among the names of parameters; a keyword, so no parameter has it.
RETURN: Final = "return"
#: Stands at the end of a list that was cut: there were others.
MORE: Final = "..."
# A reader compares the list with the signature; a longer one says "anything" already.
_MOST_NAMES: Final = 16


class Seen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was seen of one function when code outside its package called it.

    Attributes:
        calls: Calls from outside the package.
        at_import: How many of them were made while a module was imported.
        callers: Modules that made them.
        parameters: Types of each parameter's values; an argument that was the parameter's
            own default object is left out, because it would not be sent.
        result: Types of what was returned; for a generator of what it returned at its end.
        yields: Types of what a generator or a context manager yielded.
        stays: Parameters (and ``return``) with values that could not have crossed, and the
            types of the parts that could not.
        mutates: Parameters whose values were changed in place.
        aliases: Module state, as ``module:name``, that a result was or shared parts with.
        returns_arguments: Parameters that a result was or shared parts with.
        changes: Module state of the package, as ``module:name``, that calls changed.
        context: Context-bound objects of a framework that were used, such as ``flask.g``;
            followed by ``(written)`` when they were changed.
        raises: Classes of exceptions that left the function.
        nesting: Services, from the outside inward, of calls that came back to a service.
        bytes_in: Size of the largest arguments on the wire, rounded up to a power of two.
        bytes_out: The same for results.
    """

    calls: int = 0
    at_import: int = 0
    callers: tuple[str, ...] = ()
    parameters: dict[str, tuple[str, ...]] = {}
    result: tuple[str, ...] = ()
    yields: tuple[str, ...] = ()
    stays: dict[str, tuple[str, ...]] = {}
    mutates: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    returns_arguments: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()
    nesting: tuple[str, ...] = ()
    bytes_in: int = 0
    bytes_out: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One function of the lock.

    Attributes:
        service: The service it belongs to.
        kind: How it is entered, as ``check`` says it.
        signature: Its signature without defaults and other constants.
        fingerprint: That of the function when it was seen.
        verdict: Where it runs, as decided from source, observation and ``seamline.toml``.
        reason: Why.
        seen: What was seen of it.
        line: Line of its block in the file, or 0 before it is written.
        digest: What the file says the digest of the block is; empty when it says nothing.
    """

    service: str
    kind: str
    signature: str
    fingerprint: str
    verdict: str
    reason: str
    seen: Seen = Seen()
    line: int = 0
    digest: str = ""


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """A whole lock.

    Attributes:
        file: Name of the file, as a reader would type it beside the project.
        functions: Every function by its dotted name.
    """

    file: str = "seamline.lock"
    functions: dict[str, Entry] = {}

    def known(self, name: str, fingerprint: str) -> Entry | None:
        """Return what was seen of a function, unless it has changed since."""
        entry = self.functions.get(name)
        return entry if entry is not None and entry.fingerprint == fingerprint else None


def bounded(names: Iterable[str]) -> tuple[str, ...]:
    """Return names sorted, each once; of too many the first, with a mark that there were more."""
    every = sorted(set(names) - {MORE})
    if len(every) <= _MOST_NAMES and MORE not in names:
        return tuple(every)
    return (*every[:_MOST_NAMES], MORE)


def added(one: Seen, other: Seen) -> Seen:
    """Return what two processes of one run saw together."""
    return _together(one, other, lambda a, b: a + b)


def united(former: Seen, latter: Seen) -> Seen:
    """Return what two runs saw: every fact of both, and the larger of two counts."""
    return _together(former, latter, max)


def _together(one: Seen, other: Seen, count: Callable[[int, int], int]) -> Seen:
    values: dict[str, object] = {}
    for name in Seen.__struct_fields__:
        mine, its = getattr(one, name), getattr(other, name)
        if name in {"calls", "at_import"}:
            values[name] = count(mine, its)
        elif isinstance(mine, int):
            values[name] = max(mine, its)
        elif isinstance(mine, tuple):
            values[name] = bounded((*mine, *its))
        else:
            values[name] = _lists(mine, its)
    return msgspec.convert(values, Seen)


def _lists(
    one: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys((*one, *other))
    return {name: bounded((*one.get(name, ()), *other.get(name, ()))) for name in names}

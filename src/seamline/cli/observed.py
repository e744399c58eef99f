"""What was observed of one function, as ``explain`` tells it. No command of its own."""

from collections.abc import Iterator

from seamline.cli.output import counted
from seamline.interface import Function
from seamline.lock import RETURN, Entry, Lock, Seen

#: Lists of a lock, in the words of a reader.
_SAID = (
    ("mutates", "changed its arguments"),
    ("returns_arguments", "returned its arguments, or parts of them:"),
    ("aliases", "returned module state, or parts of it:"),
    ("changes", "changed"),
    ("context", "used"),
    ("raises", "raised"),
    ("nesting", "came back to a service:"),
)


def observed_facts(
    lock: Lock, entry: Entry | None, function: Function
) -> Iterator[tuple[str, str]]:
    """Yield title and text of each thing that a lock says about a function.

    Args:
        lock: The lock of the project.
        entry: Its block about the function, if there is one.
        function: The function as it is now.
    """
    if entry is None:
        yield "lock", f"not in {lock.file}; write it there with: seamline learn -- COMMAND"
        return
    place = f"{lock.file}:{entry.line}"
    if entry.fingerprint != function.fingerprint:
        yield "lock", f"{place} is about other parameters than it has now, and does not count"
        return
    yield "lock", f"{place} says {entry.verdict}: {entry.reason}"
    seen = entry.seen
    if not seen.calls:
        yield "observed", "never called from outside its package"
        return
    at_import = f", {seen.at_import} of them while importing" if seen.at_import else ""
    yield "observed", f"{counted(seen.calls, 'call')}{at_import}, by {', '.join(seen.callers)}"
    yield from _values(seen)
    for key, words in _SAID:
        names = getattr(seen, key)
        if names:
            yield "", f"{words} {', '.join(names)}"


def _values(seen: Seen) -> Iterator[tuple[str, str]]:
    for name, types in seen.parameters.items():
        yield "", f"{name} was {' or '.join(types)}{_staying(seen, name)}"
    if seen.yields:
        yield "", f"yielded {' or '.join(seen.yields)}{_staying(seen, RETURN)}"
    if seen.result:
        yield "", f"returned {' or '.join(seen.result)}{_staying(seen, RETURN)}"
    if seen.bytes_in or seen.bytes_out:
        yield "", f"at most {seen.bytes_in} bytes in, {seen.bytes_out} bytes out"


def _staying(seen: Seen, name: str) -> str:
    kinds = seen.stays.get(name)
    return f"; {' and '.join(kinds)} cannot cross" if kinds else ""

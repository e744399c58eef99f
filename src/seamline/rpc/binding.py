"""One caller's view of one hosted function: may it be called, and how do arguments fit."""

import inspect
import sys
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, Final

from seamline.errors import InterfaceMismatch, NotSendable, SeamError
from seamline.rpc.model import Arguments, Hosted
from seamline.wire import DEFAULT, EQUAL, NAMED, Entry

#: What to do where two versions of the application meet.
RESTART: Final = "restart both groups with one version of the application"


class Shape:
    """How a callable takes its parameters; read once, because ``inspect`` costs 2 us a call."""

    __slots__ = (
        "defaults",
        "function",
        "has_extra",
        "has_keywords",
        "keyword_only",
        "names",
        "positional",
        "positional_only",
        "required",
    )

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        if isinstance(function, FunctionType):
            signature = inspect.Signature.from_callable(function, follow_wrapped=False)
        else:
            signature = inspect.signature(function)
        kinds: dict[Any, list[inspect.Parameter]] = {}
        for parameter in signature.parameters.values():
            kinds.setdefault(parameter.kind, []).append(parameter)
        only = kinds.get(inspect.Parameter.POSITIONAL_ONLY, [])
        either = kinds.get(inspect.Parameter.POSITIONAL_OR_KEYWORD, [])
        keyword = kinds.get(inspect.Parameter.KEYWORD_ONLY, [])
        self.positional_only = tuple(p.name for p in only)
        self.positional = len(only) + len(either)
        self.keyword_only = tuple(p.name for p in keyword)
        self.names = tuple(p.name for p in (*only, *either, *keyword))
        self.defaults = {
            p.name: p.default for p in (*only, *either, *keyword) if p.default is not p.empty
        }
        self.required = frozenset(self.names) - self.defaults.keys()
        self.has_extra = inspect.Parameter.VAR_POSITIONAL in kinds
        self.has_keywords = inspect.Parameter.VAR_KEYWORD in kinds

    def place(self, given: Arguments, name: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return what to call the function with when both ends hold the same version.

        Raises:
            InterfaceMismatch: The numbers do not fit, or a default is asked for that is not there.
        """
        values = self.place_values(given.values, name)
        if not self.keyword_only:
            return values + given.extra, given.keywords
        keywords = dict(zip(self.keyword_only, values[self.positional :], strict=True))
        return values[: self.positional] + given.extra, keywords | given.keywords

    def place_values(self, values: tuple[Any, ...], name: str) -> tuple[Any, ...]:
        """Return the values of all declared parameters, defaults filled in. Raises as place."""
        if len(values) != len(self.names):
            raise InterfaceMismatch(
                f"{name} takes {len(self.names)} declared parameters, {len(values)} came"
            )
        for value in values:
            if value is DEFAULT:
                return self._with_defaults(values, name)
        return values

    def place_named(self, given: Arguments, name: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return what to call the function with when the caller holds another version.

        Raises:
            InterfaceMismatch: An argument is unknown here, or a required one did not come.
        """
        keywords = given.keywords
        unknown = [] if self.has_keywords else sorted(keywords.keys() - set(self.names))
        missing = sorted(self.required - keywords.keys())
        if unknown or missing:
            raise InterfaceMismatch(
                f"{name}: the caller's version and the host's differ: "
                + "; ".join(
                    f"{label} {', '.join(names)}"
                    for label, names in (
                        ("the host does not know", unknown),
                        ("the host requires", missing),
                    )
                    if names
                )
                + f"; {RESTART}"
            )
        first = tuple(keywords.get(n, self.defaults.get(n)) for n in self.positional_only)
        rest = {k: v for k, v in keywords.items() if k not in self.positional_only}
        return first, rest

    def _with_defaults(self, values: tuple[Any, ...], name: str) -> tuple[Any, ...]:
        filled = []
        for parameter, value in zip(self.names, values, strict=True):
            if value is not DEFAULT:
                filled.append(value)
            elif parameter in self.defaults:
                filled.append(self.defaults[parameter])
            else:
                raise InterfaceMismatch(f"{name}: the host requires {parameter}")
        return tuple(filled)


class Tally:
    """Counts of one hosted function."""

    __slots__ = ("calls", "errors")

    def __init__(self) -> None:
        self.calls = 0
        self.errors = 0


class Binding:
    """A hosted function as one kind of caller may call it.

    Attributes:
        frame_bytes: Most bytes of an answer.
        is_open: Whether calls are taken at all.
        verdict: ``EQUAL``, ``NAMED``, or the sentence that says why it may not be called.
    """

    __slots__ = ("frame_bytes", "hosted", "is_open", "name", "shape", "tally", "verdict")

    def __init__(self, hosted: Hosted, entry: Entry, tally: Tally, frame_bytes: int) -> None:
        self.hosted = hosted
        self.frame_bytes = frame_bytes
        self.name = entry.address.partition("@")[0].replace(":", ".")
        self.shape = Shape(hosted.function)
        self.tally = tally
        self.verdict: int | str = self._compare(entry)
        self.is_open = isinstance(self.verdict, int)

    def _compare(self, entry: Entry) -> int | str:
        hosted = self.hosted
        if entry.fingerprint == hosted.fingerprint and entry.kind == hosted.kind:
            return EQUAL
        if entry.kind != hosted.kind:
            kinds = f"{entry.kind} at the caller and {hosted.kind} at the host"
            return f"{self.name} is {kinds}; {RESTART}"
        missing = sorted(self.shape.required - set(entry.parameters))
        if missing:
            lacks = f"the host requires {', '.join(missing)}, which the caller lacks"
            return f"{self.name}: {lacks}; {RESTART}"
        return NAMED


class Bindings:
    """Resolves the tables of callers, remembering what it resolved.

    ``resolve`` is asked for the exact address, then for the address without its line (an
    edit above a function moves it); it raises ``LookupError`` for what it does not host. A
    seam error among those is the reason that callers are told.
    """

    def __init__(self, resolve: Callable[[str], Hosted], frame_bytes: int = sys.maxsize) -> None:
        self._resolve = resolve
        self._frame_bytes = frame_bytes
        self._known: dict[Entry, Binding] = {}
        self.tallies: dict[str, Tally] = {}

    def bind(self, table: Iterable[Entry]) -> tuple[list[Binding | None], list[int | str]]:
        """Return what each entry of a caller's table means here, and the verdicts for it."""
        bindings: list[Binding | None] = []
        verdicts: list[int | str] = []
        for entry in table:
            binding = self._known.get(entry) or self._bind(entry)
            if isinstance(binding, str):
                bindings.append(None)
                verdicts.append(binding)
            else:
                bindings.append(binding)
                verdicts.append(binding.verdict)
        return bindings, verdicts

    def _bind(self, entry: Entry) -> Binding | str:
        why = f"{entry.address} is not hosted here; {RESTART}"
        for address in (entry.address, without_line(entry.address)):
            try:
                hosted = self._resolve(address)
            except LookupError as error:
                why = str(error) if isinstance(error, SeamError) else why
                continue
            tally = self.tallies.setdefault(entry.address, Tally())
            binding = self._known[entry] = Binding(hosted, entry, tally, self._frame_bytes)
            return binding
        return why


def without_line(address: str) -> str:
    """Return ``module:name`` of ``module:name@line``, keeping ``#outer``."""
    name, _, rest = address.partition("@")
    _, mark, layer = rest.partition("#")
    return name + mark + layer


def check_size(what: str, size: int, most: int) -> None:
    """Look whether a message fits into a frame, before any of it is sent.

    Raises:
        NotSendable: It does not: the peer would end the connection, with all else on it.
    """
    if size > most:
        raise NotSendable(
            f"{what}, {size:,} bytes, cannot cross the seam: limits.frame_bytes is {most:,}; send "
            "it in parts, such as from a generator, or by the name of a file"
        )

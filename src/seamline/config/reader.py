"""Typed access to a parsed TOML table, with every refusal pointing at its line."""

import re
import shlex
from collections.abc import Collection, Mapping
from typing import Any, Final

from seamline.config.positions import KeyPath, Positions, suggest
from seamline.errors import ConfigError

_MODULE: Final = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_SHAPES: Final = {
    "module": (re.compile(_MODULE), "a dotted module name", "shop.accounts"),
    "variable": (re.compile(rf"{_MODULE}:[^\W\d]\w*"), "module:variable", "shop.context:currency"),
    "callable": (re.compile(rf"{_MODULE}:{_MODULE}"), "module:callable", "shop.setup:prepare"),
    "application": (
        # What stands in the parentheses is read when the application is loaded.
        re.compile(rf"{_MODULE}:{_MODULE}(?:\(.*\))?"),
        "module:object or module:factory()",
        "shop.web:create_app()",
    ),
}
# A group's name becomes part of a socket's path, which the kernel bounds at 107 bytes, and
# a dot separates it from the slot.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_BIND: Final = re.compile(
    r"unix:(?P<path>/.+)|fd://(?:\d{1,5}|[A-Za-z][A-Za-z0-9_.-]*)"
    r"|(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\s/]+):(?P<port>\d+)"
)
_QUANTITY: Final = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,9})?) ?(?P<unit>[A-Za-z]+)")
# The largest first.
_DURATIONS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_BINARY: Final = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10}
_SIZES: Final = _BINARY | {"GB": 10**9, "MB": 10**6, "KB": 10**3, "B": 1}
_MOUNT: Final = re.compile(r"/|(?:/[A-Za-z0-9._~-]+)+")
_HIGHEST_PORT: Final = 65535
_OWNER_ONLY: Final = 0o600
_EVERYBODY: Final = 0o777
_LONGEST_SHOWN: Final = 40


def is_bind(value: str) -> bool:
    """Say whether a text is an address: ``host:port``, ``unix:/path`` or ``fd://3``."""
    match = _BIND.fullmatch(value)
    return match is not None and int(match["port"] or 0) <= _HIGHEST_PORT


def bind_remedy(value: str) -> str:
    """Return what to write instead of a text that is no address."""
    if _BIND.fullmatch(value):
        return f"a port is a number from 0 to {_HIGHEST_PORT}; 0 lets the system choose one"
    return "write host:port, unix:/path or fd://3, such as 127.0.0.1:8000"


class Table:
    """One table of the file: its values, where it stands, and what may be in it."""

    def __init__(
        self, values: Mapping[str, Any], positions: Positions, path: KeyPath = ()
    ) -> None:
        self.values = values
        self.positions = positions
        self.path = path

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def refuse(
        self, message: str, *below: str | int, remedy: str = "", key: bool = False
    ) -> ConfigError:
        """Return the error about this table, or about something below it."""
        return self.positions.refusal(message, (*self.path, *below), remedy=remedy, key=key)

    def only(self, known: Collection[str], what: str) -> None:
        """Refuse every key that is not known.

        Raises:
            ConfigError: One is not; a near one is suggested.
        """
        for key in self.values:
            if key not in known:
                remedy = suggest(key, known, f"{what} has the keys")
                raise self.refuse(f"unknown key {key!r} in {what}", key, remedy=remedy, key=True)

    def wrong(self, key: str, expected: str, *, remedy: str = "") -> ConfigError:
        """Return the error for a value of the wrong type or shape."""
        return self.refuse(
            f"`{key}` must be {expected}, not {_shown(self.values[key])}", key, remedy=remedy
        )

    def table(self, key: str) -> "Table":
        """Return the table below a key; an empty one when there is none."""
        below = self.values.get(key, {})
        if not isinstance(below, dict):
            raise self.wrong(key, "a table")
        return Table(below, self.positions, (*self.path, key))

    def tables(self, what: str) -> "list[tuple[str, Table]]":
        """Return every table below this one, whose keys are names the user chose."""
        return [(self.name(key, what), self.table(key)) for key in self.values]

    def name(self, key: str, what: str) -> str:
        """Return a key that the user chose as a name."""
        if not _NAME.fullmatch(key):
            raise self.refuse(
                f"{what} cannot be named {key!r}",
                key,
                remedy="a name is a letter, then at most 31 letters, digits, '-' and '_'",
                key=True,
            )
        return key

    def text(self, key: str, default: str | None = None, *, choices: Collection[str] = ()) -> Any:
        """Return a text that is not empty."""
        if key not in self.values:
            return default
        value = self.values[key]
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "a text" if value != "" else "a text that is not empty")
        if choices and value not in choices:
            listed = suggest(value, choices, "choose from")
            raise self.refuse(f"`{key}` cannot be {value!r}", key, remedy=listed)
        return value

    def shaped(self, key: str, shape: str) -> str | None:
        """Return a text of one of the shapes above."""
        value: str | None = self.text(key)
        pattern, expected, example = _SHAPES[shape]
        if value is not None and not pattern.fullmatch(value):
            raise self.wrong(key, expected, remedy=f'write it like "{example}"')
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, each once."""
        value = self.values.get(key, [])
        if isinstance(value, str):
            raise self.wrong(key, "a list", remedy=f'write {key} = ["{value}"]')
        if not isinstance(value, list):
            raise self.wrong(key, "a list of texts")
        for place, item in enumerate(value):
            if not isinstance(item, str) or not item:
                raise self.refuse(f"`{key}` must hold texts only, not {_shown(item)}", key, place)
            if item in value[:place]:
                raise self.refuse(f"{item!r} stands twice in `{key}`", key, place)
        return tuple(value)

    def carried(self, key: str) -> tuple[str, ...]:
        """Return a list of ``module:variable``."""
        pattern, expected, example = _SHAPES["variable"]
        values = self.texts(key)
        for place, value in enumerate(values):
            if not pattern.fullmatch(value):
                raise self.refuse(
                    f"`{key}` must hold {expected}, not {value!r}",
                    key,
                    place,
                    remedy=f'write it like "{example}"',
                )
        return values

    def command(self, key: str) -> tuple[str, ...] | None:
        """Return a command as its words."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            words = ", ".join(f'"{word}"' for word in _words(value))
            raise self.wrong(key, "a list of words", remedy=f"write {key} = [{words}]")
        if not isinstance(value, list) or not value:
            raise self.wrong(key, "a list of words that is not empty")
        for place, word in enumerate(value):
            if not isinstance(word, str):
                raise self.refuse(f"`{key}` must hold texts only, not {_shown(word)}", key, place)
        return tuple(value)

    def seconds(self, key: str, default: float) -> float:
        """Return a duration above 0 and below a day."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "a number of seconds")
        if not 0 < value < 24 * 3600:
            raise self.refuse(f"`{key}` must be above 0 and below 86400 seconds, not {value}", key)
        return float(value)

    def duration(self, key: str, *, highest: float) -> float:
        """Return seconds from 1, written as a number or with a unit; 0 when there is none."""
        return self._quantity(key, _DURATIONS, 'such as "6h" (s, m, h, d)', (1, highest))

    def size(self, key: str, *, lowest: int, highest: int) -> int:
        """Return bytes, written as a number or with a unit; 0 when there is none."""
        units = 'such as "300MiB" (KiB, MiB, GiB, KB, MB, GB)'
        return int(self._quantity(key, _SIZES, units, (lowest, highest)))

    def _quantity(
        self, key: str, units: Mapping[str, int], example: str, bounds: tuple[float, float]
    ) -> float:
        if key not in self.values:
            return 0
        value = self.values[key]
        amount: float
        if isinstance(value, int | float) and not isinstance(value, bool):
            amount = value
        else:
            match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
            if match is None or match["unit"] not in units:
                near = _near(match, units) if match else ""
                remedy = f'did you mean "{near}"?' if near else ""
                raise self.wrong(
                    key, f"a number or a text with its unit, {example}", remedy=remedy
                )
            amount = float(match["number"]) * units[match["unit"]]
        lowest, highest = bounds
        if not lowest <= amount <= highest:
            limits = f"{_in_words(lowest, units)} to {_in_words(highest, units)}"
            is_bare = not isinstance(value, str)
            one = "bytes" if "B" in units else "seconds"
            remedy = f"a number alone is in {one}: write its unit, {example}" if is_bare else ""
            raise self.refuse(f"`{key}` must be {limits}, not {_shown(value)}", key, remedy=remedy)
        return amount

    def count(self, key: str, default: int, *, highest: int) -> int:
        """Return a whole number from 1."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, "a whole number")
        if not 1 <= value <= highest:
            raise self.refuse(f"`{key}` must be 1 to {highest}, not {value}", key)
        return value

    def flag(self, key: str) -> bool:
        """Return true or false; false where there is none."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def mode(self, key: str, default: int) -> int:
        """Return permission bits; ``660`` for ``0o660`` is a slip that TOML cannot see."""
        value = self.values.get(key, default)
        if isinstance(value, str) and re.fullmatch(r"(0o?)?[0-7]{3}", value):
            value = int(value[-3:], 8)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, "permission bits", remedy=f"write {key} = 0o660")
        if not _OWNER_ONLY <= value <= _EVERYBODY:
            raise self.refuse(
                f"`{key}` must be 0o600 to 0o777, not {value}",
                key,
                remedy=f"write it in octal: {key} = 0o660",
            )
        return value

    def bind(self, key: str) -> str | None:
        """Return an address to listen on."""
        value: str | None = self.text(key)
        if value is not None and not is_bind(value):
            raise self.wrong(key, "host:port, unix:/path or fd://3", remedy=bind_remedy(value))
        return value

    def mount(self, key: str) -> str | None:
        """Return a path prefix."""
        value: str | None = self.text(key)
        if value is not None and not _MOUNT.fullmatch(value):
            raise self.wrong(
                key,
                "a path that begins with / and does not end with one",
                remedy='write it like "/admin"',
            )
        return value

    def env(self, key: str) -> dict[str, str]:
        """Return a table of environment variables."""
        below = self.table(key)
        for name, value in below.values.items():
            if not isinstance(value, str):
                raise below.wrong(name, "a text", remedy=f'write {name} = "{value}"')
            if name.startswith("SEAMLINE_"):
                raise below.refuse(f"{name} belongs to Seamline", name, key=True)
            if not name or "=" in name or "\0" in name:
                raise below.refuse(f"{name!r} is no name of a variable", name, key=True)
            if "\0" in value:
                raise below.refuse(f"the value of {name} holds a zero byte", name)
        return dict(below.values)


def _in_words(amount: float, units: Mapping[str, int]) -> str:
    """Return an amount in the largest unit that it is a whole number of."""
    name, size = next((name, size) for name, size in units.items() if amount % size == 0)
    return f"{amount // size:.0f}{name}"


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # an open quote: the words as they stand still show the form
        return command.split()


def _shown(value: object) -> str:
    """Return a value as TOML would name it, with its type."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if len(value) <= _LONGEST_SHOWN else "a text"
        case int() | float():
            return str(value)
        case list():
            return "a list" if value else "an empty list"
        case dict():
            return "a table"
        case _:
            return f"a {type(value).__name__}"


def _near(match: re.Match[str], units: Collection[str]) -> str:
    """Return a quantity with the unit that its own may stand for: ``300M`` is most often MiB."""
    letter = match["unit"][0]
    found = next((one for one in units if one[0].lower() == letter.lower()), "")
    return f"{match['number']}{found}" if found else ""

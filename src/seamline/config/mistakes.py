"""Says what is wrong in a text that is not TOML: what ``tomllib`` says is made for its authors."""

import ast
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

from seamline.errors import ConfigError

_PLACE: Final = re.compile(r"(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+))?.*")
# What tomllib makes of a key: the tuple of its parts.
_PARTS: Final = re.compile(r"\(.*\)")
_HEADER: Final = re.compile(r"\s*(?P<header>\[\[?[^#]*?\]\]?)\s*(?:#.*)?")
_PAIR: Final = re.compile(r"\s*(?P<key>[^=#\[\]{}]+?)\s*=.*")


def not_toml(error: tomllib.TOMLDecodeError, text: str, file: str) -> ConfigError:
    """Return the error about a text that is not TOML, with its line and what is meant there."""
    place = _PLACE.fullmatch(str(error))
    what = place["what"] if place else str(error)
    lines = text.splitlines()
    if place is None or place["line"] is None:
        last = text.count("\n", 0, len(text.rstrip())) + 1
        return ConfigError(f"not TOML: {_lowered(_dotted(what))}", file=file, line=last)
    number, column = int(place["line"]), int(place["column"])
    line = lines[number - 1] if number <= len(lines) else ""
    header, pair = _HEADER.fullmatch(line), _PAIR.fullmatch(line)
    if header and "twice" in what:
        refused = _twice(header["header"], number, lines, file)
        column, width = header.start("header") + 1, len(header["header"])
    elif pair and what == "Cannot overwrite a value":
        refused = ConfigError(
            f"the key `{pair['key']}` is written twice",
            file=file,
            line=number,
            remedy="keep one of the two",
        )
        column, width = pair.start("key") + 1, len(pair["key"])
    else:
        refused = ConfigError(f"not TOML: {_lowered(_dotted(what))}", file=file, line=number)
        width = 1
    refused.column, refused.width = column, width
    return refused


def _twice(header: str, number: int, lines: list[str], file: str) -> ConfigError:
    """Return the error about a table whose header is there already, or that is a value."""
    before = next((at for at, _ in _same(header, lines[: number - 1])), None)
    first = f", first in line {before}" if before else ""
    return ConfigError(
        f"the table {header} is written twice{first}",
        file=file,
        line=number,
        remedy="write its keys under one header, or give one of the two another name",
    )


def _same(header: str, lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines that are headers of the same table, however they are written."""
    for at, line in enumerate(lines, 1):
        found = _HEADER.fullmatch(line)
        if found and _names(found["header"]) == _names(header):
            yield at, line


def _names(header: str) -> tuple[str, ...]:
    """Return the parts of a header's key; none where it is no header."""
    try:
        value: Any = tomllib.loads(header)
    except tomllib.TOMLDecodeError:
        return ()
    found: list[str] = []
    while value:
        if isinstance(value, list):
            value = value[0]
        else:
            ((name, value),) = value.items()
            found.append(name)
    return tuple(found)


def _dotted(what: str) -> str:
    """Return a message of tomllib with its tuples written as keys are."""

    def written(match: re.Match[str]) -> str:
        try:
            parts = ast.literal_eval(match[0])
        except (SyntaxError, ValueError):
            return match[0]
        return ".".join(map(str, parts)) if isinstance(parts, tuple) else match[0]

    return _PARTS.sub(written, what)


def _lowered(what: str) -> str:
    return f"{what[:1].lower()}{what[1:]}"

"""Where every key and value of a TOML text stands, so that a message can point at it.

``tomllib`` gives values only. This reads the same text a second time, and may be lenient:
``tomllib`` has accepted the text already, so whatever is met here is well formed.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from seamline.errors import ConfigError

KeyPath = tuple[str | int, ...]

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR: Final = re.compile(r"[^,\]}#\r\n]*")
_STRING: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"""+|' + r"'''.*?'''+|" + r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'", re.DOTALL
)


class Span(msgspec.Struct, frozen=True):
    """A piece of one line. ``line`` and ``column`` count from 1."""

    line: int
    column: int
    width: int


class Positions(msgspec.Struct, frozen=True):
    """Spans of the keys and values of one file, by path (``("services", "web", "http")``)."""

    file: str
    keys: dict[KeyPath, Span] = {}
    values: dict[KeyPath, Span] = {}

    def span(self, path: KeyPath, *, key: bool = False) -> Span | None:
        """Return where a value stands, or its key, or the nearest thing that holds it."""
        if key and path in self.keys:
            return self.keys[path]
        while path:
            found = self.values.get(path) or self.keys.get(path)
            if found is not None:
                return found
            path = path[:-1]
        return None

    def refusal(
        self, message: str, path: KeyPath, *, remedy: str = "", key: bool = False
    ) -> ConfigError:
        """Return the error about one value (or *key*), with its file and line."""
        span = self.span(path, key=key)
        error = ConfigError(
            message, file=self.file, line=None if span is None else span.line, remedy=remedy
        )
        if span is not None:
            error.column, error.width = span.column, span.width
        return error


def suggest(wrong: str, known: Iterable[str], otherwise: str) -> str:
    """Return ``did you mean "X"?``, or *otherwise* followed by everything that is known.

    The last part of a dotted name weighs as much as the whole: ``shop.report`` is near
    ``shop.reports`` and ``report`` is near it too.
    """
    names = list(dict.fromkeys(known))
    by_tail = {name.rpartition(".")[2]: name for name in reversed(names)}
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    near = near or difflib.get_close_matches(wrong.rpartition(".")[2], by_tail, n=1, cutoff=0.75)
    if near:
        return f'did you mean "{by_tail.get(near[0], near[0])}"?'
    return f"{otherwise} {', '.join(names)}" if names else ""


def index(text: str, file: str) -> Positions:
    """Read the positions of every key and value in a TOML text that ``tomllib`` accepts."""
    return _Scanner(text, file).run()


class _Scanner:
    """One pass over the text, always at ``self.at``."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.at = 0
        self.found = Positions(file, {}, {})
        self.repeated: Counter[KeyPath] = Counter()

    def run(self) -> Positions:
        table: KeyPath = ()
        while self.skip_blank():
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)
        return self.found

    def skip_blank(self) -> bool:
        """Move over white space and comments; False at the end."""
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.at < len(self.text)

    def header(self) -> KeyPath:
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        path = self.resolve(self.key(()))
        if double:
            count = self.repeated[path]
            self.repeated[path] += 1
            path = (*path, count)
        self.at = self.text.index("]", self.at) + (2 if double else 1)
        return path

    def resolve(self, path: KeyPath) -> KeyPath:
        """Insert the number of the current element below every array of tables."""
        done: KeyPath = ()
        for part in path[:-1]:
            done = (*done, part)
            if self.repeated[done]:
                done = (*done, self.repeated[done] - 1)
        return (*done, path[-1])

    def key(self, table: KeyPath) -> KeyPath:
        """Read a dotted key, noting where each of its parts stands first."""
        path = table
        while True:
            self.skip_blank()
            start = self.at
            quoted = _STRING.match(self.text, self.at)
            bare = _BARE_KEY.match(self.text, self.at)
            if quoted:
                self.at, name = quoted.end(), quoted.group()[1:-1]
            elif bare:
                self.at, name = bare.end(), bare.group()
            else:
                name = ""
            path = (*path, name)
            self.found.keys.setdefault(path, self.span(start, self.at))
            self.skip_blank()
            if not self.text.startswith(".", self.at):
                return path
            self.at += 1

    def pair(self, table: KeyPath) -> None:
        path = self.key(table)
        self.at = self.text.index("=", self.at) + 1
        self.value(path)

    def value(self, path: KeyPath) -> None:
        self.skip_blank()
        start = self.at
        opening = self.text[start : start + 1]
        string = _STRING.match(self.text, start)
        if string:
            self.at = string.end()
        elif opening == "[":
            self.items(path, closing="]")
        elif opening == "{":
            self.items(path, closing="}")
        else:
            scalar = _SCALAR.match(self.text, start)
            self.at = start + (len(scalar.group().rstrip()) if scalar else 0)
        self.found.values[path] = self.span(start, self.at)

    def items(self, path: KeyPath, *, closing: str) -> None:
        """Read an array's values or an inline table's pairs, brackets included."""
        self.at += 1
        count = 0
        while self.skip_blank() and not self.text.startswith(closing, self.at):
            if self.text.startswith(",", self.at):
                self.at += 1
            elif closing == "}":
                self.pair(path)
            else:
                self.value((*path, count))
                count += 1
        self.at += 1

    def span(self, start: int, end: int) -> Span:
        """Return the span of a piece of text; of several lines only the first counts."""
        line_start = self.text.rfind("\n", 0, start) + 1
        newline = self.text.find("\n", start)
        end = min(end, newline) if newline != -1 else end
        return Span(
            self.text.count("\n", 0, start) + 1, start - line_start + 1, max(1, end - start)
        )

"""Read a lock. It is a file that people edit and merge, so everything in it is checked."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import msgspec

from seamline.errors import LockError
from seamline.lock.model import FORMAT, Entry, Lock, Seen

# The largest application seen here has a lock of 300 kB.
_MOST_BYTES: Final = 16 * 1024 * 1024
_MOST_FUNCTIONS: Final = 50_000
_MOST_ITEMS: Final = 256
_LONGEST_TEXT: Final = 2_000

_VERDICTS: Final = ("remote", "local", "refused")
_TEXTS: Final = ("service", "verdict", "reason", "kind", "signature", "fingerprint")
_REMEDY: Final = "mend it, or delete the file and write it anew with: seamline learn -- COMMAND"
_HEADER: Final = re.compile(r'^\[functions\."((?:\\.|[^"\\])+)"\]\s*(?:#.*)?$')
_WHERE: Final = re.compile(r"(.*?) - at `\$\.?(\w*)(.*)`$")


def lock_file(config_file: Path) -> Path:
    """Return the lock that belongs to a configuration file: ``.lock`` instead of ``.toml``."""
    return config_file.with_suffix(".lock")


def read(path: Path) -> Lock | None:
    """Return the lock of a file, or None when there is no file.

    Raises:
        LockError: It cannot be used; the error names the line.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):  # reading a pipe never ends
        raise LockError("it is no regular file", file=path.name, remedy=_REMEDY)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockError(f"cannot read it: {error.strerror}", file=path.name) from error
    if len(data) > _MOST_BYTES:
        raise LockError(
            f"it is larger than {_MOST_BYTES // 2**20} MiB", file=path.name, remedy=_REMEDY
        )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LockError("it is not UTF-8", file=path.name, line=line, remedy=_REMEDY) from error
    return parse(text, path.name)


def parse(text: str, file: str) -> Lock:
    """Return the lock that a text holds.

    Args:
        text: The text.
        file: What to call it in errors.

    Raises:
        LockError: It cannot be used; the error names the line.
    """
    return _Parser(text, file).lock()


class _Parser:
    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._lines = text.splitlines()
        self._file = file

    def lock(self) -> Lock:
        raw = self._toml()
        if raw.get("format") != FORMAT:
            raise self._error(
                f"its format must be {FORMAT}, which this version of Seamline reads",
                self._line_of("format", 0, len(self._lines)),
            )
        unknown = sorted(raw.keys() - {"format", "functions"})
        if unknown:
            line = self._line_of(unknown[0], 0, len(self._lines))
            raise self._error(f"unknown key {unknown[0]!r}", line)
        functions = raw.get("functions", {})
        if not isinstance(functions, dict) or len(functions) > _MOST_FUNCTIONS:
            raise self._error(f"`functions` must hold at most {_MOST_FUNCTIONS} tables", 1)
        headers = self._headers()
        if not all(map(_is_usable, functions)):
            raise self._error("the name of a function cannot be shown", 1)
        return Lock(
            file=self._file,
            functions={
                name: self._entry(name, block, headers.get(name, 1))
                for name, block in functions.items()
            },
        )

    def _toml(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            # Two branches that learned different things meet in this very file.
            for number, line in enumerate(self._lines, 1):
                if line.startswith(("<<<<<<< ", "=======", ">>>>>>> ")):
                    raise self._error("a merge conflict was left in it", number) from error
            place = re.search(r"\(at line (\d+)", str(error))
            message = str(error).partition(" (at ")[0] or "it nests too deeply"
            line_number = int(place[1]) if place else len(self._lines)
            raise self._error(
                f"not TOML: {message[:1].lower()}{message[1:]}", line_number
            ) from error

    def _headers(self) -> dict[str, int]:
        """Return the line of every block, by the function's name."""
        found: dict[str, int] = {}
        for number, line in enumerate(self._lines, 1):
            header = _HEADER.match(line)
            if header:
                found.setdefault(header[1], number)
        return found

    def _entry(self, name: str, block: object, line: int) -> Entry:
        if not isinstance(block, dict):
            raise self._error(f"`functions.{name}` must be a table", line)
        block = {"digest": "", **block}  # older ones have none
        texts = {key: block[key] for key in (*_TEXTS, "digest") if key in block}
        for key in texts.keys() | _TEXTS:
            if not isinstance(texts.get(key), str) or not _is_usable(texts[key]):
                raise self._wrong(name, key, "must be a text of one line", line)
        if texts["verdict"] not in _VERDICTS:
            raise self._wrong(name, "verdict", f"must be one of {', '.join(_VERDICTS)}", line)
        facts = {key: value for key, value in block.items() if key not in texts}
        for key, value in facts.items():
            if not _is_usable(value):
                raise self._wrong(name, key, "holds more or other text than a lock has", line)
        try:
            seen = msgspec.convert(facts, Seen, strict=True)
        except msgspec.ValidationError as error:
            place = _WHERE.match(str(error))
            message, key = (place[1], place[2]) if place else (str(error), "")
            unknown = re.search(r"unknown field `(.+?)`", str(error))
            key = unknown[1] if unknown else key
            raise self._wrong(name, key, f"cannot be used: {message}", line) from error
        if min(seen.calls, seen.at_import, seen.bytes_in, seen.bytes_out) < 0:
            raise self._error(f"{name}: a count is below zero", line)
        return Entry(**texts, seen=seen, line=line)

    def _wrong(self, name: str, key: str, what: str, header: int) -> LockError:
        end = next(
            (n for n in range(header, len(self._lines)) if self._lines[n].startswith("[")),
            len(self._lines),
        )
        message = f"{name}: `{key}` {what}" if key else f"{name} {what}"
        return self._error(message, self._line_of(key, header, end) if key else header)

    def _line_of(self, key: str, start: int, end: int) -> int:
        """Return the line of a key between two lines; the first of them when it has none."""
        pattern = re.compile(rf"{re.escape(key)}\s*[.=]")
        for number in range(start, end):
            if pattern.match(self._lines[number]):
                return number + 1
        return max(start, 1)

    def _error(self, message: str, line: int) -> LockError:
        return LockError(message, file=self._file, line=line, remedy=_REMEDY)


def _is_usable(value: object) -> bool:
    """Whether a value is of a size that a lock has, and can be shown on a terminal as it is."""
    if isinstance(value, dict | list):
        parts = [*value, *(value.values() if isinstance(value, dict) else ())]
        return len(value) <= _MOST_ITEMS and all(map(_is_usable, parts))
    return not isinstance(value, str) or (len(value) <= _LONGEST_TEXT and value.isprintable())

"""What commands print: data to standard output, everything else to standard error.

Colour is decoration only: whatever it says is said in words too.
"""

import os
import shutil
import textwrap
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import msgspec

from seamline.errors import SeamlineError, UsageError

Color = Literal["auto", "always", "never"]

# Wider lines are hard to read even where the terminal has room for them.
WIDTH: Final = 80
_STYLES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}
_PLAIN: Final = str.maketrans({"→": "->", "…": "...", "·": "-", "✓": "ok", "✗": "!!"})


class Output:
    """The two streams of one command, and how to write to them.

    Attributes:
        json: Whether the reader is a program (``--json``).
        quiet: Whether notices are left out (``-q``).
        verbose: How often ``-v`` was given.
        width: Columns to fill.
    """

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        *,
        environ: Mapping[str, str],
        json: bool = False,
        quiet: bool = False,
        verbose: int = 0,
        color: Color = "auto",
    ) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self.json = json
        self.quiet = quiet
        self.verbose = verbose
        self.width = min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
        self._stdout_is_colored = is_colored(stdout, color, environ)
        self._stderr_is_colored = is_colored(stderr, color, environ)
        self._outlasts = False

    def outlast(self) -> None:
        """From now on, go on where something cannot be written: what was begun happens anyway.

        The exit status is then that of what happened, not of telling it.
        """
        self._outlasts = True

    def data(self, text: str = "") -> None:
        """Write one piece of the answer to standard output."""
        self._put(self._stdout, text)

    def screen(self, text: str) -> None:
        """Write what draws on the terminal of standard output, as it is."""
        _write(self._stdout, text, end="")

    def document(self, schema: str, content: Mapping[str, Any]) -> None:
        """Write the answer as one JSON document, ``schema`` being ``seamline.NAME/VERSION``."""
        encoded = msgspec.json.format(msgspec.json.encode({"schema": schema, **content}), indent=2)
        self._put(self._stdout, encoded.decode())

    def note(self, text: str) -> None:
        """Write a notice to standard error, unless ``-q`` was given."""
        if not self.quiet:
            self._put(self._stderr, text)

    def warning(self, text: str, *, code: str = "") -> None:
        """Write a warning to standard error, also when quiet."""
        self._put(self._stderr, f"{self._label('warning', code, on_stderr=True)}  {text}")

    def error(self, error: SeamlineError) -> None:
        """Write an error to standard error: what happened, the line at fault, what to do."""
        _write(self._stderr, self.error_text(error))
        if self.verbose and error.__cause__ is not None:
            _write(self._stderr, "".join(traceback.format_exception(error.__cause__)).rstrip())

    def label(self, severity: str, code: str) -> str:
        """Return ``error [code]``, coloured for standard output."""
        return self._label(severity, code, on_stderr=False)

    def styled(self, text: str, *styles: str) -> str:
        """Return the text with styles for standard output: bold, dim or a colour."""
        return _styled(text, styles) if self._stdout_is_colored else text

    def wrap(self, text: str, *, indent: str = "", first: str | None = None) -> str:
        """Return the text in lines that fit; *first* begins the first one instead of indent."""
        return textwrap.fill(
            text,
            width=max(self.width, len(indent) + 20),
            initial_indent=indent if first is None else first,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _put(self, stream: TextIO, text: str) -> None:
        try:
            _write(stream, text)
        except OSError as exc:
            if not self._outlasts:
                raise
            forget(stream)
            if stream is self._stdout:
                self.warning(
                    f"the answer could not be written ({exc.strerror}); "
                    "the exit status is that of what was done"
                )

    def _label(self, severity: str, code: str, *, on_stderr: bool) -> str:
        colored = self._stderr_is_colored if on_stderr else self._stdout_is_colored
        word = {"warning": "warn"}.get(severity, severity)
        color = {"error": "red", "warning": "yellow"}.get(severity, "cyan")
        text = _styled(word, ("bold", color)) if colored else word
        return f"{text} [{code}]" if code else text

    def error_text(self, error: SeamlineError) -> str:
        """Return what :meth:`error` writes."""
        label = self._label("error", error.code, on_stderr=True)
        if not isinstance(error, UsageError):
            head = f"{label}  {error}"
            return head if "\n" in head else self.wrap(head, indent="  ", first="")
        shown = []
        if error.file and error.line:
            shown = excerpt(
                Path(error.file),
                error.line,
                column=error.column,
                width=error.width,
                comment=error.remedy,
                limit=self.width,
            )
        where = f"{error.file}:{error.line}: " if error.line else ""
        where = where or (f"{error.file}: " if error.file else "")
        head = f"{label}  {where}{error.message}"
        lines = [head if "\n" in head else self.wrap(head, indent="  ", first=""), *shown]
        if error.remedy and not (shown and error.remedy in shown[-1]):
            lines.append(self.wrap(error.remedy, indent="       ", first="  fix  "))
        return "\n".join(lines)


def is_colored(stream: TextIO, color: Color, environ: Mapping[str, str]) -> bool:
    """Say whether to colour a stream: the flag first, then ``NO_COLOR`` and its relatives."""
    if color != "auto":
        return color == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return environ["FORCE_COLOR"] != "0"
    return environ.get("TERM") != "dumb" and stream.isatty()


def excerpt(
    file: Path,
    line: int,
    *,
    column: int = 0,
    width: int = 0,
    comment: str = "",
    limit: int = WIDTH,
) -> list[str]:
    """Return a line of a file and the one before it, numbered, with carets below.

    Args:
        file: The file; one that cannot be read gives no lines.
        line: Line at fault, from 1.
        column: First column at fault, from 1; 0 for the whole line.
        width: Columns at fault.
        comment: Text to put behind the carets where it fits into *limit* columns.
        limit: Columns of the terminal.
    """
    source = source_line(file, line)
    if not source:
        return []
    start = column - 1 if column else len(source) - len(source.lstrip())
    carets = max(1, min(width or len(source.strip()), len(source) - start))
    gutter = len(str(line))
    shown = []
    before = source_line(file, line - 1)
    if before:
        shown.append(clipped(f"  {line - 1:>{gutter}} | {before}", limit))
    shown.append(clipped(f"  {line} | {source}", limit))
    pointer = clipped(f"  {'':>{gutter}} | {' ' * start}{'^' * carets}", limit)
    if comment and len(pointer) + 1 + len(comment) <= limit:
        pointer = f"{pointer} {comment}"
    return [*shown, pointer]


def source_line(file: Path, line: int) -> str:
    """Return one line of a file, from 1, with tabs as single spaces; empty where there is none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return lines[line - 1].replace("\t", " ").rstrip() if 1 <= line <= len(lines) else ""


def clipped(text: str, limit: int) -> str:
    """Return the text, its end left out where it is longer than the limit."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 error``, ``2 errors``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def forget(stream: TextIO) -> None:
    """Let every later flush of a stream succeed, the interpreter's last too: nobody reads it."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def _styled(text: str, styles: Sequence[str]) -> str:
    codes = ";".join(_STYLES[style] for style in styles)
    return f"\x1b[{codes}m{text}\x1b[0m"


def _write(stream: TextIO, text: str, end: str = "\n") -> None:
    """Write a line, with plain marks where the stream cannot hold others."""
    encoding = stream.encoding or "utf-8"
    if encoding.lower().replace("-", "") != "utf8":
        plain = text.translate(_PLAIN)
        text = plain.encode(encoding, errors="backslashreplace").decode(encoding)
    stream.write(f"{text}{end}")
    stream.flush()

"""A ``Procfile``: the programs that run beside the application, one a line."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from seamline.interface import Place
from seamline.proposal.hints import read_text
from seamline.proposal.model import LeftOut, Started

FILE: Final = "Procfile"
#: The line that takes requests, which the http service of the application stands for.
WEB: Final = "web"
# More processes than these beside an application are another system's file.
_MOST_LINES: Final = 30
_LINE: Final = re.compile(r"([A-Za-z0-9_-]+)\s*:\s*(\S.*?)\s*")
_SERVICE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
# What only a shell understands; with the last ones a line is more than one command.
_SHELL: Final = re.compile(r"[$|&;<>*?`~#(){}\[\]]|^\s*[A-Za-z_]\w*=")
_SEVERAL: Final = re.compile(r"[|&;]|^\s*[A-Za-z_]\w*=")
_PORT: Final = re.compile(r"\$(?:PORT\b|\{PORT\})")
# What programs that read such files give the first line, and the next ones above it. A variable
# in the environment counts.
_FIRST_PORT: Final = 5000
_PORT_STEP: Final = 100
# As much of a line that is none as tells which one it is.
_MOST_SHOWN: Final = 40


def read_procfile(root: Path, *, has_application: bool) -> list[Started | LeftOut]:
    """Return what each line of the project's ``Procfile`` becomes.

    Args:
        root: Directory of the project.
        has_application: Whether there is a service that the line ``web`` stands for.
    """
    found: list[Started | LeftOut] = []
    names: set[str] = set()
    port = _FIRST_PORT
    for name, text, place in _lines(root):
        if not text:
            found.append(LeftOut(name, place, "it is no line of the form name: command"))
            continue
        why = _refusal(name, text, names, has_application=has_application)
        if not why and len(names) >= _MOST_LINES:
            why = f"more than {_MOST_LINES} lines are no application's"
        names.add(name)
        words = () if why else _words(text, port)
        found.append(LeftOut(name, place, why) if why else Started(name, words, place))
        port += _PORT_STEP
    return found


def _lines(root: Path) -> Iterator[tuple[str, str, Place]]:
    """Yield the name, command and place of each line; of one that is none its text, no command."""
    for number, line in enumerate(read_text(root / FILE).splitlines(), 1):
        match, place = _LINE.fullmatch(line), Place(FILE, number)
        if match is not None and match[2].isprintable():
            yield match[1], match[2], place
        elif line.strip() and not line.lstrip().startswith("#"):
            yield _shown(line.strip()), "", place


def _shown(line: str) -> str:
    text = line if line.isprintable() else ascii(line)[1:-1]
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


def _refusal(name: str, text: str, names: set[str], *, has_application: bool) -> str:
    if name == WEB and has_application:
        return "the application itself is this service; options of its server are left out"
    if name == "release":
        return "it runs once before a release; run it before seamline reload"
    if name in names:
        return "another line has its name"
    if not _SERVICE.fullmatch(name):
        return "its name is none that a service may have: a letter first, at most 32 characters"
    try:
        shlex.split(text)
    except ValueError:
        return "its quotes do not match"
    return ""


def _words(text: str, port: int) -> tuple[str, ...]:
    """Return the command, with a shell where only that understands it."""
    if not _SHELL.search(text):
        return tuple(shlex.split(text))
    line = text if _SEVERAL.search(text) else f"exec {text}"
    if _PORT.search(text):
        line = f'export PORT="${{PORT:-{port}}}"; {line}'
    return ("sh", "-c", line)

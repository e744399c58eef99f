"""How people start the application: files beside the code that hold its command line."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from seamline.interface import Place
from seamline.proposal.model import Hint

# What says how to start an application is short; a longer file is data that happens to match.
_MOST_BYTES: Final = 256 * 1024
_MOST_FILES: Final = 60
_PATTERNS: Final = (
    *("Procfile", "Dockerfile*", "*.Dockerfile", "*compose*.y*ml", "Makefile", "justfile", "*.sh"),
    *("docker/Dockerfile*", "docker/*.sh", "deploy/*.sh", "*.service", "fly.toml", "render.yaml"),
)
_SERVERS: Final = frozenset(
    {
        *("gunicorn", "uvicorn", "hypercorn", "waitress-serve", "daphne", "granian", "uwsgi"),
        *("mod_wsgi-express", "flask", "quart", "fastapi", "litestar"),
    }
)
_REFERENCE: Final = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)(\(.*?\))?")
_MODULE: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_WORD: Final = re.compile(r"[^\s\"',\[\]]+(?:\([^)]*\))?")
_WEIGHTS: Final = {"Procfile": 100, "Dockerfile": 90, "Makefile": 60, "justfile": 60}


def read_hints(root: Path) -> list[Hint]:
    """Return what the project's files say of how it is started, in order of the files."""
    found = [*_from_flask(root), *_from_pyproject(root)]
    paths = dict.fromkeys(path for pattern in _PATTERNS for path in sorted(root.glob(pattern)))
    for path in list(paths)[:_MOST_FILES]:
        for number, line in enumerate(read_text(path).splitlines(), 1):
            place = Place(str(path.relative_to(root)), number)
            found += _from_command(line, place, _WEIGHTS.get(path.name.partition(".")[0], 80))
    return found


def read_text(path: Path) -> str:
    """Return what a file beside the code says; nothing of one that cannot be read or is long."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _from_flask(root: Path) -> Iterator[Hint]:
    for name in (".flaskenv", ".env"):
        for number, line in enumerate(read_text(root / name).splitlines(), 1):
            match = re.match(r"(?:export\s+)?(?:FLASK|QUART)_APP\s*=\s*[\"']?([^\"'#\s]+)", line)
            if match:
                yield _named(match[1], Place(name, number), f"FLASK_APP in {name}", 95)


def _named(value: str, place: Place, how: str, weight: int) -> Hint:
    """Return what ``shop``, ``shop/web.py`` or ``shop.web:create_app('x')`` names."""
    module, _, expression = value.partition(":")
    dotted = module.removesuffix(".py").strip("./").replace("/", ".")
    return Hint(dotted, expression, place, how, weight=weight)


def _from_pyproject(root: Path) -> Iterator[Hint]:
    text = read_text(root / "pyproject.toml")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    tool = _table(values, "tool")
    started = _table(tool, "fastapi").get("entrypoint")
    if isinstance(started, str):
        place = Place("pyproject.toml", _line(text, started))
        yield _named(started, place, "tool.fastapi", 85)
    scripts = {**_table(_table(tool, "poetry"), "scripts"), **_table(_project(values), "scripts")}
    for name, value in scripts.items():
        if isinstance(value, str) and (match := _REFERENCE.fullmatch(value)):
            place = Place("pyproject.toml", _line(text, value))
            yield Hint(match[1], match[2], place, f"script {name}", weight=20)


def project_name(root: Path) -> str:
    """Return the name of the project in pyproject.toml, or of its directory."""
    try:
        values = tomllib.loads(read_text(root / "pyproject.toml"))
    except tomllib.TOMLDecodeError:
        values = {}
    name = _project(values).get("name") or _table(_table(values, "tool"), "poetry").get("name")
    return name if isinstance(name, str) else root.name


def _project(values: dict[str, Any]) -> dict[str, Any]:
    return _table(values, "project")


def _table(values: dict[str, Any], key: str) -> dict[str, Any]:
    below = values.get(key)
    return below if isinstance(below, dict) else {}


def _line(text: str, value: str) -> int:
    return text.count("\n", 0, max(text.find(value), 0)) + 1


def _from_command(line: str, place: Place, weight: int) -> Iterator[Hint]:
    """Yield what one command line starts."""
    words = [] if line.lstrip().startswith("#") else _WORD.findall(line)
    for at, word in enumerate(words):
        program, rest = word.rpartition("/")[2], words[at + 1 :]
        if program in _SERVERS:
            yield from _from_server(program, rest, place, weight)
        elif re.fullmatch(r"python[\d.]*", program):
            yield from _from_python(rest, place, weight - 5)


def _from_server(program: str, rest: list[str], place: Place, weight: int) -> Iterator[Hint]:
    how = f"{program} in {place}"
    call = "()" if {"--factory", "--call"} & set(rest) else ""
    for at, word in enumerate(rest):
        match = _REFERENCE.fullmatch(word.partition("=")[2] if word.startswith("--") else word)
        if match and "." not in match[1].rpartition(":")[2][:1]:
            yield Hint(match[1], f"{match[2]}{match[3] or call}", place, how, weight=weight)
            return
        flag = program in {"flask", "quart"} and word in {"--app", "-A"}
        if flag and at + 1 < len(rest):
            yield _named(rest[at + 1], place, how, weight)
            return
        if program == "fastapi" and word.endswith(".py"):
            yield _named(word, place, how, weight)
            return
    bare = [word for word in rest if "." in word and _MODULE.fullmatch(word)]
    if program in {"gunicorn", "waitress-serve"} and bare:
        yield Hint(bare[-1], "application", place, how, weight=weight)


def _from_python(rest: list[str], place: Place, weight: int) -> Iterator[Hint]:
    """Yield what ``python -m module`` and ``python file.py`` start."""
    words = [word for word in rest if word not in {"-u", "-O", "-B"}]
    if not words:
        return
    named = words[1] if words[0] == "-m" and len(words) > 1 else words[0]
    if words[0] == "-m" and named in _SERVERS:  # python -m gunicorn shop:app
        yield from _from_server(named, words[2:], place, weight)
    elif words[0] == "-m" and _MODULE.fullmatch(named):
        yield Hint(named, "", place, f"python -m {named} in {place}", ("python", "-m", named), 70)
    elif named.endswith(".py") and not named.startswith("/"):
        dotted = named.removesuffix(".py").strip("./").replace("/", ".")
        command = ("python", "-m", dotted)
        yield Hint(dotted, "", place, f"python {named} in {place}", command, weight - 20)

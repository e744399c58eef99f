"""Collect every text of longrun that somebody reads, and bring the catalogues up to date.

python tools/messages.py: new texts come into each .po file without a translation, for you to give.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract
from werkzeug.exceptions import default_exceptions

PACKAGE = Path(__file__).parents[1] / "longrun"
# Not shown to runners: the generator, the command line, what programs are told.
_LEFT_OUT = {"demo", "commands.py", "oauth.py", "api.py", "work.py", "db.py", "svg.py", "gpx.py"}
# Whose words are shown, in whatever argument; and names that hold what is shown later. Of those in
# the second line only what looks like a sentence or a name, not like a key.
_CALLS = {"say", "said"}
_SOME_CALLS = {"flash", "abort", "decoration", "_ask", "_go", "_read", "BadFile", "Invalid",
               "heading", "bars", "numbers", "cells.append"}  # fmt: skip
_NAMES = {"_TEXTS", "_RANGES", "_NAMES", "_HOURS", "names", "near", "state"}
_SOME_NAMES = {"PARTS", "_BANDS", "_COLUMNS", "_SPLITS", "_EMAIL", "_PASSWORD", "_NEW_PASSWORD",
               "text", "words", "wrong", "cells", "outcome", "missing", "hint", "name",
}  # fmt: skip
_HEADER = b'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
_ENUMS = {"Sport", "WorkoutKind"}
# Letters that are no form of a date and no name of a field.
_SHOWN = re.compile(r"^(?!\w*_\w*$|[EdLMyHm:, ]+$).*[^\W\d_]{2}", re.DOTALL)


def texts() -> set[str]:
    """Return all texts, with {} where a sentence has a value that is known when it is made."""
    found = {name for path in sorted(PACKAGE.rglob("*.py")) for name in _python(path)}
    for path in (PACKAGE / "web/templates").glob("*.html"):
        with path.open("rb") as source:
            options = {"silent": "false"}
            calls = babel_extract(source, ("_", "gettext"), (), options)
            found.update(m if isinstance(m, str) else m[0] for _, _, m, _ in calls)
    for code in (400, 403, 404, 405, 413, 415, 500, 503):
        found |= {default_exceptions[code]().name, default_exceptions[code].description or ""}
    return {text for text in found if _SHOWN.match(re.sub(r"%\(\w+\)|\{\}", "", text))}


def update(path: Path) -> Catalog:
    """Return a catalogue with exactly our texts, and the translations that it has of them."""
    with path.open("rb") as source:
        catalogue = read_po(source, locale=path.parent.parent.name)
    template = Catalog()
    for text in texts():
        template.add(text)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def _python(path: Path) -> Iterator[str]:
    if _LEFT_OUT & set(path.parts):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            # say(...)(text): the words of a language, called.
            case ast.Call(func=ast.Call(func=ast.Name(id="say" | "words"))):
                yield from _strings(*node.args)
            case ast.Call(func=ast.Name() | ast.Attribute() as function):
                name = ast.unparse(function)
                name = name if name in _SOME_CALLS else name.rpartition(".")[2]
                yield from _strings(*node.args) if name in _CALLS else ()
                yield from _likely(*node.args) if name in _SOME_CALLS else ()
            case (
                ast.Assign(targets=[target], value=ast.expr() as value)
                | ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.AugAssign(target=target, value=value)
            ):
                name = ast.unparse(target).rpartition(".")[2]
                yield from _strings(value) if name in _NAMES else ()
                yield from _likely(value) if name in _SOME_NAMES else ()
            case ast.For(iter=ast.Tuple() as table):
                yield from _likely(table)
            case ast.ClassDef(name=name) if name in _ENUMS:
                yield from (s for line in node.body[1:] for s in _strings(line))
            case ast.ClassDef(name="Paces"):
                fields = (line for line in node.body if isinstance(line, ast.AnnAssign))
                yield from (line.target.id for line in fields if isinstance(line.target, ast.Name))


def _likely(*nodes: ast.AST) -> Iterator[str]:
    return (text for text in _strings(*nodes) if " " in text.strip() or text[:1].isupper())


def _strings(*nodes: ast.AST) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)):
                yield re.sub(r"\{[^}]*\}", "{}", text)
            case ast.JoinedStr(values=values):
                parts = (v.value if isinstance(v, ast.Constant) else "{}" for v in values)
                yield "".join(map(str, parts))
            # What a part of a sentence is looked up by, and what is done with it, is not shown.
            case ast.Call(func=function, args=arguments, keywords=keywords):
                yield from _strings(function, *arguments, *(keyword.value for keyword in keywords))
            case ast.Compare() | ast.Subscript() | ast.Lambda():
                pass
            case _:
                yield from _strings(*ast.iter_child_nodes(node))


if __name__ == "__main__":
    for po in (PACKAGE / "translations").rglob("*.po"):
        made = update(po)
        with po.open("wb") as target:
            target.write(_HEADER)
            write_po(target, made, width=96, no_location=True, sort_output=True, omit_header=True)
        sys.stdout.write(f"{po}: {sum(not m.string for m in made if m.id)} to translate\n")

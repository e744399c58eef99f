"""A lock becomes TOML: the same text for the same facts, one function a block.

Written by hand: the standard library reads TOML only, and what is needed of it is small.
"""

import ast
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from seamline.lock.model import FORMAT, Entry, Lock, Seen

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH: Final = 99
_HEAD: Final = f"""\
# Written by `seamline learn`: what was seen to cross each boundary, by type and number, and
# the verdicts that follow. It holds no values. Review it and commit it; `seamline check`
# compares it with the code and tells what was edited here; seamline.toml overrides verdicts.

format = {FORMAT}
"""


def write(path: Path, lock: Lock) -> None:
    """Replace the file in one step.

    Raises:
        OSError: It cannot be written; the former file is still there.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(render(lock))
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def render(lock: Lock) -> str:
    """Return the text of a lock, functions in the order of their names."""
    blocks = [_block(name, lock.functions[name]) for name in sorted(lock.functions)]
    return "\n".join([_HEAD, *blocks])


def masked(signature: str) -> str:
    """Return a signature whose constants are left out: defaults may be secrets.

    Constants in annotations are left out too (``Literal["..."]``), except ``None`` and the
    types that are written as text.
    """
    tree = ast.parse(f"def _{signature}: ...".replace("\n", " ")).body[0]
    assert isinstance(tree, ast.FunctionDef)
    arguments = tree.args
    shown = ast.Constant(value=...)
    arguments.defaults = [shown] * len(arguments.defaults)
    arguments.kw_defaults = [None if one is None else shown for one in arguments.kw_defaults]
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    for argument in (*every, *filter(None, (arguments.vararg, arguments.kwarg))):
        if argument.annotation is not None:
            argument.annotation = _masked_type(argument.annotation)
    returns = "" if tree.returns is None else f" -> {ast.unparse(_masked_type(tree.returns))}"
    return f"({ast.unparse(arguments)}){returns}"


class _Masking(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if node.value is None or node.value is ...:
            return node
        return ast.Constant(value=...)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        return ast.Call(func=node.func, args=[ast.Constant(value=...)], keywords=[])


def _masked_type(annotation: ast.expr) -> ast.expr:
    """Return an annotation without constants; one that is written as text is read first."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value.strip(), mode="eval").body
        except SyntaxError:
            return ast.Constant(value=...)
    masked: ast.expr = _Masking().visit(annotation)
    return masked


def _umask() -> int:
    # There is no other way to read it. Nothing else runs in this process that makes files.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _block(name: str, entry: Entry) -> str:
    digest = f"digest = {_quoted(digest_of(name, entry))}"
    return "\n".join([*_said(name, entry), digest, ""])


def digest_of(name: str, entry: Entry) -> str:
    """Return the digest that the block of a function has when nobody edited it."""
    return hashlib.sha256("\n".join(_said(name, entry)).encode()).hexdigest()[:16]


def _said(name: str, entry: Entry) -> list[str]:
    keys = ("service", "verdict", "reason", "kind", "signature", "fingerprint")
    said = (f"{key} = {_quoted(getattr(entry, key))}" for key in keys)
    return [f"[functions.{_quoted(name)}]", *said, *_facts(entry.seen)]


def _facts(seen: Seen) -> Iterator[str]:
    yield f"calls = {seen.calls}"
    for key in Seen.__struct_fields__[1:]:
        value = getattr(seen, key)
        if isinstance(value, Mapping):
            for name, types in value.items():
                yield _wrapped(f"{key}.{_key(name)} = {_value(types)}", types)
        elif value:
            yield _wrapped(f"{key} = {_value(value)}", value)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_quoted, value))}]"
    return _quoted(value) if isinstance(value, str) else str(value)


def _wrapped(line: str, value: object) -> str:
    """Return a line, a long list with one of its names a line."""
    if len(line) <= _WIDTH or not isinstance(value, tuple):
        return line
    return "\n".join(
        [f"{line.partition(' = [')[0]} = [", *(f"    {_quoted(one)}," for one in value), "]"]
    )


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    # JSON's strings are TOML's basic strings, but for one control character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

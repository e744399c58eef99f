"""What the code of tests assigns by itself: names, read from its compiled source.

Nothing of a test is run for it. Names are all that is asked for: which object an attribute
belongs to is only known while the test runs.
"""

import dis
import opcode
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Final, NamedTuple

from seamline.seam import all_codes

_ASSIGNING: Final = frozenset(opcode.opmap[name] for name in ("STORE_ATTR", "DELETE_ATTR"))
_SUBSCRIBING: Final = frozenset(opcode.opmap[name] for name in ("STORE_SUBSCR", "DELETE_SUBSCR"))
# What assigns an attribute whose name is a text.
_BY_NAME: Final = frozenset({"setattr", "delattr", "__setattr__", "__dict__", "vars"})
# Those that are functions: `monkeypatch.setattr` is a tool, which is noticed by itself.
_FUNCTIONS: Final = frozenset({"setattr", "delattr", "vars"})
_CALLED: Final = frozenset(opcode.opmap[name] for name in ("LOAD_GLOBAL", "LOAD_NAME"))
# Methods that change a container in place.
_CHANGING: Final = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop",
        "popitem", "remove", "setdefault", "sort", "update",
    }
)  # fmt: skip


class Stores(NamedTuple):
    """Names in the code of tests.

    Attributes:
        attributes: Assigned or deleted on something. Where a file assigns by a text, that may
            be any text or keyword in it: `def override(what, **values)` gets its names so.
        beside: Mentioned by code that assigns attributes: what they are assigned on is named
            so, unless it has another name in the test.
        changed: Mentioned by code that changes items or calls what changes a container.
        mentioned: Mentioned by any code; whatever is imported is among them.
        at_import: Those of the attributes that are assigned while the module is imported.
    """

    attributes: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    mentioned: frozenset[str] = frozenset()
    at_import: frozenset[str] = frozenset()

    @classmethod
    def union(cls, many: Iterable["Stores"]) -> "Stores":
        """Return what any of them stores."""
        return cls(*(frozenset().union(*names) for names in zip(cls(), *many, strict=True)))

    @classmethod
    def of(cls, code: CodeType) -> "Stores":
        """Return those of a module's code, with all functions in it."""
        attributes: set[str] = set()
        beside: set[str] = set()
        changed: set[str] = set()
        mentioned: set[str] = set()
        at_import: set[str] = set()
        if any(map(_assigns_by_text, all_codes(code))):
            for inner in all_codes(code):
                attributes |= _texts(inner)
        for inner in all_codes(code):
            names = {part for name in inner.co_names for part in (name, *name.split("."))}
            mentioned |= names
            names |= {*inner.co_varnames, *inner.co_freevars, *inner.co_cellvars}
            assigned = _assigned(inner)
            if assigned:
                attributes |= assigned
                beside |= names
                at_import |= assigned if inner is code else set()
            if stores_items(inner):
                changed |= names
        return cls(*map(frozenset, (attributes, beside, changed, mentioned, at_import)))


def compiled(path: Path) -> CodeType | None:
    """Return the code of a file; none of one that cannot be compiled, which pytest tells of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None


def stores_items(code: CodeType) -> bool:
    """Whether code assigns items, or calls what changes a container."""
    operations = frozenset(code.co_code[::2])
    return bool(operations & _SUBSCRIBING) or not _CHANGING.isdisjoint(code.co_names)


def _assigned(code: CodeType) -> set[str]:
    found: set[str] = set()
    if frozenset(code.co_code[::2]) & _ASSIGNING:
        found = {code.co_names[index] for index in arguments_of(code, _ASSIGNING)}
    if not _BY_NAME.isdisjoint(code.co_names):
        found |= _texts(code)
    return found


def arguments_of(code: CodeType, operations: frozenset[int]) -> Iterator[int]:
    """Yield the arguments of some operations: a tenth of the time that `dis` takes for all."""
    raw = code.co_code
    extended = 0
    for operation, argument in zip(raw[::2], raw[1::2], strict=True):
        if operation == dis.EXTENDED_ARG:
            extended = (extended | argument) << 8
            continue
        if operation in operations:
            yield extended | argument
        extended = 0


def _assigns_by_text(code: CodeType) -> bool:
    """Whether code itself may assign attributes whose names are texts."""
    names = _BY_NAME.intersection(code.co_names)
    if names - _FUNCTIONS or not names:
        return bool(names)
    return any(one.opcode in _CALLED and one.argval in names for one in dis.get_instructions(code))


def _texts(code: CodeType) -> set[str]:
    """Return the identifiers among the texts in code, and the keywords of its calls."""
    found: set[str] = set()
    for const in code.co_consts:
        texts = const if type(const) is tuple else (const,)
        found.update(text for text in texts if type(text) is str and text.isidentifier())
    return found

"""Writers and readers that are generated for one record class each.

A loop over the fields costs three times as much as straight-line code. What a field's
annotation says only chooses which types are tried first: the values themselves decide,
and one that is something else takes the general way.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from seamline.wire.classes import CACHED_HASH, Shape, caches_hash
from seamline.wire.marks import LEAVES, NATIVE, OBJECT, READERS, Reader, Writer, enter, read

#: Returns a whole message for an instance that holds leaves only, ``None`` for any other.
Recorder = Callable[[Any], tuple[Any, ...] | None]

#: Kinds of fields, as they are named at the end of an entry: a node of its own, a
#: ``Decimal`` as its text, a list of natives without a tag. The last two may be None.
ANY: Final = "."
DECIMAL: Final = "D"
LIST: Final = "L"

_KINDS: Final = {"Decimal": DECIMAL, "list": LIST}
_SINGLE: Final = {"str": str, "int": int, "float": float, "bool": bool, "bytes": bytes}
_MODULES: Final = re.compile(r"\b\w+\.")
_OPTIONAL: Final = re.compile(r"Optional\[(.*)\]|(.*) \| None|None \| (.*)")
_LISTS: Final = re.compile(r"(?:list|List)\[(?:str|int|float|bool|bytes)\]")

_WRITE: Final = """
def write(v, w, left):
    memo = w.memo
    key = id(v)
    if key in memo:
        return w.again(v)
    native = w.native
    try:
{load}
    except (AttributeError, KeyError):
        return write_loosely(v, w, left)
{check}
    memo[key] = len(memo)
    if left < 1:
        w.descend(v, left)
    left -= 1
    index = w.index
    at = index.get(ENTRY)
    if at is None:
        at = index[ENTRY] = len(index)
    writers = w.writers
{convert}
    return [OBJECT, at, {names}]
"""
_RECORD: Final = """
def record(v):
    try:
{load}
    except (AttributeError, KeyError):
        return None
    if not ({check}):
        return None
    return (ENTRY, 0, {items})
"""
_READ: Final = """
def read_object(n, r, left):
    _, _, {names} = n
    if left < 1:
        enter(left)
    left -= 1
    o = blank({cls})
    refs = r.refs
    if refs is not None:
        refs.append(o)
{store}
    return o
"""


def _guess(annotation: Any) -> str:
    """Return what a field probably holds: a native's name, ``Decimal``, ``datetime``, ..."""
    text = annotation if type(annotation) is str else getattr(annotation, "__name__", "")
    if type(annotation) is not str and type(annotation) is not type:
        text = repr(annotation)
    text = _MODULES.sub("", text)
    if (optional := _OPTIONAL.fullmatch(text)) is not None:
        text = next(inner for inner in optional.groups() if inner is not None)
    if _LISTS.fullmatch(text):
        return "list"
    return text if text in _SINGLE or text in {"Decimal", "datetime"} else ""


def guesses_of(shape: Shape) -> list[str]:
    """Return what each field of a class probably holds, from its annotations as they stand."""
    found: dict[str, Any] = {}
    for owner in reversed(shape.cls.__mro__):
        found |= vars(owner).get("__annotations__", {})
    return [_guess(found.get(name, "")) for name in shape.fields]


def kinds_of(guesses: list[str]) -> str:
    """Return the kinds of a class's fields."""
    return "".join(_KINDS.get(guess, ANY) for guess in guesses)


def record_writer(
    shape: Shape, name: str, loosely: Writer
) -> tuple[Writer, Writer, Recorder | None]:
    """Return the writers of a record class, and what writes it as a message of its own.

    The second writer gives every list in it a node of its own.
    """
    fields = f"{name}|{','.join(shape.fields)}"
    guesses = guesses_of(shape)
    plain = [guess if guess not in _KINDS else "" for guess in guesses]
    writer = compile_writer(shape, fields, plain, loosely, loosely)
    if plain == guesses:
        return writer, writer, compile_recorder(shape, fields, guesses)
    entry = f"{fields}|{kinds_of(guesses)}"
    return (
        compile_writer(shape, entry, guesses, loosely, writer),
        writer,
        compile_recorder(shape, entry, guesses),
    )


def compile_writer(
    shape: Shape, entry: str, guesses: list[str], loosely: Writer, plainly: Writer
) -> Writer:
    """Generate the writer of a record class.

    Args:
        shape: The class.
        entry: Its name, fields and their kinds.
        guesses: What each field probably holds.
        loosely: Writes an instance with other state than its fields.
        plainly: Writes one that holds something else than its kinds allow.
    """
    space: dict[str, Any] = {
        "ENTRY": entry, "OBJECT": OBJECT, "write_loosely": loosely, "write_plainly": plainly,
        "Decimal": Decimal, "datetime": datetime, "UTC": UTC,
    }  # fmt: skip
    checks: list[str] = []
    converts: list[str] = []
    lists: list[str] = []
    for number, guess in enumerate(guesses):
        f = f"f{number}"
        node = f"if type({f}) not in native: {f} = writers[type({f})]({f}, w, left)"
        if guess == "Decimal":
            checks.append(f"{f} is None or type({f}) is Decimal")
            converts.append(f"if {f} is not None: {f} = str({f})")
        elif guess == "list":
            # A list met before must become a reference, which has no place in this form.
            others = "".join(f" and {f} is not {other}" for other in lists)
            checks.append(
                f"{f} is None or type({f}) is list and left > 1 and id({f}) not in memo"
                f"{others} and native.issuperset(map(type, {f}))"
            )
            converts.append(f"if {f} is not None: memo[id({f})] = len(memo)")
            lists.append(f)
        elif guess == "datetime":
            converts.append(
                f"if type({f}) is not datetime or {f}.tzinfo is not UTC or {f}.fold:\n"
                f"        {node}"
            )
        else:
            converts.append(node)
    source = _WRITE.format(
        load=_load(shape, space),
        check="\n".join(f"    if not ({c}): return write_plainly(v, w, left)" for c in checks),
        convert="\n".join(f"    {line}" for line in converts),
        names=_names(shape),
    )
    writer: Writer = _generate(source, "write", space)
    return writer


def compile_recorder(shape: Shape, entry: str, guesses: list[str]) -> Recorder | None:
    """Generate what makes a message of an instance without containers, if there may be any.

    Nothing in it can be shared, so nothing needs to be remembered while it is written.
    """
    space: dict[str, Any] = {
        "ENTRY": entry, "NATIVE": NATIVE, "Decimal": Decimal, "datetime": datetime, "UTC": UTC,
    }  # fmt: skip
    checks: list[str] = []
    items: list[str] = []
    lists: list[str] = []
    for number, guess in enumerate(guesses):
        f = f"f{number}"
        item = f
        if guess == "Decimal":
            checks.append(f"({f} is None or type({f}) is Decimal)")
            item = f"None if {f} is None else str({f})"
        elif guess == "list":
            others = "".join(f" and {f} is not {other}" for other in lists)
            checks.append(
                f"({f} is None or type({f}) is list{others} and NATIVE.issuperset(map(type, {f})))"
            )
            lists.append(f)
        elif guess == "datetime":
            checks.append(
                f"(type({f}) is datetime and {f}.tzinfo is UTC and not {f}.fold or {f} is None)"
            )
        elif guess:
            checks.append(f"(type({f}) is {guess} or type({f}) in NATIVE)")
        else:
            return None
        items.append(item)
    source = _RECORD.format(
        load=_load(shape, space), check="\n        and ".join(checks), items=", ".join(items)
    )
    recorder: Recorder = _generate(source, "record", space)
    return recorder


def compile_reader(shape: Shape, kinds: str) -> Reader:
    """Generate the reader of a record class whose fields are those of the writer."""
    space: dict[str, Any] = {
        "LEAVES": LEAVES, "READERS": READERS, "read": read, "enter": enter,
        "blank": shape.blank, "cls": shape.cls, "Decimal": Decimal,
        "none": none_only, "plain_list": plain_list,
    }  # fmt: skip
    bare = shape.allocate
    if bare is not None:
        space["blank"] = bare
    store = ["d = o.__dict__"] if shape.in_dict else []
    settable = vars_of(shape.cls, "__setattr__") is vars(object)["__setattr__"]
    guesses = guesses_of(shape)
    for number, name in enumerate(shape.fields):
        f = f"f{number}"
        item = _item(f, kinds[number : number + 1] or ANY, guesses[number])
        if name not in shape.slots:
            store.append(f"d[{name!r}] = {item}")
        elif settable and is_plain(shape.cls, name, shape.slots[name]):
            store.append(f"o.{name} = {item}")
        else:
            space[f"set{number}"] = shape.slots[name].__set__
            store.append(f"set{number}(o, {item})")
    if caches_hash(shape.cls):
        store.append(f"object.__setattr__(o, {CACHED_HASH!r}, None)")
    source = _READ.format(
        names=_names(shape),
        cls="" if bare is None else "cls",
        store="\n".join(f"    {line}" for line in store),
    ).replace("_, _,  = n", "_, _ = n")
    reader: Reader = _generate(source, "read_object", space)
    return reader


def _item(f: str, kind: str, guess: str) -> str:
    """Return the expression that reads one field."""
    if kind == DECIMAL:
        return f"Decimal({f}) if type({f}) is str else none({f})"
    if kind == LIST:
        return (
            f"{f} if refs is None and type({f}) is list and LEAVES.issuperset(map(type, {f})) "
            f"else plain_list({f}, r)"
        )
    first = f"type({f}) is {guess}" if guess in _SINGLE else f"type({f}) in LEAVES"
    # One call less than ``read`` for what is most often not a leaf.
    return (
        f"{f} if {first} else READERS[{f}[0]]({f}, r, left) if type({f}) is list "
        f"else read({f}, r, left)"
    )


def none_only(item: Any) -> None:
    """Return None; refuse anything else."""
    if item is not None:
        raise TypeError(f"a field holds a {type(item).__name__}, which its kind does not allow")


def plain_list(item: Any, r: Any) -> list[Any] | None:
    """Return a list of leaves that came without a tag, or None."""
    if item is None:
        return None
    if type(item) is not list or not LEAVES.issuperset(map(type, item)):
        raise TypeError("a field of leaves holds something else")
    if r.refs is not None:
        r.refs.append(item)
    return item


#: What turns an item of each kind into a value, where the fields are read in a loop.
BY_KIND: Final[dict[str, Callable[[Any, Any, int], Any]]] = {
    "": read,
    ANY: read,
    DECIMAL: lambda item, _r, _left: Decimal(item) if type(item) is str else none_only(item),
    LIST: lambda item, r, _left: plain_list(item, r),
}


def _load(shape: Shape, space: dict[str, Any]) -> str:
    """Return the lines that take an instance apart."""
    load = []
    if shape.has_dict:
        load.append("d = v.__dict__")
        load.append(f"if len(d) != {len(shape.in_dict)}: raise KeyError")
    for number, name in enumerate(shape.fields):
        if name not in shape.slots:
            load.append(f"f{number} = d[{name!r}]")
        elif is_plain(shape.cls, name, shape.slots[name]):
            load.append(f"f{number} = v.{name}")
        else:
            space[f"get{number}"] = shape.slots[name].__get__
            load.append(f"f{number} = get{number}(v)")
    return "\n".join(" " * 8 + line for line in load or ["pass"])


def _names(shape: Shape) -> str:
    return "".join(f"f{number}, " for number in range(len(shape.fields)))


def _generate(source: str, name: str, space: dict[str, Any]) -> Any:
    # Only names of fields, checked to be identifiers or quoted, are put into the source.
    exec(compile(source, "<seamline codec>", "exec"), space)  # noqa: S102
    return space[name]


def is_plain(cls: type, name: str, slot: Any) -> bool:
    """Whether attribute access by name reaches exactly this slot."""
    if (
        not name.isidentifier()
        or vars_of(cls, "__getattribute__") is not vars(object)["__getattribute__"]
    ):
        return False
    return vars_of(cls, name) is slot


def vars_of(cls: type, name: str) -> Any:
    """Return a class attribute as it stands in the class, without binding it."""
    return next(vars(owner)[name] for owner in cls.__mro__ if name in vars(owner))

"""What pydantic makes beside models: its addresses, and the exceptions of its core.

Its secrets and zones are with their like. It is never imported for a writer: its values exist
only where it is loaded already. What was in a value is in no error here, for an address may
hold a password.
"""

import sys
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from seamline.wire.libraries import load_library
from seamline.wire.marks import READERS, URL, Reading, Refused, Writer, Writing

_CORE: Final = "pydantic_core._pydantic_core"
_URLS: Final = ("Url", "MultiHostUrl")
#: What an address may be read with; the first that gives an equal one. Since 2.12 a model may
#: keep the path of ``http://a.example`` empty, which is another address than one with a slash.
_OPTIONS: Final[tuple[dict[str, bool], ...]] = ({}, {"preserve_empty_path": True})


def url_writer(cls: type) -> Writer | None:
    """Return the writer of an address of pydantic's core, or None for any other class.

    The classes of ``pydantic.networks`` hold one; before 2.10 they were names for it.
    """
    core = sys.modules.get(_CORE)
    for number, name in enumerate(_URLS):
        if core is not None and cls is getattr(core, name, None):
            return _writer(cls, number)
    return None


def _writer(cls: type, number: int) -> Writer:
    def write(value: Any, _w: Writing, _left: int) -> Any:
        text = str(value)
        for way, options in enumerate(_OPTIONS):
            try:
                again = cls(text, **options)
            except (TypeError, ValueError):
                continue
            if again == value and str(again) == text:
                return [URL, number, way, text]
        raise Refused(value, "its library reads another address from its text")

    return write


def read_url(node: list[Any], _r: Reading, _left: int) -> Any:
    """Read an address.

    Raises:
        NotSendable: There is no pydantic here.
        TypeError: There is none such.
    """
    _, number, way, text = node
    if type(text) is not str or {type(number), type(way)} != {int} or min(number, way) < 0:
        raise TypeError("an address is something else")
    core = load_library(_CORE)
    try:
        return getattr(core, _URLS[number])(text, **_OPTIONS[way])
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        reason = type(error).__name__
    raise TypeError(f"an address that cannot be read here: {reason}")


READERS[URL] = read_url


# -- exceptions: the core keeps what they say out of sight, so that none can be made blank ------


class _Maker(NamedTuple):
    """How an exception of the core is made again.

    Attributes:
        parts: Returns what ``make`` needs beside the class, from an exception; None if nothing
            makes an equal one.
        make: Returns one of the class; calls no code of the application.
    """

    parts: Callable[[Any], tuple[Any, ...] | None]
    make: Callable[..., Any]


def parts_of(error: BaseException) -> tuple[Any, ...] | None:
    """Return what an exception of the core is made from, or None for any other."""
    maker = _maker_of(type(error))
    try:
        return None if maker is None else maker[0].parts(error)
    except Exception:  # noqa: BLE001 - what its values do when they are compared and printed
        return None


def is_made(cls: type) -> bool:
    """Whether exceptions of a class are made from parts."""
    return _CORE in sys.modules and _maker_of(cls) is not None


def made_of(cls: type, parts: Any) -> Any:
    """Return the exception of a class and its parts.

    Raises:
        TypeError: They make none here; the library may be of another version.
    """
    found = _maker_of(cls)
    if found is None or type(parts) is not tuple:
        raise TypeError("an exception that is not made from parts")
    maker, native = found
    try:
        made = maker.make(native, cls, *parts)
    except Exception as error:  # noqa: BLE001 - the library's own, about what the peer sent
        raise TypeError(
            f"{cls.__qualname__} cannot be made here: {type(error).__name__}"
        ) from None
    if type(made) is not cls:
        raise TypeError(f"{cls.__qualname__} is made as another class")
    return made


def _maker_of(cls: type) -> tuple[_Maker, Any] | None:
    for owner in cls.__mro__:
        if owner.__module__ == _CORE and owner.__name__ in _MAKERS:
            return _MAKERS[owner.__name__], owner
    return None


def _new(native: Any, cls: type, *parts: Any) -> Any:
    return native.__new__(cls, *parts)


def _pairs(context: dict[str, Any] | None) -> tuple[tuple[str, Any], ...] | None:
    """Return a context as a tuple: a dict may still be empty when the error is made of it."""
    return None if context is None else tuple(context.items())


def _in_context(native: Any, cls: type, pairs: Any, *parts: Any) -> Any:
    return _new(native, cls, *parts, None if pairs is None else dict(pairs))


def _text_part(error: Any) -> tuple[Any, ...] | None:
    text = str(error)
    found = _maker_of(type(error))
    assert found is not None
    if getattr(error, "error_count", int)() or str(_new(found[1], type(error), text)) != text:
        return None
    return (text,)


def _validation_parts(error: Any) -> tuple[Any, ...] | None:
    """Return title, kind of input, whether that is hidden, and the lines of an error."""
    text = str(error)
    details = error.errors()
    for kind in ("python", "json"):
        lines = [_line(type(error), kind, each) for each in details]
        for is_hidden in (False, True):
            again = _validation(None, type(error), error.title, kind, is_hidden, *lines)
            if str(again) == text and _are_alike(again.errors(), details):
                return (error.title, kind, is_hidden, *lines)
    return None


def _line(cls: Any, kind: str, details: dict[str, Any]) -> tuple[Any, ...]:
    """Return what one line of a validation error is made from.

    The core has texts of its own for the types of errors it knows; others bring one along.
    """
    parts = (details["loc"], details["input"], _pairs(details.get("ctx")))
    known = (details["type"], None, *parts)
    try:
        again = _validation(None, cls, "", kind, False, known).errors()
    except (KeyError, TypeError, ValueError):
        again = []
    if _are_alike(again, [details]):
        return known
    return (details["type"], details["msg"], *parts)


def _are_alike(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> bool:
    return len(some) == len(others) and all(
        one.keys() == other.keys()
        and all(one[name] == other[name] for name in ("type", "loc", "msg"))
        and one.get("url") == other.get("url")
        and one.get("ctx", {}).keys() == other.get("ctx", {}).keys()
        and all(_is_alike(one["ctx"][name], x) for name, x in other.get("ctx", {}).items())
        for one, other in zip(some, others, strict=True)
    )


def _is_alike(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and bool(one == other))


def _validation(
    _native: Any, cls: Any, title: str, kind: str, is_hidden: bool, *lines: tuple[Any, ...]
) -> Any:
    core = sys.modules[_CORE]
    made = []
    for name, text, where, given, pairs in lines:
        context = None if pairs is None else dict(pairs)
        line = {"type": name, "loc": where, "input": given}
        if text is not None:
            line["type"] = core.PydanticCustomError(name, text, context)
        elif context is not None:
            line["ctx"] = context
        made.append(line)
    return cls.from_exception_data(title, made, kind, is_hidden)


_MAKERS: Final[dict[str, _Maker]] = {
    "ValidationError": _Maker(_validation_parts, _validation),
    "PydanticCustomError": _Maker(
        lambda error: (_pairs(error.context), error.type, error.message_template), _in_context
    ),
    "PydanticKnownError": _Maker(lambda error: (_pairs(error.context), error.type), _in_context),
    "PydanticSerializationError": _Maker(_text_part, _new),
    "PydanticSerializationUnexpectedValue": _Maker(_text_part, _new),
    "SchemaError": _Maker(_text_part, _new),
    "PydanticOmit": _Maker(lambda _: (), _new),
    "PydanticUseDefault": _Maker(lambda _: (), _new),
}

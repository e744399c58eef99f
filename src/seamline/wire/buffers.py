"""Buffers: bytearray, memoryview, array.array and numpy's arrays and scalars.

numpy is loaded where a value of it arrives, not where one is written: there it is.
"""

import ast
import sys
from array import array
from typing import Any

from seamline.wire.libraries import load_library
from seamline.wire.marks import (
    ARRAY,
    BYTEARRAY,
    MEMORYVIEW,
    NDARRAY,
    NUMPY_SCALAR,
    READERS,
    WRITERS,
    Reading,
    Refused,
    Writer,
    Writing,
)


def refuse_shared(value: Any, w: Writing) -> None:
    """Refuse a second value over the same memory where what is written may be changed.

    Apart they would hold the same until one of them is written to, which the other shows.
    """
    kept: dict[int, Any] | None = getattr(w, "kept", None)  # of a message that is tracked
    if kept is None:
        return
    owner = value
    while not isinstance(owner, bytes):
        under = owner.obj if type(owner) is memoryview else getattr(owner, "base", None)
        if under is None:
            break
        owner = under
    if isinstance(owner, bytes):
        return
    # No identity is negative, so this is no number of another value.
    others = kept.setdefault(-2 - id(owner), [])
    if any(_overlap(value, other) for other in others):
        raise Refused(value, "another value of this call shares its memory; pass one of them")
    others.append(value)


def _overlap(one: Any, other: Any) -> bool:
    """Whether two values over one memory may have bytes in common; views apart have none."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not all(isinstance(each, numpy.ndarray) for each in (one, other)):
        return True
    return bool(numpy.may_share_memory(one, other))


def write_bytearray(value: bytearray, w: Writing, _left: int) -> Any:
    """Write a bytearray."""
    if id(value) in w.memo:
        return w.again(value)
    refuse_shared(value, w)
    w.track(value)
    return [BYTEARRAY, bytes(value)]


def read_bytearray(node: list[Any], r: Reading, _left: int) -> bytearray:
    """Read a bytearray."""
    value = bytearray(_data(node[1]))
    if r.refs is not None:
        r.refs.append(value)
    return value


def write_memoryview(value: memoryview, w: Writing, _left: int) -> Any:
    """Write a contiguous view's content, format and shape."""
    if id(value) in w.memo:
        return w.again(value)
    if not value.c_contiguous:
        raise Refused(value, "it is not contiguous")
    if value.format not in _FORMATS:
        raise Refused(value, f"its format {value.format!r} is not a single native one")
    if value.ndim != 1 and 0 in (value.shape or (0,)):
        raise Refused(value, "it is empty in more than one dimension")
    refuse_shared(value, w)
    w.track(value)
    shape = None if value.ndim == 1 else list(value.shape or ())
    return [MEMORYVIEW, value.tobytes(), value.format, shape, value.readonly]


#: The formats that ``memoryview.cast`` takes.
_FORMATS = frozenset("@" * at + code for at in (0, 1) for code in "cbBhHiIlLqQnNfd?P")


def read_memoryview(node: list[Any], r: Reading, _left: int) -> memoryview:
    """Read a view, over a copy of its own."""
    _, data, code, shape, readonly = node
    owned = _data(data) if readonly else bytearray(_data(data))
    value = memoryview(owned)
    if shape is not None:
        value = value.cast(code, shape)
    elif code != "B":
        value = value.cast(code)
    if r.refs is not None:
        r.refs.append(value)
    return value


def write_array(value: "array[Any]", w: Writing, _left: int) -> Any:
    """Write an array with its item type."""
    if id(value) in w.memo:
        return w.again(value)
    refuse_shared(value, w)
    w.track(value)
    return [ARRAY, value.typecode, value.tobytes()]


def read_array(node: list[Any], r: Reading, _left: int) -> "array[Any]":
    """Read an array."""
    _, typecode, data = node
    value: array[Any] = array(typecode)
    value.frombytes(_data(data))
    if r.refs is not None:
        r.refs.append(value)
    return value


def numpy_writer(cls: type) -> Writer | None:
    """Return the writer of a numpy type, or None for any other type."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if cls is numpy.ndarray:
        return write_ndarray
    if issubclass(cls, numpy.generic):
        return write_numpy_scalar
    return None


def describe(dtype: Any) -> str:
    """Return text from which ``dtype_of`` makes an equal dtype.

    Raises:
        ValueError: There is none, as for objects.
    """
    numpy: Any = sys.modules["numpy"]
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    for text in (dtype.str, dtype.char, repr(dtype.descr)):
        try:
            found = dtype_of(text)
        except (TypeError, ValueError, SyntaxError):
            continue
        if found == dtype and found.type is dtype.type and found.char == dtype.char:
            return str(text)
    raise ValueError(f"its dtype {dtype} has no plain description in {numpy.__name__}")


def dtype_of(text: str) -> Any:
    """Return the dtype of a description."""
    found = load_library("numpy").dtype(ast.literal_eval(text) if text.startswith("[") else text)
    if found.hasobject:
        raise TypeError("an array holds Python objects")
    return found


def write_ndarray(value: Any, w: Writing, _left: int) -> Any:
    """Write an array: dtype, shape, memory order, whether it may be written to."""
    if id(value) in w.memo:
        return w.again(value)
    try:
        dtype = describe(value.dtype)
    except ValueError as exc:
        raise Refused(value, str(exc)) from exc
    refuse_shared(value, w)
    w.track(value)
    order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    data = value.tobytes(order)
    return [NDARRAY, dtype, list(value.shape), order, data, bool(value.flags.writeable)]


def read_ndarray(node: list[Any], r: Reading, _left: int) -> Any:
    """Read an array that owns its memory."""
    _, text, shape, order, data, writeable = node
    dtype = dtype_of(text)
    numpy: Any = sys.modules["numpy"]
    size = dtype.itemsize
    for length in shape:
        if type(length) is not int or length < 0:
            raise ValueError("an array's shape has a length that is none")
        size *= length
    if size != len(_data(data)):
        raise ValueError("an array's data does not fill its shape")
    value = numpy.ndarray(tuple(shape), dtype, data, order=order).copy(order)
    value.flags.writeable = bool(writeable)
    if r.refs is not None:
        r.refs.append(value)
    return value


def write_numpy_scalar(value: Any, _w: Writing, _left: int) -> Any:
    """Write a numpy scalar by its dtype and bytes."""
    try:
        return [NUMPY_SCALAR, describe(value.dtype), value.tobytes()]
    except ValueError as exc:
        raise Refused(value, str(exc)) from exc


def read_numpy_scalar(node: list[Any], _r: Reading, _left: int) -> Any:
    """Read a numpy scalar."""
    _, text, data = node
    dtype = dtype_of(text)
    numpy: Any = sys.modules["numpy"]
    if dtype.itemsize == 0:
        return dtype.type()
    if len(_data(data)) != dtype.itemsize:
        raise ValueError("a numpy scalar has another size than its type")
    return numpy.ndarray((), dtype, data).copy()[()]


def _data(value: Any) -> bytes:
    if type(value) is not bytes:
        raise TypeError("a buffer's content is not bytes")
    return value


WRITERS.update({bytearray: write_bytearray, memoryview: write_memoryview, array: write_array})
READERS.update(
    {
        BYTEARRAY: read_bytearray,
        MEMORYVIEW: read_memoryview,
        ARRAY: read_array,
        NDARRAY: read_ndarray,
        NUMPY_SCALAR: read_numpy_scalar,
    }
)

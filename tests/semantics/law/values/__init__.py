"""Row 1, 2, 3, 4: values and exceptions that cross, arguments that change."""

import contextlib
import functools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from law.model import Handle, LawError, Login, Money, Order

F = TypeVar("F", bound=Callable[..., Any])

_MISSING = object()
_DEPTH: list[int] = []


def echo(value: Any) -> Any:
    """Return the value; counts itself so that it has a body of the host's own."""
    _DEPTH.append(1)
    return value


def keep(value: Any) -> list[Any]:
    """Needs nothing of the host's: a value that cannot cross keeps the call with its caller."""
    return [item for item in (value, value) if item is not None]


def echo_many(*values: Any, **named: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    _DEPTH.append(1)
    return values, named


def shapes(a: int, /, b: int = 2, *rest: int, c: int = 3, **more: int) -> tuple[Any, ...]:
    _DEPTH.append(1)
    return a, b, rest, c, more


def same(first: list[int], second: list[int]) -> bool:
    """Tell whether both arguments are one object."""
    _DEPTH.append(1)
    return first is second


def given(value: Any = _MISSING) -> str:
    """Tell whether an argument was given, by a sentinel default."""
    _DEPTH.append(1)
    return "missing" if value is _MISSING else "given"


def given_nameless(value: Any = object()) -> str:  # noqa: B008 - the point of it
    """Tell whether an argument was given, by a sentinel that only the default holds."""
    _DEPTH.append(1)
    return "missing" if value is given_nameless.__defaults__[0] else "given"  # type: ignore[index]


def total(orders: list[Money]) -> Money:
    _DEPTH.append(1)
    return sum(orders, Money(Decimal(0)))


def fails(kind: str) -> None:
    """Raise an error of the kind."""
    _DEPTH.append(1)
    if kind == "law":
        error = LawError("late", order=7)
        error.add_note("the courier was ill")
        raise error
    if kind == "chained":
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise LawError("outer", order=8) from inner
    if kind == "os":
        raise FileNotFoundError(2, "No such file", "/nowhere")
    if kind == "stop":
        raise StopIteration(3)
    if kind == "exit":
        raise SystemExit(4)
    raise LookupError(kind)


def log_in(fields: dict[str, Any]) -> Login:
    _DEPTH.append(1)
    return Login.model_validate(fields)


def log_in_by_file() -> Login:
    """Raise an error that holds what cannot cross."""
    _DEPTH.append(1)
    with Path(os.devnull).open() as file:
        return Login.model_validate({"home": file, "password": "x"})


def rename(order: Order, number: int) -> Order:
    """Return a copy; provably changes nothing it was given."""
    _DEPTH.append(1)
    return Order(number, order.at, list(order.lines))


def when(moment: datetime) -> datetime:
    _DEPTH.append(1)
    return moment


def read(handle: Handle) -> list[str]:
    """Refused: needs a live object, and touches the host's state."""
    _DEPTH.append(1)
    return list(handle.lines)


def decorated(function: F) -> F:
    """A decorator: stays local, whatever else happens."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        _DEPTH.append(0)
        try:
            return function(*args, **kwargs)
        finally:
            _DEPTH.pop()

    return wrapper  # type: ignore[return-value]


@decorated
def in_transaction(amount: int) -> tuple[int, int]:
    """Runs between the begin and the commit of its decorator, on the host."""
    return amount, os.getpid()


@functools.lru_cache(maxsize=8)
def cached(number: int) -> tuple[int, int]:
    _DEPTH.append(1)
    return number, len(_DEPTH)


def apply(function: Any, number: int) -> int:
    """Call a function that crossed by reference."""
    _DEPTH.append(1)
    return function(number)


def process() -> int:
    """Return the process id of the host."""
    _DEPTH.append(1)
    return os.getpid()


def fill(rows: list[Any], named: dict[str, Any]) -> list[Any]:
    """Row 3: change both arguments, move what they hold, return one of them."""
    _DEPTH.append(1)
    last = rows.pop()
    named["last"] = last
    named["rows"] = rows
    rows.insert(0, {"new": last})
    return rows


def fill_by_class(rows: list[list[int]]) -> None:
    """Row 3: change the argument where no method of it is called."""
    _DEPTH.append(1)
    list.append(rows[0], 1)


def fill_by_lambda(rows: list[list[int]]) -> None:
    _DEPTH.append(1)
    list(map(lambda row: row.append(1), rows))  # noqa: C417 - the point of it


def stamp(data: bytearray, view: memoryview) -> int:
    """Row 3: change one of two arguments over the same memory, and read the other."""
    _DEPTH.append(1)
    data[0] = 7
    return int(view[0])


def look_up(shelf: Any, *keys: str, **names: Any) -> list[Any]:
    """Row 3: only reads, as it looks; some dictionaries store what they are asked for."""
    _DEPTH.append(len(names))
    return [shelf[key] for key in keys]


def count_of(shelf: Any, key: str) -> int:
    _DEPTH.append(1)
    return len(shelf[key])


def by_length(rows: list[list[int]]) -> dict[int, list[int]]:
    _DEPTH.append(1)
    found: dict[int, list[int]] = {}
    for row in rows:
        found |= {len(row): row}
    return found


def pay(order: Order) -> Order:
    """Change a value class's instance: a field, a list it holds, an attribute beside them."""
    _DEPTH.append(1)
    order.number += 1
    order.lines.append("paid")
    order.paid = True  # type: ignore[attr-defined]
    return order


def pay_or_fail(orders: list[Order]) -> None:
    _DEPTH.append(1)
    for order in orders:
        if not order.number:
            raise LawError("cannot be paid", order=order.number)
        order.lines.append("paid")


async def pay_later(order: Order) -> None:
    _DEPTH.append(1)
    order.lines.append("paid later")


def take(queue: list[Any]) -> Iterator[Any]:
    """Take what is in the queue at each step, then say so in it."""
    _DEPTH.append(1)
    while queue:
        yield queue.pop(0)
    queue.append("empty")


async def take_later(queue: list[Any]) -> AsyncIterator[Any]:
    _DEPTH.append(1)
    while queue:
        yield queue.pop(0)
    queue.append("empty")


@contextlib.contextmanager
def opened(order: Order) -> Iterator[Order]:
    _DEPTH.append(1)
    order.lines.append("opened")
    try:
        yield order
    finally:
        order.lines.append(f"closed with {len(order.lines)}")


def first_of(rows: list[list[int]]) -> list[int]:
    """Return a part of the argument; change nothing."""
    _DEPTH.append(1)
    return rows[0]


def mark(cls: Any, number: int) -> None:
    """Set something on a class, or change what it holds, in the process of its state."""
    _DEPTH.append(number)
    if number > 1:
        cls.marks.append(number)
    else:
        cls.mark = number


def spoil(rows: list[Any]) -> None:
    """Put something into the argument that cannot cross."""
    _DEPTH.append(1)
    rows.append(Handle())

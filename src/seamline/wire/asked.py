"""What requests of all frameworks share: plain values, and errors for what stayed behind."""

from typing import Any, Final

import msgspec

from seamline.errors import ContextElsewhere
from seamline.wire.marks import NATIVE, Refused

#: Where a request that was rebuilt holds what it cannot have: it says that it is no caller's.
MARK: Final = "_seamline_absent"
#: The name of what of a request is compared and changed as plain values, all of it at once.
REST: Final = "="


class Partial(dict[Any, Any]):
    """A dict of which some items stayed with the caller: reading one of those is an error."""

    def __init__(self, items: dict[Any, Any], absent: frozenset[Any], what: str) -> None:
        super().__init__(items)
        self._absent = absent
        self._what = what

    @property
    def absent(self) -> frozenset[Any]:
        """Return the names that are still with the caller alone."""
        return self._absent - self.keys()

    def __missing__(self, key: Any) -> Any:
        if key in self._absent:
            raise refusal(self._what, key)
        raise KeyError(key)

    def get(self, key: Any, default: Any = None) -> Any:
        """Return an item; raise for one that stayed with the caller."""
        return self[key] if key in self or key in self._absent else default


def refusal(what: str, name: object) -> ContextElsewhere:
    """Return the error for reading a part that stayed with the caller."""
    return ContextElsewhere(
        f"{what} {name!r} is set in the process of the caller and cannot cross the seam, and the "
        "code that runs here reads it. Pass the values you need from it as an argument"
    )


def is_plain(value: Any, left: int = 20) -> bool:
    """Whether a value is made of natives, tuples, lists and dicts only."""
    kind = type(value)
    if kind in NATIVE:
        return True
    if left and (kind is tuple or kind is list):
        return all(is_plain(item, left - 1) for item in value)
    if left and kind is dict:
        return all(
            type(name) is str and is_plain(item, left - 1) for name, item in dict.items(value)
        )
    return False


def split(values: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the plain items, and the names of the others."""
    plain = {name: value for name, value in values.items() if is_plain(value)}
    return plain, tuple(name for name in values if name not in plain)


def packed(parts: tuple[Any, ...], request: Any) -> bytes:
    """Return plain values as bytes: their containers are nobody else's and need no identity.

    Raises:
        Refused: A text or a number of them does not fit.
    """
    try:
        return msgspec.msgpack.encode(_node(parts))
    except (OverflowError, UnicodeEncodeError) as error:
        raise Refused(request, f"a value of it does not fit: {error}") from error


def unpacked(data: Any) -> Any:
    """Return what was packed.

    Raises:
        TypeError, ValueError: It is something else.
    """
    return _value(msgspec.msgpack.decode(data))


def _node(value: Any) -> Any:
    kind = type(value)
    if kind is tuple or kind is list:
        return [kind is tuple, *map(_node, value)]
    if kind is dict:
        return {name: _node(item) for name, item in value.items()}
    return value


def _value(node: Any, left: int = 24) -> Any:
    if type(node) is list and left:
        items = [_value(item, left - 1) for item in node[1:]]
        return tuple(items) if node[0] else items
    if type(node) is dict and left:
        return {name: _value(item, left - 1) for name, item in node.items()}
    if type(node) not in NATIVE:
        raise TypeError("a request holds something else than plain values")
    return node


def update(held: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    """Make the changes between two states of plain items in a dict that holds more."""
    for name in before.keys() - after.keys():
        held.pop(name, None)
    held |= {n: x for n, x in after.items() if n not in before or before[n] != x}

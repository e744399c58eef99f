"""Changes that a host made, applied to the caller's own objects: identity is kept."""

from typing import Any, Final

#: Flag of types that a ``class`` statement made, from CPython's ``object.h``.
_HEAP_TYPE: Final = 1 << 9


def merged(own: Any, new: Any) -> Any:
    """Return the object that is to be where ``own`` is, so that it equals ``new``.

    Lists, dicts and sets of the same type are changed in place, and what they hold likewise:
    by key in a dict, by position in a list of the same length. In another list, what is
    equal keeps its identity.
    """
    kind = type(own)
    if kind is not type(new) or own is new:
        return new
    if kind is dict:
        for key in [key for key in own if key not in new]:
            del own[key]
        for key, value in new.items():
            own[key] = merged(own[key], value) if key in own else value
        return own
    if kind is list:
        own[:] = _items(own, new)
        return own
    if kind is set or kind is bytearray:
        own.clear()
        own.extend(new) if kind is bytearray else own.update(new)
        return own
    if _is_record(kind):
        vars(own).update(merged(vars(own), vars(new)))
        return own
    return own if _is_equal(own, new) else new


def _is_record(kind: type) -> bool:
    """Whether all state of a class's instances is in their ``__dict__``."""
    return kind.__dictoffset__ != 0 and all(
        owner is object or (owner.__flags__ & _HEAP_TYPE and not vars(owner).get("__slots__"))
        for owner in kind.__mro__
    )


def _items(own: list[Any], new: list[Any]) -> list[Any]:
    if len(own) == len(new):
        return [merged(before, after) for before, after in zip(own, new, strict=True)]
    left = list(own)
    found = []
    for item in new:
        place = next((at for at, other in enumerate(left) if _is_equal(other, item)), None)
        found.append(item if place is None else left.pop(place))
    return found


def _is_equal(own: Any, new: Any) -> bool:
    """Whether two values are equal and of one type, down to what containers hold."""
    if type(own) is not type(new):
        return False
    if type(own) in {list, tuple}:
        return len(own) == len(new) and all(map(_is_equal, own, new))
    if type(own) is dict:
        return own.keys() == new.keys() and all(_is_equal(own[key], new[key]) for key in own)
    return bool(own == new)

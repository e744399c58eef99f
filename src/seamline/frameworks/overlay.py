"""The configuration of an application, made equal to the caller's: plain values only.

It is looked at in every call, because tests change it after the application was made.
"""

import contextlib
import sys
import weakref
from datetime import timedelta
from functools import cache
from typing import Any, Final

from seamline.errors import ContextElsewhere, NotSendable, WireError
from seamline.wire import Codec

_IMMUTABLE: Final = frozenset({type(None), bool, int, float, str, bytes, timedelta})


class _Seen:
    """What was last seen of one application's settings, and its encoding.

    Attributes:
        refused: Values that can never cross, whatever they hold, by dictionary and name.
        settings: The settings otherwise, if none of them can change in place.
        shape: What comparing these does not tell: which were refused, and all types.
        data: Their encoding.
    """

    __slots__ = ("data", "refused", "settings", "shape")

    def __init__(self) -> None:
        self.refused: dict[tuple[int, Any], weakref.ref[Any]] = {}
        self.settings: tuple[dict[Any, Any], ...] | None = None
        self.shape: tuple[object, ...] = ()
        self.data = b""


class Overlay:
    """Packs and applies the settings of applications, through the codec of one seam."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._seen: weakref.WeakKeyDictionary[Any, _Seen] = weakref.WeakKeyDictionary()

    def pack(self, application: Any) -> bytes:
        """Return the encoded settings of an application."""
        config, extras = dict(application.config), _extras(application)
        seen = self._seen.get(application)
        if seen is None:
            seen = self._seen[application] = _Seen()
        settings = tuple(
            {
                name: value
                for name, value in values.items()
                if seen.refused.get((number, name), _nothing)() is not value or value is None
            }
            for number, values in enumerate((config, extras))
        )
        refused = tuple(name for name in config if name not in settings[0])
        shape = (refused, *(tuple(map(type, one.values())) for one in settings))
        if seen.settings == settings and seen.shape == shape:
            return seen.data
        seen.settings = None
        plain, own = (self._plain_part(number, one, seen) for number, one in enumerate(settings))
        left = tuple(name for name in config if name not in plain)
        data = self._codec.encode((plain, left, own), where="the configuration")
        # A value that can change in place has to be encoded again each time.
        if all(type(value) in _IMMUTABLE for one in settings for value in one.values()):
            seen.settings, seen.shape, seen.data = settings, shape, data
        return data

    def _plain_part(self, number: int, values: dict[Any, Any], seen: _Seen) -> dict[Any, Any]:
        plain, left = plain_part(values, self._codec)
        for name in left:
            if self._can_never_cross(values[name]):
                with contextlib.suppress(TypeError):  # it takes no weak references
                    seen.refused[number, name] = weakref.ref(values[name])
        return plain

    def _can_never_cross(self, value: object) -> bool:
        """Whether a value is refused for what it is, and not for something that it holds."""
        try:
            self._codec.encode(value, where="value")
        except NotSendable as error:
            return error.path == "value"
        return False

    def apply(self, application: Any, data: bytes) -> None:
        """Give an application the settings that :meth:`pack` encoded elsewhere.

        Raises:
            WireError: They are no settings.
        """
        if self.pack(application) == data:
            return
        found = self._codec.decode(data)
        match found:
            case (dict() as plain, tuple() as left, dict() as extras):
                pass
            case _:
                raise WireError("the peer sent something else than a configuration")
        config = application.config
        for name in [name for name in config if name not in plain and name not in left]:
            del config[name]
        for name, value in plain.items():
            if (
                name not in config
                or config[name] != value
                or type(config[name]) is not type(value)
            ):
                config[name] = value
        vars(application).update(extras)

    def conflict(self, application: Any, data: bytes) -> str | None:
        """Return a name of which an application has another plain value than the caller's."""
        own = self.pack(application)
        if own == data:
            return None
        (mine, _, extra), (theirs, _, other) = self._codec.decode(own), self._codec.decode(data)
        for ours, others in ((mine, theirs), (extra, other)):
            for name in ours.keys() & others.keys():
                if ours[name] != others[name]:
                    return str(name)
        return None

    def check(self, application: Any, data: bytes, name: str) -> None:
        """Refuse that a call changed the settings.

        Raises:
            ContextElsewhere: It did; the caller's would stay as they are.
        """
        if self.pack(application) != data:
            raise ContextElsewhere(
                f"{name} ran and changed the configuration or an attribute of current_app; the "
                "caller's application did not change. Change it where the application is made, "
                "or keep both in one group"
            )


def _nothing() -> None:
    """Stand for a weak reference to nothing."""


def plain_part(values: dict[Any, Any], codec: Codec) -> tuple[dict[Any, Any], list[Any]]:
    """Return what of some values can cross, and the names of the others."""
    try:
        codec.encode(values)
    except NotSendable:
        plain, left = {}, []
        for name, value in values.items():
            try:
                codec.encode(value)
            except NotSendable:
                left.append(name)
            else:
                plain[name] = value
        return plain, left
    return values, []


def _extras(application: Any) -> dict[str, Any]:
    """Return the attributes that the application's own code set on an application object."""
    bare = _bare_names(type(application))
    return {
        name: value
        for name, value in vars(application).items()
        if name not in bare and not hasattr(type(application), name)
    }


def _bare_names(cls: type) -> frozenset[str]:
    """Return the attributes that the framework sets on its application objects."""
    for owner in cls.__mro__:
        if owner.__module__ in {"flask.app", "quart.app"}:
            return _names_set_by(owner)
    return frozenset()


@cache
def _names_set_by(owner: Any) -> frozenset[str]:
    return frozenset(vars(owner("seamline", root_path=sys.prefix, static_folder=None)))

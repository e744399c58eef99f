"""Settings of an application: a factory's arguments, with classes of plain values in them.

``create_app(TestConfig)`` is common, and such a class often exists in the tests alone: it
crosses as its name, its bases and its plain attributes.
"""

from types import MappingProxyType
from typing import Any, Final

from seamline.errors import NotSendable, WireError
from seamline.wire import Codec

_MARK: Final = "\0settings"
_OWN: Final = frozenset(
    {"__module__", "__qualname__", "__dict__", "__weakref__", "__doc__", "__annotations__",
     "__firstlineno__", "__static_attributes__"}
)  # fmt: skip

Given = tuple[dict[str, Any], tuple[Any, ...], dict[str, Any]]


def pack_settings(given: Given, codec: Codec) -> bytes:
    """Encode a factory's arguments: by name, variadic ones, keywords.

    Raises:
        NotSendable: One of them cannot cross.
    """
    named, extra, keywords = given
    described = (
        tuple((name, _described(named[name], codec)) for name in sorted(named)),
        tuple(_described(value, codec) for value in extra),
        tuple((name, _described(keywords[name], codec)) for name in sorted(keywords)),
    )
    return codec.encode(described, where="the factory's arguments")


def unpack_settings(data: bytes, codec: Codec) -> Given:
    """Return the arguments that :func:`pack_settings` encoded.

    Raises:
        WireError: The bytes are anything else.
    """
    found = codec.decode(data)
    try:
        named, extra, keywords = found
        return (
            {str(name): _rebuilt(value) for name, value in named},
            tuple(_rebuilt(value) for value in extra),
            {str(name): _rebuilt(value) for name, value in keywords},
        )
    except (TypeError, ValueError) as error:
        raise WireError(f"the peer sent something else than a factory's arguments: {error}") from (
            error
        )


def _described(value: Any, codec: Codec) -> Any:
    if not isinstance(value, type):
        return value
    try:
        codec.encode(value)
    except NotSendable:
        space = {
            name: item
            for name, item in vars(value).items()
            if name not in _OWN and not isinstance(item, MappingProxyType)
        }
        bases = tuple(_described(base, codec) for base in value.__bases__ if base is not object)
        module = {"__module__": value.__module__, "__qualname__": value.__qualname__}
        return (_MARK, value.__name__, bases, space, module)
    return value


def _rebuilt(value: Any) -> Any:
    if type(value) is tuple and len(value) == 5 and value[0] == _MARK:  # noqa: PLR2004
        _, name, bases, space, module = value
        return type(name, tuple(_rebuilt(base) for base in bases), {**module, **space})
    return value

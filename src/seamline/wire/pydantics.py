"""What pydantic makes beside models: its addresses. Its secrets and zones are with their like.

It is never imported for a writer: its values exist only where it is loaded already. What was
in a value is in no error here, for an address may hold a password.
"""

import importlib
import sys
from typing import Any, Final

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
        TypeError: There is none such, or no pydantic here.
    """
    _, number, way, text = node
    if type(text) is not str or {type(number), type(way)} != {int} or min(number, way) < 0:
        raise TypeError("an address is something else")
    try:
        # This module, whatever the peer says.
        return getattr(importlib.import_module(_CORE), _URLS[number])(text, **_OPTIONS[way])
    except (ImportError, AttributeError, LookupError, TypeError, ValueError) as error:
        reason = type(error).__name__
    raise TypeError(f"an address that cannot be read here: {reason}")


READERS[URL] = read_url

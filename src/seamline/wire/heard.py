"""What a host said while a call ran: warnings, log records, printed text. Values only.

Only hosts of a test session send any, for the process of the tests to say it again.
"""

import json
from typing import Any, TypeAlias

import msgspec

from seamline.errors import WireError

#: What arguments of a warning or of a log record are sent as; anything else becomes its text.
Spoken: TypeAlias = str | int | float | bool | None


class Warned(msgspec.Struct, frozen=True, array_like=True, tag="w"):
    """One warning.

    Attributes:
        categories: Its class and that class' bases, as ``module:qualified name``.
        arguments: Of the warning object.
        file, line: What the warning is about.
        above: When that was in the caller: how many frames above the call; -1 otherwise.
        attributes: Of the warning object.
    """

    categories: tuple[str, ...]
    arguments: tuple[Spoken, ...]
    file: str
    line: int
    above: int = -1
    attributes: dict[str, Spoken] = {}


class Logged(msgspec.Struct, frozen=True, array_like=True, tag="l"):
    """One log record.

    Attributes:
        logger: The logger's name.
        level: Its number.
        message: Before the arguments are put in.
        arguments: To be put in, by position or by name; None when the message has them in it.
        file, line, function: Where it was logged.
        error: The traceback that came with it, as text.
        extra: Attributes that the application set on the record.
        written: The files that handlers of the host have written it to.
    """

    logger: str
    level: int
    message: str
    arguments: tuple[Spoken, ...] | dict[str, Spoken] | None
    file: str
    line: int
    function: str
    error: str = ""
    extra: dict[str, Spoken] = {}
    written: tuple[str, ...] = ()


class Printed(msgspec.Struct, frozen=True, array_like=True, tag="p"):
    """Text that was written to standard output or, if ``is_error``, to standard error."""

    text: str
    is_error: bool = False


class Cut(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """There was more than a call tells, which stayed on the host."""


class Escaped(msgspec.Struct, frozen=True, array_like=True, tag="e"):
    """One of the others whose text holds lone surrogates, which only JSON can name."""

    json: str


Heard: TypeAlias = Warned | Logged | Printed | Cut | Escaped


def escape(said: Heard) -> Heard:
    """Return what can be sent whatever its text is made of."""
    return Escaped(json.dumps(msgspec.to_builtins(said)))


def unescape(said: Heard) -> Heard:
    """Return what was given to :func:`escape`; anything else as it is.

    Raises:
        WireError: The peer sent something that no host says.
    """
    if type(said) is not Escaped:
        return said
    try:
        found: Any = json.loads(said.json)
        return msgspec.convert(found, Warned | Logged | Printed)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the host of a call said what cannot be read: {error}") from None

"""What a host said while a call ran: warnings, log records, printed text. Values only.

Only hosts of a test session send any, for the process of the tests to say it again.
"""

from typing import TypeAlias

import msgspec

#: What arguments of a warning or of a log record are sent as; anything else becomes its text.
Spoken: TypeAlias = str | int | float | bool | None


class Warned(msgspec.Struct, frozen=True, array_like=True, tag="w"):
    """One warning.

    Attributes:
        categories: Its class and that class' bases, as ``module:qualified name``.
        arguments: Of the warning object.
        file, line: What the warning is about.
        above: When that was in the caller: how many frames above the call; -1 otherwise.
    """

    categories: tuple[str, ...]
    arguments: tuple[Spoken, ...]
    file: str
    line: int
    above: int = -1


class Logged(msgspec.Struct, frozen=True, array_like=True, tag="l"):
    """One log record.

    Attributes:
        logger: The logger's name.
        level: Its number.
        message: Before the arguments are put in.
        arguments: To be put in; None when the message has them in it already.
        file, line, function: Where it was logged.
        error: The traceback that came with it, as text.
        extra: Attributes that the application set on the record.
    """

    logger: str
    level: int
    message: str
    arguments: tuple[Spoken, ...] | None
    file: str
    line: int
    function: str
    error: str = ""
    extra: dict[str, Spoken] = {}


class Printed(msgspec.Struct, frozen=True, array_like=True, tag="p"):
    """Text that was written to standard output or, if ``is_error``, to standard error."""

    text: str
    is_error: bool = False


Heard: TypeAlias = Warned | Logged | Printed

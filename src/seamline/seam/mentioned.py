"""Names of attributes that a function may read, as far as its code says. Nothing is run."""

import dis
from types import FunctionType
from typing import Final

from seamline.seam.codes import all_codes
from seamline.seam.half import original_of

# Of what a function calls, this much is looked at; names that only the rest mentions are missed.
_MOST_FUNCTIONS: Final = 500
# How code reads an attribute, by the names of its instructions.
_READING: Final = frozenset({"LOAD_ATTR", "LOAD_METHOD"})


class Mentioned:
    """The names of attributes that a function mentions, found when somebody first asks.

    Texts that may be such a name are among them, and so is what the functions of its
    application mention that it calls by name.

    Args:
        function: Any; where its seam is open, the application's own code counts.
    """

    def __init__(self, function: FunctionType) -> None:
        self._function = function
        self._names: frozenset[str] | None = None

    def __call__(self) -> frozenset[str]:
        """Return the names."""
        if self._names is None:
            self._names = frozenset(_names_in(self._function))
        return self._names


def _names_in(function: FunctionType) -> set[str]:
    found: set[str] = set()
    seen = [function]
    for one in seen:
        for code in all_codes(original_of(one)):
            found.update(str(i.argval) for i in dis.get_instructions(code) if i.opname in _READING)
            found.update(text for text in code.co_consts if _is_name(text))
            for name in code.co_names:
                called = _plain(one.__globals__.get(name))
                if called is not None and called not in seen and _is_near(called, function):
                    seen.append(called)
        if len(seen) > _MOST_FUNCTIONS:
            break
    return found


def _is_name(constant: object) -> bool:
    return isinstance(constant, str) and constant.isidentifier()


def _plain(value: object) -> FunctionType | None:
    """Return the function that a name stands for, without what decorators put around it."""
    while isinstance(value, FunctionType) and "__wrapped__" in vars(value):
        value = vars(value)["__wrapped__"]
    return value if isinstance(value, FunctionType) else None


def _is_near(one: FunctionType, other: FunctionType) -> bool:
    """Whether two functions are of the same application."""
    return one.__module__.partition(".")[0] == other.__module__.partition(".")[0]

"""What hosts take over of the test process before each call: environment, directory, path."""

import contextlib
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from seamline.worker import WarningFilter, is_own_variable

# It changes several times a test. Hosts get to see one, so that code which only asks whether
# there is one finds it, but a new one alone is no reason to tell them.
_CURRENT_TEST: Final = "PYTEST_CURRENT_TEST"
_RAW_CURRENT_TEST: Final = os.fsencode(_CURRENT_TEST)
_OWN_LOGGERS: Final = ("seamline", "uvicorn")
# Reading the environment fails when another thread changes it meanwhile; it is read again.
_READ_ATTEMPTS: Final = 100


class Surroundings(NamedTuple):
    """The surroundings of one moment.

    Attributes:
        environ: Without the variables that are one process's own.
        cwd: None when a test removed it.
        path: The entries of ``sys.path``.
        filters: Those of warnings, as Python keeps them.
        levels: Of loggers that have one, by name, the root's first.
        disabled: The level that ``logging.disable`` set.
    """

    environ: dict[str, str]
    cwd: str | None
    path: tuple[str, ...]
    filters: tuple[Any, ...]
    levels: tuple[tuple[str, int], ...]
    disabled: int

    @classmethod
    def read(cls) -> "Surroundings":
        """Return those of now, whatever other threads do meanwhile."""
        environ = _read_environment()
        environ.pop(_CURRENT_TEST, None)
        return cls(environ, *cls.read_rest())

    @staticmethod
    def read_rest() -> tuple[
        str | None, tuple[str, ...], tuple[Any, ...], tuple[tuple[str, int], ...], int
    ]:
        """Return what is cheap to read: all but the environment."""
        return (
            _read_cwd(),
            tuple(filter(None, sys.path)),
            tuple(warnings.filters),
            _read_levels(),
            logging.root.manager.disable,
        )

    def shown(self) -> dict[str, str]:
        """Return the environment as hosts are told it, with the running test's name."""
        current = os.environ.get(_CURRENT_TEST)
        return self.environ if current is None else {**self.environ, _CURRENT_TEST: current}

    def shown_filters(self) -> tuple[WarningFilter, ...]:
        """Return the filters as hosts are told them."""
        return tuple(
            WarningFilter(
                action,
                _pattern(message),
                f"{category.__module__}:{category.__qualname__}",
                _pattern(module),
                lineno,
            )
            for action, message, category, module, lineno in self.filters
        )


def _read_levels() -> tuple[tuple[str, int], ...]:
    loggers = list(logging.root.manager.loggerDict.items())
    own = [
        (name, logger.level)  # type: ignore[union-attr]  # placeholders have no level
        for name, logger in loggers
        if getattr(logger, "level", 0) and not name.startswith(_OWN_LOGGERS)
    ]
    return (("", logging.root.level), *own)


def _pattern(given: Any) -> str:
    """Return what a filter matches as a regular expression: Python's own are plain text."""
    if given is None:
        return ""
    return str(given.pattern) if isinstance(given, re.Pattern) else rf"{re.escape(given)}\Z"


def raw_environment() -> dict[bytes, bytes] | None:
    """Return the environment as Python keeps it, without the running test's name.

    Reading names and values out of it takes longer than a call. None if it is kept otherwise.
    """
    kept = getattr(os.environ, "_data", None)
    if type(kept) is not dict:
        return None
    raw = kept.copy()  # one step, whatever other threads do
    raw.pop(_RAW_CURRENT_TEST, None)
    return raw


def _read_environment() -> dict[str, str]:
    for _ in range(_READ_ATTEMPTS - 1):
        with contextlib.suppress(RuntimeError):  # it changed size while it was read
            return _not_own(os.environ)
    return _not_own(os.environ)


def _not_own(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not is_own_variable(name)}


def _read_cwd() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - read before each call
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def set_environment(environ: Mapping[str, str]) -> Iterator[None]:
    """Set variables, and put back what they were."""
    before = {
        name: os.environ.get(name) for name in environ if os.environ.get(name) != environ[name]
    }
    os.environ.update({name: environ[name] for name in before})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

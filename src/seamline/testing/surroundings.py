"""What hosts take over from the test process before each call: environment, directory, path."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from seamline.worker import is_own_variable

# It changes several times a test. Hosts get to see one, so that code which only asks whether
# there is one finds it, but a new one alone is no reason to tell them.
_CURRENT_TEST: Final = "PYTEST_CURRENT_TEST"
# Reading the environment fails when another thread changes it meanwhile; it is read again.
_READ_ATTEMPTS: Final = 100


class Surroundings(NamedTuple):
    """The surroundings of one moment.

    Attributes:
        environ: Without the variables that are one process's own.
        cwd: None when a test removed it.
        path: The entries of ``sys.path``.
    """

    environ: dict[str, str]
    cwd: str | None
    path: tuple[str, ...]

    @classmethod
    def read(cls) -> "Surroundings":
        """Return those of now, whatever other threads do meanwhile."""
        environ = _read_environment()
        environ.pop(_CURRENT_TEST, None)
        return cls(environ, *cls.read_rest())

    @staticmethod
    def read_rest() -> tuple[str | None, tuple[str, ...]]:
        """Return what is cheap to read: directory and path of now."""
        return _read_cwd(), tuple(filter(None, sys.path))

    def shown(self) -> dict[str, str]:
        """Return the environment as hosts are told it, with the running test's name."""
        current = os.environ.get(_CURRENT_TEST)
        return self.environ if current is None else {**self.environ, _CURRENT_TEST: current}


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

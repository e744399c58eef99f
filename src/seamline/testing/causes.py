"""Why a call may have to stay in the test process: what its host cannot see of the test."""

import sys
from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

IN_MEMORY: Final = "in-memory database"
UNCOMMITTED: Final = "uncommitted transaction"
PATCHED: Final = "patched"
ASSIGNED: Final = "assigned"
TEST_DATABASE: Final = "test database"
RELOADED: Final = "reloaded"
LISTENING: Final = "listening"
CHANGED_APPLICATION: Final = "changed application"
CHANGED_SETTINGS: Final = "changed settings"
# What Django's ``setup_test_environment`` assigns.
_OF_ENVIRONMENT: Final = ("ALLOWED_HOSTS", "DEBUG", "EMAIL_BACKEND")


class Replaced(NamedTuple):
    """One thing that stands where another stood.

    Attributes:
        module: Dotted name of the module that is looked into.
        name: What was replaced in it; empty for the whole module.
    """

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


#: What Django's and pytest-django's tools replace around each test, to guard databases.
DJANGO_CONNECTING: Final = Replaced(
    "django.db.backends.base.base", "BaseDatabaseWrapper.ensure_connection"
)


class Cause(NamedTuple):
    """One thing that a test set up and that no other process can see.

    Attributes:
        what: Which sort of thing; tests are counted by it.
        detail: Which one: the name that is patched, the line that opened a connection.
    """

    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.what} ({self.detail})" if self.detail else self.what


class DjangoState:
    """What Django's test tools change in a process: settings, databases, transactions.

    Other processes have the settings that the project names, so what differs from those at
    the time of :meth:`begin` is the test's own.
    """

    def __init__(self) -> None:
        self._settings: object = None
        self._values: dict[str, object] = {}
        self._is_environment_set_up = False
        self._names: dict[str, object] = {}

    def begin(self) -> None:
        """Take what stands now for what every process has."""
        self._settings = _django_settings()
        self._values = dict(getattr(self._settings, "__dict__", {}))
        self._names = dict(_django_databases())
        self.take_environment()

    def of_settings(self, assigned: Collection[str]) -> Iterator[Cause]:
        """Yield what was changed in the settings since.

        Args:
            assigned: The names that tests assign on something.
        """
        settings = _django_settings()
        if settings is not self._settings:
            yield Cause(CHANGED_SETTINGS, "django.conf.settings")
            return
        values = getattr(settings, "__dict__", {})
        for name in assigned:
            if name.isupper() and values.get(name) is not self._values.get(name):
                yield Cause(CHANGED_SETTINGS, f"django.conf.settings.{name}")

    def take_environment(self) -> None:
        """Take what Django's tools set for tests, here and in every host, for unchanged."""
        state = getattr(sys.modules.get("django.test.utils"), "_TestState", None)
        if hasattr(state, "saved_data") and not self._is_environment_set_up:
            self._is_environment_set_up = True
            values = getattr(self._settings, "__dict__", {})
            self._values |= {name: values.get(name) for name in _OF_ENVIRONMENT}

    def of_databases(self) -> Iterator[Cause]:
        """Yield what is open in databases that only this process sees."""
        guard = _django_guard()
        if guard:
            yield Cause(TEST_DATABASE, f"guarded by {guard}")
        for alias, name in _django_databases():
            if self._names.get(alias, name) != name:
                yield Cause(TEST_DATABASE, f"{alias}: {name}")
            elif _is_in_atomic_block(alias):
                yield Cause(UNCOMMITTED, f"{alias}: {name}")


def _django_guard() -> str:
    """Return who decides whether a test may connect to a database, or an empty text."""
    wrapper = getattr(sys.modules.get(DJANGO_CONNECTING.module), "BaseDatabaseWrapper", None)
    home = getattr(getattr(wrapper, "ensure_connection", None), "__module__", "")
    return "" if home == DJANGO_CONNECTING.module else str(home)


def _django_settings() -> object:
    module = sys.modules.get("django.conf")
    settings = getattr(module, "settings", None)
    return vars(settings).get("_wrapped") if settings is not None else None


def _django_connections() -> Any:
    """Return Django's handler of connections once settings are there; nothing is opened."""
    module = sys.modules.get("django.db")
    if module is None or not getattr(_django_settings(), "DATABASES", None):
        return None
    return getattr(module, "connections", None)


def _django_databases() -> Iterator[tuple[str, object]]:
    connections = _django_connections()
    if connections is not None:
        for alias in connections:
            yield alias, connections.settings[alias].get("NAME")


def _is_in_atomic_block(alias: str) -> bool:
    storage = getattr(_django_connections(), "_connections", None)
    return bool(getattr(getattr(storage, alias, None), "in_atomic_block", False))

"""Hosts that begin to start when the application is imported, however early that is.

A ``conftest.py`` that imports the application, and a plugin that sets it up, do so long before
the session starts. From then on hosts import it, too, beside the test process and in the same
environment: what was set before that moment is set for them as well.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Collection
from typing import TYPE_CHECKING

import pytest

from seamline.config import Config
from seamline.errors import SeamlineError
from seamline.testing.looking import is_test_module
from seamline.testing.options import load_config, variables_of
from seamline.testing.spawning import Spawned

if TYPE_CHECKING:  # loaded beside what hosts are started from
    from importlib.machinery import ModuleSpec

    from seamline.testing.session import SplitSession


class Early:
    """Watches for the first import of the application. Close with :meth:`end`.

    Args:
        config: Of pytest, before it has loaded any ``conftest.py``.
    """

    def __init__(self, config: pytest.Config) -> None:
        options = config.known_args_namespace
        self._layout = options.seamline_layout
        self._variables = variables_of(config)
        self._spawned: Spawned | None = None
        self._session: SplitSession | None = None
        self._config: Config | None = None
        self._modules: tuple[str, ...] = ()
        self._pid = os.getpid()
        self._once = threading.Lock()
        self._is_over = False
        # Who asks for the session says what is wrong.
        with contextlib.suppress(pytest.UsageError):
            self._config = load_config(config, options, options.file_or_dir)
            self._modules = _modules_of(self._config)

    def watch(self) -> None:
        """Begin to watch."""
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, *_: object) -> "ModuleSpec | None":
        """Note what is about to be imported; leave finding it to the others."""
        if os.getpid() != self._pid:  # a child that was forked: hosts and pipes are its parent's
            return None
        if name.rpartition(".")[2] == "conftest":
            self.spawn()  # plugins have set the environment by now
        elif _is_begun_by(name, self._modules) and self._is_first():
            self._order()
        if self._session is not None:
            self._session.note_import(name)
        return None

    def _is_first(self) -> bool:
        """Whether nobody asked before, in whichever thread, and nothing is over."""
        with self._once:
            before, self._is_over = self._is_over, True
        return not before

    def spawn(self) -> None:
        """Start what hosts are started from, if it is not there yet."""
        if self._spawned is None and self._session is None:
            self._spawned = Spawned(os.environ)

    def _order(self) -> None:
        """Begin to start the hosts."""
        self.spawn()
        assert self._config is not None
        session = self._new_session(self._config, self._variables)
        try:
            session.order()
            session.import_ahead()
        except SeamlineError:  # is raised again when the session starts
            session.stop()
        except BaseException:
            session.stop()
            raise
        else:
            self._session = session

    def session(self, config: Config, variables: dict[str, str]) -> "SplitSession":
        """Return the session of a configuration, which may have begun; the caller stops it."""
        self._unwatch()
        session, self._session = self._session, None
        if session is not None and (config, variables) == (self._config, self._variables):
            return session
        if session is not None:
            session.stop()
        return self._new_session(config, variables)

    def _new_session(self, config: Config, variables: dict[str, str]) -> "SplitSession":
        from seamline.testing.session import SplitSession

        spawned, self._spawned = self._spawned, None
        return SplitSession(config, self._layout, variables, spawned)

    def end(self) -> None:
        """Watch no more, and end what nobody asked for. Doing it again does nothing."""
        self._unwatch()
        if os.getpid() != self._pid:
            return
        if self._session is not None:
            self._session.stop()
        if self._spawned is not None:
            self._spawned.end()
        self._session = self._spawned = None

    def _unwatch(self) -> None:
        self._is_over = True
        if self in sys.meta_path:
            sys.meta_path.remove(self)


def _modules_of(config: Config) -> tuple[str, ...]:
    """Return the modules and packages that are placed."""
    named = (
        service.package or (service.http or "").partition(":")[0] for service in config.services
    )
    return tuple(dict.fromkeys(filter(None, named)))


def _is_begun_by(name: str, modules: Collection[str]) -> bool:
    """Whether with this module the application begins to be imported.

    A package above one that is placed is imported for its tests, too, which are often inside.
    """
    top = name.partition(".")[0]
    if is_test_module(name) or not any(top == one.partition(".")[0] for one in modules):
        return False
    return name in modules or not any(one.startswith(f"{name}.") for one in modules)

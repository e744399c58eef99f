"""Taking over what a test process set up. Only workers of a test session are ever told to."""

import importlib
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable

from seamline.plan import GroupPlan, environment_of
from seamline.worker.listening import listen
from seamline.worker.report import Align, WarningFilter, is_own_variable

_log = logging.getLogger("seamline.worker")


class Alignment:
    """Applies orders: at once in a loaded worker, at the end of loading in a new one.

    Modules are imported in the environment the session began with, as in the test process;
    what tests set up since then is there before the first call is answered.

    Args:
        group: Its own variables win over the test's.
        answer: Called with each order once it is applied.
    """

    def __init__(self, group: GroupPlan, answer: Callable[[Align], None]) -> None:
        self._group = group
        self._answer = answer
        self._applying = threading.Lock()
        self._heard = threading.Event()
        self._waiting: list[Align] | None = []
        self._path: tuple[str, ...] = ()
        self._own_path = tuple(sys.path)
        # What loggers had before a test set their level.
        self._levels: dict[str, int] = {}

    def hear(self, order: Align) -> None:
        """Apply an order now, or keep it until :meth:`begin`."""
        with self._applying:
            if self._waiting is not None:
                self._waiting.append(order)
                self._heard.set()
                return
            self._apply(order)

    def begin(self, *, is_expected: bool) -> None:
        """Apply what was heard so far; from now on, apply at once.

        Args:
            is_expected: Whether to wait for a first order, which is on its way.
        """
        if is_expected:
            self._heard.wait()
        with self._applying:
            for order in self._waiting or ():
                self._apply(order)
            self._waiting = None

    def _apply(self, order: Align) -> None:
        if order.cwd is not None:
            try:
                os.chdir(order.cwd)
            except OSError as error:  # the test removed it since: as gone here as it is there
                _log.warning("cannot follow the tests into %s: %s", order.cwd, error.strerror)
        if order.environ is not None:
            wanted = environment_of(self._group, order.environ)
            for name in os.environ.keys() - wanted.keys():
                if not is_own_variable(name):
                    del os.environ[name]
            os.environ.update(
                (name, value)
                for name, value in wanted.items()
                if not is_own_variable(name) and os.environ.get(name) != value
            )
            self._look_in(order.path)
            self._set_levels(order)
            listen()
        self._filter(order.filters)
        self._answer(order)

    def _filter(self, filters: tuple[WarningFilter, ...]) -> None:
        """Treat warnings as the tests do: one that is an error there is raised here as well.

        All that are not ignored are told to the caller, where the same filters decide.
        """
        if not filters:
            return
        warnings.resetwarnings()
        for one in filters:
            module, _, name = one.category.partition(":")
            category = getattr(sys.modules.get(module), name, None)
            # Nothing here can warn with a class of a module that is not loaded.
            if isinstance(category, type) and issubclass(category, Warning):
                action = one.action if one.action in {"error", "ignore"} else "always"
                warnings.filterwarnings(
                    action,  # type: ignore[arg-type]  # warnings checks it
                    one.message,
                    category,
                    one.module,
                    one.lineno,
                    append=True,
                )
        warnings.simplefilter("always", append=True)

    def _set_levels(self, order: Align) -> None:
        """Let loggers of this process be as talkative as those of the tests."""
        wanted = dict(order.levels)
        for name in self._levels.keys() - wanted.keys():
            logging.getLogger(name or None).setLevel(self._levels.pop(name))
        for name, level in wanted.items():
            logger = logging.getLogger(name or None)
            self._levels.setdefault(name, logger.level)
            if logger.level != level:
                logger.setLevel(level)
        logging.disable(order.disabled)

    def _look_in(self, path: tuple[str, ...]) -> None:
        """Look for modules where the tests do, in their order, then where this process did."""
        if path and path != self._path:
            self._path = path
            sys.path[:] = [*path, *(entry for entry in self._own_path if entry not in path)]
            importlib.invalidate_caches()

"""The application of one group, loaded with its seams open: by a worker, or before its fork."""

import logging
import os
from typing import Any, Final

from seamline.errors import ApplicationError
from seamline.interface import Interface
from seamline.plan import Plan, ServicePlan
from seamline.worker.lastcalls import LastCalls
from seamline.worker.load import (
    Reference,
    call_setup,
    import_module,
    load_application,
    set_up_django,
)
from seamline.worker.report import Identity
from seamline.worker.seams import Process
from seamline.worker.turns import turn

_CALLED_AGAIN: Final = (
    "if it fails only when it is called again, let it find what an earlier call set up, as under "
    "any prefork server: each process of a run calls it"
)
# Of the time to start in, so much for who is first, and no more: the own call takes as long.
_WAITED_SHARE: Final = 20
_MOST_WAITED: Final = 2.0


class Loaded:
    """What a worker serves, built exactly as the application's own command would build it.

    Args:
        plan: Of the run.
        identity: Which worker this is; its slot is of no matter before a fork.
        secret: What every process of the run knows and no other.

    Attributes:
        plan: Of the run.
        process: The seams, and what answers calls.
        last_calls: When the application last called functions elsewhere, if that is noted.
        applications: The objects of the group's http services, by service.
        is_loaded: Whether :meth:`load` is done.
    """

    def __init__(self, plan: Plan, identity: Identity, secret: bytes) -> None:
        self.plan = plan
        self._group = plan.group(identity.group)
        self.last_calls = LastCalls()
        keeps = self.last_calls.note if plan.notes_calls else None
        self.process = Process(plan, identity, secret, keeps=keeps)
        self.applications: dict[str, Any] = {}
        self.is_loaded = False
        self._calls: int | None = None

    def load(self, calls: int | None = None) -> None:
        """Load it.

        Args:
            calls: Descriptor of the socket where callers wait until this is done, if there is one.

        Raises:
            ApplicationError: It cannot be loaded.
        """
        self._calls = calls
        self.process.install()
        root = self.plan.root
        self._set_up_django()
        for module in self._group.imports:
            import_module(module, root)
        if self.plan.setup is not None:
            call_setup(self.plan.setup, root)
        for name in self._group.services:
            application = self._application(self.plan.service(name))
            if application is not None:
                self.applications[name] = application
        self._build_applications()
        _keep_loggers()
        self.process.verify()
        self.is_loaded = True

    def _set_up_django(self) -> None:
        """Set Django up before modules of the application that need it are imported."""
        is_needed = any(interface.needs_django for interface in self._interfaces())
        # What other packages have registered here may need it as they do.
        if not is_needed and not (self._group.imports and self._is_of_django()):
            return
        if os.environ.get("DJANGO_SETTINGS_MODULE"):
            set_up_django(os.environ, self.plan.root)
            return
        # The modules of the http services name the settings.
        for name in self._group.services:
            if (text := self.plan.service(name).http) is not None:
                import_module(Reference.parse(text).module, self.plan.root)
        if is_needed and not os.environ.get("DJANGO_SETTINGS_MODULE"):
            self._load_others(must=True)

    def _is_of_django(self) -> bool:
        """Whether any package of the application needs Django."""
        found = (service.interface for service in self.plan.services)
        return any(interface.needs_django for interface in found if interface is not None)

    def _build_applications(self) -> None:
        """Build what the packages of this group read from a framework, before the first call."""
        reads = any(interface.reads_framework_context for interface in self._interfaces())
        if reads and self.plan.applications:
            self._load_others()

    def _load_others(self, *, must: bool = False) -> None:
        """Load the http services of other groups; nothing is served here."""
        for service in self.plan.services:
            if service.name not in self._group.services:
                application = self._application(service, must=must)
                if application is not None:
                    self.process.keep_application(application)

    def _application(self, service: ServicePlan, *, must: bool = False) -> Any:
        """Return what an http service names; of a factory that is not to be called, nothing.

        Args:
            service: Any; only http services have one.
            must: Whether its factory is called in any case.
        """
        text, root = service.http, self.plan.root
        if text is None:
            return None
        reference = Reference.parse(text)
        import_module(reference.module, root)
        if reference.arguments is None:
            return load_application(text, root)
        if not (must or self.plan.makes_applications):
            return None
        longest = min(self.plan.startup_timeout / _WAITED_SHARE, _MOST_WAITED)
        with turn(self.plan.run_dir, longest, self._calls) as is_repeated:
            try:
                return load_application(text, root)
            except ApplicationError as exc:
                if is_repeated and exc.__cause__ is not None:
                    exc.remedy = exc.remedy or _CALLED_AGAIN
                raise

    def _interfaces(self) -> list[Interface]:
        """Return what the packages of this group offer."""
        own = (self.plan.service(name).interface for name in self._group.services)
        return [interface for interface in own if interface is not None]


def _keep_loggers() -> None:
    """Enable our loggers again: ``logging.config`` disables all that it was not told of."""
    for name, logger in logging.root.manager.loggerDict.items():
        if name.partition(".")[0] in {"seamline", "uvicorn"} and isinstance(
            logger, logging.Logger
        ):
            logger.disabled = False

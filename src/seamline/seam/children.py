"""Python processes started by a worker open the same seams. They host nothing themselves.

A child belongs to its worker's group: packages of that group run in it directly, as they
would in any child of the whole application. It finds the run through its environment and
``startup/sitecustomize.py``, which Python imports by itself. ``python -I`` (and ``-E``,
``-S``) ignore the environment and are not covered; neither are programs that clear it.
"""

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from seamline.errors import ApplicationError
from seamline.frameworks import Frameworks
from seamline.plan import (
    PLAN_FILE,
    RUN_VARIABLE,
    SECRET_FILE,
    WORKER_VARIABLE,
    Plan,
    from_json,
)
from seamline.rpc import Client, Identity
from seamline.seam.half import ClientLike
from seamline.seam.hosting import Host
from seamline.seam.opening import Seams

#: Top-level packages behind seams, separated by commas: until one of them is imported, a
#: child pays for nothing but the search for this name.
PACKAGES_VARIABLE: Final = "SEAMLINE_PACKAGES"

#: The directory whose ``sitecustomize.py`` Python children import by themselves.
STARTUP: Final = str(Path(__file__).parent / "startup")


def child_environment(environ: Mapping[str, str], plan: Plan, *, group: str) -> dict[str, str]:
    """Return the environment that makes Python children of a group join the run.

    Args:
        environ: What the children would inherit; holds the run and the worker already.
        plan: The plan of the run.
        group: The group of the process that starts them.
    """
    own = () if plan.layout == "local" else plan.group(group).services
    packages = {
        service.package.partition(".")[0]
        for service in plan.services
        if service.package is not None and service.name not in own
    }
    search = [part for part in environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    return {
        **environ,
        PACKAGES_VARIABLE: ",".join(sorted(packages)),
        "PYTHONPATH": os.pathsep.join([STARTUP, *(part for part in search if part != STARTUP)]),
    }


def join_run(environ: Mapping[str, str] = os.environ) -> Seams:
    """Open the seams of the run that the environment names.

    Returns:
        The seams, installed. They stay until the process ends.

    Raises:
        ApplicationError: The run is over, or its files are not readable.
    """
    run_dir = Path(environ[RUN_VARIABLE])
    group, slot, _ = environ[WORKER_VARIABLE].rsplit(".", 2)
    try:
        plan = from_json((run_dir / PLAN_FILE).read_bytes())
        secret = (run_dir / SECRET_FILE).read_bytes()
    except (OSError, ValueError) as error:
        raise ApplicationError(
            f"this process (pid {os.getpid()}) was started by a run of Seamline whose plan in "
            f"{run_dir} cannot be read: {error}",
            remedy=f"start it again while the run is up, or unset {RUN_VARIABLE} to run it whole",
        ) from error
    identity = Identity(run=plan.run_dir, worker=f"{group}.{slot}", secret=secret)
    frameworks = Frameworks(plan)
    connections = Connections(plan, identity, frameworks)
    seams = Seams(
        plan,
        group=group,
        connect=connections.client,
        local=plan.layout == "local",
        frameworks=frameworks,
    )
    seams.install()
    return seams


class Connections:
    """The clients of one process: one for each group, or one for all in layout ``local``."""

    def __init__(
        self, plan: Plan, identity: Identity, frameworks: Frameworks | None = None
    ) -> None:
        self._plan = plan
        self._identity = identity
        self._clients: dict[str, Client] = {}
        self._workers = {group.name: group.workers for group in plan.groups}
        self._local = (
            Host(plan, group=None, frameworks=frameworks).local_client()
            if plan.layout == "local"
            else None
        )

    def client(self, service: str) -> ClientLike:
        """Return the client of the group that hosts a service."""
        if self._local is not None:
            return self._local
        group = self._plan.group_of(service)
        if group.name not in self._clients:
            self._clients[group.name] = Client(
                group.name,
                self._paths(group.name),
                identity=self._identity,
                limits=self._plan.limits,
            )
        return self._clients[group.name]

    def connect(self, seconds: float) -> None:
        """Do :meth:`Client.connect` for every group, side by side."""
        clients = list(self._clients.values())
        threads = [
            threading.Thread(target=one.connect, args=(seconds,), daemon=True) for one in clients
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def resize(self, group: str, workers: int) -> None:
        """Take note that a group has another number of workers than the plan says."""
        self._workers[group] = workers
        if group in self._clients:
            self._clients[group].resize(self._paths(group))

    def _paths(self, group: str) -> list[str]:
        return [self._plan.socket_path(group, slot) for slot in range(self._workers[group])]

    def close(self) -> None:
        """Close idle connections now, and the others when their calls have ended."""
        for client in self._clients.values():
            client.close()

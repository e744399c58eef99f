"""A plan: which process hosts what, where it listens, and what each seam is."""

import msgspec

from seamline.config import Limits, Recycle
from seamline.interface import Interface


class ServicePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One service: exactly one of ``package``, ``http`` and ``command`` is set.

    Attributes:
        timeout: Default deadline of a call to it, seconds.
        idempotent: Public function names that may be retried after an unknown outcome.
        carry: Context variables that travel and return, as ``module:variable``.
        bind: Address an http service listens on, ``host:port`` or ``unix:/path``.
        path: Prefix an http service is mounted under, or empty.
        interface: Only for packages.
    """

    name: str
    package: str | None = None
    http: str | None = None
    command: tuple[str, ...] | None = None
    timeout: float = 30.0
    idempotent: tuple[str, ...] = ()
    carry: tuple[str, ...] = ()
    bind: str | None = None
    path: str = ""
    interface: Interface | None = None


class GroupPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One group: services that share processes.

    Attributes:
        services: Names of the services it hosts.
        workers: Processes, at least 1.
        workers_max: Processes that it may get by itself when it is busy; 0 for none on top.
        threads: Synchronous calls one worker runs at a time, at least 1.
        preload: Whether its workers are forked from a process that has loaded the application.
        sandbox: Whether its workers give up files, sockets and programs before they load it.
        env: Variables added to the environment of its workers.
        recycle: When its workers are replaced though nothing is wrong.
        imports: Modules a worker imports besides loading its http services: the packages
            it hosts, and those that register functions on what they import.
        preloads: Modules of libraries that importing these, then the http services certainly
            imports, in order.
    """

    name: str
    services: tuple[str, ...]
    workers: int = 1
    workers_max: int = 0
    threads: int = 8
    preload: bool = False
    sandbox: bool = False
    env: dict[str, str] = {}
    recycle: Recycle = Recycle()
    imports: tuple[str, ...] = ()
    preloads: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a worker needs to know, as written to the run directory.

    Attributes:
        name: Name of the application.
        root: Absolute directory of ``seamline.toml``; working directory of every process.
        layout: Name of the layout.
        run_dir: Absolute 0700 directory with the sockets of this run.
        setup: ``module:callable`` that every process calls once, or ``None``.
        startup_timeout, graceful_timeout, stall_timeout: seconds.
        applications: Where the code makes application objects of Flask and Quart, as
            ``module:name`` and ``module:function()``; hosts build no others.
        socket_mode: Permission bits of the sockets in the run directory.
        notes_calls: Whether workers note when they last called each function of others: a test
            process has to know what calls of its tests led to.
        makes_applications: Whether workers call the factories of http services when they start;
            in a test session each call brings an application of the test's own.
    """

    name: str
    root: str
    layout: str
    run_dir: str
    groups: tuple[GroupPlan, ...]
    services: tuple[ServicePlan, ...]
    setup: str | None = None
    applications: tuple[str, ...] = ()
    limits: Limits = Limits()
    startup_timeout: float = 60.0
    graceful_timeout: float = 30.0
    stall_timeout: float = 30.0
    socket_mode: int = 0o600
    notes_calls: bool = False
    makes_applications: bool = True

    def group(self, name: str) -> GroupPlan:
        """Return the group of that name. Raises KeyError when there is none."""
        return {group.name: group for group in self.groups}[name]

    def service(self, name: str) -> ServicePlan:
        """Return the service of that name. Raises KeyError when there is none."""
        return {service.name: service for service in self.services}[name]

    def group_of(self, service: str) -> GroupPlan:
        """Return the group that hosts a service. Raises KeyError when none does."""
        return {name: group for group in self.groups for name in group.services}[service]

    def socket_path(self, group: str, slot: int) -> str:
        """Return the path of the call socket of one worker slot, counted from 0."""
        return f"{self.run_dir}/{group}.{slot}.sock"


def to_json(plan: Plan) -> bytes:
    """Return the plan as the JSON text that workers read."""
    return msgspec.json.encode(plan)


def from_json(text: bytes) -> Plan:
    """Return the plan that :func:`to_json` wrote.

    Raises:
        ValueError: The text is no plan.
    """
    return msgspec.json.decode(text, type=Plan)

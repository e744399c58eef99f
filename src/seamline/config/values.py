"""What ``seamline.toml`` says, as frozen values; :mod:`seamline.config.file` reads it."""

from pathlib import Path
from typing import Final

import msgspec

from seamline.config.positions import Positions, suggest
from seamline.errors import ConfigError

DEFAULT_BIND: Final = "127.0.0.1:8000"
BUILT_IN_LAYOUTS: Final = ("mono", "local", "micro")


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds on what a peer may ask for.

    Attributes:
        frame_bytes: Largest frame.
        depth: Deepest nesting of one value.
        items: Most items in one message.
        in_flight: Calls one worker runs or queues at a time.
        connections: Connections one worker keeps open.
        chain: Longest chain of calls, each made while serving the one before.
    """

    frame_bytes: int = 64 * 1024 * 1024
    depth: int = 200
    items: int = 10_000_000
    in_flight: int = 1_000
    connections: int = 1_000
    chain: int = 64


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[services.NAME]``: exactly one of ``package``, ``http`` and ``command`` is set.

    Attributes:
        timeout: Default deadline of a call to it, seconds.
        local: Public functions that stay in every process.
        idempotent: Public functions that may be retried after an unknown outcome.
        snapshot: Public functions whose result may share parts with the package's state:
            a caller elsewhere gets a copy, and that is all right.
        cache: Names of module state that every process may have its own of; ``*`` for all.
        carry: Context variables that travel and return, as ``module:variable``.
        bind: Address an http service listens on, ``host:port`` or ``unix:/path``.
        path: Prefix an http service is mounted under, ``/`` or ``/prefix``.
    """

    name: str
    package: str | None = None
    http: str | None = None
    command: tuple[str, ...] | None = None
    timeout: float = 30.0
    local: tuple[str, ...] = ()
    idempotent: tuple[str, ...] = ()
    snapshot: tuple[str, ...] = ()
    cache: tuple[str, ...] = ()
    carry: tuple[str, ...] = ()
    bind: str | None = None
    path: str | None = None


class Recycle(msgspec.Struct, frozen=True, kw_only=True):
    """When a worker is replaced though nothing is wrong with it. 0 is never.

    Attributes:
        max_requests: Requests and calls that it answers, about.
        max_requests_jitter: At most so many more, by chance, so that workers differ.
        max_rss: Resident memory, bytes.
        max_age: Seconds since its start.
    """

    max_requests: int = 0
    max_requests_jitter: int = 0
    max_rss: int = 0
    max_age: float = 0.0


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One group of a layout: services that share processes.

    Attributes:
        services: Names of the services it hosts.
        workers: Processes, at least 1.
        workers_max: Processes that it may get by itself when it is busy; 0 for none on top.
        threads: Synchronous calls one worker runs at a time, at least 1.
        preload: Whether its application is loaded once, and its workers are forked from that.
        sandbox: Whether its workers give up files, sockets and programs before they load it.
        env: Variables added to the environment of its workers.
        recycle: When its workers are replaced though nothing is wrong.
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


class Layout(msgspec.Struct, frozen=True):
    """A named assignment of every service to one group."""

    name: str
    groups: tuple[Group, ...]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of ``seamline.toml``, after ``SEAMLINE_*`` variables and flags.

    Attributes:
        file: The file, as it should be shown to the reader.
        root: Absolute directory of the file; the application's working directory.
        layouts: The layouts written in the file; :meth:`layout_named` knows the built-in ones.
        layout: Name of the layout to use when a command names none.
        bind: Where an http service listens that has no ``bind`` of its own.
        setup: ``module:callable`` that every process calls once, or ``None``.
        log_level: Least severe level Seamline logs.
        positions: Where each key stands in the file, for messages.
    """

    file: Path
    root: Path
    name: str
    services: tuple[Service, ...]
    layouts: tuple[Layout, ...] = ()
    layout: str = "mono"
    bind: str = DEFAULT_BIND
    setup: str | None = None
    carry: tuple[str, ...] = ()
    startup_timeout: float = 60.0
    graceful_timeout: float = 30.0
    stall_timeout: float = 30.0
    socket_mode: int = 0o600
    limits: Limits = Limits()
    log_level: str = "info"
    positions: Positions

    def service(self, name: str) -> Service:
        """Return the service of that name. Raises KeyError when there is none."""
        return {service.name: service for service in self.services}[name]

    @property
    def packages(self) -> tuple[Service, ...]:
        """The services that are packages, in the order of the file."""
        return tuple(service for service in self.services if service.package is not None)

    @property
    def layout_names(self) -> tuple[str, ...]:
        """Every layout there is: the built-in ones, then those of the file."""
        return (*BUILT_IN_LAYOUTS, *(layout.name for layout in self.layouts))

    def layout_named(self, name: str) -> Layout:
        """Return a layout, built in or written in the file.

        Raises:
            ConfigError: There is no layout of that name.
        """
        every = tuple(service.name for service in self.services)
        if name in {"mono", "local"}:
            return Layout(name, (Group(name="app", services=every),))
        if name == "micro":
            return Layout(name, tuple(Group(name=one, services=(one,)) for one in every))
        for layout in self.layouts:
            if layout.name == name:
                return layout
        raise ConfigError(
            f"there is no layout {name!r}",
            file=str(self.file),
            remedy=suggest(name, self.layout_names, "layouts are"),
        )

    def with_layout(self, name: str, source: str) -> "Config":
        """Return the same with another layout in use.

        Args:
            name: Of the layout.
            source: What chose it, for the message: ``--layout``.

        Raises:
            ConfigError: There is no layout of that name.
        """
        if name not in self.layout_names:
            raise ConfigError(
                f"{source}: there is no layout {name!r}",
                remedy=suggest(name, self.layout_names, "layouts are"),
            )
        return msgspec.structs.replace(self, layout=name)

    def refusal(
        self, message: str, *path: str | int, remedy: str = "", key: bool = False
    ) -> ConfigError:
        """Return the error to raise about one value (or *key*) of the file."""
        return self.positions.refusal(message, path, remedy=remedy, key=key)

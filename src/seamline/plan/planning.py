"""Configuration and interfaces become a plan. Nothing is started, imported or executed here."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from seamline.config import Config, Group, Service, suggest, with_bind
from seamline.errors import ConfigError
from seamline.interface import Analysis, Interface
from seamline.plan.model import GroupPlan, Plan, ServicePlan


def build(
    config: Config,
    analysis: Analysis,
    *,
    layout: str,
    run_dir: Path | str,
    bind: str | None = None,
) -> Plan:
    """Work out which process hosts what and where it listens.

    Args:
        config: What the file says.
        analysis: What the source of the application says.
        layout: Name of a layout, built in or written in the file.
        run_dir: Absolute directory for the sockets of this run.
        bind: Address of the first http service, over what the file says.

    Raises:
        ConfigError: The layout does not exist, a function named in the file does not, or
            two http services would answer at one address.
    """
    if bind is not None:
        config = with_bind(config, bind)
    interfaces = {interface.service: interface for interface in analysis.interfaces}
    for service in config.packages:
        _check_functions(config, service, interfaces[service.name])
    groups = config.layout_named(layout).groups
    endpoints = _endpoints(config, groups)
    return Plan(
        name=config.name,
        root=str(config.root),
        layout=layout,
        run_dir=str(run_dir),
        groups=tuple(_group(group, config, interfaces, analysis) for group in groups),
        services=tuple(
            _service(config, service, interfaces.get(service.name), endpoints.get(service.name))
            for service in config.services
        ),
        setup=config.setup,
        applications=analysis.applications,
        limits=config.limits,
        startup_timeout=config.startup_timeout,
        graceful_timeout=config.graceful_timeout,
        stall_timeout=config.stall_timeout,
        socket_mode=config.socket_mode,
    )


def _service(
    config: Config,
    service: Service,
    interface: Interface | None,
    endpoint: tuple[str, str] | None,
) -> ServicePlan:
    bind, path = endpoint or (None, "")
    carry = (*config.carry, *service.carry) if service.package else ()
    return ServicePlan(
        name=service.name,
        package=service.package,
        http=service.http,
        command=service.command,
        timeout=service.timeout,
        idempotent=service.idempotent,
        carry=tuple(dict.fromkeys(carry)),
        bind=bind,
        path=path,
        interface=interface,
    )


def _group(
    group: Group, config: Config, interfaces: dict[str, Interface], analysis: Analysis
) -> GroupPlan:
    imports = _imports(group, config, interfaces)
    return GroupPlan(
        name=group.name,
        services=group.services,
        workers=group.workers,
        workers_max=group.workers_max,
        threads=group.threads,
        preload=group.preload,
        sandbox=group.sandbox,
        env=group.env,
        recycle=group.recycle,
        imports=imports,
        preloads=_preloads(group, config, imports, analysis),
    )


def _preloads(
    group: Group, config: Config, imports: tuple[str, ...], analysis: Analysis
) -> tuple[str, ...]:
    """Return what the modules that a worker of the group imports first certainly import."""
    known = {one.package: one.preloads for one in analysis.interfaces}
    modules = list(imports)
    if config.setup is None:  # which comes before the http services, and may do anything
        named = (config.service(name).http for name in group.services)
        modules += [http.partition(":")[0] for http in named if http is not None]
    found: dict[str, None] = {}
    for module in modules:
        found |= dict.fromkeys(known.get(module, analysis.preloads.get(module, ())))
        if module not in analysis.whole:
            break
    return tuple(found)


def _imports(group: Group, config: Config, interfaces: dict[str, Interface]) -> tuple[str, ...]:
    """Return the packages a worker of the group imports, hosted ones first.

    A package that registers functions on an object of another module (a signal's receiver,
    say) has to be imported wherever that module is, or the registration would be missing
    there. Importing it brings modules of its own, so this goes on until nothing is added.
    """
    hosted = [interfaces[name] for name in group.services if name in interfaces]
    chosen = {interface.service: interface for interface in hosted}
    loaded: set[str] = set()
    if any(config.service(name).http for name in group.services):
        # What an http service's module imports is not known before it is loaded, so every
        # registration counts: one import too many costs memory, one too few an answer.
        loaded.update(*(interface.registers for interface in interfaces.values()))
    while True:
        for interface in chosen.values():
            own = [name for name, _ in interface.modules]
            loaded |= _with_parents([interface.package, *own, *interface.imports])
        added = [
            interface
            for interface in interfaces.values()
            if interface.service not in chosen and loaded.intersection(interface.registers)
        ]
        if not added:
            ordered = (name for one in chosen.values() for name in (*one.before, one.package))
            return tuple(dict.fromkeys(ordered))
        chosen |= {interface.service: interface for interface in added}


def _with_parents(modules: Iterable[str]) -> set[str]:
    """Return the modules and the packages above them, which importing them imports."""
    every: set[str] = set()
    for module in modules:
        parts = module.split(".")
        every.update(".".join(parts[:count]) for count in range(1, len(parts) + 1))
    return every


def _endpoints(config: Config, groups: tuple[Group, ...]) -> dict[str, tuple[str, str]]:
    """Return address and prefix of every http service.

    Raises:
        ConfigError: Two would answer the same requests, or processes of two groups would
            have to share one address.
    """
    home = {name: group.name for group in groups for name in group.services}
    endpoints: dict[str, tuple[str, str]] = {}
    for name, address, prefix in _addresses(config):
        for other, taken in endpoints.items():
            if taken == (address, prefix):
                raise _clash(
                    config,
                    name,
                    f"http services {other!r} and {name!r} both answer at "
                    f"{address}{prefix or '/'}",
                    "give one another `bind` or `path`",
                )
            if taken[0] == address and home[other] != home[name]:
                raise _clash(
                    config,
                    name,
                    f"http services {other!r} and {name!r} share {address}, but groups "
                    f"{home[other]!r} and {home[name]!r} are different processes",
                    "give one a `bind` of its own, or put both in one group",
                )
        endpoints[name] = (address, prefix)
    return endpoints


def _addresses(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield name, address and prefix of every http service."""
    for place, service in enumerate(one for one in config.services if one.http is not None):
        if place and service.bind is None and service.path is None:
            raise _clash(
                config,
                service.name,
                f"http service {service.name!r} has neither `bind` nor `path`, and "
                f"{config.bind} belongs to the first http service",
                f'add bind = "127.0.0.1:8001" or path = "/{service.name}"',
            )
        prefix = "" if service.path in {None, "/"} else str(service.path)
        yield service.name, service.bind or config.bind, prefix


def _clash(config: Config, service: str, message: str, remedy: str) -> ConfigError:
    return config.refusal(message, "services", service, remedy=remedy, key=True)


def _check_functions(config: Config, service: Service, interface: Interface) -> None:
    """Refuse a name under a key that lists functions when it is no public function."""
    known = _public_names(interface)
    for key in ("local", "idempotent", "snapshot"):
        for place, name in enumerate(getattr(service, key)):
            if name not in known:
                raise config.refusal(
                    f"`{key}` names {name!r}, which is no public function of {service.package}",
                    *("services", service.name, key, place),
                    remedy=suggest(name, known, "its public functions are"),
                )


def _public_names(interface: Interface) -> list[str]:
    """Return every name a reader may use for a public function, what is shortest to type first."""
    public = [function for function in interface.functions if function.public]
    names = {name for function in public for name in interface.names_of(function)}
    return sorted(names, key=lambda name: (len(name), name))

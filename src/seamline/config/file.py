"""Read ``seamline.toml`` into frozen values: what the operator asked for, and no more.

Nothing here looks at the application or the machine; :mod:`seamline.plan` does that.
Precedence, lowest first: defaults, the file, ``SEAMLINE_*`` variables, flags.
"""

import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from seamline.config.mistakes import not_toml
from seamline.config.positions import index, suggest
from seamline.config.reader import Table, bind_remedy, is_bind
from seamline.config.recycling import KEYS, read_recycle
from seamline.config.sandboxing import read_sandbox
from seamline.config.values import (
    BUILT_IN_LAYOUTS,
    DEFAULT_BIND,
    Config,
    Group,
    Layout,
    Limits,
    Service,
)
from seamline.errors import ConfigError

FILE_NAME: Final = "seamline.toml"
LOG_LEVELS: Final = ("debug", "info", "warning", "error")

_TOP_KEYS: Final = (
    *("name", "services", "layouts", "layout", "carry", "setup", "bind", "limits"),
    *("startup_timeout", "graceful_timeout", "stall_timeout", "socket_mode", "log_level"),
)
_KINDS: Final = ("package", "http", "command")
_SERVICE_KEYS: Final = (
    *_KINDS,
    *("timeout", "local", "idempotent", "snapshot", "cache", "carry", "bind", "path"),
)
#: Keys that mean something for one kind of service only.
_KEYS_OF: Final = {
    "package": ("timeout", "local", "idempotent", "snapshot", "cache", "carry"),
    "http": ("bind", "path"),
    "command": (),
}
_GROUP_KEYS: Final = (
    *("services", "workers", "workers_max", "threads", "preload", "sandbox", "env"),
    *KEYS,
)
# Twice the processes of the largest machine on sale: above it a slip is likelier than a wish.
_MOST_WORKERS: Final = 1024
_MOST_THREADS: Final = 4096
_FIRST_SERVICE: Final = 'name one, such as: [services.web] with http = "shop.web:create_app()"'
_OVERRIDES: Final = ("layout", "bind", "log_level")
_NAME_ONE: Final = "name one with -f FILE, or let one be written: seamline init"


def places(
    *, directory: Path | None = None, file: Path | None = None, environ: Mapping[str, str]
) -> list[Path]:
    """Return where the file may be, as :func:`find_file` looks for it, nearest first."""
    start = (directory or Path()).resolve()
    named = file or (Path(environ["SEAMLINE_FILE"]) if environ.get("SEAMLINE_FILE") else None)
    if named is None:
        return [place / FILE_NAME for place in (start, *start.parents)]
    return [start / named / FILE_NAME if (start / named).is_dir() else start / named]


def project_directory(directory: Path, shown: object) -> Path:
    """Return a directory as it is for every command, absolute.

    Raises:
        ConfigError: It is not there, or nobody may look for a file in it.
    """
    start = directory.resolve()
    try:
        if not start.is_dir():
            raise ConfigError(f"there is no directory {shown}")
        (start / FILE_NAME).exists()
    except PermissionError as exc:
        raise ConfigError(
            f"cannot look into {start}: {exc.strerror}",
            remedy=f"permit it: chmod u+rx {shlex.quote(str(start))}",
        ) from exc
    return start


def find_file(
    *, directory: Path | None = None, file: Path | None = None, environ: Mapping[str, str]
) -> Path:
    """Return the file to read: ``-f``, else ``SEAMLINE_FILE``, else the nearest one above.

    Args:
        directory: Where to start (``-C``); the current directory when ``None``. The
            other two are relative to it.
        file: The file named on the command line, or ``None``.
        environ: Environment variables.

    Raises:
        ConfigError: There is no such file, or none in the directory and those above it, or
            what has the name is no file, or the directory may not be looked into.
    """
    start = project_directory(directory or Path(), directory)
    candidates = places(directory=directory, file=file, environ=environ)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    named = file or environ.get("SEAMLINE_FILE")
    if named:
        is_dir = (start / named).is_dir()
        _refuse_others([start / named] if is_dir else candidates)
        what = f"{FILE_NAME} in {named}" if is_dir else f"file {named}"
        source = "" if file else " (from SEAMLINE_FILE)"
        raise ConfigError(f"there is no {what}{source}", remedy=_NAME_ONE)
    _refuse_others(candidates)
    raise ConfigError(f"there is no {FILE_NAME} in {start} or above it", remedy=_NAME_ONE)


def _refuse_others(paths: Iterable[Path]) -> None:
    """Say what the first of some paths is that is there without being a file."""
    for path in paths:
        if path.name == FILE_NAME and (path.is_symlink() or path.exists()):
            kind = "a directory" if path.is_dir() else "no regular file"
            if not path.exists():
                kind = "a link to what is not there"
            raise ConfigError(
                f"{path} is {kind}", remedy="move it away, or name a file with -f FILE"
            )


def _check_path(path: Path) -> None:
    """Refuse a path that cannot be told to other processes."""
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError as exc:
        raise ConfigError(
            f"the path {str(path.absolute())!a} is not UTF-8",
            remedy="give the project's directories other names",
        ) from exc


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    overrides: Mapping[str, str | None] | None = None,
    text: str | None = None,
) -> Config:
    """Read and check one configuration file.

    Args:
        path: The file.
        environ: Environment variables; ``SEAMLINE_LAYOUT``, ``SEAMLINE_BIND`` and
            ``SEAMLINE_LOG_LEVEL`` count.
        overrides: What flags said: any of ``layout``, ``bind``, ``log_level``. A value
            of ``None`` stands for a flag that was not given.
        text: What the file will hold, where it is not written yet.

    Raises:
        ConfigError: The file is missing, is not TOML, or holds something that cannot be
            used; the error names the line.
    """
    shown = _shown_path(path)
    _check_path(path)
    top = _parse(_content(path, shown) if text is None else text, shown)
    top.only(_TOP_KEYS, "seamline.toml")
    services = tuple(_service(name, table) for name, table in _named(top, "services", "a service"))
    if not services:
        raise top.refuse("no service is named", remedy=_FIRST_SERVICE)
    _check_packages(services, top)
    config = Config(
        file=Path(shown),
        root=path.absolute().parent,
        name=_application_name(top, path),
        services=services,
        layouts=tuple(
            _layout(name, table, services) for name, table in _named(top, "layouts", "a layout")
        ),
        layout=top.text("layout", "mono"),
        bind=top.bind("bind") or DEFAULT_BIND,
        setup=top.shaped("setup", "callable"),
        carry=top.carried("carry"),
        startup_timeout=top.seconds("startup_timeout", 60.0),
        graceful_timeout=top.seconds("graceful_timeout", 30.0),
        stall_timeout=top.seconds("stall_timeout", 30.0),
        socket_mode=top.mode("socket_mode", 0o600),
        limits=_limits(top.table("limits")),
        log_level=top.text("log_level", "info", choices=LOG_LEVELS),
        positions=top.positions,
    )
    if config.layout not in config.layout_names:
        remedy = suggest(config.layout, config.layout_names, "layouts are")
        raise top.refuse(f"there is no layout {config.layout!r}", "layout", remedy=remedy)
    return _override(config, environ, overrides or {})


def _shown_path(path: Path) -> str:
    """Return the path as a reader in the current directory would type it."""
    absolute = path.absolute()
    here = Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)


def _content(path: Path, shown: str) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"cannot read it: {exc.strerror}", file=shown) from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(
            f"it is not UTF-8: the byte 0x{exc.object[exc.start]:02x} is not text",
            file=shown,
            line=exc.object.count(b"\n", 0, exc.start) + 1,
            remedy="save it as UTF-8, which every editor can, or type that character anew",
        ) from exc
    if text.startswith("\ufeff"):
        raise ConfigError(
            "it begins with a byte order mark, which TOML has none of",
            file=shown,
            line=1,
            remedy="save it as UTF-8 without one",
        )
    return text


def _parse(text: str, shown: str) -> Table:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise not_toml(exc, text, shown) from exc
    return Table(values, index(text, shown))


def _named(top: Table, key: str, what: str) -> list[tuple[str, Table]]:
    return top.table(key).tables(what)


def _application_name(top: Table, path: Path) -> str:
    if "name" in top:
        name: str = top.text("name")
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", name):
            raise top.wrong("name", "a letter, then letters, digits, '-', '_' and '.'")
        return name
    return re.sub(r"[^A-Za-z0-9_.-]", "-", path.absolute().parent.name).strip("-.") or "app"


def _service(name: str, table: Table) -> Service:
    table.only(_SERVICE_KEYS, f"[services.{name}]")
    kinds = [key for key in table.values if key in _KINDS]
    if not kinds:
        raise table.refuse(
            f"service {name!r} says neither package, http nor command",
            remedy=f'add one, such as: package = "{name}"',
        )
    if len(kinds) > 1:
        raise table.refuse(
            f"service {name!r} has both `{kinds[0]}` and `{kinds[1]}`",
            kinds[1],
            remedy="make two services of it",
            key=True,
        )
    kind = kinds[0]
    for key in table.values:
        if key not in {kind, *_KEYS_OF[kind]}:
            owner = next(other for other, keys in _KEYS_OF.items() if key in keys)
            raise table.refuse(
                f"`{key}` means something for {owner} services only, and {name!r} is a {kind} one",
                key,
                remedy="remove the line",
                key=True,
            )
    return Service(
        name=name,
        package=table.shaped("package", "module"),
        http=table.shaped("http", "application"),
        command=table.command("command"),
        timeout=table.seconds("timeout", 30.0),
        local=table.texts("local"),
        idempotent=table.texts("idempotent"),
        snapshot=table.texts("snapshot"),
        cache=table.texts("cache"),
        carry=table.carried("carry"),
        bind=table.bind("bind"),
        path=table.mount("path"),
    )


def _check_packages(services: tuple[Service, ...], top: Table) -> None:
    """Refuse a module that would belong to two services."""
    packages = [service for service in services if service.package is not None]
    for place, later in enumerate(packages):
        for earlier in packages[:place]:
            one, two = str(earlier.package), str(later.package)
            if one == two:
                raise top.refuse(
                    f"package {two!r} is service {earlier.name!r} already",
                    *("services", later.name, "package"),
                    remedy="name each package once",
                )
            inner, outer = (two, one) if two.startswith(f"{one}.") else (one, two)
            if inner.startswith(f"{outer}."):
                raise top.refuse(
                    f"package {inner!r} is inside {outer!r}, which is a service too; "
                    "each module belongs to exactly one service",
                    *("services", later.name, "package"),
                    remedy=f"name the parts of {outer} one by one instead of {outer} itself",
                )


def _layout(name: str, table: Table, services: tuple[Service, ...]) -> Layout:
    if name in BUILT_IN_LAYOUTS:
        raise table.refuse(
            f"layout {name!r} is built in and cannot be redefined",
            remedy="give yours another name",
            key=True,
        )
    if not table.values:
        raise table.refuse(f"layout {name!r} has no groups", key=True)
    known = [service.name for service in services]
    commands = frozenset(service.name for service in services if service.command is not None)
    placed: dict[str, str] = {}
    groups = []
    for group_name in table.values:
        group = _group(table.name(group_name, "a group"), name, table, commands)
        short = isinstance(table.values[group_name], list)
        for place, service in enumerate(group.services):
            where = (group_name, place) if short else (group_name, "services", place)
            if service not in known:
                remedy = suggest(service, known, "services are")
                raise table.refuse(f"there is no service {service!r}", *where, remedy=remedy)
            if service in placed:
                raise table.refuse(
                    f"service {service!r} is in group {placed[service]!r} already",
                    *where,
                    remedy="a service is in one group of a layout",
                )
            placed[service] = group_name
        groups.append(group)
    missing = [service for service in known if service not in placed]
    if missing:
        raise table.refuse(
            f"layout {name!r} leaves service {missing[0]!r} in no group",
            remedy=f'add it to one, or give it its own: {missing[0]} = ["{missing[0]}"]',
            key=True,
        )
    return Layout(name, tuple(groups))


def _group(name: str, layout: str, table: Table, commands: frozenset[str]) -> Group:
    value = table.values[name]
    if isinstance(value, list):
        services = table.texts(name)
        below = Table({}, table.positions, (*table.path, name))
    elif isinstance(value, dict):
        below = table.table(name)
        below.only(_GROUP_KEYS, f"group {name!r} of [layouts.{layout}]")
        services = below.texts("services")
    else:
        raise table.wrong(name, "a list of services or a table", remedy=f'write {name} = ["web"]')
    if not services:
        raise table.refuse(
            f"group {name!r} has no services", name, remedy="name some, or remove the group"
        )
    return Group(
        name=name,
        services=services,
        workers=below.count("workers", 1, highest=_MOST_WORKERS),
        workers_max=_most_workers(below, has_command=not commands.isdisjoint(services)),
        threads=below.count("threads", 8, highest=_MOST_THREADS),
        preload=below.flag("preload"),
        sandbox=read_sandbox(below, has_command=not commands.isdisjoint(services)),
        env=below.env("env"),
        recycle=read_recycle(below, has_workers=not commands.issuperset(services)),
    )


def _most_workers(table: Table, *, has_command: bool) -> int:
    """Return up to how many workers a group may get by itself; 0 for as many as it begins with."""
    if "workers_max" not in table:
        return 0
    if has_command:
        raise table.refuse(
            "`workers_max` is for workers, and a command of this group is started once",
            "workers_max",
            remedy="give the command a group of its own",
            key=True,
        )
    most = table.count("workers_max", 1, highest=_MOST_WORKERS)
    least = table.count("workers", 1, highest=_MOST_WORKERS)
    if most < least:
        raise table.refuse(
            f"`workers_max` is {most}, and the group begins with {least} workers",
            "workers_max",
            remedy="write the larger number, or fewer workers",
        )
    return most


def _limits(table: Table) -> Limits:
    table.only(Limits.__struct_fields__, "[limits]")
    return Limits(
        **{
            name: table.count(name, getattr(Limits(), name), highest=2**31 - 1)
            for name in Limits.__struct_fields__
        }
    )


def _override(
    config: Config, environ: Mapping[str, str], overrides: Mapping[str, str | None]
) -> Config:
    """Lay the environment's and the flags' choices over the file's."""
    for name in _OVERRIDES:
        variable, flag = f"SEAMLINE_{name.upper()}", f"--{name.replace('_', '-')}"
        for source, value in ((variable, environ.get(variable)), (flag, overrides.get(name))):
            if value:
                config = _with(config, name, value, source)
    return config


def _with(config: Config, name: str, value: str, source: str) -> Config:
    if name == "layout":
        return config.with_layout(value, source)
    if name == "log_level":
        if value not in LOG_LEVELS:
            raise ConfigError(
                f"{source}: there is no level {value!r}",
                remedy=suggest(value, LOG_LEVELS, "levels are"),
            )
        return msgspec.structs.replace(config, log_level=value)
    if not is_bind(value):
        raise ConfigError(
            f"{source}: {value!r} is no address to listen on",
            remedy=bind_remedy(value),
        )
    return with_bind(config, value)


def with_bind(config: Config, bind: str) -> Config:
    """Return the configuration with another address for its first http service."""
    services = list(config.services)
    for place, service in enumerate(services):
        if service.http is not None:
            services[place] = msgspec.structs.replace(service, bind=bind)
            break
    return msgspec.structs.replace(config, bind=bind, services=tuple(services))

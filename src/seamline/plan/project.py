"""Read the source of the application that a configuration names, and the lock beside it."""

import ast
import os
import re
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from seamline import interface
from seamline.config import Config, Group, Service, suggest
from seamline.interface import Analysis, PackageService
from seamline.lock import Lock
from seamline.plan.cache import analysed, cache_directory
from seamline.plan.locking import differences, read_lock
from seamline.plan.sandboxes import calls_out, stays_out

if TYPE_CHECKING:  # where nothing changed, nothing of what reads source is loaded
    from seamline.interface import Application


# How a module gets names that its source does not spell.
_OTHERWISE: Final = (
    r"import\s*\(?\s*\*|__getattr__|\b(?:globals|locals|vars|exec|setattr|modules|__dict__)\b"
)


def read_project(root: Path) -> "Application":
    """Read the source of everything below a directory, before any service is named."""
    return interface.read(root, [], _search_path(root))


def analyse_project(
    config: Config, layout: str, *, application: "Application | None" = None
) -> Analysis:
    """Read the application's source and say what every seam would be. Executes nothing.

    Args:
        config: What the file says.
        layout: Name of the layout that findings are about.
        application: What :func:`read_project` found, to look at several files without
            reading the source again.

    Raises:
        ConfigError: The layout, a package or an http service's module does not exist.
        ApplicationError: A module of a package cannot be parsed.
        LockError: There is a lock that cannot be used.
    """
    lock = read_lock(config)
    analysis = analyse_with(config, layout, lock, application=application)
    sandboxed = (*calls_out(config, layout, analysis), *stays_out(config, layout, analysis))
    found = (*sandboxed, *analysis.findings)
    if lock is not None:
        found += tuple(differences(config, lock, analysis))
    return msgspec.structs.replace(analysis, findings=found)


def analyse_with(
    config: Config, layout: str, lock: Lock | None, *, application: "Application | None" = None
) -> Analysis:
    """Do the same with another lock than the one beside the file, and without comparing it."""
    home = {name: group for group in config.layout_named(layout).groups for name in group.services}
    search_path = _search_path(config.root)
    entry_modules: dict[str, str] = {}
    if config.setup is not None:
        _check_reference(config, config.setup, search_path, "setup")
    for number, named in enumerate(config.carry):
        _check_reference(config, named, search_path, "carry", number)
    for service in config.services:
        where = ("services", service.name)
        if service.package is not None:
            _check_module(config, service.package, search_path, *where, "package")
        for number, named in enumerate(service.carry):
            _check_reference(config, named, search_path, *where, "carry", number)
        if service.http is not None:
            entry_modules.setdefault(service.http.partition(":")[0], service.name)
            _check_reference(config, service.http, search_path, *where, "http")
            _check_called(config, service.http, search_path, *where, "http")
        if service.command is not None and (started := _started(config, service.command)):
            entry_modules.setdefault(started, service.name)
    services = [_described(config, service, home[service.name]) for service in config.packages]
    groups = {name: group.name for name, group in home.items()}
    packages = [*(service.package for service in services), *entry_modules]
    return analysed(
        (
            str(config.root),
            services,
            groups,
            _installed(config.root, search_path),
            entry_modules,
            lock,
        ),
        interface.source_files(config.root, packages, search_path),
        lambda: interface.analyse(
            config.root,
            services,
            groups=groups,
            search_path=search_path,
            entry_modules=entry_modules,
            lock=lock,
            application=application,
        ),
        cache_directory(os.environ) if application is None else None,
    )


def _started(config: Config, command: tuple[str, ...]) -> str | None:
    """Return the module of the project that ``python -m module`` or ``python file.py`` starts."""
    words = [word for word in command[1:] if word not in {"-u", "-B", "-O"}]
    if not Path(command[0]).name.startswith("python") or not words:
        return None
    own = (config.root, config.root / "src")
    if words[0] == "-m" and len(words) > 1:
        main = f"{words[1]}.__main__"
        names = (main, words[1]) if interface.module_file(main, own) else (words[1],)
    else:
        names = (words[0].removesuffix(".py").replace("/", "."),)
    return next((name for name in names if interface.module_file(name, own)), None)


def _described(config: Config, service: Service, group: Group) -> PackageService:
    return PackageService(
        service=service.name,
        package=str(service.package),
        local=service.local,
        snapshot=service.snapshot,
        cache=service.cache,
        carry=(*config.carry, *service.carry),
        workers=max(group.workers, group.workers_max),
    )


def _search_path(root: Path) -> tuple[Path, ...]:
    """Return the directories on ``sys.path``; workers run with the same one.

    Without those that are looked through in any case, and without that of the started script:
    a test run then asks for what a check has answered.
    """
    found = (Path(entry).absolute() for entry in sys.path if entry)
    known = {root, Path(sysconfig.get_path("scripts")), *interface.test_roots(root)}
    return tuple(dict.fromkeys(entry for entry in found if entry not in known and entry.is_dir()))


def _installed(root: Path, search_path: tuple[Path, ...]) -> list[tuple[Path, int]]:
    """Return the directories with their times, which change when a library is installed.

    Those of the project itself change with every file that is written there; what is read of
    them is known file by file.
    """
    return [
        (entry, entry.stat().st_mtime_ns if _is_installed_in(root, entry) else 0)
        for entry in search_path
    ]


def _is_installed_in(root: Path, entry: Path) -> bool:
    return not entry.is_relative_to(root) or entry.name in {"site-packages", "dist-packages"}


def _roots(config: Config, search_path: tuple[Path, ...]) -> tuple[Path, ...]:
    return (config.root, config.root / "src", *search_path)


def _check_reference(
    config: Config, reference: str, search_path: tuple[Path, ...], *where: str | int
) -> None:
    """Refuse a ``module:name`` in which there is no such module, or nowhere such a name."""
    module, _, expression = reference.partition(":")
    file = _check_module(config, module, search_path, *where)
    name = re.match(r"\s*(\w+)", expression)
    # Whoever imports a part of a package binds it there.
    part = f"{module}.{name[1]}" if name else ""
    if name and interface.module_file(part, _roots(config, search_path)) is None:
        _check_named(config, module, name[1], file, *where)


def _check_module(
    config: Config, module: str, search_path: tuple[Path, ...], *where: str | int
) -> Path:
    """Return a module's source file; refuse one that has none, suggesting one that is near."""
    roots = _roots(config, search_path)
    if (file := interface.module_file(module, roots)) is not None:
        return file
    top = roots[:2] if "." not in module else roots
    near = [name for root in top for name in _neighbours(module, root)]
    raise config.refusal(
        f"there is no {'package' if where[-1] == 'package' else 'module'} {module!r}",
        *where,
        remedy=suggest(module, near, "there are") or f"looked in {config.root} and sys.path",
    )


def _check_named(config: Config, module: str, name: str, file: Path, *where: str | int) -> None:
    """Refuse a name that its module nowhere has, if that gets no names otherwise."""
    try:
        text = file.read_text(errors="replace")
    except OSError:  # who reads it next says so
        return
    if re.search(rf"\b{name}\b|{_OTHERWISE}", text):
        return
    top = re.findall(r"^(?:async def|def|class)?\s*(\w+)\s*(?:\(|=[^=])", text, re.MULTILINE)
    raise config.refusal(
        f"{module} has no {name!r}",
        *where,
        remedy=suggest(name, top, "it has") or f"write a name that is in {file}",
    )


def _check_called(
    config: Config, reference: str, search_path: tuple[Path, ...], *where: str | int
) -> None:
    """Refuse a function that no server can call as an application: a factory without ``()``."""
    module, _, name = reference.partition(":")
    file = interface.module_file(module, _roots(config, search_path))
    if file is None or not name.isidentifier() or not _defines(file, name):
        return
    node = interface.function_named(file, name)
    if node is not None and not interface.can_be_application(node):
        call = f"{reference}({'...' if interface.required(node) else ''})"
        remedy = f'if it is a factory, write "{call}"'
        if isinstance(node, ast.AsyncFunctionDef):
            remedy = "name a function that is not async and makes it"
        raise config.refusal(
            f"{reference} is a function that no server can call: a WSGI application takes "
            "environ and start_response, an ASGI one scope, receive and send",
            *where,
            remedy=remedy,
        )


def _defines(file: Path, name: str) -> bool:
    try:
        text = file.read_text(errors="replace")
    except OSError:  # who reads it next says so
        return False
    return re.search(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{name}\b", text, re.MULTILINE) is not None


def _neighbours(module: str, root: Path) -> list[str]:
    """Return the modules that stand where this one was looked for."""
    parent = module.rpartition(".")[0]
    directory = root.joinpath(*parent.split(".")) if parent else root
    if not directory.is_dir():
        return []
    return sorted(
        f"{parent}.{entry.stem}" if parent else entry.stem
        for entry in directory.iterdir()
        if (entry.suffix == ".py" and entry.stem != "__init__" and entry.is_file())
        or (entry / "__init__.py").is_file()
    )

"""From which directory a module's imports are found."""

import sys
from pathlib import Path

from seamline.interface import Application, module_file


def base_of(application: Application, module: str) -> str:
    """Return the directory that a module expects to be started in, where it is not the root.

    That of ``backend/shop/main.py`` is ``backend`` when it imports ``shop.orders``: from the
    root the same module would be ``backend.shop.orders``. A directory that no import can name,
    such as ``my-app``, is one to be started in.
    """
    root = application.sources.root
    names = application.definitions.world.modules[module]
    unnamed = [p for p in Path(names.source.file).parents if p.name and not p.name.isidentifier()]
    if unnamed:
        return str(unnamed[0])
    parents = [parent for parent in Path(names.source.file).parents if parent.name]
    for found in names.imports:
        first = found.module.partition(".")[0]
        for parent in () if found.typing_only or _is_found(application, first) else parents[::-1]:
            place = root / parent / first
            if place.with_suffix(".py").is_file() or any(place.glob("*.py")):
                return str(parent)
    return ""


def _is_found(application: Application, name: str) -> bool:
    """Whether an import of this name is found without another directory."""
    modules = application.sources.modules
    return (
        name in sys.stdlib_module_names
        or name in modules
        or any(each.startswith(f"{name}.") for each in modules)
        or module_file(name, [Path(entry) for entry in sys.path if entry]) is not None
    )

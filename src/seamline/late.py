"""Front doors that load what is behind them when it is asked for (PEP 562)."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def late(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package whose modules are loaded by their first use.

    Bind it where type checkers do not look, which would otherwise believe in every name. A name
    must not be that of a module of the package, which importing it binds there.

    Args:
        package: ``__name__`` of the package.
        places: Names that it offers, each with the module that has it.
    """

    def look_up(name: str) -> Any:
        if name in places:
            return getattr(import_module(places[name]), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return look_up

"""Context-bound objects of a framework: which of them a call uses, and whether it writes.

Flask, Quart and their extensions hand out proxies of Werkzeug's ``LocalProxy``, each of
which asks a function of its own for the object it stands for. That function is replaced by
one that takes note first, so it does not matter who holds the proxy.
"""

import contextlib
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, Final

_FRAMEWORKS: Final = ("flask.globals", "quart.globals")
_ASK: Final = "_get_current_object"
#: Proxies whose content an application writes to, with what holds the content.
_WRITTEN: Final = ("g", "session")

Notice = Callable[[str, object], None]


def watch_contexts(modules: Iterable[ModuleType], notice: Notice) -> None:
    """Take note of every use of the proxies that some modules and the frameworks hold.

    Args:
        modules: Modules of the application.
        notice: Called with the name of a proxy and the object it stands for.
    """
    for name in _FRAMEWORKS:
        framework = sys.modules.get(name)
        if framework is not None:
            _watch(framework, name.partition(".")[0], notice)
    for module in modules:
        _watch(module, module.__name__, notice)


def content_of(name: str, held: Any) -> object:
    """Return what to compare to see whether ``g`` or ``session`` was written, or None."""
    if name.rpartition(".")[2] not in _WRITTEN:
        return None
    content = held if isinstance(held, dict) else getattr(held, "__dict__", None)
    if not isinstance(content, dict):
        return None
    return {key: id(value) for key, value in list(content.items())}


def _watch(module: ModuleType, shown: str, notice: Notice) -> None:
    for attribute, proxy in list(vars(module).items()):
        kind = type(proxy)
        if kind.__name__ != "LocalProxy" or kind.__module__ != "werkzeug.local":
            continue
        # Versions of Werkzeug differ in whether a proxy has such a function of its own.
        with contextlib.suppress(AttributeError):
            ask = object.__getattribute__(proxy, _ASK)
            if not isinstance(ask, _Asked):
                object.__setattr__(proxy, _ASK, _Asked(ask, f"{shown}.{attribute}", notice))


class _Asked:
    """Stands for a proxy's own function, which may raise: there is no request, say."""

    __slots__ = ("_ask", "_name", "_notice")

    def __init__(self, ask: Callable[[], object], name: str, notice: Notice) -> None:
        self._ask = ask
        self._name = name
        self._notice = notice

    def __call__(self) -> object:
        held = self._ask()
        self._notice(self._name, held)
        return held

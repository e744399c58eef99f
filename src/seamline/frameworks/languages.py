"""Languages: which functions change them, and what Flask-Babel remembers of them.

What Flask-Babel remembers in ``g``: its locales and time zone travel, the rest is made again.

Locales are objects of Babel's, which do not cross; their identifiers do. What it found of
translations is each process's own.
"""

import importlib
import sys
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, Final

#: The name in ``g``.
NAME: Final = "_flask_babel"
_TAG: Final = "\0flask-babel"
_LOCALES: Final = ("babel_locale", "forced_babel_locale")
_ZONE: Final = "babel_tzinfo"
_DOMAIN: Final = "babel_domain"
_FOUND: Final = "babel_translations"
_KNOWN: Final = frozenset({*_LOCALES, _ZONE, _DOMAIN, _FOUND})
_CHANGING: Final = frozenset(
    {
        *(f"django.utils.translation.{name}" for name in ("activate", "deactivate", "override")),
        "django.utils.translation.deactivate_all",
        *("flask_babel.force_locale", "flask_babel.refresh"),
        *("quart_babel.force_locale", "quart_babel.switch_locale", "quart_babel.refresh"),
    }
)


def changes_language(names: Iterable[str]) -> bool:
    """Whether one of the names that a function looks up changes the active language."""
    return not _CHANGING.isdisjoint(names)


def told(held: Any) -> Any:
    """Return what such a memory says as plain values; the object itself if it says more."""
    if type(held) is not SimpleNamespace or not vars(held).keys() <= _KNOWN:
        return held
    own = vars(held)
    if own.get(_DOMAIN) is not None and not _is_default(own[_DOMAIN]):
        return held
    said = {name: own[name] and str(own[name]) for name in _LOCALES if name in own}
    return (_TAG, said | {name: own[name] for name in (_ZONE,) if name in own})


def is_told(value: Any) -> bool:
    """Whether a value is what a memory said."""
    return type(value) is tuple and len(value) == len((_TAG, {})) and value[0] == _TAG


def remember(held: Any, said: Any) -> SimpleNamespace:
    """Return a memory that says this: the one held, or a new one; its own finds stay if they may.

    Raises:
        ValueError: A locale is none.
    """
    space = held if type(held) is SimpleNamespace else SimpleNamespace()
    if told(space) == said:
        return space
    own, values = vars(space), dict(said[1])
    for name in (*_LOCALES, _ZONE):
        if name not in values:
            own.pop(name, None)
        elif name == _ZONE:
            own[name] = values[name]
        elif str(own.get(name)) != values[name]:
            own[name] = values[name] and _locale(values[name])
    own.pop(_FOUND, None)  # of another locale, perhaps; Flask-Babel finds it again
    return space


def _is_default(domain: Any) -> bool:
    """Whether a domain is the one that every process takes by itself."""
    flask: Any = sys.modules["flask"]
    babel = flask.current_app.extensions.get("babel")
    return babel is not None and vars(babel.instance).get("domain_instance") is domain


def _locale(text: str) -> Any:
    # Only where Flask-Babel is used anyway.
    return importlib.import_module("babel").Locale.parse(text)

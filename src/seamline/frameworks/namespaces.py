"""``g`` and other objects whose attributes are the application's own: taken and given."""

from collections.abc import Iterable
from typing import Any, Final

from seamline.frameworks import languages
from seamline.frameworks.guards import ABSENT
from seamline.frameworks.overlay import plain_part
from seamline.frameworks.restoring import merged
from seamline.wire import Codec, refusal

#: Where Werkzeug's request keeps what it has parsed, once for each way to ask for it.
JSON: Final = "_cached_json"
#: What an extension derives from session and request by itself, wherever it is asked.
_DERIVED: Final = frozenset({"_login_user"})
#: What is named where one of their attributes cannot be read.
LABELS: Final = {"g": "flask.g's attribute", "request": "the request's attribute"}


def needs_of(framework: str, reads: Iterable[str]) -> frozenset[str]:
    """Return the attributes of ``g`` and ``request`` among what a function looks up by name."""
    return frozenset(
        f"{holder}.{name.split('.')[2]}"
        for name in reads
        for holder in LABELS
        if name.startswith(f"{framework}.{holder}.")
    )


def check_needs(needs: frozenset[str], **parts: Any) -> None:
    """Refuse to send a call whose function needs what cannot cross.

    Raises:
        ContextElsewhere: There is such an attribute.
    """
    for holder, part in parts.items():
        for name in () if part is None else part[1]:
            if f"{holder}.{name}" in needs:
                raise refusal(LABELS[holder], name)


def namespace_part(
    values: dict[str, Any], absent: frozenset[str], codec: Codec
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the values of a namespace that can cross, and the names of all others."""
    if languages.NAME in values:
        values = values | {languages.NAME: languages.told(values[languages.NAME])}
    plain, left = plain_part(values, codec)
    return plain, tuple(sorted({*left, *absent}))


def own_of(g: Any) -> dict[str, Any]:
    """Return the application's own values in ``g``."""
    return {
        name: value for name, value in vars(g).items() if name not in _DERIVED and name != ABSENT
    }


def update_namespace(
    namespace: Any, own: dict[str, Any], part: Any, replaced: tuple[Any, ...] = ()
) -> None:
    """Give a namespace the values of another process's, in place."""
    values, kept = part
    held = vars(namespace)
    for name in own:
        if name not in values and name not in kept:
            del held[name]
    for name, value in values.items():
        if name == languages.NAME and languages.is_told(value):
            held[name] = languages.remember(held.get(name), value)
            continue
        if name == JSON:
            old = None if name in replaced else held.get(name, (None,))[0]
            held[name] = (merged(old, value),) * 2
            continue
        held[name] = value if name in replaced else merged(held.get(name), value)

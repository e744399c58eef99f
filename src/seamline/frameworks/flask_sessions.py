"""Sessions of Flask and Quart as plain values, and back."""

import inspect
from typing import Any, Final

from seamline.errors import ContextElsewhere
from seamline.frameworks.restoring import merged

_SCALARS: Final = frozenset({bool, int, float, str, type(None)})


def session_of(context: Any) -> Any:
    """Return the session of a request context; asking for it is not an access."""
    found = vars(context).get("_session")
    return context.session if found is None else found


def session_part(session: Any) -> tuple[bool, dict[Any, Any], dict[str, Any]]:
    """Return a session as plain values, with its flags."""
    flags = {name: value for name, value in vars(session).items() if type(value) in _SCALARS}
    return type(session).__name__ == "NullSession", dict(session), flags


def give_session(application: Any, context: Any, part: tuple[Any, ...]) -> None:
    """Give a request context a session of the application's own kind with these values."""
    interface = application.session_interface
    name = "null_session_class" if part[0] else "session_class"
    if hasattr(interface, name):
        session = getattr(interface, name)()
    else:
        session = interface.open_session(application, context.request)
        if session is None or inspect.isawaitable(session):
            raise ContextElsewhere(
                f"a session of {type(interface).__name__} cannot be opened in the process that "
                "hosts the called function; pass the values you need from it as an argument"
            )
    update_session(session, part)
    setattr(context, "_session" if hasattr(context, "_session") else "session", session)


def update_session(session: Any, part: tuple[Any, ...], replaced: tuple[Any, ...] = ()) -> None:
    """Give a session these values and flags, in place."""
    _, values, flags = part
    if isinstance(session, dict):  # not through its own methods, which set flags
        for name in [name for name in session if name not in values]:
            dict.__delitem__(session, name)
        for name, value in values.items():
            old = None if name in replaced else dict.get(session, name)
            dict.__setitem__(session, name, merged(old, value))
    else:
        for name in [name for name in session if name not in values]:
            del session[name]
        for name, value in values.items():
            session[name] = value if name in replaced else merged(session.get(name), value)
    vars(session).update(flags)

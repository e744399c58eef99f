"""A request of Werkzeug's as plain values, and what the host's own request takes from them."""

import functools
import io
import sys
from typing import Any, Final

from seamline.errors import ContextElsewhere, NotSendable
from seamline.frameworks.guards import ABSENT, guard
from seamline.frameworks.namespaces import JSON
from seamline.frameworks.overlay import plain_part
from seamline.frameworks.restoring import merged
from seamline.wire import Codec, Partial

#: What servers and frameworks put into an environ for their own use.
_OWN_OF_SERVER: Final = ("wsgi.", "gunicorn.", "uwsgi.", "asgi.", "a2wsgi.")
_OWN_OF_FRAMEWORK: Final = ("werkzeug.", "flask.")
_PLAIN: Final = frozenset({str, int, bool, float, bytes, type(None)})
#: What Werkzeug and Flask set on every request.
_OWN: Final = frozenset(
    {
        "environ", "shallow", "method", "scheme", "server", "root_path", "path", "query_string",
        "headers", "remote_addr", "url_rule", "view_args", "routing_exception", "json_module",
        "_cached_data", "_cached_json", "_parsed_content_type", "_files", "_form", "stream",
        "form", "files", "http_version", "body", "scope", "body_timeout", "client",
    }
)  # fmt: skip
#: What Werkzeug makes of an environ, without its body, and keeps in the request.
_OF_ENVIRON: Final = frozenset(
    {
        "method", "scheme", "server", "root_path", "path", "query_string", "remote_addr",
        "headers", "args", "cookies", "access_route", "url", "base_url", "root_url", "host_url",
        "host", "full_path",
    }
)  # fmt: skip


def pack_request(request: Any, codec: Codec, *, with_body: bool) -> tuple[Any, ...]:
    """Return what another process needs to have the same request.

    Its own stream stays readable: what had to be read for it is put back.
    """
    environ, absent = environ_part(request.environ)
    body = _body(request) if with_body else None
    return (environ, tuple(absent), body, *routing_part(request, codec))


def environ_part(environ: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what the server put into an environ, and the names of what of it cannot cross."""
    plain: dict[str, Any] = {}
    absent = []
    for name, value in environ.items():
        if name.startswith(_OWN_OF_FRAMEWORK) or _is_own(name):
            continue
        kind = type(value)
        if kind in _PLAIN or (kind is tuple and name == "wsgi.version"):
            plain[name] = value
        elif not name.startswith(_OWN_OF_SERVER):
            absent.append(name)
    return plain, absent


def own_environ(request: Any) -> dict[str, Any]:
    """Return what code, and not a server, put into the environ of a request."""
    environ = getattr(request, "environ", None) or {}
    return {name: value for name, value in environ.items() if _is_own(name)}


def absent_environ(request: Any) -> frozenset[str]:
    """Return the names of the environ that are still with the caller alone."""
    environ = getattr(request, "environ", None)
    return environ.absent if isinstance(environ, Partial) else frozenset()


def update_environ(request: Any, part: Any, replaced: tuple[Any, ...] = ()) -> None:
    """Give the environ of a request what code put there elsewhere, in place."""
    values, kept = part
    own, environ = own_environ(request), getattr(request, "environ", {})
    for name in own.keys() - values.keys() - set(kept):
        del environ[name]
    for name, value in values.items():
        environ[name] = value if name in replaced else merged(own.get(name), value)


def of_server(request: Any) -> dict[str, Any]:
    """Return the plain items of the environ that servers set; none of a request of ASGI."""
    return environ_part(getattr(request, "environ", {}))[0]


def check_environ(request: Any, before: dict[str, Any], codec: Codec, name: str) -> None:
    """Refuse changes of an environ that cannot be made at the caller.

    Args:
        request: The host's.
        before: What the server had put there.
        codec: Of the seam.
        name: Of the function.

    Raises:
        ContextElsewhere: There is one.
    """
    after = of_server(request)
    changed = {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
    changed.update(plain_part(own_environ(request), codec)[1])
    if changed:
        raise ContextElsewhere(
            f"{name} ran and set request.environ[{min(changed)!r}], which the caller's request "
            "cannot be given. Set it in the process that answers the request, or return the value"
        )


@functools.lru_cache(maxsize=1_000)
def _is_own(name: str) -> bool:
    """Whether no server and no framework puts this name into an environ."""
    if name.startswith((*_OWN_OF_SERVER, *_OWN_OF_FRAMEWORK)):
        return False
    return not name.isupper()


def extras(request: Any) -> dict[str, Any]:
    """Return the attributes that the application's own code set on a request.

    Of those that a request has by itself, the ones that its environ does not give.
    """
    kind, held = type(request), vars(request)
    found = {
        name: value
        for name, value in held.items()
        if name not in _OWN and name != ABSENT and not hasattr(kind, name)
    }
    if "environ" in held and kind.__init__.__module__.startswith("werkzeug."):
        fresh = kind(held["environ"], populate_request=False)
        for name in _OF_ENVIRON & held.keys():
            value, given = held[name], getattr(fresh, name)
            if type(value) is not type(given) or value != given:
                found[name] = value
        if held.get("form") and not _is_form(request):  # nothing that was parsed
            found["form"] = held["form"]
    match held.get(JSON):
        case (value, other) if value is other and value is not ...:
            found[JSON] = value  # code may have changed what was parsed
    return found


def environ_for(packed: tuple[Any, ...], left: tuple[str, ...]) -> dict[str, Any]:
    """Return the environ to make the host's request of. Raises as unpacking a tuple does.

    ``left`` names what code put there and cannot cross.
    """
    environ, absent, body = packed[:3]
    found = Partial(environ, frozenset([*absent, *left]), "the request's environ item")
    found["wsgi.input"] = _NoBody() if body is None else io.BytesIO(_data(body))
    found["wsgi.errors"] = sys.stderr
    return found


def complete_request(request: Any, application: Any, packed: tuple[Any, ...]) -> None:
    """Give the host's request its body and what the caller's routing found."""
    body = packed[2]
    held = vars(request)
    held["stream"] = request.environ["wsgi.input"]
    if type(body) is tuple:
        form, files = body
        held["form"] = request.parameter_storage_class(form)
        held["files"] = request.parameter_storage_class([file_of(*parts) for parts in files])
    give_routing(request, application, packed)


def routing_part(request: Any, codec: Codec) -> tuple[Any, ...]:
    """Return what routing found: the rule, the arguments of the view, those left, the error."""
    rule = request.url_rule
    view_args: dict[str, Any] | None = None
    view_absent: list[Any] = []
    if request.view_args is not None:
        view_args, view_absent = plain_part(request.view_args, codec)
    return (
        None if rule is None else (rule.rule, rule.endpoint),
        view_args,
        tuple(view_absent),
        _sendable(request.routing_exception, codec),
    )


def give_routing(request: Any, application: Any, packed: tuple[Any, ...]) -> None:
    """Give the host's request what the caller's routing found."""
    rule, view_args, view_absent, error = packed[3:]
    request.url_rule = None if rule is None else _rule(application, *rule)
    request.routing_exception = error
    if view_absent:
        view_args = Partial(view_args, frozenset(view_absent), "the view argument")
    request.view_args = view_args


def guard_request(request: Any, absent: tuple[str, ...]) -> None:
    """Let reading attributes raise that the caller's request has and that cannot cross."""
    if absent:
        guard(request, frozenset(absent), "the request's attribute")


def body_state(request: Any) -> tuple[Any, ...]:
    """Return how far the body of a request was read, and whether it was kept or parsed."""
    held = vars(request)
    stream = held.get("stream")
    parsed = "form" in held and _is_form(request)
    files = [file.stream.tell() for file in _files(request)] if parsed else []
    place = stream.tell() if type(stream) is io.BytesIO else None
    return place, "_cached_data" in held, parsed, tuple(files)


def update_body(request: Any, state: tuple[Any, ...]) -> None:
    """Read a request's body as far as it was read elsewhere."""
    place, is_kept, is_parsed, files = state
    held = vars(request)
    if is_kept and "_cached_data" not in held:
        request.get_data(cache=True)
    if is_parsed and "form" not in held:
        assert request.form is not None  # parses it
    if is_parsed:
        for file, position in zip(_files(request), files, strict=True):
            file.stream.seek(position)
    stream = held.get("stream")
    if place is not None and type(stream) is io.BytesIO:
        stream.seek(place)


def _files(request: Any) -> list[Any]:
    return [file for _, file in request.files.items(multi=True)]


def _body(request: Any) -> Any:
    """Return the body: its bytes, or what was parsed of a form; ``None`` if it is unreadable."""
    held = vars(request)
    if "form" in held and _is_form(request):
        form = list(request.form.items(multi=True))
        files = [(name, *content_of(file)) for name, file in request.files.items(multi=True)]
        return (form, files)
    if "_cached_data" in held:
        return held["_cached_data"]
    try:
        data = request.get_data(cache=False)
    except Exception as error:
        if type(error).__module__.partition(".")[0] == "werkzeug":
            return None  # too large, or cut short: who reads it there is told
        raise
    held["stream"] = request.environ["wsgi.input"] = io.BytesIO(data)
    return data


def _is_form(request: Any) -> bool:
    return request.mimetype in {"multipart/form-data", "application/x-www-form-urlencoded"}


def content_of(file: Any) -> tuple[Any, ...]:
    """Return an uploaded file as values; it stays where it was read to."""
    place = file.stream.tell()
    file.stream.seek(0)
    content = file.stream.read()
    file.stream.seek(place)
    return file.filename, list(file.headers.items()), content, place


def file_of(name: str, filename: str | None, headers: Any, content: bytes, place: int) -> Any:
    """Return an uploaded file with its field's name."""
    from werkzeug.datastructures import FileStorage, Headers  # only where it is used anyway

    stream = io.BytesIO(content)
    stream.seek(place)
    return name, FileStorage(stream, filename, name, headers=Headers(headers))


def _data(body: Any) -> bytes:
    return body if type(body) is bytes else b""


def _rule(application: Any, rule: str, endpoint: str) -> Any:
    """Return the rule that matched; one by itself where only the caller registered it."""
    from werkzeug.routing import Rule  # only where it is used anyway

    for found in application.url_map.iter_rules():
        if found.rule == rule and found.endpoint == endpoint:
            return found
    return Rule(rule, endpoint=endpoint)


def _sendable(error: Any, codec: Codec) -> Any:
    if error is None:
        return None
    try:
        codec.encode(error)
    except NotSendable:
        return None
    return error


class _NoBody(io.RawIOBase):
    """Stands for a body that was not sent: no code that runs here seemed to read it."""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        raise ContextElsewhere(
            "the body of the request is read where no source that Seamline could follow says "
            f"so ({size} bytes were asked for); pass the values you need from it as an argument"
        )

    def readinto(self, buffer: Any) -> int:
        self.read(len(buffer))
        return 0

    def readline(self, size: int | None = -1) -> bytes:
        return self.read(-1 if size is None else size)

"""Which contexts of a web framework a body may read, and how applications are made.

A context is named ``framework:part``: ``flask:app``, ``flask:session``. Nothing is executed.
"""

import ast
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final

from seamline.interface.body import Body
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.graph import Graph
from seamline.interface.known import named
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin
from seamline.interface.wrapping import covers, wrappers_of

Contexts = frozenset[str]

_NONE: Final[Contexts] = frozenset()
#: What a function of Flask's, and of Quart's of the same name, reads.
_NAMES: Final[Mapping[str, str]] = {
    "current_app": "app",
    "app_ctx": "app g",
    "g": "app g",
    "session": "app session",
    "request": "app request body",
    "websocket": "app request body",
    "request_ctx": "app g session request body",
    "has_app_context": "app",
    "has_request_context": "app request",
    "after_this_request": "app request",
    "url_for": "app g request",
    "redirect": "app",
    "flash": "app session",
    "get_flashed_messages": "app session",
    "get_template_attribute": "app",
    "json": "app",
    "jsonify": "app",
    "make_response": "app",
    "send_file": "app request",
    "send_from_directory": "app request",
    "render_template": "app g session request body",
    "render_template_string": "app g session request body",
    "stream_template": "app g session request body",
    "stream_template_string": "app g session request body",
    "stream_with_context": "app g session request body",
    "copy_current_request_context": "app g session request body",
    "copy_current_app_context": "app g session request body",
}
_ALL: Final = "app g session request body"
#: What methods of the application read beside it.
_OF_CURRENT: Final[Mapping[str, str]] = {
    "url_for": "app g request",
    "jinja_env": _ALL,
    "update_template_context": _ALL,
    "preprocess_request": _ALL,
    "dispatch_request": _ALL,
    "full_dispatch_request": _ALL,
    "process_response": _ALL,
}
#: Modules of the two that re-export those names.
_MODULES: Final = ("globals", "helpers", "templating", "ctx", "json")
#: What of a request is known without its body.
_HEAD: Final = frozenset(
    {
        "method", "args", "headers", "cookies", "path", "full_path", "url", "base_url", "url_root",
        "root_url", "host", "host_url", "remote_addr", "remote_user", "scheme", "is_secure",
        "endpoint", "url_rule", "view_args", "blueprint", "blueprints", "user_agent", "referrer",
        "accept_mimetypes", "accept_languages", "accept_charsets", "accept_encodings",
        "authorization", "mimetype", "mimetype_params", "content_type", "content_length",
        "content_encoding", "content_md5", "date", "if_match", "if_none_match",
        "if_modified_since", "if_unmodified_since", "if_range", "range", "query_string",
        "script_root", "root_path", "access_route", "is_json", "origin", "pragma",
        "cache_control", "max_forwards", "routing_exception", "trusted_hosts",
    }
)  # fmt: skip
#: Extensions that ask for the application and keep what is theirs to themselves.
_OF_APPLICATION: Final = (
    "flask_sqlalchemy.", "flask_bcrypt.", "flask_mail.", "flask_mailman.", "flask_caching.",
    "flask_marshmallow.", "flask_pymongo.", "flask_redis.", "flask_migrate.", "flask_cors.",
)  # fmt: skip
_EXTENSIONS: Final = ("flask_", "quart_")
_APPLICATION_CLASSES: Final = frozenset(
    {"flask.Flask", "flask.app.Flask", "quart.Quart", "quart.app.Quart"}
)
_PROXIES: Final = frozenset({"werkzeug.local.LocalProxy", "werkzeug.LocalProxy"})


def contexts_read(graph: Graph, *, guessed: bool = True) -> dict[Definition | str, Contexts]:
    """Return, by body, the contexts that it or what it runs may read or write.

    Args:
        graph: The calls.
        guessed: Whether calls count of which only a method's name says whom they enter.
    """
    reader = _Reader(graph)
    found = {key: reader.direct(body) for key, body in graph.bodies.items()}
    callers: dict[Definition | str, list[Definition | str]] = {}
    for key, edges in graph.edges.items():
        for edge in edges:
            if guessed or not edge.guess:
                callers.setdefault(edge.target, []).append(key)
    queue = deque(key for key, contexts in found.items() if contexts)
    while queue:
        key = queue.popleft()
        for caller in callers.get(key, ()):
            if not found[key] <= found[caller]:
                found[caller] |= found[key]
                queue.append(caller)
    return found


class _Reader:
    """Says what one body reads itself, by the names that it mentions."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.definitions = graph.definitions
        self._known: dict[Symbol, Contexts] = {}

    def direct(self, body: Body) -> Contexts:
        found: set[str] = set()
        for use in body.uses:
            found |= self.of(use.symbol)
        if body.definition is not None:
            for symbol in body.definition.decorators:
                found |= _NONE if symbol is None else _of_foreign(symbol)
            graph = self.graph
            for wrapper, lines in wrappers_of(self.definitions, graph.bodies, body.definition):
                for use in wrapper.uses:
                    if covers(lines, use.line):
                        found |= self.of(use.symbol)
        return frozenset(found)

    def of(self, symbol: Symbol) -> Contexts:
        if symbol not in self._known:
            self._known[symbol] = self._of(symbol)
        return self._known[symbol]

    def _of(self, symbol: Symbol) -> Contexts:
        if not symbol.module:
            return _of_foreign(symbol)
        head = Symbol(symbol.module, symbol.name.partition(".")[0])
        cls = self.definitions.classes.get(head)
        if cls is not None:
            return self._of_class(cls)
        found: Contexts = _NONE
        for binding in self.definitions.world.modules[head.module].assigned.get(head.name, ()):
            world, value = self.definitions.world, binding.value
            if isinstance(value, ast.Call):
                made = world.resolve(head.module, value.func)
                found |= _NONE if made is None else self._of_instance(made)
            elif isinstance(value, (ast.Name, ast.Attribute)):
                meant = world.resolve(head.module, value)  # ``current = flask.request``
                rest = symbol.name.removeprefix(head.name)
                if meant is not None and not meant.module:
                    found |= _of_foreign(Symbol("", f"{meant.name}{rest}"))
        return found

    def _of_class(self, cls: Class) -> Contexts:
        """Return what a class reads that derives from one of an extension's."""
        found: Contexts = _NONE
        for base in self.definitions.ancestry(cls):
            if isinstance(base, Symbol):
                found |= _of_foreign(base)
                if base.module and base.name.endswith(".Model"):  # ``class User(db.Model)``
                    found |= self.of(base)
        return found

    def _of_instance(self, made: Symbol) -> Contexts:
        """Return what an object reads that a module made: an extension, a proxy."""
        if str(made) in _PROXIES:
            return frozenset(f"flask:{part}" for part in _ALL.split())
        cls = self.definitions.classes.get(made)
        return _of_foreign(made) if cls is None else self._of_class(cls)


def _of_foreign(symbol: Symbol) -> Contexts:
    """Return what a name of another distribution reads."""
    dotted = symbol.name
    top, _, rest = dotted.partition(".")
    if symbol.module:
        return _NONE
    if top in ("flask", "quart"):
        name, _, attribute = rest.partition(".")
        if name in _MODULES and attribute:
            own, _, attribute_of_it = attribute.partition(".")
            name, attribute = (own, attribute_of_it) if own in _NAMES else (name, attribute)
        parts = _NAMES.get(name, "")
        if name == "current_app" and attribute:
            parts = _OF_CURRENT.get(attribute.partition(".")[0], parts)
        if name == "request" and attribute.partition(".")[0] in _HEAD:
            parts = "app request"
        return frozenset(f"{top}:{part}" for part in parts.split())
    if top.startswith(_EXTENSIONS):
        parts = "app" if named(dotted, _OF_APPLICATION) else _ALL
        return frozenset(f"{top.partition('_')[0]}:{part}" for part in parts.split())
    if top == "django":
        return frozenset({"django:locale"})
    return _NONE


# -- how applications are made ----------------------------------------------------------


def applications_made(graph: Graph) -> tuple[str, ...]:
    """Return where the code makes application objects of Flask and Quart.

    Returns:
        ``module:name`` for a module-level name that holds one, ``module:function()`` for a
        function that returns one; sorted. Tests are left out: no host imports them.
    """
    definitions = graph.definitions
    factories = _factories(graph)
    found = {f"{d.module}:{d.name}()" for d in factories}
    symbols = {d.symbol for d in factories}
    for module, names in definitions.world.modules.items():
        for name, bindings in {} if names.source.test else names.assigned.items():
            for binding in bindings:
                if not isinstance(binding.value, ast.Call):
                    continue
                made = definitions.world.resolve(module, binding.value.func)
                if made is not None and (made in symbols or _is_application(definitions, made)):
                    found.add(f"{module}:{name}")
    return tuple(sorted(found))


def _factories(graph: Graph) -> set[Definition]:
    """Return the functions that return an application, directly or through another one."""
    candidates = [
        body
        for body in graph.bodies.values()
        if body.definition is not None
        and body.definition.owner is None
        and not graph.definitions.world.modules[body.module].source.test
    ]
    found: set[Definition] = set()
    symbols: set[Symbol] = set()
    while True:
        new = {
            body.definition
            for body in candidates
            if body.definition is not None
            and body.definition not in found
            and any(
                _makes(graph.definitions, origin, symbols)
                for origins, _ in body.returns
                for origin in origins
            )
        }
        if not new:
            return found
        found |= new
        symbols |= {definition.symbol for definition in new}


def _makes(definitions: Definitions, origin: Origin, factories: set[Symbol]) -> bool:
    if origin.level != "whole" or origin.kind not in ("call", "instance"):
        return False
    return origin.symbol in factories or _is_application(definitions, origin.symbol)


def _is_application(definitions: Definitions, symbol: Symbol) -> bool:
    """Whether a name is a framework's application class, or the application's own of it."""
    cls = definitions.classes.get(symbol)
    bases: Iterator[object] = iter((symbol,) if cls is None else definitions.ancestry(cls))
    return any(str(base) in _APPLICATION_CLASSES for base in bases if isinstance(base, Symbol))

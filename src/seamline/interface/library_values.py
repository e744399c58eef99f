"""What installed libraries keep for each thread or context, and what of them reads it.

A middleware puts the request there, the user, the tenant. Only functions of a library are looked
at that the application names, with what they call in their own module. Reads source only.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from seamline.interface.foreign import Foreign
from seamline.interface.known import is_stdlib, named
from seamline.interface.source import statements
from seamline.interface.walking import Def, parents_in, walk

#: Contexts that travel with calls, connections that every process has of its own, and what only
#: tells of the application.
EXEMPT: Final = (
    "flask", "flask_", "quart", "quart_", "django", "rest_framework", "starlette", "fastapi",
    "werkzeug", "asgiref", "anyio", "sniffio", "trio", "gevent", "celery", "sqlalchemy",
    "sqlmodel", "tortoise", "peewee", "pony", "databases", "mongoengine", "piccolo", "ormar",
    "structlog", "loguru", "sentry_sdk", "opentelemetry", "elasticapm", "newrelic", "ddtrace",
    "logfire", "eliot", "prometheus_client", "pytest",
)  # fmt: skip
_VARIABLE: Final = frozenset({"contextvars.ContextVar", "aiocontextvars.ContextVar"})
_LOCAL: Final = frozenset(
    {
        "threading.local", "_threading_local.local", "asgiref.local.Local", "werkzeug.local.Local",
        "werkzeug.local.LocalStack", "_thread._local", "gevent.local.local",
    }
)  # fmt: skip
_PROXIES: Final = frozenset({"werkzeug.local.LocalProxy", "werkzeug.LocalProxy"})
#: Methods that only set what is kept.
_SETTING: Final = frozenset({"set", "reset", "push", "pop", "clear", "load", "__init__"})
#: How a proxy is read.
_ASKED: Final = ("__getattr__", "__getattribute__", "__getitem__", "__call__")
#: What a library that takes part in requests mentions.
_OF_REQUESTS: Final = re.compile(rb"[Mm]iddleware|start_response|get_response|tween_factory")
_ASKING: Final = {
    "getattr": "read", "hasattr": "read", "vars": "read", "setattr": "set", "delattr": "set",
}  # fmt: skip
#: What a module mentions that keeps something for each thread or context.
_KEEPING: Final = re.compile(rb"[Ll]ocal\b|LocalStack|ContextVar")
_IMPORT: Final = re.compile(
    rb"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^(\n]+)", re.MULTILINE
)
_MOST_STEPS: Final = 5


@dataclass(slots=True)
class _Module:
    """A module of a library: what it binds at its top, and in its classes (``Class.name``)."""

    name: str
    package: str = ""
    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    functions: dict[str, Def] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    imported: dict[str, list[str]] = field(default_factory=dict)


class Touched(NamedTuple):
    """The variable of a library that something reads, and the one that it sets, if any."""

    read: str = ""
    set: str = ""


_NOTHING: Final = Touched()
#: What does so in more steps than are followed.
_KNOWN: Final = {
    "crum.get_current_user": Touched("crum._thread_locals"),
    "crum.set_current_user": Touched("", "crum._thread_locals"),
    "crum.impersonate": Touched("", "crum._thread_locals"),
    "cherrypy.session": Touched("cherrypy.serving"),
    "cherrypy.url": Touched("cherrypy.serving"),
    "cherrypy.HTTPRedirect": Touched("cherrypy.serving"),
    "starlette_context.context": Touched("starlette_context._request_scope_context_storage"),
    "starlette_context.request_cycle_context": Touched(
        "", "starlette_context._request_scope_context_storage"
    ),
    "reversion.create_revision": Touched("", "reversion.revisions._stack"),
    "reversion.revisions.create_revision": Touched("", "reversion.revisions._stack"),
    "rq.get_current_job": Touched("rq.job._job_stack"),
    "rq.job.get_current_job": Touched("rq.job._job_stack"),
}


class LibraryValues:
    """Says which names of libraries read what is kept for each thread or context.

    Args:
        foreign: Where the source of libraries is.
    """

    def __init__(self, foreign: Foreign) -> None:
        self._foreign = foreign
        self._modules: dict[str, _Module | None] = {}
        self._answers: dict[tuple[str, bool], Touched] = {}
        self._in_requests: dict[str, bool] = {}

    def by(self, dotted: str, *, sets: bool = False) -> Touched:
        """Return what a use of a dotted name does with a variable of a library.

        What sets one and reads it has its own: only that it sets it is said.

        Args:
            dotted: The name.
            sets: Whether something is bound or changed there.
        """
        if is_stdlib(dotted) or named(dotted, EXEMPT):
            return _NOTHING
        known = next((name for name in _KNOWN if named(dotted, (name,))), "")
        if known:
            return _KNOWN[known]
        key = dotted, sets
        if key not in self._answers:
            found = self._resolve(dotted, _MOST_STEPS, sets=sets)
            takes_part = any(found) and self._takes_part(found.set or found.read)
            self._answers[key] = found if takes_part else _NOTHING
        return self._answers[key]

    def _takes_part(self, variable: str) -> bool:
        """Whether the library of a variable has something to do with requests."""
        top = variable.partition(".")[0]
        if top not in self._in_requests:
            self._in_requests[top] = not named(variable, EXEMPT) and any(
                _OF_REQUESTS.search(file.read_bytes()) for file in self._foreign.files(top)
            )
        return self._in_requests[top]

    def _resolve(self, dotted: str, steps: int, *, sets: bool = False) -> Touched:
        """Return what the longest part of a name that is a module has under the rest of it."""
        parts = dotted.split(".")
        for length in range(min(len(parts) - 1, 6), 0, -1):
            module = self._module(".".join(parts[:length]))
            if module is not None:
                return self._within(module, parts[length:], steps, sets=sets)
        return _NOTHING

    def _within(
        self, module: _Module, rest: Sequence[str], steps: int, *, sets: bool = False
    ) -> Touched:
        if steps < 0 or not rest:
            return _NOTHING
        for length in (2, 1):
            name, member = ".".join(rest[:length]), (*rest[length:], "")[0]
            if len(rest) < length or (length > 1 and rest[0] not in module.classes):
                continue
            if name in module.functions:
                return self._done_by(module, name)
            if name in module.values:
                kind = self._kind(module, name, steps)
                if kind:
                    return _used(f"{module.name}.{name}", kind, member, sets=sets)
                return self._through(module, name, rest[length:], steps)
        for meant in module.imported.get(rest[0], ()):
            if not is_stdlib(meant) and not named(meant, EXEMPT):
                found = self._resolve(".".join((meant, *rest[1:])), steps - 1, sets=sets)
                if any(found):
                    return found
        asked = rest[0] not in (module.imported.keys() | module.classes.keys())
        is_module = asked and "__getattr__" in module.functions
        return self._done_by(module, "__getattr__") if is_module else _NOTHING

    def _through(self, module: _Module, name: str, rest: Sequence[str], steps: int) -> Touched:
        """Return what the use of a value does: a proxy, a method of an object, another name."""
        for value in module.values[name]:
            found = _NOTHING
            if isinstance(value, (ast.Name, ast.Attribute)):
                parts = ast.unparse(value).split(".")
                found = self._within(module, (*parts, *rest), steps - 1)
            elif isinstance(value, ast.Call):
                found = self._by_object(module, value, rest[0] if rest else "", steps)
            if any(found):
                return found
        return _NOTHING

    def _by_object(self, module: _Module, value: ast.Call, member: str, steps: int) -> Touched:
        """Return what the use of an object that a module makes does."""
        if _PROXIES.intersection(self._named(module, value.func)):
            return self._touched(module, value, 1)
        for meant in self._named(module, value.func):
            home, _, cls = meant.rpartition(".")
            found = self._foreign.class_in(home, cls) if home else None
            owner = self._module(found[0]) if found is not None and steps > 0 else None
            if found is None or owner is None:
                continue
            names = [f"{found[1].name}.{method}" for method in (*_ASKED, member)]
            does = (self._done_by(owner, name) for name in names if name in owner.functions)
            return next(filter(any, does), _NOTHING)
        return _NOTHING

    def _done_by(self, module: _Module, name: str) -> Touched:
        """Return what a function does: one that sets such a variable has its own."""
        found = self._touched(module, module.functions[name], 1)
        return Touched("", found.set) if found.set else found

    def _touched(self, module: _Module, node: ast.AST, steps: int) -> Touched:
        """Return what a function does itself, and by functions of its module."""
        every = list(self._each(module, node, steps))
        read = next((one.read for one in every if one.read), "")
        return Touched(read, next((one.set for one in every if one.set), ""))

    def _each(self, module: _Module, node: ast.AST, steps: int) -> Iterator[Touched]:
        parents = parents_in(node)
        for part in walk(node):
            if isinstance(part, (ast.Name, ast.Attribute)):
                variable, kind = self._variable(module, part)
                how = _how(part, kind, parents) if variable else ""
                if how:
                    yield Touched(variable) if how == "read" else Touched("", variable)
            elif isinstance(part, ast.Call) and steps and part is not node:
                called = self._called(module, part)
                if called is not None:
                    yield self._touched(module, called, steps - 1)

    def _called(self, module: _Module, call: ast.Call) -> Def | None:
        """Return the function of the same module that a call enters."""
        text = ast.unparse(call.func) if isinstance(call.func, (ast.Name, ast.Attribute)) else ""
        return module.functions.get(_of_class(module, text))

    def _variable(self, module: _Module, node: ast.expr) -> tuple[str, str]:
        """Return the variable that an expression is, with its kind; empty for anything else."""
        text = _of_class(module, ast.unparse(node))
        if text in module.values:
            kind = self._kind(module, text, 1)
            return (f"{module.name}.{text}", kind) if kind else ("", "")
        head, _, rest = text.partition(".")
        for meant in module.imported.get(head, ()):
            home, _, name = f"{meant}.{rest}".rstrip(".").rpartition(".")
            if home.partition(".")[0] == module.name.partition(".")[0]:
                owner = self._module(home)
                kind = self._kind(owner, name, 1) if owner and name in owner.values else ""
                if kind:
                    return f"{home}.{name}", kind
        return "", ""

    def _kind(self, module: _Module, name: str, steps: int) -> str:
        """Return whether a name is a context ``variable`` or an object that is ``local``."""
        for value in module.values[name]:
            if isinstance(value, ast.Call):
                made = self._named(module, value.func)
                if not _VARIABLE.isdisjoint(made):
                    return "variable"
                if any(self._is_local(one, steps) for one in made):
                    return "local"
        return ""

    def _is_local(self, cls: str, steps: int) -> bool:
        """Whether a class is one whose objects are local to a thread, or derives from it."""
        if cls in _LOCAL:
            return True
        home, _, name = cls.rpartition(".")
        found = self._foreign.class_in(home, name) if home and not is_stdlib(cls) else None
        owner = self._module(found[0]) if found is not None else None
        return (
            found is not None
            and owner is not None
            and steps >= 0
            and any(
                self._is_local(meant, steps - 1)
                for base in found[1].bases
                for meant in self._named(owner, base)
            )
        )

    def _named(self, module: _Module, node: ast.expr) -> list[str]:
        """Return what a dotted expression at the top of a module may stand for."""
        text = ast.unparse(node.value if isinstance(node, ast.Subscript) else node)
        head, _, rest = text.partition(".")
        found = [f"{meant}.{rest}".rstrip(".") for meant in module.imported.get(head, ())]
        return [*found, f"{module.name}.{text}"] if head in module.classes else found

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            text = self._foreign.text(name)
            if text is not None and not _KEEPING.search(text):
                self._modules[name] = self._imports_of(name, text)
            else:
                tree = None if text is None else self._foreign.tree(name)
                self._modules[name] = None if tree is None else self._read(name, tree)
        return self._modules[name]

    def _source(self, module: _Module, source: str, level: int) -> str:
        """Return the whole name of what a module imports from."""
        if not level:
            return source
        if not module.package:
            module.package = self._foreign.source_of(module.name, ast.ImportFrom(None, [], 1))
        above = module.package.split(".")
        return ".".join([*above[: len(above) - level + 1], *([source] if source else [])])

    def _imports_of(self, name: str, text: bytes) -> _Module:
        """Return a module that keeps nothing itself, with what it imports from others."""
        module = _Module(name)
        for found in _IMPORT.finditer(text):
            dots, source, names = (one.decode("utf-8", "replace") for one in found.groups())
            home = self._source(module, source, len(dots))
            for part in re.sub(r"#.*", "", names.strip("()")).split(","):
                words = part.split()
                if words:
                    module.imported.setdefault(words[-1], []).append(f"{home}.{words[0]}")
        return module

    def _read(self, name: str, tree: ast.Module) -> _Module:
        module = _Module(name)
        for node in _top(tree.body):
            if isinstance(node, ast.ClassDef):
                module.classes[node.name] = node
                for inner in node.body:
                    _bind(module, inner, f"{node.name}.")
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    meant = alias.name if alias.asname else alias.name.partition(".")[0]
                    module.imported.setdefault(alias.asname or meant, []).append(meant)
            elif isinstance(node, ast.ImportFrom):
                source = self._source(module, node.module or "", node.level)
                for alias in node.names:
                    meant = f"{source}.{alias.name}"
                    module.imported.setdefault(alias.asname or alias.name, []).append(meant)
            else:
                _bind(module, node, "")
        return module


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, without those in functions and classes."""
    inside: set[ast.stmt] = set()
    for node in statements(body):
        if node in inside:
            inside.update(statements(getattr(node, "body", ())))
            continue
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inside.update(node.body)


def _bind(module: _Module, node: ast.stmt, prefix: str) -> None:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            module.functions[f"{prefix}{node.name}"] = node
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Name):
                    module.values.setdefault(f"{prefix}{target.id}", []).append(value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            module.values.setdefault(f"{prefix}{name}", []).append(value)
        case _:
            pass


def _of_class(module: _Module, text: str) -> str:
    """Return the name of what ``self`` or ``cls`` has, where one class of a module has it."""
    head, _, rest = text.partition(".")
    if head not in ("self", "cls") or not rest:
        return text
    found = [f"{cls}.{rest}" for cls in module.classes]
    known = [name for name in found if name in module.values or name in module.functions]
    return known[0] if len(known) == 1 else text


def _used(variable: str, kind: str, member: str, *, sets: bool) -> Touched:
    """Return what a use of a variable, or of what it has, does."""
    if sets or member in _SETTING:
        return Touched("", variable)
    return Touched(variable) if kind == "local" or member == "get" else _NOTHING


def _how(node: ast.Name | ast.Attribute, kind: str, parents: dict[ast.AST, ast.AST]) -> str:
    """Return whether a mention of a variable is a ``read``, a ``set``, or neither."""
    above = parents.get(node)
    if not isinstance(node.ctx, ast.Load):
        return "set"
    match above:
        case ast.Attribute(attr=name) if name in _SETTING or not isinstance(above.ctx, ast.Load):
            return "set"
        case ast.Attribute(attr=name):
            return "read" if kind == "local" or name == "get" else ""
        case ast.Subscript():
            return "read" if isinstance(above.ctx, ast.Load) else "set"
        case ast.Call(func=ast.Name(id=name)):
            return _ASKING.get(name, "")
        case _:
            return ""

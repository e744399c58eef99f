"""Which libraries importing a package certainly imports, in the order in which it does.

A process that has imported them can be forked into one that imports the package, and the
package meets what it would have met in a process of its own.
"""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.names import absolute
from seamline.interface.source import Source, Sources
from seamline.interface.walking import walk

# Whatever is imported after one of these was called may be another library, or behave so.
_CHANGERS: Final = frozenset(
    {"addsitedir", "load_dotenv", "monkey_patch", "patch_all", "putenv", "unsetenv"}
)
_METHODS: Final = frozenset(
    {"append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"}
)
_OF_SYS: Final = frozenset({"path", "modules", "meta_path", "path_hooks"})
# Models of Django's own applications cannot be imported before Django is set up.
_DJANGO_UNREADY: Final = "django.contrib"


class _ReachedError(Exception):
    """The import of a package reached a module that changes what later imports find."""


def preloads(sources: Sources, package: str, *, needs_django: bool) -> tuple[str, ...]:
    """Return the modules of libraries that importing a package imports before anything else.

    Only what is imported whatever happens counts: at the top of a module, outside of ``if`` and
    ``try``. The list ends where a module changes the process: its environment, ``sys.path``.

    Args:
        sources: The application.
        package: Dotted name of the package or module.
        needs_django: Whether Django is set up first; then only Django itself is named.
    """
    found, _ = walked(sources, package)
    if needs_django:
        return tuple(name for name in found if _is_ready_django(name))
    return found


def walked(sources: Sources, package: str) -> tuple[tuple[str, ...], bool]:
    """Return the same, and whether the end was reached: what is imported next can follow then."""
    key = ("walked", len(sources.modules), package)
    if key not in sources.kept:
        walk = _Walk(sources)
        is_whole = True
        try:
            for source in sources.below(package)[:1]:
                walk.load(source.name)
        except _ReachedError:
            is_whole = False  # what was found so far is imported before it
        sources.kept[key] = tuple(walk.found), is_whole
    found: tuple[tuple[str, ...], bool] = sources.kept[key]
    return found


def _is_ready_django(name: str) -> bool:
    return f"{name}.".startswith("django.") and not name.startswith(_DJANGO_UNREADY)


class _Walk:
    """Follows imports as executing them would."""

    def __init__(self, sources: Sources) -> None:
        self.found: dict[str, None] = {}
        self._sources = sources
        self._loaded: set[str] = set()
        self._tops = {name.partition(".")[0] for name in sources.modules}

    def load(self, module: str, *names: str) -> None:
        """Import a module, its parents first, and submodules that are taken from it."""
        parts = module.split(".")
        if parts[0] not in self._tops:
            if parts[0] != "__future__":
                self.found[module] = None
            return
        every = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
        for name in (*every, *(f"{module}.{name}" for name in names)):
            if name in self._sources.modules and name not in self._loaded:
                self._loaded.add(name)
                self._execute(self._sources.modules[name])

    def _execute(self, source: Source) -> None:
        if _is_changer(source.tree):
            raise _ReachedError
        for module, names in _unconditional(source):
            self.load(module, *names)


def _unconditional(source: Source) -> Iterator[tuple[str, list[str]]]:
    for node in source.tree.body:
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield absolute(source, node), [alias.name for alias in node.names]


def _is_changer(tree: ast.Module) -> bool:
    """Whether a module changes the process; looked for once, and kept on its tree."""
    kept = vars(tree)
    if "_changer" not in kept:
        kept["_changer"] = any(map(_changes_process, walk(tree)))
    return bool(kept["_changer"])


def _changes_process(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in _CHANGERS
        case ast.Call(func=ast.Attribute(attr=name, value=value)):
            return name in _CHANGERS or (name in _METHODS and _decides_imports(value))
        case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
            return _decides_imports(value)
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            return _decides_imports(node)
        case _:
            return False


def _decides_imports(node: ast.expr) -> bool:
    """Whether this is ``os.environ``, ``sys.path`` or another thing that imports depend on."""
    match node:
        case ast.Name(id="environ") | ast.Attribute(attr="environ"):
            return True
        case ast.Attribute(attr=name, value=ast.Name(id="sys")):
            return name in _OF_SYS
        case _:
            return False

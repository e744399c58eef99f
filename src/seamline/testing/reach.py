"""Which services a module matters to: what their code may use, in libraries too.

The application's own imports are read from its source. Libraries are followed through what
their loaded modules hold, so a library that is not loaded reaches nothing.
"""

import sys
from collections.abc import Iterable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Final, NamedTuple

from seamline.interface import Analysis, Function

# What opens connections to databases, or hands out what does. A name stands for all below it.
_DATABASES: Final = frozenset(
    {
        "aiomysql",
        "aiosqlite",
        "apsw",
        "asyncpg",
        "dataset",
        "databases",
        "django.apps",
        "django.contrib",
        "django.core.cache",
        "django.core.management",
        "django.core.serializers",
        "django.db",
        "django.test",
        "flask_sqlalchemy",
        "ormar",
        "peewee",
        "piccolo",
        "playhouse",
        "pony.orm",
        "psycopg",
        "psycopg2",
        "pymysql",
        "records",
        "sqlalchemy",
        "sqlite3",
        "sqlite_utils",
        "sqlmodel",
        "tortoise",
    }
)
# Held by every module without a line of its own.
_EVERYWHERE: Final = frozenset({"builtins"})
_READ_ARGV: Final = frozenset(
    {"sys", "argparse", "optparse", "getopt", "click", "typer", "docopt", "fire"}
)


class _Reached(NamedTuple):
    """Modules that some code may use, by their top-level packages, and a database among them."""

    tops: frozenset[str]
    database: str | None


class Reach:
    """What the services of one plan may use.

    Args:
        analysis: What their source says.
    """

    def __init__(self, analysis: Analysis) -> None:
        self._interfaces = {one.service: one for one in analysis.interfaces}
        self._application = frozenset(analysis.modules)
        self._held: dict[str, frozenset[str]] = {}
        # By the identity of the names, which it keeps: to hash them takes longer than to look.
        self._found: dict[int, tuple[tuple[str, ...], int, _Reached]] = {}
        self._passed: dict[tuple[object, ...], bool] = {}

    def is_application(self, module: str) -> bool:
        """Whether a module is one whose source was read."""
        return module in self._application

    def uses(self, service: str, module: str) -> bool:
        """Whether code of a service may look something up in a module, or run its code.

        Modules of libraries count as one with their package: which of them uses which other
        depends on what was imported so far.
        """
        if module in _EVERYWHERE or module in self._interfaces[service].uses:
            return True
        if module in self._application:
            return False
        if _is_database(module) and self.database_of(service) is None:
            return False
        return _top(module) in self._of(self._interfaces[service].libraries).tops

    def concerns(self, service: str, function: Function, module: str, name: str) -> bool:
        """Whether a function may look up a name of a module, or run code that does.

        Args:
            service: The service it belongs to.
            function: The function; where its source does not say all, its service decides.
            module: Dotted name of the module.
            name: What is looked up in it; empty for the module itself.
        """
        if (module, name) == ("sys", "argv"):  # nearly every library holds `sys`, few read this
            names = function.reaches or self._interfaces[service].libraries
            return any(one.partition(".")[0] in _READ_ARGV for one in names)
        if function.reaches is None or module in _EVERYWHERE:
            return self.uses(service, module)
        if module in self._application:
            asked = (service, function.module, function.name, function.line, module, name)
            found = self._passed.get(asked)  # asked before each call of what is patched
            if found is None:
                wanted = f"{module}.{name}" if name else module
                found = any(_is_within(wanted, one) for one in function.reaches)
                self._passed[asked] = found
            return found
        return _top(module) in self._of(function.reaches).tops

    def database_of(self, service: str, function: Function | None = None) -> str | None:
        """Return the library through which code of a service may reach a database, if any.

        Args:
            service: The service.
            function: One of its functions, to ask of that alone.
        """
        interface = self._interfaces[service]
        # State may hold a connection, whatever its name says.
        if function is None or function.reaches is None or function.touches:
            reads_context, names = interface.reads_framework_context, interface.libraries
        else:
            reads_context, names = bool(function.contexts), function.reaches
        if reads_context:
            return "the application's context"
        return self._of(names).database

    def _of(self, names: tuple[str, ...]) -> "_Reached":
        """Return what code may use which looks names up, as far as loaded by now."""
        count = len(sys.modules)
        asked, known, reached = self._found.get(id(names), (None, 0, None))
        if asked is not names or known != count or reached is None:
            modules = self._follow(_with_parents(names))
            reached = _Reached(
                frozenset(map(_top, modules)),
                next((name for name in sorted(modules) if _is_database(name)), None),
            )
            self._found[id(names)] = (names, count, reached)
        return reached

    def _follow(self, start: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        # A database may be loaded by the first call that needs it.
        queue = [name for name in start if name in sys.modules or _is_database(name)]
        while queue:
            name = queue.pop()
            if name not in found and name not in self._application:
                found.add(name)
                queue.extend(self._held_by(name))
        return frozenset(found)

    def _held_by(self, name: str) -> frozenset[str]:
        """Return the modules that a loaded module holds, or holds something of."""
        if name not in self._held:
            module = sys.modules.get(name)
            space = vars(module) if isinstance(module, ModuleType) else {}
            held = {_home(value, name) for value in list(space.values())}
            self._held[name] = frozenset(one for one in held if one in sys.modules)
        return self._held[name]


def _top(module: str) -> str:
    return module.partition(".")[0]


def _is_within(wanted: str, name: str) -> bool:
    """Whether looking a dotted name up passes another one, or the other way round."""
    return f"{wanted}.".startswith(f"{name}.") or f"{name}.".startswith(f"{wanted}.")


def _with_parents(names: tuple[str, ...]) -> set[str]:
    """Return names with what they are looked up in: ``a.b`` and ``a`` for ``a.b``."""
    found = set(names)
    for name in names:
        parts = name.split(".")
        found.update(".".join(parts[:count]) for count in range(1, len(parts)))
    return found


def _is_database(name: str) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:count]) in _DATABASES for count in range(1, len(parts) + 1))


def _home(value: object, holder: str) -> str:
    """Return the module that something a module holds comes from, or an empty name."""
    kind = type(value)  # not isinstance: proxies of frameworks would run code
    if issubclass(kind, ModuleType):
        name = str(vars(value).get("__name__", ""))
        # Importing a submodule binds it in its package, whether the package uses it or not.
        return "" if name.startswith(f"{holder}.") else name
    if issubclass(kind, (type, FunctionType, BuiltinFunctionType)):
        return str(getattr(value, "__module__", None) or "")
    return ""

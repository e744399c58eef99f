"""Settings of the interpreter and of libraries that functions of a package change.

Every process has its own of them. What sets one and what depends on it have to run in the same
process, that of the package; neither is a function that any process could run as well.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import Body
from seamline.interface.graph import Graph
from seamline.interface.known import FRAMEWORK, named

# What sets a setting of its library; calls that give an object of which one is set are seen.
SETTERS: Final = (
    "os.putenv", "os.unsetenv", "os.chdir", "os.umask", "decimal.setcontext",
    "socket.setdefaulttimeout", "sys.setrecursionlimit", "sys.setswitchinterval", "sys.settrace",
    "sys.setprofile", "sys.set_int_max_str_digits", "locale.setlocale", "random.seed",
    "warnings.filterwarnings", "warnings.simplefilter", "warnings.resetwarnings",
    "mimetypes.add_type", "mimetypes.init", "codecs.register", "signal.signal", "gc.disable",
    "gc.enable", "gc.set_threshold", "gc.freeze", "threading.settrace", "threading.setprofile",
    "threading.stack_size", "asyncio.set_event_loop_policy", "csv.register_dialect",
    "csv.field_size_limit", "numpy.set_printoptions", "numpy.seterr", "numpy.random.seed",
    "time.tzset",
)  # fmt: skip
# Settings that operators of the library's values obey, wherever the library is not mentioned.
_OBEYED: Final = frozenset({"decimal", "numpy"})
# Calls that hand out the object which others use as well.
_HANDED_OUT: Final = frozenset({"decimal.getcontext", "logging.getLogger"})


@dataclass(slots=True)
class Ambient:
    """The settings that one package's functions change, by their dotted names."""

    graph: Graph
    names: set[str] = field(default_factory=set)

    def read(self, modules: Container[str]) -> None:
        """Find the settings that functions of these modules change themselves."""
        for body in self.graph.bodies.values():
            if body.module in modules and body.definition is not None:
                self.names.update(changed_settings(body))

    def concerns(self, body: Body) -> bool:
        """Whether a function changes such a setting, or may depend on one."""
        if not self.names:
            return False
        used = {use.symbol.name for use in body.uses if not use.symbol.module}
        if any(_is_within(a, b) or _is_within(b, a) for a in used for b in self.names):
            return True
        obeyed = _OBEYED & {name.partition(".")[0] for name in self.names}
        imports = self.graph.definitions.world.modules[body.module].imports
        return any(found.module.partition(".")[0] in obeyed for found in imports)


def changed_settings(body: Body) -> Iterator[str]:
    """Yield the settings that a function changes itself, such as ``os.environ``."""
    for use in body.uses:
        name = use.symbol.name
        if use.symbol.module or "." not in name or named(name, FRAMEWORK):
            continue
        is_builtin = name.startswith("builtins.")
        if use.how == "bind" or (use.how == "mutate" and not is_builtin):
            yield name
        elif named(name, SETTERS):
            yield name.rpartition(".")[0]
    yield from (s.name for s in body.changed_results if s.name in _HANDED_OUT)


def _is_within(name: str, owner: str) -> bool:
    return name == owner or name.startswith(owner + ".")

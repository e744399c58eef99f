"""Settings of the interpreter and of libraries that functions of a package change.

Every process has its own of them. What sets one and what depends on it have to run in the same
process: that of the package where other functions of it depend on it, and else, where a function
answers nothing and so is called for the effect, that of its caller.
"""

import ast
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from seamline.interface.body import Body
from seamline.interface.effects import Effect, passed_up
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.known import FRAMEWORK, named
from seamline.interface.model import Kind, Place
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

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
    "time.tzset", "codecs.register_error", "sqlite3.register_adapter",
    "sqlite3.register_converter", "copyreg.pickle", "urllib.request.install_opener",
    "gettext.install", "gettext.textdomain", "pandas.set_option", "matplotlib.use",
    "dotenv.load_dotenv", "dotenv.main.load_dotenv",
    "logging.basicConfig", "logging.config.", "logging.disable", "logging.captureWarnings",
    "logging.addLevelName", "logging.setLoggerClass", "logging.setLogRecordFactory",
    "structlog.configure", "structlog.configure_once", "structlog.stdlib.recreate_defaults",
    "resource.setrlimit", "faulthandler.enable", "faulthandler.register", "tracemalloc.start",
    "sentry_sdk.init", "loguru.logger.add", "loguru.logger.remove", "loguru.logger.configure",
)  # fmt: skip
# Settings that operators of the library's values obey, wherever the library is not mentioned.
_OBEYED: Final = frozenset({"decimal", "numpy"})
# Calls that hand out the object which others use as well, with methods that change it.
_HANDED_OUT: Final = {
    "decimal.getcontext": frozenset[str](),
    "logging.getLogger": frozenset(
        {"setLevel", "addHandler", "removeHandler", "addFilter", "removeFilter"}
    ),
    "asyncio.current_task": frozenset({"set_name", "cancel", "add_done_callback"}),
    "threading.current_thread": frozenset({"setName"}),
}
_METHODS: Final = frozenset[str]().union(*_HANDED_OUT.values())
_PLAIN: Final = frozenset({Kind.SYNC, Kind.ASYNC})
_OF_LIBRARIES: Final = ("symbol", "call")
# What is asked of a logger about its configuration.
_CONFIGURED: Final = frozenset(
    {"level", "handlers", "filters", "propagate", "disabled", "isEnabledFor", "getEffectiveLevel"}
)
# Abstract classes whose ``register()`` changes what ``isinstance`` answers.
_ABSTRACT: Final = ("numbers.", "collections.abc.", "os.PathLike", "io.")
# What only tells of the application: no answer depends on it, and hosts tell, too.
_OBSERVING: Final = frozenset({"logging", "structlog", "loguru", "sentry_sdk"})
_ENVIRONMENT: Final = "os.environ"
_GETTING: Final = "os.getenv"
_OF_ENVIRONMENT: Final = (
    _ENVIRONMENT, _GETTING, "os.environb", "os.path.expandvars", "os.getenvb", "subprocess",
    "pydantic_settings", "pydantic.BaseSettings", "environ", "environs", "decouple", "dynaconf",
    "starlette.config",
)  # fmt: skip
# What a setting is set for, where that is another thing than its library.
_READERS: Final = {
    _ENVIRONMENT: _OF_ENVIRONMENT,
    "dotenv": _OF_ENVIRONMENT,
    "os": (
        "os.getcwd", "os.listdir", "os.scandir", "os.walk", "os.open", "os.stat", "os.mkdir",
        "os.makedirs", "os.path.abspath", "os.path.realpath", "os.path.exists", "os.path.isfile",
        "os.path.isdir", "builtins.open", "io.open", "pathlib", "shutil", "glob", "subprocess",
    ),
    "sys": ("sys.getrecursionlimit", "sys.getswitchinterval", "sys.gettrace", "sys.getprofile"),
    "sys.path": ("sys.path", "sys.modules", "importlib", "pkgutil", "runpy"),
    "sys.modules": ("sys.modules", "importlib"),
    "locale": ("locale", "time.strftime", "calendar", ".strftime"),
    "time": ("time.localtime", "time.strftime", "time.mktime", "time.tzname", "datetime"),
    "socket": ("socket", "ssl", "urllib", "http", "smtplib", "ftplib", "imaplib", "requests"),
    "sqlite3": ("sqlite3", "sqlalchemy", "aiosqlite", "peewee"),
}  # fmt: skip
# By what one is saved, and put back.
_SAVING: Final = ("os.getcwd", "os.umask", "pathlib.Path.cwd")
_UNDOING: Final = frozenset({"enable", "remove", "pop", "clear", "setstate"})


class Change(NamedTuple):
    """One setting that a function changes: ``os.environ``, or the module of what sets it.

    Attributes:
        what: How, as a clause with the function as its subject.
        keys: Which of its entries, where the source says it.
    """

    setting: str
    place: Place
    what: str
    keys: frozenset[str] = frozenset()

    @property
    def library(self) -> str:
        """Return the library it belongs to."""
        return self.setting.partition(".")[0]

    @property
    def is_observing(self) -> bool:
        """Whether it is one of what tells of the application, on which no answer depends."""
        return self.library in _OBSERVING

    @property
    def readers(self) -> tuple[str, ...]:
        """Return the names of what depends on it."""
        own = self.setting if self.library in ("os", "sys") else self.library
        return _READERS.get(self.setting) or _READERS.get(own, (own,))


@dataclass(slots=True)
class Ambient:
    """The settings that one package's functions change.

    Attributes:
        names: Their dotted names.
        lasting: Those that a function leaves changed, also through what it calls in the package.
        setting_up: Functions that so set up what nothing else on the host depends on: they run
            with their caller.
    """

    graph: Graph
    names: set[str] = field(default_factory=set)
    lasting: dict[Definition, list[Change]] = field(default_factory=dict)
    setting_up: dict[Definition, Effect] = field(default_factory=dict)

    def read(self, modules: Container[str]) -> None:
        """Find the settings that functions of these modules change."""
        for key, body in self.graph.bodies.items():
            if body.module in modules and isinstance(key, Definition):
                changes = list(changed_settings(self.graph, body))
                self.names.update(change.setting for change in changes)
                left = [one for one in changes if not _is_put_back(self.graph, key, one, changes)]
                if left:
                    self.lasting[key] = left
        self.lasting = passed_up(self.graph, self.lasting, modules)

    def concerns(self, body: Body) -> bool:
        """Whether a function changes such a setting, or may depend on one."""
        if not self.names:
            return False
        used = _names(self.graph, body)
        if any(_is_within(a, b) or _is_within(b, a) for a in used for b in self.names):
            return True
        changes = {(one.setting, one.keys): one for left in self.lasting.values() for one in left}
        return any(reads(self.graph, body, one) for one in changes.values()) or any(
            _obeys(self.graph, body, name.partition(".")[0]) for name in self.names
        )

    def find_setting_up(
        self, modules: Container[str], stays: Callable[[Definition], bool]
    ) -> None:
        """Find the functions that set up what nothing else on the host depends on.

        Args:
            modules: Those of the package.
            stays: Whether a function of it runs with its caller anyway.
        """
        found = {
            definition: changes
            for definition, changes in self.lasting.items()
            if definition.kind in _PLAIN and not _is_method(definition)
            if _returns_nothing(self.graph.bodies[definition])
        }
        bodies = self._on_host(modules, found, stays) if found else []
        for definition, changes in found.items():
            if not any(reads(self.graph, body, one) for one in changes for body in bodies):
                place = changes[0].place
                effect = Effect(changes[0].what, True, place.file, place.line)
                self.setting_up[definition] = effect

    def _on_host(
        self,
        modules: Container[str],
        setting: Container[Definition],
        stays: Callable[[Definition], bool],
    ) -> list[Body]:
        """Return what the host runs for calls of others than those that set something up."""
        world, run = self.graph.definitions.world.modules, dict[Definition, None]()
        for key in self.graph.bodies:
            if isinstance(key, str) or key.module not in modules or key in setting:
                continue
            callers = {self.graph.bodies[one].module for one in self.graph.callers.get(key, ())}
            callers -= {module for module in callers if world[module].source.test}
            is_entered = not callers or any(module not in modules for module in callers)
            if is_entered and not _is_method(key) and not stays(key):
                run[key] = None
        waiting = list(run)
        while waiting:
            for edge in self.graph.edges[waiting.pop()]:
                if not edge.guess and edge.target not in run and edge.target not in setting:
                    run[edge.target] = None
                    waiting.append(edge.target)
        return [self.graph.bodies[key] for key in run]


def changed_settings(graph: Graph, body: Body) -> Iterator[Change]:
    """Yield the settings that a body changes itself, such as ``os.environ``."""
    file = graph.definitions.world.modules[body.module].source.file
    for use in body.uses:
        name, place = use.symbol.name, Place(file, use.line)
        if use.symbol.module or "." not in name:
            continue
        if named(name, SETTERS) or (name.endswith(".register") and named(name, _ABSTRACT)):
            what = f"changes its process with {name}()"
            yield Change(name.rpartition(".")[0], place, what)
        elif named(name, FRAMEWORK):
            continue
        elif use.how == "bind" or (use.how == "mutate" and not name.startswith("builtins.")):
            keys = _keys(graph, body, name)
            yield Change(name, place, f"changes {name} of its process", keys)
    for owner, line in _changed_objects(graph, body):
        yield Change(owner, Place(file, line), f"changes what {owner}() gives in its process")


def _changed_objects(graph: Graph, body: Body) -> Iterator[tuple[str, int]]:
    """Yield what handed out the objects that a body changes and others use, with the line."""
    for call in body.calls:
        for origin in call.receiver if call.method in _METHODS else ():
            owner = _handed_out(graph, origin.symbol) if origin.kind in _OF_LIBRARIES else ""
            if call.method in _HANDED_OUT.get(owner, ()):
                yield owner, call.line
        for origin in call.callee if body.changed_results else ():
            if origin.symbol in body.changed_results and origin.symbol.name in _HANDED_OUT:
                yield origin.symbol.name, call.line


def reads(graph: Graph, body: Body, change: Change) -> bool:
    """Whether what a body answers may depend on a setting."""
    if not change.is_observing:
        return depends(graph, body, change)
    asked = [(receiver, name) for receiver, name in body.attributes if name in _CONFIGURED]
    asked += [(call.receiver, call.method) for call in body.calls if call.method in _CONFIGURED]
    held = {use.symbol for use in body.uses if use.symbol.name.rpartition(".")[2] in _CONFIGURED}
    owners = {o.symbol for receiver, _ in asked for o in receiver if o.kind in _OF_LIBRARIES}
    owners |= {Symbol(one.module, one.name.rpartition(".")[0]) for one in held}
    return any(_handed_out(graph, owner).startswith("logging.") for owner in owners)


def depends(graph: Graph, body: Body, change: Change) -> bool:
    """Whether a body does something for which a setting is set, telling of itself included."""
    if change.library == "builtins":
        nodes = () if body.definition is None else walk(body.definition.node)
        name = change.setting.partition(".")[2]
        return any(name in (getattr(n, "id", ""), getattr(n, "value", "")) for n in nodes)
    if any(named(name, change.readers) for name in _names(graph, body)):
        changes = changed_settings(graph, body)
        own = {one.place.line for one in changes if one.setting == change.setting}
        if any(named(name, change.readers) for name in _names(graph, body, own)):
            asked = _entries(graph, body) if change.keys else None
            return asked is None or bool(asked & change.keys)
    return _obeys(graph, body, change.library)


def _names(graph: Graph, body: Body, skipped: Container[int] = ()) -> set[str]:
    """Return the names of libraries that a body uses, and of what made the objects it uses.

    Among them are methods that it calls, as ``.method``, and bases of classes that it makes.
    """
    found: set[str] = set()
    for use in body.uses:
        if use.line not in skipped:
            found.add(_made(graph, use.symbol) if use.symbol.module else use.symbol.name)
    for call in body.calls:
        if call.line not in skipped:
            found.add(f".{call.method}")
            for one in call.callee:
                if one.kind in _OF_LIBRARIES and not one.symbol.module:
                    found.add(one.symbol.name)
                cls = graph.definitions.classes.get(one.symbol)
                above = () if cls is None else graph.definitions.ancestry(cls)
                found.update(str(base) for base in above if isinstance(base, Symbol))
    return found


def _made(graph: Graph, symbol: Symbol) -> str:
    """Return the name in a library of what made the object that a name of a module holds."""
    world, head = graph.definitions.world, symbol.name.partition(".")[0]
    names = world.modules.get(symbol.module)
    for binding in () if names is None else names.assigned.get(head, ()):
        if isinstance(binding.value, ast.Call):
            made = world.resolve(symbol.module, binding.value.func)
            if made is not None and not made.module:
                return made.name
    return ""


def _handed_out(graph: Graph, symbol: Symbol) -> str:
    """Return what handed out the object that others use as well; empty for any other object."""
    if symbol.module:
        made = _made(graph, symbol) if "." not in symbol.name else ""
    else:
        made = "logging.getLogger" if symbol.name == "logging.root" else symbol.name
    return made if made in _HANDED_OUT else ""


def _obeys(graph: Graph, body: Body, library: str) -> bool:
    """Whether operators in a module may obey the setting of a library."""
    imports = graph.definitions.world.modules[body.module].imports
    return library in _OBEYED and any(one.module.partition(".")[0] == library for one in imports)


def _keys(graph: Graph, body: Body, name: str) -> frozenset[str]:
    """Return the entries of a setting that a body changes; empty where the source does not say."""
    return (name == _ENVIRONMENT and _entries(graph, body)) or frozenset()


def _entries(graph: Graph, body: Body) -> frozenset[str] | None:
    """Return the keys that a function names of the environment; None if it may use others."""
    found: set[str] = set()
    mentioned = explained = 0
    for node in _nodes(graph, body):
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = graph.definitions.world.resolve(body.module, node)
            dotted = "" if name is None or name.module else name.name
            mentioned += dotted in (_ENVIRONMENT, _GETTING)
            if named(dotted, _OF_ENVIRONMENT) and not named(dotted, (_ENVIRONMENT, _GETTING)):
                return None
            continue
        owner, keys = _asked(node)
        if owner is not None and all(isinstance(key, ast.Constant) for key in keys):
            name = graph.definitions.world.resolve(body.module, owner)
            if keys and name is not None and str(name) in (_ENVIRONMENT, _GETTING):
                explained += 1
                found.update(str(key.value) for key in keys if isinstance(key, ast.Constant))
    return frozenset(found) if mentioned and mentioned == explained else None


def _nodes(graph: Graph, body: Body) -> Iterator[ast.AST]:
    """Yield the nodes of a function, or those of a module that its import executes itself."""
    if body.definition is not None:
        yield from walk(body.definition.node)
        return
    for statement in graph.definitions.world.modules[body.module].source.tree.body:
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from walk(statement)


def _asked(node: ast.AST) -> tuple[ast.expr | None, list[ast.expr]]:
    """Return in what an expression looks something up, and the keys."""
    match node:
        case ast.Subscript(value=owner, slice=key):
            return owner, [key]
        case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[owner]):
            return owner, [key]
        case ast.Call(
            func=ast.Attribute(value=owner, attr="update"), args=args, keywords=given
        ) if not args or isinstance(args[0], ast.Dict):
            named_in = [key or one for one in args for key in getattr(one, "keys", ())]
            return owner, named_in + [
                ast.Constant(one.arg) if one.arg else one.value for one in given
            ]
        case ast.Call(func=ast.Attribute(value=owner, attr=method), args=[key, *_]):
            return (node.func if method == "getenv" else owner), [key]
        case ast.Call(func=ast.Name() as owner, args=[key, *_]):
            return owner, [key]
        case _:
            return None, []


def _is_put_back(graph: Graph, key: Definition, one: Change, changes: list[Change]) -> bool:
    """Whether a function sets a setting to what it was before, in the last place or around it."""
    last = max(other.place.line for other in changes if other.setting == one.setting)
    is_changed_again = any(
        other.setting == one.setting and other.place.line < last for other in changes
    )
    saved: set[str] = set()
    for node in walk(key.node):
        if isinstance(node, (ast.With, ast.AsyncWith)) and _spans(node, one.place.line):
            if any(_restores(graph, key.module, item.context_expr, one) for item in node.items):
                return True
        elif isinstance(node, ast.Try) and any(_spans(part, last) for part in node.finalbody):
            return is_changed_again
        elif isinstance(node, ast.Assign) and _mentions(graph, key.module, node.value, one):
            saved |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    # Of several entries, or handlers, one may be set and another one taken away.
    is_one = len(one.keys) <= 1 and not one.is_observing
    return is_changed_again and any(
        (isinstance(part, ast.Name) and part.id in saved)
        or (is_one and (isinstance(part, ast.Delete) or getattr(part, "attr", "") in _UNDOING))
        for part in walk(key.node)
        if getattr(part, "lineno", 0) == last
    )


def _spans(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _restores(graph: Graph, module: str, node: ast.expr, change: Change) -> bool:
    """Whether a context manager sets back what a block changes, by whose it is."""
    made = graph.definitions.world.resolve(
        module, node.func if isinstance(node, ast.Call) else node
    )
    return made is not None and made.name.startswith((f"{change.library}.", "unittest.mock."))


def _mentions(graph: Graph, module: str, node: ast.expr, change: Change) -> bool:
    """Whether an expression asks for a setting."""
    asking = _SAVING if change.setting == "os" else change.readers
    found = (graph.definitions.world.resolve(module, part) for part in walk(node))  # type: ignore[arg-type]
    return any(one is not None and named(one.name, asking) for one in found)


def _is_within(name: str, owner: str) -> bool:
    return name == owner or name.startswith(owner + ".")


def _is_method(definition: Definition) -> bool:
    return definition.owner is not None and not definition.is_static


def _returns_nothing(body: Body) -> bool:
    """Whether a function answers nothing, a constant, or an object that any process can get."""
    return all(
        isinstance(node, ast.Constant)
        or (origins and all(one.symbol.name in _HANDED_OUT for one in origins))
        for origins, node in body.returns
    )

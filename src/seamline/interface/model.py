"""What the source of a package says about its functions: plain, frozen, serialisable facts."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """How a function is entered and left."""

    SYNC = "sync"
    ASYNC = "async"
    GENERATOR = "generator"
    ASYNC_GENERATOR = "async generator"
    CONTEXT_MANAGER = "context manager"
    ASYNC_CONTEXT_MANAGER = "async context manager"


class Verdict(StrEnum):
    """Where a function runs when a process that does not host its package calls it."""

    REMOTE = "remote"
    LOCAL = "local"
    REFUSED = "refused"


class Severity(StrEnum):
    """How much a finding weighs: errors make ``check`` exit 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Place(msgspec.Struct, frozen=True, order=True):
    """A line of the application. ``file`` is relative to the project's root."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """One function or method as its source defines it.

    Attributes:
        module: Dotted name of the module that holds the definition.
        name: Qualified name, e.g. ``monthly_pdf`` or ``Ledger.add``.
        line: First line of the definition, decorators included (``co_firstlineno``).
        file: Path relative to the root.
        public: Whether the package offers it to others.
        exports: Further dotted names it is public under (re-exports and aliases).
        signature: As a reader would write it, e.g. ``(month: date, lang: str = 'en') -> bytes``.
        verdict: Where it runs; for a function that is not public, whether its body is
            sealed (``remote`` or ``refused``) or harmless (``local``).
        reason: One sentence why, naming the evidence.
        touches: Module state its body reads or writes, directly or through what it calls,
            as ``module:name``. Of a local function only what is certain: it stays usable in
            every process.
        changes: Module state which it may change, of other packages too.
        mutates: Parameters that it may change in place, conservatively; empty means proven not.
        shares: Parameters that its result may be or hold parts of; empty means it does not.
        aliases: Module state its result may be or share parts with, as ``module:name``.
        contexts: Contexts of a web framework that it may read or write, directly or through
            what it calls, as ``framework:part`` (``flask:session``); they travel with calls.
        callback: Registered with a framework (view, route, command, filter): stays local.
        callers: Lines outside the service's own package that use it.
        stays: Whether a call with an argument that cannot cross runs with its caller: the
            body needs nothing that only the host has, so the answer is the same.
        reaches: What its body looks up, directly or through what it calls, libraries' names
            too, as ``package.module.name``; None when the source does not say all of it.
        fingerprint: Changes when a caller would have to know: name, kind or parameters.
    """

    module: str
    name: str
    line: int
    file: str
    signature: str
    kind: Kind
    verdict: Verdict
    reason: str
    fingerprint: str
    public: bool = True
    exports: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    mutates: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    callback: bool = False
    stays: bool = False
    reaches: tuple[str, ...] | None = None
    callers: tuple[Place, ...] = ()

    @property
    def address(self) -> str:
        """What a call names on the wire: ``module:qualified name@line``."""
        return f"{self.module}:{self.name}@{self.line}"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One module-level name that is not a constant.

    Attributes:
        module: Dotted name of the module that binds it.
        name: The name.
        line: Where it is bound first.
        file: Path relative to the root.
        resource: True for what holds a handle rather than answers (engine, lock, pool).
        readers: Lines outside the package that read it through the module.
        early: Lines outside the package that bind it early (``from module import NAME``).
    """

    module: str
    name: str
    line: int
    file: str
    resource: bool = False
    readers: tuple[Place, ...] = ()
    early: tuple[Place, ...] = ()


class PackageService(msgspec.Struct, frozen=True, kw_only=True):
    """One package service as ``seamline.toml`` names it.

    Attributes:
        service: Its name in the file.
        package: Dotted name of the package or module.
        local: Public functions that stay in every process.
        snapshot: Functions whose result may share parts with the host's state, declared.
        cache: Names of module state declared to be a cache, ``*`` for all of it.
        carry: Context variables that travel with its calls, as ``module:variable``.
        workers: Processes of its group in the chosen layout.
    """

    service: str
    package: str
    local: tuple[str, ...] = ()
    snapshot: tuple[str, ...] = ()
    cache: tuple[str, ...] = ()
    carry: tuple[str, ...] = ()
    workers: int = 1


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """All that one package service offers and hides.

    Attributes:
        service: Name in ``seamline.toml``.
        package: Dotted name of the package or module.
        modules: ``(dotted name, absolute file)`` of every module of the package.
        functions: Public functions, then every other body that must be sealed.
        state: Mutable module state of the package.
        type_modules: Application modules whose value classes may cross this seam: the
            package's own and those it imports, directly or through others.
        registers: Application modules outside the package on whose objects the package
            registers functions while it is imported (``@signals.saved.connect``); a group
            that imports one of them imports this package too.
        loadable: Those of them that the application's own code imports, so that they may be
            imported where an instance of a class of theirs arrives.
        imports: Application modules that importing the package imports, transitively.
        uses: Application modules that its code may use, directly or through others.
        libraries: Modules of libraries that these use directly, and names in such modules.
        preloads: Modules of libraries that importing the package imports whatever happens,
            in order, before anything that changes what a library finds.
        before: Application modules that have to be imported before the package, since it could
            not be imported first: those of a circle of imports.
        reads_framework_context: Whether its code reads a framework's application context.
        needs_django: Whether Django has to be set up before the package is imported.
    """

    service: str
    package: str
    modules: tuple[tuple[str, str], ...]
    functions: tuple[Function, ...]
    state: tuple[State, ...] = ()
    type_modules: tuple[str, ...] = ()
    loadable: tuple[str, ...] = ()
    registers: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    preloads: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    reads_framework_context: bool = False
    needs_django: bool = False

    def names_of(self, function: Function) -> frozenset[str]:
        """Return every name by which ``seamline.toml`` may list a function of the package."""
        dotted = {f"{function.module}.{function.name}", *function.exports}
        short = {name.removeprefix(f"{self.package}.") for name in dotted}
        return frozenset({function.name, *dotted, *short})


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something ``check`` tells the reader. Same ``code`` and words as the run-time refusal.

    ``file`` is relative to the root, ``line`` counts from 1; both empty/0 when it has no place.
    ``groups`` are those between which it is, where it is about none of their services alone.
    """

    code: str
    severity: Severity
    message: str
    remedy: str
    file: str = ""
    line: int = 0
    service: str = ""
    groups: tuple[str, ...] = ()


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What reading the source of a whole application found.

    Attributes:
        modules: Every module that was read, tests aside.
        applications: Where it makes application objects of Flask and Quart: ``module:name``
            for a module-level name, ``module:function()`` for a factory.
        preloads: Modules of libraries that importing a module that http services name imports
            whatever happens, as for :class:`Interface`.
        whole: Packages of services and such modules whose import leaves the process as it was:
            what is imported after one of them finds what it would have found before.
    """

    interfaces: tuple[Interface, ...]
    findings: tuple[Finding, ...]
    modules: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    preloads: dict[str, tuple[str, ...]] = {}
    whole: tuple[str, ...] = ()

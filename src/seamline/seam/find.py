"""Find the function objects that definitions became. Nothing is imported or executed here.

A definition is a file, a qualified name and a first line. Decorators, registries and early
imports all hold the function *object*, so one pass over the garbage collector's objects
finds what no walk over module attributes would.
"""

import ast
import contextlib
import functools
import gc
import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final, NamedTuple

from seamline.interface import Function, Interface, Kind
from seamline.seam.half import Body, body_of, is_twin, original_of

# The address of the outermost Python wrapper of a public name; the definition's own address
# has no such ending.
OUTER: Final = "#outer"

# A decorator of a decorator of a ... : deeper nesting than this is a cycle.
_DEEPEST: Final = 32

# What a synchronous wrapper uses to finish an asynchronous or lazy body before it returns.
_FINISHES: Final = frozenset(
    {"run", "run_until_complete", "run_coroutine_threadsafe", "async_to_sync"}
    | {"list", "tuple", "set", "frozenset", "dict", "sorted", "join", "sum"}
)


class Definition(NamedTuple):
    """Where a function is defined: what its code object says of itself."""

    module: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One function object that a caller can enter.

    Attributes:
        function: The object whose code is swapped.
        definition: The definition behind it, as the interface describes it.
        address: Names it on the wire.
        kind: How it is entered, which a wrapper may have changed.
        problem: Why the object cannot be told from others of its definition, or empty.
    """

    function: FunctionType
    definition: Function
    address: str
    kind: Kind
    problem: str = ""


def live_functions() -> list[FunctionType]:
    """Return every function object that the garbage collector knows of."""
    # `type() is`, not isinstance: isinstance would ask a proxy for its __class__ and so run
    # code of the application.
    return [one for one in gc.get_objects() if type(one) is FunctionType]


def find_entries(
    interface: Interface, functions: Collection[Function], among: Iterable[FunctionType]
) -> list[Entry]:
    """Find every loaded object of some functions of a package, and their outermost wrappers.

    Args:
        interface: The package.
        functions: Those of its functions to look for.
        among: What to look through, as of :func:`live_functions`.

    Returns:
        Entries of the definitions, then of the wrappers. What is not loaded is left out.
    """
    wanted = {Definition(f.module, f.name, f.line): f for f in functions}
    entries: dict[FunctionType, Entry] = {}
    wrappers: dict[FunctionType, Entry] = {}
    if not wanted:
        return []
    for definition, objects in _objects(interface, wanted, among).items():
        function = wanted[definition]
        own, outer = entries_of(function, objects)
        entries |= own
        wrappers |= outer
    # A wrapper is a definition too, made once for each function it wraps. What it wraps is
    # what tells one from another, so that entry counts.
    return [*(entries | wrappers).values()]


def entries_of(
    function: Function, objects: list[FunctionType]
) -> tuple[dict[FunctionType, Entry], dict[FunctionType, Entry]]:
    """Return the entries of the objects of one definition, and that of their wrapper if any."""
    problem = _ambiguity(objects, function)
    entries = {
        each: Entry(each, function, function.address, kind_of(each, function), problem)
        for each in objects
    }
    outer = outermost(function, set(objects))
    if outer is None:
        return entries, {}
    kind = kind_of(outer, function)
    return entries, {outer: Entry(outer, function, function.address + OUTER, kind)}


def bound_function(function: Function, interface: Interface) -> FunctionType | None:
    """Return the object of a definition that its public name is bound to, looked through.

    Where several objects share a definition (a module that was reloaded), this is the one
    that counts; None when the name is bound to something else.
    """
    files = module_files(interface)
    for layer in _layers(bound_to(function)):
        if isinstance(layer, FunctionType) and _defined_at(layer, files) == Definition(
            function.module, function.name, function.line
        ):
            return layer
    return None


def moved(interface: Interface, functions: Collection[Function]) -> list[Function]:
    """Return those of some functions that are loaded from another line than they were read at.

    Their source was changed after the interface was read from it.
    """
    files = module_files(interface)
    read = {Definition(one.module, one.name, one.line) for one in interface.functions}
    found = []
    for function in functions:
        for layer in _layers(bound_to(function)):
            at = _defined_at(layer, files) if isinstance(layer, FunctionType) else None
            if (
                at is not None
                and at[:2] == (function.module, function.name)
                and at not in read
                and not _is_still_at(function, dict(interface.modules)[function.module])
            ):
                found.append(function)
    return found


def _is_still_at(function: Function, file: str) -> bool:
    """Whether the source has a definition where it was read: another one of the name is used."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError):
        return False
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name == function.name.rpartition(".")[2]
        and min(part.lineno for part in (node, *node.decorator_list)) == function.line
        for node in ast.walk(tree)
    )


def outermost(function: Function, definitions: set[FunctionType]) -> FunctionType | None:
    """Return the outermost Python wrapper a name is bound to, or None when there is none.

    Wrappers written in C (``lru_cache``, ``partial``, descriptors) keep their own state per
    process and are looked through. A context manager is looked through to its generator:
    the object its wrapper returns could not cross.
    """
    for layer in _layers(bound_to(function)):
        if not isinstance(layer, FunctionType):
            continue
        if layer in definitions or _makes_context_managers(layer):
            return None
        return layer if any(each in definitions for each in _layers(layer)) else None
    return None


def kind_of(entry: FunctionType, definition: Function) -> Kind:
    """Return how an entry is called: as its code says, or as what a plain wrapper passes on."""
    code = original_of(entry)
    match body_of(code):
        case Body.ASYNC:
            return Kind.ASYNC
        case Body.GENERATOR:
            if definition.kind is Kind.CONTEXT_MANAGER:
                return Kind.CONTEXT_MANAGER
            return Kind.GENERATOR
        case Body.ASYNC_GENERATOR:
            if definition.kind is Kind.ASYNC_CONTEXT_MANAGER:
                return Kind.ASYNC_CONTEXT_MANAGER
            return Kind.ASYNC_GENERATOR
        case Body.SYNC:
            is_wrapper = code.co_qualname != definition.name
            return definition.kind if is_wrapper and not _finishes(code) else Kind.SYNC


def module_files(interface: Interface) -> dict[str, str]:
    """Return module names by the files that their code objects may carry."""
    files = {file: name for name, file in interface.modules}
    for name, _ in interface.modules:
        loaded = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(loaded, str):
            files[loaded] = name
    return files


def _objects(
    interface: Interface,
    wanted: Mapping[Definition, Function],
    among: Iterable[FunctionType],
) -> dict[Definition, list[FunctionType]]:
    """Return the live function objects of each wanted definition, in one pass."""
    files = module_files(interface)
    found: dict[Definition, list[FunctionType]] = defaultdict(list)
    for candidate in among:
        if candidate.__code__.co_filename not in files:
            continue
        definition = _defined_at(candidate, files)
        if definition in wanted and _is_of_module(candidate, definition.module):
            found[definition].append(candidate)
    return found


def _defined_at(function: FunctionType, files: Mapping[str, str]) -> Definition:
    # The code's own name: functools.wraps overwrites the function's.
    code = function.__code__
    return Definition(files.get(code.co_filename, ""), code.co_qualname, code.co_firstlineno)


def _is_of_module(function: FunctionType, module: str) -> bool:
    """Whether a module made the function under its own name, not as a script; never a twin."""
    return function.__globals__.get("__name__") == module and not is_twin(function)


def _ambiguity(objects: list[FunctionType], function: Function) -> str:
    """Say why several objects of one definition are not interchangeable, or nothing."""
    first = objects[0]
    free = set(first.__code__.co_freevars) - {"__class__"}
    if len(objects) == 1 or (
        not free and all(_same_defaults(first, each) for each in objects[1:])
    ):
        return ""
    return (
        f"{len(objects)} functions were made from the one definition of {function.name} "
        f"({function.file}:{function.line}) and hold different values; the host could not "
        "tell which one is called"
    )


def _same_defaults(one: FunctionType, other: FunctionType) -> bool:
    mine = (*(one.__defaults__ or ()), *(one.__kwdefaults__ or {}).values())
    others = (*(other.__defaults__ or ()), *(other.__kwdefaults__ or {}).values())
    if len(mine) != len(others):
        return False
    return all(
        a is b or (type(a) is type(b) and type(a) in _COMPARABLE and repr(a) == repr(b))
        for a, b in zip(mine, others, strict=True)
    )


# Defaults of these types are equal when they read the same; comparing others would run the
# application's code.
_COMPARABLE: Final = frozenset({int, float, str, bytes, tuple, list, dict, set, frozenset})


def bound_to(function: Function) -> object:
    """Return what a definition's qualified name is bound to, without running descriptors."""
    found: object = sys.modules.get(function.module)
    for part in function.name.split("."):
        if not isinstance(found, ModuleType | type):
            return None
        found = vars(found).get(part)
    return found


def _layers(outside: object) -> Iterator[object]:
    """Yield a callable and what it wraps, from the outside inward, each once."""
    pending, seen = [outside], set[int]()
    while pending and len(seen) < _DEEPEST:
        layer = pending.pop(0)
        if layer is None or id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        pending += _wrapped_by(layer)


def _wrapped_by(layer: object) -> list[object]:
    """Return what one layer wraps: by the standard library's own conventions, then closures."""
    if isinstance(layer, FunctionType):
        inside = [vars(layer).get("__wrapped__")]
        for cell in layer.__closure__ or ():
            with contextlib.suppress(ValueError):  # an empty cell
                content: Any = cell.cell_contents
                if isinstance(content, _LOOKED_THROUGH):
                    inside.append(content)
        return inside
    if isinstance(layer, property):
        return [layer.fget, layer.fset, layer.fdel]
    if isinstance(layer, staticmethod | classmethod | MethodType):
        return [layer.__func__]
    if isinstance(layer, functools.partial | functools.cached_property):
        return [layer.func]
    if isinstance(layer, functools.singledispatchmethod | functools.partialmethod):
        return [layer.func]
    return [vars(layer).get("__wrapped__")] if isinstance(layer, _LRU_CACHE) else []


def memo_of(entry: Entry) -> Callable[..., Any] | None:
    """Return the ``lru_cache`` of a function whose answer is state, to be entered there.

    What it drew by chance is drawn once for all its callers. Other caches are each process's
    own: clearing the caller's then asks the host again.
    """
    definition = entry.definition
    if f"{definition.module}:{definition.name}" not in definition.touches:
        return None
    held = vars(sys.modules[definition.module]).get(definition.name)
    if isinstance(held, _LRU_CACHE) and vars(held).get("__wrapped__") is entry.function:
        return held
    return None


_LRU_CACHE: Final = type(functools.lru_cache(lambda: None))
_LOOKED_THROUGH: Final = (
    FunctionType,
    MethodType,
    functools.partial,
    staticmethod,
    classmethod,
    _LRU_CACHE,
)


def _makes_context_managers(function: FunctionType) -> bool:
    return original_of(function) in _CONTEXT_MANAGER_WRAPPERS


def _finishes(code: CodeType) -> bool:
    return not _FINISHES.isdisjoint(code.co_names)


def _context_manager_wrappers() -> frozenset[CodeType]:
    decorators = (contextlib.contextmanager, contextlib.asynccontextmanager)
    return frozenset(
        const
        for decorator in decorators
        for const in inspect.unwrap(decorator).__code__.co_consts
        if isinstance(const, CodeType)
    )


_CONTEXT_MANAGER_WRAPPERS: Final = _context_manager_wrappers()

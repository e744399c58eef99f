"""Which arguments become which parameters, and which names a block of statements binds."""

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from seamline.interface.folding import FOLDING
from seamline.interface.origins import NOTHING, Origin, Origins, inside
from seamline.interface.walking import Def, walk

# Functions of the standard library that call what they are given with items of the rest.
_MAPPING: Final = frozenset(
    {
        "builtins.map", "builtins.filter", "itertools.filterfalse", "itertools.takewhile",
        "itertools.dropwhile", "itertools.starmap",
    }
)  # fmt: skip
_BY_KEY: Final = frozenset({"builtins.sorted", "builtins.min", "builtins.max"})

# Says what an expression may be.
Reading = Callable[[ast.expr], Origins]


def parameter_of(node: Def, place: int | str) -> str:
    """Return the parameter that an argument becomes, ``*args`` and ``**kwargs`` included.

    Args:
        node: The function.
        place: A position, the instance counted, or a keyword.
    """
    args = node.args
    positional = [arg.arg for arg in (*args.posonlyargs, *args.args)]
    if isinstance(place, int):
        if place < len(positional):
            return positional[place]
        return args.vararg.arg if args.vararg else ""
    if place in positional or any(place == arg.arg for arg in args.kwonlyargs):
        return place
    return args.kwarg.arg if args.kwarg else ""


def defaults_of(node: Def | ast.Lambda) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters that have a default, with it."""
    args = node.args
    positional = (*args.posonlyargs, *args.args)
    pairs = zip(reversed(positional), reversed(args.defaults), strict=False)
    for arg, default in (*pairs, *zip(args.kwonlyargs, args.kw_defaults, strict=True)):
        if default is not None:
            yield arg.arg, default


def given_somehow(node: Def | ast.Lambda, calls: Iterable[ast.Call], read: Reading) -> Origins:
    """Return what a function inside another gets: what it is called, or passed on, with."""
    name = None if isinstance(node, ast.Lambda) else node.name
    found: set[Origin] = set()
    for call in calls:
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        for part in (call.func, *values):
            if part is node or (isinstance(part, ast.Name) and part.id == name):
                for value in values:
                    found |= read(value) if value is not part else NOTHING
    # What of module state it gets by position is left out: a table of answers is no state.
    return inside(frozenset(origin for origin in found if origin.kind == "param"))


def given_exactly(
    node: Def | ast.Lambda, calls: Iterable[ast.Call], read: Reading
) -> dict[str, set[Origins]]:
    """Return what parameters of a function inside another get by certain calls of it.

    Args:
        node: The function or lambda.
        calls: The calls around it.
        read: Says what an expression may be.
    """
    name = None if isinstance(node, ast.Lambda) else node.name
    positional = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
    found: dict[str, set[Origins]] = {}
    for call in calls:
        for place, origins in _passed(call, node, name, read):
            index = positional[place] if isinstance(place, int) and place < len(positional) else ""
            found.setdefault(place if isinstance(place, str) else index, set()).add(origins)
    return found


def _passed(
    call: ast.Call, node: ast.AST, name: str | None, read: Reading
) -> Iterator[tuple[int | str, Origins]]:
    def is_it(part: ast.expr) -> bool:
        return part is node or (isinstance(part, ast.Name) and part.id == name)

    if is_it(call.func):
        yield from ((i, read(value)) for i, value in enumerate(call.args))
        yield from ((k.arg, read(k.value)) for k in call.keywords if k.arg)
        return
    rest = [value for value in call.args if not is_it(value)]
    is_given = len(rest) < len(call.args) or any(is_it(k.value) for k in call.keywords)
    callees = {str(o.symbol) for o in read(call.func)} if is_given else set[str]()
    if callees & FOLDING and rest:
        yield 0, frozenset().union(inside(read(rest[0])), *map(read, rest[1:]))
        yield 1, inside(read(rest[0]))
    elif callees & _MAPPING:
        yield from ((i, inside(read(value))) for i, value in enumerate(rest))
    elif callees & _BY_KEY:
        yield 0, inside(frozenset().union(*map(read, rest)))


def bound_otherwise(node: Def | ast.Lambda, names: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield global names that a function binds in other statements than assignments.

    What it imports is left out: a module is the same in every process.
    """
    wanted = set(names)
    for part in walk(node):
        match part:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found = name if part is not node else ""
            case ast.ClassDef(name=name):
                found = name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                found = name
            case ast.Name(id=name, ctx=ast.Store()):
                found = name
            case _:
                continue
        if found in wanted:
            yield found, part.lineno

"""Which functions can be an application, by how servers call one: WSGI with two, ASGI three."""

import ast
from pathlib import Path
from typing import Final

from seamline.interface.names import World
from seamline.interface.source import Sources

Function = ast.FunctionDef | ast.AsyncFunctionDef

_PARAMETERS: Final = (2, 3)


def function_named(file: Path, name: str) -> Function | None:
    """Return the function that a module's name is, where the module binds it to nothing else."""
    sources = Sources(file.parent)
    sources.add("it", file, test=False)
    names = World(sources).modules.get("it")
    if names is None or names.stars:
        return None
    bound = {*names.assigned, *names.imported, *names.rebound}
    match names.definitions.get(name, []):
        case [ast.FunctionDef() | ast.AsyncFunctionDef() as node] if name not in bound:
            return None if node.decorator_list else node
        case _:
            return None


def can_be_application(node: Function) -> bool:
    """Whether a server could call a function as an application; workers ask the same of it."""
    args = node.args
    positional = [arg.arg for arg in (*args.posonlyargs, *args.args)]
    if args.vararg is not None:
        return True
    if isinstance(node, ast.AsyncFunctionDef):
        return bool(positional)
    needed = positional[: len(positional) - len(args.defaults)]
    return len(needed) in _PARAMETERS or needed[:1] == ["scope"] or "start_response" in needed


def required(node: Function) -> tuple[str, ...]:
    """Return the parameters without which a factory cannot be called."""
    args = node.args
    positional = [arg.arg for arg in (*args.posonlyargs, *args.args)]
    given = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    return (
        *positional[: len(positional) - len(args.defaults)],
        *(arg.arg for arg, default in given if default is None),
    )

"""What the decorators of the application put around a function."""

import ast
from collections.abc import Iterator

from seamline.interface.body import Body, Call
from seamline.interface.functions import Definition, Definitions
from seamline.interface.walking import own_nodes, walk

Lines = tuple[range, ...]


def wrappers_of(
    definitions: Definitions, bodies: dict[Definition | str, Body], definition: Definition
) -> Iterator[tuple[Body, Lines]]:
    """Yield the application's own decorators of a function, outermost first.

    With each come the lines of the functions inside it: they run whenever the decorated
    function is called, the rest of the decorator only once.
    """
    for symbol in definition.decorators:
        for decorator in () if symbol is None else definitions.functions.get(symbol, ()):
            if decorator is not definition:
                yield bodies[decorator], nested_lines(decorator)


def covers(lines: Lines, line: int) -> bool:
    """Whether a line is one of the given ones."""
    return any(line in part for part in lines)


def injected(
    definitions: Definitions, bodies: dict[Definition | str, Body], definition: Definition
) -> frozenset[str]:
    """Return the parameters that a decorator fills in, which no caller passes.

    ``function(session, *args, **kwargs)`` inside a decorator says so of the first one.
    """
    found: set[str] = set()
    positional = [*definition.node.args.posonlyargs, *definition.node.args.args]
    for body, lines in wrappers_of(definitions, bodies, definition):
        for call in body.calls:
            if covers(lines, call.line):
                found |= _filled_in(call, [arg.arg for arg in positional])
    return frozenset(found)


def _filled_in(call: Call, positional: list[str]) -> set[str]:
    """Return the parameters that one call fills in with a value of its own."""
    passes_on = any(place in ("*", "**") for place, _ in call.arguments)
    calls_it = any(origin.kind in ("opaque", "param") for origin in call.callee)
    if not passes_on or not calls_it or call.method:
        return set()
    found: set[str] = set()
    for place, origins in call.arguments:
        # What a wrapper got itself has no known origin.
        own = bool(origins) and all(origin.kind in ("call", "instance") for origin in origins)
        if own and isinstance(place, int) and place < len(positional):
            found.add(positional[place])
        elif own and isinstance(place, str):
            found.add(place)
    return found


def nested_lines(decorator: Definition) -> Lines:
    """Return the lines of functions inside one that may run after it has returned."""
    return tuple(
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in walk(decorator.node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        and node is not decorator.node
        and not _gives_back(node)
    )


def _gives_back(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    """Whether a function returns one of its parameters and nothing else.

    ``def decorate(fn): REGISTRY.append(fn); return fn`` inside a decorator that takes
    arguments is a decorator itself: it runs once, and never when ``fn`` is called.
    """
    if not isinstance(node, ast.FunctionDef):
        return False
    own = {arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    returned = [part.value for part in own_nodes(node) if isinstance(part, ast.Return)]
    return bool(returned) and all(isinstance(v, ast.Name) and v.id in own for v in returned)

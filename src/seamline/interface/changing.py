"""What calls change of what they are given, where no body of the application says so."""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.body import MUTATORS, Call, is_unbound
from seamline.interface.folding import FOLDING
from seamline.interface.functions import Definition
from seamline.interface.lookups import text_of
from seamline.interface.names import Symbol
from seamline.interface.origins import NOTHING, OPAQUE, Origin, Origins, Tracer, inside
from seamline.interface.walking import own_nodes

#: The few functions of the standard library, and of numpy, that change an argument; which one.
CHANGERS: Final = {
    **dict.fromkeys(
        (
            "random.shuffle", "heapq.heappush", "heapq.heappop", "heapq.heapify",
            "heapq.heapreplace", "heapq.heappushpop", "bisect.insort", "bisect.insort_left",
            "bisect.insort_right", "operator.setitem", "operator.delitem", "operator.iadd",
            "operator.iconcat", "operator.iand", "operator.ior", "operator.ixor", "operator.isub",
            "operator.imul", "builtins.setattr", "builtins.delattr", "builtins.next",
            "xml.etree.ElementTree.SubElement", "xml.etree.ElementTree.indent", "numpy.copyto",
            "numpy.put", "numpy.place", "numpy.putmask", "numpy.fill_diagonal",
            "numpy.put_along_axis", "numpy.random.shuffle",
        ),
        0,
    ),
    "struct.pack_into": 1,
}  # fmt: skip
_GROWING: Final = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
# Methods of objects of libraries that write into what they are given.
_WRITING: Final = frozenset({"shuffle", "readinto", "readinto1", "recv_into", "pack_into"})
_ASSIGNING: Final = frozenset({"__setattr__", "__delattr__"})
_DESCRIBING: Final = frozenset({"__set__", "__delete__"})
_IN_PLACE: Final = frozenset(
    f"__i{name}__" for name in ("add", "sub", "mul", "or", "and", "xor", "concat")
)


def changed_by(
    tracer: Tracer, definition: Definition | None, node: ast.Call, call: Call
) -> Iterator[Origins]:
    """Yield what a call in a function certainly changes, of what it is given or made on."""
    given = dict(call.arguments)
    yield from _by_method(definition, call)
    yield from _by_result(tracer, node, call)
    yield from _by_functions(call)
    for origin in call.callee:
        dotted = str(origin.symbol)
        if origin.kind == "symbol" and origin.level == "whole" and dotted in CHANGERS:
            found = given.get(CHANGERS[dotted], NOTHING)
            # What is passed on as an iterator advances at its caller by itself.
            is_next = dotted == "builtins.next"
            yield frozenset(o for o in found if not (is_next and _is_whole_parameter(o)))
    if "out" in given and all(o.kind == "symbol" and not o.symbol.module for o in call.callee):
        # numpy takes a tuple of them as well.
        yield frozenset(o._replace(level="part") for o in given["out"] if o.kind == "symbol")


def _by_method(definition: Definition | None, call: Call) -> Iterator[Origins]:
    given = dict(call.arguments)
    if call.method in _WRITING:
        yield from (given[place] for place in (0, "buffer") if place in given)
    elif call.method in _ASSIGNING:
        yield _assigned_to(definition, call)
    elif call.method in _DESCRIBING:
        yield given.get(0, NOTHING)
    elif call.method in _IN_PLACE:
        yield call.receiver


def _by_functions(call: Call) -> Iterator[Origins]:
    """Yield what functions that change an argument get: ``list.append(xs, 1)``.

    Passed to other code, as in ``map(operator.setitem, rows, keys, values)``, that is any of it.
    """
    if any(map(is_unbound, call.callee)):
        yield call.arguments[0][1] if call.arguments else OPAQUE
        return
    rest = [origins for _, origins in call.arguments if not any(map(_is_changer, origins))]
    if len(rest) == len(call.arguments) or not rest:
        return
    if any(str(origin.symbol) in FOLDING for origin in call.callee):
        # It changes what it begins with: the initial value, or else the first item.
        yield from rest[1:] or [_held(rest[0])]
    else:
        yield from map(_held, rest)


def _is_changer(origin: Origin) -> bool:
    """Whether a value is a function that changes what it is given."""
    is_named = origin.kind == "symbol" and origin.level == "whole" and not origin.symbol.module
    dotted = origin.symbol.name
    return is_unbound(origin) or (is_named and dotted in CHANGERS and dotted != "builtins.next")


def _held(origins: Origins) -> Origins:
    """Return origins with what displays hold of parameters: ``map(list.append, [rows], [1])``."""
    held = frozenset(o for o in origins if o.kind == "param" and o.level == "copy")
    return origins | inside(held)


def _by_result(tracer: Tracer, node: ast.Call, call: Call) -> Iterator[Origins]:
    """Yield what is changed by calling what another call found: ``getattr(rows, "append")(1)``."""
    for origin in call.callee:
        owner, _, method = origin.symbol.name.rpartition(".")
        is_bound = origin.kind == "symbol" and origin.level == "whole" and origin.symbol.module
        if is_bound and method in MUTATORS and not call.method:
            yield frozenset({origin._replace(symbol=Symbol(origin.symbol.module, owner))})
        if is_bound and not owner:
            for value in _values(tracer, origin.symbol):
                if _names_a_method(tracer, value, "operator.methodcaller", 0):
                    yield dict(call.arguments).get(0, NOTHING)
    if _names_a_method(tracer, node.func, "operator.methodcaller", 0):
        yield dict(call.arguments).get(0, NOTHING)
    elif _names_a_method(tracer, node.func, "builtins.getattr", 1):
        assert isinstance(node.func, ast.Call)
        yield tracer.of(node.func.args[0], None)


def _values(tracer: Tracer, symbol: Symbol) -> Iterator[ast.expr]:
    names = tracer.world.modules[symbol.module]
    for binding in names.assigned.get(symbol.name, ()):
        if binding.value is not None:
            yield binding.value


def _names_a_method(tracer: Tracer, node: ast.expr, callee: str, place: int) -> bool:
    """Whether a call gets a method by its name that may change its object."""
    if not isinstance(node, ast.Call) or len(node.args) <= place:
        return False
    if str(tracer.world.resolve(tracer.module, node.func)) != callee:
        return False
    text = text_of(node.args[place])
    if not text.endswith("*"):
        return text in MUTATORS
    # Any name at all says nothing; one that begins like such a method says enough.
    return len(text) > 1 and any(name.startswith(text[:-1]) for name in MUTATORS)


def assigned(definition: Definition | None, origins: Origins) -> Origins:
    """Return what an assignment to an attribute changes.

    That is not the instance whose own ``__setattr__`` makes it: who assigns calls that.
    """
    if definition is None or definition.node.name not in _ASSIGNING or not definition.parameters:
        return origins
    own = Symbol("", definition.parameters[0].arg)
    return frozenset(o for o in origins if o.kind != "param" or o.symbol != own or o.path)


def _assigned_to(definition: Definition | None, call: Call) -> Origins:
    """Return what ``x.__setattr__(name, value)`` changes, be ``x`` the instance's ``super()``."""
    found = {o for o in call.receiver if o.kind in ("symbol", "param") and not _is_builtin(o)}
    is_super = any(o.symbol.name == "builtins.super" for o in call.receiver if o.kind == "call")
    if is_super and definition is not None and definition.parameters:
        found.add(Origin("param", Symbol("", definition.parameters[0].arg)))
    return assigned(definition, frozenset(found))


def _is_builtin(origin: Origin) -> bool:
    return origin.kind == "symbol" and not origin.symbol.module


def _is_whole_parameter(origin: Origin) -> bool:
    return origin.kind == "param" and origin.level == "whole"


def grown(
    tracer: Tracer, found: Origins, node: ast.AugAssign, within: Definition | None
) -> Origins:
    """Return which state or results ``local += value`` changes in place; parameters are not told.

    Numbers, texts and tuples get a new value, so one side has to be known for a container. What is
    sliced, in the function that it is within, is a copy: ``names = NAMES[:]``.
    """
    whole = frozenset(origin for origin in found if origin.level == "whole")
    if not isinstance(node.value, _GROWING):
        return frozenset(origin for origin in whole if _is_container(tracer, origin))
    known = whole if _is_sliced(node.target, within) else found
    return frozenset(origin for origin in known if origin.kind != "param")


def _is_sliced(target: ast.expr, within: Definition | None) -> bool:
    """Whether a name is bound to a slice somewhere in a function."""
    return isinstance(target, ast.Name) and any(
        isinstance(part, ast.Assign)
        and isinstance(part.value, ast.Subscript)
        and isinstance(part.value.slice, ast.Slice)
        and any(isinstance(one, ast.Name) and one.id == target.id for one in part.targets)
        for part in (() if within is None else own_nodes(within.node))
    )


def _is_container(tracer: Tracer, origin: Origin) -> bool:
    module = tracer.world.modules.get(origin.symbol.module)
    if origin.kind != "symbol" or module is None:
        return False
    bindings = module.assigned.get(origin.symbol.name, [])
    return any(isinstance(binding.value, _GROWING) for binding in bindings)

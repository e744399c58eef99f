"""What calls change of what they are given, where no body of the application says so."""

from collections.abc import Iterator
from typing import Final

from seamline.interface.body import Call
from seamline.interface.functions import Definition
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin, Origins

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
# Methods of objects of libraries that write into what they are given.
_WRITING: Final = frozenset({"shuffle", "readinto", "readinto1", "recv_into", "pack_into"})
_ASSIGNING: Final = frozenset({"__setattr__", "__delattr__"})
_DESCRIBING: Final = frozenset({"__set__", "__delete__"})


def changed_by(definition: Definition | None, call: Call) -> Iterator[Origins]:
    """Yield what a call in a function certainly changes, of what it is given or made on."""
    given = dict(call.arguments)
    for origin in call.callee:
        dotted = str(origin.symbol)
        if origin.kind == "symbol" and origin.level == "whole" and dotted in CHANGERS:
            found = given.get(CHANGERS[dotted], frozenset[Origin]())
            # What is passed on as an iterator advances at its caller by itself.
            is_next = dotted == "builtins.next"
            yield frozenset(o for o in found if not (is_next and _is_whole_parameter(o)))
    if call.method in _WRITING:
        yield from (origins for place, origins in call.arguments if place in (0, "buffer"))
    if call.method in _ASSIGNING:
        yield _assigned_to(definition, call)
    elif call.method in _DESCRIBING:
        yield given.get(0, frozenset[Origin]())


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

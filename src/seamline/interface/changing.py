"""What calls change of what they are given, where no body of the application says so."""

from collections.abc import Iterator
from typing import Final

from seamline.interface.body import Call
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


def changed_by(call: Call) -> Iterator[Origins]:
    """Yield what a call certainly changes, of what it is given."""
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


def _is_whole_parameter(origin: Origin) -> bool:
    return origin.kind == "param" and origin.level == "whole"

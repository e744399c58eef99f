"""Which definitions calls enter that no name says: special methods, and what tables hold."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import Body, Bound, Call, Implied
from seamline.interface.functions import Class, Definitions
from seamline.interface.lookups import text_of
from seamline.interface.names import Symbol
from seamline.interface.origins import NOTHING
from seamline.interface.shapes import Shape, Shapes, elements
from seamline.interface.specials import (
    CALL,
    GETTING,
    ITERATION,
    STEP,
    SUBCLASSED,
    TAKEN,
    Operation,
)
from seamline.interface.visible import Place, Reader

CONSTRUCTORS: Final = ("__init__", "__new__", "__post_init__", "__attrs_post_init__")
# Bases that define no special method which runs in place of a missing one.
_EMPTY: Final = ("typing.", "abc.", "builtins.object", "collections.abc.")

_PARTS: Final = {"__getattr__": "getter", "__setattr__": "setter", "__delattr__": "deleter"}
_OF_DESCRIPTOR: Final = {
    "__getattr__": "__get__", "__setattr__": "__set__", "__delattr__": "__delete__",
}  # fmt: skip


@dataclass(slots=True)
class Implications:
    """Answers for one application.

    Attributes:
        lookup: Yields a method of a class with what overrides it.
    """

    definitions: Definitions
    lookup: Callable[[Class, str], Iterator[Bound]]
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.definitions)

    def calls(self, body: Body) -> Iterator[tuple[Call, tuple[Bound, ...]]]:
        """Yield the calls of a body that no name says, with what they enter."""
        for one in body.implied:
            entered = tuple(dict.fromkeys(self._entered(body, one)))
            if entered:
                yield self._call(body, one), entered

    def _call(self, body: Body, one: Implied) -> Call:
        if one.call is not None:
            return one.call
        tracer = self.reader.tracer(body.module)
        arguments = ((at, tracer.of(x, one.scope)) for at, x in enumerate(one.operation.arguments))
        receiver = tracer.of(one.operation.on, one.scope)
        return Call(one.line, NOTHING, receiver, "", tuple(arguments), waits=False)

    def _entered(self, body: Body, one: Implied) -> Iterator[Bound]:
        operation = one.operation
        place = Place(body.module, body.definition, one.scope)
        found = self.reader.of(operation.on, place)
        if operation.held:
            found = frozenset(elements(found))
        if operation.names in (CALL, TAKEN):
            yield from self._called(operation, found, place)
            return
        if operation.names == STEP:
            found = found.union(*(self._iterator(one) for one in found))
        for shape in found:
            if shape.kind == "class" and operation.names == SUBCLASSED:
                yield from self.lookup(self.definitions.classes[shape.symbol], SUBCLASSED[0])
            elif shape.kind == "instance":
                yield from self._special(self.definitions.classes[shape.symbol], operation)

    def _iterator(self, one: Shape) -> Shapes:
        return self.reader.results_of(one, "__iter__") if one.kind == "instance" else frozenset()

    # -- calls --------------------------------------------------------------------------

    def _called(self, operation: Operation, found: Shapes, place: Place) -> Iterator[Bound]:
        classes = self.definitions.classes
        is_called = operation.names == CALL
        for shape in found:
            if shape.kind in ("method", "unbound"):
                for bound in self.lookup(classes[shape.symbol], shape.name):
                    yield bound._replace(method=bound.method and shape.kind == "method")
            elif shape.kind == "instance" and is_called:
                yield from self.lookup(classes[shape.symbol], CALL[0])
            elif shape.kind == "function" and is_called:
                for target in self.definitions.functions[shape.symbol]:
                    yield Bound(target, method=False, guess=False)
            elif shape.kind == "class" and is_called:
                yield from self._made(classes[shape.symbol])
            elif shape.kind == "caller" and is_called:
                yield from self._by_caller(operation, shape.name, place)
        if isinstance(operation.on, ast.Call) and is_called:
            yield from self._by_computed_name(operation.on, place)

    def _by_caller(self, operation: Operation, name: str, place: Place) -> Iterator[Bound]:
        """Yield what ``methodcaller("note")(noter)`` enters: the object is its first argument."""
        for node in operation.arguments[:1]:
            for one in self.reader.of(node, place):
                if one.kind == "instance":
                    for bound in self.lookup(self.definitions.classes[one.symbol], name):
                        yield bound._replace(method=False)

    def _made(self, cls: Class) -> Iterator[Bound]:
        for name in CONSTRUCTORS:
            for target in self.definitions.methods_of(cls, name):
                yield Bound(target, method=True, guess=False)
        for target in self.definitions.makers_of(cls):
            yield Bound(target, method=True, guess=False)

    def _by_computed_name(self, node: ast.Call, place: Place) -> Iterator[Bound]:
        """Guess what ``getattr(noter, name)()`` calls: any method of the class."""
        name = text_of(node.args[1]) if len(node.args) > 1 else ""
        if not name.endswith("*") or self.reader.dotted(node.func, place) != "builtins.getattr":
            return
        for shape in self.reader.of(node.args[0], place):
            if shape.kind not in ("instance", "class"):
                continue
            for cls in self.definitions.ancestry(self.definitions.classes[shape.symbol]):
                for method, targets in cls.methods.items() if isinstance(cls, Class) else ():
                    if method.startswith(name[:-1]) and not method.startswith("__"):
                        for target in targets:
                            yield Bound(target, method=not target.is_static, guess=True)

    # -- special methods ----------------------------------------------------------------

    def _special(self, cls: Class, operation: Operation) -> Iterator[Bound]:
        if operation.attribute:
            yield from self._attribute(cls, operation)
            return
        for name in operation.names:
            if name == ITERATION[1] != operation.names[0] and self._has_other_bases(cls):
                return
            found = list(self.lookup(cls, name))
            yield from found
            if any(not bound.override for bound in found):
                return

    def _has_other_bases(self, cls: Class) -> bool:
        return any(
            base is None or (isinstance(base, Symbol) and not str(base).startswith(_EMPTY))
            for base in self.definitions.ancestry(cls)
        )

    def _attribute(self, cls: Class, operation: Operation) -> Iterator[Bound]:
        """Yield what looking an attribute up, or setting it, runs."""
        name, how = operation.attribute, operation.names
        is_read = how == GETTING
        for bound in self.lookup(cls, name):
            if bound.target.property_part == _PARTS[how[-1]]:
                yield bound
        for descriptor in self._descriptors(cls, name):
            yield from self.lookup(descriptor, _OF_DESCRIPTOR[how[-1]])
        if not is_read:
            yield from self.lookup(cls, how[0])
            return
        yield from self.lookup(cls, GETTING[0])
        if not self._has(cls, name) and not (name.startswith("__") and name.endswith("__")):
            yield from self.lookup(cls, GETTING[1])

    def _descriptors(self, cls: Class, name: str) -> Iterator[Class]:
        for above in self.definitions.ancestry(cls):
            if isinstance(above, Class) and isinstance(above.assigned.get(name), ast.Call):
                place = Place(above.module, None, None)
                for shape in self.reader.of(above.assigned[name], place):
                    if shape.kind == "instance":
                        yield self.definitions.classes[shape.symbol]

    def _has(self, cls: Class, name: str) -> bool:
        """Whether an attribute is found without asking ``__getattr__``."""
        nested = (
            Symbol(above.module, f"{above.name}.{name}") in self.definitions.classes
            or name in {*above.methods, *above.assigned, *above.fields, *above.own}
            for above in self.definitions.ancestry(cls)
            if isinstance(above, Class)
        )
        return any(nested)

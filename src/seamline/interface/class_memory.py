"""What class methods of libraries keep in classes of the application: ``Keeper.instance()``.

Only what the library's source shows to be bound on the class, and read again, is state.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import MUTATORS, Body
from seamline.interface.crossing import Types
from seamline.interface.facts import Fact, StateMap
from seamline.interface.foreign import Foreign
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.known import is_stdlib
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

# What a library's class methods are named that keep one instance, where no source is found.
_KEEPING: Final = frozenset({"instance", "get_instance", "clear_instance"})
# Classes whose libraries keep what they found out about their fields, the same in each process.
_DECLARED: Final = frozenset({"value", "frozen", "exception", "model", "protocol", "framework"})
# Bases are followed this far.
_MOST_STEPS: Final = 6


def note_class_memory(
    definitions: Definitions,
    bodies: Mapping[Definition | str, Body],
    types: Types,
    state: StateMap,
) -> None:
    """Add what class methods of libraries keep in the application's classes to the state."""
    memory = ClassMemory(types.foreign)
    for body in bodies.values():
        if definitions.world.modules[body.module].source.test:
            continue
        for symbol in {o.symbol for call in body.calls for o in call.callee if o.kind == "symbol"}:
            owner, _, method = symbol.name.rpartition(".")
            cls = definitions.class_of(Symbol(symbol.module, owner)) if owner else None
            if cls is None or types.kind(cls.symbol) in _DECLARED:
                continue
            for keeper, base in _foreign_bases(definitions, cls, method):
                attribute = memory.of(str(base), method)
                if attribute:
                    kept = Symbol(keeper.module, f"{keeper.name}.{attribute}")
                    fact = Fact(kept, keeper.node.lineno, resource=False, changed=True, alive=True)
                    state.facts.setdefault(kept, fact)
                    state.inherited[symbol] = kept
                    break


def _foreign_bases(
    definitions: Definitions, cls: Class, method: str
) -> Iterator[tuple[Class, Symbol]]:
    """Yield the libraries' bases that a class may have a method from, with who names them."""
    above = [found for found in definitions.ancestry(cls) if isinstance(found, Class)]
    if any(method in found.methods or method in found.assigned for found in above):
        return
    for found in above:
        for base in found.bases:
            if base is not None and not base.module and not is_stdlib(base.name):
                yield found, base


@dataclass(slots=True)
class ClassMemory:
    """Answers for classes of libraries. Reads source only."""

    foreign: Foreign
    _answers: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, dotted: str, method: str) -> str:
        """Return the attribute of a class that one of its class methods keeps something in.

        Nothing, where it keeps nothing, or is no class method.
        """
        key = dotted, method
        if key not in self._answers:
            module, _, name = dotted.rpartition(".")
            classes = list(self._with_bases(module, name, _MOST_STEPS))
            if not classes:
                self._answers[key] = method if method in _KEEPING else ""
            else:
                self._answers[key] = _kept_by(classes, method)
        return self._answers[key]

    def _with_bases(self, module: str, name: str, steps: int) -> Iterator[ast.ClassDef]:
        found = self.foreign.class_in(module, name)
        if found is None or steps == 0:
            return
        yield found[1]
        for base in found[1].bases:
            text = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
            if text.isidentifier():
                yield from self._with_bases(found[0], text, steps - 1)


def _kept_by(classes: list[ast.ClassDef], name: str) -> str:
    methods = {
        part.name: part
        for cls in reversed(classes)
        for part in cls.body
        if isinstance(part, ast.FunctionDef) and part.args.args and _is_class_method(part)
    }
    bound = {attribute for method in methods.values() for attribute in _bound_by(method)}
    queue, seen = [name], set[str]()
    while queue:
        method = methods.get(queue.pop())
        if method is None or method.name in seen:
            continue
        seen.add(method.name)
        used = sorted(_used_by(method))
        for attribute in used:
            if attribute in bound:
                return attribute
        queue += used
    return ""


def _is_class_method(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(part) == "classmethod" for part in node.decorator_list)


def _classes_in(node: ast.FunctionDef) -> set[str]:
    """Return the names that stand for the class, or for one above it, in a class method."""
    own = node.args.args[0].arg
    loops = [part for part in walk(node) if isinstance(part, (ast.For, ast.comprehension))]
    return {own} | {
        part.target.id
        for part in loops
        if isinstance(part.target, ast.Name)
        and any(isinstance(each, ast.Name) and each.id == own for each in walk(part.iter))
    }


def _bound_by(node: ast.FunctionDef) -> Iterator[str]:
    """Yield the attributes of the class that a class method binds or changes."""
    classes = _classes_in(node)
    for part in walk(node):
        target: ast.expr | None = None
        match part:
            case ast.Attribute(ctx=ast.Store() | ast.Del()):
                target = part
            case ast.Subscript(value=target, ctx=ast.Store() | ast.Del()):
                pass
            case ast.Call(func=ast.Attribute(value=target, attr=attr)) if attr in MUTATORS:
                pass
            case ast.Call(
                func=ast.Name(id="setattr"),
                args=[ast.Name(id=name), ast.Constant(value=str(text)), *_],
            ) if name in classes:
                yield text
            case _:
                pass
        if isinstance(target, ast.Attribute) and _is_of(target, classes):
            yield target.attr


def _used_by(node: ast.FunctionDef) -> set[str]:
    classes = _classes_in(node)
    parts = list(walk(node))
    found = {p.attr for p in parts if isinstance(p, ast.Attribute) and _is_of(p, classes)}
    for part in parts:
        match part:
            case ast.Call(
                func=ast.Name(id="setattr" | "getattr" | "hasattr"),
                args=[ast.Name(id=name), ast.Constant(value=str(text)), *_],
            ) if name in classes:
                found.add(text)
            case _:
                pass
    return found


def _is_of(node: ast.Attribute, classes: set[str]) -> bool:
    return (
        isinstance(node.value, ast.Name)
        and node.value.id in classes
        and not node.attr.startswith("__")
    )

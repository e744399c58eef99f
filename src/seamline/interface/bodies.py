"""What each body of the application does: names it uses, calls it makes, what it changes."""

import ast
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from seamline.interface import written
from seamline.interface.binding import bound_otherwise, defaults_of, given_exactly, given_somehow
from seamline.interface.body import MUTATORS, Body, Call, Changed, Use
from seamline.interface.changing import assigned, changed_by, grown
from seamline.interface.classes import is_class_namespace
from seamline.interface.filling import filled
from seamline.interface.functions import Definition, Definitions
from seamline.interface.implying import Implying
from seamline.interface.lookups import (
    ASSIGNING,
    LOOKUPS,
    NAMESPACE,
    any_of,
    bound_by_text,
    bound_in,
    entry,
    is_namespace,
    runs_elsewhere,
)
from seamline.interface.names import Symbol, is_type_checking
from seamline.interface.origins import (
    ACCESSORS,
    NOTHING,
    OPAQUE,
    Origin,
    Origins,
    Scope,
    Tracer,
    inside,
)
from seamline.interface.returned import traced
from seamline.interface.walking import Def, children, walk

# Containers, as they are written down.
_DISPLAYS: Final = (
    ast.List, ast.Set, ast.Dict, ast.Tuple, ast.ListComp, ast.SetComp, ast.DictComp,
)  # fmt: skip


def read_bodies(definitions: Definitions) -> dict[Definition | str, Body]:
    """Read the body of every definition, and of every module under its name."""
    found: dict[Definition | str, Body] = {}
    tracers, scopes = traced(definitions)
    for module, tracer in tracers.items():
        known = {id(d.node): d for d in definitions.by_module[module]}
        top = found[module] = Body(module, None)
        reader = _Reader(tracer, top, None, known)
        reader.statements(definitions.world.modules[module].source.tree.body)
        for definition in definitions.by_module[module]:
            body = found[definition] = Body(module, definition)
            _Reader(tracer, body, scopes[definition], {}).statements(definition.node.body)
    return found


class _Reader(Implying, ast.NodeVisitor):
    """Fills one Body."""

    def __init__(
        self, tracer: Tracer, body: Body, scope: Scope | None, known: dict[int, Definition]
    ) -> None:
        super().__init__(tracer, body, scope)
        self.known = known
        self.asynchronous = body.definition is not None and isinstance(
            body.definition.node, ast.AsyncFunctionDef
        )
        self.awaited: set[int] = set()
        self.is_later = False
        self.is_stored = False
        self.calls_around = 0
        self.inside: list[ast.Call] = []

    def generic_visit(self, node: ast.AST) -> None:
        for child in children(node):
            if child.__class__ is not ast.Constant:  # a third of all, and they do nothing
                self.visit(child)

    def statements(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self.visit(node)

    # -- names --------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._use(self.tracer.name(node.id, self.scope), node.lineno, "read")
            self.body.written.update(written.looked_up(self.tracer, node, self.scope))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        found = self.origins(node)
        exact = [o for o in found if o.kind == "symbol" and o.level == "whole"]
        if exact:
            self._use(frozenset(exact), node.lineno, "read")
        if len(exact) < len(found):
            self.body.attributes.append((self.origins(node.value), node.attr))
        if node.attr in MUTATORS and id(node) not in self.called:
            self._keep_change(self.origins(node.value), node.lineno)
        if exact and isinstance(node.value, (ast.Name, ast.Attribute)):
            self.body.written.update(written.looked_up(self.tracer, node, self.scope))
        else:
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.value, (ast.Call, ast.Attribute, ast.Name)):
            held = self.origins(node.value)
            if any(is_namespace(s) or is_class_namespace(s) for s in _wholes(held)):
                self._use(self.origins(node), node.lineno, "read")
        if isinstance(node.ctx, ast.Load):
            read = self.origins(node.value)
            self._change(filled(self.tracer, read, self.scope), node.lineno)
            self.body.looked_up.update(o.symbol.name for o in read if o.kind == "param")
        self.generic_visit(node)

    def _use(self, origins: Origins, line: int, how: Literal["read", "mutate", "bind"]) -> None:
        for origin in origins:
            if origin.kind == "symbol" and not origin.symbol.name.startswith("builtins."):
                self.body.uses.append(Use(origin.symbol, line, how))

    # -- changes ------------------------------------------------------------------------

    def _change(self, origins: Origins, line: int) -> None:
        if self.is_later:
            self._keep_change(origins, line)
        for origin in origins:
            if origin.level == "copy":
                continue
            if origin.kind == "symbol":
                self.body.uses.append(Use(origin.symbol, line, "mutate"))
                if origin.level == "part":
                    self.body.inner.add(origin.symbol)
            elif origin.kind == "call":
                of = self.body.changed_results.setdefault(origin.symbol, set())
                of.add(Changed(origin.path, origin.level))
            elif origin.kind == "param" and not self._is_own(origin):
                self.body.changed.setdefault(origin.symbol.name, line)
                if origin.level == "part":
                    self.body.reached.add(origin.symbol.name)
                if origin.path:
                    self.body.paths.setdefault(origin.path, line)

    def _keep_change(self, origins: Origins, line: int) -> None:
        """Note that something kept may change these later."""
        for origin in origins:
            if origin.kind == "symbol" and origin.level != "copy" and origin.symbol.module:
                self.body.kept.append((origin, line))

    def _is_own(self, origin: Origin) -> bool:
        """Whether it is ``*args`` or ``**kwargs`` itself, which no caller holds."""
        definition = self.body.definition
        args = None if definition is None else definition.node.args
        variadic = () if args is None else (args.vararg, args.kwarg)
        names = {arg.arg for arg in variadic if arg is not None}
        return origin.level == "whole" and origin.symbol.name in names

    def _target(self, node: ast.expr, value: ast.expr | None) -> None:  # noqa: C901, PLR0912 - one case per kind of node
        match node:
            case ast.Name():
                if self.scope is not None:
                    origins = self.tracer.name(node.id, self.scope)
                    if self._is_module_name(node.id):
                        self._use(origins, node.lineno, "bind")
            case ast.Attribute():
                owner = self.origins(node.value)
                exact = {o for o in owner if o.kind == "symbol" and o.level == "whole"}
                for origin in exact:
                    symbol = self.tracer.world.attribute(origin.symbol, node.attr)
                    if origin.symbol.module and not origin.symbol.name:
                        symbol = Symbol(origin.symbol.module, node.attr)
                    self.body.uses.append(Use(symbol, node.lineno, "bind"))
                self._change(owner - exact, node.lineno)
                if node.attr == NAMESPACE and value is not None:
                    self._change(self.origins(value), node.lineno)
                self._keep(value, owner)
                self.visit(node.value)
            case ast.Subscript():
                owner = self.origins(node.value)
                for space in filter(is_namespace, _wholes(owner)):
                    symbol = entry(self.tracer.world, space, node.slice)
                    self.body.uses.append(Use(symbol, node.lineno, "bind"))
                self._change(owner, node.lineno)
                self._keep(value, owner)
                if value is not None:
                    self.body.stored.extend((o.symbol, value) for o in owner if o.kind == "symbol")
                self.visit(node.value)
                self.visit(node.slice)
            case ast.Tuple() | ast.List():
                values: list[ast.expr | None] = [value] * len(node.elts)
                if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(values):
                    values = list(value.elts)
                for part, held in zip(node.elts, values, strict=True):
                    self._target(part, held)
            case ast.Starred():
                self._target(node.value, None)
            case _:
                pass

    def _keep(self, value: ast.expr | None, owner: Origins = OPAQUE) -> None:
        """Note that an object keeps a value: what changes the object may change a parameter."""
        if value is not None and not any(o.kind == "param" for o in owner):
            self.body.put.append(self.origins(value))
        if value is not None:
            self.body.doubtful |= {
                origin.symbol.name
                for origin in self.origins(value)
                if origin.kind == "param" and not self._is_own(origin)
            }

    def _is_module_name(self, name: str) -> bool:
        return self.scope is None or self.scope.is_global(name)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._target(target, node.value)
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._target(node.target, node.value)
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            found = self.tracer.name(node.target.id, self.scope)
            if self.scope is not None and self.scope.is_global(node.target.id):
                self._use(found, node.lineno, "bind")
            else:
                self._augment(frozenset(o for o in found if o.kind == "param"), node)
                grows = grown(self.tracer, found, node, self.body.definition)
                self._change(grows, node.lineno)
                self._put(node, found)
        else:
            self._target(node.target, None)
        self.visit(node.value)

    def _augment(self, origins: Origins, node: ast.AugAssign) -> None:
        """Note ``local += value``: in place for lists and sets, a new value for numbers."""
        if isinstance(node.value, (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp)):
            self._change(origins, node.lineno)
        elif isinstance(node.op, ast.Mult) or not isinstance(
            node.value, (ast.Constant, ast.JoinedStr)
        ):
            self.body.doubtful |= {o.symbol.name for o in origins if o.level != "copy"}

    def _put(self, node: ast.AugAssign, owner: Origins) -> None:
        """Note what ``rows += more`` puts into a container, as ``rows.extend(more)`` does."""
        name = node.target.id if isinstance(node.target, ast.Name) else ""
        made = () if self.scope is None else self.scope.values.get(name, ())
        if isinstance(node.value, _DISPLAYS) or any(isinstance(v, _DISPLAYS) for v, _ in made):
            self._keep(node.value, owner)
        elif any(value is not None and not isinstance(value, ast.Constant) for value, _ in made):
            self.body.put.append(self.origins(node.value))

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._target(target, None)

    # -- calls --------------------------------------------------------------------------

    def visit_Await(self, node: ast.Await) -> None:
        if isinstance(node.value, ast.Call):
            self.awaited.add(id(node.value))
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        method, receiver = "", frozenset[Origin]()
        if isinstance(function, ast.Attribute):
            method, receiver = function.attr, self.origins(function.value)
            self.called.add(id(function))
            if method == "__getitem__":
                self._change(filled(self.tracer, receiver, self.scope), node.lineno)
            if method in MUTATORS:
                self._change(receiver, node.lineno)
                for argument in node.args:
                    self._keep(argument, receiver)
                if node.args:
                    held = [o for o in receiver if o.kind == "symbol"]
                    self.body.stored.extend((o.symbol, node.args[-1]) for o in held)
        arguments: list[tuple[int | str, Origins]] = []
        for index, argument in enumerate(node.args):
            starred = isinstance(argument, ast.Starred)
            arguments.append(("*" if starred else index, self.origins(argument)))
        arguments.extend((k.arg or "**", self.origins(k.value)) for k in node.keywords)
        callee = self.origins(function)
        waits = self.asynchronous and id(node) not in self.awaited
        call = Call(node.lineno, callee, receiver, method, tuple(arguments), waits, self.is_stored)
        self.body.calls.append(call)
        for changed in changed_by(self.tracer, self.body.definition, node, call):
            self._change(changed, node.lineno)
        self.imply_call(node, call)
        self._by_text(node, call)
        self.calls_around += 1
        self.generic_visit(node)
        self.calls_around -= 1

    def _by_text(self, node: ast.Call, call: Call) -> None:
        """Note what a call does to names of modules that it is given as text."""
        world = self.tracer.world
        names = {str(o.symbol) for o in call.callee if o.kind == "symbol" and not o.symbol.module}
        owner = call.arguments[0][1] if call.arguments else OPAQUE
        if names & ASSIGNING:
            self._change(assigned(self.body.definition, owner), node.lineno)
            for symbol in bound_by_text(world, _wholes(owner), node):
                self.body.uses.append(Use(symbol, node.lineno, "bind"))
        if names & LOOKUPS:
            self._found_by_text(node)
        if self.tracer.has_namespaces:
            self._in_namespaces(node, call, names)

    def _found_by_text(self, node: ast.expr) -> None:
        found = frozenset(o for o in self.origins(node) if o.level == "whole")
        self._use(found, node.lineno, "read")

    def _in_namespaces(self, node: ast.Call, call: Call, names: set[str]) -> None:
        """Note what a call does to the namespaces of modules that it is given, or is made on."""
        world = self.tracer.world
        for space in filter(is_namespace, _wholes(call.receiver)):
            bound = bound_in(world, space, call.method, node) if call.method in MUTATORS else ()
            for symbol in bound:
                self.body.uses.append(Use(symbol, node.lineno, "bind"))
            if call.method in ("items", "values", "copy"):
                self.body.uses.append(Use(any_of(space), node.lineno, "read"))
        if call.method in ACCESSORS:
            self._found_by_text(node)
        how: Literal["read", "bind"] = "bind" if "builtins.exec" in names else "read"
        for _, origins in call.arguments if runs_elsewhere(names) else ():
            for space in filter(is_namespace, _wholes(origins)):
                self.body.uses.append(Use(any_of(space), node.lineno, how))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.body.written.update(written.imported(self.tracer, node))

    # -- what leaves --------------------------------------------------------------------

    def visit_Return(self, node: ast.Return | ast.Yield) -> None:
        if node.value is not None:
            if self.scope is not None and self.scope.parent is None:
                stored = NOTHING
                if self.tracer.returned is not None and self.body.definition is not None:
                    stored = self.tracer.returned.stored(self.body.definition, node.value)
                self.body.returns.append((self.origins(node.value) | stored, node.value))
            self.visit(node.value)

    visit_Yield = visit_Return  # noqa: N815

    def visit_Raise(self, node: ast.Raise) -> None:
        if isinstance(node.exc, ast.Call):
            values = (*node.exc.args, *(keyword.value for keyword in node.exc.keywords))
            self.body.raised += map(self.origins, values)
        self.generic_visit(node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        if self.scope is not None and self.scope.parent is None:
            self.body.returns.append((inside(self.origins(node.value)), node.value))
        self.visit(node.value)

    # -- blocks -------------------------------------------------------------------------

    def _loop(self, node: ast.AST) -> None:
        self.body.loops = True
        generators = getattr(node, "generators", ())
        for part in (node, *generators):
            target = getattr(part, "target", None)
            if target is not None and not (generators and isinstance(target, ast.Name)):
                self._target(target, None)
        self.generic_visit(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self._target(node.optional_vars, node.context_expr)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        definition = self.body.definition
        for name, line in (
            () if definition is None else bound_otherwise(definition.node, node.names)
        ):
            self._use(self.tracer.name(name, self.scope), line, "bind")

    visit_For = visit_AsyncFor = visit_While = _loop  # noqa: N815
    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _loop  # noqa: N815

    def visit_If(self, node: ast.If) -> None:
        if not is_type_checking(node.test):
            self.generic_visit(node)
        else:
            self.statements(node.orelse)

    def _function(self, node: Def) -> None:
        for decorator in node.decorator_list:
            self.called.add(id(decorator))
            self.calls_around += 1
            self.visit(decorator)
            self.calls_around -= 1
        self._defaults(node)
        if id(node) in self.known:
            for decorator in node.decorator_list:
                self.body.registered.append((decorator, self.known[id(node)]))
        elif self.body.definition is not None or self.scope is not None:
            self._nested(node)

    visit_FunctionDef = visit_AsyncFunctionDef = _function  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._defaults(node)
        self._nested(node)

    def _defaults(self, node: Def | ast.Lambda) -> None:
        for _, default in defaults_of(node):
            self.visit(default)

    def _nested(self, node: Def | ast.Lambda) -> None:
        outer, asynchronous = self.scope, self.asynchronous
        if not self.inside and self.body.definition is not None:
            walked = walk(self.body.definition.node)
            self.inside += (part for part in walked if isinstance(part, ast.Call))
        given = given_somehow(node, self.inside, self.origins)
        exact = given_exactly(node, self.inside, self.origins)
        defaults = [(name, self.origins(value)) for name, value in defaults_of(node)]
        self.scope = self.tracer.scope(node, outer)
        for argument in (*node.args.posonlyargs, *node.args.args):
            self.scope.fixed[argument.arg] |= given
            for origins in exact.get(argument.arg, ()):
                self.scope.fixed[argument.arg] |= {o for o in origins if o.kind == "symbol"}
        for name, origins in defaults:
            self.scope.fixed[name] |= origins
        self.asynchronous = isinstance(node, ast.AsyncFunctionDef)
        is_later, self.is_later = self.is_later, self.body.definition is None
        is_stored = self.is_stored
        self.is_stored = is_stored or (self.is_later and not self.calls_around)
        if isinstance(node, ast.Lambda):
            self.visit(node.body)
        else:
            self.statements(node.body)
        self.scope, self.asynchronous, self.is_later = outer, asynchronous, is_later
        self.is_stored = is_stored


def _wholes(origins: Origins) -> Iterator[Symbol]:
    """Yield the names that a value may be, not what they hold."""
    yield from (o.symbol for o in origins if o.kind == "symbol" and o.level == "whole")

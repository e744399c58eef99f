"""Notes the calls that a body makes without naming what is called."""

import ast
from collections.abc import Iterable
from typing import Final

from seamline.interface.body import Body, Call, Implied
from seamline.interface.origins import Origins, Scope, Tracer
from seamline.interface.specials import (
    CALL,
    OPERATIONS,
    SUBCLASSED,
    TAKEN,
    Operation,
    called,
)

# What makes no instance of a class of the application.
_OF_BUILTINS: Final = (ast.Constant, ast.JoinedStr, ast.Compare, ast.Lambda)


class _Visitors(dict[type[ast.AST], str]):
    """The name of what visits each kind of node, made when it is met first."""

    def __missing__(self, kind: type[ast.AST]) -> str:
        self[kind] = found = f"visit_{kind.__name__}"
        return found


_VISITORS: Final = _Visitors()


class Implying(ast.NodeVisitor):
    """Visits every expression and statement of one body; the base of what reads bodies."""

    def __init__(self, tracer: Tracer, body: Body, scope: Scope | None) -> None:
        self.tracer = tracer
        self.body = body
        self.scope = scope
        self.called: set[int] = set()
        self._shown: set[int] = set()
        self.members = tracer.definitions.members
        self.is_test = tracer.world.modules[tracer.module].source.test

    def origins(self, node: ast.expr) -> Origins:
        """Return where the value of an expression may come from, here."""
        return self.tracer.of(node, self.scope)

    def visit(self, node: ast.AST) -> None:
        """Note what a node calls by itself, then visit it."""
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            self._shown.update(map(id, node.exc.args))
        elif isinstance(node, ast.FormattedValue):
            self._shown.add(id(node.value))
        kind = node.__class__
        calls = None if self.is_test else OPERATIONS.get(kind)
        if calls is not None:
            self._imply(calls(node), getattr(node, "lineno", 0))
            if isinstance(node, ast.Attribute) and self._is_taken(node):
                self._note(Operation(node, TAKEN), node.lineno)
        # As the base class does, without a frame more: chains of branches nest deep.
        getattr(self, _VISITORS[kind], self.generic_visit)(node)

    def _is_taken(self, node: ast.Attribute) -> bool:
        """Whether a method may be taken from its object to be called by others.

        What an exception is made with, or a text shows, only names it.
        """
        is_read = (
            isinstance(node.ctx, ast.Load) and not self.is_test and id(node) not in self._shown
        )
        is_read = is_read and id(node) not in self.called
        return is_read and node.attr in self.members.methods

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Visit the parts of a sum; of a thousand parts they nest a thousand deep."""
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            if left is not node:
                self._imply(OPERATIONS[ast.BinOp](left), left.lineno)
            self.visit(left.right)
            left = left.left
        self.visit(left)

    def imply_call(self, node: ast.Call, call: Call) -> None:
        """Note what a call enters that its name does not say."""
        if self.is_test:
            return
        if self._may_enter(node.func, call.callee) and not self._is_plain(call.callee):
            found = call._replace(receiver=call.callee, method="")
            operation = Operation(node.func, CALL, tuple(node.args))
            self.body.implied.append(Implied(operation, node.lineno, self.scope, found))
        names = [str(o.symbol) for o in call.callee if o.kind == "symbol" and not o.symbol.module]
        for dotted in names or [""]:
            self._imply(called(node, dotted), node.lineno)

    def _may_enter(self, function: ast.expr, callee: Origins) -> bool:
        """Whether what is called is no attribute, or any class or module has one of its name."""
        return (
            not isinstance(function, ast.Attribute)
            or function.attr in self.members.attributes
            or any(one.kind == "symbol" and one.symbol.module for one in callee)
        )

    def _is_plain(self, callee: Origins) -> bool:
        """Whether all that is called is named: functions, classes, and those of libraries."""
        definitions = self.tracer.definitions
        return bool(callee) and all(
            one.kind == "symbol"
            and one.level == "whole"
            and (
                not one.symbol.module
                or one.symbol in definitions.functions
                or one.symbol in definitions.classes
            )
            for one in callee
        )

    def _imply(self, found: Iterable[Operation], line: int) -> None:
        if self.is_test:
            return
        members = self.members
        for operation in found:
            if isinstance(operation.on, _OF_BUILTINS) or (
                operation.names == SUBCLASSED
                and self.body.definition is None  # what importing does
            ):
                continue
            is_computed = operation.attribute in members.computed
            if is_computed or not members.methods.isdisjoint(operation.names):
                self._note(operation, getattr(operation.on, "lineno", line))

    def _note(self, operation: Operation, line: int) -> None:
        self.body.implied.append(Implied(operation, line, self.scope))

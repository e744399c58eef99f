"""Which special methods an expression or a statement calls: ``a + b`` is ``a.__add__(b)``."""

import ast
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple


class Operation(NamedTuple):
    """One call of a special method.

    Attributes:
        on: The object.
        names: The method; where its class has none of that name, the next one.
        arguments: What it is called with.
        attribute: Of an attribute that is looked up or set, the name.
        held: Whether it is called on what the object holds.
    """

    on: ast.expr
    names: tuple[str, ...]
    arguments: tuple[ast.expr, ...] = ()
    attribute: str = ""
    held: bool = False


CALL: Final = ("__call__",)
#: Stands for the method itself where it is taken from its object, to be called by others.
TAKEN: Final = ("",)
#: What classes run when a subclass is made.
SUBCLASSED: Final = ("__init_subclass__",)
GETTING: Final = ("__getattribute__", "__getattr__")
_OPERATORS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.MatMult: "matmul", ast.Div: "truediv",
    ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Pow: "pow", ast.LShift: "lshift",
    ast.RShift: "rshift", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
}  # fmt: skip
_COMPARISONS: Final[dict[type[ast.cmpop], tuple[tuple[str, ...], tuple[str, ...]]]] = {
    ast.Eq: (("__eq__",), ("__eq__",)),
    ast.NotEq: (("__ne__", "__eq__"), ("__ne__", "__eq__")),
    ast.Lt: (("__lt__",), ("__gt__",)),
    ast.LtE: (("__le__",), ("__ge__",)),
    ast.Gt: (("__gt__",), ("__lt__",)),
    ast.GtE: (("__ge__",), ("__le__",)),
}
_UNARY: Final[dict[type[ast.unaryop], tuple[str, ...]]] = {
    ast.USub: ("__neg__",), ast.UAdd: ("__pos__",), ast.Invert: ("__invert__",),
}  # fmt: skip
TRUTH: Final = ("__bool__", "__len__")
ITERATION: Final = ("__iter__", "__getitem__")
STEP: Final = ("__next__",)
_TEXT: Final = ("__str__", "__repr__")
_FORMAT: Final = ("__format__", "__str__", "__repr__")
_COMPARED: Final = (("__lt__",), ("__gt__",))
_HASHED: Final = (("__hash__",), ("__eq__",))
#: What functions of the standard library call on what they are given first.
_BUILTINS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "len": (("__len__",),), "bool": (TRUTH,), "hash": (("__hash__",),), "iter": (ITERATION,),
    "next": (STEP,), "str": (_TEXT,), "repr": (("__repr__",),), "ascii": (("__repr__",),),
    "format": (_FORMAT,), "abs": (("__abs__",),), "int": (("__int__", "__index__"),),
    "float": (("__float__", "__index__"),), "complex": (("__complex__",),),
    "round": (("__round__",),), "bytes": (("__bytes__", *ITERATION),),
    "divmod": (("__divmod__",),), "reversed": (("__reversed__", "__getitem__"),),
    "aiter": (("__aiter__",),), "anext": (("__anext__",),), "dir": (("__dir__",),),
    "pow": (("__pow__",),), "dict": (("keys",), ITERATION, STEP),
    **dict.fromkeys(
        ("list", "tuple", "set", "frozenset", "sum", "min", "max", "any", "all", "enumerate",
         "zip", "sorted"),
        (ITERATION, STEP),
    ),
}  # fmt: skip
_OTHERS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "copy.copy": (("__copy__",),), "copy.deepcopy": (("__deepcopy__",),),
    "dataclasses.replace": (("__post_init__",),), "os.fspath": (("__fspath__",),),
    "operator.index": (("__index__",),), "math.floor": (("__floor__",),),
    "math.ceil": (("__ceil__",),), "math.trunc": (("__trunc__",),),
    "contextlib.closing": (("close",),), "builtins.print": (_TEXT,),
    "builtins.open": (("__fspath__",),), "pathlib.Path": (("__fspath__",),),
    "itertools.chain": (ITERATION, STEP), "itertools.islice": (ITERATION, STEP),
}  # fmt: skip
#: By the dotted name of the function.
CALLED: Final = {f"builtins.{name}": calls for name, calls in _BUILTINS.items()} | _OTHERS
#: What functions call on what the first thing that they are given holds.
_OF_ELEMENTS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    **dict.fromkeys(("builtins.sorted", "builtins.min", "builtins.max"), _COMPARED),
    "builtins.any": (TRUTH,), "builtins.all": (TRUTH,),
    "builtins.sum": (("__radd__",), ("__add__",)), "builtins.set": _HASHED,
    "builtins.frozenset": _HASHED, "builtins.str": (("__repr__",),),
}  # fmt: skip
#: Of these every argument is asked, of the others the first.
_EVERY: Final = frozenset(
    {"builtins.print", "builtins.zip", "builtins.min", "builtins.max", "itertools.chain"}
)
#: These iterate over what follows a function.
_OVER: Final = frozenset({"builtins.map", "builtins.filter", "functools.reduce"})
_BY_NAME: Final = {
    "builtins.getattr": GETTING, "builtins.hasattr": GETTING, "builtins.setattr": ("__setattr__",),
    "builtins.delattr": ("__delattr__",),
}  # fmt: skip


_CONVERSIONS: Final = {ord("s"): _TEXT, ord("r"): ("__repr__",), ord("a"): ("__repr__",)}


def _binary(op: ast.operator, left: ast.expr, right: ast.expr) -> Iterator[Operation]:
    name = _OPERATORS[type(op)]
    yield Operation(left, (f"__{name}__",), (right,))
    yield Operation(right, (f"__r{name}__",), (left,))
    if isinstance(op, ast.Mod) and isinstance(left, (ast.Constant, ast.JoinedStr)):
        parts = right.elts if isinstance(right, ast.Tuple) else [right]
        yield from (Operation(part, _TEXT) for part in parts)


def _compared(node: ast.Compare) -> Iterator[Operation]:
    for left, op, right in zip(
        (node.left, *node.comparators), node.ops, node.comparators, strict=False
    ):
        if isinstance(op, (ast.In, ast.NotIn)):
            yield Operation(right, ("__contains__", *ITERATION), (left,))
            yield Operation(right, ("__eq__",), (left,), held=True)
            yield Operation(left, ("__eq__",), (right,))
            yield Operation(left, ("__hash__",))
        elif type(op) in _COMPARISONS:
            here, there = _COMPARISONS[type(op)]
            yield Operation(left, here, (right,))
            yield Operation(right, there, (left,))


def _each(on: ast.expr, calls: tuple[tuple[str, ...], ...]) -> Iterator[Operation]:
    for names in calls:
        yield Operation(on, names)


def _loaded(node: ast.expr) -> Iterator[Operation]:
    if isinstance(node, ast.Subscript):
        yield Operation(node.value, ("__getitem__",), (node.slice,))
        yield Operation(node.value, ("__missing__",), (node.slice,))
        yield from _each(node.slice, _HASHED)
    elif isinstance(node, ast.Attribute):
        yield Operation(node.value, GETTING, attribute=node.attr)


def _stored(node: ast.expr, value: ast.expr | None) -> Iterator[Operation]:
    """Yield what assigning to a target calls."""
    match node:
        case ast.Attribute():
            yield Operation(node.value, ("__setattr__",), _given(value), node.attr)
        case ast.Subscript():
            yield Operation(node.value, ("__setitem__",), (node.slice, *_given(value)))
            yield from _each(node.slice, _HASHED)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            if value is not None:
                yield from _iterated(value)
            for part in parts:
                yield from _stored(part, None)
        case ast.Starred(value=inner):
            yield from _stored(inner, None)
        case _:
            pass


def _given(value: ast.expr | None) -> tuple[ast.expr, ...]:
    return () if value is None else (value,)


def _deleted(node: ast.expr) -> Iterator[Operation]:
    match node:
        case ast.Attribute():
            yield Operation(node.value, ("__delattr__",), attribute=node.attr)
        case ast.Subscript():
            yield Operation(node.value, ("__delitem__",), (node.slice,))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _deleted(part)
        case _:
            pass


def _iterated(node: ast.expr) -> Iterator[Operation]:
    yield from _each(node, (ITERATION, STEP))


def _of_binary(node: ast.BinOp) -> Iterator[Operation]:
    yield from _binary(node.op, node.left, node.right)


def _of_augmented(node: ast.AugAssign) -> Iterator[Operation]:
    name = _OPERATORS[type(node.op)]
    yield Operation(node.target, (f"__i{name}__", f"__{name}__"), (node.value,))
    yield from _stored(node.target, node.value)
    yield from _loaded(node.target)


def _of_unary(node: ast.UnaryOp) -> Iterator[Operation]:
    yield Operation(node.operand, TRUTH if isinstance(node.op, ast.Not) else _UNARY[type(node.op)])


def _of_read(node: ast.Attribute | ast.Subscript) -> Iterator[Operation]:
    if isinstance(node.ctx, ast.Load):
        yield from _loaded(node)


def _of_format(node: ast.FormattedValue) -> Iterator[Operation]:
    yield Operation(node.value, _CONVERSIONS.get(node.conversion, _FORMAT))


def _of_await(node: ast.Await) -> Iterator[Operation]:
    yield Operation(node.value, ("__await__",))


def _of_dict(node: ast.Dict) -> Iterator[Operation]:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            yield from _each(value, (("keys",), ITERATION, ("__getitem__",)))
        else:
            yield from _each(key, _HASHED)


def _of_set(node: ast.Set) -> Iterator[Operation]:
    for part in node.elts:
        yield from _each(part, _HASHED)


def _of_assignment(node: ast.Assign) -> Iterator[Operation]:
    for target in node.targets:
        yield from _stored(target, node.value)


def _of_annotated(node: ast.AnnAssign) -> Iterator[Operation]:
    if node.value is not None:
        yield from _stored(node.target, node.value)


def _of_delete(node: ast.Delete) -> Iterator[Operation]:
    for target in node.targets:
        yield from _deleted(target)


def _of_loop(node: ast.For | ast.AsyncFor) -> Iterator[Operation]:
    yield from _looped(node.iter, is_async=isinstance(node, ast.AsyncFor))
    yield from _stored(node.target, None)


def _of_comprehension(node: ast.comprehension) -> Iterator[Operation]:
    yield from _looped(node.iter, is_async=bool(node.is_async))
    for test in node.ifs:
        yield Operation(test, TRUTH)


def _looped(over: ast.expr, *, is_async: bool) -> Iterator[Operation]:
    yield from _each(over, (("__aiter__",), ("__anext__",)) if is_async else (ITERATION, STEP))


def _of_unpacked(node: ast.YieldFrom | ast.Starred) -> Iterator[Operation]:
    if isinstance(node, ast.YieldFrom) or isinstance(node.ctx, ast.Load):
        yield from _iterated(node.value)


def _of_with(node: ast.With) -> Iterator[Operation]:
    for item in node.items:
        yield from _each(item.context_expr, (("__enter__",), ("__exit__",)))


def _of_async_with(node: ast.AsyncWith) -> Iterator[Operation]:
    for item in node.items:
        yield from _each(item.context_expr, (("__aenter__",), ("__aexit__",)))


def _of_class(node: ast.ClassDef) -> Iterator[Operation]:
    for base in node.bases:
        yield Operation(base, SUBCLASSED)


def _of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Operation]:
    for decorator in node.decorator_list:
        yield Operation(decorator, CALL)


def _of_test(node: ast.If | ast.While | ast.IfExp | ast.Assert) -> Iterator[Operation]:
    yield Operation(node.test, TRUTH)


def _of_choice(node: ast.BoolOp) -> Iterator[Operation]:
    for value in node.values[:-1]:
        yield Operation(value, TRUTH)


def _of_case(node: ast.match_case) -> Iterator[Operation]:
    if node.guard is not None:
        yield Operation(node.guard, TRUTH)


#: What yields the calls that a kind of node makes by itself, of whichever classes.
OPERATIONS: Final[dict[type[ast.AST], Callable[[Any], Iterator[Operation]]]] = {
    ast.BinOp: _of_binary, ast.AugAssign: _of_augmented, ast.UnaryOp: _of_unary,
    ast.Compare: _compared, ast.Subscript: _of_read, ast.Attribute: _of_read,
    ast.FormattedValue: _of_format, ast.Await: _of_await, ast.Dict: _of_dict, ast.Set: _of_set,
    ast.Assign: _of_assignment, ast.AnnAssign: _of_annotated, ast.Delete: _of_delete,
    ast.For: _of_loop, ast.AsyncFor: _of_loop, ast.comprehension: _of_comprehension,
    ast.YieldFrom: _of_unpacked, ast.Starred: _of_unpacked, ast.With: _of_with,
    ast.AsyncWith: _of_async_with, ast.ClassDef: _of_class, ast.FunctionDef: _of_function,
    ast.AsyncFunctionDef: _of_function, ast.If: _of_test, ast.While: _of_test,
    ast.IfExp: _of_test, ast.Assert: _of_test, ast.BoolOp: _of_choice, ast.match_case: _of_case,
}  # fmt: skip


def called(node: ast.Call, dotted: str) -> Iterator[Operation]:
    """Yield what a call of a function of the standard library calls on what it is given."""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if method == "format":
        values = (*node.args, *(keyword.value for keyword in node.keywords))
        yield from (Operation(value, _FORMAT) for value in values)
    if dotted in CALLED and node.args:
        for argument in node.args if dotted in _EVERY else node.args[:1]:
            yield from _each(argument, CALLED[dotted])
        for names in _OF_ELEMENTS.get(dotted, ()) if len(node.args) == 1 else ():
            yield Operation(node.args[0], names, held=True)
    elif dotted in _OVER:
        for argument in node.args[1:]:
            yield from _iterated(argument)
    elif dotted in _BY_NAME and len(node.args) > 1:
        name = node.args[1]
        text = (
            name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else "*"
        )
        yield Operation(node.args[0], _BY_NAME[dotted], tuple(node.args[2:3]), text)
    elif dotted == "builtins.type" and len(node.args) > 1:
        bases = node.args[1].elts if isinstance(node.args[1], ast.Tuple) else ()
        yield from (Operation(base, SUBCLASSED) for base in bases)

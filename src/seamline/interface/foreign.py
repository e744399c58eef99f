"""Classes of other people's libraries: what they make can change, or cross. Reads source only."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from seamline.interface.body import MUTATORS
from seamline.interface.known import is_stdlib
from seamline.interface.names import World
from seamline.interface.origins import Origin
from seamline.interface.source import module_file, statements
from seamline.interface.walking import own_nodes, walk

# A class is followed through this many re-exports and bases.
_MOST_STEPS: Final = 6
_MOST_BYTES: Final = 1_000_000
# Run when an object is made or given up, not while it is used.
_MAKING: Final = frozenset({"__init__", "__new__", "__del__", "__set_name__", "__init_subclass__"})
_EMPTY_BASES: Final = frozenset({"object", "ABC", "abc.ABC"})
# Of the standard library, without attributes of their own; a class may name what they hold.
_ABSTRACT_BASES: Final = frozenset(
    {"Generic", "Protocol", "Hashable", "Sized", "Container", "Iterable", "Iterator", "Callable"}
    | {"Reversible", "Collection", "Sequence", "MutableSequence", "Set", "AbstractSet"}
    | {"MutableSet", "Mapping", "MutableMapping", "Buffer"}
)
_OF_ABSTRACT_BASES: Final = frozenset({"typing", "typing_extensions", "collections.abc"})
_VALUES: Final = frozenset({"dict", "list", "set", "OrderedDict", "defaultdict", "deque"})
_UNCHANGING_BASES: Final = frozenset({"object", "ABC", "abc.ABC", "Generic", "Protocol"})


class Foreign:
    """Looks classes up where modules are imported from.

    Args:
        search_path: Directories, in the order in which they are looked through.
    """

    def __init__(self, search_path: Sequence[Path]) -> None:
        self._search_path = search_path
        self._trees: dict[str, ast.Module | None] = {}
        self._answers: dict[str, bool] = {}
        self._modules: dict[str, bool] = {}
        self._objects: dict[tuple[str, frozenset[str]], bool] = {}

    def is_module(self, dotted: str) -> bool:
        """Whether a dotted name is a module of a library, which its package hides by no object."""
        if dotted not in self._modules:
            package, _, name = dotted.rpartition(".")
            is_there = module_file(dotted, self._search_path) is not None
            self._modules[dotted] = is_there and not self._hides(package, name, _MOST_STEPS)
        return self._modules[dotted]

    def _hides(self, module: str, name: str, steps: int) -> bool:
        """Whether a module may bind a name to something else than the module below it."""
        tree = self.tree(module) if steps > 0 else None
        if tree is None:
            return True
        for node in statements(tree.body):
            match node:
                case ast.ClassDef(name=found) | ast.FunctionDef(name=found) if found == name:
                    return True
                case ast.ImportFrom(names=names):
                    source = self.source_of(module, node)
                    if any(self._brings(source, alias, module, name, steps) for alias in names):
                        return True
                case _:
                    pass
        return any(
            isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id == name
            for part in walk(tree)
        )

    def _brings(self, source: str, alias: ast.alias, module: str, name: str, steps: int) -> bool:
        """Whether an import from another module may bind a name to an object."""
        if alias.name == "*":
            return self._hides(source, name, steps - 1)
        return (alias.asname or alias.name) == name and (source, alias.name) != (module, name)

    def is_installed(self, dotted: str) -> bool:
        """Whether the library a dotted name belongs to can be imported at all."""
        top = dotted.partition(".")[0]
        return any(
            next(entry.glob(f"{top}.*"), None) is not None or (entry / top).is_dir()
            for entry in self._search_path
        )

    def files(self, top: str) -> Iterator[Path]:
        """Yield the source files of a library."""
        path = module_file(top, self._search_path)
        if path is not None:
            is_package = path.name == "__init__.py"
            yield from path.parent.rglob("*.py") if is_package else (path,)

    def made(self, world: World, module: str, values: list[ast.expr]) -> list[ast.expr]:
        """Return what a name is bound to, of several ways what is not for want of a library."""
        made = [
            value
            for value in values
            if not isinstance(value, ast.Call)
            or (maker := world.resolve(module, value.func)) is None
            or maker.module
            or is_stdlib(maker.name)
            or self.is_installed(maker.name)
        ]
        return made or values

    def may_change(self, dotted: str) -> bool:
        """Whether instances of a class may change after they were made.

        True, too, for what no source is found of.
        """
        if dotted not in self._answers:
            module, _, name = dotted.rpartition(".")
            self._answers[dotted] = self._changes(module, name, _MOST_STEPS)
        return self._answers[dotted]

    def is_object(self, dotted: str) -> bool:
        """Whether a class certainly makes objects with attributes that no fields declare.

        A record, an enum, an exception or a kind of builtin may cross a seam, and so may what
        no source is found of; such an object may not.
        """
        return self._is_object(dotted, _EMPTY_BASES)

    def is_extended(self, dotted: str) -> bool:
        """Whether a class certainly adds attributes of its own to a builtin kind of value.

        A dictionary with a cache beside it crosses as long as what is in the cache does.
        """
        return self._is_object(dotted, _EMPTY_BASES | _VALUES)

    def is_abstract(self, dotted: str) -> bool:
        """Whether a class has abstract methods, so that its objects are of another class."""
        module, _, name = dotted.rpartition(".")
        found = self._class(module, name, _MOST_STEPS)
        return found is not None and any(
            ast.unparse(decorator).rpartition(".")[2] == "abstractmethod"
            for part in found[1].body
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))
            for decorator in part.decorator_list
        )

    def holds(self, dotted: str) -> bool | None:
        """Whether objects of a class have attributes; None for records, values and the unknown."""
        module, _, name = dotted.rpartition(".")
        return self._holds(module, name, _EMPTY_BASES, _MOST_STEPS)

    def _is_object(self, dotted: str, empty: frozenset[str]) -> bool:
        key = dotted, empty
        if key not in self._objects:
            module, _, name = dotted.rpartition(".")
            self._objects[key] = self._holds(module, name, empty, _MOST_STEPS) is True
        return self._objects[key]

    def class_made(self, dotted: str) -> str:
        """Return the class of which a call makes an instance, or nothing where none is found.

        The call may be of the class, of a class method that says it returns its class, or of a
        function that does nothing else than to return one that it makes.
        """
        module, _, name = dotted.rpartition(".")
        found = self._class(module, name, _MOST_STEPS)
        if found is None:
            found = self._made_by_function(module, name)
        if found is None:
            owner, _, owner_name = module.rpartition(".")
            found = self._class(owner, owner_name, _MOST_STEPS)
            if found is None or not _returns_itself(found[1], name):
                return ""
        return f"{found[0]}.{found[1].name}"

    def ancestry(self, dotted: str) -> Iterator[ast.ClassDef | str | None]:
        """Yield a class with all its bases, as classes, names of builtins, and None if unknown."""
        queue = [(*dotted.rpartition(".")[::2], _MOST_STEPS)]
        while queue:
            module, name, steps = queue.pop()
            if name in _VALUES:
                yield name
            elif name not in _UNCHANGING_BASES:
                defined_in, cls = self._class(module, name, steps) or ("", None)
                yield cls if cls is not None and _is_plainly_made(cls) else None
                for base in () if cls is None else cls.bases:
                    plain = base.value if isinstance(base, ast.Subscript) else base
                    queue.append((defined_in, ast.unparse(plain), steps - 1))

    def _holds(self, module: str, name: str, empty: frozenset[str], steps: int) -> bool | None:
        """Whether instances have attributes of their own; None when that cannot be told.

        ``empty`` names the bases that give them none.
        """
        found = self._class(module, name, steps)
        if found is None or found[1].decorator_list or not _is_plainly_made(found[1]):
            return None  # unknown, a record, or what a metaclass makes of it
        defined_in, cls = found
        answers = [self._base_holds(defined_in, base, empty, steps) for base in cls.bases]
        return None if None in answers else any(answers) or _sets_itself(cls)

    def _base_holds(
        self, module: str, base: ast.expr, empty: frozenset[str], steps: int
    ) -> bool | None:
        text = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
        if text in empty or self._is_abstract_base(module, text):
            return False
        return self._holds(module, text, empty, steps - 1) if text.isidentifier() else None

    def _is_abstract_base(self, module: str, text: str) -> bool:
        """Whether a base is one of the standard library's that gives its objects nothing."""
        head, _, last = text.rpartition(".")
        tree = self.tree(module)
        if last not in _ABSTRACT_BASES or tree is None:
            return False
        named = {
            alias.asname or alias.name: f"{getattr(node, 'module', '')}.{alias.name}".lstrip(".")
            for node in statements(tree.body)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        meant = f"{named.get(head, head)}.{last}" if head else named.get(last, "")
        return meant.rpartition(".")[0] in _OF_ABSTRACT_BASES

    def _made_by_function(self, module: str, name: str) -> tuple[str, ast.ClassDef] | None:
        """Return the class of which every ``return`` of a function makes an instance."""
        defined_in, function = self._defined(module, name, _MOST_STEPS) or ("", None)
        if not isinstance(function, ast.FunctionDef) or function.decorator_list:
            return None
        values = [part.value for part in own_nodes(function) if isinstance(part, ast.Return)]
        made = {
            value.func.id
            for value in values
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
        }
        is_sure = len(made) == 1 and all(isinstance(value, ast.Call) for value in values)
        return self._class(defined_in, made.pop(), _MOST_STEPS) if is_sure else None

    def class_in(self, module: str, name: str) -> tuple[str, ast.ClassDef] | None:
        """Return a class by its name in a module, with the module that defines it."""
        return self._class(module, name, _MOST_STEPS)

    def _class(self, module: str, name: str, steps: int) -> tuple[str, ast.ClassDef] | None:
        """Return a class by its name in a module, with the module that defines it."""
        found = self._defined(module, name, steps)
        if found is None or not isinstance(found[1], ast.ClassDef):
            return None
        return found[0], found[1]

    def _defined(
        self, module: str, name: str, steps: int
    ) -> tuple[str, ast.ClassDef | ast.FunctionDef] | None:
        tree = self.tree(module) if module and steps > 0 else None
        every: list[str] = []
        for node in () if tree is None else statements(tree.body):
            match node:
                case ast.ClassDef(name=found) | ast.FunctionDef(name=found) if found == name:
                    return module, node
                case ast.ImportFrom(names=[ast.alias(name="*")]) if not name.startswith("_"):
                    every.append(self.source_of(module, node))
                case ast.ImportFrom():
                    for alias in node.names:
                        if (alias.asname or alias.name) == name:
                            source = self.source_of(module, node)
                            return self._defined(source, alias.name, steps - 1)
                case _:
                    pass
        through = (self._defined(source, name, steps - 1) for source in every)
        return next((found for found in through if found is not None), None)

    def _changes(self, module: str, name: str, steps: int) -> bool:
        found = self._class(module, name, steps)
        if found is None:
            return True
        defined_in, cls = found
        return _changes_itself(cls) or any(
            self._base_changes(defined_in, base, steps) for base in cls.bases
        )

    def _base_changes(self, module: str, base: ast.expr, steps: int) -> bool:
        text = ast.unparse(base.value if isinstance(base, ast.Subscript) else base)
        if text in _UNCHANGING_BASES:
            return False
        return "." in text or self._changes(module, text, steps - 1)

    def source_of(self, module: str, node: ast.ImportFrom) -> str:
        """Return the whole name of what a module imports from."""
        if not node.level:
            return node.module or ""
        parts = module.split(".")
        path = module_file(module, self._search_path)
        own = parts if path is not None and path.name == "__init__.py" else parts[:-1]
        kept = own[: len(own) - node.level + 1]
        return ".".join([*kept, *([node.module] if node.module else [])])

    def tree(self, module: str) -> ast.Module | None:
        """Return the source of a module, if there is any that can be read."""
        if module not in self._trees:
            self._trees[module] = self._parse(module)
        return self._trees[module]

    def text(self, module: str) -> bytes | None:
        """Return the text of a module's source file, if there is one of a usual size."""
        path = module_file(module, self._search_path)
        try:
            is_read = path is not None and path.stat().st_size <= _MOST_BYTES
            return path.read_bytes() if path is not None and is_read else None
        except OSError:
            return None

    def _parse(self, module: str) -> ast.Module | None:
        text = self.text(module)
        try:
            return None if text is None else ast.parse(text)
        except (SyntaxError, ValueError):
            return None


def _is_plainly_made(cls: ast.ClassDef) -> bool:
    """Whether no metaclass makes something of its own of a class."""
    return all(
        keyword.arg == "metaclass" and ast.unparse(keyword.value) in ("ABCMeta", "abc.ABCMeta")
        for keyword in cls.keywords
    )


def _sets_itself(cls: ast.ClassDef) -> bool:
    """Whether the constructor sets attributes of ``self``."""
    return any(
        isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and roots(part, method.args.args[0].arg)
        for method in cls.body
        if isinstance(method, ast.FunctionDef) and method.name == "__init__" and method.args.args
        for part in walk(method)
    )


def _changes_itself(cls: ast.ClassDef) -> bool:
    """Whether a method other than the constructor sets or changes something of ``self``."""
    return any(
        touches(part, method.args.args[0].arg)
        for method in cls.body
        if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef))
        and method.name not in _MAKING
        and method.args.args
        for part in walk(method)
    )


def _returns_itself(cls: ast.ClassDef, name: str) -> bool:
    """Whether a class method says that it returns an instance of its class."""
    return any(
        isinstance(part, ast.FunctionDef)
        and part.name == name
        and any(ast.unparse(each) == "classmethod" for each in part.decorator_list)
        and part.returns is not None
        and ast.unparse(part.returns).strip("'\"") in (cls.name, "Self", "typing.Self")
        for part in cls.body
    )


def touches(node: ast.AST, own: str) -> bool:
    """Whether a part of a method sets or changes something that is reached through a name."""
    match node:
        case (
            ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del())
        ):
            return roots(node.value, own)
        case ast.Call(func=ast.Attribute(value=receiver, attr=method)):
            return method in MUTATORS and roots(receiver, own)
        case ast.Call(func=ast.Name(id="setattr" | "delattr")):
            return any(roots(argument, own) for argument in node.args[:1])
        case _:
            return False


def roots(node: ast.expr, own: str) -> bool:
    """Whether an expression is reached through a name, such as ``self``."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, ast.Name) and node.id == own


def may_keep(callee: Iterable[Origin]) -> bool:
    """Whether a call may change or keep what it is given: unknown code."""
    return any(
        origin.kind == "opaque"
        or (
            origin.kind in ("symbol", "call")
            and not origin.symbol.module
            and not is_stdlib(origin.symbol.name)
        )
        for origin in callee
    )

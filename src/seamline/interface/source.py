"""Finds and parses the source files of an application. Nothing is imported or executed."""

import ast
import errno
import os
import re
import shlex
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from seamline.interface.casts import without_casts
from seamline.interface.walking import walk

SKIPPED_DIRECTORIES: Final = frozenset(
    {"node_modules", "__pycache__", "site-packages", "build", "dist", "venv", "env", "htmlcov"}
)
# Files of `src` that are read to see whether it is a package: where one is, most say so.
_MOST_LOOKED_AT: Final = 50
# Most statements: nobody asks these for the blocks of the others.
_WITHOUT_BLOCKS: Final = frozenset(
    {ast.Expr, ast.Assign, ast.Return, ast.AugAssign, ast.AnnAssign, ast.Raise, ast.Pass}
)
TEST_DIRECTORIES: Final = frozenset({"test", "tests", "testing"})


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One parsed source file.

    Attributes:
        name: Dotted name of the module.
        path: Absolute file.
        file: The same relative to the root where it is below it.
        package: Whether it is the ``__init__.py`` of a package.
        test: Whether it is a test: a caller, but no part of the application.
    """

    name: str
    path: Path
    file: str
    tree: ast.Module
    package: bool
    test: bool


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A source file that cannot be parsed. ``name``, ``file``, ``test``: as of a source."""

    name: str
    file: str
    line: int
    why: str
    test: bool

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.is_forbidden:
            mode = "u+r" if self.file.endswith(".py") else "u+rx"
            return f"permit it: chmod {mode} {shlex.quote(self.file)}"
        return "correct the file"

    @property
    def is_forbidden(self) -> bool:
        """Whether this user may not read it: Python may run it yet, from its bytecode."""
        return self.why == os.strerror(errno.EACCES)


@dataclass(slots=True)
class Sources:
    """All modules of an application by dotted name, and the files that could not be read."""

    root: Path
    modules: dict[str, Source] = field(default_factory=dict)
    unreadable: list[Unreadable] = field(default_factory=list)
    #: What was found out about all of them, for who asks again: each proposal of services does.
    kept: dict[tuple[object, ...], Any] = field(default_factory=dict, repr=False, compare=False)

    def add(self, name: str, path: Path, *, test: bool) -> None:
        """Parse a file, unless a module of that name is known already."""
        if name in self.modules:
            return
        file = str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)
        if any(one.file == file for one in self.unreadable):
            return
        line, why = 1, ""
        try:
            if not path.is_file():
                raise OSError("it is no regular file")  # noqa: TRY301 - reading a pipe never ends
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # invalid escapes of the application's strings
                tree = _parsed(path)
        except SyntaxError as error:
            line, why = error.lineno or 1, error.msg or "invalid"
        except (RecursionError, MemoryError):  # what CPython raises for it
            why = "its expressions nest too deeply"
        except OSError as error:
            why = error.strerror or str(error)
        except ValueError as error:
            why = str(error) or type(error).__name__
        else:
            package = path.name == "__init__.py"
            self.modules[name] = Source(name, path, file, tree, package, test)
        if why:
            self.unreadable.append(Unreadable(name, file, line, why, test))

    def below(self, package: str) -> tuple[Source, ...]:
        """Return the modules of a package, or the single module, in order of name.

        Tests that are kept inside a package call it, and are no part of it.
        """
        found = tuple(
            self.modules[name]
            for name in sorted(self.modules)
            if name == package or name.startswith(package + ".")
        )
        return tuple(source for source in found if not source.test) or found


def _parsed(path: Path) -> ast.Module:
    text = path.read_bytes()
    tree = ast.parse(text, str(path))
    # A name in other letters than ASCII may be the same name.
    return without_casts(tree) if b"cast" in text or not text.isascii() else tree


def module_file(name: str, search_path: Sequence[Path]) -> Path | None:
    """Find the source file of a module without importing it or its parents.

    Args:
        name: Dotted name.
        search_path: Directories to look in, first match wins.

    Returns:
        The ``.py`` file (``__init__.py`` of a package), or ``None``.
    """
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    for entry in search_path:
        stem = entry.joinpath(*parts)
        for path in (stem / "__init__.py", stem.with_name(stem.name + ".py")):
            if path.is_file():
                return path
    return None


def read_application(root: Path, packages: Iterable[str], search_path: Sequence[Path]) -> Sources:
    """Parse every module below the root, and the named packages wherever they are.

    A package that is part of a larger one elsewhere brings all of that: its callers are there.

    Args:
        root: Directory of the project.
        packages: Dotted names of packages or modules that must be found.
        search_path: Directories that modules are imported from, besides the root.
    """
    root = root.resolve()
    bases = import_roots(root, search_path)
    sources = Sources(root)
    for name in packages:
        _add_package(sources, name, bases)
        _add_parents(sources, name, bases)
    for top in {name.partition(".")[0] for name in packages}:
        path = module_file(top, bases)
        if path is not None and not path.resolve().is_relative_to(root):
            _add_package(sources, top, bases)
    known = {source.path for source in sources.modules.values()}
    inside = sorted(
        (base for base in bases if base.is_relative_to(root)), key=lambda base: -len(base.parts)
    )
    closed: list[Path] = []
    for file in _python_files(root, closed):
        if file not in known:
            base = next(base for base in inside if file.is_relative_to(base))
            dotted = ".".join(_parts(file.relative_to(base)))
            sources.add(dotted or file.stem, file, test=_is_test(file.relative_to(root)))
    for path in closed:
        part, why = path.relative_to(root), os.strerror(errno.EACCES)
        broken = Unreadable(".".join(part.parts), str(part), 1, why, _is_test(part / "x.py"))
        sources.unreadable.append(broken)
    return sources


def _add_package(sources: Sources, name: str, bases: Sequence[Path]) -> None:
    """Read a package with everything in it, or a single module."""
    path = module_file(name, bases)
    if path is None:
        return
    sources.add(name, path.resolve(), test=False)
    if path.name == "__init__.py":
        for file in _python_files(path.parent.resolve()):
            relative = file.relative_to(path.parent.resolve())
            dotted = ".".join((name, *_parts(relative)))
            sources.add(dotted, file, test=_is_test(relative))


def source_files(
    root: Path, packages: Collection[str], search_path: Sequence[Path]
) -> Iterator[Path]:
    """Yield all that :func:`read_application` would read, or may not; some more than once."""
    bases = import_roots(root, search_path)
    for name in packages:
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            path = module_file(".".join(parts[:count]), bases)
            if path is not None:
                yield path.resolve()
                if count == len(parts) and path.name == "__init__.py":
                    yield from _python_files(path.parent.resolve())
    for top in {name.partition(".")[0] for name in packages}:
        path = module_file(top, bases)
        if path is not None and path.name == "__init__.py":
            yield from _python_files(path.parent.resolve())
    closed: list[Path] = []
    yield from _python_files(root.resolve(), closed)
    yield from closed


def import_roots(root: Path, search_path: Sequence[Path]) -> tuple[Path, ...]:
    """Return where the application's modules are imported from.

    The root and ``src``, where its tests import from each other, then the rest.
    """
    root = root.resolve()
    source = root / "src"
    first = [source] if source.is_dir() and not _is_imported(source) else []
    rest = (entry.resolve() for entry in search_path)
    return tuple(dict.fromkeys([*first, root, *test_roots(root), *rest]))


def test_roots(root: Path) -> list[Path]:
    """Return the directories of tests below the root that pytest puts on ``sys.path``.

    Each ``conftest.py`` is imported as a module of the next directory that is no package.
    """
    found = set[Path]()
    for file in _python_files(root):
        if file.name == "conftest.py":
            top = file.parent
            while top != root and (top / "__init__.py").is_file():
                top = top.parent
            if not TEST_DIRECTORIES.isdisjoint(top.relative_to(root).parts):
                found.add(top)
    return sorted(found)


def _is_imported(directory: Path) -> bool:
    """Whether a directory is a package itself: modules in it import each other through it."""
    if (directory / "__init__.py").is_file():
        return True
    mention = re.compile(
        rf"^\s*(?:from|import) {re.escape(directory.name)}\b".encode(), re.MULTILINE
    )
    files = [*sorted(directory.glob("*.py")), *sorted(directory.glob("*/*.py"))]
    return any(mention.search(file.read_bytes()) for file in files[:_MOST_LOOKED_AT])


def is_of_script(source: Source, line: int) -> bool:
    """Whether a line of a module runs only where the module is the program itself."""
    return any(
        node.body[0].lineno <= line <= (node.body[-1].end_lineno or 0)
        for node in source.tree.body
        if isinstance(node, ast.If)
        and ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")
    )


def statements(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    """Return the statements of a block and of every block in it, functions included."""
    found: list[ast.stmt] = []
    for node in body:
        found.append(node)
        if node.__class__ in _WITHOUT_BLOCKS:
            continue
        for block in ("body", "orelse", "finalbody"):
            found += statements(getattr(node, block, ()))
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            found += statements(part.body)
    return found


def _add_parents(sources: Sources, name: str, bases: Sequence[Path]) -> None:
    """Read the parents of a dotted name: they re-export, and importing the child runs them."""
    while "." in name:
        name = name.rpartition(".")[0]
        path = module_file(name, bases)
        if path is not None:
            sources.add(name, path.resolve(), test=False)


def _parts(relative: Path) -> tuple[str, ...]:
    parts = relative.with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def _is_test(relative: Path) -> bool:
    name = relative.name
    return (
        any(part in TEST_DIRECTORIES for part in relative.parts[:-1])
        or name.startswith("test_")
        or name.endswith("_test.py")
        or name in ("conftest.py", "tests.py", "test.py")
    )


def _python_files(top: Path, closed: list[Path] | None = None) -> Iterator[Path]:
    """Yield the Python files below a directory.

    Args:
        top: Where to begin.
        closed: Takes the directories within packages that this user may not look into.
    """

    def note(error: OSError) -> None:
        path = Path(error.filename)
        if closed is not None and (path.parent / "__init__.py").is_file():
            closed.append(path)

    for directory, names, files in os.walk(top, onerror=note):
        names[:] = sorted(
            name
            for name in names
            if name not in SKIPPED_DIRECTORIES
            and not name.startswith(".")
            and not os.path.exists(os.path.join(directory, name, "pyvenv.cfg"))  # noqa: PTH110, PTH118 - walked often
        )
        for name in sorted(files):
            if name.endswith(".py"):
                yield Path(directory, name)


def captured(node: ast.Match) -> Iterator[str]:
    """Yield the names that the patterns of a ``match`` bind to parts of its subject."""
    for case in node.cases:
        for part in walk(case.pattern):
            name = part.rest if isinstance(part, ast.MatchMapping) else getattr(part, "name", None)
            if name is not None:
                yield name

"""The public surface, and how packages may reach into each other."""

import ast
from pathlib import Path

import pytest

import seamline

SOURCE = Path(seamline.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
# Longer files are read badly; the style guide's limit.
MAX_LINES = 450


def imports_of(path: Path) -> list[ast.ImportFrom]:
    """Return every ``from ... import`` of a module, also the late ones."""
    return [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module is not None
    ]


def test_public_names_are_sorted_and_exist() -> None:
    assert list(seamline.__all__) == sorted(seamline.__all__)
    assert [name for name in seamline.__all__ if not hasattr(seamline, name)] == []


@pytest.mark.parametrize("package", sorted(p.parent.name for p in SOURCE.glob("*/__init__.py")))
def test_a_package_s_front_door_lists_what_it_offers(package) -> None:
    module = __import__(f"seamline.{package}", fromlist=["*"])
    names = list(getattr(module, "__all__", []))

    assert len(names) == len(set(names))
    assert [name for name in names if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", sorted(p.parent.name for p in SOURCE.glob("*/__init__.py")))
def test_no_name_of_a_front_door_is_hidden_by_a_module_that_is_imported_later(package) -> None:
    module = __import__(f"seamline.{package}", fromlist=["*"])
    late = set(getattr(module, "_LATE", ()))

    assert late <= set(getattr(module, "__all__", ()))
    # Importing a module binds it in its package.
    assert late.isdisjoint(path.stem for path in (SOURCE / package).glob("*.py"))
    with pytest.raises(AttributeError, match=f"'seamline.{package}' has no attribute 'nothing'"):
        _ = module.nothing


def test_packages_import_each_other_only_through_their_front_door() -> None:
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    wrong = [
        f"{path.relative_to(SOURCE)}:{node.lineno} {node.module}"
        for path in MODULES
        for node in imports_of(path)
        if len(parts := str(node.module).split(".")) > 2
        and parts[0] == "seamline"
        and parts[1] in packages
        and parts[1] != path.relative_to(SOURCE).parts[0]
    ]

    assert wrong == []


def test_imports_are_absolute() -> None:
    assert [str(path) for path in MODULES for node in imports_of(path) if node.level] == []


def test_no_module_is_too_long_to_be_read() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in MODULES}

    assert {name: count for name, count in lengths.items() if count > MAX_LINES} == {}

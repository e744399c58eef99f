"""seamline.interface.functions: addresses are those of the compiled code, over real packages."""

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from seamline.interface.functions import OVERLOADS, Definition, read_definitions
from seamline.interface.names import World
from seamline.interface.source import read_application

SEARCH = [Path(entry) for entry in sys.path if entry]
GENERATOR_FLAGS = 0x20 | 0x200


def code_objects(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from code_objects(constant)


def is_own(code: types.CodeType) -> bool:
    """A ``def`` at module level or in a class, not one inside a function."""
    return "<" not in code.co_qualname and bool(code.co_flags & 0x1)


@pytest.mark.parametrize(
    "package",
    ["json", "email", "http", "asyncio", "dataclasses", "flask", "werkzeug", "sqlalchemy.orm"],
)
def test_every_definition_has_the_name_line_and_kind_of_its_code(
    package: str, tmp_path: Path
) -> None:
    sources = read_application(tmp_path, [package], SEARCH)
    definitions = read_definitions(World(sources))
    checked = 0

    for source in sources.below(package):
        compiled = compile(source.path.read_bytes(), str(source.path), "exec")
        real = {
            (code.co_qualname, code.co_firstlineno): code
            for code in code_objects(compiled)
            if is_own(code)
        }
        ours: list[Definition] = definitions.by_module[source.name]

        assert [(d.name, d.line) for d in ours if (d.name, d.line) not in real] == []
        for definition in ours:
            code = real[definition.name, definition.line]
            names = [arg.arg for arg in definition.parameters]
            real_names = code.co_varnames[: len(names)]  # ``__name`` is mangled in a class
            assert all(map(str.endswith, real_names, names))
            if "context" not in definition.kind:
                assert bool(code.co_flags & GENERATOR_FLAGS) == ("generator" in definition.kind)
            checked += 1

    assert checked > 20


@pytest.mark.parametrize("package", ["json", "email", "http", "asyncio"])
def test_no_definition_is_missed_but_overloads_and_those_for_type_checkers(
    package: str, tmp_path: Path
) -> None:
    sources = read_application(tmp_path, [package], SEARCH)
    definitions = read_definitions(World(sources))

    for source in sources.below(package):
        compiled = compile(source.path.read_bytes(), str(source.path), "exec")
        real = {(c.co_qualname, c.co_firstlineno) for c in code_objects(compiled) if is_own(c)}

        assert real - {(d.name, d.line) for d in definitions.by_module[source.name]} == set()


def test_overload_stubs_are_no_definitions() -> None:
    assert {"typing.overload", "typing_extensions.overload"} == OVERLOADS


def test_reading_executes_neither_the_module_nor_its_parents(read, tmp_path, monkeypatch) -> None:
    marker = tmp_path / "executed"
    trap = f"open({str(marker)!r}, 'w').close()\n"

    reading = read(
        {
            "shop/__init__.py": trap,
            "shop/reports/__init__.py": trap + "def monthly(n: int) -> list[int]:\n"
            "    return [i for i in range(n)]\n",
        },
        "shop.reports",
    )

    assert reading.verdict("shop.reports.monthly") == "remote"
    assert not marker.exists()
    assert "shop" not in sys.modules

"""seamline.interface.offers: what is public, under which names, and what an interface lists."""

from pathlib import Path

import pytest

from seamline.interface import module_file


def test_all_decides_where_it_exists(hazards) -> None:
    functions = hazards.functions

    assert functions["hazards.plugins.area"].public
    assert not functions["hazards.plugins.left_out"].public


def test_each_definition_of_a_name_has_its_own_address(hazards) -> None:
    interface = hazards.interfaces["plugins"]
    addresses = [f.address for f in interface.functions if f.name in ("twice", "platform_name")]

    assert addresses == [
        "hazards.plugins:platform_name@18",
        "hazards.plugins:platform_name@24",
        "hazards.plugins:twice@29",
        "hazards.plugins:twice@36",
    ]


def test_overload_stubs_and_definitions_for_type_checkers_are_ignored(hazards) -> None:
    names = [f.name for f in hazards.interfaces["plugins"].functions]

    assert names.count("area") == 1
    assert "never" not in names


def test_alias_makes_its_function_public(hazards) -> None:
    original = hazards.functions["hazards.plugins._original"]

    assert original.public
    assert original.exports == ("hazards.plugins.renamed",)
    assert [str(place) for place in original.callers] == ["hazards/front.py:58"]


def test_reexports_of_private_modules_are_public_and_callers_are_found_through_them(read) -> None:
    reading = read(
        {
            "shop/__init__.py": "from shop._impl import put as store, Desk\n",
            "shop/_impl.py": "S = []\ndef put(n): S.append(n)\ndef hidden(n): S.append(n)\n"
            "class Desk:\n    def note(self): S.append(1)\n",
            "web.py": "import shop\nfrom shop import Desk\n\ndef page(desk: Desk):\n"
            "    shop.store(1)\n    desk.note()\n",
        },
        "shop",
    )

    put, note = reading.functions["shop._impl.put"], reading.functions["shop._impl.Desk.note"]
    assert put.exports == ("shop.store",)
    assert [str(place) for place in put.callers] == ["web.py:5"]
    assert note.public
    assert [str(place) for place in note.callers] == ["web.py:6"]
    assert not reading.functions["shop._impl.hidden"].public


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("def f(a, b): ...", "def f(a, b):\n    return 1", True),
        ("def f(a: int): ...", "def f(a: str) -> int: ...", True),
        ("def f(a, b): ...", "def f(b, a): ...", False),
        ("def f(a): ...", "def f(a=1): ...", False),
        ("def f(a): ...", "def f(*, a): ...", False),
        ("def f(a): ...", "def f(a, /): ...", False),
        ("def f(a): ...", "async def f(a): ...", False),
        ("def f(a): ...", "def f(a): yield", False),
    ],
)
def test_fingerprint_changes_when_a_caller_would_have_to_know(
    read, before: str, after: str, same: bool
) -> None:
    first = read({"shop.py": before}, "shop").functions["shop.f"].fingerprint
    second = read({"shop.py": after}, "shop").functions["shop.f"].fingerprint

    assert (first == second) is same


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("def f(): return 1", "sync"),
        ("async def f(): return 1", "async"),
        ("def f(): yield 1", "generator"),
        ("def f():\n    def g(): yield 1\n    return list(g())", "sync"),
        ("async def f(): yield 1", "async generator"),
        ("import contextlib as c\n@c.contextmanager\ndef f(): yield", "context manager"),
        (
            "from contextlib import asynccontextmanager as m\n@m\nasync def f(): yield",
            "async context manager",
        ),
    ],
)
def test_kind_is_how_the_function_is_entered(read, text: str, kind: str) -> None:
    assert read({"shop.py": text}, "shop").functions["shop.f"].kind == kind


def test_imports_and_types_are_followed_through_modules(read) -> None:
    reading = read(
        {
            "app/__init__.py": "",
            "app/model.py": "import app.units\n",
            "app/units.py": "",
            "app/other.py": "",
            "app/late.py": "",
            "app/reports/__init__.py": """
                from typing import TYPE_CHECKING
                from app import model
                if TYPE_CHECKING:
                    import app.other
                def f():
                    from app import late
                """,
        },
        "app.reports",
    )

    interface = reading.interfaces["reports"]
    assert interface.imports == ("app", "app.model", "app.units")
    assert {"app.other", "app.late", "app.model", "app.reports"} <= set(interface.type_modules)


def test_use_of_the_frameworks_context_is_noticed(hazards) -> None:
    assert hazards.interfaces["views"].reads_framework_context
    assert not hazards.interfaces["stock"].reads_framework_context


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("shop", "shop/__init__.py"),
        ("shop.cart", "shop/cart.py"),
        ("shop.missing", None),
        ("not a name", None),
    ],
)
def test_module_file_finds_sources(tmp_path: Path, name: str, file: str | None) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("raise SystemExit\n")
    (tmp_path / "shop" / "cart.py").write_text("")

    assert module_file(name, [tmp_path]) == (None if file is None else tmp_path / file)


def test_tests_inside_a_package_are_callers_of_it(read) -> None:
    reading = read(
        {
            "shop/__init__.py": "",
            "shop/stock.py": "COUNTS = {}\ndef count(name):\n    COUNTS[name] = 1\n",
            "shop/tests/__init__.py": "",
            "shop/tests/test_stock.py": """
            from shop.stock import COUNTS, count

            class TestStock:
                def test_count(self):
                    count("a")
                    assert COUNTS
            """,
        },
        "shop",
    )

    assert set(reading.functions) == {"shop.stock.count"}
    assert [str(place) for place in reading.functions["shop.stock.count"].callers] == [
        "shop/tests/test_stock.py:6"
    ]
    assert reading.interfaces["shop"].modules[-1][0] == "shop.stock"

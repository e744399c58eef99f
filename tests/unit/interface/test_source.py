"""seamline.interface.source: which files belong to an application, and under which names."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from seamline.interface import PackageService, Severity, analyse
from seamline.interface.source import read_application

# Root may look everywhere.
_NOBODY: Final = 65534

FILES = {
    "shop/__init__.py": "application",
    "shop/cart.py": "application",
    "tests/test_shop.py": "test",
    "conftest.py": "test",
    "shop/tests.py": "test",
    "node_modules/tool.py": None,
    ".hidden/secret.py": None,
    "custom-env/pyvenv.cfg": None,
    "custom-env/lib/thing.py": None,
    "shop/__pycache__/cart.py": None,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return tmp_path


def test_environments_hidden_and_foreign_directories_are_left_out(project: Path) -> None:
    sources = read_application(project, ["shop"], [])

    kinds = {s.file: "test" if s.test else "application" for s in sources.modules.values()}
    assert kinds == {name: kind for name, kind in FILES.items() if kind}


def test_modules_below_src_are_named_as_they_are_imported(tmp_path: Path) -> None:
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "cart.py").write_text("")

    sources = read_application(tmp_path, ["shop.cart"], [])

    assert sources.modules["shop.cart"].file == "src/shop/cart.py"


def test_application_below_a_directory_called_tests_is_no_test(tmp_path: Path) -> None:
    root = tmp_path / "tests" / "apps"
    root.mkdir(parents=True)
    (root / "shop.py").write_text("")

    sources = read_application(root, ["shop"], [])

    assert not sources.modules["shop"].test


def test_package_outside_the_root_is_read_with_its_modules(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "shop").mkdir(parents=True)
    (elsewhere / "shop" / "__init__.py").write_text("")
    (elsewhere / "shop" / "cart.py").write_text("")
    root = tmp_path / "project"
    root.mkdir()

    sources = read_application(root, ["shop"], [elsewhere])

    assert set(sources.modules) == {"shop", "shop.cart"}


def test_package_outside_the_root_brings_the_rest_of_its_application(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for name in (
        "shop/__init__.py",
        "shop/cart/__init__.py",
        "shop/web.py",
        "shop/tests/test_a.py",
    ):
        (elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        (elsewhere / name).write_text("")
    (elsewhere / "other.py").write_text("")
    root = tmp_path / "project"
    root.mkdir()

    sources = read_application(root, ["shop.cart"], [elsewhere])

    assert set(sources.modules) == {"shop", "shop.cart", "shop.web", "shop.tests.test_a"}
    assert sources.modules["shop.tests.test_a"].test


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param(b"a = 1\nb = (\n", 2, id="syntax"),
        pytest.param(b"a = '\xff'\n", 1, id="encoding"),
        pytest.param(b"a = 1\x00\n", 1, id="null-byte"),
    ],
)
def test_file_that_cannot_be_read_is_named_and_the_rest_is_read(
    tmp_path: Path, content: bytes, line: int
) -> None:
    (tmp_path / "good.py").write_text("")
    (tmp_path / "bad.py").write_bytes(content)

    sources = read_application(tmp_path, ["good"], [])

    assert [(broken.file, broken.line) for broken in sources.unreadable] == [("bad.py", line)]
    assert "good" in sources.modules


def test_sum_of_two_thousand_parts_is_read(read) -> None:
    total = " + ".join(["len(names)"] * 2000)

    reading = read({"shop.py": f"def f(names: list[str]) -> int:\n    return {total}\n"}, "shop")

    assert reading.functions["shop.f"].mutates == ()


def test_long_chains_of_branches_and_calls_are_read(read) -> None:
    branches = "".join(f"    elif n == {n}:\n        return {n}\n" for n in range(250))
    calls = ".strip()" * 150

    reading = read(
        {
            "shop.py": f"def f(n: int) -> int:\n    if n < 0:\n        return 0\n{branches}"
            f"def g(text: str) -> str:\n    return text{calls}\n"
        },
        "shop",
    )

    assert set(reading.functions) == {"shop.f", "shop.g"}


def test_a_file_that_is_no_python_is_an_error_only_inside_a_service(read):
    files = {
        "shop/__init__.py": "",
        "shop/broken.py": "def (:\n",
        "templates/project.py": "{{ name }} = !\n",
    }

    found = read(files, "shop")

    assert found.findings("application") == [
        ("error", "shop/broken.py", 1),
        ("warning", "templates/project.py", 1),
    ]


def test_a_src_that_is_imported_by_its_name_is_a_package(read):
    inside = read({"src/shop.py": "def f():\n    return open('x')\n"}, "shop")
    named = read(
        {
            "src/web.py": "from src.shop import f\n",
            "src/shop.py": "def f():\n    return open('x')\n",
        },
        "src.shop",
    )

    assert "shop.f" in inside.functions
    assert "src.shop.f" in named.functions


def test_a_pipe_called_like_a_module_is_named_and_not_waited_for(project: Path) -> None:
    os.mkfifo(project / "shop" / "pipe.py")

    sources = read_application(project, ["shop"], [])

    assert [(one.file, one.why) for one in sources.unreadable] == [
        ("shop/pipe.py", "it is no regular file")
    ]


def test_a_file_that_may_not_be_read_is_named_with_what_to_do(project: Path) -> None:
    # Reading it is an error, for root too.
    (project / "shop" / "secret.py").symlink_to("/proc/sys/vm/compact_memory")

    (found,) = read_application(project, ["shop"], []).unreadable

    assert (found.file, found.why) == ("shop/secret.py", "Permission denied")
    assert found.remedy == "permit it: chmod u+r shop/secret.py"


@pytest.fixture
def forbidding() -> Iterator[Path]:
    """A project in which this process may look into no directory that is called ``secret``."""
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        project.chmod(0o755)
        for package in ("shop", "shop/secret", "cart"):
            (project / package).mkdir(mode=0o755)
            (project / package / "__init__.py").write_text("")
        (project / "data" / "secret").mkdir(parents=True)
        for path in ("shop/secret", "data/secret"):
            (project / path).chmod(0)
        user = os.geteuid()
        if user == 0:
            os.seteuid(_NOBODY)
        yield project
        os.seteuid(user)
        for path in ("shop/secret", "data/secret"):
            (project / path).chmod(0o755)


def test_a_part_of_a_package_that_may_not_be_looked_into_is_named(forbidding: Path) -> None:
    (found,) = read_application(forbidding, ["shop"], []).unreadable

    assert (found.name, found.file, found.why) == (
        "shop.secret",
        "shop/secret",
        "Permission denied",
    )
    assert found.remedy == "permit it: chmod u+rx shop/secret"


def test_what_may_not_be_read_is_an_error_although_nothing_imports_it(forbidding: Path) -> None:
    (finding,) = analyse(forbidding, [PackageService(service="cart", package="cart")]).findings

    assert finding.severity is Severity.ERROR
    assert finding.message == "shop/secret cannot be read: Permission denied"


def test_a_file_too_deep_for_python_is_named(project: Path) -> None:
    (project / "shop" / "deep.py").write_text("x = " + "-" * 100_000 + "1\n")

    sources = read_application(project, ["shop"], [])

    assert [one.file for one in sources.unreadable] == ["shop/deep.py"]

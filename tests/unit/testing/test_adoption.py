"""tests/adoption/measure.py: one application's suite, whole and split, in one line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tests" / "adoption" / "measure.py"

EXPECTED = """
name = "shop"
revision = ""
tests = ["-p", "no:randomly"]
[verdicts]
remote = 2
local = 0
refused = 0
"""
PACKAGE = """
SOLD = []

def sell(name):
    SOLD.append(name)
    return len(SOLD)

def sold():
    return list(SOLD)
"""
TESTS = """
from unittest import mock
from shop import till

def test_selling():
    assert till.sell("tea") == 1
    assert till.sold() == ["tea"]

def test_patched():
    with mock.patch("shop.till.SOLD", []):
        assert till.sell("tea") == 1

{more}
"""


@pytest.fixture
def measured(tmp_path: Path):
    """Return a function that measures a small application, with more tests."""
    entry, checkout = tmp_path / "entry", tmp_path / "checkout"
    for directory in (entry, checkout / "shop"):
        directory.mkdir(parents=True)
    (entry / "seamline.toml").write_text('name = "shop"\n[services.till]\npackage = "shop.till"\n')
    (checkout / "shop" / "__init__.py").touch()
    (checkout / "shop" / "till.py").write_text(PACKAGE)
    (checkout / "conftest.py").touch()

    def measure(
        more: str = "", expected: str = EXPECTED, *options: str
    ) -> "subprocess.CompletedProcess[str]":
        (entry / "expected.toml").write_text(expected)
        (checkout / "test_shop.py").write_text(TESTS.format(more=more))
        done = subprocess.run(
            [sys.executable, SCRIPT, entry, checkout, sys.executable, *options],
            capture_output=True,
            text=True,
            check=False,
        )
        assert not (checkout / "seamline.toml").exists()
        return done

    return measure


def test_one_line_says_what_passed_whole_and_split(measured) -> None:
    done = measured()

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "shop : 2 passed whole, 2 split, 1 local (1 patched), 0 refused functions, 2 calls,"
    )


def test_several_rounds_show_their_median_and_spread(measured) -> None:
    done = measured("", EXPECTED, "--rounds", "2")

    assert done.returncode == 0, done.stderr
    found = re.search(r"([\d.]+)x of [\d.]+ s, ([\d.]+) to ([\d.]+)$", done.stdout.strip())
    assert found is not None, done.stdout
    assert float(found[2]) <= float(found[3])


def test_a_test_with_another_outcome_is_named_and_fails(measured) -> None:
    done = measured("def test_reads():\n    assert vars(till)[''.join(['SO', 'LD'])] is not None")

    assert done.returncode == 1
    assert "test_shop::test_reads: passed whole, failure split" in done.stderr


def test_other_verdicts_than_expected_fail(measured) -> None:
    done = measured(expected=EXPECTED.replace("remote = 2", "remote = 3"))

    assert done.returncode == 1
    assert "verdicts are {'remote': 2, 'local': 0, 'refused': 0}" in done.stderr


def test_a_suite_of_which_nothing_passes_is_not_measured_and_shown(measured) -> None:
    done = measured("import no_such_library")

    assert (done.returncode, done.stdout) == (2, "")
    assert "not measured: no test passed (whole):" in done.stderr
    assert "No module named 'no_such_library'" in done.stderr


def test_a_file_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "seamline.toml").write_text("mine")

    done = subprocess.run(
        [sys.executable, SCRIPT, ROOT / "tests" / "adoption" / "isso", checkout, sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "not measured" in done.stderr
    assert (checkout / "seamline.toml").read_text() == "mine"

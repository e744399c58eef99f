"""The benchmarks: every variant can be visited, and only --write writes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARKERS = "before\n<!-- measured: begin -->\nold\n<!-- measured: end -->\nafter\n"

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_every_colour_of_seamline_is_measured_through_real_seams() -> None:
    done = bench("--rounds", "1", "--seconds", "0.3", "--only", "seamline", "--json")

    assert done.returncode == 0, done.stderr
    medians = json.loads(done.stdout)["medians"]
    assert sorted(medians) == [
        "seamline async -> async",
        "seamline async -> sync",
        "seamline sync -> async",
        "seamline sync -> sync",
    ]
    for numbers in medians.values():
        # A call inside one process takes 2 microseconds; nothing that crosses is that quick.
        assert numbers["p50_us"] > 10


def test_writing_replaces_only_what_is_between_the_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(MARKERS, encoding="utf-8")

    done = bench("--rounds", "1", "--seconds", "0.2", "--only", "echo", "--write", str(page))

    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- measured: begin -->\n")
    assert text.endswith("<!-- measured: end -->\nafter\n")
    assert "| raw uvloop echo |" in text
    assert "old" not in text


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no markers\n", encoding="utf-8")

    done = bench("--rounds", "1", "--seconds", "0.2", "--only", "echo", "--write", str(page))

    assert done.returncode == 2
    assert "lacks the lines" in done.stderr
    assert page.read_text(encoding="utf-8") == "no markers\n"


def test_an_unknown_variant_is_refused_with_those_there_are() -> None:
    done = bench("--only", "carrier pigeon")

    assert done.returncode == 2
    assert "raw uvloop echo" in done.stderr


def test_pages_are_measured_alone_and_beside_documents_in_each_layout() -> None:
    done = bench("isolation", "--rounds", "1", "--seconds", "0.5", "--json")

    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert list(measured["visits"]) == ["plain uvicorn", "mono", "micro"]
    for (visit,) in measured["visits"].values():
        assert visit["documents"] >= 1
        assert visit["idle_p99_ms"] >= visit["idle_p50_ms"] > 0
    for (cost,) in measured["costs"].values():
        assert cost["uvicorn_us"] > 0
        assert cost["mono_us"] > 0

"""The commands that README and docs show: they are run, and print what the page shows.

A block is marked by a comment on the line before its fence::

    <!-- file: shop/web.py -->    the block is written to that file of the page's directory
    <!-- run -->                  its commands are run there, in order, and succeed
    <!-- run, exits 1 -->         the same; each exits with that status
    <!-- run in examples/app -->  run there instead
    <!-- serve -->                its one command is started, and stopped at the end of the page

Lines after a command are its output, ``...`` standing for anything; none: not compared.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
START_SECONDS = 90  # a limit, not a wait: a busy machine takes its time

_BLOCK = re.compile(
    r"^<!-- (?P<mark>[^\n]+?) -->\n```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_MARK = re.compile(
    r"(?:file: (?P<file>\S+)|(?P<serve>serve)"
    r"|(?P<run>run)(?: in (?P<directory>[^\s,]+))?(?:, exits (?P<status>\d+))?)"
)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


def marked_blocks(page: Path) -> list[tuple[re.Match[str], str]]:
    blocks = []
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        mark = _MARK.fullmatch(block["mark"])
        assert mark is not None, f"{page.name}: unknown mark {block['mark']!r}"
        blocks.append((mark, block["text"]))
    return blocks


def commands(text: str) -> Iterator[tuple[str, str]]:
    for chunk in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, output = chunk.partition("\n")
        yield line, output.strip()


def is_as_shown(shown: str, printed: str) -> bool:
    pattern = ".*?".join(re.escape(part.strip()) for part in shown.split("..."))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


@dataclass
class Reader:
    """Does what a page says, in a directory of its own."""

    directory: Path
    server: subprocess.Popen[bytes] | None = None
    url: str = ""

    def __post_init__(self) -> None:
        scripts = Path(sys.executable).parent
        kept = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
        self.environment = kept | {
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "XDG_RUNTIME_DIR": str(self.directory.parent),
            "SEAMLINE_BIND": "127.0.0.1:0",
            # An application's tests find its packages as `python -m pytest` lets them.
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def follow(self, mark: re.Match[str], text: str) -> None:
        if mark["file"]:
            path = self.directory / mark["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        for line, shown in commands(text):
            if mark["serve"]:
                self.serve(line)
            else:
                self.run(line, shown, where=mark["directory"], status=int(mark["status"] or 0))

    def run(self, line: str, shown: str, *, where: str | None, status: int) -> None:
        done = subprocess.run(
            ["sh", "-c", line.replace("http://127.0.0.1:8000", self.url)],
            cwd=ROOT / where if where else self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

        assert done.returncode == status, f"$ {line}\n{done.stdout}{done.stderr}"
        if shown:
            assert is_as_shown(shown, done.stdout), f"$ {line}\n{done.stdout}\nshown:\n{shown}"

    def serve(self, line: str) -> None:
        self.server = subprocess.Popen(
            shlex.split(line), cwd=self.directory, env=self.environment, stdout=subprocess.DEVNULL
        )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.server.poll() is None, f"$ {line} ended with {self.server.returncode}"
            if self.ask("status", "--exit-code").returncode == 0:
                break
            time.sleep(0.2)  # each look computes as much as what it waits for
        status = json.loads(self.ask("status", "--json").stdout)
        self.url = next(iter(status["urls"].values())).rstrip("/")

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["seamline", *arguments],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def close(self) -> None:
        if self.server is not None:
            if self.server.poll() is None:
                self.server.send_signal(signal.SIGTERM)
            assert self.server.wait(START_SECONDS) == 0


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    directory = tmp_path / "app"
    directory.mkdir()
    reader = Reader(directory)
    yield reader
    reader.close()


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=str(page.relative_to(ROOT)))
        for page in PAGES
        if any(mark["run"] for mark, _ in marked_blocks(page))
    ],
)
def test_commands_of_the_page_do_what_it_shows(page: Path, reader: Reader) -> None:
    blocks = marked_blocks(page)
    if any("curl" in text for _, text in blocks) and shutil.which("curl") is None:
        pytest.skip("the page uses curl; install it with: apt-get install curl")

    for mark, text in blocks:
        reader.follow(mark, text)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a b", "a b\n", True),
        ("a ... c", "a b c", True),
        ("...b", "a\nb", True),
        ("a", "a b", False),
        ("a.c", "abc", False),
    ],
)
def test_three_dots_stand_for_anything(shown: str, printed: str, same: bool) -> None:
    assert is_as_shown(shown, printed) is same

"""seamline.cli.output: colour, excerpts, marks and widths."""

import io
import json

import pytest

from seamline.cli.output import Output, counted, excerpt, is_colored
from seamline.errors import ConfigError, StartError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def output(stdout=None, stderr=None, **options):
    return Output(stdout or io.StringIO(), stderr or io.StringIO(), **{"environ": {}, **options})


@pytest.mark.parametrize(
    ("stream", "color", "environ", "colored"),
    [
        pytest.param(Terminal(), "auto", {}, True, id="terminal"),
        pytest.param(io.StringIO(), "auto", {}, False, id="no terminal"),
        pytest.param(Terminal(), "auto", {"TERM": "dumb"}, False, id="dumb terminal"),
        pytest.param(Terminal(), "auto", {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param(Terminal(), "auto", {"NO_COLOR": ""}, True, id="empty NO_COLOR"),
        pytest.param(io.StringIO(), "auto", {"FORCE_COLOR": "1"}, True, id="FORCE_COLOR"),
        pytest.param(Terminal(), "auto", {"FORCE_COLOR": "0"}, False, id="FORCE_COLOR=0"),
        pytest.param(
            io.StringIO(), "auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, id="both"
        ),
        pytest.param(io.StringIO(), "always", {"NO_COLOR": "1"}, True, id="always"),
        pytest.param(Terminal(), "never", {"FORCE_COLOR": "1"}, False, id="never"),
    ],
)
def test_colour_follows_the_flag_then_the_environment_then_the_stream(
    stream, color, environ, colored
):
    assert is_colored(stream, color, environ) is colored


def test_each_stream_is_coloured_for_itself():
    stdout, stderr = Terminal(), io.StringIO()
    both = output(stdout, stderr)

    both.data(both.styled("ok", "green"))
    both.error(StartError("no"))

    assert stdout.getvalue() == "\x1b[32mok\x1b[0m\n"
    assert stderr.getvalue() == "error [start]  no\n"


def test_quiet_drops_notices_but_neither_warnings_nor_errors():
    stderr = io.StringIO()
    quiet = output(stderr=stderr, quiet=True)

    quiet.note("notice")
    quiet.warning("careful", code="config")
    quiet.error(StartError("no"))

    assert stderr.getvalue() == "warn [config]  careful\nerror [start]  no\n"


def test_verbose_shows_the_cause_of_an_error():
    stderr = io.StringIO()
    error = StartError("no")
    error.__cause__ = OSError("disk full")

    output(stderr=stderr, verbose=1).error(error)

    assert stderr.getvalue() == "error [start]  no\nOSError: disk full\n"


def test_document_is_one_json_object_with_its_schema():
    stdout = io.StringIO()

    output(stdout).document("seamline.check/1", {"services": []})

    assert json.loads(stdout.getvalue()) == {"schema": "seamline.check/1", "services": []}


def test_marks_become_ascii_where_the_stream_holds_nothing_else():
    raw = io.BytesIO()
    stdout = io.TextIOWrapper(raw, encoding="ascii")

    output(stdout).data("a → b… ✓ é")

    assert raw.getvalue() == b"a -> b... ok \\xe9\n"


def test_excerpt_marks_the_whole_line_without_its_indentation(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("def f():\n    return CACHE\n")

    assert excerpt(file, 2) == [
        "  1 | def f():",
        "  2 |     return CACHE",
        "    |     ^^^^^^^^^^^^",
    ]


def test_excerpt_cuts_what_is_wider_than_the_terminal(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("x = " + "1" * 200)

    assert [len(line) for line in excerpt(file, 1, limit=40)] == [40, 40]


@pytest.mark.parametrize("line", [0, 2])
def test_excerpt_of_a_line_that_does_not_exist_is_empty(tmp_path, line):
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")

    assert excerpt(file, line) == []


def test_error_about_a_file_that_is_gone_still_names_its_line():
    stderr = io.StringIO()

    output(stderr=stderr).error(ConfigError("wrong", file="gone.toml", line=3, remedy="mend it"))

    assert stderr.getvalue() == "error [config]  gone.toml:3: wrong\n  fix  mend it\n"


def test_counts_agree_with_their_noun():
    assert (counted(0, "error"), counted(1, "error")) == ("0 errors", "1 error")

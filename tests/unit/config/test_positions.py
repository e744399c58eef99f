"""seamline.config.positions: where keys and values stand in a TOML text."""

import tomllib

import pytest
from hypothesis import given, strategies as st

from seamline.config.positions import Span, index, suggest

TEXT = """\
name = "shop"  # comment = "no"
limits.depth = 3

[services."web"]  # table
http = 'shop.web:app'
env = { A = "1", "B.C" = "}" }

[ layouts . split ]
front = [
    "web", # first
    "accounts",
]
text = '''
front = 1
'''
after = true

[[rules]]
allow = 1
[[rules]]
allow = 2
[rules.more]
deep = 3
"""


@pytest.fixture
def positions():
    tomllib.loads(TEXT)
    return index(TEXT, "seamline.toml")


@pytest.mark.parametrize(
    ("path", "span"),
    [
        pytest.param(("name",), Span(1, 8, 6), id="string"),
        pytest.param(("limits", "depth"), Span(2, 16, 1), id="dotted key"),
        pytest.param(("services", "web", "http"), Span(5, 8, 14), id="literal string"),
        pytest.param(("services", "web", "env", "B.C"), Span(6, 26, 3), id="inline table"),
        pytest.param(("layouts", "split", "front", 1), Span(11, 5, 10), id="array over lines"),
        pytest.param(("layouts", "split", "after"), Span(16, 9, 4), id="after long string"),
        pytest.param(("rules", 1, "allow"), Span(21, 9, 1), id="array of tables"),
        pytest.param(("rules", 1, "more", "deep"), Span(23, 8, 1), id="below array of tables"),
    ],
)
def test_value_is_found_where_it_stands(positions, path, span):
    assert positions.span(path) == span


@pytest.mark.parametrize(
    ("path", "span"),
    [
        pytest.param(("services", "web"), Span(4, 11, 5), id="quoted table"),
        pytest.param(("layouts", "split"), Span(8, 13, 5), id="spaced header"),
        pytest.param(("limits", "depth"), Span(2, 8, 5), id="part of a dotted key"),
    ],
)
def test_key_is_found_where_it_stands_first(positions, path, span):
    assert positions.span(path, key=True) == span


def test_span_of_a_value_that_is_missing_is_that_of_its_table(positions):
    assert positions.span(("services", "web", "bind")) == Span(4, 11, 5)


def test_span_of_an_unknown_table_is_unknown(positions):
    assert positions.span(("elsewhere",)) is None


def test_value_over_several_lines_is_marked_on_its_first(positions):
    assert positions.span(("layouts", "split", "front")) == Span(9, 9, 1)


_SCALARS = st.one_of(
    st.integers(),
    st.booleans(),
    st.text(alphabet="ab]}[{,#='\" \\", max_size=8).map(
        lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    ),
    st.lists(st.integers(), max_size=3),
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), _SCALARS, max_size=6))
def test_every_key_that_tomllib_reads_is_found_on_its_line(values):
    shown = {key: str(value).lower() if value in (True, False) else value
             for key, value in values.items()}  # fmt: skip
    text = "".join(f"{key} = {value}\n" for key, value in shown.items())

    parsed = tomllib.loads(text)
    positions = index(text, "f")

    assert [positions.span((key,)).line for key in parsed] == list(range(1, len(parsed) + 1))


@pytest.mark.parametrize(
    ("wrong", "known", "expected"),
    [
        ("timeot", ["timeout", "local"], 'did you mean "timeout"?'),
        ("shop.report", ["shop.reports", "shop.web"], 'did you mean "shop.reports"?'),
        ("monthly_pfd", ["shop.reports.monthly_pdf"], 'did you mean "shop.reports.monthly_pdf"?'),
        ("zzz", ["a", "b"], "keys are a, b"),
        ("zzz", [], ""),
    ],
)
def test_suggestion_is_the_nearest_name_or_all_of_them(wrong, known, expected):
    assert suggest(wrong, known, "keys are") == expected

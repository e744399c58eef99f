"""``seamline.lock``: what is written is read back, and what is not ours is refused."""

import pytest

from seamline.errors import LockError
from seamline.lock import (
    Entry,
    Lock,
    Seen,
    added,
    bounded,
    digest_of,
    masked,
    parse,
    read,
    render,
    united,
    write,
)

SEEN = Seen(
    calls=3,
    callers=("shop.web",),
    parameters={"rows": ("list[int]", "None"), "größe": ("int",)},
    stays={"rows": ("sqlite3.Connection",)},
    mutates=("rows",),
)
ENTRY = Entry(
    service="stock",
    kind="sync",
    signature="(rows, größe=...)",
    fingerprint="00ff",
    verdict="remote",
    reason='touches "it" \\ and more',
    seen=SEEN,
)
LOCK = Lock(functions={"shop.stock.b": ENTRY, "shop.stock.a": ENTRY})
TEXT = render(LOCK)


def refusal(text):
    with pytest.raises(LockError) as caught:
        parse(text, "seamline.lock")
    return str(caught.value)


def line_of(text, start):
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start))


def test_what_is_written_is_read_back_with_its_lines():
    found = parse(TEXT, "seamline.lock")

    assert list(found.functions) == ["shop.stock.a", "shop.stock.b"]
    entry = found.functions["shop.stock.b"]
    assert entry.line == line_of(TEXT, '[functions."shop.stock.b"]')
    assert (entry.seen, entry.reason, entry.signature) == (SEEN, ENTRY.reason, ENTRY.signature)


def test_text_is_the_same_for_the_same_facts():
    assert render(parse(TEXT, "seamline.lock")) == TEXT
    assert TEXT.splitlines()[-3:-1] == [
        'stays.rows = ["sqlite3.Connection"]',
        'mutates = ["rows"]',
    ]


def test_long_list_has_a_name_a_line():
    names = tuple(f"shop.module_with_a_long_name_{n:02}" for n in range(12))
    entry = Entry(
        service="s", kind="sync", signature="()", fingerprint="0", verdict="local", reason="",
        seen=Seen(calls=1, callers=names),
    )  # fmt: skip
    text = render(Lock(functions={"shop.a": entry}))

    assert '\ncallers = [\n    "shop.module_with_a_long_name_00",\n' in text
    assert parse(text, "x").functions["shop.a"].seen.callers == names


def test_file_is_replaced_in_one_step_and_keeps_its_permissions(tmp_path):
    path = tmp_path / "seamline.lock"
    path.write_text("old")
    path.chmod(0o640)

    write(path, LOCK)

    assert read(path).functions.keys() == LOCK.functions.keys()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["seamline.lock"]


def test_no_file_is_no_lock(tmp_path):
    assert read(tmp_path / "seamline.lock") is None


def test_directory_in_its_place_is_refused(tmp_path):
    with pytest.raises(LockError, match="cannot read it: Is a directory"):
        read(tmp_path)


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path):
    path = tmp_path / "seamline.lock"
    path.write_bytes(b"format = 1\n\xff")

    with pytest.raises(LockError, match=r"seamline\.lock:2: it is not UTF-8"):
        read(path)


@pytest.mark.parametrize(
    ("old", "new", "start", "message"),
    [
        ("format = 1", "format = 2", "format", "its format must be 1"),
        ("format = 1", "", "#", "its format must be 1"),
        ("format = 1", "format = 1\nextra = 2", "extra", "unknown key 'extra'"),
        ('verdict = "remote"', 'verdict = "maybe"', "verdict", "`verdict` must be one of remote"),
        ('kind = "sync"', "kind = 3", "kind", "`kind` must be a text of one line"),
        ('kind = "sync"\n', "", '[functions."shop.stock.a"]', "`kind` must be a text of one line"),
        ("calls = 3", 'calls = "3"', "calls", "`calls` cannot be used: Expected `int`, got `str`"),
        ("calls = 3", "calls = -3", '[functions."shop.stock.a"]', "a count is below zero"),
        ("calls = 3", "calls = 3\nsecret = 1", "secret", "`secret` cannot be used"),
        ('["rows"]', "[1]", "mutates", "`mutates` cannot be used"),
        ('["rows"]', f"[{'1,' * 300}]", "mutates", "holds more or other text than a lock has"),
        ('["rows"]', f'["{"x" * 3000}"]', "mutates", "holds more or other text than a lock has"),
        ('["rows"]', r'["\u001b[2J"]', "mutates", "holds more or other text than a lock has"),
        ('"(rows, größe=...)"', r'"a\nb"', "signature", "`signature` must be a text of one line"),
        ('stock.a"]', r'stock.\u009b"]', "#", "the name of a function cannot be shown"),
        ('["rows"]', '["rows"', "kind", "not TOML: "),
        ("calls = 3", "=======\ncalls = 3", "=======", "a merge conflict was left in it"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(old, new, start, message):
    text = TEXT.replace(old, new, 1)
    refused = refusal(text)

    assert message in refused
    assert refused.endswith("seamline learn -- COMMAND")
    if not message.startswith("not TOML"):
        line = 1 if start == "#" else line_of(text, start)
        assert refused.startswith(f"seamline.lock:{line}: ")
    else:
        assert refused.startswith("seamline.lock:")


def test_deep_nesting_is_refused_like_any_other_text():
    assert "seamline.lock:" in refusal("format = 1\nfunctions = " + "[" * 100_000)


def test_too_large_a_file_is_refused(tmp_path):
    path = tmp_path / "seamline.lock"
    with path.open("wb") as file:
        file.truncate(16 * 1024 * 1024 + 1)

    with pytest.raises(LockError, match="larger than 16 MiB"):
        read(path)


@pytest.mark.parametrize(
    ("signature", "shown"),
    [
        ("()", "()"),
        ("(a, /, b='s3cret', *c, d={'s3cret': 1}, **e) -> None",
         "(a, /, b=..., *c, d=..., **e) -> None"),
        ("(a: \"Literal['s3cret'] | None\")", "(a: Literal[...] | None)"),
        ("(a: Annotated[str, Field('s3cret', x='s3cret')])", "(a: Annotated[str, Field(...)])"),
        ("(a: 'not an expression s3cret')", "(a: ...)"),
        ("() -> 'list[Row]'", "() -> list[Row]"),
    ],
)  # fmt: skip
def test_signature_shows_no_constant(signature, shown):
    assert masked(signature) == shown


def test_two_runs_are_united_and_two_processes_added():
    one = Seen(calls=3, parameters={"a": ("int",)}, bytes_in=8, raises=("E",))
    other = Seen(calls=2, parameters={"a": ("str",), "b": ("int",)}, bytes_in=4, callers=("m",))
    expected = {"parameters": {"a": ("int", "str"), "b": ("int",)}, "bytes_in": 8}

    for together, calls in ((united(one, other), 3), (added(one, other), 5)):
        assert together == Seen(calls=calls, raises=("E",), callers=("m",), **expected)
    assert united(one, one) == one


def test_too_many_names_are_cut_and_stay_cut():
    names = tuple(f"n{n:02}" for n in range(40))

    assert bounded(names) == (*names[:16], "...")
    assert bounded(("a", "...")) == ("a", "...")


def test_changed_function_is_not_known():
    assert LOCK.known("shop.stock.a", "00ff") is ENTRY
    assert LOCK.known("shop.stock.a", "0000") is None
    assert LOCK.known("shop.stock.c", "00ff") is None


def test_block_that_nobody_edited_has_its_digest():
    for name, entry in parse(TEXT, "seamline.lock").functions.items():
        assert entry.digest == digest_of(name, entry)


@pytest.mark.parametrize(
    ("written", "edited"),
    [
        ('mutates = ["rows"]\n', ""),
        ("calls = 3", "calls = 4"),
        ('verdict = "remote"', 'verdict = "local"'),
        ('[functions."shop.stock.a"]', '[functions."shop.stock.c"]'),
    ],
)
def test_block_that_was_edited_has_another_digest(written, edited):
    found = parse(TEXT.replace(written, edited, 1), "seamline.lock").functions

    assert [entry.digest == digest_of(name, entry) for name, entry in found.items()].count(
        False
    ) == 1


def test_block_of_an_older_version_has_no_digest():
    text = "\n".join(line for line in TEXT.splitlines() if not line.startswith("digest"))

    assert {entry.digest for entry in parse(text, "seamline.lock").functions.values()} == {""}

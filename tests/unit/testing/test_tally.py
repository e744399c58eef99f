"""seamline.testing.tally: what several test processes saw, added up and judged."""

import json

from seamline.testing.tally import Tally


def test_calls_of_several_processes_add_up() -> None:
    whole = Tally()
    whole.add(Tally(("stock",), {"stock": {"stock.left": 1}}, {"stock": 2}))
    whole.add(Tally(("stock",), {"stock": {"stock.left": 2, "stock.take": 1}}))

    assert whole.total("stock") == 6
    assert list(whole.lines()) == ["stock: 6 calls  (left 3 · take 1 · from other services 2)"]
    assert whole.verdicts() == []


def test_a_tally_crosses_between_processes_of_xdist_as_plain_values() -> None:
    one = Tally(
        ("a",),
        {"a": {"f": 1}},
        {},
        {"t": [["a", "patched", "a.LIMIT"]]},
        swallowed=["t: x"],
        is_partial=True,
    )

    assert Tally.from_plain(one.to_plain()) == one


def test_a_seam_that_any_process_used_is_not_idle() -> None:
    whole = Tally()
    whole.add(Tally(("a", "b"), {"a": {"f": 1}}))
    assert whole.verdicts() == [
        "the run fails because no test made a call to b: these tests say nothing about that seam",
        (
            "  test what calls it, or take [services.b] out of seamline.toml until something "
            "does; a part of the tests (-k, a file) is not judged"
        ),
    ]

    whole.add(Tally(("a", "b"), {"b": {"g": 1}}))

    assert whole.verdicts() == []


def test_a_seam_that_tests_only_came_to_locally_is_told_why_and_what_to_set() -> None:
    memory = ["a", "in-memory database", "opened at x.py:1"]
    patched = ["b", "patched", "b.LIMIT"]
    tally = Tally(("a", "b", "c"), local={"1": [memory, patched], "2": [memory]})

    first, remedy, rest, *uncalled = tally.verdicts()

    assert first == (
        "the run fails because no call went over the seam to a, b: 2 tests ran local "
        "(in-memory database, patched) and say nothing about those seams"
    )
    assert remedy == (
        "  in-memory database: no other process sees it: give the tests a database in a file"
    )
    assert rest.startswith("  or take [services.a], [services.b] out of seamline.toml until")
    assert uncalled[0].startswith("the run fails because no test made a call to c: these tests")


def test_of_the_test_database_of_django_no_file_is_promised_to_help() -> None:
    causes = ("in-memory database", "uncommitted transaction", "test database")
    tally = Tally(("a",), local={"1": [["a", cause, ""] for cause in causes]})

    _, remedy, rest = tally.verdicts()

    assert remedy.startswith("  test database: hosts open the database that the settings name")
    assert "seamline run --layout NAME" in remedy
    assert rest.startswith("  or take [services.a] out of seamline.toml until a test can use it;")


def test_tests_are_counted_by_cause_and_the_first_three_named() -> None:
    patched = ["a", "patched", "a.LIMIT"]
    memory = ["a", "in-memory database", "opened at x.py:1"]
    tally = Tally(
        local={"1": [patched], "2": [patched, memory], "3": [patched], "4": [patched]},
        refused={"5": [memory]},
    )

    assert list(tally.lines()) == [
        "4 tests local: 4 patched, 1 in-memory database",
        "  patched: 1, 2, 3, ...",
        "  in-memory database: 2",
        "1 test refused: 1 in-memory database",
        "  in-memory database: 5",
    ]


def test_every_test_is_named_with_what_it_set_up_when_asked_for() -> None:
    tally = Tally(local={"1": [["a", "patched", "a.LIMIT"]]})

    assert list(tally.lines(every=True)) == [
        "1 test local: 1 patched",
        "  1",
        "    a: patched (a.LIMIT)",
    ]


def test_a_strict_session_fails_for_what_is_a_warning_otherwise() -> None:
    tally = Tally(
        ("a",), {"a": {"f": 1}}, local={"1": [["a", "patched", "a.X"]]}, warnings=["a.py:1: w"]
    )
    assert tally.verdicts() == []

    tally.is_strict = True

    assert tally.verdicts() == ["strict: a.py:1: w", "strict: 1 test ran local"]


def test_a_report_tells_scripts_of_calls_causes_and_verdicts() -> None:
    tally = Tally(("a",), {"a": {"a.f": 1}}, {"a": 2}, {"t": [["a", "patched", "a.X"]]})

    told = json.loads(tally.to_json("micro", 0))

    assert told["calls"] == {"a": {"total": 3, "functions": {"a.f": 1}, "by_hosts": 2}}
    assert told["local"] == {"t": [{"service": "a", "cause": "patched", "detail": "a.X"}]}
    assert (told["layout"], told["exit_status"], told["verdicts"]) == ("micro", 0, [])


def test_calls_that_could_not_cross_are_named_with_their_count() -> None:
    tally = Tally(stayed={"shop.f": 2})
    tally.add(Tally(stayed={"shop.f": 1, "shop.g": 1}))

    assert list(tally.lines()) == ["stayed here, since they could not cross: shop.f 3 · shop.g 1"]


def test_errors_of_check_are_said_and_warnings_counted() -> None:
    tally = Tally(errors=["a.py:1: x [shared-state]"], warnings=["b.py:2: y [import-call]"] * 2)

    assert list(tally.lines()) == [
        "a.py:1: x [shared-state]",
        "seamline check finds: errors 1, warnings 2",
    ]


def test_errors_of_check_fail_a_strict_run() -> None:
    tally = Tally(errors=["a.py:1: x [shared-state]"], is_strict=True)

    assert tally.verdicts() == ["strict: a.py:1: x [shared-state]"]

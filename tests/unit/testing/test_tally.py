"""seamline.testing.tally: what several test processes saw, added up and judged."""

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
        ("a",), {"a": {"f": 1}}, {}, {"local: patched a": ["t"]}, ["t: x"], is_partial=True
    )

    assert Tally.from_plain(one.to_plain()) == one


def test_a_seam_that_any_process_used_is_not_idle() -> None:
    whole = Tally()
    whole.add(Tally(("a", "b"), {"a": {"f": 1}}))
    assert whole.verdicts() == [
        "no test made a call to b: these tests say nothing about that seam"
    ]

    whole.add(Tally(("a", "b"), {"b": {"g": 1}}))

    assert whole.verdicts() == []


def test_tests_are_counted_by_cause_and_the_first_three_named() -> None:
    tally = Tally(apart={"local: patched a": ["1", "2", "3", "4"], "refused: memory": ["5"]})

    assert list(tally.lines()) == [
        "4 tests local: patched a: 1, 2, 3, ...",
        "1 test refused: memory: 5",
    ]

"""Verdicts with a lock: observation decides what source could only guess."""

import pytest

from seamline.lock import Entry, Lock, Seen

SOURCE = """
    _state = {}

    def stateless(conn):
        for _ in range(3):
            conn.execute("x")
        return 1

    def stateful(thing):
        return thing.query(_state)

    def shown(value):
        for key in value:
            print(key)

    def answer():
        return _state.get("x")

    def callback(call):
        return call(_state)

    def annotated(value: int):
        _state["x"] = value
"""


@pytest.fixture
def judged(read):
    """Return the analysis of the module above, with what was seen of one function."""

    def judge(name, **seen):
        files = {"shop/__init__.py": "", "shop/stock.py": SOURCE}
        plain = read(files, "shop.stock")
        function = plain.functions[f"shop.stock.{name}"]
        entry = Entry(
            service="stock", kind="sync", signature="()", verdict="remote", reason="",
            fingerprint=seen.pop("fingerprint", function.fingerprint), line=42,
            seen=Seen(**{"calls": 1, **seen}),
        )  # fmt: skip
        lock = Lock(functions={f"shop.stock.{name}": entry})
        return function, read(files, "shop.stock", lock=lock).functions[f"shop.stock.{name}"]

    return judge


def test_observed_connection_stays_with_its_caller_where_no_state_is_touched(judged):
    _, seen = judged(
        "shown", parameters={"value": ("sqlite3.Cursor",)}, stays={"value": ("sqlite3.Cursor",)}
    )

    assert seen.verdict == "local"
    assert seen.reason == (
        "touches no state of the host, and observed: parameter 'value' is a sqlite3.Cursor "
        "(seamline.lock:42): a database cursor stays with the caller"
    )


def test_observed_callable_is_refused_where_state_is_touched(judged):
    source, seen = judged("answer", result=("function",), stays={"return": ("function",)})

    assert (source.verdict, seen.verdict) == ("remote", "refused")
    assert seen.reason == (
        "touches shop.stock:_state, but observed: its result is a function "
        "(seamline.lock:42): a callable cannot cross"
    )


@pytest.mark.parametrize(("name", "parameter"), [("stateful", "thing"), ("callback", "call")])
def test_plain_values_where_source_guessed_an_obstacle_make_it_remote(judged, name, parameter):
    source, seen = judged(name, parameters={parameter: ("shop.stock.Report",)})

    assert (source.verdict, seen.verdict) == ("refused", "remote")


def test_values_of_both_sorts_make_it_remote_and_say_so(judged):
    _, seen = judged("answer", result=("int",), parameters={}, stays={})
    assert seen.verdict == "remote"

    _, seen = judged(
        "stateful",
        parameters={"thing": ("None", "shop.stock.Report", "list[sqlite3.Connection]")},
        stays={"thing": ("sqlite3.Connection",)},
    )

    # Source still takes it for a session, and something was seen that is like one.
    assert seen.verdict == "refused"


def test_list_that_was_cut_proves_nothing(judged):
    _, seen = judged("stateful", parameters={"thing": ("int", "...")})

    assert seen.verdict == "refused"


def test_change_of_state_that_source_did_not_show_makes_it_remote(judged):
    source, seen = judged(
        "stateless",
        parameters={"conn": ("str",)},
        changes=("shop.stock:_state", "shop.stock:_gone"),
    )

    assert source.verdict == "local"
    assert seen.verdict == "remote"
    assert seen.reason == "observed: changes shop.stock:_state (seamline.lock:42)"
    assert seen.touches == ("shop.stock:_state",)


def test_observed_mutations_and_aliases_are_added_to_those_of_the_source(judged):
    source, seen = judged(
        "shown", mutates=("value", "gone"), aliases=("shop.stock:_state", "shop.stock:_gone")
    )

    assert (source.mutates, source.aliases) == ((), ())
    assert (seen.mutates, seen.aliases) == (("value",), ("shop.stock:_state",))


def test_annotation_stays_said(judged):
    source, seen = judged("annotated", parameters={"value": ("int",)})

    assert (seen.verdict, seen.reason) == (source.verdict, source.reason)


@pytest.mark.parametrize("seen", [{"fingerprint": "other"}, {"calls": 0}])
def test_what_was_seen_before_a_change_or_never_changes_nothing(judged, seen):
    source, now = judged(
        "shown", parameters={"value": ("str",)}, stays={"value": ("type",)}, **seen
    )

    assert now == source

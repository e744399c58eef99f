"""Rows 9 (carry), 10, 12, 14 and 15: state, context and signals."""

import copy
import os
from pathlib import Path

import pytest
from law import context, signals, state, upkeep, values
from law.state import memory

import seamline


def test_state_lives_in_one_place() -> None:
    assert [state.count("a"), state.count("a"), state.count("b")] == [1, 2, 1]
    assert state.total() == 3


def test_a_function_that_rebinds_a_global_does_it_on_the_host() -> None:
    state.set_step(5)

    assert state.count("a") == 5


def _counts() -> dict[str, int]:
    """Read the state where no test's own source shows it: such a test would run beside it."""
    return state.COUNTS


@pytest.mark.seamline_errors
def test_reading_the_hosts_state_is_refused_not_stale(refusal) -> None:
    state.count("a")

    with refusal(seamline.StateElsewhere, r"COUNTS.*test_state\.py:\d+"):
        assert _counts() == {"a": 1}


def test_state_that_is_changed_under_another_name_lives_in_one_place() -> None:
    state.note(["a", "b"])
    state.stock(["a", "b", "c"])
    state.by_text(["d"])

    assert (state.noted(), state.shelves(), state.texts()) == (2, 3, 1)


def test_an_object_that_its_methods_change_is_the_same_under_a_second_name() -> None:
    before = state.level()
    state.rise(3)

    assert state.level() == before + 3


def test_a_value_that_importing_makes_by_chance_is_one_value() -> None:
    assert state.tokens(2) == [state.token(), state.token()]
    assert state.dated(2) == state.dated(1) * 2


def test_what_a_cached_function_drew_is_drawn_once() -> None:
    assert state.Ticket("a").lot() == state.lot()


def _held(name: str) -> object:
    """Read the host's state where no test's own source shows it."""
    if name == "TOKEN":
        return [state.TOKEN]
    return [state.NOTED] if name == "NOTED" else [state.SHELVES]


@pytest.mark.seamline_errors
@pytest.mark.parametrize("name", ["NOTED", "SHELVES", "TOKEN"])
def test_state_that_no_assignment_shows_to_change_is_refused_not_stale(refusal, name) -> None:
    state.note(["a"])

    with refusal(seamline.StateElsewhere, rf"{name}.*test_state\.py:\d+"):
        assert _held(name)


@pytest.mark.seamline_errors
def test_a_method_that_reads_the_hosts_state_never_reads_a_stale_copy(refusal) -> None:
    state.count("a")

    with refusal(seamline.SeamError, "Meter"):
        assert state.Meter("a").value() == 1


def test_clearing_a_cache_clears_what_the_package_sees_of_it(tmp_path: Path) -> None:
    file = tmp_path / "note"
    file.write_text("one")
    before = state.sizes([str(file)])
    file.write_text("longer")
    remembered = [*state.sizes([str(file)]), state.size(str(file))]

    upkeep.forget_sizes()

    assert (before, remembered) == ([3], [3, 3])
    assert [*state.sizes([str(file)]), state.size(str(file))] == [6, 6]


def test_a_signal_reaches_its_receiver_where_it_lives() -> None:
    assert [answer for _, answer in signals.paid.send("shop", amount=3)] == [6]
    assert state.pay(4) == [8]

    heard = state.received()
    assert [entry[:2] for entry in heard] == [("shop", 3), ("state", 4)]
    assert len({pid for _, _, pid in heard}) == 1


def test_a_signals_receiver_runs_in_the_hosts_process(processes) -> None:
    signals.paid.send("shop", amount=1)

    (_, _, pid) = state.received()[0]
    assert (pid != os.getpid()) == processes


def test_a_carried_context_variable_travels_and_returns() -> None:
    def body() -> tuple[str, str, str]:
        context.currency.set("CHF")
        seen = state.context()[0]
        before = state.change_currency("USD")
        return seen, before, context.currency.get()

    import contextvars

    assert contextvars.copy_context().run(body) == ("CHF", "CHF", "USD")


def test_a_context_variable_that_is_not_carried_stays(split) -> None:
    def body() -> str:
        context.private.set("mine")
        return state.context()[1]

    import contextvars

    assert contextvars.copy_context().run(body) == ("unset" if split else "mine")


def test_results_are_copies_in_every_layout() -> None:
    state.count("a")
    state.received().append(("x", 0, 0))

    assert state.received() == []


def test_values_deep_copied_by_the_seam_do_not_change_the_caller() -> None:
    mine = {"rows": [[1], [2]]}
    before = copy.deepcopy(mine)

    back = values.echo(mine)
    back["rows"][0] = "theirs" if back is not mine else before["rows"][0]

    assert mine == before


@pytest.mark.seamline_errors
def test_a_result_that_is_the_hosts_own_state_is_refused_not_copied(refusal) -> None:
    state.count("a")

    with refusal(seamline.AliasedState, r"raised .*COUNTS"), pytest.raises(LookupError):
        state.fail_with_counts()
    with refusal(seamline.AliasedState, "COUNTS"):
        assert state.all_counts() == {"a": 1}


def test_a_wrapper_with_a_memory_has_one_memory() -> None:
    before = memory.count("a")[1]

    assert memory.through("count", "b") == ("b", before + 1)
    assert memory.count("c") == ("c", before + 2)
    assert memory.calls("count") == before + 2


def test_an_attribute_that_a_function_changes_on_itself_is_one() -> None:
    before = memory.calls("plain")

    memory.plain("a")
    memory.through("plain", "a")

    assert memory.calls("plain") == before + 2


def test_a_wrapper_that_only_remembers_answers_may_be_called_anywhere() -> None:
    assert [memory.double(2), memory.double(2)] == [4, 4]


def _remembered(name: str) -> object:
    """Look into a memory where no test's own source shows it."""
    match name:
        case "number":
            return memory.number("a")
        case "seen":
            return [*memory.count.seen]
        case "plain":
            return memory.plain.calls + 0
    return memory.count.calls + 0


@pytest.mark.seamline_errors
@pytest.mark.parametrize("name", ["number", "seen", "calls", "plain"])
def test_a_memory_is_never_another_one_elsewhere(processes: bool, name: str) -> None:
    memory.count("a")
    memory.plain("a")
    if processes:
        with pytest.raises(seamline.StateElsewhere, match=r"memory\.\w+.*test_state\.py:\d+"):
            _remembered(name)
    elif name != "number":
        assert _remembered(name)


def test_an_implementation_that_the_package_adds_is_found_by_all() -> None:
    memory.add_float()

    assert [memory.render(1), memory.render(1.5)] == ["int 1", "float 1.5"]


def _register(name: str) -> None:
    """Add an implementation where no test's own source shows it."""
    getattr(memory.render, name)(bytes, lambda value: f"bytes {value!r}")


@pytest.mark.seamline_errors
def test_an_implementation_is_never_added_in_one_process_only(processes: bool) -> None:
    if processes:
        with pytest.raises(seamline.StateElsewhere, match=r"render\.register.*test_state\.py:\d+"):
            _register("register")
    else:
        _register("register")
        assert memory.render(b"") == "bytes b''"

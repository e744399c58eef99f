"""Row 4: exceptions cross as themselves."""

import traceback

import pydantic
import pytest
from law import model, values

import seamline


def test_an_exception_keeps_class_attributes_and_notes() -> None:
    with pytest.raises(model.LawError, match=r"late \(order 7\)") as caught:
        values.fails("law")

    assert (caught.value.what, caught.value.order) == ("late", 7)
    assert caught.value.args == ("late (order 7)",)
    assert caught.value.__notes__ == ["the courier was ill"]


def test_the_cause_crosses_too() -> None:
    with pytest.raises(model.LawError) as caught:
        values.fails("chained")

    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.__cause__.args == ("inner",)


def test_a_built_in_error_keeps_its_fields() -> None:
    with pytest.raises(FileNotFoundError) as caught:
        values.fails("os")

    assert (caught.value.errno, caught.value.filename) == (2, "/nowhere")


def test_the_traceback_shows_where_it_was_raised() -> None:
    with pytest.raises(LookupError) as caught:
        values.fails("anything")

    shown = "".join(traceback.format_exception(caught.value))
    assert "raise LookupError(kind)" in shown


def test_stop_iteration_of_the_callee_is_an_exception_like_any_other() -> None:
    with pytest.raises(StopIteration) as caught:
        values.fails("stop")

    assert caught.value.value == 3


def test_system_exit_of_the_callee_ends_only_the_call() -> None:
    with pytest.raises(SystemExit) as caught:
        values.fails("exit")

    assert caught.value.code == 4
    assert values.echo(1) == 1


def test_a_validation_error_of_pydantic_says_all_it_says() -> None:
    with pytest.raises(pydantic.ValidationError) as here:
        model.Login.model_validate({"home": "relative", "password": 3})
    with pytest.raises(pydantic.ValidationError) as caught:
        values.log_in({"home": "relative", "password": 3})

    assert caught.value.errors() == here.value.errors()
    assert caught.value.title == "Login"
    assert str(caught.value) == str(here.value)


@pytest.mark.seamline_errors
def test_one_whose_input_cannot_cross_is_loud_and_still_a_value_error(split: bool) -> None:
    with pytest.raises(ValueError, match="1 validation error for Login") as caught:
        values.log_in_by_file()

    assert isinstance(caught.value, seamline.errors.RemoteError) is split

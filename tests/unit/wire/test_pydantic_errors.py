"""seamline.wire.pydantics: the exceptions of pydantic's core arrive as what they are."""

import gc
import threading
from collections.abc import Callable
from typing import Annotated, Any, Literal

import fastapi.exceptions
import msgspec
import pydantic
import pydantic.v1
import pydantic_core
import pytest
from hypothesis import given, strategies as st
from pydantic_core import PydanticCustomError, PydanticKnownError, ValidationError

from seamline.errors import RemoteError
from seamline.wire import Codec, TypeTable, exceptions, pydantics


class Line(pydantic.BaseModel):
    count: int


class Order(pydantic.BaseModel):
    lines: list[Line] = []
    colour: Literal["red", "blue"] = "red"
    amount: Annotated[int, pydantic.Field(gt=3)] = 4
    either: int | str = 0
    home: pydantic.HttpUrl | None = None
    checked: int = 0

    @pydantic.field_validator("checked")
    @classmethod
    def _check(cls, value: int) -> int:
        if value == 1:
            raise ValueError("one", [value])
        assert value != 2, "two"
        if value == 3:
            raise PydanticCustomError("own", "no {thing} here", {"thing": "cat"})
        if value == 4:
            raise PydanticKnownError("greater_than", {"gt": 9})
        if value == 5:
            raise PydanticCustomError("missing", "a known name, a text of its own {x} {{}}")
        return value


class Quiet(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(hide_input_in_errors=True, extra="forbid", title="Title")
    number: int


class Derived(PydanticCustomError):
    def __init__(self, *_args: object) -> None:
        self.rows = [1]


class Old(pydantic.v1.BaseModel):
    a: int


CODEC = Codec(TypeTable([__name__]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=3), x, max_size=3),
    max_leaves=6,
)
ANYTHING: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(
    dict[str, Annotated[int, pydantic.Field(lt=9)] | list[Order]]
)


def raised(function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what the tests are about
        function(*args, **keywords)
    return caught.value


def crossed(error: BaseException) -> Any:
    return CODEC.decode_exception(CODEC.encode_exception(error))


def assert_equal(arrived: Any, error: Any) -> None:
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert arrived.title == error.title
    assert arrived.json() == error.json()
    assert repr(arrived.errors()) == repr(error.errors())


@pytest.mark.parametrize(
    "error",
    [
        raised(Order, amount=2, lines=[{"count": "x"}, 3, {}], colour="green"),
        raised(Order, either=[], home="relative", checked=9, amount=2**80 * -1),
        *(raised(Order, checked=number) for number in range(1, 6)),
        raised(Quiet, number="x", other=1),
        raised(Order.model_validate_json, '{"amount": "x", "lines": [[]], "either": {"a": [1]}}'),
        raised(pydantic.TypeAdapter(int).validate_python, "x"),
        raised(pydantic.TypeAdapter(dict[str, int]).validate_python, {3: "a"}),
        ValidationError.from_exception_data("none", []),
    ],
    ids=lambda error: error.title,
)
def test_a_validation_error_arrives_with_all_it_says(error: Any) -> None:
    arrived = crossed(error)

    assert_equal(arrived, error)
    assert isinstance(arrived, ValueError)


@given(JSON)
def test_validation_errors_of_anything_arrive_equal(value: Any) -> None:
    for read, given_value in (
        (ANYTHING.validate_python, value),
        (ANYTHING.validate_json, pydantic_core.to_json(value)),
    ):
        try:
            read(given_value)
        except ValidationError as error:
            assert_equal(crossed(error), error)


@given(
    name=st.text(min_size=1, max_size=9),
    text=st.text("{} ab", max_size=9),
    context=st.none()
    | st.dictionaries(st.sampled_from("ab"), st.integers() | st.text(max_size=3)),
)
def test_errors_of_an_applications_own_kind_arrive_equal(
    name: str, text: str, context: Any
) -> None:
    own = PydanticCustomError(name, text, context)  # type: ignore[arg-type]
    error = ValidationError.from_exception_data("t", [{"type": own, "input": 1, "loc": ("a", 0)}])

    assert_equal(crossed(error), error)
    assert (crossed(own).type, str(crossed(own)), crossed(own).args) == (name, str(own), own.args)


@pytest.mark.parametrize(
    "error",
    [
        PydanticKnownError("greater_than", {"gt": 3}),
        PydanticKnownError("missing"),
        pydantic_core.PydanticOmit(),
        pydantic_core.PydanticUseDefault(),
        raised(pydantic_core.to_json, object()),
        raised(pydantic_core.SchemaValidator, {"type": "x"}),
        raised(Quiet.model_construct(number="x").model_dump, warnings="error"),  # type: ignore[arg-type]
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_exceptions_of_the_core_arrive_as_themselves(error: Any) -> None:
    arrived = crossed(error)

    assert (type(arrived), str(arrived), arrived.args) == (type(error), str(error), error.args)


def test_an_exception_derived_from_one_keeps_its_state_and_is_not_initialised() -> None:
    error = Derived("own", "no {thing}", {"thing": "cat"})
    error.rows.append(2)

    arrived = crossed(error)

    assert (type(arrived), str(arrived), arrived.rows) == (Derived, "no cat", [1, 2])


def test_what_is_shared_with_an_error_stays_shared_and_whole() -> None:
    rows = {(1, 2): [3]}
    own = PydanticCustomError("own", "no {thing}", {"thing": 2**80, "rows": rows})
    errors = [raised(Order, lines=rows, amount=2), raised(Order, checked=rows), own]

    arrived, again = CODEC.decode(CODEC.encode([errors, rows]))

    assert again == rows
    assert arrived[0].errors()[0]["input"] is again
    assert arrived[1].errors()[0]["input"] is again
    assert arrived[2].context["rows"] is again
    assert [*map(str, arrived)] == [*map(str, errors)]


def test_notes_causes_and_sharing_are_kept() -> None:
    error = raised(Order, checked=1)
    error.add_note("note")
    error.__cause__ = KeyError("k")

    one, rows, other = CODEC.decode(CODEC.encode([error, [error], error]))

    assert one is other is rows[0]
    assert one.__notes__ == ["note"]
    assert isinstance(one.__cause__, KeyError)


def test_what_the_core_makes_for_an_answer_is_not_mixed_up_with_what_follows() -> None:
    errors = [raised(Order.model_validate_json, f'{{"lines": [[{n}]]}}') for n in range(50)]
    gc.collect()

    arrived = CODEC.decode(CODEC.encode([x for error in errors for x in (error, [error.title])]))

    assert [str(x) for x in arrived[::2]] == [*map(str, errors)]
    assert arrived[1::2] == [["Order"]] * 50
    assert len({id(x) for x in arrived[1::2]}) == 50


def test_an_input_that_cannot_cross_makes_it_a_stand_in_with_its_text() -> None:
    error = raised(Order, amount=threading.Lock())

    arrived = crossed(error)

    assert isinstance(arrived, RemoteError)
    assert isinstance(arrived, ValueError)
    assert str(arrived) == str(error)
    assert arrived.original == "pydantic_core._pydantic_core:ValidationError"


def test_an_attribute_that_cannot_cross_makes_it_a_stand_in() -> None:
    error = raised(Order, amount=[1])
    error.lock = threading.Lock()
    error.extra = [1]

    arrived, after = CODEC.decode(CODEC.encode([error, error.extra]))

    assert isinstance(arrived, RemoteError)
    assert str(arrived) == str(error)
    assert arrived.extra is after


def test_a_process_whose_pydantic_cannot_make_it_has_a_stand_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = raised(Order, amount=2)
    data = CODEC.encode_exception(error)
    maker = pydantics._Maker(lambda _: None, lambda *_: 1 / 0)
    monkeypatch.setitem(pydantics._MAKERS, "ValidationError", maker)

    arrived = CODEC.decode_exception(data)

    assert isinstance(arrived, RemoteError)
    assert isinstance(arrived, ValueError)
    assert str(arrived) == str(error)


@pytest.mark.parametrize(
    "error", [raised(Order, amount=2), PydanticCustomError("a", "b"), Derived("a", "b")]
)
def test_a_class_that_cannot_be_made_blank_has_a_stand_in(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(exceptions, "is_made", lambda _cls: False)
    codec = Codec(TypeTable([__name__]))

    arrived = codec.decode_exception(codec.encode_exception(error))

    assert isinstance(arrived, RemoteError)
    assert isinstance(arrived, ValueError)
    assert str(arrived) == str(error)
    assert arrived.original.endswith(type(error).__qualname__)


def test_the_errors_of_fastapi_and_of_pydantic_1_arrive_as_themselves() -> None:
    details = raised(Order, amount=2).errors()
    request = fastapi.exceptions.RequestValidationError(details, body={"amount": 2})
    old = raised(Old, a="x")

    assert type(crossed(request)) is type(request)
    assert crossed(request).errors() == details
    assert crossed(request).body == {"amount": 2}
    assert type(crossed(old)) is pydantic.v1.ValidationError
    assert crossed(old).errors() == old.errors()
    assert str(crossed(old)) == str(old)


CHANGED = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 70)
    | st.floats()
    | st.text(max_size=4)
    | st.binary(max_size=3),
    lambda x: st.lists(x, max_size=6) | st.dictionaries(st.text(max_size=3), x, max_size=2),
    max_leaves=12,
)


@given(st.data())
def test_whatever_a_peer_says_an_error_is_made_from_an_exception_arrives(data: Any) -> None:
    honest = ("Order", "python", False, ("int_type", None, ("a", 1), "x", None))
    parts = list(honest)
    at = data.draw(st.integers(0, len(parts)))
    parts[at : at + 1] = [data.draw(st.sampled_from(["int_type", "own"]) | CHANGED)]
    line = [*honest[3]]
    line[data.draw(st.integers(0, 4))] = data.draw(CHANGED)
    parts.append(tuple(line))
    for cls in (ValidationError, PydanticCustomError, pydantic_core.SchemaError, Derived):
        try:
            pydantics.made_of(cls, tuple(parts))
        except TypeError:
            continue


def test_a_peer_has_nothing_else_made() -> None:
    with pytest.raises(TypeError, match="not made from parts"):
        pydantics.made_of(ValueError, ("x",))
    with pytest.raises(TypeError, match="not made from parts"):
        pydantics.made_of(ValidationError, ["x"])
    honest = CODEC.encode_exception(PydanticCustomError("a", "b"))
    shares, _names, body = msgspec.msgpack.decode(honest)
    forged = msgspec.msgpack.encode([shares, ["!subprocess:Popen|subprocess:Popen"], body])
    assert isinstance(CODEC.decode_exception(forged), RemoteError)

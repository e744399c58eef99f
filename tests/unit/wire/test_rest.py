"""Errors of Django REST framework cross as what its handler and its callers look at."""

import django
import django.conf
import pytest
from rest_framework import exceptions, serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from seamline.errors import NotSendable
from seamline.wire import Codec, TypeTable

if not django.conf.settings.configured:
    django.conf.settings.configure()
django.setup()  # texts in the language of the reader need it
CODEC = Codec(TypeTable([]))


class Runner(serializers.Serializer):
    """What a client sends."""

    name = serializers.CharField(max_length=3)
    years = serializers.IntegerField(min_value=1)


def raised(error: exceptions.APIException) -> exceptions.APIException:
    """Return the error as whoever called hears of it."""
    found = CODEC.decode_exception(CODEC.encode_exception(error))
    assert isinstance(found, exceptions.APIException)
    return found


@pytest.mark.parametrize("many", [False, True])
def test_an_error_of_a_serializer_tells_each_field_and_code(many) -> None:
    data = {"name": "Philippides", "years": 0}
    with pytest.raises(exceptions.ValidationError) as caught:
        Runner(data=[data, data] if many else data, many=many).is_valid(raise_exception=True)

    found = raised(caught.value)

    assert type(found) is exceptions.ValidationError
    assert found.status_code == 400
    assert found.detail == caught.value.detail
    assert found.get_codes() == caught.value.get_codes()


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (exceptions.NotFound, 404, "not_found"),
        (exceptions.PermissionDenied, 403, "permission_denied"),
        (exceptions.ParseError, 400, "parse_error"),
        (exceptions.APIException, 500, "error"),
    ],
)
def test_other_errors_keep_their_status_and_code(make, status, code) -> None:
    found = raised(make())

    assert (type(found), found.status_code, found.get_codes()) == (make, status, code)
    assert type(found.detail) is ErrorDetail


def test_a_detail_equals_itself_with_its_code() -> None:
    detail = ErrorDetail("too long", code="max_length")

    found = CODEC.decode(CODEC.encode([detail]))

    assert found == [detail]
    assert found[0].code == "max_length"
    assert found != [ErrorDetail("too long", code="other")]


@pytest.mark.parametrize(
    ("make", "plain"), [(ReturnDict, {"name": "Ada"}), (ReturnList, [{"name": "Ada"}])]
)
def test_what_a_serializer_returns_crosses_without_it_but_not_as_an_argument(make, plain) -> None:
    value = make(plain, serializer=Runner())

    found = CODEC.decode(CODEC.encode(value))

    assert (type(found), found) == (type(plain), plain)
    with pytest.raises(NotSendable, match="a dict or a list made of it"):
        CODEC.encode_tracked([value], where="rows")

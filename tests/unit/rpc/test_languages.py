"""Lazy texts among the arguments of functions that change the active language."""

from typing import Any

import pytest
from django.utils.functional import lazy

from seamline.errors import ContextElsewhere
from seamline.frameworks import changes_language
from seamline.interface import Kind
from seamline.plan import Limits
from seamline.rpc import Arguments, Target
from seamline.rpc.model import Stay
from seamline.rpc.outgoing import Outgoing
from seamline.wire import Codec, TypeTable

MONDAY = lazy(lambda: "Monday", str)()


def outgoing(value: object, **options: Any) -> Outgoing:
    codec = Codec(TypeTable([]))
    target = Target("shop", "shop:say@1", Kind.SYNC, "", codec, parameters=("text",), **options)
    return Outgoing(target, Arguments((value,)), True, Limits())


def test_a_lazy_text_does_not_cross_to_what_says_it_in_another_language() -> None:
    for value in (MONDAY, ["of", {"days": MONDAY}]):
        with pytest.raises(ContextElsewhere, match=r"say changes the active language"):
            outgoing(value, translates=True)
        with pytest.raises(Stay):
            outgoing(value, translates=True, stays=True)
        assert outgoing(value).body


def test_other_arguments_do_cross_after_a_call_that_sent_one() -> None:
    outgoing(MONDAY)

    assert outgoing(["Monday"], translates=True).body


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        ("django.utils.translation.override", True),
        ("flask_babel.force_locale", True),
        ("django.utils.translation.gettext", False),
    ],
)
def test_which_names_change_the_language(name: str, is_so: bool) -> None:
    assert changes_language(["os.path.join", name]) is is_so

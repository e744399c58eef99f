"""Which contexts travel with the calls of one function."""

import flask
import pytest

from seamline.errors import WireError
from seamline.frameworks import Frameworks
from seamline.plan import Plan
from seamline.wire import Codec, TypeTable

CODEC = Codec(TypeTable([]))
PLAN = Plan(
    name="shop",
    root="/",
    layout="micro",
    run_dir="/nowhere",
    groups=(),
    services=(),
    applications=("shop:app",),
)


def test_a_function_that_reads_no_context_has_none_to_ask() -> None:
    assert Frameworks(PLAN).contexts((), CODEC) is None
    assert Frameworks(PLAN).contexts(("unheard:of",), CODEC) is None


def test_nothing_travels_where_there_is_no_context(monkeypatch: pytest.MonkeyPatch) -> None:
    # Another test of this process may have set Django up.
    monkeypatch.setattr("seamline.frameworks.django_contexts.is_set_up", lambda: False)
    contexts = Frameworks(PLAN).contexts(("flask:app", "django:locale"), CODEC)

    assert contexts is not None
    assert contexts.pack() == contexts.pack_state() == ()


@pytest.mark.parametrize(
    "packed", [(("os", b""),), (("quart", CODEC.encode(())),), (("flask", b"\xc0"),)], ids=str
)
def test_a_peer_cannot_send_other_contexts(packed) -> None:
    contexts = Frameworks(PLAN).contexts(("flask:app",), CODEC)

    assert contexts is not None
    with pytest.raises(WireError):
        contexts.enter(packed, "shop.f")


@pytest.mark.parametrize("state", [(), ((), None, None, None, None), (1, 2, 3, 4, 5), None])
def test_a_state_that_is_none_is_the_peers_fault(state, monkeypatch) -> None:
    app = flask.Flask("shop")
    frameworks = Frameworks(PLAN)
    contexts = frameworks.contexts(("flask:app", "flask:g"), CODEC)
    monkeypatch.setattr(frameworks.applications, "borrow", lambda *_: app)
    packed = CODEC.encode((("shop:app", b"", 0), b"", None, state, ("app", "g")))

    assert contexts is not None
    with pytest.raises(WireError, match="context"):
        contexts.enter((("flask", packed),), "shop.f")

    assert not flask.has_app_context()

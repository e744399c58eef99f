"""seamline.rpc.aliasing: what of a result is the host's own state."""

import sys
from types import SimpleNamespace

import pytest

from seamline.errors import AliasedState
from seamline.rpc.aliasing import refuse_aliased

OPTIONS = SimpleNamespace(name="host")
HERE = f"{__name__}:OPTIONS"


def test_a_namespace_that_is_the_hosts_state_is_refused() -> None:
    assert __name__ in sys.modules

    with pytest.raises(AliasedState, match="OPTIONS"):
        refuse_aliased("law.options", [HERE], [OPTIONS])

    refuse_aliased("law.options", [HERE], [SimpleNamespace(name="host")])

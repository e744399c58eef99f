"""seamline.seam.attributes: class attributes of another process raise as module state does."""

import pytest

from seamline.errors import StateElsewhere

SOURCE = """
from enum import Enum
class Counter:
    total = 0
    seen = []
    limit = 9
    @classmethod
    def bump(cls):
        cls.total += 1
        return cls.total
class Colour(Enum):
    RED = 1
Colour.uses = {}
"""
STATE = {"Counter.total": "", "Counter.seen": "", "Colour.uses": ""}


@pytest.fixture(params=[False, True], ids=["processes", "local"])
def sealed(application, request):
    app = application({"__init__": SOURCE}, state=STATE)
    module = app.load()
    app.seams(local=request.param).install()
    return app, module


@pytest.mark.parametrize(
    "look",
    [
        lambda m: m.Counter.total,
        lambda m: m.Counter().total,
        lambda m: m.Counter.seen.append(1),
        lambda m: type("Sub", (m.Counter,), {}).total,
    ],
)
def test_reading_a_class_attribute_that_is_state_raises(sealed, look):
    app, module = sealed

    with pytest.raises(StateElsewhere, match=rf"{app.package}\.Counter.*test_attributes\.py:\d+"):
        look(module)


def test_other_attributes_and_those_of_instances_are_read_as_always(sealed):
    _, module = sealed
    counter = module.Counter()
    counter.total = 5
    counter.own = 1

    assert (module.Counter.limit, counter.own, counter.total) == (9, 1, 5)


def test_the_host_s_own_code_uses_its_class_attributes(application):
    app = application({"__init__": SOURCE}, state=STATE)
    module = app.load()
    app.seams(local=True).install()

    assert [module.Counter.bump(), module.Counter.bump()] == [1, 2]


def test_closing_puts_class_attributes_back(sealed):
    app, module = sealed

    app.opened[0].close_all()

    assert (module.Counter.total, module.Counter.seen, module.Colour.uses) == (0, [], {})


def test_patching_tools_may_patch_a_class_attribute_where_the_hook_allows_it(sealed, monkeypatch):
    app, module = sealed
    seams = app.opened[0]
    seams.on_write = lambda write: seams.close(write.service) is None

    monkeypatch.setattr(module.Counter, "total", 7)

    assert module.Counter.total == 7
    monkeypatch.undo()
    assert module.Counter.total == 0

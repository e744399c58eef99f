"""seamline.interface.reads: objects of libraries that an application only reads are no state."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.interface.conftest import Reading

from seamline.interface import reads
from seamline.interface.foreign import Foreign

LIBRARY = """
    from collections import OrderedDict

    def announce(it): ...

    class Caseless(OrderedDict):
        def __init__(self, *given):
            super().__init__(*given)
            for key, value in self.items():
                self[key.upper()] = value
        def __getitem__(self, key):
            return super().__getitem__(key.upper())
        def __setitem__(self, key, value):
            super().__setitem__(key.upper(), value)

    class Types(Caseless):
        names = {"summary": "text"}
        def __init__(self):
            super().__init__()
            self["text"] = str
            self.last = None
        def of(self, name):
            if isinstance(self, dict):
                return self.found(self.names.get(name, "text"))
        def found(self, name):
            return self[name]
        def add(self, cls):
            self[cls.__name__] = cls
        def seen(self, name):
            self.last = name
            return self[name]
        def through(self, name):
            return self.seen(name)
        def given(self, name):
            return announce(self)
        def aside(self, name):
            known = self.names
            known.update(name=1)

    class Listening(Types):
        def __init__(self):
            super().__init__()
            announce(self.seen)

    class Missing(dict):
        def __missing__(self, key):
            self[key] = key
            return key

    class Unknown(elsewhere.Thing):
        def of(self, name):
            return name
        def add(self, cls):
            self.cls = cls
"""


@pytest.fixture
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("libraries")
    (directory / "kinds.py").write_text(textwrap.dedent(LIBRARY))
    return directory


@pytest.mark.parametrize(
    ("made", "use", "is_state"),
    [
        ("kinds.Types()", "HELD.of(name)", False),
        ("kinds.Types()", "HELD[name]", False),
        ("kinds.Types()", "name in HELD", False),
        ("kinds.Types()", "[one for one in HELD]", False),
        ("kinds.Types()", "len(HELD)", False),
        ("kinds.Types()", "HELD.get(name)", False),
        ("kinds.Types()", "0\n    kinds = HELD\n    return kinds.of(name), kinds[name]", False),
        ("kinds.Types()", "0\n    kinds = HELD\n    return kinds.seen(name)", True),
        ("kinds.Types()", "0\n    kinds = HELD\n    return kinds", True),
        ("kinds.Types()", "0\n    global other\n    other = HELD", True),
        ("kinds.Types()", "HELD.seen(name)", True),
        ("kinds.Types()", "HELD.through(name)", True),
        ("kinds.Types()", "HELD.given(name)", True),
        ("kinds.Types()", "HELD.aside(name)", True),
        ("kinds.Types()", "HELD.nothing(name)", True),
        ("kinds.Types()", "HELD.pop(name)", True),
        ("kinds.Types()", "print(HELD)", True),
        ("kinds.Types()", "HELD", True),
        ("kinds.Types()", "HELD.last", True),
        ("kinds.Types()", "HELD.of", True),
        ("kinds.Types()", "globals()['HELD'].of(name)", True),
        ("kinds.Listening()", "HELD.of(name)", True),
        ("kinds.Missing()", "HELD[name]", True),
        ("kinds.Unknown()", "HELD.of(name)", True),
    ],
)
def test_an_object_of_a_library_is_state_only_where_something_may_change_it(
    read: Callable[..., Reading], library: Path, made: str, use: str, is_state: bool
) -> None:
    source = f"import kinds\nHELD = {made}\nHELD.add(int)\ndef ask(name):\n    return {use}\n"

    found = read({"shop/__init__.py": source}, "shop", search_path=[library])

    assert ("shop:HELD" in found.state) is is_state


def test_another_module_may_change_it(read: Callable[..., Reading], library: Path) -> None:
    source = "import kinds\nHELD = kinds.Types()\ndef ask(name):\n    return HELD.of(name)\n"
    other = "from shop import HELD\nHELD.add(int)\n"
    late = "def late():\n    from shop import HELD\n    HELD.add(int)\n"

    for more in (other, late):
        files = {"shop/__init__.py": source, "shop/web.py": more}
        found = read(files, "shop", search_path=[library])
        assert "shop:HELD" in found.state


CHANGES = [
    "for one in self.queues:\n            one.append(name)",
    "one, other = self.both\n        one.append(name)",
    "(one := self.queue).append(name)",
    "[one.append(name) for one in self.queues]",
    "with self.opened() as one:\n            one.append(name)",
    "match self.both:\n            case [one, *other]:\n                one.append(name)",
    "one = self.opened()\n        one.append(name)",
    "self.opened().append(name)",
    "one = self.opened()\n        other = [one]\n        other[0].append(name)",
    "one = self.queue\n        one += [name]",
    "one = self.queue\n        one.of(name)",
    "self.into(self.queue)",
    "announce([self.queue])",
    "held = {}\n        held[1] = self.queue\n        held[1].append(name)",
    "def inner(one=self.queue):\n            one.append(name)\n        inner()",
    "return self.waiting.get()",
    "return self[name]",
    "return [one for one in self]",
    "return name in self",
    "with self.queue:\n            pass",
    "self = self.queue\n        self.of(name)",
]
READS = [
    "for one in self.queues:\n            name += 1",
    "one, other = self.both\n        return one[0] + other[0]",
    "one = self.opened()\n        return len(one), one[0]",
    "return self.opened().count(name)",
    "return [one.upper() for one in self.queue]",
    "return self.known.get(name)",
    "return self.look(self.queue)",
]
BUS = """
    def announce(it): ...
    class Bus:
        def __init__(self):
            self.queue = []
            self.queues = [[]]
            self.both = ([], [])
            self.known = {{}}
            self.waiting = made()
        def __getitem__(self, name):
            self.queue.append(name)
        def __iter__(self):
            self.queue.append(1)
        def __contains__(self, name):
            self.queue.append(name)
        def opened(self):
            return self.queue
        def of(self, name):
            return name
        def into(self, queue):
            queue.append(1)
        def look(self, queue):
            return queue[0]
        def emit(self, name):
            {}
"""


@pytest.mark.parametrize(
    ("body", "is_state"),
    [*((body, True) for body in CHANGES), *((body, False) for body in READS)],
)
def test_a_method_may_change_what_it_takes_out_of_its_object(
    tmp_path: Path, body: str, is_state: bool
) -> None:
    (tmp_path / "kinds.py").write_text(textwrap.dedent(BUS).format(body))

    found = reads.Reading(Foreign([tmp_path]), "kinds.Bus").only_reads(["emit"])

    assert found is not is_state


GIVING = """
    class Bus:
        def __init__(self):
            self.queue = []
            self.size = self.fixed = 3
        def opened(self):
            return self.queue
        def through(self):
            found = self.opened()
            return found, 1
        def first(self):
            return self.queue[0]
        def count(self):
            return len(self.opened()), self.fixed
        def set(self, size):
            self.size = size
"""


@pytest.mark.parametrize(
    ("use", "is_state"),
    [
        ("return HELD.opened()", True),
        ("return HELD.through()", True),
        ("HELD.opened().append(name)", True),
        ("HELD.first().append(name)", True),
        ("HELD.first()[name] = 1", True),
        ("one = HELD.first()\n    one.append(name)", True),
        ("for one in HELD.first():\n        one.append(name)", True),
        ("held = HELD\n    held.first().append(name)", True),
        ("return HELD.first()", False),
        ("return HELD.first().index(name)", False),
        ("return HELD.count()", False),
    ],
)
def test_who_is_given_a_part_of_an_object_may_change_it(
    read: Callable[..., Reading],
    tmp_path_factory: pytest.TempPathFactory,
    use: str,
    is_state: bool,
) -> None:
    libraries = tmp_path_factory.mktemp("libraries")
    (libraries / "kinds.py").write_text(textwrap.dedent(GIVING))
    source = f"import kinds\nHELD = kinds.Bus()\ndef ask(name):\n    {use}\n"

    found = read({"shop/__init__.py": source}, "shop", search_path=[libraries])

    assert ("shop:HELD" in found.state) is is_state

"""Fields whose value at first is copied for each object are no state of their class."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]
SOURCE = """
import msgspec, pydantic, typing
from typing import ClassVar

class Base({base}):
    other: int = 0

class Tags(Base):
    tags{annotation} = []

    def put(self, tag):
        self.tags.append(tag)

    def first(self):
        return self.tags[0]
"""


@pytest.mark.parametrize(
    ("base", "annotation", "state"),
    [
        ("pydantic.BaseModel", ": list[str]", []),
        ("pydantic.RootModel", ": list[str]", []),
        ("msgspec.Struct", ": list[str]", []),
        ("pydantic.BaseModel", ": ClassVar[list[str]]", ["lib:Tags.tags"]),
        ("pydantic.BaseModel", ": 'typing.ClassVar[list[str]]'", ["lib:Tags.tags"]),
        ("object", ": list[str]", ["lib:Tags.tags"]),
        ("pydantic.BaseModel", "", ["lib:Tags.tags"]),
    ],
)
def test_a_field_that_each_object_has_a_copy_of_is_no_state(
    read: Read, base: str, annotation: str, state: list[str]
) -> None:
    text = SOURCE.format(base=base, annotation=annotation)

    reading = read({"lib.py": text}, "lib")

    assert list(reading.state) == state
    assert [*reading.functions["lib.Tags.first"].touches] == state

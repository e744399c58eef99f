"""What the codec's tests share: the comparison that misses nothing."""

import re
from collections import defaultdict, deque
from types import FunctionType, MemberDescriptorType

import msgspec
import numpy as np
import pytest

_HEAP_TYPE = 1 << 9
LEAVES = {"datetime", "fractions", "uuid", "pathlib", "ipaddress", "zoneinfo", "decimal", "re"}


class Comparison:
    """Compares types, values, order and sharing, and follows cycles."""

    def __init__(self):
        self.pairs = {}
        self.backwards = {}

    def same(self, a, b, path="value"):
        assert type(b) is type(a), f"{path}: {type(a)} became {type(b)}"
        if a is None or isinstance(a, type | FunctionType):
            assert b is a, path
            return
        if isinstance(a, str | int | float | complex | bytes) and not self.state(a):
            assert repr(a) == repr(b), f"{path}: {a!r} became {b!r}"
            return
        if not self.has_identity(a):
            self.parts(a, b, path)
            return
        if id(a) in self.pairs:
            assert self.pairs[id(a)] is b, f"{path}: sharing was lost"
            return
        if self.is_mutable(a):
            assert id(b) not in self.backwards, f"{path}: sharing appeared"
            assert a is not b, f"{path}: the very same object arrived"
        self.pairs[id(a)] = b
        self.backwards[id(b)] = a
        self.parts(a, b, path)

    @staticmethod
    def has_identity(a):
        """Immutable leaves, and tuples of them, may be copied apart: nobody can tell."""
        if type(a) is tuple:
            return any(not isinstance(x, str | int | float | bytes | type(None)) for x in a)
        return type(a).__module__.partition(".")[0] not in LEAVES and not isinstance(
            a, range | slice | complex
        )

    @staticmethod
    def is_mutable(a):
        return isinstance(a, list | dict | set | bytearray | deque | BaseException)

    def parts(self, a, b, path):  # noqa: C901, PLR0912 - one branch per kind
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, path
            assert a.shape == b.shape, path
            assert a.tobytes() == b.tobytes(), path
            assert a.flags.writeable == b.flags.writeable, path
        elif isinstance(a, memoryview):
            assert (a.format, a.shape, a.readonly) == (b.format, b.shape, b.readonly), path
            assert a.tobytes() == b.tobytes(), path
        elif isinstance(a, dict):
            if isinstance(a, defaultdict):
                assert a.default_factory is b.default_factory, path
            assert len(a) == len(b), path
            for (k, x), (j, y) in zip(dict.items(a), dict.items(b), strict=True):
                self.same(k, j, f"{path} key {k!r}")
                self.same(x, y, f"{path}[{k!r}]")
        elif isinstance(a, list | tuple | deque):
            assert len(a) == len(b), path
            if isinstance(a, deque):
                assert a.maxlen == b.maxlen, path
            for number, (x, y) in enumerate(zip(a, b, strict=True)):
                self.same(x, y, f"{path}[{number}]")
        elif isinstance(a, set | frozenset):
            assert len(a) == len(b), path
            assert sorted(map(described, a)) == sorted(map(described, b)), path
        elif isinstance(a, BaseException):
            self.exception(a, b, path)
        elif self.is_record(a):
            pass  # its state follows
        elif isinstance(a, re.Pattern | slice):
            assert repr(a) == repr(b), path
        else:
            assert repr(a) == repr(b), path
            assert type(a).__eq__ is object.__eq__ or "nan" in repr(a).lower() or a == b, path
        for (name, x), (other, y) in zip(
            self.state(a).items(), self.state(b).items(), strict=True
        ):
            assert name == other, path
            self.same(x, y, f"{path}.{name}")

    @staticmethod
    def is_record(a):
        cls = type(a)
        return bool(cls.__flags__ & _HEAP_TYPE) and (
            isinstance(a, msgspec.Struct)
            or hasattr(cls, "__dataclass_fields__")
            or hasattr(cls, "__attrs_attrs__")
            or hasattr(cls, "__pydantic_fields__")
            or hasattr(cls, "__fields_set__")
        )

    def exception(self, a, b, path):
        if not isinstance(a, BaseExceptionGroup):
            self.same(a.args, b.args, f"{path}.args")
        else:
            assert a.message == b.message, path
            self.same(a.exceptions, b.exceptions, f"{path}.exceptions")
        assert str(a) == str(b), path
        assert a.__suppress_context__ == b.__suppress_context__, path

    @staticmethod
    def state(a):
        """The attributes that instances of classes hold themselves."""
        cls = type(a)
        if not cls.__flags__ & _HEAP_TYPE or isinstance(a, type):
            return dict(getattr(a, "__dict__", {})) if isinstance(a, BaseException) else {}
        if cls.__module__.partition(".")[0] in LEAVES:
            return {}
        found = {
            name: slot
            for owner in reversed(cls.__mro__)
            for name, slot in vars(owner).items()
            if type(slot) is MemberDescriptorType and owner.__flags__ & _HEAP_TYPE
        }
        values = {name: slot.__get__(a) for name, slot in sorted(found.items()) if is_set(slot, a)}
        return dict(sorted(getattr(a, "__dict__", {}).items())) | values


def described(member):
    """A set's member with its type: NaN, which equals nothing, can be compared so."""
    return f"{type(member)} {member!r}"


def is_set(slot, a):
    try:
        slot.__get__(a)
    except AttributeError:
        return False
    return True


@pytest.fixture(scope="session")
def assert_same():
    """Assert that two values are the same: types, values, order, sharing."""
    return lambda a, b: Comparison().same(a, b)

"""The codec: instances of classes arrive as themselves, without their initialisers."""

import collections
import dataclasses
import functools
import threading
import time
import typing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import attrs
import msgspec
import pydantic
import pydantic.dataclasses
import pydantic.v1
import pytest

from seamline.errors import NotSendable, WireError
from seamline.wire import Codec, TypeTable
from seamline.wire.classes import declared_fields
from seamline.wire.types import inner


@dataclass(slots=True)
class Product:
    id: str
    price: Decimal
    created: datetime
    tags: list[str]
    stock: int = 0


@dataclass
class Person:
    name: str
    friends: list["Person"] = field(default_factory=list)
    secret: str = field(default="", repr=False, compare=False)
    initials: str = field(init=False)
    version: int = field(init=False, default=1)

    def __post_init__(self):
        POST_INITS.append(self.name)
        self.initials = self.name[:1]

    @functools.cached_property
    def shout(self):
        return self.name.upper()


@dataclass
class Customer(Person):
    number: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: "int | Point"


@dataclass(frozen=True)
class Node:
    name: str
    peers: set = field(default_factory=set, hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class Early:
    fixed: frozenset = field(hash=False, compare=False)
    name: str


@dataclass
class Lists:
    a: "list[str]"
    b: list[int] | None
    c: typing.Optional[list[bytes]] = None  # noqa: UP045


T = typing.TypeVar("T")


@dataclass
class Box(typing.Generic[T]):
    content: T


@dataclass
class Nothing:
    pass


NOTHING = Nothing()


@attrs.define
class Order:
    id: int
    _hidden: list = attrs.field(factory=list)


@attrs.frozen(cache_hash=True)
class Key:
    a: str


@attrs.define(slots=False)
class Loose:
    a: int


class Pair(typing.NamedTuple):
    left: int
    right: list = []  # noqa: RUF012


class TaggedPair(Pair):
    pass


Plain = collections.namedtuple("Plain", "a b")  # noqa: PYI024


class Movie(typing.TypedDict):
    title: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    parts: list = []

    def __post_init__(self):
        POST_INITS.append(self.id)


class Tagged(msgspec.Struct, tag="x", array_like=True):
    a: typing.Any


class Account(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    name: str
    age: int = 5
    _token: str = pydantic.PrivateAttr(default="t")


class Member(pydantic.v1.BaseModel):
    name: str
    age: int = 5
    parts: list[Account] = []
    _token: str = pydantic.v1.PrivateAttr(default="t")

    class Config:
        extra = "allow"
        arbitrary_types_allowed = True


@pydantic.dataclasses.dataclass
class Checked:
    n: int


class Plainest:
    def __init__(self):
        self.a = 1


POST_INITS = []
CODEC = Codec(TypeTable([__name__]))


def crossed(value, codec=CODEC):
    data = codec.encode(value)
    before = len(POST_INITS)
    arrived = codec.decode(data)
    assert len(POST_INITS) == before, "an initialiser ran"
    return arrived


def person(**attributes):
    made = Person("Ada")
    vars(made).update(attributes)
    return made


PRODUCT = Product("p-1", Decimal("12.50"), datetime(2024, 1, 2, tzinfo=UTC), ["a"], 3)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(PRODUCT, id="slots dataclass"),
        pytest.param([PRODUCT, PRODUCT, dataclasses.replace(PRODUCT)], id="shared dataclass"),
        pytest.param(Person("Ada", [Person("Bob")]), id="nested dataclass"),
        pytest.param(person(nick="A", version=2), id="attributes beside the fields"),
        pytest.param(Customer("Cy", number=4), id="subclass of a dataclass"),
        pytest.param(Point(1, Point(2**70, 3)), id="frozen slots, big int"),
        pytest.param({Point(1, 2): Point(3, 4)}, id="dataclass as a key"),
        pytest.param(Box("\ud800"), id="generic, lone surrogate"),
        pytest.param(Box[int](1), id="subscripted generic"),
        pytest.param(Order(1, [2]), id="attrs"),
        pytest.param(Loose(1), id="attrs without slots"),
        pytest.param(Pair(1, [2]), id="named tuple"),
        pytest.param(TaggedPair(1), id="subclass of a named tuple"),
        pytest.param(Plain(1, Plain([], {})), id="collections.namedtuple"),
        pytest.param(Movie(title="x"), id="typed dict"),
        pytest.param(Event(id=1, parts=[1]), id="struct"),
        pytest.param(Tagged({"a": Tagged(())}), id="tagged struct"),
        pytest.param(Account(name="x", other=[1]), id="pydantic model with extras"),
        pytest.param(Account(name="x", age=5), id="pydantic fields_set"),
        pytest.param(Member(name="x", other=[1]), id="model of pydantic 1 with extras"),
        pytest.param(
            Member(name="x", parts=[Account(name="y")]), id="model of pydantic 1 with parts"
        ),
        pytest.param(Checked(1), id="pydantic dataclass"),
    ],
)
def test_records_arrive_as_themselves(assert_same, value):
    assert_same(value, crossed(value))


UNEXPECTED = [
    ("id", 7),
    ("id", 2**70),
    ("id", "\ud800"),
    ("id", ["p"]),
    ("price", 12.5),
    ("price", "12.50"),
    ("price", None),
    ("price", Decimal("sNaN")),
    ("created", None),
    ("created", "today"),
    ("created", datetime(2024, 1, 2)),  # noqa: DTZ001
    ("created", datetime(2024, 1, 2, fold=1, tzinfo=UTC)),
    ("created", datetime(2024, 1, 2, tzinfo=timezone(timedelta(0), "GMT"))),
    ("tags", None),
    ("tags", ("a",)),
    ("tags", [0, 0]),
    ("tags", ["a", ["b"]]),
    ("tags", [PRODUCT]),
    ("tags", [2**70, "\ud800"]),
]


@pytest.mark.parametrize("name_and_item", UNEXPECTED, ids=repr)
def test_what_an_annotation_says_does_not_change_what_arrives(assert_same, name_and_item):
    value = dataclasses.replace(PRODUCT)
    setattr(value, *name_and_item)

    assert_same(value, crossed(value))
    assert_same([value, PRODUCT, value], crossed([value, PRODUCT, value]))


@pytest.mark.parametrize("again", [None, "self", "twice", "outside"])
def test_lists_in_fields_stay_shared(assert_same, again):
    shared = ["x"]
    value = Lists(shared, shared if again == "self" else ["x"], None)
    whole = {
        "twice": [value, Lists(["y"], None, shared)],
        "outside": [shared, value, shared],
    }.get(again, value)

    assert_same(whole, crossed(whole))


def test_a_list_in_a_field_counts_as_a_level():
    shallow = Codec(TypeTable([__name__]), depth=1)

    with pytest.raises(NotSendable, match="too deep"):
        shallow.encode(Lists([], [], []))


def test_a_record_of_leaves_may_not_hold_more_items_than_others():
    with pytest.raises(NotSendable, match="more than 20 items"):
        Codec(TypeTable([__name__]), items=20).encode(Lists([1] * 30, None, None))


def test_pydantic_models_remember_which_fields_were_set_and_their_private_attributes():
    model = Account(name="x")
    model._token = "changed"

    arrived = crossed(model)

    assert arrived.model_fields_set == {"name"}
    assert arrived._token == "changed"
    assert arrived == model


def test_models_of_early_pydantic_2_have_their_fields_under_the_public_name_alone():
    class Early:  # what a model of pydantic 2.9 has, and what it lacks
        __pydantic_validator__ = __pydantic_fields_set__ = None
        model_fields: typing.ClassVar = {"name": None, "age": None}

    assert declared_fields(Early) == ("name", "age")


def test_models_of_pydantic_1_remember_the_same():
    model = Member(name="x")
    model._token = "changed"

    arrived = crossed(model)

    assert arrived.__fields_set__ == {"name"}
    assert arrived._token == "changed"
    assert arrived == model


def test_fields_that_were_never_set_stay_unset():
    half = object.__new__(Product)
    half.id = "p"

    arrived = crossed(half)

    assert arrived.id == "p"
    assert not hasattr(arrived, "price")


def test_a_cached_property_stays_computed():
    ada = Person("Ada")
    assert ada.shout == "ADA"

    assert vars(crossed(ada))["shout"] == "ADA"


def test_a_cached_hash_is_computed_anew_where_it_arrives():
    key = Key("a")
    hash(key)

    arrived = crossed(key)

    assert hash(arrived) == hash(key)
    assert {key: 1}[arrived] == 1


def test_a_record_without_fields_that_a_module_holds_arrives_as_that_object():
    assert crossed(NOTHING) is NOTHING
    assert type(crossed(Nothing())) is Nothing


def test_objects_in_cycles_arrive_in_cycles():
    ada, bob = Person("Ada"), Person("Bob")
    ada.friends.append(bob)
    bob.friends.append(ada)

    arrived = crossed(ada)

    assert arrived.friends[0].friends[0] is arrived


def test_a_set_that_holds_its_own_owner_finds_it_again():
    node = Node("a")
    node.peers.add(node)

    arrived = crossed(node)

    assert arrived in arrived.peers
    assert next(iter(arrived.peers)) is arrived


def test_a_frozen_set_inside_its_own_member_is_refused_by_the_sender():
    node = Early(frozenset(), "a")
    object.__setattr__(node, "fixed", frozenset([node]))

    with pytest.raises(NotSendable, match="cannot be rebuilt on the other side"):
        CODEC.encode(node)


def test_a_tuple_that_contains_itself_through_a_named_tuple_is_refused():
    pair = Pair(1, [])
    outer = (pair,)
    pair.right.append(outer)

    with pytest.raises(NotSendable, match="contains itself"):
        CODEC.encode(outer)


# What msgspec's typed msgpack changes silently (one test per line of that list).


def test_a_subclass_of_the_annotated_dataclass_arrives_as_the_subclass():
    arrived = crossed(Customer("Cy", number=4))

    assert type(arrived) is Customer
    assert arrived.number == 4


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=2)), UTC, None], ids=str)
def test_a_datetime_keeps_its_own_offset(zone):
    arrived = crossed(datetime(2024, 1, 2, 3, tzinfo=zone))

    assert arrived.tzinfo == zone
    assert arrived.hour == 3


def test_containers_of_anything_keep_the_types_inside(assert_same):
    value = {"a": PRODUCT, "b": Decimal("1.0"), "c": {1}, "d": (1, [2])}

    assert_same(value, crossed(value))


@pytest.mark.parametrize("value", [1, 1.0, True], ids=repr)
def test_a_number_keeps_its_type_whatever_is_annotated(value):
    assert type(crossed(value)) is type(value)


def test_a_tuple_for_a_sequence_stays_a_tuple():
    assert crossed((1, 2)) == (1, 2)


# Versions: the two sides need not have the same fields.


def two_versions(monkeypatch, old, new, values=(1, 2)):
    """Encode with one class under a name and decode with another under the same."""
    for cls in (old, new):
        cls.__module__, cls.__qualname__ = __name__, "Versioned"
    monkeypatch.setitem(globals(), "Versioned", old)
    made = old(**values) if isinstance(values, dict) else old(*values)
    data = Codec(TypeTable([__name__])).encode(made)
    monkeypatch.setitem(globals(), "Versioned", new)
    return Codec(TypeTable([__name__])).decode(data)


def test_unknown_fields_are_left_out_and_missing_ones_take_their_defaults(monkeypatch):
    old = dataclasses.make_dataclass("Versioned", ["a", "gone"])
    new = dataclasses.make_dataclass(
        "Versioned", ["a", ("b", list, field(default_factory=list)), ("c", int, 3)]
    )

    arrived = two_versions(monkeypatch, old, new)

    assert vars(arrived) == {"a": 1, "b": [], "c": 3}


def test_fields_are_matched_by_name_whatever_their_annotations_say(monkeypatch):
    old = dataclasses.make_dataclass(
        "Versioned", [("price", Decimal), ("tags", list[str]), ("gone", list[int]), ("day", str)]
    )
    new = dataclasses.make_dataclass(
        "Versioned", [("day", datetime), ("tags", str), ("price", list[str])], slots=True
    )
    values = (Decimal("1.5"), ["x"], [1], "today")

    arrived = two_versions(monkeypatch, old, new, values)

    assert (arrived.day, arrived.tags, arrived.price) == ("today", ["x"], Decimal("1.5"))


def test_a_missing_field_of_pydantic_1_takes_its_default(monkeypatch):
    old = pydantic.v1.create_model("Versioned", a=(int, ...))
    new = pydantic.v1.create_model("Versioned", a=(int, ...), b=(list, []), c=(int, 3))

    arrived = two_versions(monkeypatch, old, new, {"a": 1})

    assert vars(arrived) == {"a": 1, "b": [], "c": 3}


def test_a_missing_field_without_a_default_is_a_wire_error(monkeypatch):
    old = dataclasses.make_dataclass("Versioned", ["a", "b"])
    new = dataclasses.make_dataclass("Versioned", ["a", "b", "c"], slots=True)

    with pytest.raises(WireError, match=r"Versioned\.c is missing and has no default"):
        two_versions(monkeypatch, old, new)


def test_named_tuples_of_two_versions_are_matched_by_name(monkeypatch):
    old = collections.namedtuple("Versioned", "a b")  # noqa: PYI024
    new = collections.namedtuple("Versioned", "b a c", defaults=[5])  # noqa: PYI024

    arrived = two_versions(monkeypatch, old, new)

    assert arrived == (2, 1, 5)


# Which classes may cross.


def test_classes_defined_inside_a_function_are_refused():
    @dataclass
    class Local:
        a: int

    with pytest.raises(NotSendable, match=r"<locals>\.Local.*top of a module"):
        CODEC.encode([Local(1)])


def test_classes_of_other_modules_cross_only_when_annotations_reach_them():
    value = attrs.Factory(list)
    table = TypeTable([], [reach_all])

    assert table.name_of(type(value)) is None
    assert table.name_of(Person) == f"{__name__}:Person"
    assert table.name_of(Pair) == f"{__name__}:Pair"
    assert table.name_of(Event) is None
    assert TypeTable([]).name_of(Person) is None


def reach_all(a: "Customer | None", b: "Unknown", c: dict[str, list[Pair]]):  # noqa: F821
    """Its second annotation cannot be evaluated; the others count all the same."""


def test_bases_are_reached_through_fields_of_fields():
    table = TypeTable([], [takes_holder])

    assert table.name_of(Product) == f"{__name__}:Product"


@dataclass
class Holder:
    products: "list[typing.Annotated[Product, 'note']]"


def takes_holder(holder: Holder): ...


@pytest.mark.parametrize(
    "name",
    ["builtins:eval", "os:system", "subprocess:Popen", "nowhere:Thing", "", ":", "builtins:"],
)
def test_names_outside_the_table_resolve_to_nothing(name):
    table = TypeTable([__name__])

    assert table.resolve(name) is None
    assert table.function(name) is None
    assert table.attribute(name) is None


def test_objects_with_state_are_never_fetched_by_name():
    data = msgspec.msgpack.encode([0, [f"{__name__}:CODEC"], [34, 0]])

    with pytest.raises(WireError, match="not a stateless object"):
        CODEC.decode(data)


def test_instances_of_plain_classes_are_refused():
    with pytest.raises(NotSendable, match="make its class a dataclass"):
        CODEC.encode(Plainest())


def test_a_lock_in_a_field_is_refused_with_its_path():
    with pytest.raises(NotSendable) as caught:
        CODEC.encode([Box(threading.Lock())], where="result")

    assert caught.value.path == "result[0].content"


def test_the_metaclass_of_a_class_that_an_annotation_names_is_asked_nothing():
    class Anything(type):
        def __getattr__(cls, name):
            return None

    class Rights(metaclass=Anything):
        pass

    assert inner(Rights) == []


@pytest.mark.parametrize(
    "value", [time.localtime(0), time.gmtime(0), time.struct_time(range(9)), Path("/").stat()]
)
def test_tuples_of_c_cross_with_the_fields_beside_their_items(value):
    codec = Codec(TypeTable(["time", "os"]))

    found = codec.decode(codec.encode(value))

    assert type(found) is type(value)
    assert found.__reduce__() == value.__reduce__()

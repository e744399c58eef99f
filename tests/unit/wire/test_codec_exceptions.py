"""The codec: exceptions cross as themselves, their state and chain with them."""

import asyncio
import importlib
import json
import sqlite3
import sys
import threading
import traceback
from dataclasses import dataclass

import msgspec
import pytest

from seamline.errors import NotSendable, RemoteError, Unavailable, WireError
from seamline.wire import Codec, RemoteTraceback, TypeTable
from seamline.wire.exceptions import blank_exception


class PaymentError(Exception):
    def __init__(self, order, *, reason):
        INITIALISED.append(order)
        super().__init__(f"order {order} was not paid")
        self.order = order
        self.reason = reason


class SlottedError(ValueError):
    __slots__ = ("limit", "never")

    def __init__(self, limit):
        super().__init__()
        self.limit = limit


class CodedError(Exception):
    def __init__(self, number, text):
        self.number = number
        self.text = text

    @property
    def args(self):
        return self.number, self.text, str(self)

    def __str__(self):
        return self.text


@dataclass
class RecordError(Exception):
    number: int
    rows: list


class MissingFileError(FileNotFoundError):
    pass


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class GroupError(ExceptionGroup):
    def derive(self, excs):
        return GroupError(self.message, excs)


class Unready:
    """A lazy proxy at the top of a module, of what is not there outside of a request."""

    @property
    def __class__(self):
        raise LookupError("no request")


INITIALISED = []
UNREADY = Unready()
CODEC = Codec(TypeTable([__name__]))
STRANGER = Codec(TypeTable([]))


def raised(error, **attributes):
    """The error after it was raised, so that it has a traceback."""
    try:
        raise error
    except BaseException as caught:
        vars(caught).update(attributes)
        return caught


def crossed(error, codec=CODEC, to=CODEC):
    data = codec.encode_exception(error)
    before = len(INITIALISED)
    arrived = to.decode_exception(data)
    assert len(INITIALISED) == before, "an initialiser ran"
    return arrived


def test_a_lazy_proxy_at_the_top_of_a_module_is_left_alone():
    codec = Codec(TypeTable([__name__]))
    error = json.JSONDecodeError("wrong", "{", 1)

    arrived = crossed(error, codec, codec)

    assert type(arrived) is json.JSONDecodeError
    assert arrived.pos == 1


def without_traceback(error):
    """Take the remote traceback off the end of the chain again."""
    last = error
    while not isinstance(last.__cause__, RemoteTraceback):
        last = last.__cause__ or last.__context__
    suppressed = last.__suppress_context__
    last.__cause__ = None
    last.__suppress_context__ = suppressed
    return error


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ValueError("a", [1]), id="ValueError"),
        pytest.param(KeyError("k"), id="KeyError"),
        pytest.param(FileNotFoundError(2, "No such file", "a", None, "b"), id="OSError"),
        pytest.param(OSError("just text"), id="OSError of text"),
        pytest.param(BlockingIOError(11, "again", 5), id="characters_written"),
        pytest.param(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), id="UnicodeDecodeError"),
        pytest.param(UnicodeEncodeError("ascii", "\xe9", 0, 1, "bad"), id="UnicodeEncodeError"),
        pytest.param(SystemExit(3), id="SystemExit"),
        pytest.param(StopIteration([5]), id="StopIteration"),
        pytest.param(ImportError("x", name="n", path="p"), id="ImportError"),
        pytest.param(SyntaxError("bad", ("f.py", 1, 2, "text", 1, 5)), id="SyntaxError"),
        pytest.param(AttributeError("x", name="n", obj=[1]), id="AttributeError"),
        pytest.param(NameError("x", name="n"), id="NameError"),
        pytest.param(asyncio.CancelledError("why"), id="CancelledError"),
        pytest.param(KeyboardInterrupt(), id="KeyboardInterrupt"),
        pytest.param(sqlite3.IntegrityError("UNIQUE constraint failed"), id="C extension"),
        pytest.param(PaymentError(3, reason={"a": (1,)}), id="own __init__"),
        pytest.param(SlottedError(5), id="slots"),
        pytest.param(RecordError(1, [2]), id="dataclass"),
        pytest.param(MissingFileError(2, "No such file", "a"), id="subclass of OSError"),
        pytest.param(Unavailable("no worker"), id="Seamline's own"),
        pytest.param(NotSendable("x", path="rows[3]"), id="Seamline's own with a path"),
        pytest.param(RecursionError(2**80, "\ud800"), id="arguments that need care"),
        pytest.param(ExceptionGroup("g", [ValueError(1), KeyError("k")]), id="group"),
        pytest.param(
            BaseExceptionGroup("g", (SystemExit(1), ExceptionGroup("h", [TypeError()]))),
            id="nested group",
        ),
        pytest.param(GroupError("g", [PaymentError(1, reason=None)]), id="own group"),
    ],
)
def test_exceptions_arrive_as_themselves(assert_same, error):
    error = raised(error)

    assert_same(error, without_traceback(crossed(error)))


def test_an_exception_whose_arguments_are_a_property_arrives_as_itself():
    error = ValueError("wrong")
    error.__cause__ = CodedError(5, "no such thing")

    cause = crossed(error).__cause__

    assert type(cause) is CodedError
    assert cause.args == (5, "no such thing", "no such thing")
    assert BaseException.__reduce__(cause)[1] == (5, "no such thing")


def test_builtin_attributes_are_kept():
    arrived = crossed(FileNotFoundError(2, "No such file", "a", None, "b"))

    assert (arrived.errno, arrived.filename, arrived.filename2) == (2, "a", "b")
    assert crossed(StopIteration(5)).value == 5
    assert crossed(SystemExit(3)).code == 3
    assert crossed(ImportError("x", name="n")).name == "n"
    assert crossed(BlockingIOError(11, "again", 5)).characters_written == 5
    assert crossed(SyntaxError("bad", ("f.py", 1, 2, "text"))).lineno == 1


def test_notes_attributes_and_slots_are_kept():
    error = SlottedError([1])
    error.add_note("first")
    error.extra = error.limit

    arrived = crossed(error)

    assert arrived.__notes__ == ["first"]
    assert arrived.extra is arrived.limit
    assert not hasattr(arrived, "never")


def test_causes_and_contexts_are_kept():
    try:
        try:
            try:
                raise KeyError("inner")
            except KeyError as exc:
                raise PaymentError(1, reason=None) from exc
        except PaymentError:
            raise ValueError("outer") from None
    except ValueError as exc:
        arrived = crossed(exc)

    assert isinstance(arrived.__context__, PaymentError)
    assert arrived.__suppress_context__
    assert isinstance(arrived.__context__.__cause__, KeyError)


def test_a_chain_that_is_a_cycle_arrives_as_one():
    first, second = ValueError(1), ValueError(2)
    first.__cause__, second.__cause__ = second, first

    arrived = CODEC.decode(CODEC.encode(first))

    assert arrived.__cause__.__cause__ is arrived


def test_a_group_whose_member_points_back_to_it_arrives_without_that_link():
    member = ValueError(1)
    group = ExceptionGroup("g", [member])
    member.__context__ = group

    arrived = CODEC.decode(CODEC.encode(group))

    assert type(arrived) is ExceptionGroup
    assert arrived.exceptions[0].__context__ is None


def test_an_endless_chain_is_cut():
    error = ValueError(0)
    for number in range(1, 300):
        following = ValueError(number)
        following.__cause__ = error
        error = following

    arrived = crossed(error)

    links = 0
    while not isinstance(arrived, RemoteTraceback):
        arrived = arrived.__cause__
        links += 1
    assert links == 20


def test_the_remote_traceback_is_printed_first_and_named():
    arrived = crossed(raised(PaymentError(1, reason=None)))

    printed = "".join(traceback.format_exception(arrived))

    assert "RemoteTraceback" in printed
    assert "in raised\n    raise error" in printed
    assert printed.index("raise error") < printed.index("direct cause")
    assert printed.rstrip().endswith("order 1 was not paid")


def recurse(times, error):
    if times:
        recurse(times - 1, error)
    raise error


def shown(error):
    """The text of the error's traceback as the other process gets it."""
    arrived = CODEC.decode_exception(CODEC.encode_exception(error))
    while not isinstance(arrived, RemoteTraceback):
        arrived = arrived.__cause__ or arrived.__context__
    return arrived.text


def without_marks(text):
    return "".join(k for k in text.splitlines(keepends=True) if set(k.strip()) - {"^", "~"})


def test_a_traceback_reads_as_python_prints_it():
    errors = []
    for times in (0, 2, 3, 4, 40):
        with pytest.raises(ValueError, match="bad") as caught:
            recurse(times, ValueError("bad"))
        errors.append(caught.value)
    errors += [PaymentError(1, reason=None), KeyError(), SyntaxError("bad", ("f.py", 1, 2, "x"))]
    errors[1].__cause__ = errors[2]
    errors[0].__context__ = errors[1]
    errors[3].add_note("a note")
    errors.append(raised(ExceptionGroup("g", [errors[3]])))

    for error in errors:
        expected = "".join(traceback.format_exception(error))
        assert without_marks(shown(error)) == without_marks(expected)


def test_a_long_traceback_keeps_its_two_ends():
    calls = "".join(f"def f{n}(): f{n + 1}()\n" for n in range(300)) + "def f300(): 1 / 0\n"
    space = {}
    exec(compile(calls, "<calls>", "exec"), space)

    with pytest.raises(ZeroDivisionError) as caught:
        space["f0"]()

    text = shown(caught.value)
    assert "in f0\n" in text
    assert "in f300\n" in text
    assert "frames left out" in text
    assert len(text.splitlines()) < 120


def test_a_second_crossing_shows_both_tracebacks_once():
    once = crossed(raised(ValueError("deep")))

    twice = crossed(raised(once))

    assert isinstance(twice.__cause__, RemoteTraceback)
    assert twice.__cause__.__cause__ is None
    assert twice.__cause__.text.count("ValueError: deep") == 2


def test_a_class_that_this_process_does_not_know_arrives_as_its_nearest_base(monkeypatch):
    data = CODEC.encode_exception(MissingFileError(2, "No such file", "a"))
    monkeypatch.delitem(globals(), "MissingFileError")

    arrived = Codec(TypeTable([__name__])).decode_exception(data)

    assert isinstance(arrived, RemoteError)
    assert isinstance(arrived, FileNotFoundError)
    assert type(arrived).original == f"{__name__}:MissingFileError"
    assert arrived.errno == 2
    assert str(arrived) == "[Errno 2] No such file: 'a'"


def test_a_class_defined_inside_a_function_arrives_as_its_nearest_base():
    class LocalError(PaymentError):
        pass

    arrived = crossed(LocalError(4, reason="x"))

    assert isinstance(arrived, RemoteError)
    assert isinstance(arrived, PaymentError)
    assert arrived.order == 4
    assert str(arrived) == "order 4 was not paid"
    assert arrived.original.endswith("<locals>.LocalError")


def test_stand_ins_of_one_class_are_one_class():
    class LocalError(ValueError):
        pass

    data = CODEC.encode_exception(LocalError())

    assert type(CODEC.decode_exception(data)) is type(CODEC.decode_exception(data))


def test_a_stand_in_crosses_again_under_its_original_name():
    class LocalError(ValueError):
        pass

    arrived = crossed(crossed(LocalError("x")))

    assert isinstance(arrived, ValueError)
    assert arrived.original.endswith("<locals>.LocalError")
    assert str(arrived) == "x"


def test_an_attribute_that_cannot_cross_makes_it_a_stand_in_with_the_others():
    arrived = crossed(raised(PaymentError(3, reason="x"), lock=threading.Lock()))

    assert isinstance(arrived, RemoteError)
    assert isinstance(arrived, PaymentError)
    assert arrived.reason == "x"
    with pytest.raises(AttributeError, match=r"'lock': it stands for .*PaymentError, of which"):
        arrived.lock  # noqa: B018
    assert not hasattr(arrived, "lock")


def test_an_argument_that_cannot_cross_makes_it_a_stand_in_with_the_text():
    error = ValueError("a", threading.Lock())

    arrived = crossed(error)

    assert isinstance(arrived, RemoteError)
    assert isinstance(arrived, ValueError)
    assert str(arrived) == str(error)


def test_the_object_of_an_attribute_error_is_left_out_when_it_cannot_cross():
    with pytest.raises(AttributeError) as caught:
        threading.Lock().nothing  # noqa: B018

    arrived = crossed(caught.value)

    assert type(arrived) is AttributeError
    assert arrived.name == "nothing"
    assert arrived.obj is None


def test_an_exception_that_cannot_even_be_printed_still_arrives():
    arrived = crossed(raised(UnprintableError("x")))

    assert type(arrived) is UnprintableError
    assert arrived.args == ("x",)


def test_an_exception_beyond_every_limit_still_arrives():
    codec = Codec(TypeTable([]), depth=2)

    arrived = crossed(raised(ValueError([[[[[[1]]]]]])), codec)

    assert isinstance(arrived, Exception)


def test_library_exceptions_are_rebuilt_when_their_module_is_imported():
    arrived = crossed(sqlite3.OperationalError("locked"), STRANGER, STRANGER)

    assert type(arrived) is sqlite3.OperationalError


@pytest.mark.parametrize("name", ["subprocess:Popen", "builtins:eval", "os:system", "nowhere:X"])
def test_a_name_that_is_no_exception_class_becomes_a_stand_in(name):
    shares, _names, body = msgspec.msgpack.decode(CODEC.encode_exception(ValueError("x")))
    forged = msgspec.msgpack.encode([shares, [f"!{name}|{name}"], body])

    assert isinstance(CODEC.decode_exception(forged), RemoteError)


def test_other_bytes_are_a_wire_error():
    with pytest.raises(WireError, match="hold another value"):
        CODEC.decode_exception(CODEC.encode([1]))


def test_exceptions_travel_inside_results(assert_same):
    assert_same(
        [ValueError(1), {"e": KeyError("k")}],
        CODEC.decode(CODEC.encode([ValueError(1), {"e": KeyError("k")}])),
    )


class _ObjectFirst(type):
    """Makes classes that are laid out as another of their native bases than the first."""

    def mro(cls) -> list[type]:
        return [cls, object, Exception, BaseException]


def test_a_class_laid_out_as_a_later_base_is_made_by_that_base() -> None:
    made = blank_exception(_ObjectFirst("Odd", (Exception,), {}))

    assert type(made).__name__ == "Odd"
    assert isinstance(made, Exception)


LATER = """
import dataclasses, shared_later

class Wrong(ValueError):
    status = 409

class Minor(Wrong):
    pass

@dataclasses.dataclass
class Order:
    number: int

class Nothing:
    pass

NOTHING = Nothing()
"""


@pytest.fixture
def later(tmp_path, monkeypatch):
    """Modules of an application: what they hold in one process, before another loads them."""
    (tmp_path / "errors_later.py").write_text(LATER)
    (tmp_path / "shared_later.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("errors_later")
    yield module, lambda: [sys.modules.pop(name) for name in ("errors_later", "shared_later")]
    for name in ("errors_later", "shared_later"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "make",
    [
        lambda module: module.Minor("x"),
        lambda module: module.Order(1),
        lambda module: module.Wrong,
        lambda module: module.NOTHING,
        lambda module: raised(module.Minor("x"), lock=threading.Lock()),
    ],
    ids=[
        "an exception",
        "a record",
        "a class",
        "a stateless object",
        "an exception that does not cross whole",
    ],
)
def test_the_module_of_a_class_is_imported_where_it_arrives(later, make) -> None:
    module, unload = later
    data = Codec(TypeTable(["errors_later"])).encode(make(module))
    unload()

    found = Codec(TypeTable(["errors_later"], loadable=["errors_later"])).decode(data)

    assert "shared_later" in sys.modules
    if isinstance(found, Exception):
        assert isinstance(found, sys.modules["errors_later"].Wrong)
        assert found.status == 409
    elif not isinstance(found, type):
        assert found is sys.modules["errors_later"].NOTHING or found.number == 1


def test_a_stateless_object_is_named_by_the_module_of_its_class(
    later, tmp_path, monkeypatch
) -> None:
    module, unload = later
    (tmp_path / "again.py").write_text("from errors_later import NOTHING as SAME")
    again = importlib.import_module("again")
    assert again.SAME is module.NOTHING
    data = Codec(TypeTable(["again", "errors_later"])).encode(module.NOTHING)
    unload()
    monkeypatch.delitem(sys.modules, "again")  # which who reads it has not imported

    found = Codec(TypeTable(["errors_later"], loadable=["errors_later"])).decode(data)

    assert found is sys.modules["errors_later"].NOTHING


def test_no_other_module_is_imported_because_a_peer_names_it(later) -> None:
    module, unload = later
    data = Codec(TypeTable(["errors_later"])).encode(module.Minor("x"))
    unload()

    for decoder in (STRANGER, Codec(TypeTable(["errors_later"]))):
        found = decoder.decode(data)

        assert isinstance(found, RemoteError)
        assert isinstance(found, ValueError)
        assert "errors_later" not in sys.modules


@pytest.mark.parametrize("error", ["RuntimeError", "SystemExit(3)"])
def test_a_module_that_cannot_be_imported_leaves_a_stand_in(later, tmp_path, error) -> None:
    module, unload = later
    data = Codec(TypeTable(["errors_later"])).encode(module.Minor("x"))
    unload()
    (tmp_path / "errors_later.py").write_text(f"raise {error}\n" * 2)
    importlib.invalidate_caches()

    assert isinstance(
        Codec(TypeTable(["errors_later"], loadable=["errors_later"])).decode(data), RemoteError
    )

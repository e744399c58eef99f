"""Values of web frameworks cross as copies, what is bound to a request as a reference."""

import collections
import enum
import http.cookies
import importlib
import signal
import subprocess
import sys
import time
import types
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django.conf
import flask
import markupsafe
import pytest
import starlette.datastructures
import starlette.responses
import werkzeug.datastructures
import werkzeug.local
from django.http import HttpResponse, QueryDict
from django.http.request import HttpHeaders
from django.utils.functional import lazy
from django.utils.safestring import mark_safe
from hypothesis import given, strategies

from seamline.errors import NotSendable, WireError
from seamline.wire import Codec, TypeTable, Unrestorable, take_mentioned

if not django.conf.settings.configured:
    django.conf.settings.configure()
CODEC = Codec(TypeTable([]))
TEXT = strategies.text(max_size=8)
PAIRS = strategies.lists(strategies.tuples(TEXT, TEXT), max_size=6)


def crossed(value):
    return CODEC.decode(CODEC.encode(value))


@given(pairs=PAIRS)
@pytest.mark.parametrize(
    "make",
    [
        werkzeug.datastructures.MultiDict,
        werkzeug.datastructures.ImmutableMultiDict,
        starlette.datastructures.QueryParams,
        starlette.datastructures.ImmutableMultiDict,
    ],
)
def test_multi_dicts_hold_what_they_held(make, pairs) -> None:
    value = make(pairs)
    found = crossed([value, value])

    assert type(found[0]) is make
    assert found[0] == value
    assert found[0] is found[1]


@pytest.mark.parametrize(
    "value",
    [
        werkzeug.datastructures.Headers([("A", "1"), ("a", "2")]),
        werkzeug.datastructures.CombinedMultiDict([werkzeug.datastructures.MultiDict({"a": "1"})]),
        werkzeug.datastructures.HeaderSet(["a", "B"]),
        starlette.datastructures.Headers({"a": "1"}),
        starlette.datastructures.URL("https://a.example/b?c=d#e"),
        QueryDict("a=1&a=2&b=3"),
        HttpHeaders({"HTTP_A": "1"}),
        http.cookies.SimpleCookie("a=b"),
        markupsafe.Markup("<b>"),
        mark_safe("<b>"),
    ],
    ids=lambda value: type(value).__qualname__,
)
def test_views_keep_their_class_and_what_they_say(value) -> None:
    found = crossed(value)

    assert type(found) is type(value)
    assert str(found) == str(value)
    assert found == value or list(found) == list(value)


def test_headers_of_an_environ_are_copied_from_it() -> None:
    environ = {"HTTP_ACCEPT": "text/html", "CONTENT_TYPE": "text/plain", "wsgi.input": object()}
    headers = werkzeug.datastructures.EnvironHeaders(environ)

    found, again, after = crossed([headers, headers, [1]])

    assert type(found) is werkzeug.datastructures.Headers
    assert sorted(found) == [("Accept", "text/html"), ("Content-Type", "text/plain")]
    assert found is again
    assert after == [1]


def test_lazy_texts_arrive_as_the_text_they_are_now() -> None:
    assert crossed(lazy(lambda: "now", str)()) == "now"
    with pytest.raises(NotSendable, match="no text"):
        CODEC.encode(lazy(lambda: [1], list)())


def test_responses_arrive_whole() -> None:
    response = HttpResponse("text", status=418, headers={"X-Pot": "tea"})
    response.set_cookie("a", "b")
    found = crossed(response)
    plain = crossed(starlette.responses.JSONResponse({"a": 1}, 201))

    assert (found.status_code, found.content, found["X-Pot"]) == (418, b"text", "tea")
    assert found.cookies["a"].value == "b"
    assert (plain.status_code, plain.body) == (201, b'{"a":1}')


def test_a_response_that_is_made_while_it_is_sent_does_not_cross() -> None:
    with pytest.raises(NotSendable, match="response"):
        CODEC.encode(flask.Response(part for part in ["a"]))


@pytest.mark.parametrize(
    "value",
    [
        http.HTTPStatus.NOT_FOUND,
        http.HTTPMethod.GET,
        signal.SIGTERM,
        uuid.SafeUUID.safe,
        urllib.parse.urlsplit("http://a.example/b?c#d"),
        urllib.parse.urlparse(b"http://a.example/b;c"),
        time.gmtime(0),
        Path("/").stat(),
    ],
    ids=lambda value: type(value).__qualname__,
)
def test_enums_and_named_tuples_of_the_standard_library_cross(value) -> None:
    found = crossed(value)

    assert type(found) is type(value)
    assert found == value
    assert repr(found) == repr(value)
    assert not isinstance(value, enum.Enum) or found is value


LIBRARY = """
import collections, typing
Point = collections.namedtuple("Point", "x y")
class Url(typing.NamedTuple("Url", [("host", str), ("parts", list)])):
    def __new__(cls, host, parts=()):
        return super().__new__(cls, host.lower(), list(parts))
class Hidden(tuple):
    pass
class MISSING:
    limit = 1
    _cache = {}
    def __init__(self):
        raise RuntimeError("made")
    class Inner:
        pass
class Meta(dict):
    pass
class Filled(dict):
    def __init__(self, owner):
        owner["child"] = self
class Ordered(collections.OrderedDict):
    pass
class Rows(list):
    pass
class Counted(dict):
    def __init__(self, *args):
        super().__init__(*args)
        self.made = 1
class Noted(dict):
    __slots__ = ("note",)
class Copied(dict):
    def __copy__(self):
        return self
class Kept(dict):
    every = []
    def __init__(self, *args):
        self.every.append(self)
"""


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    library = tmp_path / "site-packages"
    library.mkdir()
    (library / "some_kit.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(library)
    yield importlib.import_module("some_kit")
    sys.modules.pop("some_kit", None)


def test_named_tuples_of_libraries_cross_without_running_them(kit, monkeypatch) -> None:
    url = kit.Url("A.example", ["b"])
    monkeypatch.setattr(kit.Url, "__new__", None)

    found = crossed([kit.Point(1, 2), url])

    assert found == [kit.Point(1, 2), ("a.example", ["b"])]
    assert [type(one) for one in found] == [kit.Point, kit.Url]


def test_named_tuples_of_a_library_that_is_not_loaded_are_not_imported(kit) -> None:
    data = CODEC.encode(kit.Point(1, 2))
    del sys.modules["some_kit"]

    with pytest.raises(NotSendable, match=r"a some_kit\.Point arrived in a process"):
        Codec(TypeTable([])).decode(data)
    assert "some_kit" not in sys.modules


def test_other_tuples_of_libraries_do_not_cross(kit, monkeypatch) -> None:
    with pytest.raises(NotSendable):
        CODEC.encode(kit.Hidden([1]))
    monkeypatch.setattr(kit, "__file__", "/somewhere/some_kit.py")
    with pytest.raises(NotSendable):
        Codec(TypeTable([])).encode(kit.Point(1, 2))


def test_a_class_of_a_library_arrives_as_itself_and_is_not_called(kit) -> None:
    found = crossed([kit.MISSING, {"number": kit.MISSING}, [kit.MISSING]])

    assert found[0] is found[1]["number"] is found[2][0] is kit.MISSING


def test_a_class_of_a_library_that_is_not_loaded_is_not_imported(kit) -> None:
    data = CODEC.encode({"number": kit.MISSING})
    del sys.modules["some_kit"]

    with pytest.raises(NotSendable, match=r"the class some_kit\.MISSING arrived in a process"):
        Codec(TypeTable([])).decode(data)
    assert "some_kit" not in sys.modules


def test_other_classes_of_libraries_do_not_cross(kit, monkeypatch) -> None:
    made_inside = type("Other", (), {"__module__": "some_kit"})
    for value in (kit.MISSING.Inner, made_inside, subprocess.Popen):
        with pytest.raises(NotSendable, match="which cannot cross the seam"):
            CODEC.encode(value)
    with pytest.raises(NotSendable):  # a package of the application that was installed
        Codec(TypeTable(["some_kit.more"])).encode(kit.MISSING)
    monkeypatch.setattr(kit, "__file__", "/somewhere/some_kit.py")
    with pytest.raises(NotSendable):
        CODEC.encode(kit.MISSING)


def test_a_class_of_a_library_is_no_factory_and_no_generic(kit) -> None:
    import msgspec

    from seamline.wire.marks import ALIAS, CLASS, DEFAULTDICT, LIBRARY_CLASS, LIST, REF

    with pytest.raises(NotSendable):
        CODEC.encode(collections.defaultdict(kit.MISSING))
    with pytest.raises(NotSendable):
        CODEC.encode(types.GenericAlias(kit.MISSING, (int,)))
    with pytest.raises(NotSendable):
        CODEC.encode(types.GenericAlias(list, (kit.MISSING,)))
    named = [LIBRARY_CLASS, 0]
    for body in (
        [DEFAULTDICT, named],
        [ALIAS, named, []],
        [LIST, named, [DEFAULTDICT, [REF, 1]]],
        [LIST, named, [ALIAS, [REF, 1], []]],
        [ALIAS, [CLASS, 1], [named]],
    ):
        data = msgspec.msgpack.encode((1, ("some_kit:MISSING", "builtins:list"), body))
        with pytest.raises(WireError, match=r"not callable here|no class of this seam"):
            CODEC.decode(data)


@pytest.mark.parametrize("change", [("limit", 2), ("more", len)], ids=["value", "function"])
def test_what_is_set_on_a_class_of_a_library_is_not_lost(kit, change) -> None:
    data, mine = CODEC.encode_tracked((kit.MISSING,), where=("cls",))
    (there,), theirs = CODEC.decode_tracked(data)
    there._cache = {}  # the library's own matter
    assert not theirs.changes()
    setattr(there, *change)

    with pytest.raises(Unrestorable, match="MISSING is each process's own"):
        theirs.changes()
    with pytest.raises(Unrestorable):
        mine.form(1).check(there, ((), (), (), ()))


def test_containers_of_libraries_that_only_have_items_cross(kit) -> None:
    shared = kit.Rows([1])
    value = {"meta": kit.Meta(filename="a", rows=shared), "rows": kit.Ordered(b=1, a=shared)}

    found = crossed(value)

    assert found == value
    assert [type(x) for x in found.values()] == [kit.Meta, kit.Ordered]
    assert type(found["rows"]["a"]) is kit.Rows
    assert found["rows"]["a"] is found["meta"]["rows"]


@pytest.mark.parametrize("name", ["Counted", "Filled", "Noted", "Copied", "Kept"])
def test_containers_of_libraries_that_may_have_more_do_not_cross(kit, name) -> None:
    with pytest.raises(NotSendable):
        CODEC.encode([getattr(kit, name)(*([{}] if name == "Filled" else []))])


def test_attributes_that_were_set_on_a_librarys_container_are_refused(kit) -> None:
    value = kit.Meta(a=1)
    value.line = 7

    with pytest.raises(NotSendable, match="it has attributes beside its items"):
        CODEC.encode(value)


@pytest.mark.parametrize("name", ["subprocess:Popen", "os:_Environ", "typing:Any", "http:nothing"])
def test_other_classes_of_the_standard_library_do_not(name) -> None:
    import msgspec

    from seamline.wire.marks import LOOSE, MEMBER

    for body in ([LOOSE, 0, [], []], [MEMBER, 0, "a"]):
        with pytest.raises((NotSendable, WireError)):
            CODEC.decode(msgspec.msgpack.encode((0, [f"{name}|"], body)))


class Settings(types.SimpleNamespace):
    pass


class Mapping(collections.UserDict):
    pass


OWN = Codec(TypeTable([__name__]))


@pytest.mark.parametrize(
    "value",
    [
        types.SimpleNamespace(a=1, rows=[2]),
        Settings(a=1, rows=[2]),
        collections.UserDict(a=[1]),
        collections.UserList([1, [2]]),
        collections.UserString("x"),
        collections.ChainMap({"a": [1]}, {"b": 2}),
        Mapping(a=[1]),
    ],
    ids=lambda value: type(value).__qualname__,
)
def test_shells_around_plain_values_cross(value) -> None:
    found, again = OWN.decode(OWN.encode([value, value]))

    assert type(found) is type(value)
    assert found == value
    assert found is again


def _changed(value, change):
    """What the caller has of a value after its host changed its own."""
    data, known = OWN.encode_tracked((value,), where=("value",))
    (copy,), host = OWN.decode_tracked(data)
    change(copy)
    changes = host.changes()
    OWN.decode_known(OWN.encode_known(None, host, changes, ["value"] * len(changes)), known)
    return value


def test_changes_of_their_attributes_are_made_at_the_caller() -> None:
    def fail(response) -> None:
        response.status_code = 404

    def add(settings) -> None:
        settings.b = settings.rows.append(3)
        del settings.a

    assert _changed(flask.Response("x"), fail).status_code == 404
    assert _changed(starlette.responses.Response("x"), fail).status_code == 404
    assert _changed(HttpResponse("x"), fail).status_code == 404
    assert _changed(Settings(a=1, rows=[2]), add) == Settings(rows=[2, 3], b=None)
    assert _changed(Mapping(a=1), lambda found: found.update(b=2)) == {"a": 1, "b": 2}
    assert _changed(Mapping(a=1), lambda found: setattr(found, "data", {})) == {}


def test_what_is_not_bound_to_the_running_request_does_not_cross() -> None:
    with pytest.raises(NotSendable, match="not the one that is active"):
        CODEC.encode(flask.Flask("elsewhere"))
    with pytest.raises(NotSendable, match="bound to nothing"):
        CODEC.encode(flask.request)


def test_what_is_bound_to_the_running_request_is_the_proxy_of_the_same_name() -> None:
    app = flask.Flask("here")
    app.secret_key = "secret"
    with app.test_request_context():
        values = [app, flask.current_app, flask.request, flask.session, flask.g]
        data = CODEC.encode(values)

        assert take_mentioned()
        assert not take_mentioned()

    found = CODEC.decode(data)

    assert all(map(lambda one, other: one is other, found, [
        flask.current_app, flask.current_app, flask.request, flask.session, flask.g
    ]))  # fmt: skip


def test_a_proxy_of_the_applications_own_is_what_it_stands_for() -> None:
    assert crossed(werkzeug.local.LocalProxy(lambda: ["a"])) == ["a"]


@pytest.mark.parametrize("name", ["flask:Flask", "os:environ", "flask:app", "quart:cli"])
def test_a_peer_cannot_name_other_objects(name) -> None:
    honest = CODEC.encode(1)
    assert honest

    with pytest.raises(WireError, match="cannot be decoded"):
        CODEC.decode(_message(name))


def _message(name: str) -> bytes:
    import msgspec

    from seamline.wire.marks import CONTEXT

    return msgspec.msgpack.encode((0, [name], [CONTEXT, 0]))


def test_a_framework_that_is_not_loaded_is_not_loaded_for_a_peer(monkeypatch) -> None:
    data = CODEC.encode(starlette.responses.PlainTextResponse("a"))
    monkeypatch.delitem(sys.modules, "starlette.responses")

    with pytest.raises(NotSendable, match="has not loaded its module; import it in the package"):
        Codec(TypeTable([])).decode(data)

    assert "starlette.responses" not in sys.modules


@pytest.mark.parametrize(
    ("value", "module"),
    [
        (werkzeug.datastructures.ImmutableMultiDict([("a", "1"), ("a", "2")]), "werkzeug"),
        (werkzeug.datastructures.Headers({"a": "1"}), "werkzeug"),
        (markupsafe.Markup("<b>"), "markupsafe"),
        (starlette.datastructures.QueryParams("a=1"), "starlette"),
    ],
    ids=lambda value: getattr(type(value), "__name__", ""),
)
def test_modules_of_plain_data_are_loaded_when_a_value_of_theirs_arrives(value, module) -> None:
    data = CODEC.encode(value)
    code = (
        "import sys; from seamline.wire import Codec, TypeTable\n"
        f"assert {module!r} not in sys.modules\n"
        f"value = Codec(TypeTable([])).decode({data!r})\n"
        "print(type(value).__module__, type(value).__qualname__, list(value))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    kind = type(value)
    assert done.stdout.strip() == f"{kind.__module__} {kind.__qualname__} {list(value)}", done

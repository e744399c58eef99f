"""The codec: what cannot cross is refused before anything is sent, and said how to mend."""

import asyncio
import email.message
import enum
import functools
import hashlib
import io
import itertools
import logging
import operator
import queue
import re
import socket
import sqlite3
import threading
import types
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Context
from typing import Any

import fastapi
import flask
import pytest
import sqlalchemy
import sqlalchemy.orm
import starlette.responses
import starlette.websockets
import werkzeug.datastructures
import werkzeug.local
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Q

from seamline.errors import NotSendable
from seamline.wire import Codec, TypeTable
from seamline.wire.marks import Refused
from seamline.wire.refusals import explain


@dataclass
class Row:
    author: Any


@dataclass
class Upload:
    path: str

    def __del__(self): ...


class Named(dict):
    def __del__(self): ...


class Mapped(sqlalchemy.orm.DeclarativeBase):
    pass


class Author(Mapped):
    __tablename__ = "author"
    id: sqlalchemy.orm.Mapped[int] = sqlalchemy.orm.mapped_column(primary_key=True)


class Plain:
    def __init__(self):
        self.name = "x"

    def method(self): ...

    def __repr__(self):
        raise AssertionError("a refusal must not run the application's code")


class Suit(enum.Enum):
    HEARTS = 1


def local():
    class Local(enum.Enum):
        RED = 1

    return Local


Local = local()


def generator():
    yield 1


async def coroutine(): ...


CODEC = Codec(TypeTable([__name__]))


def refusal(value, where="result"):
    return refusal_of(CODEC, value, where)


def refusal_of(codec, value, where="result"):
    with pytest.raises(NotSendable) as caught:
        codec.encode(value, where=where)
    return caught.value


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        pytest.param(lambda: Author(id=1), "Author", "send its primary key", id="orm instance"),
        pytest.param(sqlalchemy.orm.Session, "Session", "database session", id="session"),
        pytest.param(
            lambda: sqlalchemy.create_engine("sqlite://"),
            "Engine",
            "on the other side",
            id="engine",
        ),
        pytest.param(
            lambda: flask.Request({}), "Request", "the process that serves it", id="flask request"
        ),
        pytest.param(
            lambda: starlette.websockets.WebSocket({"type": "websocket"}, None, None),
            "WebSocket",
            "the process that serves it",
            id="starlette websocket",
        ),
        pytest.param(
            lambda: starlette.responses.StreamingResponse([]),
            "StreamingResponse",
            "return the data",
            id="streaming response",
        ),
        pytest.param(lambda: flask.Flask("x"), "Flask", "current_app", id="flask application"),
        pytest.param(io.BytesIO, "BytesIO", "content or its path", id="file in memory"),
        pytest.param(threading.Lock, "_thread.lock", "one process only", id="lock"),
        pytest.param(threading.Event, "threading.Event", "one process only", id="event"),
        pytest.param(asyncio.Lock, "asyncio.locks.Lock", "one process only", id="asyncio lock"),
        pytest.param(lambda: types, "the module types", "import the module", id="module"),
        pytest.param(generator, "generator", "stream", id="generator"),
        pytest.param(lambda: map(str, []), "builtins.map", "stream", id="iterator"),
        pytest.param(lambda: lambda: None, "<lambda>", r"services\.NAME\.local", id="lambda"),
        pytest.param(
            lambda: Plain().method, "Plain.method", r"services\.NAME\.local", id="bound method"
        ),
        pytest.param(lambda: len, "builtins.len", r"services\.NAME\.local", id="builtin function"),
        pytest.param(
            lambda: functools.partial(print), "partial", r"services\.NAME\.local", id="partial"
        ),
        pytest.param(lambda: io.BytesIO.__mro__[0], "the class _io.BytesIO", "values", id="class"),
        pytest.param(Plain, "Plain", "make its class a dataclass", id="plain instance"),
        pytest.param(lambda: Upload("x"), "Upload", "__del__ would run for the copy", id="end"),
        pytest.param(Named, "Named", "__del__ would run for the copy", id="end of a container"),
        pytest.param(object, "a builtins.object", "dataclass", id="marker of no module"),
        pytest.param(lambda: re.match("a", "a"), "re.Match", r"groupdict\(\)", id="match"),
        pytest.param(lambda: types.MappingProxyType({}), "mappingproxy", "dict", id="proxy"),
        pytest.param(lambda: {}.keys(), "dict_keys", r"list\(value\)", id="keys of a dict"),
        pytest.param(lambda: iter([1]), "list_iterator", "a list of what it yields", id="iter"),
        pytest.param(itertools.count, "itertools.count", "a list of what it yields", id="count"),
        pytest.param(
            lambda: operator.itemgetter(1), "itemgetter", "call it and send", id="itemgetter"
        ),
        pytest.param(queue.Queue, "queue.Queue", "a list of what it holds", id="queue"),
        pytest.param(asyncio.Queue, "asyncio.queues", "a list of what it holds", id="async queue"),
        pytest.param(lambda: hashlib.sha256(b"x"), "HASH", r"hexdigest\(\)", id="hash"),
        pytest.param(email.message.EmailMessage, "EmailMessage", r"as_bytes\(\)", id="mail"),
        pytest.param(lambda: logging.makeLogRecord({}), "LogRecord", "the values", id="record"),
        pytest.param(lambda: Context(prec=3), "decimal.Context", "not the application's", id="C"),
        pytest.param(lambda: date(2024, 1, 1).isocalendar(), "Iso", "the values you", id="week"),
        pytest.param(
            lambda: sqlalchemy.text("x"), "TextClause", "build it on the", id="statement"
        ),
        pytest.param(
            lambda: sqlalchemy.make_url("sqlite://"), "url.URL", "render_as_string", id="address"
        ),
        pytest.param(
            lambda: werkzeug.datastructures.FileStorage(io.BytesIO()),
            "FileStorage",
            "its bytes and its name",
            id="upload of werkzeug",
        ),
        pytest.param(lambda: Q(a=1), "query_utils.Q", "make it where the query is", id="Q"),
        pytest.param(
            lambda: fastapi.UploadFile(io.BytesIO()),
            "UploadFile",
            "its bytes and its name",
            id="upload of fastapi",
        ),
        pytest.param(
            lambda: SimpleUploadedFile("a", b"x"), "SimpleUploadedFile", "its bytes", id="django's"
        ),
        pytest.param(lambda: Local.RED, "Local", "at the top of a module", id="enum inside"),
        pytest.param(
            lambda: memoryview(b"abcd")[::2], "memoryview", "not contiguous", id="strided view"
        ),
    ],
)
def test_a_refusal_names_the_type_and_the_remedy(make, kind, words):
    error = refusal([make()])

    assert error.path == "result[0]"
    assert re.match(r"result\[0\] is (a|the) ", str(error))
    assert kind in str(error)
    assert re.search(words, str(error))


def test_sockets_connections_coroutines_and_numpy_objects_are_refused():
    import numpy as np

    with socket.socket() as opened:
        assert "belongs to one process" in str(refusal(opened))
    connection = sqlite3.connect(":memory:")
    assert "open one on the other side" in str(refusal(connection))
    connection.close()
    waiting = coroutine()
    assert "await it first" in str(refusal(waiting))
    waiting.close()
    assert "holds Python objects" in str(refusal(np.array([object()])))


def test_a_row_of_sqlite_is_no_connection():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    row = connection.execute("select 1 as a").fetchone()
    connection.close()

    assert "a tuple or a dict of the row" in str(refusal(row))


def test_an_enum_that_is_not_of_the_application_can_be_named():
    error = refusal_of(Codec(TypeTable([])), Suit.HEARTS)

    assert "name its class in the annotations" in str(error)


LOCK = threading.Lock()
NAMES = ("rows", "options")


class Own(tzinfo):
    def utcoffset(self, _moment):
        return None


OWN = Own()


@pytest.mark.parametrize(
    ("value", "where", "path"),
    [
        pytest.param(LOCK, "result", "result", id="the whole result"),
        pytest.param([[], [LOCK]], "result", "result[1][0]", id="lists"),
        pytest.param(([1, Row(LOCK)], {}), NAMES, "rows[1].author", id="argument"),
        pytest.param(([], {"a b": {1: LOCK}}), NAMES, "options['a b'][1]", id="keys"),
        pytest.param((([], {"a": (LOCK,)}), (), {}), NAMES, "options['a'][0]", id="call"),
        pytest.param((([], {}), (1, LOCK), {}), NAMES, "*args[1]", id="variadic argument"),
        pytest.param((([], {}), (), {"more": [LOCK]}), NAMES, "more[0]", id="keyword"),
        pytest.param({"x": {Row: {1, LOCK}}}, "result", "result['x'][type] (a member)", id="set"),
        pytest.param(slice(LOCK), "result", "result.stop", id="slice"),
        pytest.param(([datetime(2024, 1, 1, tzinfo=OWN)], {}), NAMES, "rows[0].tzinfo", id="zone"),
        pytest.param({(1, LOCK): 2}, "result", "result (key tuple)[1]", id="inside a key"),
    ],
)
def test_a_refusal_says_where_the_value_is(value, where, path):
    assert refusal(value, where).path == path


def test_arguments_are_called_arguments():
    assert str(refusal(([LOCK], {}), NAMES)).startswith("argument rows[0] is a _thread.lock,")


def test_what_is_held_out_of_sight_is_said_to_be_in_the_arguments():
    error = explain(Refused(LOCK), ([1], {}), NAMES)

    assert str(error).startswith("something in the arguments is a _thread.lock,")
    assert error.path == ""


def test_a_long_path_is_cut_in_the_middle():
    value = LOCK
    for _ in range(100):
        value = {"key": value}

    error = refusal(value)

    assert len(error.path) < 200
    assert "..." in error.path


def test_a_tuple_in_a_cycle_is_refused():
    inner = []
    inner.append((inner,))
    outer = (inner,)
    inner.append(outer)

    assert "contains itself" in str(refusal(outer))


def test_depth_is_bounded_when_sending():
    deep = []
    for _ in range(198):
        deep = [deep]
    CODEC.encode(deep)

    assert "nest too deeply" in str(refusal([[deep]]))


def test_endless_depth_is_refused_without_exhausting_the_stack():
    deep = ()
    for _ in range(100_000):
        deep = (deep, [])

    assert "nest too deeply" in str(refusal(deep))


def test_items_are_bounded_when_sending():
    codec = Codec(TypeTable([]), items=1000)

    codec.encode(list(range(900)))
    codec.encode(bytes(5000))
    codec.encode(["x" * 5000])

    with pytest.raises(NotSendable, match="more than 1000 items; send less at a time"):
        codec.encode([[1] * 600, [2] * 600])


def test_a_refused_message_leaves_the_codec_usable():
    refusal([LOCK])

    assert CODEC.decode(CODEC.encode([1])) == [1]


def test_a_proxy_that_says_it_is_a_dict_is_not_taken_for_one():
    proxy = werkzeug.local.LocalProxy(lambda: {"lock": threading.Lock()})

    assert "something in result is a _thread.lock" in str(refusal([proxy, threading.Lock()]))
    assert "something in result is a _thread.lock" in str(refusal([proxy]))


def test_a_class_without_a_module_is_refused_as_others_are():
    made = type("Made", (), {"__module__": None, "__slots__": ("lock",)})

    assert "Made" in str(refusal(made()))

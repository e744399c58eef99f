"""seamline.wire.pydantics: what pydantic makes beside models keeps its class, and its secret."""

import logging
import sys
import threading
import traceback
from typing import Any

import msgspec
import pydantic
import pytest
from hypothesis import given, strategies as st
from pydantic import networks
from pydantic_core import MultiHostUrl, Url

from seamline.errors import NotSendable, WireError
from seamline.wire import Codec, TypeTable
from seamline.wire.marks import URL


class ApiKey(pydantic.SecretStr):
    pass


class Account(pydantic.BaseModel):
    home: pydantic.HttpUrl
    database: pydantic.PostgresDsn
    password: pydantic.SecretStr
    key: ApiKey


CODEC = Codec(TypeTable([__name__]))
STRANGER = Codec(TypeTable([]))
TEXTS = {
    "HttpUrl": "http://user:word@£££.example:8080/ä?q=ü#f",
    "AnyUrl": "data:text,hi",
    "AnyHttpUrl": "https://a.example",
    "AnyWebsocketUrl": "wss://a.example/x",
    "WebsocketUrl": "ws://a.example/x",
    "FileUrl": "file:///a b",
    "FtpUrl": "ftp://a.example/x",
    "PostgresDsn": "postgres://u:p@one.example:1,two.example:2/db",
    "CockroachDsn": "cockroachdb://u@h:1/db",
    "AmqpDsn": "amqp://u:p@h/v",
    "RedisDsn": "redis://:p@h:1/0",
    "MongoDsn": "mongodb://u:p@one:1,two:2/db",
    "KafkaDsn": "kafka://h:1",
    "NatsDsn": "nats://u:p@one:1,two:2",
    "MySQLDsn": "mysql://u:p@h/db",
    "MariaDBDsn": "mariadb://u:p@h/db",
    "ClickHouseDsn": "clickhouse+http://u:p@h/db",
    "SnowflakeDsn": "snowflake://u:p@account/db",
}
WORDS = st.text("ab%/:@?#.ä ", max_size=8)


def crossed(value: Any, codec: Codec = CODEC) -> Any:
    return codec.decode(codec.encode(value))


@pytest.mark.parametrize("name", TEXTS)
def test_an_address_keeps_its_class_and_its_parts(name: str) -> None:
    address = getattr(networks, name)(TEXTS[name])

    one, other = crossed([address, address], STRANGER)

    assert type(one) is type(address)
    assert one == address
    assert hash(one) == hash(address)
    assert str(one) == str(address)
    assert one is other


def test_every_address_of_pydantic_is_among_those() -> None:
    known = {
        name
        for name, found in vars(networks).items()
        if isinstance(found, type)
        and found.__module__ == networks.__name__
        and issubclass(found, networks._BaseUrl | networks._BaseMultiHostUrl)
        and not name.startswith("_")
    }

    assert known == set(TEXTS)


@given(host=st.text("ab.-ä", min_size=1, max_size=8), rest=WORDS, kind=st.sampled_from([0, 1]))
def test_what_the_core_reads_is_read_again_the_same(host: str, rest: str, kind: int) -> None:
    try:
        address = (Url, MultiHostUrl)[kind](f"http://{host}/{rest}")
    except ValueError:
        return

    arrived = crossed(address)

    assert type(arrived) is type(address)
    assert arrived == address
    assert str(arrived) == str(address)


def test_an_address_whose_path_is_kept_empty_stays_empty() -> None:
    address = Url("http://a.example", preserve_empty_path=True)

    assert str(crossed(address)) == "http://a.example"
    assert crossed(address) == address


@given(text=st.text(), data=st.binary())
def test_secrets_keep_their_class_and_what_they_hide(text: str, data: bytes) -> None:
    values = [pydantic.SecretStr(text), pydantic.SecretBytes(data), ApiKey(text)]

    arrived = crossed(values)

    assert arrived == values
    assert [*map(type, arrived)] == [*map(type, values)]
    assert [x.get_secret_value() for x in arrived] == [text, data, text]


def test_models_with_addresses_and_secrets_cross() -> None:
    account = Account(
        home=pydantic.HttpUrl("http://a.example"),
        database=pydantic.PostgresDsn("postgres://u:p@h/db"),
        password=pydantic.SecretStr("hunter2"),
        key=ApiKey("k"),
    )

    assert crossed(account) == account
    assert crossed(account).password.get_secret_value() == "hunter2"


def test_no_refusal_says_what_was_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    word = "HUNTER2".lower()  # a traceback shows the line as it is written
    values = [pydantic.SecretStr(word), pydantic.Secret[Any]([threading.Lock(), word])]

    with pytest.raises(NotSendable) as refused:
        CODEC.encode(values)

    said = "".join(traceback.format_exception(refused.value)) + caplog.text
    assert "is a _thread.lock" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "parts",
    [
        (0, 0, "postgres://hunter2@[/"),
        (1, 0, "hunter2"),
        (2, 0, "http://hunter2"),
        (0, 9, "http://hunter2"),
        (-1, 0, "http://hunter2"),
        (0, 0, 5),
        (True, 0, "http://hunter2"),
        (0, 0),
    ],
)
def test_an_address_that_is_none_is_the_peers_error_and_is_not_told(parts: Any) -> None:
    data = msgspec.msgpack.encode((0, (), (URL, *parts)))

    with pytest.raises(WireError) as caught:
        CODEC.decode(data)

    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_pydantic_is_not_loaded_to_write_other_values(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [x for x in sys.modules if x.partition(".")[0].startswith("pydantic")]:
        monkeypatch.delitem(sys.modules, name)

    with pytest.raises(NotSendable):
        Codec(TypeTable([])).encode(object())

    assert "pydantic_core" not in sys.modules

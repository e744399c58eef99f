"""seamline.wire.libraries: what a value needs is loaded where it arrives, by fixed names."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import pydantic
import pydantic_core
import pytest
import pytz
from dateutil import tz

from seamline.errors import NotSendable, WireError
from seamline.wire import Codec, TypeTable
from seamline.wire.libraries import load_library
from seamline.wire.marks import NDARRAY

CODEC = Codec(TypeTable([]))
VALUES = {
    "numpy": [np.arange(3.0), np.float64(1.5)],
    "dateutil": [datetime(2024, 1, 1, tzinfo=tz.tzutc())],
    "pytz": [datetime(2024, 1, 1, tzinfo=pytz.utc)],
    "pydantic.networks": [pydantic.AnyUrl("http://a.example")],
    "pydantic_core": [pydantic_core.Url("http://a.example")],
    "pydantic.types": [pydantic.SecretStr("x")],
}
_READ = """
import sys
from seamline.wire import Codec, TypeTable
name = sys.argv[1]
assert name not in sys.modules, f"{name} is loaded by Seamline"
value = Codec(TypeTable([])).decode(bytes.fromhex(sys.argv[2]))
assert name in sys.modules
print(repr(value))
"""


@pytest.mark.processes
@pytest.mark.parametrize("name", VALUES)
def test_a_library_is_loaded_when_a_value_of_it_arrives(name: str, tmp_path: Path) -> None:
    data = CODEC.encode(VALUES[name]).hex()

    read = subprocess.run(
        [sys.executable, "-c", _READ, name, data],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert read.stdout.strip() == repr(VALUES[name]), read.stderr


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("tracked", [False, True], ids=["plain", "tracked"])
def test_a_library_that_is_missing_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, name: str, tracked: bool
) -> None:
    data = CODEC.encode(VALUES[name])
    for module in [x for x in sys.modules if x == name or x.startswith(f"{name}.")]:
        monkeypatch.setitem(sys.modules, module, None)
    codec = Codec(TypeTable([]))

    with pytest.raises(NotSendable, match=r"cannot load it .*; install .* or send plain values"):
        codec.decode_tracked(data) if tracked else codec.decode(data)


def test_the_remedy_says_what_to_install_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dateutil.tz", None)

    with pytest.raises(NotSendable, match="install python-dateutil for ") as caught:
        load_library("dateutil.tz")

    assert sys.executable in str(caught.value)


@pytest.mark.parametrize("text", ["os", "os.system", "[('a', 'subprocess')]", "numpy.f2py"])
def test_nothing_is_loaded_because_a_peer_names_it(text: str) -> None:
    before = set(sys.modules)

    with pytest.raises(WireError):
        CODEC.decode(msgspec.msgpack.encode((0, (), (NDARRAY, text, (), "C", b"", True))))

    assert set(sys.modules) == before

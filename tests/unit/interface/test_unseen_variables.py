"""Context variables that one process sets and another one reads, and no call carries."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

from seamline.interface import PackageService

Read = Callable[..., Reading]
LIB = """
from contextvars import ContextVar
from app.ctx import zone, set_zone, unset_zone
SEEN = []
def begin(name):
    SEEN.append(name)
    {begins}
def counted(time):
    SEEN.append(time)
    return {looks}
def _deep():
    return zone.get()
def _in(name):
    set_zone(name)
    return _deep()
"""
CTX = """
from contextvars import ContextVar
zone = ContextVar("zone", default="UTC")
def set_zone(name):
    zone.set(name)
def unset_zone(token):
    zone.reset(token)
def current():
    found = zone.get()
    if found is None:
        zone.set(found := "made")
    return found
"""
SETS_BACK = (
    "token = ctx.zone.set(name)\n    found = {call}\n    ctx.zone.reset(token)\n    return found"
)
# In the functions of the package, what the web does, and what is found.
WAYS = {
    "set outside": ("pass", "zone.get()", "ctx.zone.set(name)\n    return lib.counted(1)", "page"),
    "set by a function": ("pass", "_deep()", "ctx.set_zone(name)\n    return lib.counted(1)",
                          "set_zone"),
    "set back": ("pass", "zone.get()", SETS_BACK.format(call="lib.counted(1)"), "page"),
    "left by the host": ("zone.set(name)", "1", "lib.begin(name)\n    return ctx.zone.get()",
                         "begin"),
    "left deep in the host": ("_in(name)", "1", "lib.begin(name)\n    return ctx.zone.get()",
                              "begin"),
    "read in another call": ("zone.set(name)", "zone.get()",
                             "lib.begin(name)\n    return lib.counted(1)", "begin"),
}  # fmt: skip
KEPT = {
    "nobody reads there": ("pass", "1", SETS_BACK.format(call="lib.counted(1)")),
    "another call": ("pass", "zone.get()", SETS_BACK.format(call="2") + "\ndef other():\n"
                     "    return lib.counted(1)"),
    "the host sets its own": ("pass", "_in('EST')", SETS_BACK.format(call="lib.counted(1)")),
    "put back by a function": ("token = set_zone(name)\n    unset_zone(token)", "1",
                               "lib.begin(name)\n    return ctx.zone.get()"),
    "made where it is needed": ("__import__('app.ctx').ctx.current()", "zone.get()",
                                "ctx.current()\n    return lib.counted(1)"),
}  # fmt: skip


def _files(begins: str, looks: str, does: str) -> dict[str, str]:
    web = f"from app import ctx, lib\ndef page(name):\n    {does}\n"
    return {"app/ctx.py": CTX, "app/lib.py": LIB.format(begins=begins, looks=looks),
            "app/web.py": web}  # fmt: skip


def _found(reading: Reading) -> list[str]:
    return [f.message for f in reading.analysis.findings
            if f.code == "state-elsewhere" and f.severity == "error"]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_what_is_set_in_one_process_and_read_in_another_is_an_error(read: Read, way: str) -> None:
    *files, setter = WAYS[way]
    (found,) = _found(read(_files(*files), "app.lib"))

    assert f".{setter} sets it" in found


@pytest.mark.parametrize("way", KEPT)
def test_what_may_be_one_value_is_no_error(read: Read, way: str) -> None:
    assert _found(read(_files(*KEPT[way]), "app.lib")) == []


def test_what_is_carried_is_no_error(read: Read) -> None:
    service = PackageService(service="lib", package="app.lib", carry=("app.ctx:zone",))
    reading = read(_files(*WAYS["set outside"][:3]), services=[service])

    assert _found(reading) == []


def test_what_only_a_test_sets_is_no_error(read: Read) -> None:
    files = _files(*KEPT["another call"])
    files["tests/test_zone.py"] = (
        "from app import ctx, lib\ndef test_it():\n    ctx.zone.set('a')\n    lib.counted(1)\n"
    )

    assert _found(read(files, "app.lib")) == []

"""Functions that use the application's own context variables, which no call carries."""

import pytest

from seamline.interface import PackageService

LIB = """
import hashlib
from contextvars import ContextVar
zone = ContextVar("zone", default="UTC")
SEEN = []
def set_zone(name):
    hashlib.md5(b"")
    zone.set(name)
def shown(time):
    hashlib.md5(b"")
    return time, zone.get()
def report(times):
    return [shown(time) for time in times]
def counted(time):
    SEEN.append(time)
    return zone.get()
def other(time):
    return hashlib.md5(time).hexdigest()
"""
WITHIN = """
import hashlib
from contextvars import ContextVar
zone = ContextVar("zone", default="UTC")
def shown(time):
    hashlib.md5(b"")
    return time, zone.get()
def shown_in(name, time):
    token = zone.set(name)
    try:
        return shown(time)
    finally:
        zone.reset(token)
"""


def _files(lib: str, use: str) -> dict[str, str]:
    return {"app/lib.py": lib, "app/web.py": f"from app import lib\ndef page():\n    {use}\n"}


@pytest.mark.parametrize("name", ["set_zone", "shown", "report"])
def test_what_uses_it_stays_with_its_caller(read, name: str) -> None:
    reading = read(_files(LIB, f"return lib.{name}('a')"), "app.lib")

    assert reading.verdict(f"app.lib.{name}") == "local"
    assert "app.lib.zone (app/lib.py:" in reading.functions[f"app.lib.{name}"].reason


@pytest.mark.parametrize("name", ["counted", "other"])
def test_what_needs_its_host_or_uses_none_is_remote(read, name: str) -> None:
    assert read(_files(LIB, f"return lib.{name}('a')"), "app.lib").verdict(f"app.lib.{name}") == (
        "remote"
    )


def test_what_a_call_carries_is_used_on_the_host(read) -> None:
    service = PackageService(service="lib", package="app.lib", carry=("app.lib:zone",))
    reading = read(_files(LIB, "return lib.shown('a')"), services=[service])

    assert reading.verdict("app.lib.shown") == "remote"


def test_what_is_set_and_put_back_within_a_call_needs_no_caller(read) -> None:
    reading = read(_files(WITHIN, "return lib.shown_in('CET', 1)"), "app.lib")

    assert reading.verdict("app.lib.shown_in") == "remote"


def test_what_sets_it_for_its_callees_only_is_remote(read) -> None:
    lib = WITHIN + "def set_zone(name):\n    zone.set(name)\n"
    reading = read(_files(lib, "return lib.shown_in('CET', 1)"), "app.lib")

    assert reading.verdict("app.lib.shown_in") == "remote"
    assert reading.verdict("app.lib.shown") == "local"

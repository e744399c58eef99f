"""Functions that read what a middleware of a library keeps for the request."""

from pathlib import Path

import pytest

from seamline.interface import PackageService

KIT = """
import threading
from contextvars import ContextVar
_local = threading.local()
tenant = ContextVar("tenant", default=None)
class Manager(threading.local):
    def get(self): ...
    def push(self, one): ...
manager = Manager()
class Middleware:
    def __call__(self, request):
        _local.request = request
def get_request():
    return getattr(_local, "request", None)
def get_user():
    return get_request().user
def get_top():
    return manager.get()["request"]
def get_tenant():
    return tenant.get()
def set_request(one):
    _local.request = one
def acting(user):
    old = get_user()
    set_request(user)
def connection():
    if not hasattr(_local, "connection"):
        _local.connection = object()
    return _local.connection
def shout(text):
    return text.upper()
class Proxy:
    def __getattr__(self, name):
        return getattr(_local.request, name)
request = Proxy()
class Kept:
    context = threading.local()
    @classmethod
    def get(cls):
        return cls.context.user
"""
READS = {
    "a thread-local": ("kit.get_request().path", "kit._local"),
    "by a helper": ("kit.get_user()", "kit._local"),
    "a class of thread-locals": ("kit.get_top()", "kit.manager"),
    "a context variable": ("kit.get_tenant()", "kit.tenant"),
    "the variable": ("kit.tenant.get()", "kit.tenant"),
    "a proxy": ("kit.request.path", "kit._local"),
    "of a class": ("kit.Kept.context.user", "kit.Kept.context"),
    "a class method": ("kit.Kept.get()", "kit.Kept.context"),
    "re-exported": ("kits.get_request()", "kit._local"),
    "a module that looks up": ("kits.context.user", "kits.context._local"),
    "another name": ("current.path", "kit._local"),
    "through another": ("inner()", "kit._local"),
}
#: What sets it, what is made for each thread, and what has nothing to do with it.
OTHERS = ("set_request(1)", "acting(1)", "connection()", "shout('a')", "tenant.set(1)", "Kept()")


@pytest.fixture
def libraries(tmp_path: Path) -> Path:
    """Return where the libraries of the tests are installed."""
    for name, text in {
        "kit.py": KIT,
        "kits/__init__.py": "from kit import get_request\nfrom kits import middleware\n",
        "kits/context.py": (
            "import threading\n_local = threading.local()\n"
            "def __getattr__(name):\n    return getattr(_local, name)\n"
        ),
        # It has nothing to do with requests: what it keeps is its own matter.
        "numbers_kit.py": (
            "import threading\n_state = threading.local()\ndef options():\n    return _state.all\n"
        ),
    }.items():
        path = tmp_path / "site-packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "site-packages"


def _files(use: str, head: str = "") -> dict[str, str]:
    lib = (
        f"import hashlib, kit, kits, numbers_kit\n{head}current = kit.request\n"
        "def inner():\n    return kit.get_request()\n"
        f"def shown():\n    hashlib.md5(b'')\n    {use}\n"
    )
    web = "import lib\ndef page():\n    return lib.shown()\n"
    return {"app/lib.py": lib, "app/web.py": web.replace("import lib", "from app import lib")}


@pytest.mark.parametrize(("use", "variable"), READS.values(), ids=READS)
def test_what_reads_it_stays_with_its_caller(read, libraries, use: str, variable: str) -> None:
    reading = read(_files(f"return {use}"), "app.lib", search_path=[libraries])

    shown = reading.functions["app.lib.shown"]
    assert shown.verdict.value == "local"
    assert f"reads {variable}" in shown.reason
    assert "(app/lib.py:" in shown.reason


def test_what_sets_an_answer_there_stays_with_its_caller(read, libraries) -> None:
    files = _files("kit.request.headers['a'] = 1")

    assert read(files, "app.lib", search_path=[libraries]).verdict("app.lib.shown") == "local"


@pytest.mark.parametrize("use", [*(f"kit.{one}" for one in OTHERS), "numbers_kit.options()"])
def test_what_only_sets_it_or_is_none_of_a_request_is_remote(read, libraries, use: str) -> None:
    reading = read(_files(f"return {use}"), "app.lib", search_path=[libraries])

    assert "reads" not in reading.functions["app.lib.shown"].reason
    assert reading.findings("state-elsewhere") == []


@pytest.mark.parametrize("name", ["flask", "django", "sqlalchemy", "structlog"])
def test_what_travels_or_is_each_process_own_is_left_alone(
    read, libraries: Path, name: str
) -> None:
    (libraries / f"{name}.py").write_text(KIT)
    files = _files("return their.get_tenant()", f"import {name} as their\n")

    reading = read(files, "app.lib", search_path=[libraries])

    assert "reads" not in reading.functions["app.lib.shown"].reason


@pytest.mark.parametrize(
    "use",
    [
        "kit.set_request(1)\n    return SEEN, kit.get_user()",
        "kit.set_request(1)\n    return SEEN, inner()",
        "kit.tenant.set(1)\n    return SEEN, kit.get_tenant()",
        "with kit.Acting(1):\n        return SEEN, kit.get_user()",
        "with kit.Acting(1):\n        return SEEN, inner()",
    ],
)
def test_what_sets_and_reads_it_has_its_own(read, libraries: Path, use: str) -> None:
    files = _files(use, "SEEN = []\ndef see():\n    SEEN.append(1)\n")

    reading = read(files, "app.lib", search_path=[libraries])

    assert reading.verdict("app.lib.shown") == "remote"
    assert reading.findings("state-elsewhere") == []


def test_what_needs_its_host_and_the_request_is_an_error(read, libraries) -> None:
    files = _files("SEEN.append(kit.get_user())", "SEEN = []\n")

    reading = read(files, "app.lib", search_path=[libraries])

    assert reading.verdict("app.lib.shown") == "remote"
    assert reading.findings("state-elsewhere") == [("error", "app/lib.py", 6)]


def test_what_a_call_carries_is_read_on_the_host(read, libraries) -> None:
    service = PackageService(service="lib", package="app.lib", carry=("kit:tenant",))

    reading = read(_files("return kit.get_tenant()"), services=[service], search_path=[libraries])

    assert reading.verdict("app.lib.shown") == "remote"


def test_what_is_asked_by_signals_is_known_by_name(read, libraries: Path) -> None:
    (libraries / "crum.py").write_text("def get_current_user(): ...\n")
    files = _files("return crum.get_current_user()", "import crum\n")

    reading = read(files, "app.lib", search_path=[libraries])

    assert reading.verdict("app.lib.shown") == "local"

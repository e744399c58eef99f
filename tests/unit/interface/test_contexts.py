"""Context variables, thread-local objects and locks that somebody holds over a call."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

from seamline.interface import PackageService

Read = Callable[..., Reading]
TENANTS = """
import asyncio, contextlib, threading
from contextvars import ContextVar
now = ContextVar("now", default="public")
here = threading.local()
ROWS = []

{holder}

def table():
    ROWS.append(1)
    return {read}

def count(n):
    ROWS.append(n)
    return len(ROWS)
"""
MANAGER = """
@contextlib.contextmanager
def tenant(name):
    token = now.set(name)
    try:
        yield name
    finally:
        now.reset(token)
"""
GENERATOR = MANAGER.replace("@contextlib.contextmanager", "")
ASYNCHRONOUS = MANAGER.replace("contextmanager", "asynccontextmanager").replace("def", "async def")
BY_HELPERS = """
def _begin(name):
    return now.set(name)

@contextlib.contextmanager
def tenant(name):
    token = _begin(name)
    yield
    now.reset(token)
"""
NESTED = (
    MANAGER.replace("tenant", "_tenant")
    + """
@contextlib.contextmanager
def tenant(name):
    with _tenant(name):
        yield
"""
)
CLASS = """
class tenant:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.token = now.set(self.name)

    def __exit__(self, *_):
        now.reset(self.token)
"""
ON_CLASS = CLASS.replace("class tenant:", "class tenant:\n    var = ContextVar('x')").replace(
    "now.", "tenant.var."
)
THREAD = """
@contextlib.contextmanager
def tenant(name):
    here.name = name
    try:
        yield
    finally:
        del here.name
"""
USE = """
from app import tenants

def where(name):
    with tenants.tenant(name):
        return tenants.table()
"""


def _errors(reading: Reading) -> list[str]:
    return [f.severity.value for f in reading.analysis.findings if f.code == "state-elsewhere"]


@pytest.mark.parametrize(
    ("holder", "looks"),
    [
        (MANAGER, "now.get()"),
        (GENERATOR, "now.get()"),
        (ASYNCHRONOUS, "now.get()"),
        (BY_HELPERS, "now.get()"),
        (NESTED, "_deep()\n\ndef _deep():\n    return now.get()"),
        (CLASS, "now.get()"),
        (CLASS.replace("enter", "aenter").replace("def", "async def"), "now.get()"),
        (ON_CLASS, "tenant.var.get()"),
        (ON_CLASS.replace("tenant.var", "self.var"), "tenant.var.get()"),
        (THREAD, "getattr(here, 'name', '')"),
        (THREAD, "here.name"),
    ],
)
def test_what_is_held_around_a_block_of_the_caller_is_an_error(
    read: Read, holder: str, looks: str
) -> None:
    source = TENANTS.format(holder=holder, read=looks)

    reading = read(
        {"app/__init__.py": "", "app/tenants.py": source, "app/use.py": USE}, "app.tenants"
    )

    assert _errors(reading) == ["error"]


def test_what_is_held_over_a_yield_and_carried_is_none(read: Read) -> None:
    source = TENANTS.format(holder=MANAGER, read="now.get()")
    service = PackageService(service="t", package="app.tenants", carry=("app.tenants:now",))

    reading = read(
        {"app/__init__.py": "", "app/tenants.py": source, "app/use.py": USE}, services=[service]
    )

    assert _errors(reading) == []


def test_what_nobody_reads_on_the_host_may_be_held(read: Read) -> None:
    source = TENANTS.format(holder=MANAGER + "\ndef current():\n    return now.get()", read="1")

    reading = read(
        {"app/__init__.py": "", "app/tenants.py": source, "app/use.py": USE}, "app.tenants"
    )

    assert "error" not in _errors(reading)


def test_what_is_held_inside_a_function_of_the_host_is_seen_there(read: Read) -> None:
    inner = MANAGER.replace("tenant", "_tenant")
    inner += "\ndef both():\n    with _tenant('a'):\n        return table()\n"
    use = "from app import tenants\n\ndef where():\n    return tenants.both(), tenants.count(1)\n"
    source = TENANTS.format(holder=inner, read="now.get()")

    reading = read(
        {"app/__init__.py": "", "app/tenants.py": source, "app/use.py": use}, "app.tenants"
    )

    assert _errors(reading) == []


def test_a_variable_in_an_instance_is_held(read: Read) -> None:
    source = """
    from contextvars import ContextVar
    SEEN = []
    class Scopes:
        def __init__(self):
            self.now = ContextVar("now", default="")
        def __enter__(self):
            self.now.set("inside")
        def __exit__(self, *_):
            self.now.set("")
        def look(self):
            return self.now.get()
    scopes = Scopes()
    def path():
        SEEN.append(1)
        return scopes.look()
    """
    use = "from app import tenants\n\ndef at():\n    with tenants.Scopes():\n        "
    use += "return tenants.path()\n"

    reading = read(
        {"app/__init__.py": "", "app/tenants.py": source, "app/use.py": use}, "app.tenants"
    )

    (finding,) = (f for f in reading.analysis.findings if f.code == "state-elsewhere")
    assert finding.severity.value == "error"
    # Not only that one process sets it and another reads it, which is said elsewhere.
    assert "Scopes.__enter__ holds it around the block of its caller" in finding.message


def test_a_variable_of_a_module_of_no_service_is_held(read: Read) -> None:
    context = "import contextlib\nfrom contextvars import ContextVar\nnow = ContextVar('now')\n"
    context += MANAGER + "\ndef current():\n    return now.get()\n"
    rows = "from app import ctx\nROWS = []\ndef table():\n    ROWS.append(1)\n"
    rows += "    return ctx.current()\n"
    use = "from app import ctx, rows\ndef where():\n    with ctx.tenant('a'):\n"
    use += "        return rows.table()\n"
    files = {"app/__init__.py": "", "app/ctx.py": context, "app/rows.py": rows, "app/use.py": use}

    assert _errors(read(files, "app.rows")) == ["error"]


LOCKS = """
import contextlib, threading
LOCK = threading.{kind}()
ROWS = []

@contextlib.contextmanager
def locked():
    with LOCK:
        yield

def put(x):
    with LOCK:
        ROWS.append(x)
        return len(ROWS)
"""


@pytest.mark.parametrize(
    ("kind", "found"), [("RLock", ["error"]), ("Condition", ["error"]), ("Lock", [])]
)
def test_a_lock_that_may_be_taken_twice_is_no_lock_twice_over_a_seam(
    read: Read, kind: str, found: list[str]
) -> None:
    use = "from app import rows\ndef both():\n    with rows.locked():\n        "
    use += "return rows.put(1)\n"

    reading = read(
        {"app/__init__.py": "", "app/rows.py": LOCKS.format(kind=kind), "app/use.py": use},
        "app.rows",
    )

    assert _errors(reading) == found


AUDIT = """
import contextlib, threading
from contextvars import ContextVar
user = ContextVar("user", default="nobody")
here = threading.local()
LOCK = threading.RLock()
LOG = []

@contextlib.contextmanager
def _acting(name):
    token = user.set(name)
    yield
    user.reset(token)

def do_as(name):
    from app import jobs
    LOG.append(name)
    {does}

def note(what):
    LOG.append(what)
    return {read}
"""
JOBS = "from app import audit\nDONE = []\n\ndef work(n):\n    DONE.append(n)\n"
JOBS += "    return audit.note('job')\n\ndef idle(n):\n    DONE.append(n)\n"
SETS = "token = user.set(name)\n    found = jobs.{call}(1)\n    user.reset(token)"
BACK = {
    "set": (SETS.format(call="work"), "user.get()"),
    "manager": ("with _acting(name): jobs.work(1)", "_who()\n\ndef _who(): return user.get()"),
    "thread": ("here.name = name\n    jobs.work(1)", "here.name"),
    "lock": ("with LOCK:\n        jobs.work(1)", "_who()\n\ndef _who():\n    with LOCK: pass"),
}  # fmt: skip


@pytest.mark.parametrize("way", BACK)
def test_a_call_back_that_needs_what_was_set_before_is_named(read: Read, way: str) -> None:
    does, looks = BACK[way]
    audit = AUDIT.format(does=does, read=looks)

    reading = read(
        {"app/__init__.py": "", "app/audit.py": audit, "app/jobs.py": JOBS},
        *("app.audit", "app.jobs"),
    )
    (found,) = [f for f in reading.analysis.findings if "call back" in f.message]

    assert found.severity == "warning"
    assert "app.audit.do_as" in found.message
    assert "app.jobs.work, which may call back app.audit.note" in found.message


@pytest.mark.parametrize(
    ("does", "services"),
    [
        (SETS.format(call="idle"), ["app.audit", "app.jobs"]),
        ("with LOCK:\n        LOG.append(1)\n    jobs.work(1)", ["app.audit", "app.jobs"]),
        (SETS.format(call="work"), ["app.audit"]),
    ],
)
def test_a_call_that_does_not_come_back_meanwhile_is_not_named(
    read: Read, does: str, services: list[str]
) -> None:
    looks = "(user.get(), _who())\n\ndef _who():\n    with LOCK: pass"
    audit = AUDIT.format(does=does, read=looks)

    reading = read({"app/__init__.py": "", "app/audit.py": audit, "app/jobs.py": JOBS}, *services)

    assert not [f for f in reading.analysis.findings if "call back" in f.message]


def test_a_call_back_finds_what_both_services_carry(read: Read) -> None:
    audit = AUDIT.format(does=BACK["set"][0], read="user.get()")
    services = [
        PackageService(service=name, package=f"app.{name}", carry=("app.audit:user",))
        for name in ("audit", "jobs")
    ]

    reading = read(
        {"app/__init__.py": "", "app/audit.py": audit, "app/jobs.py": JOBS}, services=services
    )

    assert _errors(reading) == []

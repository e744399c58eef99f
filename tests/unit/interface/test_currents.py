"""Functions that use what a task queue takes for current in their process."""

import pytest

MAKING = "import celery\nqueue = celery.Celery('shop')\n"
USES = {
    "current_app": "return celery.current_app.timezone",
    "current_task": "return celery.current_task.request.id",
    "imported": "from celery import current_app as it\n    return it.main",
    "a shared task": "return job.delay(1)",
    "through another": "return inner()",
}
HEAD = (
    "import celery, hashlib\n"
    "@celery.shared_task\ndef job(n):\n    return n\n"
    "def inner():\n    return celery.app.app_or_default().main\n"
)


def _files(use: str, lib: str = "") -> dict[str, str]:
    return {
        "queue_of.py": MAKING,
        "lib.py": f"{lib}{HEAD}def shown():\n    hashlib.md5(b'')\n    {use}\n",
        "web.py": "import lib, queue_of\ndef page():\n    return lib.shown()\n",
    }


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_uses_the_current_queue_stays_with_its_caller(read, use: str) -> None:
    reading = read(_files(use), "lib", entry_modules={"web": "web"})
    imported = read(_files(use, "import queue_of\n"), "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.shown") == "local"
    assert "current" in reading.functions["lib.shown"].reason
    assert imported.verdict("lib.shown") == "remote"


def test_a_sent_actor_stays_unless_the_broker_is_set_on_its_host(read) -> None:
    files = {
        "broker.py": "import dramatiq\ndramatiq.set_broker(dramatiq.brokers.Stub())\n",
        "lib.py": (
            "import dramatiq\n@dramatiq.actor\ndef job(n): ...\ndef go():\n    job.send(1)\n"
        ),
        "web.py": "import broker, lib\ndef page():\n    lib.go()\n",
    }

    reading = read(files, "lib", entry_modules={"web": "web"})
    files["lib.py"] = f"import broker, hashlib\n{files['lib.py']}    hashlib.md5(b'')\n"
    imported = read(files, "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.go") == "local"
    assert imported.verdict("lib.go") == "remote"


def test_what_needs_its_host_and_the_current_queue_is_an_error(read) -> None:
    files = _files("SEEN.append(celery.current_app.main)", "SEEN = []\n")

    reading = read(files, "lib", entry_modules={"web": "web"})
    imported = read(
        _files("SEEN.append(celery.current_app.main)", "import queue_of\nSEEN = []\n"),
        "lib",
        entry_modules={"web": "web"},
    )

    assert reading.verdict("lib.shown") == "remote"
    assert reading.findings("state-elsewhere") == [("error", "lib.py", 8)]
    assert imported.findings("state-elsewhere") == []


@pytest.mark.parametrize(
    "making",
    [
        "import celery\ndef make():\n    return celery.Celery('shop')\nqueue = make()\n",
        "import celery\nclass Queue(celery.Celery): ...\nqueue = Queue('shop')\n",
        "import celery, some_lib\nqueue = some_lib.queue()\nqueue.set_current()\n",
        "import celery, some_lib\nqueue = some_lib.queue()\nqueue.set_default()\n",
    ],
)
def test_a_queue_is_made_by_helpers_subclasses_and_what_sets_it(read, making: str) -> None:
    files = _files("SEEN.append(celery.current_app.main)", "import queue_of\nSEEN = []\n")

    reading = read(files | {"queue_of.py": making}, "lib", entry_modules={"web": "web"})

    assert reading.findings("state-elsewhere") == []


@pytest.mark.parametrize(
    ("lib", "making"),
    [
        ("import queue_of\n", "import celery\ndef make():\n    return celery.Celery('shop')\n"),
        ("def later():\n    import queue_of\n", MAKING),
    ],
)
def test_a_queue_that_a_host_may_make_is_told_as_a_warning(read, lib: str, making: str) -> None:
    files = _files("SEEN.append(celery.current_app.main)", f"{lib}SEEN = []\n")

    reading = read(files | {"queue_of.py": making}, "lib", entry_modules={"web": "web"})

    assert [one[0] for one in reading.findings("state-elsewhere")] == ["warning"]

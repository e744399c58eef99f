"""seamline.interface: which functions may change the module state that they touch."""

import pytest

SOURCE = """
    CACHE = {}
    LOG = []
    COUNT = 0

    class Store:
        def put(self, name):
            self.name = name

    STORE = Store()

    def read(name):
        return CACHE.get(name)

    def write(name):
        CACHE[name] = name
        LOG.append(name)

    def write_through(name):
        return write(name)

    def count():
        global COUNT
        COUNT += 1
        return read(COUNT)

    def put(name):
        STORE.put(name)
"""


@pytest.mark.parametrize(
    ("function", "changes"),
    [
        ("read", ()),
        ("write", ("app.work:CACHE", "app.work:LOG")),
        ("write_through", ("app.work:CACHE", "app.work:LOG")),
        ("count", ("app.work:COUNT",)),
        ("put", ("app.work:STORE",)),
    ],
)
def test_what_a_function_may_change_is_told_from_what_it_reads(read, function, changes) -> None:
    reading = read({"app/work.py": SOURCE}, "app.work")

    assert reading.functions[f"app.work.{function}"].changes == changes


def test_modules_that_code_may_use_are_followed_but_not_what_is_only_on_the_way(read) -> None:
    reading = read(
        {
            "app/__init__.py": "from app.store import connect\n",
            "app/store.py": "import sqlite3\nfrom app.paths import home\ndef connect(): ...\n",
            "app/paths.py": "",
            "app/late.py": "",
            "app/only_types.py": "",
            "app/text.py": """
                import re
                from typing import TYPE_CHECKING
                from xml.etree import ElementTree
                from app import paths
                if TYPE_CHECKING:
                    from app import only_types
                def f():
                    from app import late
                """,
            "app/front.py": "from app import connect\n",
        },
        "app.text",
        "app.front",
    )

    text, front = reading.interfaces["text"], reading.interfaces["front"]
    assert set(text.uses) - {"app"} == {"app.text", "app.paths", "app.late"}
    assert {"re", "xml.etree", "xml.etree.ElementTree"} <= set(text.libraries)
    assert "sqlite3" not in text.libraries
    assert {"app.store", "app.paths"} <= set(front.uses)
    assert "sqlite3" in front.libraries
    assert "app.store" in reading.analysis.modules


@pytest.mark.parametrize(
    "imported", ["from app.store import connect", "import app.store", "from app import store"]
)
def test_what_is_imported_late_uses_what_it_imports(read, imported) -> None:
    reading = read(
        {
            "app/__init__.py": "",
            "app/store.py": "import sqlite3\ndef connect(): ...\n",
            "app/text.py": f"def f():\n    {imported}\n",
        },
        "app.text",
    )

    assert "app.store" in reading.interfaces["text"].uses
    assert "sqlite3" in reading.interfaces["text"].libraries


def test_through_a_constant_nothing_else_of_its_module_is_used(read) -> None:
    reading = read(
        {
            "app/__init__.py": """
                from app import web
                __version__ = "1.0"
                LEVELS = ("low", web)
                HOOK = None
                def serve(): ...
                """,
            "app/web.py": "import sqlite3\n",
            "app/text.py": "from app import __version__\ndef f(): return __version__\n",
            "app/levels.py": "from app import LEVELS\ndef f(): return LEVELS[1]\n",
            "app/pages.py": "from app import __version__, serve\ndef f(): return serve()\n",
            "app/hooks.py": "from app import HOOK\ndef f(): return HOOK()\n",
            "app/later.py": "import app\ndef f(): return app.__version__\n",
        },
        "app.text",
        "app.levels",
        "app.pages",
        "app.hooks",
        "app.later",
    )

    assert set(reading.interfaces["text"].uses) == {"app", "app.text"}
    assert "sqlite3" not in reading.interfaces["text"].libraries
    for other in ("levels", "pages", "hooks", "later"):
        assert "app.web" in reading.interfaces[other].uses
        assert "sqlite3" in reading.interfaces[other].libraries


SIGNALS = """
    import blinker
    from django.dispatch import Signal
    sold = blinker.signal("sold")
    closed = Signal()
    lost = blinker.Namespace().signal("lost")
"""
ORDERS = """
    from django.dispatch import receiver
    from app import signals
    from app.signals import closed, sold

    SOLD = []
    CLOSED = []
    SEEN = []
    HANDLERS = []
    OPENED = []
    COUNTED = {}

    def sell(name):
        SEEN.append(name)
        sold.send(name)

    @sold.connect
    def _on_sold(name):
        SOLD.append(name)

    def close(name):
        return signals.closed.send_robust(name, by=SEEN)

    @receiver([closed])
    def _on_closed(sender, **more):
        CLOSED.append(sender)

    def say(signal):
        return signal.send(len(SEEN))

    def lose(name):
        return signals.lost.send(len(SEEN))

    def opened(name):
        OPENED.append(name)

    HANDLERS.append(opened)

    def open_all(name):
        for handler in HANDLERS:
            handler(name)

    def count(name):
        COUNTED[name] = 1

    STEPS = {"count": count}

    def step(name):
        return STEPS[name](name)

    def ordinary(name):
        return SEEN.index(name)
"""


@pytest.mark.parametrize(
    ("function", "changes"),
    [
        ("sell", ("SEEN", "SOLD")),
        ("close", ("CLOSED",)),
        ("say", ("CLOSED", "SOLD")),
        ("lose", ()),
        ("open_all", ("OPENED",)),
        ("step", ("COUNTED",)),
        ("ordinary", ()),
    ],
)
def test_who_sends_changes_what_the_receivers_change(read, function, changes) -> None:
    reading = read({"app/orders.py": ORDERS, "app/signals.py": SIGNALS}, "app.orders")

    wanted = tuple(f"app.orders:{name}" for name in changes)
    assert reading.functions[f"app.orders.{function}"].changes == wanted


def test_what_is_changed_in_another_package_counts(read) -> None:
    till = "from app import orders\ndef pay(name):\n    return orders.sell(name)\n"
    files = {"app/orders.py": ORDERS, "app/signals.py": SIGNALS, "app/till.py": till}

    reading = read(files, "app.orders", "app.till")

    assert reading.functions["app.till.pay"].changes == ("app.orders:SEEN", "app.orders:SOLD")

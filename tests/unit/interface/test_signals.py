"""Receivers of signals that the host of who sends them does not import."""

import pytest

SENDING = (
    "import hashlib, signals\ndef save(name: str):\n    hashlib.md5(b'')\n    SEND.send(name)\n"
)
WAYS = {
    "of a module of no service": (
        {"signals.py": "from blinker import Namespace\nsaved = Namespace().signal('saved')\n"},
        "signals.saved",
        "@signals.saved.connect",
    ),
    "made": (
        {"signals.py": "from blinker import Signal\nsaved = Signal()\n"},
        "signals.saved",
        "@signals.saved.connect_via(1)",
    ),
    "by name": ({}, "blinker.signal('saved')", "@blinker.signal('saved').connect"),
    "by name and by object": (
        {"signals.py": "import blinker\nsaved = blinker.signal('saved')\n"},
        "signals.saved",
        "@blinker.signal('saved').connect",
    ),
    "of a namespace, by name": (
        {"signals.py": "import blinker\nspace = blinker.Namespace()\n"},
        "signals.space.signal('saved')",
        "@signals.space.signal('saved').connect",
    ),
    "of Django": (
        {"signals.py": "from django.dispatch import Signal\nsaved = Signal()\n"},
        "signals.saved",
        "@receiver(signals.saved)",
    ),
    "of several of Django": (
        {"signals.py": "from django import dispatch\nsaved = dispatch.Signal()\n"},
        "signals.saved",
        "@receiver([signals.saved, None])",
    ),
    "of a class of the application": (
        {
            "signals.py": (
                "from django.dispatch import Signal\nclass Mine(Signal): ...\nsaved = Mine()\n"
            )
        },
        "signals.saved",
        "@receiver(signals.saved)",
    ),
}
HEAD = "import blinker, signals\nfrom django.dispatch import receiver\n"


def _files(more: dict[str, str], sent: str, connecting: str) -> dict[str, str]:
    return {
        "signals.py": "",
        "lib.py": f"import blinker\n{SENDING.replace('SEND', sent)}",
        "front.py": f"{HEAD}{connecting}\ndef heard(sender, **more): ...\n",
        "web.py": "import front, lib\ndef page():\n    lib.save('a')\n",
        **more,
    }


@pytest.mark.parametrize(("more", "sent", "connecting"), WAYS.values(), ids=WAYS)
def test_a_receiver_is_missing_where_its_signal_is_sent(read, more, sent, connecting) -> None:
    files = _files(more, sent, connecting)

    reading = read(files, "lib", entry_modules={"web": "web"})
    placed = read(files, "lib", "front", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("error", "front.py", 3)]
    assert placed.findings("import-call") == []
    assert "lib" in placed.interfaces["front"].registers


def test_a_signal_that_a_function_is_given_is_sent(read) -> None:
    more, _, connecting = WAYS["made"]
    files = _files(more, "it", connecting)
    files["lib.py"] = (
        "import hashlib, signals\n"
        "def tell(it, name):\n    it.send(name)\n"
        "def save(name: str):\n    hashlib.md5(b'')\n    tell(signals.saved, name)\n"
    )

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("error", "front.py", 3)]


@pytest.mark.parametrize(
    ("sent", "connecting"),
    [
        ("signals.saved", "@signals.other.connect"),
        ("signals.saved", "@blinker.signal('saved').connect"),
        ("blinker.signal('saved')", "@blinker.signal('other').connect"),
        ("signals.pool", "@signals.pool.connect"),
    ],
)
def test_a_receiver_of_another_signal_is_not_told(read, sent: str, connecting: str) -> None:
    more = {
        "signals.py": (
            "import blinker, lib_of_pools\nsaved = blinker.Signal()\nother = blinker.Signal()\n"
            "pool = lib_of_pools.Pool()\n"
        )
    }

    reading = read(_files(more, sent, connecting), "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == []


def test_a_receiver_is_there_where_the_host_loads_the_application(read) -> None:
    more, sent, connecting = WAYS["made"]
    files = _files(more, sent, connecting)
    files["lib.py"] += "    return flask.current_app.name\n"
    files["lib.py"] = f"import flask\n{files['lib.py']}"
    files["web.py"] = "import flask, front, lib\napp = flask.Flask(__name__)\nlib.save('a')\n"

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("info", "web.py", 3)]

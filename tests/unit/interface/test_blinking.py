"""Receivers of signals that functions of libraries send, and the state that they use."""

import pytest

HEAD = """
import flask, flask_login, flask_mail, flask_sqlalchemy, blinker, signals
from django.contrib.auth import signals as auth
from django.dispatch import receiver
SEEN = []
"""
SIGNALS = """
import flask_mail, flask_sqlalchemy
from blinker import Namespace
from django.dispatch import Signal
saved = Namespace().signal("saved")
sold = Signal()
mail = flask_mail.Mail()
db = flask_sqlalchemy.SQLAlchemy()
"""
HEARD = "def heard(*found, **more):\n    SEEN.append(found)\n"
ENCLOSED = """
def create_app():
    @flask.message_flashed.connect
    def heard(*found):
        SEEN.append(found)
"""


def _files(connecting: str, doing: str) -> dict[str, str]:
    own = connecting if "def heard" in connecting else f"@{connecting}\n{HEARD}"
    return {
        "signals.py": SIGNALS,
        "heard.py": HEAD + own,
        "lib.py": (
            "import hashlib, blinker, flask, flask_login, flask_principal, signals\n"
            "from django.contrib import auth\n"
            f"def do(x: int):\n    {doing}\n    hashlib.md5(b'')\n"
        ),
        "web.py": "import heard, lib\ndef page():\n    lib.do(1)\n    return heard.SEEN\n",
    }


SENT = {
    "drawn": ("flask.template_rendered.connect", "flask.render_template('a')"),
    "drawn from a text": (
        "flask.before_render_template.connect_via(None)",
        "flask.render_template_string('a')",
    ),
    "flashed": ("flask.message_flashed.connect", "flask.flash('a')"),
    "logged in": ("flask_login.user_logged_in.connect", "flask_login.login_user(x)"),
    "logged out": ("flask_login.user_logged_out.connect", "flask_login.logout_user()"),
    "committed": ("flask_sqlalchemy.models_committed.connect", "signals.db.session.commit()"),
    "committed, elsewhere": (
        "flask_sqlalchemy.track_modifications.models_committed.connect",
        "signals.db.session.commit()",
    ),
    "mailed": ("flask_mail.email_dispatched.connect", "signals.mail.send(x)"),
    "logged in to Django": ("receiver(auth.user_logged_in)", "auth.login(x, x)"),
    "refused by Django": ("receiver([auth.user_login_failed])", "auth.authenticate(x)"),
    "sent to one of a library": (
        "flask_login.user_needs_refresh.connect",
        "flask_login.user_needs_refresh.send(x)",
    ),
    "one of its own": ("signals.saved.connect", "signals.saved.send(x)"),
    "one of its own, of Django": ("receiver(signals.sold)", "signals.sold.send_robust(x)"),
    "called": (f"{HEARD}flask.message_flashed.connect(heard, None)\n", "flask.flash('a')"),
    "called, of its own": (f"{HEARD}signals.saved.connect(heard)\n", "signals.saved.send(x)"),
    "enclosed": (ENCLOSED, "flask.flash('a')"),
    "by name": ("blinker.signal('a').connect", "blinker.signal('a').send(x)"),
}


@pytest.mark.parametrize(("connecting", "doing"), SENT.values(), ids=SENT)
def test_who_has_a_signal_sent_runs_what_a_receiver_uses(read, connecting, doing) -> None:
    files = _files(connecting, doing)

    function = read(files, "lib", entry_modules={"web": "web"}).functions["lib.do"]

    assert function.verdict.value == "local"
    assert function.reason.startswith("touches heard:SEEN, which belongs to no service")


QUIET = {
    "another signal": ("flask.template_rendered.connect", "flask.flash('a')"),
    "another of its own": ("signals.saved.connect", "signals.sold.send(x)"),
    "another name": ("blinker.signal('a').connect", "blinker.signal('b').send(x)"),
    "of sqlite3": (
        "flask_sqlalchemy.models_committed.connect",
        "import sqlite3; sqlite3.connect('a').commit()",
    ),
    "of requests": ("flask.request_started.connect", "flask.flash('a')"),
    "of another's mail": ("flask_mail.email_dispatched.connect", "signals.saved.send(x)"),
}


@pytest.mark.parametrize(("connecting", "doing"), QUIET.values(), ids=QUIET)
def test_who_sends_another_signal_runs_no_receiver(read, connecting, doing) -> None:
    reading = read(_files(connecting, doing), "lib", entry_modules={"web": "web"})

    assert "heard:SEEN" not in reading.functions["lib.do"].touches
    assert "heard:SEEN" not in reading.functions["lib.do"].reason


@pytest.mark.parametrize("body", ["flask.g.seen = 1", "print(found)", "flask.session['a'] = 1"])
def test_a_receiver_that_uses_no_state_changes_nothing(read, body: str) -> None:
    heard = f"def heard(*found, **more):\n    {body}\n"
    files = _files("", "flask.flash('a')")
    files["heard.py"] = f"{HEAD}@flask.message_flashed.connect\n{heard}"
    without = {**files, "heard.py": HEAD + heard}

    connected = read(files, "lib", entry_modules={"web": "web"})
    plain = read(without, "lib", entry_modules={"web": "web"})

    assert connected.functions["lib.do"] == plain.functions["lib.do"]
    assert connected.findings("shared-state") == plain.findings("shared-state")


def test_state_of_the_module_of_an_application_is_an_error(read) -> None:
    files = {
        "lib.py": "import flask\ndef do(title: str):\n    return flask.render_template(title)\n",
        "web.py": (
            "import flask, lib\nSEEN = []\ndef heard(*found, **more):\n    SEEN.append(found)\n"
            "def create_app():\n    app = flask.Flask(__name__)\n"
            "    flask.template_rendered.connect(heard, app)\n"
            "    @app.get('/')\n    def page():\n        lib.do('a')\n        return str(SEEN)\n"
            "    return app\n"
        ),
    }

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("shared-state") == [("error", "web.py", 2)]
    (finding,) = (f for f in reading.analysis.findings if f.code == "shared-state")
    assert finding.remedy.startswith("move SEEN, with the functions that use it, from web into")

"""Which contexts of a framework functions read, and where application objects are made."""

import pytest

_MODEL = """
import flask_sqlalchemy
db = flask_sqlalchemy.SQLAlchemy()
class User(db.Model): pass
def f(): return User.query.all()
"""


@pytest.mark.parametrize(
    ("text", "contexts"),
    [
        ("from flask import current_app\ndef f(): return current_app.config['A']", "app"),
        ("from flask import g as mine\ndef f(): mine.x = 1", "app g"),
        ("import flask\ndef f(): return flask.request.args['a']", "app request"),
        ("from flask import request\ndef f(): return request.form", "app body request"),
        ("from flask import request\ndef f(): return str(request)", "app body request"),
        ("from flask.globals import session\ndef f(): session.clear()", "app session"),
        ("from flask import flash\ndef f(): flash('x')", "app session"),
        ("from flask import current_app as a\ndef f(): return a.url_for('x')", "app g request"),
        ("from flask import abort, Blueprint\ndef f(): abort(404)", ""),
        ("from flask_login import current_user\ndef f(): return current_user.id",
         "app body g request session"),
        ("from flask_wtf import FlaskForm\nclass A(FlaskForm): pass\ndef f(): return A().data",
         "app body g request session"),
        (_MODEL, "app"),
        ("import flask_caching\ncache = flask_caching.Cache()\ndef f(): return cache.get('x')",
         "app"),
        ("import flask_login\n@flask_login.login_required\ndef f(): return 1",
         "app body g request session"),
    ],
)  # fmt: skip
def test_names_of_flask_and_its_extensions_say_what_is_read(read, text, contexts) -> None:
    found = read({"shop.py": f"STATE = []\n{text}\n"}, "shop").functions["shop.f"].contexts

    assert " ".join(found).replace("flask:", "") == contexts


def test_what_a_function_calls_reads_for_it(read) -> None:
    reading = read(
        {
            "app/__init__.py": "",
            "app/a.py": "from app import b\ndef outer(): return b.inner()\ndef other(): pass\n",
            "app/b.py": "from app import c\ndef inner(): return c.innermost()\n",
            "app/c.py": "from quart import session\ndef innermost(): return session['x']\n",
        },
        "app.a",
        "app.b",
    )

    assert reading.functions["app.a.outer"].contexts == ("quart:app", "quart:session")
    assert reading.functions["app.a.other"].contexts == ()
    assert reading.functions["app.b.inner"].contexts == ("quart:app", "quart:session")


def test_what_a_decorator_runs_around_a_function_reads_for_it(read) -> None:
    text = """
        import functools
        from flask import g
        def logged(function):
            @functools.wraps(function)
            def wrapper(*args):
                g.calls = 1
                return function(*args)
            return wrapper
        @logged
        def f(): return STATE
        STATE = []
        """

    assert "flask:g" in read({"shop.py": text}, "shop").functions["shop.f"].contexts


def test_places_where_applications_are_made_are_found(read) -> None:
    reading = read(
        {
            "shop/__init__.py": """
                from flask import Flask
                class Shop(Flask):
                    pass
                def create_app(config=None):
                    app = Shop(__name__)
                    app.config.update(config or {})
                    return app
                def create_other():
                    return create_app({"OTHER": True})
                def run():
                    create_app().run()
                """,
            "shop/wsgi.py": "from shop import create_app\napp = create_app()\n",
            "shop/plain.py": "import flask\nsite = flask.Flask('plain')\n",
            "shop/part.py": "",
            "tests/test_shop.py": "from flask import Flask\napp = Flask('mine')\n",
        },
        "shop.part",
        entry_modules={"shop.wsgi": "web", "shop.plain": "plain"},
    )

    assert reading.analysis.applications == (
        "shop.plain:site",
        "shop.wsgi:app",
        "shop:create_app()",
        "shop:create_other()",
    )


def test_a_request_or_a_response_is_no_reason_to_refuse(read) -> None:
    text = """
        import flask
        from django.http import HttpRequest
        _seen = []
        def by_request(what: flask.Request) -> str:
            _seen.append(what.path)
            return what.path
        def by_django(what: HttpRequest) -> str:
            _seen.append(what.path)
            return what.path
        def answer(text):
            _seen.append(text)
            return flask.make_response(text)
        def file(path):
            _seen.append(path)
            return flask.send_file(path)
        """
    reading = read({"shop.py": text}, "shop")

    assert {name: reading.verdict(f"shop.{name}") for name in
            ("by_request", "by_django", "answer", "file")} == {
        "by_request": "remote", "by_django": "remote", "answer": "remote", "file": "refused",
    }  # fmt: skip


def test_a_package_whose_imports_need_django_says_so(read) -> None:
    reading = read(
        {
            "app/__init__.py": "",
            "app/models.py": "from django.db import models\ndef parse(text): return text\n",
            "app/parser.py": "from app.models import parse\ndef f(text): return parse(text)\n",
            "app/plain.py": "def f(text): return text\n",
        },
        "app.parser",
        "app.plain",
    )

    assert reading.interfaces["parser"].needs_django
    assert not reading.interfaces["plain"].needs_django

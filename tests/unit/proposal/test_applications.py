"""seamline.proposal: which application of a project is served, and how it is named."""

import pytest

from seamline.errors import ApplicationError

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
PYRAMID = """
from pyramid.config import Configurator
def main():
    config = Configurator()
    return config.make_wsgi_app()
"""
DJANGO = """
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""
DJANGO_HANDLER = """
import django
from django.core.handlers.wsgi import WSGIHandler
class Handler(WSGIHandler):
    pass
def get_application():
    django.setup(set_prefix=False)
    return Handler()
application = get_application()
"""
FACTORIES = """
from flask import Flask
def make():
    site = Flask("x")
    return site
def build():
    return make()
app = build()
"""
WRAPPED = """
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
flask_app = Flask("x")
wsgi = ProxyFix(flask_app)
"""


def reference(proposal):
    found = proposal.application
    return None if found is None else " ".join(found.command) or found.reference


@pytest.mark.parametrize(
    ("source", "framework", "expression"),
    [
        ("import flask\nsite = flask.Flask(__name__)", "Flask", "site"),
        ("from quart import Quart\napp: Quart = Quart('x')", "Quart", "app"),
        ("from fastapi import FastAPI as F\napp = F()", "FastAPI", "app"),
        ("from starlette.applications import Starlette\napp = Starlette()", "Starlette", "app"),
        ("from litestar import Litestar\napp = Litestar([])", "Litestar", "app"),
        ("import falcon\napp = falcon.App()", "Falcon", "app"),
        ("import falcon.asgi\napp = falcon.asgi.App()", "Falcon", "app"),
        ("import bottle\napp = bottle.Bottle()", "bottle", "app"),
        (PYRAMID, "Pyramid", "main()"),
        (DJANGO, "Django", "application"),
        (DJANGO_HANDLER, "Django", "application"),
        ("def application(environ, start_response): ...", "WSGI", "application"),
        ("async def app(scope, receive, send): ...", "ASGI", "app"),
        (
            "class App:\n    def __call__(self, environ, start_response): ...\napp = App()",
            "WSGI", "app",
        ),
        (
            "from fastapi import FastAPI\nclass Api(FastAPI):\n    pass\napp = Api()",
            "FastAPI", "app",
        ),
        (
            "from flask import Flask\ndef create_app(config=None) -> Flask: ...",
            "Flask", "create_app()",
        ),
        (FACTORIES, "Flask", "app"),
        (WRAPPED, "Flask", "wsgi"),
    ],
)  # fmt: skip
def test_an_application_is_known_by_what_makes_it(proposed, source, framework, expression):
    found = proposed({"shop/__init__.py": "", "shop/web.py": source}).application

    assert (found.framework, found.reference) == (framework, f"shop.web:{expression}")
    assert found.place.file == "shop/web.py"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (".flaskenv", "FLASK_APP=shop.admin", "shop.admin:app"),
        (".env", "SECRET=x\nexport FLASK_APP='shop/admin.py'", "shop.admin:app"),
        ("Procfile", "web: gunicorn -w 4 shop.admin:app", "shop.admin:app"),
        ("Dockerfile", 'CMD ["uvicorn", "--port", "80", "shop.admin:app"]', "shop.admin:app"),
        ("docker-compose.yml", "    command: hypercorn shop.admin:app", "shop.admin:app"),
        ("run.sh", "exec python -m gunicorn shop.admin:app", "shop.admin:app"),
        ("Makefile", "serve:\n\tflask --app shop.admin run --debug", "shop.admin:app"),
        ("pyproject.toml", "[tool.fastapi]\nentrypoint = 'shop.admin:app'", "shop.admin:app"),
        ("Procfile", "web: waitress-serve --call shop.factory:make", "shop.factory:make()"),
        ("Procfile", "web: uvicorn --factory shop.factory:make", "shop.factory:make()"),
        ("Procfile", "web: gunicorn 'shop.factory:make()'", "shop.factory:make()"),
        ("Procfile", "# gunicorn shop.admin:app", "shop.wsgi:app"),
        ("Procfile", "web: gunicorn missing.module:app", "shop.wsgi:app"),
    ],
)
def test_the_files_beside_the_code_say_which_one_is_served(proposed, name, text, expected):
    proposal = proposed(
        {
            "shop/__init__.py": "",
            "shop/wsgi.py": FLASK,
            "shop/admin.py": FLASK,
            "shop/factory.py": "from flask import Flask\ndef make():\n    return Flask('x')\n",
            name: text,
        }
    )

    assert reference(proposal) == expected


def test_the_other_applications_are_named_in_the_file_and_can_be_chosen(proposed):
    files = {"shop/__init__.py": "", "shop/web.py": FLASK, "admin/web.py": FLASK}

    proposal = proposed(files)
    other = proposed(files, named="admin.web:app")

    assert reference(proposal) == "admin.web:app"
    assert "#   shop.web:app    Flask, shop/web.py:2" in proposal.text
    assert reference(proposed(files, named="shop.web:app")) == "shop.web:app"
    assert reference(other) == "admin.web:app"


def test_an_application_that_is_not_there_is_refused_with_one_that_is(proposed):
    with pytest.raises(ApplicationError, match=r'did you mean "shop.web:app"'):
        proposed({"shop/web.py": FLASK}, named="shop.web:ap")


MAKING = {
    "shop/__init__.py": "from shop.web import create_app",
    "shop/web.py": """
        from flask import Flask
        def create_app(config=None): return Flask("x")
        def make(): return magic()
        def configured(config): return Flask(config)
        async def later(): return Flask("x")
        def answer(request, start): return []
        def twice(): return Flask("x")
        twice = twice()
    """,
}


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("shop.web:create_app", "shop.web:create_app()"),
        ("shop:create_app", "shop:create_app()"),
        ("shop.web:make()", "shop.web:make()"),
        ("shop.web:configured('x')", "shop.web:configured('x')"),
        ("shop.web:answer", "shop.web:answer"),
        ("shop.web:twice", "shop.web:twice"),
    ],
)
def test_a_factory_is_written_with_its_call(proposed, named, expected):
    assert reference(proposed(MAKING, named=named)) == expected


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("shop.web:make", r"seamline init --app 'shop.web:make\(\)'"),
        ("shop.web:later", "name a function that is not async and makes it"),
        ("shop.web:configured", "the factory shop.web:configured needs config"),
        ("shop.web:configured()", r"--app 'shop.web:configured\(\.\.\.\)'"),
    ],
)
def test_what_cannot_be_called_as_named_is_refused_with_what_to_write(proposed, named, said):
    with pytest.raises(ApplicationError, match=said):
        proposed(MAKING, named=named)


def test_a_factory_that_a_file_beside_the_code_names_is_written_with_its_call(proposed):
    files = {**MAKING, ".flaskenv": "FLASK_APP=shop:create_app"}

    assert reference(proposed(files)) == "shop:create_app()"


def test_tests_examples_and_other_people_s_code_are_not_served(proposed):
    proposal = proposed(
        {
            "tests/app.py": FLASK,
            "examples/app.py": FLASK,
            "shop/_vendor/app.py": FLASK,
            "venv/pyvenv.cfg": "",
            "venv/app.py": FLASK,
            "shop/__init__.py": "",
            "shop/main.py": FLASK.replace("app", "site"),
        }
    )

    assert reference(proposal) == "shop.main:site"


def test_an_application_that_starts_below_is_named_with_the_command_to_type(proposed):
    with pytest.raises(ApplicationError, match="seamline init backend"):
        proposed(
            {
                "backend/shop/__init__.py": "",
                "backend/shop/orders.py": "def count():\n    return 1\n",
                "backend/main.py": f"from shop import orders\n{FLASK}",
            }
        )


def test_an_application_in_a_directory_with_a_dash_is_started_in_there(proposed):
    with pytest.raises(ApplicationError, match="seamline init my-app"):
        proposed({"my-app/main.py": FLASK})


def test_an_application_in_a_file_with_a_dash_is_to_be_renamed(proposed):
    with pytest.raises(ApplicationError, match=r"mv my-app\.py my_app\.py"):
        proposed({"my-app.py": FLASK})


def test_a_factory_that_needs_arguments_is_told_and_not_served(proposed):
    proposal = proposed(
        {
            "shop/web.py": "import flask\ndef create_app(config):\n    return flask.Flask('x')\n",
            "shop/simple.py": "def app(environ, start_response): ...\n",
        }
    )

    assert reference(proposal) == "shop.simple:app"
    assert "the factory needs config" in proposal.text


def test_modules_of_a_src_that_import_through_it_keep_its_name(proposed):
    proposal = proposed(
        {
            "src/main.py": f"from src.orders import count\n{FLASK}",
            "src/orders.py": "def count():\n    return 1\n",
            "Dockerfile": "CMD uvicorn src.main:app",
        }
    )

    assert reference(proposal) == "src.main:app"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (
            {
                "chat/__init__.py": "",
                "chat/__main__.py": "from chat.web import make\nmake()\n",
                "chat/web.py": "from aiohttp import web\n"
                "def make():\n    return web.Application()\n",
            },
            "python -m chat",
        ),
        (
            {
                "serve.py": "import tornado.web\napp = tornado.web.Application([])\n"
                "if __name__ == '__main__':\n    app.listen(80)\n"
            },
            "python -m serve",
        ),
        (
            {
                "links.py": "from bottle import route, run\n"
                "@route('/')\ndef index():\n    return 'x'\nrun()\n"
            },
            "python -m links",
        ),
        (
            {
                "desk/__init__.py": "",
                "desk/__main__.py": "from desk.server import Server\nServer().run()\n",
                "desk/server.py": "from aiohttp import web\nclass Server:\n"
                "    def run(self):\n        self._app = web.Application()\n"
                "        web.run_app(self._app)\n",
            },
            "python -m desk",
        ),
        (
            {
                "desk/__init__.py": "",
                "desk/__main__.py": "from desk.command import main\nmain()\n",
                "desk/app.py": "import tornado.web\nclass Desk(tornado.web.Application): ...\n",
                "desk/command.py": "import click\nfrom desk.app import Desk\n"
                "@click.command()\ndef main():\n    desk = Desk([])\n    desk.listen(80)\n",
            },
            "python -m desk",
        ),
    ],
    ids=["aiohttp", "tornado", "bottle", "inside a method", "a class of it"],
)
def test_a_server_of_its_own_becomes_a_command(proposed, files, command):
    proposal = proposed(files)

    assert reference(proposal) == command
    assert 'command = ["python", "-m", ' in proposal.text

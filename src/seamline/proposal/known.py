"""What is known of frameworks and libraries by name, as far as a proposal needs it."""

from enum import StrEnum
from typing import Final


class Entrance(StrEnum):
    """How an application is entered: by Python's two interfaces, or by a server of its own."""

    WSGI = "WSGI"
    ASGI = "ASGI"
    SERVER = "server"


#: Classes and functions that make an application object: what a reader calls it, its entrance.
APPLICATIONS: Final = {
    "flask.Flask": ("Flask", Entrance.WSGI),
    "flask.app.Flask": ("Flask", Entrance.WSGI),
    "apiflask.APIFlask": ("APIFlask", Entrance.WSGI),
    "flask_openapi3.OpenAPI": ("Flask", Entrance.WSGI),
    "quart.Quart": ("Quart", Entrance.ASGI),
    "quart.app.Quart": ("Quart", Entrance.ASGI),
    "quart_trio.QuartTrio": ("Quart", Entrance.ASGI),
    "fastapi.FastAPI": ("FastAPI", Entrance.ASGI),
    "fastapi.applications.FastAPI": ("FastAPI", Entrance.ASGI),
    "starlette.applications.Starlette": ("Starlette", Entrance.ASGI),
    "litestar.Litestar": ("Litestar", Entrance.ASGI),
    "litestar.app.Litestar": ("Litestar", Entrance.ASGI),
    "starlite.Starlite": ("Starlite", Entrance.ASGI),
    "blacksheep.Application": ("BlackSheep", Entrance.ASGI),
    "blacksheep.server.Application": ("BlackSheep", Entrance.ASGI),
    "connexion.FlaskApp": ("Connexion", Entrance.ASGI),
    "connexion.AsyncApp": ("Connexion", Entrance.ASGI),
    "falcon.App": ("Falcon", Entrance.WSGI),
    "falcon.API": ("Falcon", Entrance.WSGI),
    "falcon.asgi.App": ("Falcon", Entrance.ASGI),
    "bottle.Bottle": ("bottle", Entrance.WSGI),
    "bottle.default_app": ("bottle", Entrance.WSGI),
    "bottle.app": ("bottle", Entrance.WSGI),
    "django.core.wsgi.get_wsgi_application": ("Django", Entrance.WSGI),
    "django.core.asgi.get_asgi_application": ("Django", Entrance.ASGI),
    "django.core.handlers.wsgi.WSGIHandler": ("Django", Entrance.WSGI),
    "django.core.handlers.asgi.ASGIHandler": ("Django", Entrance.ASGI),
    "pyramid.config.Configurator.make_wsgi_app": ("Pyramid", Entrance.WSGI),
    "socketio.ASGIApp": ("python-socketio", Entrance.ASGI),
    "socketio.WSGIApp": ("python-socketio", Entrance.WSGI),
    "aiohttp.web.Application": ("aiohttp", Entrance.SERVER),
    "tornado.web.Application": ("Tornado", Entrance.SERVER),
    "sanic.Sanic": ("Sanic", Entrance.SERVER),
}

#: What servers are called in the code that starts one.
SERVER_STARTS: Final = frozenset(
    {
        *("aiohttp.web.run_app", "aiohttp.web.AppRunner", "tornado.ioloop.IOLoop.current"),
        *("tornado.httpserver.HTTPServer", "bottle.run", "asyncio.run"),
    }
)

#: A callable of this name around an application is one still.
WRAPPERS: Final = (
    *("Middleware", "ProxyFix", "WhiteNoise", "WsgiToAsgi", "AsgiToWsgi", "Dispatcher"),
    *("DispatcherMiddleware", "ASGIApp", "WSGIApp", "ProtocolTypeRouter", "Cling", "Sentry"),
)

#: Names under which people keep the application, best first.
OBJECT_NAMES: Final = ("app", "application", "asgi", "wsgi", "asgi_app", "wsgi_app", "api")
FACTORY_NAMES: Final = (
    *("create_app", "make_app", "create_application", "make_application", "get_app", "build_app"),
    *("get_application", "app_factory", "factory", "main"),
)
#: Modules in which people keep it.
MODULE_NAMES: Final = {
    "wsgi": 30,
    "asgi": 30,
    "app": 25,
    "main": 25,
    "application": 22,
    "web": 20,
    "server": 20,
    "webapp": 20,
    "__init__": 15,
    "run": 12,
    "api": 10,
}

#: Directories at the top whose code is beside the application, not in it.
BESIDE: Final = frozenset(
    {
        *("docs", "doc", "scripts", "script", "bench", "benchmarks"),
        *("samples", "sample", "demos", "tools", "contrib", "ci", "deploy", "docker"),
        *("notebooks", "playground", "stubs", "typings", "packaging", "setup", "hack"),
        *("cypress", "e2e", "frontend", "node_modules"),
    }
)
#: Other people's code that was copied in, and code that only shows something.
VENDORED: Final = frozenset(
    {
        *("examples", "example", "fixtures"),
        *("vendor", "_vendor", "vendored", "_vendored", "third_party", "thirdparty", "extern"),
        *("external", "externals", "bundled", "_bundled"),
    }
)
#: Modules that tools run, that a framework calls, or that everybody reads: no services.
NO_PART: Final = frozenset(
    {
        *("setup", "conftest", "manage", "noxfile", "__main__", "wsgi", "asgi", "gunicorn"),
        *("gunicorn_conf", "gunicorn_config", "migrations", "alembic", "versions", "settings"),
        *("config", "fabfile", "tasks", "dodo", "sitecustomize", "usercustomize"),
        *("_version", "version", "__version__", "__about__", "urls", "admin", "apps", "models"),
        *("schemas", "forms", "serializers", "views", "routes", "routers", "templatetags"),
        *("context_processors", "middleware", "middlewares", "management", "commands"),
        *("exceptions", "errors", "constants", "types", "_types", "typing", "cli", "_cli"),
        *("logger", "_logging", "db", "database", "extensions"),
    }
)

#: Modules that start something; a package of such a name is looked into.
PROGRAMS: Final = frozenset({"main", "run", "server", "runserver", "start", "app"})

#: Names that say nothing without that of the package around them.
GENERIC: Final = frozenset({"services", "service", "utils", "util", "lib", "helpers", "common"})

#: Libraries that take long to import, much memory, or all of a processor.
HEAVY: Final = frozenset(
    {
        *("numpy", "pandas", "scipy", "sklearn", "torch", "tensorflow", "keras", "jax", "polars"),
        *("matplotlib", "seaborn", "plotly", "PIL", "cv2", "skimage", "imageio", "shapely"),
        *("geopandas", "pyproj", "networkx", "sympy", "statsmodels", "xgboost", "lightgbm"),
        *("transformers", "sentence_transformers", "spacy", "nltk", "gensim", "onnxruntime"),
        *("fpdf", "reportlab", "weasyprint", "pypdf", "PyPDF2", "fitz", "pdfminer", "docx"),
        *("openpyxl", "xlsxwriter", "pyarrow", "duckdb", "playwright", "selenium", "moviepy"),
        *("librosa", "pytesseract", "googleapiclient", "boto3", "botocore", "docker"),
    }
)

#: Libraries that read what strangers made: what goes wrong there should go wrong alone.
HOSTILE: Final = {
    "xml": "XML",
    "lxml": "XML and HTML",
    "defusedxml": "XML",
    "xmltodict": "XML",
    "bs4": "HTML",
    "html5lib": "HTML",
    "html.parser": "HTML",
    "selectolax": "HTML",
    "feedparser": "feeds",
    "zipfile": "archives",
    "tarfile": "archives",
    "py7zr": "archives",
    "rarfile": "archives",
    "PIL": "images",
    "cv2": "images",
    "pypdf": "PDF",
    "PyPDF2": "PDF",
    "pdfminer": "PDF",
    "fitz": "PDF",
    "docx": "documents",
    "openpyxl": "spreadsheets",
    "csv": "CSV",
    "yaml": "YAML",
    "pickle": "pickles",
    "email": "mail",
    "mailparser": "mail",
    "fitdecode": "FIT files",
    "gpxpy": "GPX files",
    "mutagen": "audio",
    "markdown": "Markdown",
    "icalendar": "calendars",
    "vobject": "calendars",
    "extruct": "HTML",
    "readability": "HTML",
    "recipe_scrapers": "HTML",
    "subprocess": "what programs print",
    "cssutils": "CSS",
}

"""Loading the application: the objects its http services name, and what went wrong if not.

Every failure becomes one ApplicationError that names the user's own file and line.
"""

import ast
import contextlib
import difflib
import importlib
import importlib.util
import inspect
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Final

import msgspec

from seamline.errors import ApplicationError, ConfigError
from seamline.plan import DJANGO_TESTS_VARIABLE

# Positional parameters of WSGI's (environ, start_response) and ASGI's (scope, receive, send).
_WSGI_PARAMETERS: Final = 2
_ASGI_PARAMETERS: Final = 3
# What the code says of itself that reads a module's source.
_IMPORTLIB: Final = "<frozen importlib._bootstrap_external>"
# Of names of files in one report, which may hold a megabyte.
_MOST_BYTES_OF_FILES: Final = 500_000


class Protocol(StrEnum):
    """Which of Python's two server interfaces an application speaks."""

    WSGI = "wsgi"
    ASGI = "asgi"


class Reference(msgspec.Struct, frozen=True):
    """A parsed ``module:attribute`` or ``module:factory('argument')``.

    Attributes:
        module: Dotted name.
        attribute: Dotted path in the module.
        arguments: Positional and keyword arguments of the factory, or ``None`` for no call.
    """

    module: str
    attribute: str
    arguments: tuple[tuple[Any, ...], dict[str, Any]] | None = None

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read the value of ``http`` or ``setup``. Raises ApplicationError when it is neither."""
        module, _, expression = text.partition(":")
        try:
            _dotted(ast.parse(module.strip(), mode="eval").body)
            node = ast.parse(expression.strip(), mode="eval").body
            if not isinstance(node, ast.Call):
                return cls(module.strip(), _dotted(node))
            positional = tuple(ast.literal_eval(argument) for argument in node.args)
            keywords = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords if k.arg}
            return cls(module.strip(), _dotted(node.func), (positional, keywords))
        except (SyntaxError, ValueError) as exc:
            raise ApplicationError(
                f"{text!r} does not name an application",
                remedy="write module:attribute, or module:factory('literal', key=1)",
            ) from exc


def _dotted(node: ast.expr) -> str:
    """Return ``a.b.c`` of such an expression. Raises ValueError for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    raise ValueError("not a dotted name")


def import_module(name: str, root: str) -> ModuleType:
    """Import a module of the application.

    Raises:
        ApplicationError: The module is missing, has a syntax error, or raised; the place is
            the innermost line of the user's own.
    """
    with _explained(f"cannot import {name}", root):
        return importlib.import_module(name)


def set_up_django(environ: Mapping[str, str], root: str) -> None:
    """Do what ``manage.py`` and pytest-django do first, where Django's settings are named.

    Modules with models cannot be imported before. In a test session Django's test environment
    is set up as well, as it is in the test process.

    Raises:
        ApplicationError: The settings cannot be imported, or an application raised.
    """
    if environ.get("DJANGO_SETTINGS_MODULE") and importlib.util.find_spec("django") is not None:
        django = import_module("django", root)
        with _explained("django.setup() raised", root):
            django.setup()
            if debug := environ.get(DJANGO_TESTS_VARIABLE):
                # Above all no host may send real mail because of a test.
                tools = importlib.import_module("django.test.utils")
                tools.setup_test_environment(debug={"true": True, "false": False}.get(debug))


def load_application(text: str, root: str) -> Any:
    """Return the WSGI or ASGI object that ``http = "..."`` names, calling its factory if asked.

    Raises:
        ApplicationError: Anything on the way went wrong.
    """
    reference = Reference.parse(text)
    module = import_module(reference.module, root)
    target = _attribute(module, reference)
    if reference.arguments is None:
        return target
    if not callable(target):
        raise ApplicationError(
            f"{text}: {reference.attribute} is {_a(target)}, which cannot be called",
            file=module.__file__,
            remedy=f'write "{reference.module}:{reference.attribute}"',
        )
    positional, keywords = reference.arguments
    return _call(target, text, root, positional, keywords)


def call_setup(text: str, root: str) -> None:
    """Call the ``module:callable`` that ``setup`` names, once.

    Raises:
        ApplicationError: It is not there, or it raised.
    """
    reference = Reference.parse(text)
    target = _attribute(import_module(reference.module, root), reference)
    positional, keywords = reference.arguments or ((), {})
    with _explained(f"setup {text} raised", root):
        target(*positional, **keywords)


def protocol_of(application: Any, text: str) -> Protocol:
    """Tell whether an object is an ASGI or a WSGI application, without calling it.

    Raises:
        ApplicationError: It is neither; most often a factory whose ``()`` is missing.
    """
    if not callable(application):
        raise ApplicationError(
            f"{text} is {_a(application)}, neither a WSGI nor an ASGI application",
            remedy="name the application object, or the factory that returns it",
        )
    entry = application if inspect.isroutine(application) else type(application).__call__
    if inspect.iscoroutinefunction(application) or inspect.iscoroutinefunction(entry):
        return Protocol.ASGI
    names = _positional_names(application)
    if names is not None and (names[:1] == ["scope"] or len(names) == _ASGI_PARAMETERS):
        return Protocol.ASGI
    if names is None or len(names) == _WSGI_PARAMETERS or "start_response" in names:
        return Protocol.WSGI
    file, line = _definition(application)
    raise ApplicationError(
        f"{text} has {len(names)} required parameters, so it is neither a WSGI "
        "application (environ, start_response) nor an ASGI one (scope, receive, send)",
        file=file,
        line=line,
        remedy=f'if it is a factory, write http = "{text}()"' if "(" not in text else "",
    )


def _positional_names(application: Callable[..., Any]) -> list[str] | None:
    """Return the required positional parameters, or ``None`` when nothing can be told."""
    try:
        parameters = inspect.signature(application).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    return [
        parameter.name
        for parameter in parameters
        if parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
        and parameter.default is parameter.empty
    ]


def _attribute(module: ModuleType, reference: Reference) -> Any:
    target: Any = module
    for name in reference.attribute.split("."):
        if not hasattr(target, name):
            close = difflib.get_close_matches(name, dir(target), n=1)
            raise ApplicationError(
                f"{reference.module} has no attribute {reference.attribute!r}",
                file=module.__file__,
                remedy=f"did you mean {close[0]!r}?" if close else "",
            )
        target = getattr(target, name)
    return target


def _call(
    factory: Callable[..., Any],
    text: str,
    root: str,
    positional: tuple[Any, ...],
    keywords: dict[str, Any],
) -> Any:
    file, line = _definition(factory)
    try:
        # A callable without a readable signature raises ValueError: the call itself will tell.
        with contextlib.suppress(ValueError):
            inspect.signature(factory).bind(*positional, **keywords)
    except TypeError as exc:
        raise ApplicationError(
            f"the factory {text} cannot be called like that: {exc}",
            file=file,
            line=line,
            remedy="write its arguments as literals in the parentheses",
        ) from exc
    with _explained(f"the factory {text} raised", root):
        application = factory(*positional, **keywords)
    if application is None:
        raise ApplicationError(
            f"the factory {text} returned None", file=file, line=line, remedy="return the app"
        )
    return application


@contextlib.contextmanager
def _explained(what: str, root: str) -> Iterator[None]:
    """Turn what code of the application raises, also to leave, into an ApplicationError."""
    try:
        yield
    except (KeyboardInterrupt, ConfigError):  # the latter is no error of the application's
        raise
    except BaseException as exc:
        raise _failure(what, exc, root) from exc


def _failure(what: str, exc: BaseException, root: str) -> ApplicationError:
    """Describe an exception of the application's, with the user's own line."""
    if isinstance(exc, ApplicationError):
        return exc
    if isinstance(exc, SyntaxError) and exc.filename:
        return ApplicationError(
            f"{what}: {type(exc).__name__}: {exc.msg}", file=exc.filename, line=exc.lineno
        )
    if isinstance(exc, OSError) and (unread := _unread(exc, root)) is not None:
        return unread
    frames = users_frames(exc.__traceback__, root)
    file, line = (frames[-1].filename, frames[-1].lineno) if frames else (None, None)
    said = traceback.format_exception_only(exc)[-1].strip()
    if isinstance(exc, SystemExit):
        said = f"it called sys.exit({exc.code!r})"
    remedy = ""
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        remedy = _missing(exc.name, root)
    return ApplicationError(f"{what}: {said}", file=file, line=line, remedy=remedy)


def _unread(exc: OSError, root: str) -> ApplicationError | None:
    """Return what to say if an import could not read a source file, as the innermost frame tells.

    What the application's own code could not open is another matter.
    """
    last = list(traceback.walk_tb(exc.__traceback__))[-1][0]
    if last.f_code.co_filename != _IMPORTLIB or last.f_code.co_name != "get_data":
        return None
    file = str(last.f_locals["path"])
    named = shlex.quote(file.removeprefix(root.rstrip(os.sep) + os.sep))
    return ApplicationError(
        f"it cannot be read: {exc.strerror or exc}",
        file=file,
        remedy=f"permit it: chmod u+r {named}" if isinstance(exc, PermissionError) else "",
    )


def _missing(name: str, root: str) -> str:
    first = name.partition(".")[0]
    if Path(root, first).exists() or Path(root, f"{first}.py").exists():
        parent = name.rpartition(".")[0]
        siblings = getattr(sys.modules.get(parent), "__path__", [root])
        close = difflib.get_close_matches(name.rpartition(".")[2], _modules_in(siblings), n=1)
        return f"did you mean {'.'.join(filter(None, (parent, close[0])))!r}?" if close else ""
    return f"install what provides it for {sys.executable}"


def _modules_in(directories: Iterable[str]) -> list[str]:
    return [
        entry.name.removesuffix(".py")
        for directory in directories
        if Path(directory).is_dir()
        for entry in Path(directory).iterdir()
        if entry.is_dir() or entry.suffix == ".py"
    ]


def loaded_files(root: str) -> tuple[str, ...] | None:
    """Return the project's own files among those of the modules that are loaded.

    Returns:
        Paths relative to the root, or ``None`` when they are too many for one report.
    """
    inside = root.rstrip(os.sep) + os.sep
    found = []
    for module in list(sys.modules.values()):
        # Not by getattr: a module that loads parts of itself lazily would begin to.
        file = getattr(module, "__dict__", {}).get("__file__")
        if isinstance(file, str) and file.startswith(inside) and "site-packages" not in file:
            found.append(file.removeprefix(inside))
    is_little = sum(len(file) + 4 for file in found) < _MOST_BYTES_OF_FILES
    return tuple(sorted(found)) if is_little else None


def users_frames(start: TracebackType | None, root: str) -> list[traceback.FrameSummary]:
    """Return the frames of a traceback that lie in the project, outermost first.

    A virtual environment inside the project is not the user's own code.
    """
    inside = root.rstrip(os.sep) + os.sep
    return [
        frame
        for frame in traceback.extract_tb(start)
        if frame.filename.startswith(inside)
        and "site-packages" not in frame.filename
        and not frame.filename.startswith((sys.prefix + os.sep, str(Path(__file__).parent)))
    ]


def _definition(target: Any) -> tuple[str | None, int | None]:
    code = getattr(inspect.unwrap(target), "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code else (None, None)


def _a(value: object) -> str:
    """Name a value's type with its article."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"

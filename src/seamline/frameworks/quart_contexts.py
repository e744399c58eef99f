"""Quart's contexts beside a call: as Flask's, begun without waiting for anything.

A body travels once it is there; parsing and reading it stay coroutines on the host.
"""

import asyncio
import contextvars
import sys
import threading
from collections.abc import Coroutine
from typing import Any, Final

from seamline.errors import ContextElsewhere
from seamline.frameworks.flask_contexts import FlaskContexts, Visit, current, is_both
from seamline.frameworks.flask_sessions import give_session
from seamline.frameworks.guards import loosen
from seamline.frameworks.requests import content_of, file_of, give_routing, routing_part

_NO_BODY: Final = (
    "the body of the request was not there, or not sent, when the call was made; await it before "
    "the call, or pass the values you need from it as an argument"
)


class QuartContexts(FlaskContexts):
    """What travels with the calls of functions that read these contexts."""

    @property
    def visit(self) -> type[Visit]:
        """Return what holds these contexts in the process that hosts a function."""
        return QuartVisit

    def current(self) -> tuple[Any, Any, Any] | None:
        """Return the running code's application, ``g`` and request context, or ``None``."""
        return current(sys.modules.get("quart.globals"))

    def request_part(self, request: Any) -> tuple[Any, ...]:
        """Return what another process needs to have the same request."""
        head = {
            name: getattr(request, name)
            for name in ("method", "scheme", "path", "query_string", "root_path", "http_version")
        }
        head["headers"] = list(request.headers.items())
        head["scope"] = {
            name: value
            for name, value in request.scope.items()
            if type(value) in {str, bytes, int, type(None)} or name in {"client", "server"}
        }
        body = _body(request) if "body" in self.parts else None
        return (head, (), body, *routing_part(request, self.codec))

    def body_part(self, request: Any) -> Any:
        """Return nothing: reading a body leaves it where it is."""


class QuartVisit(Visit):
    """The contexts of one call; they end with the context variables of the call."""

    def _push(self, request: Any, state: Any) -> None:
        application = self._application
        outer = self._outer = application.app_context()
        if request is None or not is_both(outer):
            _drive(outer.push())
        if request is not None:
            inner = self._inner = application.request_context(_request(application, request))
            if state[1] is not None:
                give_session(application, inner, state[1])
            _drive(inner.push())
            self._outer = inner if is_both(inner) else outer
        self._g = self._outer.g

    def _complete(self, packed: Any) -> None:
        give_routing(self._inner.request, self._application, packed)

    def leave(self, error: BaseException | None) -> None:
        """Run the teardown functions in an event loop of their own, if there are any."""
        application = self._application
        if (
            any(application.teardown_request_funcs.values())
            or application.teardown_appcontext_funcs
        ):
            _run_apart(self.leave_async(error))
        else:
            self._contexts.applications.give_back(application)

    async def leave_async(self, error: BaseException | None) -> None:
        """Run the teardown functions."""
        loosen(self._g)
        application, is_one = self._application, is_both(self._outer)
        try:
            if self._inner is not None:
                told = (self._inner, error) if is_one else (error, self._inner)
                await application.do_teardown_request(*told)
        except ContextElsewhere:
            pass  # clean-up of what is only with the caller: the caller's own does that
        finally:
            self._contexts.applications.give_back(application)
            await application.do_teardown_appcontext(
                *((self._outer, error) if is_one else (error,))
            )

    def _pop(self, error: BaseException | None) -> None:
        """Do nothing: what was begun ends with the context variables of the call."""


def _request(application: Any, packed: tuple[Any, ...]) -> Any:
    from werkzeug.datastructures import Headers  # only where it is used anyway

    head, _, body = packed[:3]
    request = application.request_class(
        head["method"], head["scheme"], head["path"], head["query_string"],
        Headers(head["headers"]), head["root_path"], head["http_version"], head["scope"],
        send_push_promise=_push_nothing,
    )  # fmt: skip
    if type(body) is tuple:
        form, files = body
        multi = request.parameter_storage_class
        request._form = multi(form)  # noqa: SLF001 - where the parser keeps it
        request._files = multi([file_of(*parts) for parts in files])  # noqa: SLF001
        body = b""
    if body is None:
        request.body._must_raise = ContextElsewhere(_NO_BODY)  # noqa: SLF001 - it only raises own
    elif body:
        request.body.set_result(body)
    else:
        request.body.set_complete()
    return request


async def _push_nothing(_path: str, _headers: Any) -> None:
    """Stand for the connection of the caller's request, which is not here."""


def _body(request: Any) -> Any:
    """Return the body as far as it can be had without waiting: bytes, or what was parsed."""
    if request._form is not None:  # noqa: SLF001 - parsed already
        form = list(request._form.items(multi=True))  # noqa: SLF001
        files = [(name, *content_of(file)) for name, file in request._files.items(multi=True)]  # noqa: SLF001
        return (form, files)
    body = request.body
    if not body._complete.is_set():  # noqa: SLF001 - it only awaits
        return None
    if body._data is None:  # noqa: SLF001 - since Quart 0.23 it is put together when it is awaited
        return b"".join(body._queue._queue)  # noqa: SLF001 - and stays where it is
    return bytes(body._data)  # noqa: SLF001


def _drive(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise ContextElsewhere(
        "beginning the application's context waits for something (a signal's receiver, most "
        "likely), which the process that hosts the called function cannot do before the call"
    )


def _run_apart(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine to its end in another thread, with the context variables of this one."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            context.run(asyncio.run, coroutine)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            failed.append(error)

    context = contextvars.copy_context()
    thread = threading.Thread(target=run, name="seamline teardown")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]

"""Flask's contexts beside a call: application, ``g``, request, session and flashed messages."""

import sys
from types import ModuleType
from typing import Any, Final

from seamline.errors import ContextElsewhere, WireError
from seamline.frameworks.applications import Applications, Key
from seamline.frameworks.flask_sessions import (
    give_session,
    session_of,
    session_part,
    update_session,
)
from seamline.frameworks.guards import guard, loosen, names_absent
from seamline.frameworks.namespaces import (
    LABELS,
    check_needs,
    namespace_part,
    own_of,
    update_namespace,
)
from seamline.frameworks.overlay import Overlay
from seamline.frameworks.requests import (
    absent_environ,
    body_state,
    check_environ,
    complete_request,
    environ_for,
    extras,
    guard_request,
    of_server,
    own_environ,
    pack_request,
    update_body,
    update_environ,
)
from seamline.wire import Codec

_WHERE: Final = ("application", "configuration", "request", "state", "parts")
#: What may travel, in the order of their names.
PARTS: Final = ("app", "body", "g", "request", "session")
_NOTHING: Final[tuple[tuple[Any, ...], ...]] = ((), (), (), ())


class FlaskContexts:
    """What travels with the calls of functions that read these contexts.

    Args:
        parts: Which: ``app``, ``g``, ``session``, ``request``, ``body``.
        codec: Of the seam.

    Attributes:
        needs: Names of ``g`` and ``request`` (``g.user``) without which a call is not sent.
    """

    needs: frozenset[str] = frozenset()

    def __init__(
        self, parts: frozenset[str], codec: Codec, applications: Applications, overlay: Overlay
    ) -> None:
        self.parts = parts
        self.codec = codec
        self.applications = applications
        self.overlay = overlay
        self._has_request = bool(parts & {"request", "session", "body"})

    @property
    def visit(self) -> "type[Visit]":
        """Return what holds these contexts in the process that hosts a function."""
        return Visit

    def current(self) -> tuple[Any, Any, Any] | None:
        """Return the running code's application, ``g`` and request context, or ``None``."""
        return current(sys.modules.get("flask.globals"))

    def request_part(self, request: Any) -> tuple[Any, ...]:
        """Return what another process needs to have the same request."""
        return pack_request(request, self.codec, with_body="body" in self.parts)

    def body_part(self, request: Any) -> Any:
        """Return how far the body of a request was read."""
        return body_state(request)

    def pack(self) -> bytes | None:
        """Return the caller's current contexts, or ``None`` when there are none.

        Raises:
            ContextElsewhere: The application cannot be made in another process, or what the
                function needs cannot cross.
            NotSendable: A value of the session cannot cross.
        """
        outer = self.current()
        if outer is None:
            return None
        application, g, inner = outer
        request: Any = None
        if inner is not None and self._has_request:
            request = self.request_part(inner.request)
        state = self.state(g, inner)  # after its body was read
        if self.needs:
            check_needs(self.needs, g=state[0], request=state[3])
        packed = (
            tuple(self.applications.key_of(application)),
            self.overlay.pack(application),
            request,
            state,
            tuple(sorted(self.parts)),
        )
        return self.codec.encode(packed, where=_WHERE)

    def pack_state(self) -> bytes | None:
        """Return what a stream's next step needs to know: what can have changed since."""
        outer = self.current()
        if outer is None:
            return None
        _, g, inner = outer
        return self.codec.encode(self.state(g, inner), where="the framework's context")

    def state(self, g: Any, inner: Any) -> tuple[Any, ...]:
        """Return what of the contexts may change.

        These are ``g``, session, messages, and of the request: attributes and items of the
        environ that code set, and how far the body was read.

        Raises:
            NotSendable: A value of the session cannot cross.
        """
        values: Any = None
        if "g" in self.parts:
            values = namespace_part(own_of(g), names_absent(g), self.codec)
        if inner is None or not self._has_request:
            return (values, None, None, None, None, None)
        session, flashes = None, None
        if "session" in self.parts:
            session = session_part(session_of(inner))
            flashes = getattr(inner, flashes_of(inner), None)
        request = inner.request
        return (
            values,
            session,
            flashes,
            namespace_part(extras(request), names_absent(request), self.codec),
            namespace_part(own_environ(request), absent_environ(request), self.codec),
            self.body_part(request) if "body" in self.parts else None,
        )

    def apply(self, data: bytes) -> None:
        """Apply what the host changed to the caller's own objects."""
        outer = self.current()
        if outer is not None:
            _, g, inner = outer
            match self.codec.decode(data):
                case (state, (tuple(), tuple(), tuple(), tuple()) as replaced):
                    self.update(g, inner, state, replaced)
                case _:
                    raise WireError("the peer sent something else than a context's changes")

    def update(
        self, g: Any, inner: Any, state: Any, replaced: tuple[tuple[Any, ...], ...] = _NOTHING
    ) -> None:
        """Make the contexts what a state says.

        Args:
            g: Of the contexts.
            inner: Their request context, if there is one.
            state: As :meth:`state` returns it.
            replaced: Names of ``g``, the session, the request and its environ that are bound
                to another object now; what the others are bound to changes in place.

        Raises:
            WireError: It is no state.
        """
        match state:
            case (values, session, flashes, attributes, environ, body):
                pass
            case _:
                raise WireError("the peer sent something else than a framework's context")
        if values is not None:
            update_namespace(g, own_of(g), values, replaced[0])
        if inner is None:
            return
        if session is not None:
            before = session_of(inner).get("_user_id") if "_login_user" in vars(g) else None
            update_session(session_of(inner), session, replaced[1])
            setattr(inner, flashes_of(inner), flashes)
            if "_login_user" in vars(g) and session_of(inner).get("_user_id") != before:
                vars(g).pop("_login_user")  # its extension loads it anew
        if attributes is not None:
            update_namespace(inner.request, extras(inner.request), attributes, replaced[2])
            update_environ(inner.request, environ, replaced[3])
        if body is not None:
            update_body(inner.request, body)

    def enter(self, data: bytes, name: str) -> "Visit":
        """Push the same contexts in this process; the running context is the call's own.

        Raises:
            WireError: The peer sent something else than contexts.
            ContextElsewhere: The application cannot be made here.
        """
        match self.codec.decode(data):
            case ((str() as recipe, bytes() as arguments, int() as serial), bytes() as settings,
                  request, state, tuple() as parts):  # fmt: skip
                contexts = self._with(frozenset(map(str, parts)))
            case _:
                raise WireError("the peer sent something else than a framework's context")
        key = Key(recipe, arguments, serial)
        application = self.applications.borrow(key, settings, self.overlay)
        try:
            return contexts.visit(contexts, application, (request, state), name)
        except BaseException:
            self.applications.give_back(application)
            raise

    def _with(self, parts: frozenset[str]) -> "FlaskContexts":
        """Return the same for the parts that the caller sent."""
        if parts == self.parts:
            return self
        if not parts <= set(PARTS):
            raise WireError("the peer sent parts of a framework's context that there are not")
        return type(self)(parts, self.codec, self.applications, self.overlay)


class Visit:
    """The contexts of one call in the process that hosts its function."""

    def __init__(
        self,
        contexts: FlaskContexts,
        application: Any,
        packed: tuple[Any, Any],
        name: str,
    ) -> None:
        request, state = packed
        self._contexts = contexts
        self._application = application
        # An application of this process's own may hold more than could come along.
        self._settings = contexts.overlay.pack(application)
        self._name = name
        self._inner: Any = None
        self._g: Any = None
        self._pushed: list[Any] = []
        try:
            self._push(request, state)
            self._fill(request, state)
        except BaseException as error:
            self._pop(error)
            if isinstance(error, (TypeError, ValueError, KeyError, AttributeError)):
                why = f"the peer sent a context that cannot be built: {error!r}"
                raise WireError(why) from error
            raise
        self._note()

    def _note(self) -> None:
        """Note what the contexts are, to tell afterwards what changed and what was replaced."""
        self._before = self._state()
        self._came = self._bound()
        self._environ = {} if self._inner is None else of_server(self._inner.request)

    def _bound(self) -> tuple[dict[Any, Any], ...]:
        """Return what names of ``g``, the session, the request and its environ are bound to."""
        inner = self._inner
        if inner is None:
            return own_of(self._g), {}, {}, {}
        request = inner.request
        return own_of(self._g), dict(session_of(inner)), extras(request), own_environ(request)

    def _replaced(self) -> tuple[tuple[Any, ...], ...]:
        return tuple(
            tuple(name for name in now if name in came and now[name] is not came[name])
            for came, now in zip(self._came, self._bound(), strict=True)
        )

    def _push(self, request: Any, state: Any) -> None:
        application = self._application
        # Of its own also where the same application's is active (layout ``local``).
        outer = application.app_context()
        if request is None or not is_both(outer):
            outer.push()
            self._pushed.append(outer)
        if request is not None:
            inner = application.request_context(environ_for(request, state[4][1]))
            if state[1] is not None:
                give_session(application, inner, state[1])
            inner.push()
            self._pushed.append(inner)
            self._inner = inner
        found = self._contexts.current()
        assert found is not None
        self._g = found[1]

    def _complete(self, packed: Any) -> None:
        """Give the request what it needs besides its environ."""
        complete_request(self._inner.request, self._application, packed)

    def _fill(self, request: Any, state: Any) -> None:
        if request is not None:
            self._complete(request)
        self._contexts.update(self._g, self._inner, state)
        if state[0] is not None and state[0][1]:
            guard(self._g, frozenset(state[0][1]), LABELS["g"])
        if state[3] is not None:
            guard_request(self._inner.request, state[3][1])

    def _state(self) -> bytes:
        contexts = self._contexts
        return contexts.codec.encode(
            contexts.state(self._g, self._inner), where="the framework's context"
        )

    def changes(self) -> bytes | None:
        """Return what the call changed, for the caller to do likewise.

        Raises:
            ContextElsewhere: It did what cannot be done in the caller's process.
            NotSendable: It put a value into the session that cannot cross.
        """
        waiting = getattr(self._inner, "_after_request_functions", None)
        if waiting:
            raise ContextElsewhere(
                f"{self._name} ran and registered a function with after_this_request, which "
                "runs in the process that answers the request. Register it there, or keep both "
                "in one group"
            )
        contexts = self._contexts
        contexts.overlay.check(self._application, self._settings, self._name)
        if self._inner is not None:
            check_environ(self._inner.request, self._environ, contexts.codec, self._name)
        before, after = self._before, self._state()
        if before == after:
            return None
        self._check_lost(before, after)
        changed = (contexts.state(self._g, self._inner), self._replaced())
        self._note()
        return contexts.codec.encode(changed, where="the framework's context")

    def _check_lost(self, before: bytes, after: bytes) -> None:
        """Refuse that a value of the caller's was replaced by one that cannot cross."""
        old, new = self._contexts.codec.decode(before)[0], self._contexts.codec.decode(after)[0]
        if old is not None:
            lost = sorted((old[0].keys() - new[0].keys()) & vars(self._g).keys())
            if lost:
                raise ContextElsewhere(
                    f"{self._name} ran and set flask.g.{lost[0]} to a value that cannot cross "
                    "the seam; the caller's did not change"
                )

    def renew(self, data: bytes) -> None:
        """Take over what the caller changed between two steps of a stream."""
        if data != self._before:
            self._contexts.update(self._g, self._inner, self._contexts.codec.decode(data))
            self._note()

    def leave(self, error: BaseException | None) -> None:
        """Pop the contexts; the application's teardown functions run."""
        loosen(self._g)
        try:
            self._pop(error)
        finally:
            self._contexts.applications.give_back(self._application)

    async def leave_async(self, error: BaseException | None) -> None:
        """Do the same in a coroutine."""
        self.leave(error)

    def _pop(self, error: BaseException | None) -> None:
        """Pop what was pushed, all of it; raise what the application's clean-up raised."""
        failed: BaseException | None = None
        while self._pushed:
            try:
                self._pushed.pop().pop(error)
            except ContextElsewhere:
                continue  # clean-up of what is only with the caller: the caller's own does that
            except BaseException as raised:  # noqa: BLE001 - raised once all are popped
                failed = failed or raised
        if failed is not None:
            raise failed


def current(module: ModuleType | None) -> tuple[Any, Any, Any] | None:
    """Return the running code's application, ``g`` and request context, or ``None``.

    Args:
        module: ``flask.globals`` or ``quart.globals``, if it is loaded.
    """
    if module is None:
        return None
    space = vars(module)
    # The proxies' own variables, without their errors. Before Flask 2.2 they were stacks.
    variable = space.get("_cv_app")
    if variable is None:
        outer, inner = space["_app_ctx_stack"].top, space["_request_ctx_stack"].top
    else:
        outer = variable.get(None)
        variable = space.get("_cv_request")
        if variable is not None:
            inner = variable.get(None)
        else:
            inner = outer if outer is not None and outer.has_request else None
    return None if outer is None else (outer.app, outer.g, inner)


def is_both(context: Any) -> bool:
    """Whether one context is of application and request: since Flask 3.2 and Quart 0.23."""
    return hasattr(type(context), "has_request")


def flashes_of(context: Any) -> str:
    """Return the name under which a request context keeps flashed messages."""
    return "_flashes" if is_both(context) else "flashes"

"""Application objects of Flask and Quart: how this process's were made, and making the same.

An application crosses as a key: which factory of the application's own made it, with which
arguments, and the how manieth of those it is. Only what the plan lists is ever called.
"""

import importlib
import inspect
import sys
import threading
import weakref
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType
from typing import Any, Final, NamedTuple

from seamline.errors import ContextElsewhere, NotSendable, WireError
from seamline.frameworks.overlay import Overlay
from seamline.frameworks.settings import pack_settings, unpack_settings
from seamline.wire import Codec

# Tests make one application each; the ones before are rarely asked for again.
MOST_BUILT: Final = 16
# More of one kind than any process makes; a peer may not have us count further.
_MOST_SERIAL: Final = 1 << 20


_UNSEEN: Final = "it is neither held by a module-level name nor made by a function that returns it"


class Key(NamedTuple):
    """What names one application object in every process of a run.

    Attributes:
        recipe: ``module:name`` or ``module:function()``, one that the plan lists.
        arguments: What the factory was given, encoded; empty for a name.
        serial: How many this process made with these before it.
    """

    recipe: str
    arguments: bytes = b""
    serial: int = 0


class Applications:
    """The application objects of one process, by key. Safe to use from several threads.

    Args:
        recipes: What the plan lists; nothing else is imported or called.
        codec: Encodes the arguments of factories.

    Attributes:
        is_serving: Whether this process answers requests, with applications of its own.
    """

    def __init__(self, recipes: Collection[str], codec: Codec) -> None:
        self.is_serving = False
        self._recipes = frozenset(recipes)
        self._codec = codec
        self._keys: weakref.WeakKeyDictionary[Any, Key | str] = weakref.WeakKeyDictionary()
        self._made: weakref.WeakValueDictionary[Key, Any] = weakref.WeakValueDictionary()
        self._asked: weakref.WeakSet[Any] = weakref.WeakSet()
        self._counts: Counter[tuple[str, bytes]] = Counter()
        self._built: OrderedDict[Key, Any] = OrderedDict()
        self._variants: dict[Key, list[Any]] = {}
        self._used = _Uses()
        self._kept: list[Any] = []
        self._lock = threading.RLock()
        self._building = _Building()
        self._latest: list[tuple[Any, list[FrameType]]] = []

    # -- this process's own -------------------------------------------------------------

    def observe(self, application: Any, frame: FrameType | None) -> None:
        """Note how an application is being made, by the frames that are making it."""
        if self._building.key is not None:
            return  # named by whoever asked for it
        frames = list(self._factories(frame))
        with self._lock:
            taken = [(other, theirs) for other, theirs in self._latest if theirs]
            for other, theirs in taken:
                # One call of a factory makes two: the outer frame is that of the later one.
                if frames and theirs[0] is frames[0] and len(theirs) > 1:
                    self._name(other, theirs[1:])
                elif frames and theirs[0] is frames[0]:
                    frames = frames[1:]
            self._name(application, frames)
            self._latest = [(application, frames)]

    def keep(self, application: Any) -> None:
        """Keep an application alive that was made for calls of other processes."""
        self._kept.append(application)

    def key_of(self, application: Any) -> Key:
        """Return the key of an application object.

        Raises:
            ContextElsewhere: No other process could make the same.
        """
        with self._lock:
            known = self._keys.get(application)
            if application not in self._asked:
                # What a module does to its application after the factory belongs to it, too.
                self._asked.add(application)
                bound = None if known in self._built else self._bound_name(application)
                if bound is not None:
                    known = self._keys[application] = Key(bound)
                    self._made[known] = application
        if isinstance(known, Key):
            return known
        raise ContextElsewhere(
            f"the application {getattr(application, 'import_name', '?')!r} cannot be made in "
            f"another process: {known or _UNSEEN}. Make it at the top of a module, or in a "
            "function that returns it, in the application's own packages"
        )

    def _name(self, application: Any, frames: list[FrameType]) -> None:
        if not frames:
            self._keys[application] = _UNSEEN
            return
        frame = frames[0]
        recipe = _recipe_of(frame)
        try:
            arguments = pack_settings(_arguments_of(frame), self._codec)
        except NotSendable as error:
            self._keys[application] = f"{recipe} was called with what cannot cross: {error}"
            return
        kind = (recipe, arguments)
        key = self._keys[application] = Key(recipe, arguments, self._counts[kind])
        self._counts[kind] += 1
        self._made[key] = application

    def _factories(self, frame: FrameType | None) -> Iterator[FrameType]:
        """Return the frames of listed factories, outermost first."""
        found = []
        while frame is not None:
            if _recipe_of(frame) in self._recipes:
                found.append(frame)
            frame = frame.f_back
        return reversed(found)

    def _bound_name(self, application: Any) -> str | None:
        """Return the listed module-level name that holds an application."""
        for recipe in sorted(self._recipes):
            module, _, name = recipe.partition(":")
            if getattr(sys.modules.get(module), name, None) is application:
                return recipe
        return None

    # -- the same as another process's ---------------------------------------------------

    def instance(self, key: Key) -> Any:
        """Return the application of a key, making it if need be.

        Raises:
            WireError: The peer names one that is not the application's own.
            ContextElsewhere: It cannot be made here.
        """
        if key.recipe not in self._recipes or not 0 <= key.serial < _MOST_SERIAL:
            raise WireError(f"the peer asked for the application {key.recipe!r}")
        with self._lock:
            found = self._made.get(key)
            if found is None:
                found = self._make(key)
                self._keys[found] = key
                self._made[key] = found
                if not (self.is_serving and not key.recipe.endswith("()")):
                    self._built[key] = found
                while len(self._built) > MOST_BUILT:
                    oldest, _ = self._built.popitem(last=False)
                    self._variants.pop(oldest, None)
            elif key in self._built:
                self._built.move_to_end(key)
            return found

    def borrow(self, key: Key, settings: bytes, overlay: Overlay) -> Any:
        """Return the application of a key with the caller's settings; return it afterwards.

        One that a call with other settings uses now is left alone: another is made.

        Raises:
            WireError: The peer names one that is not the application's own.
            ContextElsewhere: It cannot be made here, or not with these settings.
        """
        with self._lock:
            first = self.instance(key)
            if self.is_serving and key not in self._built and first not in self._kept:
                self._check_own(first, settings, overlay)
                return first
            alike = [first, *self._variants.get(key, ())]
            found = next((one for one in alike if overlay.pack(one) == settings), None)
            if found is None:
                found = next((one for one in alike if not self._used[one]), None)
                if found is None:
                    found = self._variant(key, len(alike))
                overlay.apply(found, settings)
            self._used[found] += 1
            return found

    def give_back(self, application: Any) -> None:
        """End the use of a borrowed application."""
        with self._lock:
            if self._used[application]:
                self._used[application] -= 1

    def _variant(self, key: Key, count: int) -> Any:
        if not key.recipe.endswith("()") or count == MOST_BUILT:
            raise ContextElsewhere(
                f"calls with different configurations of the application {key.recipe} run at "
                "once, and this process has only one of it. Give every process that serves "
                "requests the same configuration (a secret key that each makes for itself is "
                "the usual difference)"
            )
        made = self._make(key)
        self._keys[made] = key
        self._variants.setdefault(key, []).append(made)
        return made

    def _check_own(self, application: Any, settings: bytes, overlay: Overlay) -> None:
        """Refuse other settings for an application that this process made for itself."""
        name = overlay.conflict(application, settings)
        if name is not None:
            raise ContextElsewhere(
                f"the application {getattr(application, 'import_name', '?')!r} has another "
                f"value of {name} in the process that hosts the called function, which serves "
                "requests with it. Give every process that serves requests the same configuration"
            )

    def _make(self, key: Key) -> Any:
        module, _, name = key.recipe.partition(":")
        with self._explained(key), self._building.of(key):
            loaded = importlib.import_module(module)
            if not name.endswith("()"):
                found = getattr(loaded, name)
            else:
                factory = getattr(loaded, name.removesuffix("()"))
                named, extra, keywords = unpack_settings(key.arguments, self._codec)
                first = [
                    parameter for parameter in _positional_only(factory) if parameter in named
                ]
                positional = [named.pop(parameter) for parameter in first]
                if extra:
                    positional += [named.pop(parameter) for parameter in _before_extra(factory)
                                   if parameter in named]  # fmt: skip
                found = factory(*positional, *extra, **named, **keywords)
        if not _is_application(found):
            raise ContextElsewhere(
                f"{key.recipe} gave a {type(found).__name__} in this process, no application"
            )
        return found

    @contextmanager
    def _explained(self, key: Key) -> Iterator[None]:
        try:
            yield
        except (WireError, ContextElsewhere):
            raise
        except Exception as error:
            raise ContextElsewhere(
                f"the application {key.recipe} could not be made in the process that hosts the "
                f"called function: {type(error).__name__}: {error}. Each process makes its own: "
                "let a factory find what an earlier call set up"
            ) from error


class _Uses(weakref.WeakKeyDictionary[Any, int]):
    """How many calls use each application now."""

    def __getitem__(self, application: Any) -> int:
        return self.get(application, 0)


class _Building(threading.local):
    """The key of the application that this thread is making for another process."""

    key: Key | None = None

    @contextmanager
    def of(self, key: Key) -> Iterator[None]:
        before, self.key = self.key, key
        try:
            yield
        finally:
            self.key = before


def _is_application(value: Any) -> bool:
    """Whether a value is an application object of a framework that is loaded."""
    classes = (
        getattr(sys.modules.get(name), attribute, None)
        for name, attribute in (("flask", "Flask"), ("quart", "Quart"))
    )
    return any(isinstance(value, cls) for cls in classes if cls is not None)


def _recipe_of(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '')}:{frame.f_code.co_qualname}()"


def _arguments_of(
    frame: FrameType,
) -> tuple[dict[str, Any], tuple[Any, ...], dict[str, Any]]:
    """Return what a factory was called with, defaults left out."""
    code = frame.f_code
    values = frame.f_locals
    count = code.co_argcount + code.co_kwonlyargcount
    defaults = _defaults_of(frame.f_globals.get(code.co_name), code)
    named = {
        name: values[name]
        for name in code.co_varnames[:count]
        if name in values and not (name in defaults and values[name] is defaults[name])
    }
    extra: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    if code.co_flags & inspect.CO_VARARGS:
        extra = tuple(values.get(code.co_varnames[count], ()))
        count += 1
    if code.co_flags & inspect.CO_VARKEYWORDS:
        keywords = dict(values.get(code.co_varnames[count], {}))
    return named, extra, keywords


def _defaults_of(function: Any, code: CodeType) -> dict[str, Any]:
    """Return the default objects of a factory, as far as its module still holds it."""
    function = inspect.unwrap(function) if callable(function) else function
    if not isinstance(function, FunctionType) or function.__code__ is not code:
        return {}
    given = function.__defaults__ or ()
    positional = code.co_varnames[: code.co_argcount]
    pairs = zip(positional[len(positional) - len(given) :], given, strict=True)
    return dict(pairs) | (function.__kwdefaults__ or {})


def _positional_only(factory: Callable[..., Any]) -> list[str]:
    return [
        name
        for name, parameter in inspect.signature(factory).parameters.items()
        if parameter.kind is parameter.POSITIONAL_ONLY
    ]


def _before_extra(factory: Callable[..., Any]) -> list[str]:
    return [
        name
        for name, parameter in inspect.signature(factory).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]

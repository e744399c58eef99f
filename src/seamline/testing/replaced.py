"""What tests replace in modules, classes and dictionaries: noticed while it lasts.

``unittest.mock``, the ``mock`` of PyPI and pytest's ``monkeypatch`` tell of each patch; tools
that assign by themselves (clocks, HTTP doubles) are found by looking at the names they are known
to replace.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial, wraps
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from time import CLOCK_BOOTTIME, clock_gettime, time
from types import ModuleType
from typing import Any, Final
from unittest import mock

from seamline.testing.causes import Replaced
from seamline.testing.compared import PLAIN

# Names that tools replace without unittest.mock or monkeypatch: freezegun, requests-mock,
# HTTPretty, pytest-socket, pytest-httpx and their like.
_LOOKED_AT: Final = tuple(
    Replaced(*pair.split(":"))
    for pair in (
        "builtins:open",
        "time:time",
        "time:monotonic",
        "time:sleep",
        "datetime:datetime",
        "datetime:date",
        "random:random",
        "uuid:uuid4",
        "socket:socket",
        "os:open",
        "urllib.request:urlopen",
        "requests:Session.send",
        "requests:Session.request",
        "requests:Session.get_adapter",
        "requests.adapters:HTTPAdapter.send",
        "urllib3.connectionpool:HTTPConnectionPool.urlopen",
        "httpx:HTTPTransport.handle_request",
        "httpx:AsyncHTTPTransport.handle_async_request",
        "aiohttp.client:ClientSession._request",
    )
)

# Clocks are set right in smaller steps than tests travel.
_STEPS_OF_CLOCKS: Final = 2.0
# Values whose own attributes are not looked into; those of classes are found by their names.
_NOT_HOLDING: Final = PLAIN | {type}
# How a module was found, which code of the application does not run on: pytest's loader holds its
# configuration, and that is patched for the whole session.
_OF_IMPORTS: Final = frozenset({"__loader__", "__spec__"})


class Replacements:
    """What is replaced at this moment in one test process.

    Args:
        is_application: Whether a module, by its name, is searched for the objects that tests
            patch attributes of.
    """

    def __init__(self, is_application: Callable[[str], bool]) -> None:
        self._is_application = is_application
        # By the patch that is in place, which is kept so that its id stays its own.
        self._active: dict[int, tuple[object, Callable[[], list[Replaced]]]] = {}
        self._originals: dict[Replaced, tuple[Mapping[str, object], str, object]] = {}
        self._hooks = contextlib.ExitStack()
        self._started_at = _seconds_since_start()

    def watch(self) -> None:
        """Begin to take note of patches."""
        for module in filter(None, (mock, _mock_of_its_own())):
            patch: Any = module._patch  # noqa: SLF001 - its one entrance
            patch_dict: Any = module._patch_dict  # noqa: SLF001 - likewise
            self._after(patch, "__enter__", self._entered)
            self._after(patch, "__exit__", self._left)
            self._after(patch_dict, "_patch_dict", self._entered_dict)
            self._after(patch_dict, "_unpatch_dict", self._left)
        # Django's own runner needs no pytest.
        monkeypatch = getattr(sys.modules.get("pytest"), "MonkeyPatch", None)
        if monkeypatch is not None:
            for name in ("setattr", "delattr", "setitem", "delitem"):
                self._after(monkeypatch, name, self._monkeypatched)
            self._after(monkeypatch, "undo", self._left)
        self.look()

    def end(self) -> None:
        """Take note no more."""
        self._hooks.close()
        self._active.clear()

    def look(self) -> None:
        """Take what is loaded now, and was not before, for the original."""
        for one in _LOOKED_AT:  # after each test
            if one.module in sys.modules and one not in self._originals:
                *owners, attribute = one.name.split(".")
                space = vars(sys.modules[one.module])
                for owner in owners:
                    space = getattr(space.get(owner), "__dict__", {})
                if attribute in space:
                    self._originals[one] = (space, attribute, space[attribute])

    def active(self) -> Iterator[Replaced]:
        """Yield what is replaced now. Cheap when nothing is: it is asked before each call."""
        for _, replaced in list(self._active.values()):
            yield from replaced()
        yield from [
            one
            for one, (space, attribute, original) in self._originals.items()
            if space.get(attribute) is not original
        ]
        if self._is_clock_moved():
            yield from (Replaced("time", "time"), Replaced("datetime", "datetime.now"))

    def _is_clock_moved(self) -> bool:
        """Whether C functions tell another time than the clock: time-machine leaves them there."""
        machine = sys.modules.get("time_machine")
        travels = ("coordinates_stack", "traveller_stack")  # before version 3, and since
        if machine is not None and any(getattr(machine, name, None) for name in travels):
            return True
        return abs(_seconds_since_start() - self._started_at) > _STEPS_OF_CLOCKS

    def _after(self, owner: Any, name: str, hear: Callable[[Any], None]) -> None:
        """Have a method tell of itself once it has done its work; the end of a patch always."""
        original = vars(owner)[name]

        @wraps(original)
        def method(patch: Any, *args: Any, **keywords: Any) -> Any:
            # A traceback of the test shows pytest's own frames no more than this one.
            __tracebackhide__ = True
            try:
                result = original(patch, *args, **keywords)
            except BaseException:
                self._left(patch)
                raise
            hear(patch)
            return result

        setattr(owner, name, method)
        self._hooks.callback(setattr, owner, name, original)

    def _entered(self, patch: Any) -> None:
        self._note(patch, partial(self._of_attribute, patch.target, str(patch.attribute)))

    def _entered_dict(self, patch: Any) -> None:
        # With `clear` every other item is gone as well; one is enough to name the dictionary.
        self._note(patch, partial(self._of_items, patch.in_dict, list(patch.values) or ["*"]))

    def _monkeypatched(self, patch: Any) -> None:
        self._note(patch, partial(self._of_monkeypatch, patch))

    def _of_monkeypatch(self, patch: Any) -> Iterator[Replaced]:
        """Yield where code finds what pytest's monkeypatch replaced and did not put back."""
        originals: dict[tuple[int, str], tuple[Any, str, object]] = {}
        for target, name, old in list(patch._setattr):  # noqa: SLF001 - it tells nobody otherwise
            originals.setdefault((id(target), name), (target, name, old))
        for target, name, old in originals.values():
            # What was patched and patched back is no replacement any more.
            if getattr(target, "__dict__", {}).get(name) is not old:
                yield from self._of_attribute(target, name)
        items: dict[int, tuple[Any, set[object]]] = {}
        for target, key, _ in list(patch._setitem):  # noqa: SLF001 - likewise
            items.setdefault(id(target), (target, set()))[1].add(key)
        for target, keys in items.values():
            yield from self._of_items(target, keys)

    def _note(self, patch: object, find: Callable[[], Iterable[Replaced]]) -> None:
        """Note a patch. What it replaces is found for the first call that follows, if one does."""
        self._active[id(patch)] = (patch, cache(lambda: list(find())))

    def _left(self, patch: object) -> None:
        self._active.pop(id(patch), None)

    def _of_attribute(self, target: object, name: str) -> Iterator[Replaced]:
        """Yield where code finds an attribute of a module, a class or another object."""
        kind = type(target)  # not isinstance: proxies of frameworks would run code
        if issubclass(kind, ModuleType):
            yield Replaced(str(vars(target)["__name__"]), name)
        elif issubclass(kind, type):
            owner: Any = target
            yield Replaced(str(owner.__module__), f"{owner.__qualname__}.{name}")
        else:
            for module, holder in self._holders(target):
                yield Replaced(module, f"{holder}.{name}")

    def _of_items(self, target: object, keys: Any) -> Iterator[Replaced]:
        """Yield where code finds items of a dictionary."""
        if target is os.environ:
            return  # hosts take it over before each call
        if target is sys.modules:
            yield from (Replaced(str(key), "") for key in keys)
            return
        for module, holder in self._holders(target):
            names = [holder] if holder else map(str, keys)
            yield from (Replaced(module, name) for name in names)

    def _holders(self, target: object) -> Iterator[tuple[str, str]]:
        """Yield modules and names that hold an object, itself or one level down.

        What no module holds reaches a host only as an argument, by value.
        """
        own = type(target).__module__
        asked: dict[int, bool] = {}  # most modules hold the same others
        for name, module in list(sys.modules.items()):
            if not (name == own or self._is_application(name)):
                continue
            space = vars(module) if issubclass(type(module), ModuleType) else {}
            if space is target:
                yield name, ""
            for held, value in list(space.items()):
                if type(value) in _NOT_HOLDING or held in _OF_IMPORTS:
                    continue
                if id(value) not in asked:
                    asked[id(value)] = value is target or _holds(value, target)
                if asked[id(value)]:
                    yield name, held


def _mock_of_its_own() -> Any:
    """Return the module of the distribution ``mock``, which has patches of its own; None without.

    It is imported here: who imports it during a test, as pytest-mock does where it is told to
    use that one, would have entered a patch before anybody listens.
    """
    try:
        distribution("mock")
        return import_module("mock.mock")
    except (PackageNotFoundError, ImportError):
        return None


def _seconds_since_start() -> float:
    """Return what the clock said when the machine was started, as it says now.

    A function that a test puts into ``time`` is not asked: it may answer the test's next value.
    """
    return time() - clock_gettime(CLOCK_BOOTTIME)


def _holds(value: object, target: object) -> bool:
    """Whether an object's own attributes hold another. Runs no code of the object's."""
    try:
        space = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return False
    # By identity, in C: a patch asks everything that the application's modules hold.
    return type(space) is dict and id(target) in map(id, list(space.values()))

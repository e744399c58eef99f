"""Tests that add to an application object of Flask or Quart what its factory did not.

Hosts make the application again by the same factory, so filters, globals, routes and
extensions that a test puts in are missing there. Which tests do is read from their code.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cache
from types import CodeType
from typing import Final, NamedTuple

from seamline.interface import Function
from seamline.seam import all_codes
from seamline.testing.causes import CHANGED_APPLICATION, IN_MEMORY, Cause
from seamline.testing.looking import Test, codes_of
from seamline.testing.memory import is_memory_name
from seamline.testing.stores import stores_items

_FRAMEWORKS: Final = ("flask", "quart")
# Parts of an application that are put into, or replaced.
_PARTS: Final = frozenset(
    {
        "after_request_funcs", "before_request_funcs", "extensions", "jinja_env", "jinja_loader",
        "jinja_options", "template_context_processors", "url_build_error_handlers", "url_map",
        "view_functions",
    }
)  # fmt: skip
# Methods that put something in.
_METHODS: Final = frozenset(
    {
        "add_template_filter", "add_template_global", "add_template_test", "add_url_rule",
        "context_processor", "register_blueprint", "template_filter", "template_global",
        "template_test",
    }
)  # fmt: skip
# What a call carries to the host's application by value.
_PLAIN: Final = frozenset({type(None), bool, int, float, str, bytes, timedelta})


class _Change(NamedTuple):
    """What one piece of code does to an application: parts, and names of its configuration."""

    parts: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()

    def __or__(self, other: "_Change") -> "_Change":
        return _Change(self.parts | other.parts, self.settings | other.settings)


class Reshaping:
    """What the running test does to the application, and what that concerns."""

    def __init__(self) -> None:
        self._helpers: dict[str, list[CodeType]] = {}
        self._at_import = _Change()
        self._test: Test | None = None
        self._of_now: _Change | None = None
        # Of the tests that begin with the same codes, which it holds; many have parameters.
        self._known: dict[tuple[CodeType, ...], _Change] = {}

    def read(self, modules: Iterable[CodeType]) -> None:
        """Take the code of the tests' modules into account, from which helpers are called."""
        self._known.clear()
        self._of_now = None
        for module in modules:
            self._at_import |= _change_of(module)
            for code in all_codes(module):
                if code is not module:
                    self._helpers.setdefault(code.co_name, []).append(code)

    def begin_test(self, test: Test) -> None:
        """Take note of which test runs. Its code is read when a call asks for it: most do not."""
        self._test, self._of_now = test, None

    def _of_test(self) -> _Change:
        """Return what the running test, its fixtures and the helpers that these name do."""
        if self._test is None:
            return self._at_import
        if self._of_now is None:
            codes = tuple(inner for code in codes_of(self._test) for inner in all_codes(code))
            if codes not in self._known:
                self._known[codes] = self._changes(codes)
            self._of_now = self._known[codes]
        return self._of_now

    def _changes(self, codes: Iterable[CodeType]) -> _Change:
        found = self._at_import
        seen: set[int] = set()
        queue = list(codes)
        while queue:
            code = queue.pop()
            # What other plugins' fixtures do is done in the same way whatever the test.
            if id(code) not in seen and "site-packages" not in code.co_filename:
                seen.add(id(code))
                found |= _change_of(code)
                queue += (one for name in code.co_names for one in self._helpers.get(name, ()))
        return found

    def causes(self, function: Function) -> Iterator[Cause]:
        """Yield what a function would see of the application here and not on its host."""
        if not any(one.partition(":")[0] in _FRAMEWORKS for one in function.contexts):
            return
        now = self._of_test()
        for part in sorted(now.parts):
            yield Cause(CHANGED_APPLICATION, part)
        if not now.settings:
            return
        config = _configuration()
        for name in sorted(now.settings & config.keys()):
            if not _is_plain(config[name]):
                yield Cause(CHANGED_APPLICATION, f"config[{name!r}]")

    @staticmethod
    def databases(function: Function) -> Iterator[Cause]:
        """Yield the databases in memory that the current application is configured for."""
        if function.contexts:
            for name, value in list(_configuration().items()):
                if type(value) is str and value.startswith("sqlite") and is_memory_name(value):
                    yield Cause(IN_MEMORY, f"config[{name!r}]")


@cache
def _change_of(code: CodeType) -> _Change:
    names = frozenset(code.co_names)
    parts = names & _METHODS
    does_store = stores_items(code)
    if does_store:
        parts |= names & _PARTS
    texts = {text for text in code.co_consts if type(text) is str and text.isupper()}
    is_configuring = "config" in names and does_store
    return _Change(parts, frozenset(texts) if is_configuring else frozenset())


def _configuration() -> dict[str, object]:
    """Return the configuration of the application whose context is current, if there is one."""
    for name in _FRAMEWORKS:
        current = getattr(sys.modules.get(name), "current_app", None)
        if current is not None and current:  # a proxy, which is false without a context
            return dict(current.config)
    return {}


def _is_plain(value: object) -> bool:
    if type(value) in (list, tuple, set, frozenset):
        return all(map(_is_plain, value))  # type: ignore[call-overload]
    if type(value) is dict:
        return all(map(_is_plain, (*value.keys(), *value.values())))
    return type(value) in _PLAIN

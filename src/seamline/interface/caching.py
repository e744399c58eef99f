"""Functions that use a cache which a framework keeps in the memory of each process.

Django's is one unless ``CACHES`` names another; Flask-Caching's where ``CACHE_TYPE`` says so;
aiocache's, by its ``caches``, where the modules that use it name no other kind.
What one process puts there another does not find, nor what it deletes.
"""

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import Body
from seamline.interface.effects import Effect
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.known import named
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

_OF_DJANGO: Final = "django.core.cache"
_DJANGO: Final = ("django.core.cache.cache", "django.core.cache.caches")
_OF_FLASK: Final = frozenset({"flask_caching.Cache", "flask_cache.Cache"})
# An instance at module level is state, as of any library.
_AIOCACHE: Final = ("aiocache.caches",)
#: How a source names a kind of aiocache's that processes share.
_SHARED: Final = re.compile(rb"redis|memcached|valkey", re.IGNORECASE)
#: The names of settings.
_CACHES: Final = "CACHES"
_TYPE: Final = "CACHE_TYPE"
#: What a setting says of a backend: kept in memory, kept nowhere, or any backend at all.
_MEMORY: Final = re.compile(r"locmem|^simple$|SimpleCache$", re.IGNORECASE)
_NOWHERE: Final = re.compile(r"dummy|^null$|NullCache$", re.IGNORECASE)
_BACKEND: Final = re.compile(r"^[\w.]*cache[\w.]*$|^\w+://", re.IGNORECASE)
#: Methods by which what a decorator keeps is dropped.
_DROPPING: Final = ("clear", "delete")
#: The method that gives one its application.
_SETTING_UP: Final = "init_app"
_WHY: Final = "whose values each process keeps in its own memory"


@dataclass(slots=True)
class Cache:
    """One cache that may be kept in memory.

    Attributes:
        is_sure: Whether no setting names another kind.
        users: Where its name is used, with what is said of a function that does.
        setting_up: Those of them that only give it its application.
        drops: Those of them that drop what is kept.
        around: Functions whose results it keeps, with the same.
    """

    is_sure: bool
    users: dict[Definition | str, Effect] = field(default_factory=dict)
    setting_up: set[Definition | str] = field(default_factory=set)
    drops: set[Definition | str] = field(default_factory=set)
    around: dict[Definition | str, Effect] = field(default_factory=dict)

    def note(self, key: Definition | str, rest: str, said: Effect) -> None:
        """Note that a body uses something of it, with what is said of a function that does."""
        if rest != _SETTING_UP:
            self.setting_up.discard(key)
        elif key not in self.users:
            self.setting_up.add(key)
        self.users.setdefault(key, said)
        if rest.startswith(_DROPPING):
            self.drops.add(key)


def find_caches(graph: Graph) -> dict[str, Cache]:
    """Return the caches that may be kept in memory, by the name that they have in the source."""
    found: dict[str, Cache | None] = {}
    reader = _Reader(graph)
    for key, body in graph.bodies.items():
        for name, rest, line in reader.used(body):
            if name not in found:
                found[name] = reader.kept(name)
            cache = found[name]
            if cache is None:
                continue
            file = graph.definitions.world.modules[body.module].source.file
            cache.note(key, rest, Effect(f"uses {name}", False, file, line, _WHY))
    kept = {name: cache for name, cache in found.items() if cache is not None}
    for key in graph.bodies:
        for symbol in key.decorators if kept and isinstance(key, Definition) else ():
            name = "" if symbol is None else reader.name(symbol)[0]
            if name in kept and isinstance(key, Definition):
                said = Effect(f"is cached by {name}", False, key.file, key.line, _WHY)
                kept[name].around[key] = said
    return kept


def used_elsewhere(
    graph: Graph, cache: Cache, modules: Collection[str]
) -> dict[Definition, Effect]:
    """Return the functions of some modules that use a cache which others use, too.

    Those whose results it keeps are among them where others drop what it keeps.
    """
    if not any(_is_other(graph, key, modules) for key in cache.users):
        return {}
    found = dict(cache.users)
    if any(_is_other(graph, key, modules) for key in cache.drops):
        found |= cache.around
    return _functions_of(graph, cache, modules, found)


def used_alone(graph: Graph, cache: Cache, modules: Collection[str]) -> dict[Definition, Effect]:
    """Return the functions of some modules that use a cache which nobody else uses.

    What one of them puts there another has to find, so all of them run in the same process.
    """
    if any(_is_other(graph, key, modules) for key in cache.users):
        return {}
    return _functions_of(graph, cache, modules, cache.users)


def _is_other(graph: Graph, key: Definition | str, modules: Collection[str]) -> bool:
    module = key if isinstance(key, str) else key.module
    return module not in modules or graph.definitions.world.modules[module].source.test


def _functions_of(
    graph: Graph,
    cache: Cache,
    modules: Collection[str],
    found: dict[Definition | str, Effect],
) -> dict[Definition, Effect]:
    return {
        key: effect._replace(doubtful=not cache.is_sure)
        for key, effect in found.items()
        if isinstance(key, Definition) and not _is_other(graph, key, modules)
    }


class _Reader:
    """Says which names are caches, and what the settings of an application say of them."""

    def __init__(self, graph: Graph) -> None:
        self._world = graph.definitions.world
        self._said: dict[str, bool | None] = {}
        self._names: dict[Symbol, str] = {}

    def used(self, body: Body) -> Iterator[tuple[str, str, int]]:
        """Yield the caches that a body uses, each with what it uses of it and the line."""
        for use in body.uses:
            name, rest = self.name(use.symbol)
            if name:
                yield name, rest, use.line

    def name(self, symbol: Symbol) -> tuple[str, str]:
        """Return what a cache is called, and what follows; nothing if a symbol is of none."""
        if not symbol.module:
            known = (*_DJANGO, *_AIOCACHE)
            whole = next((one for one in known if named(symbol.name, (one,))), "")
            return whole, symbol.name[len(whole) + 1 :]
        head, _, rest = symbol.name.partition(".")
        owner = Symbol(symbol.module, head)
        if owner not in self._names:
            self._names[owner] = str(owner) if self._is_made(owner) else ""
        return self._names[owner], rest

    def _is_made(self, owner: Symbol) -> bool:
        names = self._world.modules.get(owner.module)
        for binding in () if names is None else names.assigned.get(owner.name, ()):
            if isinstance(binding.value, ast.Call):
                made = self._world.resolve(owner.module, binding.value.func)
                if made is not None and str(made) in _OF_FLASK:
                    return True
        return False

    def kept(self, name: str) -> Cache | None:
        """Return a cache if it is kept in memory, as far as the settings say."""
        if name in _AIOCACHE:
            return None if self._shares_aiocache() else Cache(is_sure=True)
        setting = _CACHES if name.startswith(_OF_DJANGO) else _TYPE
        if setting not in self._said:
            self._said[setting] = self._is_in_memory(setting)
        is_sure = self._said[setting]
        return None if is_sure is None else Cache(is_sure)

    def _is_in_memory(self, setting: str) -> bool | None:
        """Return whether settings name memory alone; None if they do not name it at all."""
        values = list(self._values(setting))
        texts = {
            part.value
            for value in values
            for part in walk(value)
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        }
        if not values:
            return True if setting == _CACHES else None
        memory = {text for text in texts if _MEMORY.search(text)}
        others = {text for text in texts - memory if _names_backend(text, setting)}
        is_written = not any(isinstance(p, ast.Call) for value in values for p in walk(value))
        return (not others and is_written) if memory else None

    def _shares_aiocache(self) -> bool:
        """Whether a module that uses aiocache names a kind that processes share."""
        sources = [names.source for names in self._world.modules.values()]
        texts = [source.path.read_bytes() for source in sources if not source.test]
        return any(b"aiocache" in text and _SHARED.search(text) for text in texts)

    def _values(self, setting: str) -> Iterator[ast.expr]:
        """Yield what the application binds a setting to, in any way in which it is written."""
        for names in self._world.modules.values():
            if names.source.test or setting.encode() not in names.source.path.read_bytes():
                continue
            for node in walk(names.source.tree):
                match node:
                    case ast.Assign(targets=targets, value=value):
                        if any(_names_setting(target, setting) for target in targets):
                            yield value
                    case ast.AnnAssign(target=target, value=ast.expr() as value):
                        if _names_setting(target, setting):
                            yield value
                    case ast.Dict(keys=keys, values=values):
                        pairs = zip(keys, values, strict=True)
                        yield from (v for k, v in pairs if k and _is_text(k, setting))
                    case ast.keyword(arg=arg, value=value) if arg == setting:
                        yield value
                    case _:
                        pass


def _names_backend(text: str, setting: str) -> bool:
    """Whether a text of a setting names where values are kept, and that is somewhere."""
    if _NOWHERE.search(text):
        return False
    return setting == _TYPE or _BACKEND.search(text) is not None


def _names_setting(target: ast.expr, setting: str) -> bool:
    """Whether a setting, or an entry of it, is assigned."""
    match target:
        case ast.Subscript(value=value, slice=key):
            return _is_text(key, setting) or _names_setting(value, setting)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name == setting
        case _:
            return False


def _is_text(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text

"""Where each function runs when a process that does not host its package calls it."""

import ast
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.ambient import Ambient, changed_settings
from seamline.interface.body import Body
from seamline.interface.crossing import Obstacle, given_by
from seamline.interface.effects import Effect
from seamline.interface.facts import StateMap
from seamline.interface.functions import Definition
from seamline.interface.givings import collected
from seamline.interface.graph import VALUE_METHODS, Graph
from seamline.interface.handles import Handles
from seamline.interface.known import RESOURCES, VALUES, named
from seamline.interface.model import Kind, Verdict
from seamline.interface.names import Symbol
from seamline.interface.observed import Observed
from seamline.interface.origins import Origin
from seamline.interface.records import (
    element_obstacles,
    given_obstacle,
    held_obstacle,
    says_little,
)
from seamline.interface.results import kept_in_context, made_at_once, made_by
from seamline.interface.touches import Touch
from seamline.interface.typenames import (
    GENERATORS,
    HANDING_OUT,
    PULLED,
    PULLED_LATER,
    RESPONSES,
    STREAMED,
    UNSENDABLE,
)
from seamline.interface.walking import own_nodes
from seamline.interface.wrapping import injected
from seamline.lock import RETURN

# A body this short, without loops and foreign calls, costs less than sending its arguments.
CHEAP_STATEMENTS: Final = 3
_NOT_PURE: Final = frozenset(
    f"builtins.{name}" for name in ("open", "exec", "eval", "input", "print", "__import__", "iter")
)
_STREAMS: Final = frozenset(
    {Kind.GENERATOR, Kind.ASYNC_GENERATOR, Kind.CONTEXT_MANAGER, Kind.ASYNC_CONTEXT_MANAGER}
)
_MANAGERS: Final = frozenset({Kind.CONTEXT_MANAGER, Kind.ASYNC_CONTEXT_MANAGER})
_AWAITED: Final = frozenset({Kind.ASYNC, Kind.ASYNC_GENERATOR, Kind.ASYNC_CONTEXT_MANAGER})


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason; ``remedy`` for refused ones.

    Attributes:
        stays: Whether a call whose arguments cannot cross may run with its caller.
    """

    verdict: Verdict
    reason: str
    remedy: str = ""
    stays: bool = False


def _strict(obstacles: Iterable[Obstacle]) -> Obstacle | None:
    """Return the first obstacle that callers cannot avoid."""
    return next((found for found in obstacles if not found.optional), None)


@dataclass(slots=True)
class Judge:
    """Gives the verdicts of one service.

    Attributes:
        local: What the user lists as ``local`` in ``seamline.toml``.
        modules: The modules of its package.
        touched: What each body touches, within the service and unplaced modules.
        contested: State of modules that belong to no service which the host uses: functions
            that run elsewhere must not.
        observed: What was seen of the functions while the application ran.
        common: State that the rest of the application uses, too: of such modules, and caches
            of the service's own functions.
        effects: What functions do to the process they run in.
        cached: Functions that use a cache in memory which only the package uses.
    """

    service: str
    local: Sequence[str]
    graph: Graph
    state: StateMap
    callbacks: Mapping[Definition, str]
    handles: Handles
    modules: Container[str]
    touched: Mapping[Definition | str, Mapping[Symbol, Touch]]
    observed: Observed
    common: frozenset[Symbol]
    effects: Mapping[Definition, Effect]
    cached: Mapping[Definition, Effect] = field(default_factory=dict)
    contested: frozenset[Symbol] = frozenset()
    ambient: Ambient = field(init=False)

    def read(self, definitions: Sequence[Definition]) -> None:
        """Find out which state the functions use that certainly run on the host."""
        self.ambient = Ambient(self.graph)
        self.ambient.read(self.modules)
        self.ambient.find_setting_up(
            self.modules,
            lambda one: one in self.callbacks or one.name in self.local or self._stays(one),
        )
        self.effects = {**self.ambient.setting_up, **self.effects}
        self.cached = self._cached_on_host()
        self.contested = frozenset(
            symbol
            for definition in definitions
            for symbol, touch in self.touched.get(definition, {}).items()
            if symbol.module not in self.modules and not touch.guess
            if symbol not in self.common
            if definition not in self.callbacks and not self._stays(definition)
        )

    def judge(self, definition: Definition, names: Sequence[str], *, public: bool) -> Judgement:
        """Return the verdict on one function.

        Args:
            definition: The function.
            names: Everything it may be listed under in ``local``.
            public: Whether the package offers it to others.
        """
        if any(name in self.local for name in names):
            listed = f"listed as local in [services.{self.service}] of seamline.toml"
            return Judgement(Verdict.LOCAL, listed)
        if definition in self.callbacks:
            return Judgement(Verdict.LOCAL, f"{self.callbacks[definition]}: a framework calls it")
        touched = self.touched.get(definition, {})
        obstacles = list(self.obstacles(definition))
        strict = _strict(obstacles)
        cached = self.cached.get(definition)
        if touched and not (self._stays(definition) and not self._is_of_host(touched)):
            evidence = self.evidence(definition, touched)
        elif cached is not None:
            evidence = f"{cached.told}, {cached.why}"
        else:
            return self._free(definition, touched, next(iter(obstacles), None), public=public)
        if strict is not None:
            return Judgement(
                Verdict.REFUSED,
                f"{evidence}, but {strict.where} {strict.type}: {strict.what} cannot cross",
                strict.remedy,
            )
        common = [s for s, touch in touched.items() if not touch.guess and s in self.common]
        if common:
            return self._with_the_rest(min(common), touched)
        if obstacles:
            evidence += f"; {obstacles[0].where} {obstacles[0].type}"
            if "its result" not in obstacles[0].where:
                evidence += " only where callers pass one"
        stays = cached is None and not self._is_of_host(touched)
        return Judgement(Verdict.REMOTE, evidence, stays=stays)

    def _cached_on_host(self) -> Mapping[Definition, Effect]:
        """Return those that use the cache of the host: none where all can stay with the caller.

        They have to where one cannot cross, and cannot where one needs state of the host.
        """
        hosted = any(self._is_of_host(self.touched.get(one, {})) for one in self.cached)
        if hosted or all(_strict(self.obstacles(one)) is None for one in self.cached):
            return self.cached
        self.effects = {**self.cached, **self.effects}
        return {}

    def _with_the_rest(self, symbol: Symbol, touched: Mapping[Symbol, Touch]) -> Judgement:
        """Return the verdict on a function that uses state which others use in their process."""
        is_cache = self.state.facts[symbol].cache
        shared = (
            f"uses the cache of {symbol}, which is cleared, and filled in each process that calls"
            if is_cache
            else f"touches {symbol}, which belongs to no service and is used elsewhere, too"
        )
        # A handle, as a model's manager, is no fact: each process has one.
        own = [s for s in touched.keys() & self.state.facts if self._is_own(s, touched[s])]
        if not own:
            return Judgement(Verdict.LOCAL, f"{shared}: it stays with its caller")
        return Judgement(
            Verdict.REFUSED,
            f"{shared}, but also {min(own)} of its own package: no process has both",
            f"use and clear {symbol.name} in {symbol.module} alone, through functions of its own"
            if is_cache
            else f'put {symbol.module} into a service of its own (package = "{symbol.module}")',
        )

    def _stays(self, definition: Definition) -> bool:
        """Whether a function cannot cross, or is to run with its caller, if its host permits."""
        method = definition.owner is not None and not definition.is_static
        stays = method or definition in self.effects
        return stays or _strict(self.obstacles(definition)) is not None

    def _is_of_host(self, touched: Mapping[Symbol, Touch]) -> bool:
        """Whether some of it is certainly the host's alone.

        Handles of shared modules and of framework objects are not: every process that builds
        the application has its own of the same database. State of a module that belongs to no
        service is where it is used, unless the host uses it too.
        """
        return any(
            (fact := self.state.facts.get(symbol)) is not None
            and (
                self._is_own(symbol, touch)
                or (not touch.guess and not fact.resource and symbol in self.contested)
            )
            for symbol, touch in touched.items()
        )

    def _is_own(self, symbol: Symbol, touch: Touch) -> bool:
        """Whether a touch is certainly one of the package's own state.

        Where only the name of a method says that a body of the package is entered, that body
        crosses or raises. A method that overrides another one cannot cross without its object,
        so it raises by itself if the object is of its class.
        """
        if touch.guess or symbol.module not in self.modules or symbol in self.common:
            return False
        if not touch.override or touch.via is None:
            return True
        return _strict(self.obstacles(touch.via)) is None

    def _free(
        self,
        definition: Definition,
        touched: Mapping[Symbol, Touch],
        found: Obstacle | None,
        *,
        public: bool,
    ) -> Judgement:
        """Return the verdict on a function that needs nothing which only the host has."""
        nothing = self._harmless(touched)
        if definition.owner is not None and not definition.is_static:
            return Judgement(Verdict.LOCAL, f"a method that {nothing}")
        if found is not None:
            return Judgement(
                Verdict.LOCAL,
                f"{nothing}, and {found.where} {found.type}: {found.what} stays with the caller",
            )
        if definition.kind in _MANAGERS or not public:
            around = "stands around a block of its caller's, and "
            says = around * (definition.kind in _MANAGERS) + nothing
            return Judgement(Verdict.LOCAL, says)
        if definition in self.effects:
            effect = self.effects[definition]
            return Judgement(Verdict.LOCAL, f"{effect.told}, {effect.why}, and {nothing}")
        if self.is_cheap(definition):
            return Judgement(Verdict.LOCAL, "pure and cheap: costs less than sending it")
        return self._anywhere(definition)

    def _anywhere(self, definition: Definition) -> Judgement:
        """Return the verdict on a function that would answer the same in every process."""
        changes = changed_settings(self.graph, self.graph.bodies[definition])
        settings = sorted(change.setting for change in changes if not change.is_observing)
        if settings:
            return Judgement(
                Verdict.REMOTE,
                f"changes {settings[0]}, which every process has its own of: runs where its "
                "service runs",
            )
        return Judgement(
            Verdict.REMOTE,
            "runs where its service runs; needs nothing only the host has, so a call with an "
            "argument that cannot cross stays with its caller",
            stays=True,
        )

    def _harmless(self, touched: Mapping[Symbol, Touch]) -> str:
        """Return one clause that says why what is touched is not the host's."""
        certain = [
            symbol
            for symbol, touch in touched.items()
            if not (touch.guess or (touch.override and symbol.module in self.modules))
        ]
        if not touched:
            return "touches no state of the host"
        if not certain:
            says = "as far as names of methods say, and that would cross or raise"
            if any(touch.override for touch in touched.values()):
                says = "in methods of subclasses, and those would raise"
            return f"touches no state of the host but {min(touched)} {says}"
        symbol = min(certain)
        fact = self.state.facts.get(symbol)
        if fact is None or fact.resource:
            return f"touches only {symbol}, which every process has its own of"
        if fact.cache:
            return f"touches only the cache of {symbol}, which is in each process that calls"
        return f"touches only {symbol}, which belongs to no service"

    def evidence(self, definition: Definition, touched: Mapping[Symbol, Touch]) -> str:
        """Return one clause that says which state is touched, and how."""
        symbol, touch = min(
            touched.items(), key=lambda item: (item[1].guess, item[1].via is not None, item[0])
        )
        more = f" and {len(touched) - 1} more" if len(touched) > 1 else ""
        if touch.line == 0:
            place = self.observed.changes(definition, self.state).get(symbol, "")
            return f"observed: changes {symbol}{more} {place}".rstrip()
        if touch.via is None:
            return f"touches {symbol}{more}"
        may = "may touch" if touch.guess else "touches"
        by = f"through {touch.via.name}()"
        if touch.guess:
            by += ", as far as names of methods say"
        return f"{may} {symbol}{more} {by}"

    # -- what cannot cross --------------------------------------------------------------

    def obstacles(self, definition: Definition) -> Iterator[Obstacle]:
        """Yield what of a function's values cannot cross, with where it is."""
        yield from self.observed.obstacles(definition, self.graph.types)
        optional = definition.optional | {
            name
            for name, annotation in definition.annotations().items()
            if self.graph.types.has_alternative(definition.module, annotation)
        }
        for name, found in self._parameters(definition):
            yield found._replace(optional=found.optional or name in optional)
        for entered in self.graph.calling(definition):
            found_self = self._self(entered) if self.touched.get(entered) else None
            if found_self is not None:
                yield found_self._replace(where="its decorator makes")
        yield from self._results(definition)

    def _parameters(self, definition: Definition) -> Iterator[tuple[str, Obstacle]]:
        types, module = self.graph.types, definition.module
        own = self._own_parameter(definition)
        pulled = PULLED_LATER if definition.kind in _AWAITED else PULLED
        filled_in = injected(self.graph.definitions, self.graph.bodies, definition)
        for name, annotation in definition.annotations().items():
            if name in filled_in:
                continue
            mine = name == own
            found = (
                self._self(definition)
                if mine
                else types.obstacle(module, annotation, pulled=pulled)
            )
            if found is not None:
                yield name, found._replace(where=f"its parameter {name!r} is")
        for name, found in self.handles.found.get(definition, {}).items():
            if name not in filled_in and not self.observed.is_plain(definition, name):
                yield name, found._replace(where=f"its parameter {name!r} {found.where}")

    def _results(self, definition: Definition) -> Iterator[Obstacle]:
        types, module = self.graph.types, definition.module
        result = types.obstacle(module, definition.node.returns, result=True)
        if result is not None:
            yield result._replace(where="its result is")
        field = held_obstacle(types, types.leaves(module, definition.node.returns))
        if field is not None and not self.observed.is_plain(definition, RETURN):
            yield field._replace(where="its result holds")
        returned = types.leaves(module, definition.node.returns)[:1]
        if definition.kind not in _STREAMS and any(str(s) in GENERATORS for s in returned):
            yield Obstacle("a generator", "a frame of the host", "return a list", "its result is")
        guessed = definition.node.returns is None or not returned
        guessed = guessed or says_little(types, module, definition.node.returns)
        if guessed and not self.observed.is_plain(definition, RETURN):
            yield from self._by_returns(self.graph.bodies[definition])

    def _own_parameter(self, definition: Definition) -> str:
        if definition.owner is None or definition.is_static or not definition.parameters:
            return ""
        return definition.parameters[0].arg

    def _self(self, definition: Definition) -> Obstacle | None:
        owner = definition.owner
        if owner is None or definition.decorated_with("builtins.classmethod"):
            return None
        kind = self.graph.types.kind(owner.symbol)
        if kind in ("value", "frozen", "exception", "container"):
            return None
        return Obstacle(
            owner.name,
            "an object with state of its own",
            f"offer a function that uses {owner.name} inside the package",
        )

    def _by_returns(self, body: Body) -> Iterator[Obstacle]:
        for origins, value in body.returns:
            given = (*kept_in_context(self.graph, body, value), *made_by(self.graph, origins))
            given += tuple(made_at_once(self.graph, body, value))
            held = collected(self.graph.types, body, value)
            obstacles = map(self._returned, (*origins, *given, *held))
            for found in (*obstacles, *element_obstacles(self.graph.types, body, value)):
                if found is not None:
                    yield found._replace(where=found.where or "its result is")

    def _returned(self, origin: Origin) -> Obstacle | None:  # noqa: PLR0911 - a table
        if origin.kind == "function":
            return Obstacle("a function", "a callable", "return the values it would give")
        if origin.level == "part" or (origin.level == "copy" and origin.kind != "instance"):
            return None
        symbol = origin.symbol
        known = given_by(origin)
        if known is not None:
            return known
        if origin.kind == "call" and origin.path and origin.path not in HANDING_OUT:
            return self.graph.types.operated(origin)  # ``open(path).read()`` gives no file
        if origin.kind == "symbol" and symbol.module:
            fact = self.state.facts.get(symbol)
            if fact is not None and fact.resource:
                return Obstacle(str(symbol), "a resource of the host", "return plain values")
        is_resource = named(symbol.name, RESOURCES) and symbol.name not in VALUES
        if origin.kind == "call" and not symbol.module and is_resource:
            return Obstacle(symbol.name, "a resource of the host", "return plain values")
        if origin.kind == "call" and (named(symbol.name, RESPONSES) or symbol.name in UNSENDABLE):
            what = UNSENDABLE.get(symbol.name, "a response")
            crosses = named(symbol.name, RESPONSES) and not named(symbol.name, STREAMED)
            made = f"made by {symbol.name}()"
            return Obstacle(made, what, "return plain values", optional=crosses)
        if origin.kind == "call" and not symbol.module:
            made = self.graph.types.foreign.class_made(symbol.name)
            return self.graph.types.of_library(Symbol("", made))
        return given_obstacle(self.graph.types, origin)

    # -- cost ---------------------------------------------------------------------------

    def is_cheap(self, definition: Definition) -> bool:
        """Whether a function is so short that a call across a seam would cost more."""
        body = self.graph.bodies[definition]
        if body.loops or definition.kind is not Kind.SYNC or definition.decorators:
            return False
        if self.ambient.concerns(body):
            return False
        statements = [part for part in own_nodes(definition.node) if isinstance(part, ast.stmt)]
        first = definition.node.body[0]
        docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if len(statements) - docstring > CHEAP_STATEMENTS:
            return False
        return all(
            self._is_cheap_call(origin) or call.method in VALUE_METHODS
            for call in body.calls
            for origin in call.callee or (Origin("opaque"),)
        )

    def _is_cheap_call(self, origin: Origin) -> bool:
        if origin.kind != "symbol":
            return False
        if origin.symbol.module:
            return self.graph.types.kind(origin.symbol) in ("value", "frozen", "exception")
        name = origin.symbol.name
        return name.startswith("builtins.") and name not in _NOT_PURE

"""One application as read from its source, and what was found about each service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seamline.interface.ambient import Change
from seamline.interface.announced import note_announced
from seamline.interface.asking import classes_listed
from seamline.interface.audited import find_audited
from seamline.interface.bodies import read_bodies
from seamline.interface.body import Body
from seamline.interface.caching import Cache, find_caches
from seamline.interface.callbacks import find_callbacks
from seamline.interface.class_arguments import note_class_arguments
from seamline.interface.class_memory import note_class_memory
from seamline.interface.crossing import Types
from seamline.interface.currents import find_currents
from seamline.interface.defaults import drop_given
from seamline.interface.effects import Effect, find_effects
from seamline.interface.factories import note_factories
from seamline.interface.facts import StateMap
from seamline.interface.foreign import Foreign
from seamline.interface.framework import Contexts, contexts_read
from seamline.interface.functions import Definition, Definitions, read_definitions
from seamline.interface.given import Giving
from seamline.interface.graph import Graph
from seamline.interface.handed import note_handed
from seamline.interface.handles import Handles
from seamline.interface.inherited import note_inherited
from seamline.interface.kept import note_kept
from seamline.interface.late_imports import note_late_imports
from seamline.interface.leaving import Leaving
from seamline.interface.memories import note_memories
from seamline.interface.model import Function, PackageService, State
from seamline.interface.modules import Imports
from seamline.interface.mutation import Mutations
from seamline.interface.names import Symbol, World
from seamline.interface.observed import NOTHING, Observed
from seamline.interface.offers import Offers
from seamline.interface.own_process import find_asking
from seamline.interface.own_variables import find_own_variables
from seamline.interface.reaching import Reaching
from seamline.interface.reads import drop_read
from seamline.interface.request_values import find_request_values
from seamline.interface.settled import settle
from seamline.interface.signals import Signals
from seamline.interface.source import Sources, read_application
from seamline.interface.state import find_state
from seamline.interface.touches import Touch, Touches
from seamline.interface.uncollected import uncollected
from seamline.interface.undefined import find_undefined
from seamline.interface.variables import Variables
from seamline.interface.verdicts import Judgement


@dataclass(slots=True)
class Application:
    """Everything read from the source of an application.

    Attributes:
        listed: Classes whose subclasses something in it lists, and whether theirs, too.
        currents: What functions use that their process made current, by the library.
        request_values: What they read that a library keeps for a request, by its variable, or what
            it would note of that in rows, by the library.
        own_variables: What they use of context variables of the application, by the variable.
        undefined: The functions that use names which only something else in their process defines.
        asking: What functions ask for themselves of what only their process is or has.
        caches: Those of frameworks that each process may keep in its memory, by name.
    """

    sources: Sources
    definitions: Definitions
    bodies: dict[Definition | str, Body]
    types: Types
    state: StateMap
    graph: Graph
    touches: Touches
    mutations: Mutations
    contexts: dict[Definition | str, Contexts]
    imports: Imports
    callbacks: dict[Definition, str]
    handles: Handles
    reaching: Reaching
    importers: dict[Symbol, set[str]]
    variables: Variables
    effects: dict[Definition, Effect]
    leaving: Leaving
    listed: Mapping[Symbol, bool]
    signals: Signals
    giving: Giving
    currents: dict[str, dict[Definition, Effect]]
    request_values: dict[str, dict[Definition, Effect]]
    own_variables: dict[str, dict[Definition, Effect]]
    undefined: dict[Definition, Effect]
    asking: dict[Definition, Effect]
    caches: dict[str, Cache]


@dataclass(slots=True)
class ServiceFacts:
    """What was found about one service, for its interface and its findings.

    Attributes:
        common: State that the rest of the application uses, too.
        currents: Functions that use what is current in a process, and not made on the host.
        request_values: Functions that read what a library keeps for a request and none carries.
        asking: The same of all functions that do, through others, too.
        cached: Functions that use a cache in memory which others use, too.
        settings: What functions leave changed in their process.
        with_callers: Those of them that run with their caller for it.
    """

    service: PackageService
    modules: set[str]
    offers: Offers
    touched: dict[Definition | str, dict[Symbol, Touch]]
    observed: Observed = NOTHING
    common: frozenset[Symbol] = frozenset()
    currents: dict[Definition, Effect] = field(default_factory=dict)
    request_values: dict[Definition, Effect] = field(default_factory=dict)
    asking: dict[Definition, Effect] = field(default_factory=dict)
    cached: dict[Definition, Effect] = field(default_factory=dict)
    settings: dict[Definition, list[Change]] = field(default_factory=dict)
    with_callers: frozenset[Definition] = frozenset()
    changed: dict[Definition | str, dict[Symbol, Touch]] = field(default_factory=dict)
    judgements: dict[Definition, Judgement] = field(default_factory=dict)
    functions: dict[Definition, Function] = field(default_factory=dict)
    state: dict[Symbol, State] = field(default_factory=dict)


@uncollected()
def read(root: Path, packages: Sequence[str], search_path: Sequence[Path]) -> Application:
    """Parse the application and resolve its names, calls and state."""
    sources = read_application(root, packages, search_path)
    definitions = read_definitions(World(sources))
    bodies = read_bodies(definitions)
    note_factories(definitions, bodies)
    types = Types(definitions, Foreign(search_path))
    state = find_state(definitions, bodies, types)
    drop_read(definitions, bodies, types.foreign, state)
    note_memories(definitions, bodies, state)
    graph = Graph(definitions, bodies, types)
    graph.build()
    drop_given(graph, state)
    mutations = Mutations(graph)
    mutations.build()
    handed = note_handed(graph, mutations, state)
    kept = note_kept(graph, mutations, state)
    note_inherited(graph, state)
    note_class_memory(definitions, bodies, types, state)
    importers = settle(graph, state, handed | kept)
    imports = Imports(definitions.world)
    touches = Touches(graph, state)
    touches.build()
    note_announced(touches, importers)
    note_late_imports(touches, imports, packages, importers)
    variables = Variables(graph)
    variables.build()
    return Application(
        sources=sources,
        definitions=definitions,
        bodies=bodies,
        types=types,
        state=state,
        graph=graph,
        touches=touches,
        mutations=mutations,
        contexts=contexts_read(graph),
        imports=imports,
        callbacks=find_callbacks(graph, state),
        handles=_find_handles(graph),
        reaching=Reaching(graph),
        importers=importers,
        variables=variables,
        effects=find_effects(graph),
        leaving=Leaving(touches),
        listed=classes_listed(graph, bodies.values()),
        signals=Signals(graph),
        giving=Giving(graph),
        currents=find_currents(graph),
        request_values=find_request_values(graph) | find_audited(graph),
        own_variables=find_own_variables(graph, variables),
        undefined=find_undefined(graph, imports),
        asking=find_asking(graph),
        caches=find_caches(graph),
    )


def _find_handles(graph: Graph) -> Handles:
    handles = Handles(graph)
    handles.build()
    note_class_arguments(handles)
    return handles

"""Switches one rule off, by name, in a process whose tests then have to fail.

A pytest plugin: SEAMLINE_MUTATION in the environment names the rule. Without it, only the tables.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple
from unittest import mock


def _nothing(*_args: object, **_keywords: object) -> None:
    return None


def _true(*_args: object, **_keywords: object) -> bool:
    return True


def _none_of_any(*_args: object, **_keywords: object) -> Counter[str]:
    return Counter()


def _false(*_args: object, **_keywords: object) -> bool:
    return False


def _constant(*_args: object, **_keywords: object) -> str:
    return "constant"


def _unchanged(_half: object, values: tuple[object, ...]) -> tuple[object, ...]:
    return values


def _empty(*_args: object, **_keywords: object) -> tuple[()]:
    return ()


def _no_list(*_args: object, **_keywords: object) -> list[object]:
    return []


def _no_names(*_args: object, **_keywords: object) -> set[object]:
    return set()


def _no_pairs(*_args: object, **_keywords: object) -> dict[object, object]:
    return {}


def _no_text(*_args: object, **_keywords: object) -> str:
    return ""


def _for_ever(*_args: object) -> float:
    return float("inf")


def _same(value: object) -> object:
    return value


def _as_written(_name: str, entry: object) -> object:
    return entry.digest  # type: ignore[attr-defined]


def _known(lock: Any, name: str, _fingerprint: str) -> object:
    return lock.functions.get(name)


def _from_source(_observed: object, _definition: object, from_source: object) -> object:
    return from_source


def _equal(*_args: object) -> int:
    return 0


def _without_subclasses(graph: Any, cls: object, name: str) -> Iterator[object]:
    from seamline.interface.body import Bound

    for target in graph.definitions.methods_of(cls, name):
        yield Bound(target, method=not target.is_static, guess=False)


class _Touch(NamedTuple):
    """What the seam's own is, but that nothing is said of overrides."""

    line: int
    via: object
    guess: bool
    said: bool = False
    override = False


class _Always:
    """Stands in the place of a field that then is true."""

    def __get__(self, instance: object, owner: type) -> bool:
        return True

    def __set__(self, instance: object, value: object) -> None:
        return None


class Mutation(NamedTuple):
    """One rule that can be lost.

    Attributes:
        target: What it is made of.
        off: What stands there when it is off.
        tests: A file below ``tests`` that fails then.
        chosen: Which tests of it, as ``-k`` says; all if empty.
    """

    target: str
    off: object
    tests: str
    chosen: str = ""


#: Rules of the law of the seam (its row, where it has one) that its own suite sees in layout
#: ``local``, where callers and hosts are one process.
LAW: dict[str, Mutation] = {
    "1 a default object is sent as default": Mutation(
        "seamline.seam.half.Half._without_defaults", _unchanged, "semantics/test_values.py"
    ),
    "2 what needs its host is refused": Mutation(
        "seamline.interface.verdicts.Judge._is_of_host", _false, "semantics/test_values.py"
    ),
    "3 changes of arguments come back": Mutation(
        "seamline.wire.known.Known.changes", _empty, "semantics/test_changes.py"
    ),
    "3 what is set on a request comes back": Mutation(
        "seamline.wire.requests.RequestForm.put", _nothing, "semantics/test_frameworks.py"
    ),
    "3 what a look-up stores comes back": Mutation(
        "seamline.rpc.outgoing.take_filled", _false, "semantics/test_changes.py", "look_up"
    ),
    "3 what a class looks up in its own way may be stored": Mutation(
        "seamline.wire.filled._looks_up", _false, "semantics/test_changes.py", "look_up"
    ),
    "3 what a UserDict is asked for may be stored": Mutation(
        "seamline.wire.views.is_filled_object", _false, "semantics/test_changes.py", "look_up"
    ),
    "3 arguments that share memory are refused": Mutation(
        "seamline.wire.buffers._overlap", _false, "semantics/test_changes.py"
    ),
    "3 what a host changes is compared in full": Mutation(
        "seamline.wire.known.is_same", _true, "semantics/test_changes.py"
    ),
    "4 exceptions keep their attributes": Mutation(
        "seamline.wire.exceptions._put", _nothing, "semantics/test_errors.py"
    ),
    "4 causes of exceptions cross": Mutation(
        "seamline.wire.exceptions._link", _nothing, "semantics/test_errors.py"
    ),
    "4 exceptions of pydantic are made from what they say": Mutation(
        "seamline.wire.exceptions.parts_of", _nothing, "semantics/test_errors.py"
    ),
    "6 an expired call is told": Mutation(
        "seamline.rpc.outgoing.Outgoing.deadline_left", _for_ever, "semantics/test_flow.py"
    ),
    "9 context variables return": Mutation(
        "seamline.rpc.outgoing.apply_carried", _nothing, "semantics/test_state.py"
    ),
    "9 framework contexts return": Mutation(
        "seamline.frameworks.travelling.Contexts.apply",
        _nothing,
        "semantics/test_frameworks.py",
    ),
    "9 what cannot cross of a context is refused where it is read": Mutation(
        "seamline.frameworks.flask_contexts.guard", _nothing, "semantics/test_frameworks.py"
    ),
    "9 what needs what its context cannot send stays": Mutation(
        "seamline.frameworks.flask_contexts.check_needs",
        _nothing,
        "semantics/test_frameworks.py",
        "stays_where",
    ),
    "9 what is set in an environ comes back": Mutation(
        "seamline.frameworks.flask_contexts.update_environ",
        _nothing,
        "semantics/test_frameworks.py",
        "environ",
    ),
    "9 what cannot be set in an environ is refused": Mutation(
        "seamline.frameworks.flask_contexts.check_environ",
        _nothing,
        "semantics/test_frameworks.py",
        "environ",
    ),
    "10 state elsewhere is sealed": Mutation(
        "seamline.seam.sealing.Seal.apply", _nothing, "semantics/test_state.py"
    ),
    "10 what keeps a bound method of state is seen": Mutation(
        "seamline.interface.state._Finder._kept", _nothing, "semantics/test_state.py"
    ),
    "10 what is given state is seen": Mutation(
        "seamline.interface.application.note_kept", _no_names, "semantics/test_state.py"
    ),
    "10 what importing makes by chance is of its host": Mutation(
        "seamline.interface.state.note_moments", _nothing, "semantics/test_state.py"
    ),
    "15 seam errors are counted": Mutation(
        "seamline.rpc.local.record", _nothing, "semantics/test_life.py"
    ),
    "17 the host's own objects are refused": Mutation(
        "seamline.rpc.dispatch.refuse_aliased", _nothing, "semantics/test_state.py"
    ),
}

#: Rules that one process does not show, or that are about tests: with the tests of their own.
OTHERS: dict[str, Mutation] = {
    "9 the language of Flask-Babel travels": Mutation(
        "seamline.frameworks.languages.remember", _nothing, "unit/frameworks/test_languages.py"
    ),
    "1 a refused method that overrides one of a library has a caller": Mutation(
        "seamline.interface.findings.called_by_library",
        _nothing,
        "unit/interface/test_overriding.py",
    ),
    "10 a library calls methods on the host only where all makers run there": Mutation(
        "seamline.interface.overriding._runs_on_host",
        _true,
        "unit/interface/test_overriding.py",
        "may_be_elsewhere",
    ),
    "10 what is only made on its host is called there": Mutation(
        "seamline.interface.overriding._is_only_on_host",
        _false,
        "unit/interface/test_overriding.py",
        "only_made_on_its_host",
    ),
    "9 an attribute of g is known under other names of it": Mutation(
        "seamline.interface.reaching.Reaching._meant",
        _empty,
        "unit/interface/test_reaching.py",
        "stands_for",
    ),
    "4 the module of an exception is imported where it arrives": Mutation(
        "seamline.wire.types.TypeTable.load",
        _nothing,
        "unit/wire/test_codec_exceptions.py",
        "imported_where",
    ),
    "2 objects of libraries do not cross": Mutation(
        "seamline.interface.foreign.Foreign.is_object",
        _false,
        "unit/interface/test_foreign.py",
        "returns_an_object or library_objects",
    ),
    "2 abstract bases give the objects of libraries nothing": Mutation(
        "seamline.interface.foreign.Foreign._is_abstract_base",
        _false,
        "unit/interface/test_foreign.py",
        "attributes_of_its_own",
    ),
    "2 what a call of a library's class makes is known": Mutation(
        "seamline.interface.foreign.Foreign.class_made",
        _no_text,
        "unit/interface/test_foreign.py",
        "returns_an_object",
    ),
    "2 what was seen not to cross does not": Mutation(
        "seamline.interface.observed.Observed.obstacles", _empty, "unit/interface/test_observed.py"
    ),
    "3 unknown code may change what it is given": Mutation(
        "seamline.interface.mutation.Mutations._unknown", _empty, "unit/interface/test_mutation.py"
    ),
    "3 others pass on what they are given": Mutation(
        "seamline.interface.mutation._passed_functions",
        _empty,
        "unit/interface/test_mutation.py",
        "may_change",
    ),
    "3 a result may share an argument": Mutation(
        "seamline.interface.sharing._shared", _no_names, "unit/interface/test_sharing.py"
    ),
    "3 what a call gives back of its arguments is followed": Mutation(
        "seamline.interface.returned.Returned.by_call",
        _no_names,
        "unit/interface/test_returned.py",
    ),
    "3 what reduce and map give of arguments is followed": Mutation(
        "seamline.interface.folding.Folded.by_call",
        _no_names,
        "unit/interface/test_mutation.py",
        "may_change",
    ),
    "3 functions that change an argument are seen as values": Mutation(
        "seamline.interface.changing._by_functions",
        _empty,
        "unit/interface/test_mutation.py",
        "may_change",
    ),
    "3 what is added to a container is kept by it": Mutation(
        "seamline.interface.bodies._Reader._put",
        _nothing,
        "unit/interface/test_mutation.py",
        "may_change",
    ),
    "3 defaults of functions inside are arguments": Mutation(
        "seamline.interface.bodies.defaults_of",
        _empty,
        "unit/interface/test_mutation.py",
        "may_change",
    ),
    "3 what a function raises and catches holds its arguments": Mutation(
        "seamline.interface.assigning._caught",
        _empty,
        "unit/interface/test_mutation.py",
        "may_change",
    ),
    "3 what is written down as a sum holds its sides": Mutation(
        "seamline.interface.origins.Tracer._joined",
        _no_names,
        "unit/interface/test_mutation.py",
        "may_change",
    ),
    "3 what displays hold is passed on": Mutation(
        "seamline.interface.mutation._COPY",
        (),
        "unit/interface/test_mutation.py",
        "may_change",
    ),
    "5 calls run at most once": Mutation(
        "seamline.rpc.model.Target.idempotent", _Always(), "faults/test_rpc.py", "not_made_again"
    ),
    "9 the host changes no configuration": Mutation(
        "seamline.frameworks.overlay.Overlay.check", _nothing, "unit/frameworks/test_parts.py"
    ),
    "17 what was just stored is state": Mutation(
        "seamline.interface.returned.Returned.stored",
        _no_names,
        "unit/interface/test_returned.py",
        "just_put",
    ),
    "10 what a library keeps in a class is state": Mutation(
        "seamline.interface.class_memory.ClassMemory.of",
        _no_text,
        "unit/interface/test_class_memory.py",
    ),
    "10 what a function imports changes what it registers with": Mutation(
        "seamline.interface.application.note_late_imports",
        _nothing,
        "unit/interface/test_late_imports.py",
    ),
    "10 another name of a constant is one": Mutation(
        "seamline.interface.memo._is_fixed",
        _false,
        "unit/interface/test_displays.py",
        "constant",
    ),
    "10 what is written down under another key is another object": Mutation(
        "seamline.interface.origins.under_key",
        _nothing,
        "unit/interface/test_displays.py",
        "constant",
    ),
    "2 instances that other functions make are known": Mutation(
        "seamline.interface.verdicts.made_by",
        _empty,
        "unit/interface/test_results.py",
        "makes",
    ),
    "2 what a function collects, and rows that it gives, are known": Mutation(
        "seamline.interface.verdicts.collected",
        _empty,
        "unit/interface/test_givings.py",
        "stay",
    ),
    "10 a default that no call uses is not used": Mutation(
        "seamline.interface.defaults.is_always_given",
        _false,
        "unit/interface/test_results.py",
        "default",
    ),
    "10 objects of libraries are state where what is called changes them": Mutation(
        "seamline.interface.reads.Reading.only_reads",
        _true,
        "unit/interface/test_reads.py",
    ),
    "10 objects of libraries that change are state": Mutation(
        "seamline.interface.foreign.Foreign.may_change",
        _false,
        "unit/interface/test_foreign.py",
        "is_state_only",
    ),
    "10 what unknown code keeps is state": Mutation(
        "seamline.interface.state.may_keep", _false, "unit/interface/test_state.py", "what_changes"
    ),
    "10 caches that are cleared are one": Mutation(
        "seamline.interface.memo.cleared_caches",
        _empty,
        "unit/interface/test_state.py",
        "cleared_cache",
    ),
    "10 memos that are changed are state": Mutation(
        "seamline.interface.memo.changed_memos", _empty, "unit/interface/test_state.py", "memo"
    ),
    "10 iterators are state": Mutation(
        "seamline.interface.state.changes_when_used",
        _false,
        "unit/interface/test_state.py",
        "iterator",
    ),
    "10 a kept method that changes its object is state": Mutation(
        "seamline.interface.state.is_bound", _false, "unit/interface/test_state.py", "iterator"
    ),
    "10 closures with a memory are state": Mutation(
        "seamline.interface.closures.Closures.kept_by",
        _constant,
        "unit/interface/test_state.py",
        "memory",
    ),
    "10 a name that may get another value is state": Mutation(
        "seamline.interface.state._Finder._only_remembers",
        _true,
        "unit/interface/test_settled.py",
        "another_value",
    ),
    "10 a table that does more than to remember answers is state": Mutation(
        "seamline.interface.state.only_answers",
        _true,
        "unit/interface/test_answering.py",
        "more_than or look_into",
    ),
    "10 a table of what differs by the request or the moment is state": Mutation(
        "seamline.interface.answering._answers_otherwise",
        _false,
        "unit/interface/test_answering.py",
        "request or moment",
    ),
    "10 what differs at every time is not remembered": Mutation(
        "seamline.interface.state.is_of_the_moment",
        _false,
        "unit/interface/test_settled.py",
        "another_value",
    ),
    "10 defaults that are changed are state": Mutation(
        "seamline.interface.state._Finder._defaults",
        _nothing,
        "unit/interface/test_state.py",
        "default",
    ),
    "10 class attributes that methods change are state": Mutation(
        "seamline.interface.state._Finder._class_attributes",
        _nothing,
        "unit/interface/test_state.py",
        "class_attributes",
    ),
    "10 class attributes that are assigned are state": Mutation(
        "seamline.interface.state._Finder._class_attribute",
        _nothing,
        "unit/interface/test_state.py",
        "class_attribute",
    ),
    "10 second names of objects are followed": Mutation(
        "seamline.interface.state._Finder._renamed",
        _nothing,
        "unit/interface/test_state.py",
        "second_name",
    ),
    "10 what happens to one name happens to the other": Mutation(
        "seamline.interface.state._Finder._link_aliases",
        _nothing,
        "unit/interface/test_state.py",
        "second_name",
    ),
    "10 a result that its caller changes is state": Mutation(
        "seamline.interface.state._Finder._change_result",
        _nothing,
        "unit/interface/test_state.py",
        "what_a_function_returns",
    ),
    "10 what a parameter changes is state": Mutation(
        "seamline.interface.application.note_handed",
        _no_names,
        "unit/interface/test_settled.py",
        "whatever_way",
    ),
    "10 names are looked up by text": Mutation(
        "seamline.interface.origins.looked_up",
        _nothing,
        "unit/interface/test_kept.py",
        "by_its_text",
    ),
    "10 modules are looked up by text": Mutation(
        "seamline.interface.origins.module_by_text",
        _nothing,
        "unit/interface/test_kept.py",
        "by_its_text",
    ),
    "10 names are bound by text": Mutation(
        "seamline.interface.bodies.bound_by_text",
        _empty,
        "unit/interface/test_kept.py",
        "by_its_text",
    ),
    "10 namespaces are changed as dictionaries": Mutation(
        "seamline.interface.bodies.bound_in", _empty, "unit/interface/test_kept.py", "by_its_text"
    ),
    "10 what is evaluated may bind names": Mutation(
        "seamline.interface.bodies.runs_elsewhere",
        _false,
        "unit/interface/test_kept.py",
        "by_its_text",
    ),
    "10 decorators touch for what they decorate": Mutation(
        "seamline.interface.touches.Touches._around",
        _empty,
        "unit/interface/test_verdicts.py",
        "decorator",
    ),
    "10 a class that decorates is entered": Mutation(
        "seamline.interface.graph.Graph._wrapped",
        _empty,
        "unit/interface/test_verdicts.py",
        "stateful_object",
    ),
    "10 methods touch the attributes of their class": Mutation(
        "seamline.interface.touches.Touches._of_classes",
        _empty,
        "unit/interface/test_verdicts.py",
        "siblings",
    ),
    "10 properties are entered": Mutation(
        "seamline.interface.functions.Definition.property_part",
        None,
        "unit/interface/test_specials.py",
        "special_method_is_entered",
    ),
    "10 super enters bases and what is mixed in": Mutation(
        "seamline.interface.graph.Graph._inherited",
        _empty,
        "unit/interface/test_verdicts.py",
        "mixed_in",
    ),
    "10 generic functions enter what is registered": Mutation(
        "seamline.interface.graph.Graph._dispatchers",
        _nothing,
        "unit/interface/test_verdicts.py",
        "generic",
    ),
    "10 what was seen to change is of its host": Mutation(
        "seamline.interface.observed.Observed.changes",
        _no_pairs,
        "unit/interface/test_observed.py",
    ),
    "17 results that are state are known": Mutation(
        "seamline.interface.analysis.aliased",
        _no_names,
        "unit/interface/test_findings.py",
        "alias",
    ),
    "17 what was seen to be state is known": Mutation(
        "seamline.interface.observed.Observed.aliases",
        _no_names,
        "unit/interface/test_observed.py",
    ),
    "locks that were edited are told": Mutation(
        "seamline.plan.locking.digest_of", _as_written, "unit/cli/test_lock_commands.py", "edited"
    ),
    "an analysis is kept for its files alone": Mutation(
        "seamline.plan.cache._fingerprint", _no_text, "unit/plan/test_cache.py"
    ),
    "10 class attributes that are state are guarded": Mutation(
        "seamline.seam.attributes.GuardedAttributes.apply",
        _nothing,
        "unit/seam/test_attributes.py",
    ),
    "10 early copies are guarded": Mutation(
        "seamline.seam.sealing.Seal._replace_early", _nothing, "unit/seam/test_sealing.py", "early"
    ),
    "14 containers of a package that tests change": Mutation(
        "seamline.testing.assigned.Assignments._look_at_contents",
        _nothing,
        "unit/testing/test_assigned.py",
        "without_a_tool",
    ),
    "10 state elsewhere is not assigned": Mutation(
        "seamline.seam.sealing.Seal.check_write", _nothing, "unit/seam/test_sealing.py", "assign"
    ),
    "10 what no name says is refused where it uses state": Mutation(
        "seamline.seam.strays.Strays.find", _empty, "unit/seam/test_strays.py"
    ),
    "10 what is made later by no name is looked for": Mutation(
        "seamline.seam.strays.Strays.are_made_by", _false, "unit/seam/test_strays.py", "later"
    ),
    "every seam is open": Mutation(
        "seamline.seam.opening.Seams.verify", _nothing, "unit/seam/test_opening.py", "verif"
    ),
    "14 hosts see the environment of tests": Mutation(
        "seamline.testing.following.Following.align",
        _nothing,
        "unit/testing/test_hosts.py",
        "hosts_see_environment",
    ),
    "14 databases in memory that modules name": Mutation(
        "seamline.testing.memory.MemoryDatabases.named",
        _empty,
        "unit/testing/test_elsewhere.py",
        "nobody_elses",
    ),
    "14 databases in memory and transactions that tests hold": Mutation(
        "seamline.testing.visible.Connections.unseen",
        _no_list,
        "unit/testing/test_hosts.py",
        "cannot_see",
    ),
    "9 what a host commits is read anew by a session that its caller shares": Mutation(
        "seamline.frameworks.scoped_sessions.do_likewise",
        _nothing,
        "unit/frameworks/test_scoped_sessions.py",
        "shared_session",
    ),
    "9 what a host does with a session that its caller shares is told": Mutation(
        "seamline.frameworks.scoped_sessions.note",
        _nothing,
        "unit/frameworks/test_scoped_sessions.py",
        "shared_session",
    ),
    "4 a lazy text does not go to what says it in another language": Mutation(
        "seamline.rpc.outgoing.take_said",
        _false,
        "unit/rpc/test_languages.py",
        "lazy_text",
    ),
    "14 what a session has not written yet": Mutation(
        "seamline.testing.visible.Sessions.unseen",
        _empty,
        "unit/testing/test_elsewhere.py",
        "not_written_yet",
    ),
    "14 hosts import what is called when tests are collected": Mutation(
        "seamline.seam.children.Connections.connect",
        _nothing,
        "unit/testing/test_hosts.py",
        "collected",
    ),
    "2 what a request leaves with its caller is read there": Mutation(
        "seamline.seam.mentioned._names_in", _no_names, "unit/seam/test_mentioned.py"
    ),
    "2 what classes read of a request counts": Mutation(
        "seamline.seam.mentioned._methods", _empty, "unit/seam/test_mentioned.py"
    ),
    "2 what functions of a module read of a request counts": Mutation(
        "seamline.seam.mentioned._named", _empty, "unit/seam/test_mentioned.py", "of_a_module"
    ),
    "10 what a result holds is changed by whom it is handed to": Mutation(
        "seamline.interface.handed.returned",
        _empty,
        "unit/interface/test_state.py",
        "whom_it_is_handed_to",
    ),
    "10 instances are changed by what holds them": Mutation(
        "seamline.interface.kept._Keeping.changed_inside",
        _no_names,
        "unit/interface/test_state.py",
        "changed_by_what_holds_it",
    ),
    "what uses a cache that nobody else uses has one place": Mutation(
        "seamline.interface.analysis.used_alone",
        _no_pairs,
        "unit/interface/test_caching.py",
        "has_one_place",
    ),
    "10 what a returned container holds is changed in it": Mutation(
        "seamline.interface.renaming._parts",
        _empty,
        "unit/interface/test_state.py",
        "returned_container_holds",
    ),
    "what has to be imported before a package is": Mutation(
        "seamline.interface.analysis.imported_before",
        _empty,
        "unit/interface/test_circles.py",
        "after_another",
    ),
    "what has to be imported before a package is, for an attribute": Mutation(
        "seamline.interface.circles._attributes_read",
        _empty,
        "unit/interface/test_circles.py",
        "after_another",
    ),
    "a module of a library has functions, no methods": Mutation(
        "seamline.interface.foreign.Foreign.is_module",
        _false,
        "unit/interface/test_first_try.py",
        "librarys_module",
    ),
    "10 a name that is None where its import fails is what is imported": Mutation(
        "seamline.interface.names.Names.is_optional",
        _false,
        "unit/interface/test_first_try.py",
        "may_be_missing",
    ),
    "10 a name that may stand for more than a library": Mutation(
        "seamline.interface.graph.is_only_import",
        _true,
        "unit/interface/test_first_try.py",
        "more_than_the_library",
    ),
    "a field that each object has a copy of is no state": Mutation(
        "seamline.interface.state.is_copied",
        _false,
        "unit/interface/test_copied_fields.py",
    ),
    "an element of a table": Mutation(
        "seamline.interface.records.element_classes",
        _no_names,
        "unit/interface/test_first_try.py",
        "element",
    ),
    "what is returned says more than a class that others fill in": Mutation(
        "seamline.interface.verdicts.says_little",
        _false,
        "unit/interface/test_first_try.py",
        "fill_in",
    ),
    "a resource in g": Mutation(
        "seamline.interface.verdicts.kept_in_context",
        _empty,
        "unit/interface/test_first_try.py",
        "kept_in_g",
    ),
    "17 what a new object is filled with": Mutation(
        "seamline.interface.aliases._enclosed",
        _no_names,
        "unit/interface/test_first_try.py",
        "new_object",
    ),
    "14 what tests assign without a tool": Mutation(
        "seamline.testing.assigned.Assignments.active",
        _empty,
        "unit/testing/test_assigned.py",
        "without_a_tool",
    ),
    "14 what a class keeps elsewhere": Mutation(
        "seamline.testing.cells._keeps_elsewhere",
        _false,
        "unit/testing/test_assigned.py",
        "without_a_tool",
    ),
    "14 what tests assign in libraries": Mutation(
        "seamline.testing.assigned.cells_of_library",
        _empty,
        "unit/testing/test_assigned.py",
        "without_a_tool",
    ),
    "14 names that are patched": Mutation(
        "seamline.testing.replaced.Replacements.active",
        _empty,
        "unit/testing/test_closing.py",
        "however",
    ),
    "14 dictionaries that are patched": Mutation(
        "seamline.testing.replaced.Replacements._of_items",
        _empty,
        "unit/testing/test_closing.py",
        "however",
    ),
    "14 patches of mock": Mutation(
        "seamline.testing.replaced.Replacements._entered",
        _nothing,
        "unit/testing/test_closing.py",
        "however",
    ),
    "14 patches of monkeypatch": Mutation(
        "seamline.testing.replaced.Replacements._monkeypatched",
        _nothing,
        "unit/testing/test_closing.py",
        "however",
    ),
    "14 clocks that are moved": Mutation(
        "seamline.testing.replaced.Replacements._is_clock_moved",
        _false,
        "unit/testing/test_plugins.py",
        "clocks",
    ),
    "14 applications that tests change": Mutation(
        "seamline.testing.reshaping.Reshaping.causes",
        _empty,
        "unit/testing/test_elsewhere.py",
        "put_into",
    ),
    "14 state that tests read": Mutation(
        "seamline.testing.looking.Looks.of",
        _empty,
        "unit/testing/test_plugin.py",
        "reads_a_package",
    ),
    "14 nothing that a host holds is lost": Mutation(
        "seamline.testing.closing.Closing._check_nothing_lost",
        _nothing,
        "unit/testing/test_closing.py",
        "lost_silently",
    ),
    "14 what fixtures left on a host is kept in mind": Mutation(
        "seamline.testing.closing.Closing.hold",
        _nothing,
        "unit/testing/test_closing.py",
        "lost_silently",
    ),
    "14 hosts that hold state do not begin again": Mutation(
        "seamline.testing.closing.Closing.may_have_changed",
        _false,
        "unit/testing/test_early.py",
        "outlives",
    ),
    "14 what collecting left on a host is kept in mind": Mutation(
        "seamline.testing.closing.Closing.hold",
        _nothing,
        "unit/testing/test_early.py",
        "may_not_miss",
    ),
    "14 Django's settings that tests change": Mutation(
        "seamline.testing.causes.DjangoState.of_settings",
        _empty,
        "unit/testing/test_plugins.py",
        "suites_of_pytest_django",
    ),
    "14 Django's databases of tests": Mutation(
        "seamline.testing.causes.DjangoState.of_databases",
        _empty,
        "unit/testing/test_plugins.py",
        "suites_of_pytest_django",
    ),
    "15 swallowed errors fail the run": Mutation(
        "seamline.testing.swallowed.Noticing._notice",
        _nothing,
        "unit/testing/test_plugin.py",
        "no_test_failed_for",
    ),
    "no run is green with nothing remote": Mutation(
        "seamline.testing.tally.Tally._idle", _empty, "unit/testing/test_plugin.py", "saw_no_call"
    ),
    "what hosts say is said by the tests' process": Mutation(
        "seamline.rpc.outgoing.say_again", _nothing, "unit/testing/test_hearing.py", "said_by_the"
    ),
    "3 wrappers change what their functions do": Mutation(
        "seamline.seam.hosting.mutated", _empty, "unit/seam/test_hosting.py", "mutates"
    ),
    "4 what cannot be made blank has a stand-in": Mutation(
        "seamline.wire.exceptions._can_be_rebuilt", _true, "unit/wire/test_pydantic_errors.py"
    ),
    "3 attributes of a library's values come back": Mutation(
        "seamline.wire.kinds._record_shape", _nothing, "unit/wire/test_views.py"
    ),
    "2 a library that is missing is named": Mutation(
        "seamline.wire.buffers.load_library", _nothing, "unit/wire/test_libraries.py"
    ),
    "2 singletons have no state": Mutation(
        "seamline.wire.references.is_stateless",
        _true,
        "unit/wire/test_codec_classes.py",
        "with_state",
    ),
    "9 hosts take the caller's configuration": Mutation(
        "seamline.frameworks.overlay.Overlay.apply",
        _nothing,
        "unit/frameworks/test_parts.py",
        "settings",
    ),
    "10 overrides are entered": Mutation(
        "seamline.interface.graph.Graph._lookup",
        _without_subclasses,
        "unit/interface/test_verdicts.py",
        "override",
    ),
    "10 what an override does is not laid to its base": Mutation(
        "seamline.interface.touches.Touch", _Touch, "unit/interface/test_verdicts.py", "siblings"
    ),
    "12 calls made while importing run where they are made": Mutation(
        "seamline.seam.importing.Imports.is_importing",
        _false,
        "unit/seam/test_importing.py",
        "while_importing",
    ),
    "13 versions are compared": Mutation(
        "seamline.rpc.binding.Binding._compare", _equal, "unit/rpc/test_versions.py"
    ),
    "functions that cannot be told apart are refused": Mutation(
        "seamline.seam.find._ambiguity", _no_text, "unit/seam/test_find.py", "told_apart"
    ),
    "functions with other defaults are others": Mutation(
        "seamline.seam.find._same_defaults", _true, "unit/seam/test_find.py", "told_apart"
    ),
    "check tells of state that two groups use": Mutation(
        "seamline.interface.findings.sharing_problems",
        _empty,
        "unit/interface/test_findings.py",
        "shared_state",
    ),
    "what stays with its caller uses state in the group of that": Mutation(
        "seamline.interface.hosting.Hosting._is_entered",
        _true,
        "unit/interface/test_findings.py",
        "stays_with_its_caller",
    ),
    "what a decorator only wraps is called by its callers alone": Mutation(
        "seamline.interface.decorating._keeps",
        _true,
        "unit/interface/test_findings.py",
        "host_where_that_is_given_it",
    ),
    "what a decorator keeps may be called by its host": Mutation(
        "seamline.interface.decorating._keeps",
        _false,
        "unit/interface/test_findings.py",
        "host_where_that_is_given_it",
    ),
    "check tells of plain functions beside coroutines": Mutation(
        "seamline.interface.findings.interleaved",
        _empty,
        "unit/interface/test_findings.py",
        "state_of_a_coroutine",
    ),
    "check tells of contexts that are held over a call": Mutation(
        "seamline.interface.contexts._held",
        _empty,
        "unit/interface/test_contexts.py",
        "held_around",
    ),
    "check tells of call backs that need what was set": Mutation(
        "seamline.interface.contexts._called_back",
        _empty,
        "unit/interface/test_contexts.py",
        "call_back_that_needs",
    ),
    "12 what connects to a library's signal stays with its caller": Mutation(
        "seamline.interface.effects._is_connecting",
        _false,
        "unit/interface/test_effects.py",
        "connects",
    ),
    "12 what registers a class with a library stays with its caller": Mutation(
        "seamline.interface.effects._is_noting",
        _false,
        "unit/interface/test_effects.py",
        "kept_at_the_caller",
    ),
    "1 named tuples are those of installed libraries": Mutation(
        "seamline.wire.types.is_installed",
        _true,
        "unit/wire/test_views.py",
        "tuples_of_libraries",
    ),
    "1 classes of libraries are those of installed ones": Mutation(
        "seamline.wire.types.is_installed",
        _true,
        "unit/wire/test_views.py",
        "other_classes_of_libraries",
    ),
    "1 a class of a library is never called": Mutation(
        "seamline.wire.containers.may_be_called",
        _true,
        "unit/wire/test_views.py",
        "no_factory",
    ),
    "1 a class of a library is never subscripted": Mutation(
        "seamline.wire.references.may_be_called",
        _true,
        "unit/wire/test_views.py",
        "no_generic",
    ),
    "3 what is set on a class of the application is not lost": Mutation(
        "seamline.wire.types.TypeTable.is_own",
        _false,
        "unit/wire/test_codec_known.py",
        "set_on_a_class_is_not_lost",
    ),
    "3 what a library puts on a class is its own": Mutation(
        "seamline.wire.states._is_set_by_code",
        _true,
        "unit/wire/test_codec_known.py",
        "is_its_own",
    ),
    "3 what sets something on a class runs with its caller": Mutation(
        "seamline.interface.application.note_class_arguments",
        _nothing,
        "unit/interface/test_class_arguments.py",
        "runs_with_its_caller",
    ),
    "3 changes of a class are looked for": Mutation(
        "seamline.interface.mutation.Mutations._is_class",
        _false,
        "unit/interface/test_class_arguments.py",
        "are_looked_for",
    ),
    "3 what is set on a class of a library is not lost": Mutation(
        "seamline.wire.states.ClassForm",
        _nothing,
        "unit/wire/test_views.py",
        "set_on_a_class_of_a_library",
    ),
    "1 containers of libraries cross if they only have items": Mutation(
        "seamline.wire.derived._OWN_WAYS",
        frozenset(),
        "unit/wire/test_views.py",
        "may_have_more",
    ),
    "1 attributes of containers of libraries are refused": Mutation(
        "seamline.wire.kinds._only_items",
        _same,
        "unit/wire/test_views.py",
        "attributes_that_were_set",
    ),
    "1 named tuples of libraries cross": Mutation(
        "seamline.wire.types.is_installed",
        _false,
        "unit/wire/test_views.py",
        "tuples_of_libraries",
    ),
    "2 records with a field that cannot cross stay with their caller": Mutation(
        "seamline.interface.verdicts.held_obstacle",
        _nothing,
        "unit/interface/test_results.py",
        "record_with_what",
    ),
    "2 what calls and names of the standard library give stays": Mutation(
        "seamline.interface.verdicts.given_by",
        _nothing,
        "unit/interface/test_stdlib_types.py",
        "stays_with_its_caller",
    ),
    "2 objects of the standard library that never cross stay": Mutation(
        "seamline.interface.crossing.UNSENDABLE",
        {},
        "unit/interface/test_stdlib_types.py",
        "stays_with_its_caller",
    ),
    "9 what changes the current application stays with its caller": Mutation(
        "seamline.interface.effects._is_current",
        _false,
        "unit/interface/test_effects.py",
        "kept_at_the_caller",
    ),
    "16 imports by computed names stay with their caller": Mutation(
        "seamline.interface.effects._is_import",
        _false,
        "unit/interface/test_effects.py",
        "computed",
    ),
    "2 what an operator makes of objects of libraries": Mutation(
        "seamline.interface.crossing.Types.operated",
        _nothing,
        "unit/interface/test_first_try.py",
        "operator",
    ),
    "10 what makes the defaults of fields is used": Mutation(
        "seamline.interface.application.note_factories",
        _nothing,
        "unit/interface/test_first_try.py",
        "numbers_itself",
    ),
    "10 what makes the defaults of fields is state": Mutation(
        "seamline.interface.state.own_iterators",
        _empty,
        "unit/interface/test_first_try.py",
        "numbers_itself",
    ),
    "17 a copy of a container is no part of it": Mutation(
        "seamline.interface.findings.is_copy",
        _false,
        "unit/interface/test_first_try.py",
        "copy_of_state",
    ),
    "17 what holds state is no copy": Mutation(
        "seamline.interface.aliases.is_copying",
        _true,
        "unit/interface/test_first_try.py",
        "is_no_copy",
    ),
    "check tells of processes that hosts change": Mutation(
        "seamline.interface.findings._process_changed",
        _empty,
        "unit/interface/test_effects.py",
        "warned_of",
    ),
    "what is entered holds a context": Mutation(
        "seamline.interface.variables._ENTERING",
        (),
        "unit/interface/test_contexts.py",
        "in_an_instance",
    ),
    "contexts in classes and instances are found": Mutation(
        "seamline.interface.variables.Variables._through_self",
        _empty,
        "unit/interface/test_contexts.py",
        "in_an_instance",
    ),
    "check tells of contexts that are lost": Mutation(
        "seamline.interface.findings.lost_contexts",
        _empty,
        "unit/interface/test_findings.py",
        "context",
    ),
    "check tells of registrations that are lost": Mutation(
        "seamline.interface.findings.lost_registrations",
        _empty,
        "unit/interface/test_findings.py",
        "registers",
    ),
    "check tells of what importing leaves with others": Mutation(
        "seamline.interface.leaving.Leaving.by",
        _empty,
        "unit/interface/test_registering.py",
        "on_its_host",
    ),
    "subclasses of subclasses are found where classes have no name": Mutation(
        "seamline.interface.asking._is_named",
        _true,
        "unit/interface/test_registering.py",
        "looks_for_is_missing",
    ),
    "a class by its name lists its own subclasses alone": Mutation(
        "seamline.interface.asking._is_named",
        _false,
        "unit/interface/test_registering.py",
        "subclass_of_a_subclass",
    ),
    "check tells of subclasses that a host looks for": Mutation(
        "seamline.interface.registering.subclasses_in",
        _empty,
        "unit/interface/test_registering.py",
        "looks_for",
    ),
    "hosts import subclasses that are looked for": Mutation(
        "seamline.interface.analysis.subclasses_in",
        _empty,
        "unit/interface/test_registering.py",
        "looks_for",
    ),
    "check tells of receivers that a sender's host lacks": Mutation(
        "seamline.interface.signals.Signals.sent",
        _no_names,
        "unit/interface/test_signals.py",
        "is_sent",
    ),
    "hosts that send a signal import packages that listen": Mutation(
        "seamline.interface.signals.Signals.connected",
        _empty,
        "unit/interface/test_signals.py",
        "is_missing",
    ),
    "10 who saves a row enters the receivers of its signals": Mutation(
        "seamline.interface.application.note_announced",
        _nothing,
        "unit/interface/test_announced.py",
        "who_saves_runs",
    ),
    "10 who writes rows enters listeners of SQLAlchemy": Mutation(
        "seamline.interface.listening.Listening.sent",
        _empty,
        "unit/interface/test_listening.py",
        "who_writes_runs",
    ),
    "10 who has a signal sent enters its receivers": Mutation(
        "seamline.interface.blinking.Blinking.sent",
        _empty,
        "unit/interface/test_blinking.py",
        "has_a_signal_sent",
    ),
    "10 what listeners empty with each flush is no state": Mutation(
        "seamline.interface.announced.buffers",
        _empty,
        "unit/interface/test_listening.py",
        "fill_and_empty",
    ),
    "10 enclosed receivers are entered, too": Mutation(
        "seamline.interface.announced._Announced._own",
        _no_list,
        "unit/interface/test_listening.py",
        "is_connected",
    ),
    "hosts that load the application have what it registers": Mutation(
        "seamline.interface.hosting.applications_made",
        _empty,
        "unit/interface/test_signals.py",
        "loads_the_application",
    ),
    "check tells of tables that a host lacks": Mutation(
        "seamline.interface.registering.tables_added",
        _empty,
        "unit/interface/test_tables.py",
        "is_missing",
    ),
    "hosts that use all tables import packages that add some": Mutation(
        "seamline.interface.analysis.tables_added",
        _empty,
        "unit/interface/test_tables.py",
        "is_missing",
    ),
    "check tells of what is given to a package by a library's means": Mutation(
        "seamline.interface.given.Asking.asks",
        _false,
        "unit/interface/test_given.py",
        "is_missing",
    ),
    "check tells only of what a host would miss": Mutation(
        "seamline.interface.given.Asking.asks",
        _true,
        "unit/interface/test_given.py",
        "not_told",
    ),
    "hosts import what gives something to others": Mutation(
        "seamline.interface.given.Giving.by",
        _empty,
        "unit/interface/test_given.py",
        "is_missing",
    ),
    "what uses a current queue stays with its caller": Mutation(
        "seamline.interface.application.find_currents",
        _no_pairs,
        "unit/interface/test_currents.py",
    ),
    "a queue that a host makes is its current one": Mutation(
        "seamline.interface.analysis.made_current",
        _no_names,
        "unit/interface/test_currents.py",
    ),
    "check tells of current queues that a host lacks": Mutation(
        "seamline.interface.findings.lost_currents",
        _empty,
        "unit/interface/test_currents.py",
        "needs_its_host",
    ),
    "what reads a library's value of a request stays with its caller": Mutation(
        "seamline.interface.application.find_request_values",
        _no_pairs,
        "unit/interface/test_request_values.py",
    ),
    "what sets such a value has its own": Mutation(
        "seamline.interface.library_values._SETTING",
        frozenset[str](),
        "unit/interface/test_request_values.py",
        "has_its_own",
    ),
    "only libraries that take part in requests keep such values": Mutation(
        "seamline.interface.library_values.LibraryValues._takes_part",
        _true,
        "unit/interface/test_request_values.py",
        "none_of_a_request",
    ),
    "16 what asks for its process stays with its caller": Mutation(
        "seamline.interface.application.find_asking",
        _no_pairs,
        "unit/interface/test_own_process.py",
        "stays_with_its_caller",
    ),
    "16 what a host asks is no question of its callers": Mutation(
        "seamline.interface.analysis._hosted",
        _empty,
        "unit/interface/test_own_process.py",
        "calls_a_host",
    ),
    "16 an object that notices forks asks for itself": Mutation(
        "seamline.interface.own_process.notices_forks",
        _false,
        "unit/interface/test_own_process.py",
        "notices_forks",
    ),
    "what uses a cache in memory that others use stays with its caller": Mutation(
        "seamline.interface.application.find_caches",
        _no_pairs,
        "unit/interface/test_caching.py",
        "stays_with_its_caller",
    ),
    "a cache that a server keeps is the same for all": Mutation(
        "seamline.interface.caching._Reader._is_in_memory",
        _true,
        "unit/interface/test_caching.py",
        "all_share",
    ),
    "check warns of settings that only an import elsewhere changes": Mutation(
        "seamline.interface.findings.imported_settings",
        _empty,
        "unit/interface/test_imported_settings.py",
        "check_warns",
    ),
    "what only a program does, no import does": Mutation(
        "seamline.interface.imported_settings.is_of_script",
        _false,
        "unit/interface/test_imported_settings.py",
        "only_as_the_program",
    ),
    "a host that has a setting from its own imports lacks nothing": Mutation(
        "seamline.interface.imported_settings._has",
        _false,
        "unit/interface/test_imported_settings.py",
        "has_it_set",
    ),
    "a new object of a library's kind stays": Mutation(
        "seamline.interface.foreign.Foreign.holds",
        _nothing,
        "unit/interface/test_results.py",
        "new_object_without_values",
    ),
    "rows that a manager gives stay": Mutation(
        "seamline.interface.givings._HANDLES",
        frozenset({"query"}),
        "unit/interface/test_givings.py",
        "managers_give_stay",
    ),
    "classes of libraries stay": Mutation(
        "seamline.interface.givings.is_class_of_library",
        _false,
        "unit/interface/test_results.py",
        "class_of_a_library_stays",
    ),
    "check warns of caches that may be in memory": Mutation(
        "seamline.interface.caching._names_backend",
        _false,
        "unit/interface/test_caching.py",
        "check_warns",
    ),
    "16 check tells what needs its host and its caller's process": Mutation(
        "seamline.interface.findings.lost_questions",
        _empty,
        "unit/interface/test_own_process.py",
        "check_tells",
    ),
    "what enters a library's context manager may have its own": Mutation(
        "seamline.interface.request_values._enters",
        _false,
        "unit/interface/test_request_values.py",
        "has_its_own",
    ),
    "what writes rows that a library notes stays with its caller": Mutation(
        "seamline.interface.application.find_audited",
        _no_pairs,
        "unit/interface/test_audited.py",
    ),
    "nothing of a request is noted without a middleware": Mutation(
        "seamline.interface.audited._keeps_requests",
        _true,
        "unit/interface/test_audited.py",
        "without_a_middleware",
    ),
    "what says itself who changes a row asks no request": Mutation(
        "seamline.interface.audited._sets",
        _false,
        "unit/interface/test_audited.py",
        "says",
    ),
    "making a class runs metaclasses, decorators and descriptors": Mutation(
        "seamline.interface.leaving.run_by_making",
        _empty,
        "unit/interface/test_registering.py",
        "metaclass",
    ),
    "hosts import what leaves something in others": Mutation(
        "seamline.interface.analysis._left_in",
        _no_names,
        "unit/interface/test_registering.py",
        "on_its_host",
    ),
    "check tells of refused functions that their package calls elsewhere": Mutation(
        "seamline.interface.findings.called_inside",
        _no_pairs,
        "unit/interface/test_findings.py",
        "from_there",
    ),
    "check tells of arguments that cannot cross": Mutation(
        "seamline.interface.findings.unsendable_arguments",
        _empty,
        "unit/interface/test_findings.py",
        "cannot_cross",
    ),
    "learn sees what is changed": Mutation(
        "seamline.observe.calls.Call._is_mutated",
        _false,
        "unit/observe/test_observer.py",
        "mutations",
    ),
    "14 globals of packages elsewhere that are patched": Mutation(
        "seamline.testing.patching.Patches._allow",
        _true,
        "unit/testing/test_hosts.py",
        "patched_global",
    ),
    "14 functions that their own package uses": Mutation(
        "seamline.testing.patching.Patches._is_called_only",
        _true,
        "unit/testing/test_closing.py",
        "public_function",
    ),
    "14 what tools replace by themselves": Mutation(
        "seamline.testing.replaced.Replacements.look",
        _nothing,
        "unit/testing/test_closing.py",
        "by_itself_is_noticed",
    ),
    "14 databases in memory that an application is configured for": Mutation(
        "seamline.testing.reshaping.Reshaping.databases",
        _empty,
        "unit/testing/test_elsewhere.py",
        "configured_for",
    ),
    "modules that are imported later are opened": Mutation(
        "seamline.seam.opening.Seams._finished",
        _nothing,
        "unit/seam/test_importing.py",
        "after_install",
    ),
    "10 a sibling's name of the same object is sealed": Mutation(
        "seamline.seam.sealing._names_of", _empty, "unit/seam/test_sealing.py", "sibling"
    ),
    "a lock of another version counts for nothing": Mutation(
        "seamline.lock.Lock.known", _known, "unit/interface/test_observed.py"
    ),
    "3 what was seen to be changed is": Mutation(
        "seamline.interface.observed.Observed.mutates",
        _from_source,
        "unit/interface/test_observed.py",
    ),
    "learn sees what state is changed": Mutation(
        "seamline.observe.calls.Call.look_after",
        _nothing,
        "unit/observe/test_observer.py",
        "changed_state",
    ),
    "learn sees what a result shares": Mutation(
        "seamline.observe.calls.Call.look_at_result",
        _nothing,
        "unit/observe/test_observer.py",
        "sharing",
    ),
    "9 contexts that functions read are known": Mutation(
        "seamline.interface.application.contexts_read",
        _no_pairs,
        "unit/interface/test_framework.py",
    ),
    "hosts import what registers": Mutation(
        "seamline.plan.planning._imports", _empty, "unit/plan/test_build.py", "registers"
    ),
    "10 instances of abstract classes are state": Mutation(
        "seamline.interface.state.changes_itself", _false, "unit/interface/test_abstract.py"
    ),
    "10 members of enumerations that change are state": Mutation(
        "seamline.interface.state.changing_members", _empty, "unit/interface/test_abstract.py"
    ),
    "special methods are entered": Mutation(
        "seamline.interface.implied.Implications._special",
        _empty,
        "unit/interface/test_specials.py",
        "special_method_is_entered",
    ),
    "special methods of attributes are entered": Mutation(
        "seamline.interface.implied.Implications._attribute",
        _empty,
        "unit/interface/test_specials.py",
        "special_method_is_entered",
    ),
    "what special methods change is changed": Mutation(
        "seamline.interface.graph.Graph.unnamed",
        _empty,
        "unit/interface/test_specials.py",
        "changed_for_the_caller",
    ),
    "calls of what an expression visibly is are followed": Mutation(
        "seamline.interface.implied.Implications._called",
        _empty,
        "unit/interface/test_indirect.py",
        "followed",
    ),
    "methods that are handed on are followed": Mutation(
        "seamline.interface.implying.Implying._is_taken",
        _false,
        "unit/interface/test_indirect.py",
        "followed",
    ),
    "methods of computed names are guessed at": Mutation(
        "seamline.interface.implied.Implications._by_computed_name",
        _empty,
        "unit/interface/test_indirect.py",
        "guessed",
    ),
    "what functions give visibly is known": Mutation(
        "seamline.interface.visible.Reader._results",
        _empty,
        "unit/interface/test_specials.py",
        "special_method_is_entered",
    ),
    "what annotations say visibly is known": Mutation(
        "seamline.interface.visible.annotated",
        _no_names,
        "unit/interface/test_specials.py",
        "special_method_is_entered",
    ),
    "10 methods of unknown objects may be any of that name": Mutation(
        "seamline.interface.graph.Graph._is_of_stdlib",
        _true,
        "unit/interface/test_verdicts.py",
        "unknown_objects",
    ),
    "10 tables are told from containers by what they hold": Mutation(
        "seamline.interface.state.is_table", _true, "unit/interface/test_state.py", "what_changes"
    ),
    "10 what grows in place under a local name is state": Mutation(
        "seamline.interface.bodies.grown",
        _empty,
        "unit/interface/test_state.py",
        "what_changes",
    ),
    "10 constants that are changed are state": Mutation(
        "seamline.interface.state.are_fixed", _true, "unit/interface/test_state.py", "what_changes"
    ),
    "check tells of state that is read elsewhere": Mutation(
        "seamline.interface.findings._outside",
        _empty,
        "unit/interface/test_findings.py",
        "read_elsewhere",
    ),
    "check tells of state under several workers": Mutation(
        "seamline.interface.placement._many_workers",
        _nothing,
        "unit/interface/test_findings.py",
        "several_workers",
    ),
    "check tells of caches in memory under several workers": Mutation(
        "seamline.interface.findings.worker_caches",
        _empty,
        "unit/interface/test_caching.py",
        "under_several_workers_is_told",
    ),
    "a cache that is only given its application is not used": Mutation(
        "seamline.interface.caching._SETTING_UP",
        "",
        "unit/interface/test_caching.py",
        "under_several_workers_is_told",
    ),
    "check tells of objects that their own methods change": Mutation(
        "seamline.interface.placement.growth",
        _false,
        "unit/interface/test_findings.py",
        "own_methods_change",
    ),
    "check tells of what differs in a part": Mutation(
        "seamline.interface.placement._differing",
        _empty,
        "unit/interface/test_moments.py",
        "differs",
    ),
    "check tells of what state holds, and not of what lies deeper": Mutation(
        "seamline.interface.aliases.is_deep",
        _true,
        "unit/interface/test_depths.py",
        "check_tells",
    ),
    "check tells of results that are state": Mutation(
        "seamline.interface.findings._aliased", _empty, "unit/interface/test_findings.py", "alias"
    ),
    "a part of the tests with nothing remote says so": Mutation(
        "seamline.testing.tally.Tally.says_nothing",
        False,
        "unit/testing/test_others.py",
        "makes_no_call",
    ),
    "15 errors that hosts swallow are counted": Mutation(
        "seamline.testing.lines.Lines.more",
        _none_of_any,
        "unit/testing/test_plugin.py",
        "host_swallowed",
    ),
    "10 the class of an object is the class": Mutation(
        "seamline.interface.origins.CLASS",
        "",
        "unit/interface/test_own_state.py",
        "class_of_an_object",
    ),
    "10 reading a default dictionary fills it": Mutation(
        "seamline.interface.bodies.filled",
        _no_names,
        "unit/interface/test_own_state.py",
        "default_dictionary",
    ),
    "10 what the standard library writes into is changed": Mutation(
        "seamline.interface.bodies.changed_by",
        _empty,
        "unit/interface/test_own_state.py",
        "writes_into",
    ),
    "10 what changes as it is used is state in a class as well": Mutation(
        "seamline.interface.state.changing_attributes",
        _empty,
        "unit/interface/test_own_state.py",
        "in_a_class",
    ),
    "10 names bound together are state together": Mutation(
        "seamline.interface.state.bound_together",
        _empty,
        "unit/interface/test_own_state.py",
        "bound_together",
    ),
    "10 an object is changed in other ways than by assignment": Mutation(
        "seamline.interface.bodies.ASSIGNING",
        frozenset(),
        "unit/interface/test_own_state.py",
        "other_ways or metaclass",
    ),
    "10 super().__setattr__ changes the object": Mutation(
        "seamline.interface.changing._assigned_to",
        _no_names,
        "unit/interface/test_own_state.py",
        "a_method_changes_its_object",
    ),
    "10 a frozen object may be changed by its methods": Mutation(
        "seamline.interface.state.is_changed_by_methods",
        _false,
        "unit/interface/test_own_state.py",
        "a_method_changes_its_object",
    ),
    "10 state of a base is the same under all its names": Mutation(
        "seamline.interface.application.note_inherited",
        _nothing,
        "unit/interface/test_own_state.py",
        "under_all_its_names or subclass_has or metaclass_has",
    ),
    "10 a class method reaches what subclasses have": Mutation(
        "seamline.interface.inherited._through_class",
        _empty,
        "unit/interface/test_own_state.py",
        "class_method_of_a_base",
    ),
    "10 state of a class is read through an instance": Mutation(
        "seamline.interface.touches.reached",
        _empty,
        "unit/interface/test_own_state.py",
        "under_all_its_names",
    ),
    "10 a call changes what the called would: methods by name": Mutation(
        "seamline.interface.changing._by_result",
        _empty,
        "unit/interface/test_own_state.py",
        "the_called_would",
    ),
    "10 a call changes what the called would: functions inside": Mutation(
        "seamline.interface.bodies.given_exactly",
        _no_pairs,
        "unit/interface/test_own_state.py",
        "the_called_would",
    ),
    "10 a call changes what the called would: all parameters": Mutation(
        "seamline.interface.handed._parameter",
        _no_text,
        "unit/interface/test_own_state.py",
        "the_called_would",
    ),
    "10 what an object without attributes makes is not its state": Mutation(
        "seamline.interface.apart._given",
        _nothing,
        "unit/interface/test_state.py",
        "without_attributes",
    ),
    "10 an object with attributes is changed with what it gives": Mutation(
        "seamline.interface.apart._is_new",
        _true,
        "unit/interface/test_state.py",
        "changed_with_what_it_gives",
    ),
    "10 whatever binds a target changes it": Mutation(
        "seamline.interface.bodies.bound_otherwise",
        _empty,
        "unit/interface/test_own_state.py",
        "binds_a_target",
    ),
    "16 settings that a package changes are no pure matter": Mutation(
        "seamline.interface.ambient.changed_settings",
        _empty,
        "unit/interface/test_ambient.py",
    ),
    "16 what sets up its process runs with its caller": Mutation(
        "seamline.interface.ambient.Ambient.find_setting_up",
        _nothing,
        "unit/interface/test_ambient.py",
        "sets_up_its_process",
    ),
    "16 a setting that is put back is not changed": Mutation(
        "seamline.interface.ambient._is_put_back",
        _false,
        "unit/interface/test_ambient.py",
        "puts_back",
    ),
    "16 another entry of the environment is another setting": Mutation(
        "seamline.interface.ambient._entries",
        _nothing,
        "unit/interface/test_ambient.py",
        "stays_there",
    ),
    "16 check tells who lacks a setting": Mutation(
        "seamline.interface.findings.lost_settings",
        _empty,
        "unit/interface/test_ambient.py",
        "check_tells",
    ),
    "through a constant nothing else of its module is used": Mutation(
        "seamline.interface.modules.Imports._is_constant",
        _false,
        "unit/interface/test_changes.py",
        "through_a_constant",
    ),
    "9 what uses an uncarried context variable stays with its caller": Mutation(
        "seamline.interface.application.find_own_variables",
        _no_pairs,
        "unit/interface/test_own_variables.py",
        "stays_with_its_caller",
    ),
    "9 what is put back within a call needs no caller": Mutation(
        "seamline.interface.own_variables._resetting",
        _empty,
        "unit/interface/test_own_variables.py",
        "callees_only",
    ),
    "9 a context variable that is not seen where it is read is an error": Mutation(
        "seamline.interface.contexts._unseen",
        _nothing,
        "unit/interface/test_unseen_variables.py",
        "is_an_error",
    ),
    "9 what a host leaves set is looked for in what it calls": Mutation(
        "seamline.interface.contexts._leaves",
        _false,
        "unit/interface/test_unseen_variables.py",
        "is_an_error",
    ),
    "9 what sets a context variable for itself reads its own": Mutation(
        "seamline.interface.contexts._sets_first",
        _true,
        "unit/interface/test_unseen_variables.py",
        "may_be_one_value",
    ),
    "16 what uses a name that nobody defines runs with its caller": Mutation(
        "seamline.interface.application.find_undefined",
        _no_pairs,
        "unit/interface/test_undefined.py",
        "that_nobody_defines",
    ),
    "16 check tells who uses a name that nobody defines, on its host": Mutation(
        "seamline.interface.application.find_undefined",
        _no_pairs,
        "unit/interface/test_undefined.py",
        "check_tells",
    ),
    "16 who expects a name to be missing may run anywhere": Mutation(
        "seamline.interface.undefined._expects_none",
        _false,
        "unit/interface/test_undefined.py",
        "expects_a_name",
    ),
    "16 what a module installs while it is imported is defined": Mutation(
        "seamline.interface.undefined._installing",
        _no_pairs,
        "unit/interface/test_undefined.py",
        "defined_somehow",
    ),
    "check: what may not be read is an error": Mutation(
        "seamline.interface.source.Unreadable.is_forbidden",
        False,
        "unit/interface/test_source.py",
        "is_an_error",
    ),
    "check names a read where it is written": Mutation(
        "seamline.interface.readers._held_in",
        _no_names,
        "unit/interface/test_said_once.py",
        "where_the_state_is_named",
    ),
    "2 what known functions of libraries give stays with its caller": Mutation(
        "seamline.interface.verdicts.given_by",
        _nothing,
        "unit/interface/test_library_objects.py",
        "where_its_caller_is",
    ),
    "14 patches of the distribution mock are seen": Mutation(
        "seamline.testing.replaced._mock_of_its_own",
        _nothing,
        "unit/testing/test_others.py",
        "distribution_mock",
    ),
    "hosts of tests call no factory by themselves": Mutation(
        "seamline.testing.front._unserved", _same, "unit/testing/test_factories.py"
    ),
    "a factory is called in one process of a run before all others": Mutation(
        "seamline.worker.turns._wait", _nothing, "unit/worker/test_turns.py"
    ),
}

MUTATIONS = LAW | OTHERS

if "SEAMLINE_MUTATION" in os.environ:
    _chosen = MUTATIONS[os.environ["SEAMLINE_MUTATION"]]
    mock.patch(_chosen.target, _chosen.off).start()  # as long as the process lives

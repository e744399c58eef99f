"""Which groups a changed file concerns: those whose workers would be others if started now.

No worker is asked here: what is decided on are the plan and what workers said they loaded.
"""

import os
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Final, TypeAlias

import msgspec

from seamline.interface import Interface
from seamline.plan import Plan, ServicePlan

#: Files of the project, relative to its root, that the workers of each group have loaded; None
#: for a group that cannot say.
Loaded: TypeAlias = Mapping[str, frozenset[str] | None]

# Where frameworks keep what they compile once and serve from memory from then on.
_TEMPLATES: Final = "templates"
_INTERPRETERS: Final = ("python", "pypy")
_WORDS: Final = re.compile(r"[\s;&|()]+")


def is_code(file: str) -> bool:
    """Whether it is Python source."""
    return file.endswith(".py")


def is_template(file: str) -> bool:
    """Whether it lies in a directory of templates, which frameworks may keep in memory."""
    return _TEMPLATES in PurePath(file).parts[:-1]


def concerned(plan: Plan, changed: Collection[str], loaded: Loaded) -> set[str]:
    """Return the groups whose processes hold what was in some files, or may come to.

    Args:
        plan: What runs.
        changed: Files that were changed, made or removed, relative to the root.
        loaded: What workers hold.
    """
    found: set[str] = set()
    for file in changed:
        if is_template(file):
            found |= _holders_of_template(plan, file, loaded)
        elif is_code(file):
            found |= _holders_of_code(plan, file, loaded)
    return found


def imported(plan: Plan, changed: Collection[str], loaded: Loaded) -> set[str]:
    """Return those of some files that workers have imported, or that are part of a service."""
    held = frozenset[str]().union(*(files for files in loaded.values() if files))
    packages = [one.interface for one in plan.services if one.interface is not None]
    return {
        file
        for file in changed
        if is_code(file)
        and (file in held or any(_is_part(plan, package, file) for package in packages))
    }


def concerned_by(plan: Plan, service: ServicePlan, loaded: Loaded) -> set[str]:
    """Return the groups that host a package, hold client halves of it or may call it.

    A group that has not imported the package yet but will makes client halves by the plan of its
    own start: they have to be of today's source. That is one which holds code that names its
    functions, and any that serves HTTP: frameworks import views with the first request.
    """
    own = {plan.group_of(service.name).name}
    if service.interface is None:
        return own
    own |= _of_http(plan)
    named = _files(plan, service.interface) | {
        place.file for function in service.interface.functions for place in function.callers
    }
    return own | {name for name, files in loaded.items() if files is None or files & named}


def changed_services(before: Plan, after: Plan) -> Iterator[ServicePlan]:
    """Yield the services of the later plan that workers of the earlier one know otherwise."""
    known = {service.name: _meaning(service) for service in before.services}
    for service in after.services:
        if known.get(service.name) != _meaning(service):
            yield service


def may_start_early(plan: Plan, changed: Collection[str]) -> bool:
    """Whether workers most likely need no other plan after a change than they have."""
    if _is_whole(plan):
        return True
    packages = [one.interface for one in plan.services if one.interface is not None]
    return not any(_is_part(plan, package, file) for package in packages for file in changed)


def is_same_for_workers(before: Plan, after: Plan) -> bool:
    """Whether workers that were started by the one plan are as if started by the other."""

    def known(plan: Plan) -> Plan:
        is_whole = _is_whole(plan)
        services = tuple(_meaning(one, is_whole=is_whole) for one in plan.services)
        return msgspec.structs.replace(plan, services=services)

    return known(before) == known(after)


def _is_whole(plan: Plan) -> bool:
    """Whether no seam is open in any process of it."""
    return len(plan.groups) == 1 and plan.layout != "local"


def _meaning(service: ServicePlan, *, is_whole: bool = False) -> ServicePlan:
    """Return it without what only readers want: who calls it, and why it is as it is.

    Args:
        service: One service.
        is_whole: Whether it is hosted by the only group there is.
    """
    interface = service.interface
    if interface is None:
        return service
    if is_whole:
        none = Interface(
            service=interface.service,
            package=interface.package,
            modules=(),
            functions=(),
            needs_django=interface.needs_django,
            reads_framework_context=interface.reads_framework_context,
        )
        return msgspec.structs.replace(service, interface=none)
    bare = msgspec.structs.replace(
        interface,
        functions=tuple(
            msgspec.structs.replace(one, callers=(), reason="") for one in interface.functions
        ),
        state=tuple(msgspec.structs.replace(one, readers=(), early=()) for one in interface.state),
    )
    return msgspec.structs.replace(service, interface=bare)


def _holders_of_code(plan: Plan, file: str, loaded: Loaded) -> set[str]:
    found = {name for name, files in loaded.items() if files is None or file in files}
    for service in plan.services:
        if service.interface is not None and _is_part(plan, service.interface, file):
            found |= concerned_by(plan, service, loaded)
        elif service.command and _is_python(service.command) and not _is_test(file):
            # What it imports is not known, and it is not asked.
            found.add(plan.group_of(service.name).name)
    return found


def _holders_of_template(plan: Plan, file: str, loaded: Loaded) -> set[str]:
    """Return the groups that hold the code beside it, or all that serve HTTP."""
    parts = PurePath(file).parts
    beside = str(PurePath(*parts[: parts.index(_TEMPLATES)], ""))
    prefix = "" if beside == "." else f"{beside}/"
    if prefix:
        found = {
            name
            for name, files in loaded.items()
            if files is None or any(one.startswith(prefix) for one in files)
        }
        if found:
            return found
    return _of_http(plan)


def _of_http(plan: Plan) -> set[str]:
    return {plan.group_of(one.name).name for one in plan.services if one.http is not None}


def _files(plan: Plan, interface: Interface) -> set[str]:
    return {_relative(plan, file) for _, file in interface.modules}


def _relative(plan: Plan, file: str) -> str:
    """Return a file of an interface, whose links are followed, as workers and watchers name it."""
    return file.removeprefix(f"{os.path.realpath(plan.root)}/")


def _is_part(plan: Plan, interface: Interface, file: str) -> bool:
    """Whether it is a module of the package, or would be one: it may be new or gone."""
    files = _files(plan, interface)
    if file in files:
        return True
    top = _relative(plan, dict(interface.modules).get(interface.package, ""))
    directory = top.removesuffix("__init__.py")
    return directory != top and file.startswith(directory)


def _is_python(command: tuple[str, ...]) -> bool:
    """Whether it starts an interpreter, or a program installed beside ours; by a shell, too."""
    beside = Path(sys.executable).parent
    names = [PurePath(word).name for text in command for word in _WORDS.split(text) if word]
    return any(name.startswith(_INTERPRETERS) or (beside / name).is_file() for name in names)


def _is_test(file: str) -> bool:
    path = PurePath(file)
    in_tests = not {"test", "tests"}.isdisjoint(path.parts[:-1])
    return in_tests or path.name.startswith("test_") or path.name == "conftest.py"

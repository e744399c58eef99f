"""From a directory to a proposal that `check` accepts. Nothing is executed or written."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from seamline import config, plan
from seamline.errors import ApplicationError
from seamline.interface import Application, Finding, Severity
from seamline.proposal.find import application_named, find_applications
from seamline.proposal.groups import group_parts
from seamline.proposal.hints import project_name, read_hints
from seamline.proposal.judge import judge_parts, placed
from seamline.proposal.known import Entrance
from seamline.proposal.model import Found, Proposal, Started
from seamline.proposal.parts import Tree, reached_from, service_name
from seamline.proposal.procfile import read_procfile
from seamline.proposal.text import render
from seamline.proposal.unread import refusal, refuse_unread, unread

# Below this depth parts are so small that calls between them would be most of the work.
_MOST_ROUNDS: Final = 3
# Each is a process in layout micro, and a seam to understand; more are the reader's choice.
_MOST_SERVICES: Final = 12


def propose(root: Path, file: Path, *, named: str | None = None) -> Proposal:
    """Look at a project and propose its services.

    Args:
        root: Directory of the project.
        file: Where the proposal would be written; need not exist.
        named: The application to serve, as ``module:expression``, over what is found.

    Raises:
        ApplicationError: There is neither an application nor a package that could be a
            service, the named one is not there, or it is in a file that cannot be read.
    """
    application = plan.read_project(root)
    hints, broken = read_hints(root), unread(application)
    found = find_applications(application, hints)
    chosen = application_named(application, named) if named else _chosen(found)
    refuse_unread(root, broken, hints, chosen, named)
    if named and chosen is None:
        raise _unknown(found, named)
    others = [one for one in found if chosen is None or one.reference != chosen.reference]
    proposal = Proposal(
        root=root,
        name=_name(project_name(root)),
        application=chosen,
        others=[one for one in others if one.place != (chosen and chosen.place)],
        parts=[],
        entry=_entry(chosen),
        modules=sum(not source.test for source in application.sources.modules.values()),
        unread=broken,
    )
    for line in read_procfile(root, has_application=chosen is not None):
        if isinstance(line, Started):
            proposal.commands.append(line)
        else:
            proposal.left_out.append(line)
    _judge_rounds(application, proposal, found)
    _settle(application, proposal, file)
    return proposal


def _unknown(found: list[Found], named: str) -> ApplicationError:
    known = [each.reference for each in found if not each.needs]
    return ApplicationError(
        f"--app: there is no {named!r} in the source of the project",
        remedy=config.suggest(named, known, "found were")
        or "write module:object or module:factory(), such as shop.web:create_app()",
    )


def _chosen(found: list[Found]) -> Found | None:
    """Return the likeliest application that can be started from here.

    Raises:
        ApplicationError: There are applications, but not one that can be started here.
    """
    usable = [
        one for one in found
        if not one.needs and not one.below and (one.command or one.entrance is not Entrance.SERVER)
        and _can_be_named(one)
    ]  # fmt: skip
    if usable and usable[0].score > 0:
        return usable[0]
    for one in found:
        if one.below and one.score > -60 and not one.needs:  # noqa: PLR2004 - not beside the code
            raise ApplicationError(
                f"this {one.framework} application imports its modules from {one.below}",
                file=one.place.file,
                line=one.place.line,
                remedy=f"let the file be written there: seamline init {one.below}",
            )
        if not usable and not _can_be_named(one) and not one.needs:
            file = Path(one.place.file)
            raise ApplicationError(
                f"this {one.framework} application is in a file that no import can name",
                file=one.place.file,
                line=one.place.line,
                remedy=f"rename it, for example: mv {file} "
                f"{file.with_stem(re.sub(r'[^A-Za-z0-9_]', '_', file.stem))}",
            )
    return usable[0] if usable else None


def _can_be_named(found: Found) -> bool:
    """Whether the module is one that can be imported, as far as its file's name says."""
    return found.module.rpartition(".")[2].isidentifier()


def _entry(chosen: Found | None) -> str:
    return "" if chosen is None else "web"


def _name(text: str) -> str:
    """Return the project's name as the file takes it."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in text)
    return kept.lstrip("0123456789_.-").rstrip("-.")[:64] or "app"


# -- which parts ------------------------------------------------------------------------


def _entries(application: Application, proposal: Proposal) -> Mapping[str, str]:
    chosen = proposal.application
    if chosen is None:
        return {}
    started = chosen.command[2] if chosen.command else chosen.module
    main = f"{started}.__main__"
    return {main if main in application.sources.modules else started: proposal.entry}


def _judge_rounds(application: Application, proposal: Proposal, found: list[Found]) -> None:
    """Judge packages; where one cannot stand alone as a whole, judge what is in it."""
    chosen = proposal.application
    entries = _entries(application, proposal)
    makers = {one.module for one in found if one.score > 0} | set(entries)
    makers |= {chosen.module} if chosen else set()
    tree = Tree(application, makers, reached_from(application, chosen))
    waiting = tree.first()
    for _ in range(_MOST_ROUNDS):
        judged = judge_parts(application, tree.largest(waiting), entries) if waiting else []
        waiting = []
        for part in judged:
            inner = [] if part.is_proposed else list(tree.open(tree.children(part.package)))
            waiting += inner
            proposal.parts += [part]
    proposal.parts.sort(key=lambda part: (not part.is_proposed, -part.score, part.package))
    for part in proposal.proposed[_MOST_SERVICES:]:
        part.against = f"it could, and gains least: {_MOST_SERVICES} others are proposed"
    taken = {proposal.entry, *(command.name for command in proposal.commands)}
    for part in proposal.parts:  # the rounds did not know of each other's names
        part.name = service_name(part.package, taken)
        taken.add(part.name)


# -- until check accepts it -------------------------------------------------------------


def _settle(application: Application, proposal: Proposal, file: Path) -> None:
    """Write the text, and leave out services until ``check`` finds no error in any layout.

    Raises:
        ApplicationError: Not even the application alone can be written.
    """
    while True:
        if proposal.application is None and not proposal.proposed and not proposal.commands:
            raise _nothing(proposal)
        group_parts(proposal)
        proposal.text = render(proposal)
        errors = check(application, proposal.text, file)
        if not errors:
            if _judge_anew(application, proposal):
                continue
            return
        if not proposal.proposed:
            first = errors[0]
            raise ApplicationError(
                first.message, file=first.file or None, line=first.line or None,
                remedy=first.remedy,
            )  # fmt: skip
        for part, error in _blamed(proposal, errors).items():
            proposed = {one.package: one for one in proposal.parts}
            proposed[part].against = placed(error)
        proposal.parts.sort(key=lambda each: not each.is_proposed)


def _judge_anew(application: Application, proposal: Proposal) -> bool:
    """Judge what is left by itself, and return whether that changed anything.

    What was left out is no service's any more, and so what uses its state is judged otherwise.
    """
    packages = [one.package for one in proposal.proposed]
    judged = judge_parts(application, packages, _entries(application, proposal))
    before = {one.package: one for one in proposal.proposed}
    changed = False
    for now in judged:
        part = before[now.package]
        changed |= (part.against, part.reasons) != (now.against, now.reasons)
        part.interface, part.against, part.reasons = now.interface, now.against, now.reasons
        part.score, part.apart = now.score, now.apart
    proposal.parts.sort(key=lambda each: (not each.is_proposed, -each.score))
    return changed


def _nothing(proposal: Proposal) -> ApplicationError:
    """Return the error about a library in which no package could be a service."""
    packages = "no package that could be a service"
    if proposal.parts:
        first = proposal.parts[0]
        packages = f"no package could be a service: {first.package}, because {first.against}"
        more = len(proposal.parts) - 1
        packages += f"; nor {more} more" if more else ""
    message = f"no application was found in {proposal.root}, and {packages}"
    if proposal.unread:
        return refusal(proposal.unread[0], f"{message}; this file cannot be read")
    return ApplicationError(
        message,
        remedy="name the application: seamline init --app module:object",
    )


def _blamed(proposal: Proposal, errors: list[Finding]) -> dict[str, Finding]:
    """Return the packages to leave out, each with the error that goes away then.

    What is between several, as state that belongs to no service, goes with the lowest in rank.
    """
    group_of = {name: group for group, services in proposal.layout.items() for name in services}
    blamed: dict[str, Finding] = {}
    for error in errors:
        users = [
            part.package
            for part in reversed(proposal.proposed)
            if part.name == error.service
            or not {part.name, group_of.get(part.name)}.isdisjoint(error.groups)
        ]
        if users and blamed.keys().isdisjoint(users):
            blamed[users[0]] = error
    return blamed or {proposal.proposed[-1].package: errors[0]}


def check(application: Application, text: str, file: Path) -> list[Finding]:
    """Return the errors of the first layout of a file in which ``check`` finds any."""
    settings = config.load(file, environ={}, text=text)
    for layout in ("micro", *(each.name for each in settings.layouts)):
        analysis = plan.analyse_project(settings, layout, application=application)
        plan.build(settings, analysis, layout=layout, run_dir="/")
        found = [each for each in analysis.findings if each.severity is Severity.ERROR]
        if found:
            return found
    return []

"""``seamline explain``: the whole story of one verdict, or of one code in brackets."""

import argparse
import ast
import os
from collections.abc import Iterable

from seamline import plan
from seamline.cli.arguments import load_config, output_of
from seamline.cli.messages import messages
from seamline.cli.observed import observed_facts
from seamline.cli.output import Output, clipped, source_line
from seamline.config import Config, find_file, suggest
from seamline.errors import ConfigError, UsageError
from seamline.interface import Analysis, Function, Interface, Verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument(
        "subject",
        metavar="CODE|FUNCTION",
        help="a code like not-sendable, or a public function like shop.reports.monthly_pdf",
    )
    parser.add_argument("--layout", metavar="NAME", help="look at this layout")


def run(args: argparse.Namespace) -> int:
    """Print the explanation.

    Raises:
        UsageError: There is neither such a code nor such a function.
    """
    output = output_of(args)
    subject = args.subject.strip("[]")
    known = messages()
    if subject in known:
        if output.json:
            output.document("seamline.explain/1", {"code": subject, "text": known[subject]})
        else:
            output.data(f"{output.styled(subject, 'bold')}\n\n{known[subject]}")
        return 0
    if not _has_project(args):
        raise UsageError(
            f"there is no code {subject!r}, and no project here to look for a function in",
            remedy=suggest(subject, known, "codes are"),
        )
    config = load_config(args)
    analysis = plan.analyse_project(config, config.layout)
    interface, function = _found(subject, config, analysis, known)
    lock = plan.read_lock(config)
    entry = None if lock is None else lock.functions.get(f"{function.module}.{function.name}")
    if output.json:
        document = {"service": interface.service, "function": function, "lock": entry}
        output.document("seamline.explain/1", document)
    else:
        _print_story(output, config, interface, function)
        if lock is not None:
            _print_facts(output, observed_facts(lock, entry, function))
        _print_findings(output, analysis, interface, function)
        output.data("\n".join(["", *_change(config, interface, function)]))
    return 0


def _has_project(args: argparse.Namespace) -> bool:
    """Say whether a file is named or found; one that cannot be used is another question."""
    if args.directory or args.file:
        return True
    try:
        find_file(environ=os.environ)
    except ConfigError:
        return False
    return True


def _found(
    subject: str, config: Config, analysis: Analysis, codes: dict[str, str]
) -> tuple[Interface, Function]:
    """Return the function that a reader calls by this name."""
    names: dict[str, list[tuple[Interface, Function]]] = {}
    for interface in analysis.interfaces:
        for function in interface.functions:
            for name in _names(interface, function):
                names.setdefault(name, []).append((interface, function))
    wanted = subject.replace(":", ".").partition("@")[0]
    matches = {function.address: (one, function) for one, function in names.get(wanted, ())}
    public = {address: match for address, match in matches.items() if match[1].public}
    matches = public or matches
    if len(matches) == 1:
        return next(iter(matches.values()))
    if matches:
        places = ", ".join(f"{match[1].module}.{match[1].name}" for match in matches.values())
        raise UsageError(f"{subject!r} may be any of {places}", remedy="name one of them")
    _refuse_unplaced(wanted, config, analysis)
    offered = [
        f"{function.module}.{function.name}"
        for interface in analysis.interfaces
        for function in interface.functions
        if function.public
    ]
    remedy = suggest(subject, [*codes, *offered], "") if offered or codes else ""
    raise UsageError(
        f"{subject!r} is neither a code nor a function of a service",
        remedy=remedy if remedy.startswith("did") else "see them all: seamline check",
    )


def _refuse_unplaced(wanted: str, config: Config, analysis: Analysis) -> None:
    """Say what happens to a function or a class of a module that no service has."""
    placed = {module for interface in analysis.interfaces for module, _ in interface.modules}
    module, _, name = wanted.rpartition(".")
    if module not in analysis.modules:  # a method, then
        module, _, name = module.rpartition(".")
    if module in placed or module not in analysis.modules or not _defines(config, module, name):
        return
    packages = [f"{one.service} ({one.package})" for one in analysis.interfaces]
    raise UsageError(
        f"{module} belongs to no package service, so there is no seam before {wanted!r}: it runs "
        "in the process that calls it",
        remedy=f"package services are: {', '.join(packages) or 'none'}; to run it in a process of "
        f"its own, write into seamline.toml: [services.{module.rpartition('.')[2]}] "
        f'package = "{module}"',
    )


def _defines(config: Config, module: str, name: str) -> bool:
    """Whether the source of a module says that it has such a function or class."""
    for base in (config.root, config.root / "src"):
        path = base.joinpath(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                tree = ast.parse(file.read_bytes())
                return any(getattr(node, "name", None) == name for node in ast.walk(tree))
    return False


def _names(interface: Interface, function: Function) -> set[str]:
    full = {f"{function.module}.{function.name}", *function.exports}
    short = {f"{interface.service}.{name.removeprefix(f'{interface.package}.')}" for name in full}
    return full | short | {function.name, f"{interface.service}.{function.name}"}


def _print_story(output: Output, config: Config, interface: Interface, function: Function) -> None:
    name = f"{function.module}.{function.name}"
    output.data(output.styled(name, "bold"))
    define = "async def" if function.kind.startswith("async") else "def"
    head = f"{define} {function.name.rpartition('.')[2]}{function.signature}"
    output.data(output.wrap(head, indent="      ", first="  "))
    output.data(f"  {function.file}:{function.line}")
    output.data()
    _print_facts(output, _facts(interface, function))
    for number, place in enumerate(function.callers):
        output.data(f"  {'' if number else 'callers':<11}{place}")
        code = source_line(config.root / place.file, place.line)
        output.data(clipped(f"{'':15}{code.strip()}", output.width))


def _print_facts(output: Output, facts: Iterable[tuple[str, str]]) -> None:
    for title, text in facts:
        output.data(output.wrap(text, indent=" " * 13, first=f"  {title:<11}"))


def _print_findings(
    output: Output, analysis: Analysis, interface: Interface, function: Function
) -> None:
    """Print what ``check`` says about this function, each thing once."""
    places = {(function.file, function.line), *((one.file, one.line) for one in function.callers)}
    shown = set()
    for finding in analysis.findings:
        about = finding.service == interface.service and (finding.file, finding.line) in places
        if about and (finding.code, finding.message) not in shown:
            shown.add((finding.code, finding.message))
            output.data(f"\n{output.label(finding.severity, finding.code)}")
            output.data(output.wrap(finding.message, indent="       ", first="  why  "))
            output.data(output.wrap(finding.remedy, indent="       ", first="  fix  "))


def _facts(interface: Interface, function: Function) -> list[tuple[str, str]]:
    public = "public" if function.public else "not public; its body is sealed elsewhere"
    facts = [
        ("verdict", f"{function.verdict}: {function.reason}"),
        ("service", f"{interface.service} ({interface.package}), {public}"),
        ("kind", function.kind.value),
        ("touches", ", ".join(function.touches) or "no module state"),
        ("mutates", ", ".join(function.mutates) or "none of its arguments"),
    ]
    if function.shares:
        facts.append(("returns", f"what may be part of: {', '.join(function.shares)}"))
    if function.contexts:
        facts.append(("contexts", f"{', '.join(function.contexts)}; they travel with calls"))
    if function.aliases:
        facts.append(("returns", f"what may be module state: {', '.join(function.aliases)}"))
    if function.exports:
        facts.append(("also as", ", ".join(function.exports)))
    if function.callback:
        facts.append(("callback", "registered with a framework, which calls it in its process"))
    if not function.callers:
        facts.append(("callers", "none outside its package"))
    return facts


def _change(config: Config, interface: Interface, function: Function) -> list[str]:
    """Return the lines of ``seamline.toml`` that change the verdict."""
    service = config.service(interface.service)
    if not interface.names_of(function).isdisjoint(service.local):
        span = config.positions.span(("services", service.name, "local"))
        where = f"{config.file}:{span.line}" if span else str(config.file)
        return [f"It is local because {where} says so; take it out there to change that."]
    together = [
        f"To call it without a seam, put the caller's service and {service.name!r} into one",
        "group of a layout.",
    ]
    if not function.public:
        return ["Nothing outside its package calls it, so there is nothing to change."]
    if function.verdict is Verdict.LOCAL:
        return ["A local function runs in the caller's process; the answer is the same there."]
    if function.touches:
        return ["It needs the state it touches, so it runs where that is.", *together]
    names = ", ".join(f'"{name}"' for name in (*service.local, function.name))
    return [
        "To run it in the caller's process instead, write into seamline.toml:",
        f"  [services.{service.name}]",
        f"  local = [{names}]",
        *together,
    ]

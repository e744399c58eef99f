"""``seamline check``: what each seam would be, read from the source; nothing is executed."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from seamline import plan
from seamline.cli.arguments import load_config, output_of
from seamline.cli.output import Output, clipped, counted, excerpt
from seamline.config import Config, Layout
from seamline.interface import Analysis, Finding, Function, Interface, Severity, Verdict

# Of a function that hundreds of lines call, these say enough; -v names all.
_MOST_PLACES = 3
_STYLE_OF = {Verdict.REMOTE: "green", Verdict.LOCAL: "cyan", Verdict.REFUSED: "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument("--layout", metavar="NAME", help="look at this layout")
    parser.add_argument(
        "--strict", action="store_true", help="exit 1 for warnings and refused functions too"
    )


def run(args: argparse.Namespace) -> int:
    """Print every seam with its functions, then the findings; 1 when there are errors."""
    output = output_of(args)
    config = load_config(args)
    layout = config.layout_named(config.layout)
    whole = not has_seams(layout)
    # In one process there is nothing to find; the question is what a split would find.
    seen = config.layout_named("micro") if whole else layout
    analysis = plan.analyse_project(config, seen.name)
    # The plan checks what only the interfaces can tell, such as the names under `local`.
    plan.build(config, analysis, layout=layout.name, run_dir="/")
    if output.json:
        output.document("seamline.check/1", document(analysis))
    else:
        output.data(_headline(config, layout, whole=whole))
        _print_seams(output, analysis, seen)
        _print_findings(output, config.root, analysis.findings)
        output.data(_summary(analysis, verbose=output.verbose > 0))
    return 1 if _fails(analysis, strict=args.strict) else 0


def has_seams(layout: Layout) -> bool:
    """Say whether any call can cross: ``local`` keeps its seams inside one process."""
    return layout.name == "local" or len(layout.groups) > 1


def document(analysis: Analysis) -> dict[str, object]:
    """Return the content of ``check --json``."""
    return {
        "services": [
            {
                "name": interface.service,
                "package": interface.package,
                "functions": [_described(function) for function in _public(interface)],
            }
            for interface in analysis.interfaces
        ],
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity,
                "file": finding.file,
                "line": finding.line,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in analysis.findings
        ],
    }


def _described(function: Function) -> dict[str, object]:
    return {
        "name": function.name,
        "signature": function.signature,
        "kind": function.kind,
        "verdict": function.verdict,
        "reason": function.reason,
        "callers": function.callers,
    }


def _public(interface: Interface) -> list[Function]:
    return [function for function in interface.functions if function.public]


def _headline(config: Config, layout: Layout, *, whole: bool) -> str:
    groups = counted(len(layout.groups), "group")
    lines = [f"{config.file}   layout {layout.name}, {groups}"]
    if whole:
        lines.append("One process, so no seams. In layout micro they would be:")
    return "\n".join(lines)


def _print_seams(output: Output, analysis: Analysis, layout: Layout) -> None:
    home = {name: group.name for group in layout.groups for name in group.services}
    for interface in analysis.interfaces:
        functions = _public(interface)
        host = home[interface.service]
        place = "a place of its own" if len(layout.groups) == 1 else f"hosted by group {host}"
        output.data()
        output.data(
            f"{output.styled(interface.service, 'bold')}   {interface.package}, {place}, "
            f"{counted(len(functions), 'public function')}"
        )
        for function in sorted(functions, key=_by_weight):
            _print_function(output, function)
    output.data()


def _by_weight(function: Function) -> tuple[int, str, int]:
    """Order what needs a decision first, then as in the source."""
    order = (Verdict.REFUSED, Verdict.REMOTE, Verdict.LOCAL)
    return order.index(function.verdict), function.module, function.line


def _print_function(output: Output, function: Function) -> None:
    verdict = output.styled(f"{function.verdict:<8}", _STYLE_OF[function.verdict])
    head = clipped(f"{function.name}{function.signature}", output.width - 11)
    output.data(f"  {verdict} {head}")
    used = counted(len(function.callers), "caller") if function.callers else "no callers"
    output.data(output.wrap(f"{function.kind}, {used}: {function.reason}", indent=" " * 11))


def _print_findings(output: Output, root: Path, findings: Iterable[Finding]) -> None:
    order = [Severity.ERROR, Severity.WARNING]
    if output.verbose:
        order.append(Severity.INFO)
    shown = [finding for finding in findings if finding.severity in order]
    for alike in _alike(sorted(shown, key=lambda one: order.index(one.severity))):
        finding = alike[0]
        output.data(output.label(finding.severity, finding.code))
        if finding.file:
            output.data(f"  {finding.file}:{finding.line}")
            for line in excerpt(root / finding.file, finding.line, limit=output.width):
                output.data(line)
        if len(alike) > 1:
            places = [f"{one.file}:{one.line}" for one in alike[1:]]
            listed = places if output.verbose else places[:_MOST_PLACES]
            more = f" and {len(places) - len(listed)} more" if len(listed) < len(places) else ""
            output.data(output.wrap(", ".join(listed) + more, indent="       ", first="  also "))
        output.data(output.wrap(finding.message, indent="       ", first="  why  "))
        if finding.remedy:
            output.data(output.wrap(finding.remedy, indent="       ", first="  fix  "))
        output.data()


def _alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return the findings that say the same of several places together, in their order."""
    found: dict[tuple[str, str, str, str], list[Finding]] = {}
    for one in findings:
        key = (one.severity.value, one.code, one.message, one.remedy)
        found.setdefault(key, []).append(one)
    return list(found.values())


def _summary(analysis: Analysis, *, verbose: bool) -> str:
    functions = [one for interface in analysis.interfaces for one in _public(interface)]
    verdicts = ", ".join(f"{_count(functions, verdict)} {verdict}" for verdict in Verdict)
    codes: dict[Severity, list[str]] = {severity: [] for severity in Severity}
    for finding in analysis.findings:
        codes[finding.severity].append(finding.code)
    errors, warnings, notes = (codes[severity] for severity in Severity)
    lines = [f"{verdicts}; {counted(len(errors), 'error')}, {counted(len(warnings), 'warning')}."]
    if notes and not verbose:
        lines.append(f"{counted(len(notes), 'note')} more: seamline check -v")
    if errors or warnings:
        lines.append(f"More about one: seamline explain {(errors or warnings)[0]}")
    return "\n".join(lines)


def _count(functions: Iterable[Function], verdict: Verdict) -> int:
    return sum(function.verdict is verdict for function in functions)


def _fails(analysis: Analysis, *, strict: bool) -> bool:
    grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(finding.severity in grave for finding in analysis.findings):
        return True
    return strict and any(
        function.verdict is Verdict.REFUSED
        for interface in analysis.interfaces
        for function in _public(interface)
    )

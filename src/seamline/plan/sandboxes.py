"""What groups with a sandbox cannot do, found in the source before anything runs."""

from collections.abc import Iterator

from seamline.config import Config
from seamline.interface import Analysis, Finding, Place, Severity, Verdict


def calls_out(config: Config, layout: str, analysis: Analysis) -> Iterator[Finding]:
    """Yield the lines of packages in a sandbox that call another group: it makes no calls."""
    for group in config.layout_named(layout).groups:
        if not group.sandbox:
            continue
        inside = {
            file
            for one in analysis.interfaces
            if one.service in group.services
            for _, file in one.modules
        }
        for interface in analysis.interfaces:
            if interface.service in group.services:
                continue
            for function in interface.functions:
                if function.verdict is not Verdict.REMOTE:
                    continue
                for place in function.callers:
                    if str(config.root / place.file) in inside:
                        yield _finding(group.name, f"{function.module}.{function.name}", place)


def stays_out(config: Config, layout: str, analysis: Analysis) -> Iterator[Finding]:
    """Yield the functions of packages in a sandbox that run with callers outside of it."""
    groups = {
        service: group.name
        for group in config.layout_named(layout).groups
        if group.sandbox
        for service in group.services
    }
    for interface in analysis.interfaces:
        for function in interface.functions if interface.service in groups else ():
            if function.public and function.verdict is Verdict.LOCAL and function.callers:
                name = f"{function.module}.{function.name}"
                yield Finding(
                    code="outside-sandbox",
                    severity=Severity.WARNING,
                    message=f"{name} runs with its caller, outside of the sandbox of group "
                    f"{groups[interface.service]!r}: {function.reason}",
                    remedy="have callers use it only on what they trust",
                    file=function.file,
                    line=function.line,
                )


def _finding(group: str, name: str, place: Place) -> Finding:
    return Finding(
        code="sandboxed-call",
        severity=Severity.ERROR,
        message=f"{name} is called from group {group!r}, which has a sandbox and makes no calls",
        remedy="have the caller pass what is needed, or put both services into the group",
        file=place.file,
        line=place.line,
    )

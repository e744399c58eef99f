"""Which packages and modules might be services: the tree of the project, cut where it says so."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from seamline.interface import Application
from seamline.proposal.known import BESIDE, GENERIC, NO_PART, PROGRAMS, VENDORED
from seamline.proposal.model import Found

# A judgement of all services takes time for each of them; the largest parts are the likeliest.
MOST_PARTS: Final = 24
_LONGEST_NAME: Final = 32


class Tree:
    """The modules of a project that might be parts of the application.

    Args:
        application: The project as read.
        entries: Modules that make applications: what contains one is split further.
        reached: Modules the chosen application imports, sooner or later; None for all.
    """

    def __init__(
        self, application: Application, entries: Collection[str], reached: Collection[str] | None
    ) -> None:
        self._sources = application.sources
        self._entries = frozenset(entries)
        self._names = {
            name
            for name, source in application.sources.modules.items()
            if not source.test and _is_part(name)
            if source.path.is_relative_to(application.sources.root)
            if reached is None or name in reached
        }

    def holds_application(self, package: str) -> bool:
        """Whether a part is, or contains, what makes an application."""
        return any(name == package or name.startswith(f"{package}.") for name in self._entries)

    def children(self, package: str) -> list[str]:
        """Return the packages and modules directly below one, or at the top."""
        prefix = f"{package}." if package else ""
        parts = {
            prefix + name.removeprefix(prefix).partition(".")[0]
            for name in self._names
            if name.startswith(prefix) and name != package
        }
        return sorted(part for part in parts if self.lines(part))

    def lines(self, package: str) -> int:
        """Return the length of a part's source; 0 where nothing but its ``__init__`` counts."""
        return sum(
            _length(self._sources.modules[name].tree.body)
            for name in self._names
            if name == package or name.startswith(f"{package}.")
        )

    def first(self) -> list[str]:
        """Return the parts to look at first: below what holds the application, and beside it."""
        return list(self.open(self.children("")))

    def open(self, parts: Collection[str]) -> Iterator[str]:
        """Yield the parts; of those that hold an application, or are no module, the children."""
        for part in parts:
            if self.holds_application(part) or part not in self._sources.modules:
                yield from self.open(self.children(part))
            else:
                yield part

    def largest(self, parts: Collection[str]) -> list[str]:
        """Return as many parts as can be judged in a short time."""
        return sorted(sorted(parts, key=self.lines, reverse=True)[:MOST_PARTS])


def reached_from(application: Application, found: Found | None) -> set[str] | None:
    """Return the modules an application imports; None where its source does not tell.

    Django imports what its settings name as text.
    """
    if found is None or found.framework == "Django":
        return None
    starts = [found.module, *(found.command[2:3] if found.command else ())]
    return application.imports.closure(starts, runtime=False)


def service_name(package: str, taken: Collection[str]) -> str:
    """Return a name for the service of a package, not one that is taken."""
    parts = [re.sub(r"[^A-Za-z0-9_-]", "", part).strip("_-") for part in package.split(".")]
    parts = [part for part in parts if part[:1].isascii() and part[:1].isalpha()] or ["part"]
    plain = len(parts) > 1 and parts[-1].lower() in GENERIC
    for count in range(1 + plain, len(parts) + 1):
        name = "-".join(parts[-count:])[-_LONGEST_NAME:].lstrip("-_0123456789")
        if name and name not in taken:
            return name
    stem = (parts[-1])[: _LONGEST_NAME - 4]
    return next(name for number in range(2, 1000) if (name := f"{stem}-{number}") not in taken)


def _is_part(name: str) -> bool:
    parts = name.split(".")
    return (
        all(part.isidentifier() for part in parts)
        and not {part.lower() for part in parts} & (VENDORED | NO_PART)
        and parts[0].lower() not in BESIDE
        and (parts[-1] not in PROGRAMS or len(parts) == 1)
    )


def _length(body: list) -> int:  # type: ignore[type-arg]
    return body[-1].end_lineno or 0 if body else 0

"""For development: one zygote for each group that is reloaded often enough to be worth it."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TypeAlias

from seamline.supervisor.group import Group
from seamline.supervisor.zygote import Zygote

# What a zygote was made from: environment, libraries to import, and the times of where they are.
_Made: TypeAlias = tuple[dict[str, str], tuple[str, ...], tuple[tuple[str, int], ...]]


class Zygotes:
    """Keeps processes that have imported the libraries of a group, so that a reload need not.

    None is used that would have imported anything else, or from another place, than a worker
    would now. Whoever made this calls :meth:`close`.

    Args:
        root: Directory of the project, whose own modules no zygote imports.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._made: dict[str, _Made] = {}
        self._starting: dict[str, Zygote] = {}
        self._turn = asyncio.Lock()
        self._is_closed = False

    def check(self, group: Group) -> None:
        """Drop the zygote of a group if it is not what its next worker would be."""
        if group.zygote is None:
            return
        if group.zygote.refused or self._made[group.plan.name] != self._wanted(group):
            self._drop(group)

    async def prepare(self, group: Group) -> None:
        """Have a zygote for the next worker of a group, whose present one has started.

        Where a library starts a thread, which no fork survives, it ends before that one. One is
        made at a time: somebody waits for an answer of the worker that has just started.
        """
        async with self._turn:
            await self._prepare(group)

    def close(self, groups: list[Group]) -> None:
        """End all of them."""
        self._is_closed = True
        for zygote in self._starting.values():
            zygote.close()
        for group in groups:
            self._drop(group)

    async def _prepare(self, group: Group) -> None:
        self.check(group)
        name, wanted = group.plan.name, self._wanted(group)
        if self._made.get(name) == wanted:
            return
        self._made[name] = wanted
        count: int | None = len(group.plan.preloads)
        while count is not None and not self._is_closed:
            libraries = group.plan.preloads[:count]
            zygote = Zygote.execute(group.environment)
            self._starting[name] = zygote
            try:
                await zygote.preload(self._root, group.environment, libraries)
                fewer = await zygote.check()
            except OSError:  # closed meanwhile: the run is over
                return
            if fewer is None:
                group.zygote = self._starting.pop(name)
                return
            zygote.close()
            count = fewer if fewer < len(libraries) else None
        self._starting.pop(name, None)

    def _drop(self, group: Group) -> None:
        if group.zygote is not None:
            group.zygote.close()
            group.zygote = None
            del self._made[group.plan.name]

    def _wanted(self, group: Group) -> _Made:
        return dict(group.environment), group.plan.preloads, self._places()

    def _places(self) -> tuple[tuple[str, int], ...]:
        """Return where libraries are, with times that change when one is installed."""
        found = []
        for entry in sys.path:
            path = Path(entry or ".").absolute()
            if path != Path(self._root) and path != Path(self._root, "src"):
                with contextlib.suppress(OSError):
                    found.append((str(path), path.stat().st_mtime_ns))
        return tuple(found)

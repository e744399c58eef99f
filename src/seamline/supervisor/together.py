"""Reloads for development: groups that a change concerns, all at once, all or none."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from seamline.errors import SeamlineError, StartError
from seamline.plan import Plan
from seamline.supervisor.concerned import (
    Loaded,
    changed_services,
    concerned,
    concerned_by,
)
from seamline.supervisor.group import Slot
from seamline.supervisor.processes import Process, State
from seamline.supervisor.reloads import NotLoaded, NotReloaded, Tell, counted
from seamline.supervisor.report import shown_path
from seamline.supervisor.rolling import SPARE_SECONDS, Rolling
from seamline.worker import Drain

# So many changed files are named; the rest is counted.
_MOST_NAMED = 3


class Together(Rolling):
    """Replaces workers that a change concerns.

    Successors are started side by side. When all are ready they take over, and nobody waits for
    the old ones; when one cannot start, none does, and the groups are tried again with the next
    change, whatever it is.

    Args:
        explain: Returns what to print about an error.
        arguments: Of :class:`Rolling`.
    """

    remedy = "Ctrl-C, then start it again"

    def __init__(
        self, *arguments: Any, explain: Callable[[SeamlineError], str], **named: Any
    ) -> None:
        super().__init__(*arguments, **named)
        self._explain = explain
        self._owed: set[str] = set()
        self._held: Loaded = {}
        self._cause = ""
        self._began = 0.0

    async def follow(self, changed: frozenset[str], *, is_config: bool) -> None:
        """Replace the workers of every group that some changed files concern.

        Args:
            changed: Files relative to the project's root.
            is_config: Whether ``seamline.toml`` or its lock is among them, which concern all.
        """
        async with self._turn:
            if self._end_asked.is_set():
                return
            self._began = asyncio.get_running_loop().time()
            self._held = await self._loaded()
            every = {group.plan.name for group in self._groups}
            names = every if is_config else concerned(self._plan, changed, self._held)
            if not names and not self._owed:
                return
            self._owed |= names
            self._cause = _named(changed)
            await self._try(sorted(self._owed), lambda _: None)

    async def _loaded(self) -> dict[str, frozenset[str] | None]:
        """Ask the workers of every group what they hold."""
        asked = [group for group in self._groups if any(not one.is_command for one in group.slots)]
        answers = await asyncio.gather(
            *(one.loaded() for group in asked for one in _workers(group.slots)[:1])
        )
        ready = iter(answers)
        return {
            group.plan.name: next(ready) if _workers(group.slots)[:1] else None for group in asked
        }

    async def _reload(self, names: Sequence[str], tell: Tell) -> None:
        self._check()
        before = self._plan
        self._chosen(names)
        after = await self._read_plan()
        if names and self._cause:
            names = sorted({*names, *self._others(before, after)})
        chosen = self._chosen(names)
        tell(f"reloading {', '.join(group.plan.name for group in chosen)}")
        self._take(after)
        try:
            await self._replace_all([slot for group in chosen for slot in group.slots], tell)
        except BaseException:
            if not self._replaced:
                self._take(before)
            raise
        self._owed -= {group.plan.name for group in chosen}

    def _others(self, before: Plan, after: Plan) -> set[str]:
        """Return the groups that know a package otherwise than it is by now."""
        return {
            name
            for service in changed_services(before, after)
            for plan in (before, after)
            for name in concerned_by(plan, plan.service(service.name), self._held)
        }

    async def _replace_all(self, slots: Sequence[Slot], tell: Tell) -> None:
        workers = [slot for slot in slots if not slot.is_command]
        outcomes = await asyncio.gather(
            *(self._succeed(slot) for slot in workers), return_exceptions=True
        )
        failures = [one for one in outcomes if isinstance(one, BaseException)]
        if failures:
            ready = [s for s, one in zip(workers, outcomes, strict=True) if one not in failures]
            await asyncio.gather(*(slot.drop_successor() for slot in ready))
            # What the application says is wrong says more than what we saw of it.
            raise next((one for one in failures if isinstance(one, NotLoaded)), failures[0])
        for slot in workers:
            old = slot.promote()
            self._count(slot)
            if old is not None:
                self._spawn(self._see_off(slot, old))
        for slot in slots:
            if slot.is_command:
                await self._restart(slot, tell)

    async def _see_off(self, slot: Slot, old: Process) -> None:
        """Let a worker finish what it runs. Idle connections end at once: to be opened anew."""
        limit = self._plan.graceful_timeout
        old.drain(Drain(timeout=limit, linger=0.0))
        await asyncio.wait([old.ended], timeout=limit + SPARE_SECONDS)
        if not old.ended.done():
            await old.abort()
            await old.ended
        slot.leaving.discard(old)

    def _say(self, what: str, old: Process | None, tell: Tell) -> None:
        tell(what if old is None else f"{what}; {old.pid} finishes what it runs")

    def _succeeded(self) -> None:
        cause, self._cause = self._cause, ""
        seconds = asyncio.get_running_loop().time() - self._began
        told = f" ({cause}, {seconds:.1f} s)" if cause else ""
        self._logs.notice(f"reloaded: {counted(self._replaced)}{told}")

    def _failed(self, error: SeamlineError) -> NotReloaded:
        cause, self._cause = self._cause, ""
        if isinstance(error, StartError) and self._end_asked.is_set():
            return NotReloaded.of(error, self._done())
        if isinstance(error, NotLoaded):
            if error.failed.excerpt:
                self._logs.block(error.failed.excerpt.rstrip())
            error.file = error.file and shown_path(error.file)
        self._logs.notice(self._explain(error))
        kept = f"only {counted(self._replaced)} replaced" if self._replaced else "what ran runs on"
        self._logs.notice(f"not reloaded{f' ({cause})' if cause else ''}: {kept}")
        return NotReloaded.of(error, self._done())


def _workers(slots: Sequence[Slot]) -> list[Process]:
    """Return the workers that can be asked."""
    return [
        slot.process
        for slot in slots
        if slot.process is not None and not slot.is_command and slot.state is State.READY
    ]


def _named(changed: frozenset[str]) -> str:
    first = sorted(changed)[:_MOST_NAMED]
    rest = len(changed) - len(first)
    return f"{', '.join(first)}{f' and {rest} more' if rest else ''} changed"

"""Reloads for development: groups that a change concerns, all at once, all or none."""

import ast
import asyncio
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from seamline.errors import ApplicationError, SeamlineError, StartError
from seamline.plan import Plan
from seamline.supervisor.concerned import (
    Loaded,
    changed_services,
    concerned,
    concerned_by,
    imported,
    is_same_for_workers,
    may_start_early,
)
from seamline.supervisor.group import Group, Slot
from seamline.supervisor.handoff import hand_over
from seamline.supervisor.operations import Operations
from seamline.supervisor.processes import Process, State
from seamline.supervisor.reloads import NotLoaded, NotReloaded, Tell, counted
from seamline.supervisor.report import shown_path
from seamline.supervisor.rolling import DONE, SPARE_SECONDS, serves_http
from seamline.supervisor.zygotes import Zygotes
from seamline.worker import Drain

# So many changed files are named; the rest is counted.
_MOST_NAMED = 3
# An import that takes longer may be one that never ends.
_LONG_START_SECONDS = 5.0
# Longer than a worker takes to hear that it is to leave; one at a debugger's prompt does not.
_HEAR_SECONDS = 1.0


class Together(Operations):
    """Replaces workers that a change concerns.

    Successors are started side by side. When all are ready they take over, and nobody waits for
    the old ones; when one cannot start, none does, and the groups are tried again with the next
    change, whatever it is.

    Args:
        explain: Returns what to print about an error.
        is_debugged: Whether somebody looks at a process: it is waited for then.
        arguments: Of :class:`~seamline.supervisor.rolling.Rolling`.
    """

    remedy = "Ctrl-C, then start it again"

    def __init__(
        self,
        *arguments: Any,
        explain: Callable[[SeamlineError], str],
        is_debugged: Callable[[int], bool],
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._explain = explain
        self._is_debugged = is_debugged
        self._zygotes = Zygotes(self._plan.root)
        self._owed: set[str] = set()
        self._saved: set[str] = set()
        self._held: Loaded = {}
        self._cause = ""
        self._may_start_early = False
        self._is_abandoned = False
        self._began = 0.0

    def prepare(self) -> None:
        """Be ready for the first change, which is most often of what serves HTTP."""
        for group in self._groups:
            if serves_http(self._plan, group.plan):
                self._spawn(self._zygotes.prepare(group))

    def close(self) -> None:
        """Replace nothing any more."""
        self._zygotes.close(self._groups)

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
            self._is_abandoned = False
            self._held = await self._loaded()
            every = {group.plan.name for group in self._groups if not group.is_drained}
            names = every if is_config else concerned(self._plan, changed, self._held) & every
            self._owed &= every
            if not names and not self._owed:
                return
            self._owed |= names
            self._saved |= imported(self._plan, changed, self._held)
            self._cause = _named(changed)
            self._may_start_early = not is_config and may_start_early(self._plan, changed)
            try:
                await self._try(lambda: self._reload(sorted(self._owed), _say_nothing), "reload")
            finally:
                self._cause, self._may_start_early = "", False

    def abandon(self) -> None:
        """Give up successors that have been starting for long: something has changed since."""
        now = asyncio.get_running_loop().time()
        for slot in _slots(self._groups):
            started = slot.successor
            if (
                started is not None
                and started.state is State.STARTING
                and now - started.started_at > _LONG_START_SECONDS
            ):
                self._is_abandoned = True
                started.kill()

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
        self._check_up()
        before = self._plan
        chosen = self._serving(names)
        if self._saved:
            # Frameworks import views with the first request: a successor would take over first.
            await asyncio.to_thread(_check_source, before.root, sorted(self._saved))
        early = None
        if self._may_start_early:
            early = self._start(chosen)
        try:
            after = await self._read_plan()
        except BaseException:
            await self._discard(chosen, early)
            raise
        if names and self._cause:
            names = sorted({*names, *self._others(before, after)})
        if early is not None and not is_same_for_workers(before, after):
            await self._discard(chosen, early)
            early = None
        chosen = self._serving(names)
        tell(f"reloading {', '.join(group.plan.name for group in chosen)}")
        self._take(after)
        try:
            await self._take_over(chosen, await (early or self._start(chosen)), tell)
        except BaseException:
            if not self._replaced:
                self._take(before)
            raise
        self._owed -= {group.plan.name for group in chosen}
        self._saved.clear()
        for group in chosen:
            self._spawn(self._zygotes.prepare(group))

    def _start(self, groups: Sequence[Group]) -> "asyncio.Future[list[Process | BaseException]]":
        """Start a successor of every worker of some groups, side by side."""
        for group in groups:
            self._zygotes.check(group)
        return asyncio.gather(
            *(self._succeed(slot) for slot in _slots(groups)), return_exceptions=True
        )

    async def _discard(
        self,
        groups: Sequence[Group],
        early: "asyncio.Future[list[Process | BaseException]] | None",
    ) -> None:
        """End successors that were started too early, or without need."""
        if early is not None:
            for slot, outcome in zip(_slots(groups), await early, strict=True):
                if isinstance(outcome, Process):
                    await slot.drop_successor()

    def _others(self, before: Plan, after: Plan) -> set[str]:
        """Return the groups that know a package otherwise than it is by now."""
        return {
            name
            for service in changed_services(before, after)
            for plan in (before, after)
            for name in concerned_by(plan, plan.service(service.name), self._held)
        } - {group.plan.name for group in self._groups if group.is_drained}

    async def _take_over(
        self, groups: Sequence[Group], outcomes: list[Process | BaseException], tell: Tell
    ) -> None:
        """Let all successors take over when all are ready, and none otherwise."""
        workers = _slots(groups)
        failures = [one for one in outcomes if isinstance(one, BaseException)]
        if failures:
            for slot, outcome in zip(workers, outcomes, strict=True):
                if isinstance(outcome, Process):
                    await slot.drop_successor()
            # What the application says is wrong says more than what we saw of it.
            raise next((one for one in failures if isinstance(one, NotLoaded)), failures[0])
        olds = []
        for slot in workers:
            old = slot.promote()
            self._count(slot)
            if old is not None:
                self._spawn(self._see_off(slot, old))
                olds.append(old.leaving)
        if olds:  # then the new code answers, also on connections that are kept
            await asyncio.wait(olds, timeout=_HEAR_SECONDS)
        for slot in (slot for group in groups for slot in group.slots if slot.is_command):
            await self._restart(slot, tell)

    async def _see_off(self, slot: Slot, old: Process) -> None:
        """Let a worker finish what it runs; idle connections that nobody takes end at once."""
        limit = self._plan.graceful_timeout
        if self._is_debugged(old.pid):
            limit = self._plan.stall_timeout
        await hand_over(old, slot.process if slot.http else None)
        old.drain(Drain(timeout=limit, linger=0.0))
        await asyncio.wait([old.ended], timeout=limit + SPARE_SECONDS)
        if not old.ended.done():
            await old.abort()
            await old.ended
        slot.leaving.discard(old)

    def _say(self, what: str, old: Process | None, tell: Tell) -> None:
        tell(what if old is None else f"{what}; {old.pid} finishes what it runs")

    def _succeeded(self) -> None:
        if not self._cause:
            super()._succeeded()
            return
        seconds = asyncio.get_running_loop().time() - self._began
        self._logs.notice(
            f"{DONE[self._word]}: {counted(self._replaced)} ({self._cause}, {seconds:.1f} s)"
        )

    def _failed(self, error: SeamlineError) -> NotReloaded:
        cause = self._cause
        if isinstance(error, StartError) and self._end_asked.is_set():
            return self._not_done(error)
        if self._is_abandoned:
            self._logs.notice(f"not reloaded ({cause}): it was still starting at the next change")
            return self._not_done(error)
        if isinstance(error, NotLoaded):
            if error.failed.excerpt:
                self._logs.block(error.failed.excerpt.rstrip())
            error.file = error.file and shown_path(error.file)
        self._logs.notice(self._explain(error))
        kept = f"only {counted(self._replaced)} replaced" if self._replaced else "what ran runs on"
        self._logs.notice(f"not {DONE[self._word]}{f' ({cause})' if cause else ''}: {kept}")
        return self._not_done(error)


def _check_source(root: str, files: Iterable[str]) -> None:
    """Raise ApplicationError for the first of some files, below the root, that is no Python."""
    for file in files:
        path = Path(root, file)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # said by whoever imports it
                ast.parse(path.read_bytes(), str(path))
        except SyntaxError as exc:
            raise ApplicationError(
                f"SyntaxError: {exc.msg}", file=shown_path(str(path)), line=exc.lineno
            ) from exc
        except (OSError, ValueError, RecursionError, MemoryError):
            continue  # gone, or what the import says better


def _say_nothing(_: str) -> None:
    """Take a line that nobody waits for: the log has its own."""


def _slots(groups: Sequence[Group]) -> list[Slot]:
    """Return the places of workers, those of commands aside."""
    return [slot for group in groups for slot in group.slots if not slot.is_command]


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

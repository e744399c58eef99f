"""What is special about a run for development: files are watched and what they concern reloads."""

import asyncio
import contextlib
import importlib.util
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, Final, TypeAlias

import msgspec

from seamline.errors import SeamlineError, StartError
from seamline.plan import Plan
from seamline.supervisor.concerned import is_code, is_template
from seamline.supervisor.group import Group
from seamline.supervisor.logs import LogStream
from seamline.supervisor.terminal import Terminal
from seamline.supervisor.together import Together
from seamline.worker import DEBUGGER_HOOK

#: Yields what was changed below a directory, absolute, as often as something was.
Watch: TypeAlias = Callable[[str], AsyncIterator[set[str]]]

# Somebody thinks, or stands at a prompt of a debugger: no deadline is meant for that.
_FOR_EVER_SECONDS: Final = 86_400.0
# What still runs when the developer wants to go is most often a page that waits for events.
_GRACEFUL_SECONDS: Final = 3.0
# While something else was saved meanwhile, a start is looked at again so often.
_AGAIN_SECONDS: Final = 0.5
_LIBRARIES: Final = frozenset({"node_modules", "site-packages", "__pycache__"})


class Development:
    """Follows the files of one run.

    Args:
        watch: Tells of changes.
        configuration: ``seamline.toml`` and its lock, absolute.
        explain: Returns what to print about an error.
    """

    def __init__(
        self,
        watch: Watch,
        configuration: frozenset[str],
        explain: Callable[[SeamlineError], str],
    ) -> None:
        self._watch = watch
        self._configuration = configuration
        self._explain = explain
        self._changed: set[str] = set()
        self._has_changed = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._terminal: Terminal | None = None

    def begin(
        self,
        plan: Plan,
        groups: list[Group],
        logs: LogStream,
        end_asked: asyncio.Event,
        **named: Any,
    ) -> Together:
        """Watch from now on, so that nothing is missed while workers start."""
        if has_terminal():
            self._terminal = Terminal(plan.run_dir, logs)
            self._lending = asyncio.create_task(self._terminal.start())
        is_debugged = self._terminal.is_debugged if self._terminal else lambda _: False
        self._rolling = Together(
            plan, groups, logs, end_asked, explain=self._explain, is_debugged=is_debugged, **named
        )
        self._watching = asyncio.create_task(self._collect(plan.root))
        return self._rolling

    def close(self) -> None:
        """Keep nothing that outlives the run."""
        self._rolling.close()
        if self._watching is not None:
            self._watching.cancel()
        if self._terminal is not None:
            self._terminal.close()

    async def follow(self, root: str, end_asked: asyncio.Event) -> None:
        """Reload what changes concern until the end is asked for.

        Raises:
            StartError: Files cannot be watched.
        """
        assert self._watching is not None
        ending = asyncio.create_task(end_asked.wait())
        following = asyncio.create_task(self._follow(root))
        await asyncio.wait(
            {ending, following, self._watching}, return_when=asyncio.FIRST_COMPLETED
        )
        ending.cancel()
        for task in (following, self._watching):
            if not task.done():
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _collect(self, root: str) -> None:
        try:
            async for changed in self._watch(root):
                inside = {file for file in changed if self._counts(root, file)}
                if inside:
                    self._changed |= inside
                    self._has_changed.set()
        except (OSError, RuntimeError) as exc:
            raise StartError(
                f"the files below {root} cannot be watched: {exc}; a larger "
                "fs.inotify.max_user_watches helps where there are too many"
            ) from exc

    def _counts(self, root: str, file: str) -> bool:
        if file in self._configuration:
            return True
        parts = PurePath(file).relative_to(root).parts
        if any(part.startswith(".") or part in _LIBRARIES for part in parts):
            return False
        return is_code(file) or is_template(PurePath(file).relative_to(root).as_posix())

    async def _follow(self, root: str) -> None:
        self._rolling.prepare()
        while True:
            await self._has_changed.wait()
            self._has_changed.clear()
            changed, self._changed = self._changed, set()
            for file in changed:
                _forget_compiled(file)
            files = frozenset(PurePath(file).relative_to(root).as_posix() for file in changed)
            is_config = not self._configuration.isdisjoint(changed)
            following = asyncio.create_task(self._rolling.follow(files, is_config=is_config))
            try:
                await self._wait_followed(following)
            finally:
                following.cancel()

    async def _wait_followed(self, following: "asyncio.Task[None]") -> None:
        """Wait for a reload; what has been importing for long is given up for a new change."""
        while not following.done():
            changing = asyncio.create_task(self._has_changed.wait())
            await asyncio.wait({following, changing}, return_when=asyncio.FIRST_COMPLETED)
            changing.cancel()
            if not following.done():
                self._rolling.abandon()
                await asyncio.wait({following}, timeout=_AGAIN_SECONDS)
        await following


def for_development(plan: Plan, *, is_patient: bool) -> Plan:
    """Return the plan with one worker for each group, and with nobody killed for being slow.

    Args:
        plan: As in a run.
        is_patient: Whether a call may take as long as it likes, because a debugger can be used.
    """
    services = plan.services
    if is_patient:
        services = tuple(
            msgspec.structs.replace(one, timeout=max(one.timeout, _FOR_EVER_SECONDS))
            for one in services
        )
    return msgspec.structs.replace(
        plan,
        groups=tuple(
            # What is loaded once would be loaded again with every change.
            msgspec.structs.replace(group, workers=1, workers_max=0, preload=False)
            for group in plan.groups
        ),
        services=services,
        startup_timeout=_FOR_EVER_SECONDS if is_patient else plan.startup_timeout,
        stall_timeout=_FOR_EVER_SECONDS,
        graceful_timeout=min(plan.graceful_timeout, _GRACEFUL_SECONDS),
    )


def has_terminal() -> bool:
    """Whether somebody can type to this process."""
    return os.isatty(0)


def with_debugger(environment: Mapping[str, str]) -> dict[str, str]:
    """Return it with ``breakpoint()`` at the terminal of this process, unless it says another."""
    return {"PYTHONBREAKPOINT": DEBUGGER_HOOK, **environment}


async def watch_files(root: str) -> AsyncIterator[set[str]]:
    """Yield what was changed below a directory, once it is quiet for a moment."""
    # Optional: production needs none of it.
    from watchfiles import awatch

    async for changes in awatch(root, watch_filter=None, debounce=300, step=30):
        files = {file for _, file in changes}
        # What was in a directory when it came, or got into it before it was watched, is not told.
        yield files.union(*map(_files_below, files))


def _files_below(path: str) -> Iterator[str]:
    """Yield the files of a directory, those of libraries and what is hidden aside."""
    for directory, below, names in os.walk(path):
        if PurePath(directory).name in _LIBRARIES or PurePath(directory).name.startswith("."):
            below.clear()
            continue
        yield from (os.path.join(directory, name) for name in names)  # noqa: PTH118 - as told


def _forget_compiled(file: str) -> None:
    """Remove the bytecode of a source file.

    Python takes it for that of any source with the same second and the same length.
    """
    if is_code(file):
        with contextlib.suppress(OSError, NotImplementedError):
            Path(importlib.util.cache_from_source(file)).unlink()


def can_watch() -> bool:
    """Whether what watches files is installed."""
    try:
        return importlib.util.find_spec("watchfiles") is not None
    except ValueError:  # kept from being imported
        return False


def configuration_of(file: Path, lock: Path) -> frozenset[str]:
    """Return the paths of the files that say what runs."""
    return frozenset({str(file.absolute()), str(lock.absolute())})

"""A reload as it is asked for and answered on the control socket."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from seamline import errors
from seamline.config import suggest
from seamline.errors import ApplicationError, SeamlineError, StartError, UsageError
from seamline.plan import Plan
from seamline.supervisor.processes import Process, describe_end
from seamline.worker import Failed

#: Takes one line about what happens.
Tell: TypeAlias = Callable[[str], None]


class ReloadRequest(msgspec.Struct, frozen=True, tag="reload"):
    """Asks to replace every worker of some groups, or of all.

    Answered with a :class:`Progress` for each step, then :class:`Reloaded` or
    :class:`NotReloaded`.
    """

    groups: tuple[str, ...] = ()


class RestartRequest(msgspec.Struct, frozen=True, tag="restart"):
    """Asks to end every worker of some groups, or of all, and then to start new ones.

    Answered as :class:`ReloadRequest`.
    """

    groups: tuple[str, ...] = ()


class DrainRequest(msgspec.Struct, frozen=True, tag="drain"):
    """Asks to end every worker of some groups and to start none until a restart.

    Answered as :class:`ReloadRequest`.
    """

    groups: tuple[str, ...]


class ScaleRequest(msgspec.Struct, frozen=True, tag="scale"):
    """Asks for numbers of workers, by group. Answered as :class:`ReloadRequest`."""

    workers: dict[str, int]


#: What changes a run's processes: one at a time.
Change: TypeAlias = ReloadRequest | RestartRequest | DrainRequest | ScaleRequest


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """What happens now; empty to say that it goes on."""

    text: str = ""


class Reloaded(msgspec.Struct, frozen=True, tag="reloaded", kw_only=True):
    """What was asked for was done.

    Attributes:
        name: Of the application.
        workers: How many a group has now, of those that were to have another number.
        replaced: Workers and commands, by group; of a drain, those that were ended.
        given_up: Requests and calls that old ones had not answered after ``graceful_timeout``.
        killed: Old ones that did not leave after that either.
    """

    replaced: dict[str, int]
    workers: dict[str, int] = {}
    name: str = ""
    given_up: int = 0
    killed: int = 0


class NotReloaded(msgspec.Struct, frozen=True, tag="not-reloaded", kw_only=True):
    """Something could not be replaced, and nothing was after it; what there was serves on.

    Attributes:
        code, message, file, line, column, width, remedy: Of the error.
        excerpt, traceback: Of the application that could not be loaded: its own frames, all. Of
            a process that ended without a word about why, its last lines.
        is_begun: Whether anything was ended or started before that.
        is_ending: Whether it is because the run is ending.
        replaced, workers, name, given_up, killed: As in :class:`Reloaded`, before that.
    """

    code: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int = 0
    width: int = 0
    remedy: str = ""
    excerpt: str = ""
    traceback: str = ""
    is_begun: bool = False
    is_ending: bool = False
    replaced: dict[str, int] = {}
    workers: dict[str, int] = {}
    name: str = ""
    given_up: int = 0
    killed: int = 0

    @classmethod
    def of(
        cls,
        error: SeamlineError,
        done: Reloaded,
        *,
        is_begun: bool = False,
        is_ending: bool = False,
    ) -> "NotReloaded":
        """Describe an error, and what was done before it."""
        answer = cls(
            code=error.code,
            message=str(error),
            is_begun=is_begun,
            is_ending=is_ending,
            **msgspec.structs.asdict(done),
        )
        if isinstance(error, EndedError):
            return msgspec.structs.replace(answer, excerpt="\n".join(error.last_lines))
        if not isinstance(error, UsageError):
            return answer
        failed = error.failed if isinstance(error, NotLoaded) else None
        return msgspec.structs.replace(
            answer,
            message=error.message,
            file=error.file and str(Path(error.file).absolute()),
            line=error.line,
            column=error.column,
            width=error.width,
            remedy=error.remedy,
            excerpt=failed.excerpt if failed else "",
            traceback=failed.traceback if failed else "",
        )

    def error(self, shown_path: Callable[[str], str]) -> SeamlineError:
        """Return the error again, its file as the reader would type it."""
        kind = next(
            (
                one
                for one in vars(errors).values()
                if isinstance(one, type)
                and issubclass(one, SeamlineError)
                and one.code == self.code
            ),
            SeamlineError,
        )
        if not issubclass(kind, UsageError):
            return kind(self.message)
        file = self.file and shown_path(self.file)
        made = kind(self.message, file=file, line=self.line, remedy=self.remedy)
        made.column, made.width = self.column, self.width
        return made


class NotLoaded(ApplicationError):  # noqa: N818 - shown as the error it is
    """A worker says that the application cannot be loaded."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.message, file=failed.file, line=failed.line, remedy=failed.remedy)
        self.failed = failed


class EndedError(StartError):
    """A process ended before it was ready, or at once, and did not say why.

    Attributes:
        last_lines: What it printed last.
    """

    def __init__(self, message: str, last_lines: Iterable[str]) -> None:
        super().__init__(message)
        self.last_lines = tuple(last_lines)


def start_failure(
    process: Process, name: str, *, when: str = "before it was ready"
) -> SeamlineError:
    """Return why a process ended before it was ready, as it said itself if it did."""
    if process.failed is not None:
        return NotLoaded(process.failed)
    printed = "its last lines are above" if process.last_lines else "it printed nothing"
    return EndedError(f"{name} {describe_end(process)} {when}; {printed}", process.last_lines)


def drained_groups(names: Sequence[str], what: str) -> UsageError:
    """Return the error about groups that are not to have workers now.

    Args:
        names: Of the groups.
        what: What was asked for: ``reload`` or ``scale``.
    """
    which = f"group {names[0]!r} is" if len(names) == 1 else f"groups {', '.join(names)} are"
    return UsageError(
        f"{which} drained: there is nothing to {what}",
        remedy=f"start what is drained again with: seamline restart {' '.join(names)}",
    )


def counted(replaced: Mapping[str, int]) -> str:
    """Say how many of which group: ``2 of web, 1 of reports``."""
    return ", ".join(f"{count} of {name}" for name, count in replaced.items()) or "nothing"


def unknown_group(name: str, plan: Plan) -> UsageError:
    """Return the error about a name that is no group's: a service's, by mistake, or none."""
    host = next((group.name for group in plan.groups if name in group.services), None)
    if host is None:
        groups = [group.name for group in plan.groups]
        return UsageError(
            f"there is no group {name!r} in this run", remedy=suggest(name, groups, "groups are")
        )
    return UsageError(
        f"{name!r} is a service, and runs in group {host!r} with all that is in it",
        remedy=f"name the group: {host}",
    )

"""The errors Seamline raises, one class per remedy.

Catch :class:`SeamlineError` for all of them. An error raised by the application's own
function is never wrapped in one of these: it crosses the seam as itself.

Whose fault an error is can be read off its base: :class:`UsageError` is the operator's or
the application author's (something is written wrong), :class:`SeamError` happened at a
seam while the application was running, and :class:`InternalError` is a bug in Seamline.
"""

from typing import ClassVar, NoReturn


class SeamlineError(Exception):
    """Base class of every error that Seamline itself raises.

    Attributes:
        code: Stable name of the message, printed in brackets, and its anchor in
            ``docs/messages.md``.
        exit_status: What a command that fails with this error exits with.
    """

    code: ClassVar[str] = "seamline"
    exit_status: ClassVar[int] = 4


# -- before anything runs: the operator's or the author's to mend ----------------------


class UsageError(SeamlineError):
    """Something is written wrong; nothing was started.

    Attributes:
        file: The file at fault, or ``None``.
        line: Line in that file, counted from 1, or ``None``.
        remedy: The next thing to type or change, or an empty string.
        column, width: Which part of the line is meant, counted from 1; 0 when not known.
    """

    code = "usage"
    exit_status = 2
    column: int = 0
    width: int = 0

    def __init__(
        self, message: str, *, file: str | None = None, line: int | None = None, remedy: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.remedy = remedy

    def __str__(self) -> str:
        where = (
            ""
            if self.file is None
            else f"{self.file}:{self.line}: "
            if self.line
            else f"{self.file}: "
        )
        return f"{where}{self.message}" + (f"; {self.remedy}" if self.remedy else "")


class ConfigError(UsageError):
    """``seamline.toml``, a ``SEAMLINE_*`` variable or a flag cannot be used as written."""

    code = "config"


class LockError(UsageError):
    """``seamline.lock`` cannot be used as written."""

    code = "lock"


class ApplicationError(UsageError):
    """The application cannot be loaded: a missing package, a syntax error, a wrong factory."""

    code = "application"


class SandboxError(UsageError):
    """A worker that is to have a sandbox cannot be given one here."""

    code = "sandbox"


class BindError(UsageError):
    """An address cannot be listened on."""

    code = "bind"


class PlaceError(UsageError):
    """A directory that Seamline writes to cannot be used: it is full, forbidden or another's."""

    code = "place"


class NotRunning(SeamlineError):  # noqa: N818 - named for the state
    """No supervisor answers for this project."""

    code = "not-running"
    exit_status = 3


class StartError(SeamlineError):
    """Processes were started but did not become ready; they were stopped again."""

    code = "start"
    exit_status = 4


# -- at a seam, while the application runs ----------------------------------------------


class SeamError(SeamlineError):
    """Base class of what can go wrong at a seam while the application runs."""

    code = "seam"
    #: HTTP status of a request that ended with this error uncaught.
    http_status: ClassVar[int] = 503


class NotSendable(SeamError, TypeError):  # noqa: N818 - reads as the refusal it is
    """A value cannot cross the seam, or the function was refused; nothing was sent.

    Or it was, and the process that got it lacks the library that it is of: a function whose
    argument it is did not run.

    Attributes:
        path: Where in the arguments or the result, like ``rows[3].author``; may be empty.
        kind: Dotted name of the class of the value that cannot cross; may be empty.
    """

    code = "not-sendable"
    http_status = 500

    def __init__(self, message: str, *, path: str = "", kind: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.kind = kind


class StateElsewhere(SeamError):  # noqa: N818
    """Module state was touched in a process that does not host its package.

    It is no AttributeError: ``getattr(module, name, default)`` and ``except ImportError``
    would go on with another answer than in one process.
    """

    code = "state-elsewhere"
    http_status = 500


class MutatedArgument(SeamError):  # noqa: N818
    """The function ran and changed an argument in a way that the caller's object could not."""

    code = "mutated-argument"
    http_status = 500


class AliasedState(SeamError):  # noqa: N818
    """A result is, or shares parts with, the host's own module state."""

    code = "aliased-state"
    http_status = 500


class ContextElsewhere(SeamError):  # noqa: N818
    """A context of a web framework could not be the same on both sides of a call.

    The host's code read what is only with the caller, or the caller's application cannot be
    made there.
    """

    code = "context-elsewhere"
    http_status = 500


class InvisibleState(SeamError):  # noqa: N818
    """A test set up something that the process the call goes to cannot see; nothing was sent."""

    code = "invisible-state"
    http_status = 500


class Unavailable(SeamError, ConnectionError):  # noqa: N818 - gRPC's UNAVAILABLE
    """No worker took the call before its deadline; it did not run. Retrying is safe."""

    code = "unavailable"


class OutcomeUnknown(SeamError, ConnectionError):  # noqa: N818
    """The call was sent and the connection was lost; it may or may not have run.

    Retried by Seamline only when ``seamline.toml`` lists the function as ``idempotent``.
    """

    code = "outcome-unknown"


class DeadlineExceeded(SeamError, TimeoutError):  # noqa: N818 - gRPC's DEADLINE_EXCEEDED
    """The deadline passed; the function may or may not have run."""

    code = "deadline"
    http_status = 504


class Overloaded(SeamError, ConnectionError):  # noqa: N818
    """The worker has as many calls in flight as it accepts; this one did not run."""

    code = "overloaded"


class Denied(SeamError, PermissionError):  # noqa: N818
    """The peer is not of this run, or may not call this function; it did not run."""

    code = "denied"
    http_status = 500


class InterfaceMismatch(SeamError):  # noqa: N818
    """Caller and host hold different versions of a function that cannot be reconciled."""

    code = "interface-mismatch"


class Deadlock(SeamError):  # noqa: N818
    """The call would come back to an event loop that waits for it, or nests too deep."""

    code = "deadlock"
    http_status = 500


class WireError(SeamError, ConnectionError):
    """The peer sent bytes that break the protocol; the connection was closed."""

    code = "wire"


class RemoteError(SeamError):
    """Stands for an exception whose class cannot be rebuilt in this process.

    An instance is of a class made on the spot that also inherits from the nearest base
    of the original that both processes know, so ``except ThatBase`` still catches it.

    Attributes:
        original: The original class, as ``module:qualified name``.
    """

    code = "remote-error"
    http_status = 500
    original: str = ""

    def __getattr__(self, name: str) -> NoReturn:
        """Say why an attribute that the original has is not here."""
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}: it stands for "
            f"{self.original.replace(':', '.') or 'an exception'}, of which only what could cross "
            "the seam is here; catch that in the package that raised it, and raise plain values",
            name=name,
            obj=self,
        )


class InternalError(SeamlineError):
    """This should never happen. Please report it with the traceback."""

    code = "internal"
    exit_status = 70

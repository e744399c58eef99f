"""What a proposal is made of: plain values, from what was found to what is written."""

from dataclasses import dataclass, field
from pathlib import Path

from seamline.interface import Interface, Place, Unreadable
from seamline.proposal.known import Entrance


@dataclass(frozen=True, slots=True)
class Hint:
    """A line of a file beside the code that says how the application is started.

    Attributes:
        module: Dotted name of a module.
        expression: What it names in the module, with its call; empty where it names only that.
        how: The program that starts it.
        command: The words of a Python program that serves by itself, or empty.
        weight: How much it counts.
    """

    module: str
    expression: str
    place: Place
    how: str
    command: tuple[str, ...] = ()
    weight: int = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An application object or factory in the source.

    Attributes:
        expression: As ``http`` takes it after the colon; without a call for a server's.
        command: What starts it, where it is no WSGI or ASGI application.
        needs: Parameters of a factory that must be given: it cannot be called as it is.
        why: What spoke for it, in words.
        below: Directory it must be started from, where that is not the project's.
    """

    module: str
    expression: str
    framework: str
    entrance: Entrance
    place: Place
    command: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    score: int = 0
    why: str = ""
    below: str = ""

    @property
    def reference(self) -> str:
        """Return ``module:expression``."""
        return f"{self.module}:{self.expression}"

    @property
    def entry(self) -> str:
        """Return the module that starting it imports first."""
        return self.module


@dataclass(frozen=True, slots=True)
class Started:
    """A line of a ``Procfile`` that becomes a command service."""

    name: str
    command: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line of a ``Procfile`` that does not, and why. ``name``: its text where it has none."""

    name: str
    place: Place
    why: str


@dataclass(slots=True, kw_only=True)
class Part:
    """A package or module that might be a service, and what speaks for and against it.

    Attributes:
        name: Name of the service.
        against: Why it is not proposed; empty when it is.
        reasons: What speaks for it, in words.
        score: Rank among the proposed ones; higher stands alone more cleanly.
        apart: Whether it gains from processes of its own.
    """

    name: str
    package: str
    interface: Interface
    against: str = ""
    reasons: list[str] = field(default_factory=list)
    score: float = 0.0
    apart: bool = False

    @property
    def is_proposed(self) -> bool:
        """Whether it becomes a service."""
        return not self.against


@dataclass(slots=True, kw_only=True)
class Proposal:
    """Everything ``init`` found and decided.

    Attributes:
        entry: Name of the http or command service, empty for a library.
        dropped: Services that ``check`` refused together with others, with its reason.
        commands: Programs that run beside the application.
        left_out: Lines of a Procfile that became no service.
        unread: Files, tests aside, that cannot be read.
        layout: Groups of layout ``split``: name, and names of services.
        text: What is written.
    """

    root: Path
    name: str
    application: Found | None
    others: list[Found]
    parts: list[Part]
    entry: str = "web"
    modules: int = 0
    commands: list[Started] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    unread: list[Unreadable] = field(default_factory=list)
    layout: dict[str, list[str]] = field(default_factory=dict)
    text: str = ""

    @property
    def proposed(self) -> list[Part]:
        """Return the parts that become services, best first."""
        return [part for part in self.parts if part.is_proposed]

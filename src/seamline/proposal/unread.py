"""Files of a project that are no Python: whether the application is in one of them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from seamline.errors import ApplicationError
from seamline.interface import Application, Unreadable
from seamline.proposal.hints import read_text
from seamline.proposal.known import APPLICATIONS, BESIDE, MODULE_NAMES, VENDORED
from seamline.proposal.model import Found, Hint

# What people only run themselves weighs less: a script is no application.
_LEAST_WEIGHT: Final = 50


def unread(application: Application) -> list[Unreadable]:
    """Return what is no test and cannot be read, the likeliest place of an application first."""
    return sorted(
        (one for one in application.sources.unreadable if not one.test),
        key=lambda one: (-_rank(one), one.file),
    )


def _rank(one: Unreadable) -> int:
    parts = Path(one.file).with_suffix("").parts
    return MODULE_NAMES.get(parts[-1], 0) - 3 * len(parts) - 80 * _is_beside(one)


def _is_beside(one: Unreadable) -> bool:
    return not (BESIDE | VENDORED).isdisjoint(Path(one.file).parts[:-1])


def refuse_unread(
    root: Path,
    broken: Sequence[Unreadable],
    hints: Sequence[Hint],
    chosen: Found | None,
    named: str | None,
) -> None:
    """Refuse to go on without a file that holds the application, as far as anything says so.

    Args:
        root: Directory of the project.
        broken: The files that cannot be read.
        hints: What the files beside the code say of the application.
        chosen: The application that was found, or None.
        named: What ``--app`` says.

    Raises:
        ApplicationError: It, or a file beside the code, names a module that cannot be read, or
            none was found and such a file makes one.
    """
    if named is not None:
        if chosen is None:
            module = named.partition(":")[0]
            _refuse([one for one in broken if one.name == module], f"--app {named}")
        return
    if chosen is None or not chosen.why:
        for hint in sorted(hints, key=lambda hint: -hint.weight):
            said = f"{hint.how} starts {hint.module}, which"
            meant = {hint.module, hint.module.removeprefix("src.")}
            if hint.weight >= _LEAST_WEIGHT:
                _refuse([one for one in broken if one.name in meant], said)
    if chosen is None:
        _refuse([one for one in broken if _makes_one(root, one)], "the application")


def _refuse(broken: Sequence[Unreadable], what: str) -> None:
    if broken:
        raise refusal(broken[0], f"{what} is in a file that cannot be read")


def refusal(one: Unreadable, message: str) -> ApplicationError:
    """Return the error about a file that cannot be read."""
    return ApplicationError(
        f"{message}: {one.why}",
        file=one.file,
        line=one.line,
        remedy="correct the file, then: seamline init",
    )


def _makes_one(root: Path, one: Unreadable) -> bool:
    """Whether a file's text names what makes an application, where an import finds the file."""
    if _is_beside(one) or not all(part.isidentifier() for part in one.name.split(".")):
        return False
    text = read_text(root / one.file)
    return any(re.search(rf"\b{name}\(", text) and library in text for library, name in _makers())


def _makers() -> Iterator[tuple[str, str]]:
    for dotted in APPLICATIONS:
        yield dotted.partition(".")[0], dotted.rpartition(".")[2]

"""What ``check`` tells the reader: hazards with their place and the next thing to write."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from seamline.interface.model import Finding

if TYPE_CHECKING:
    from seamline.interface.analyse import Application, ServiceFacts


def find_problems(
    application: "Application",
    services: "Sequence[ServiceFacts]",
    groups: Mapping[str, str] | None,
) -> list[Finding]:
    """Return everything that would surprise the reader, errors first."""
    return []

"""What a package offers to others, read from its source without executing it."""

from seamline.interface.model import (
    Analysis,
    Finding,
    Function,
    Interface,
    Kind,
    Place,
    Severity,
    State,
    Verdict,
)

__all__ = [
    "Analysis",
    "Finding",
    "Function",
    "Interface",
    "Kind",
    "Place",
    "Severity",
    "State",
    "Verdict",
]

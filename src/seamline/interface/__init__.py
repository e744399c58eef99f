"""What a package offers to others, read from its source without executing it."""

from seamline.interface.analyse import analyse
from seamline.interface.application import PackageService
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
from seamline.interface.source import module_file, source_files

__all__ = [
    "Analysis",
    "Finding",
    "Function",
    "Interface",
    "Kind",
    "PackageService",
    "Place",
    "Severity",
    "State",
    "Verdict",
    "analyse",
    "module_file",
    "source_files",
]

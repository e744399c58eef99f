"""What a package offers to others, read from its source without executing it."""

from seamline.interface.analyse import analyse
from seamline.interface.application import Application, PackageService, read
from seamline.interface.functions import Class, Definition
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
from seamline.interface.names import Import, Names, Symbol, World
from seamline.interface.source import module_file, source_files, statements

__all__ = [
    "Analysis",
    "Application",
    "Class",
    "Definition",
    "Finding",
    "Function",
    "Import",
    "Interface",
    "Kind",
    "Names",
    "PackageService",
    "Place",
    "Severity",
    "State",
    "Symbol",
    "Verdict",
    "World",
    "analyse",
    "module_file",
    "read",
    "source_files",
    "statements",
]

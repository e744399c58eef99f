"""What a package offers to others, read from its source without executing it."""

from typing import TYPE_CHECKING, Final

from seamline.interface.model import (
    Analysis,
    Finding,
    Function,
    Interface,
    Kind,
    PackageService,
    Place,
    Severity,
    State,
    Verdict,
)
from seamline.late import late

if TYPE_CHECKING:
    from seamline.interface.analysis import analyse
    from seamline.interface.application import Application, read
    from seamline.interface.entrances import can_be_application, function_named, required
    from seamline.interface.framework import contexts_read
    from seamline.interface.functions import Class, Definition
    from seamline.interface.names import Import, Names, Symbol, World
    from seamline.interface.source import (
        Unreadable,
        module_file,
        source_files,
        statements,
        test_roots,
    )

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
    "Unreadable",
    "Verdict",
    "World",
    "analyse",
    "can_be_application",
    "contexts_read",
    "function_named",
    "module_file",
    "read",
    "required",
    "source_files",
    "statements",
    "test_roots",
]

# What reads source: a process that follows a plan has no use for it.
_LATE: Final = {
    "analyse": "seamline.interface.analysis",
    "Application": "seamline.interface.application",
    "read": "seamline.interface.application",
    "can_be_application": "seamline.interface.entrances",
    "function_named": "seamline.interface.entrances",
    "required": "seamline.interface.entrances",
    "contexts_read": "seamline.interface.framework",
    "Class": "seamline.interface.functions",
    "Definition": "seamline.interface.functions",
    "Import": "seamline.interface.names",
    "Names": "seamline.interface.names",
    "Symbol": "seamline.interface.names",
    "World": "seamline.interface.names",
    "Unreadable": "seamline.interface.source",
    "module_file": "seamline.interface.source",
    "source_files": "seamline.interface.source",
    "statements": "seamline.interface.source",
    "test_roots": "seamline.interface.source",
}

if not TYPE_CHECKING:
    __getattr__ = late(__name__, _LATE)

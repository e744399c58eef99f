"""Client halves: found, compiled, opened, closed. The application's modules stay as they are."""

from seamline.seam.children import STARTUP, Connections, child_environment, join_run
from seamline.seam.codes import all_codes
from seamline.seam.find import (
    OUTER,
    Entry,
    bound_function,
    entries_of,
    find_entries,
    live_functions,
)
from seamline.seam.half import (
    Body,
    ClientLike,
    body_of,
    compile_half,
    half_of,
    parameters_of,
    twin_of,
)
from seamline.seam.hosting import Host, codec_of
from seamline.seam.importing import Imports
from seamline.seam.opening import Seams
from seamline.seam.place import here
from seamline.seam.sealing import Write

__all__ = [
    "OUTER",
    "STARTUP",
    "Body",
    "ClientLike",
    "Connections",
    "Entry",
    "Host",
    "Imports",
    "Seams",
    "Write",
    "all_codes",
    "body_of",
    "bound_function",
    "child_environment",
    "codec_of",
    "compile_half",
    "entries_of",
    "find_entries",
    "half_of",
    "here",
    "join_run",
    "live_functions",
    "parameters_of",
    "twin_of",
]

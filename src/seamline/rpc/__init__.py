"""Calls between processes: the client of a group, the server in a worker, what travels.

Reads no files and knows no plan: paths, names, secrets and functions are parameters.
"""

from seamline.rpc.aliasing import changeable_parts, module_state
from seamline.rpc.client import Client
from seamline.rpc.hearing import WRITTEN, Hearing, file_of, handlers_of
from seamline.rpc.local import LocalClient
from seamline.rpc.model import Arguments, Hosted, Identity, Stay, Target
from seamline.rpc.recording import (
    call_site,
    record,
    record_stay,
    recorded,
    request_errors,
    stayed,
    untold,
    write_codes,
)
from seamline.rpc.server import Server
from seamline.rpc.situation import cancelled, deadline, remaining

__all__ = [
    "WRITTEN",
    "Arguments",
    "Client",
    "Hearing",
    "Hosted",
    "Identity",
    "LocalClient",
    "Server",
    "Stay",
    "Target",
    "call_site",
    "cancelled",
    "changeable_parts",
    "deadline",
    "file_of",
    "handlers_of",
    "module_state",
    "record",
    "record_stay",
    "recorded",
    "remaining",
    "request_errors",
    "stayed",
    "untold",
    "write_codes",
]

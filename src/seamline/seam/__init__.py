"""Client halves: found, compiled, opened, closed. The application's modules stay as they are."""

from seamline.seam.children import Connections, child_environment, join_run
from seamline.seam.half import ClientLike, half_of
from seamline.seam.hosting import Host
from seamline.seam.opening import Seams
from seamline.seam.place import here
from seamline.seam.sealing import Write

__all__ = [
    "ClientLike",
    "Connections",
    "Host",
    "Seams",
    "Write",
    "child_environment",
    "half_of",
    "here",
    "join_run",
]

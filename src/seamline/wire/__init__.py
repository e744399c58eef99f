"""What travels between processes: values, exceptions, frames. No I/O happens here."""

from seamline.wire.codec import Codec
from seamline.wire.marks import DEFAULT
from seamline.wire.types import TypeTable

__all__ = ["DEFAULT", "Codec", "TypeTable"]

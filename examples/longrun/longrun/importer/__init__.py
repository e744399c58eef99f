"""Recordings out of files: GPX, TCX and FIT, also gzipped. Files come from strangers.

Whatever the bytes are, `parse` returns recordings or raises `BadFile`. This package keeps nothing,
opens nothing and asks nobody, so it can run where it may touch nothing else.
"""

from longrun.importer.archives import open_archive, read_member
from longrun.importer.service import MAX_BYTES, parse, sniff

__all__ = ["MAX_BYTES", "open_archive", "parse", "read_member", "sniff"]

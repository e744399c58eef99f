"""Starting a worker in a new interpreter, and what it is given."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping

import msgspec

from seamline.worker import FDS_VARIABLE, Handover


def execute(
    handover: Handover, environment: Mapping[str, str], outputs: tuple[int, int], root: str
) -> subprocess.Popen[bytes]:
    """Start it with the descriptors of its handover. Raises OSError."""
    # A group of its own: Ctrl-C in the terminal reaches the supervisor alone, and what the
    # application starts can be ended with it.
    return subprocess.Popen(
        [sys.executable, "-m", "seamline.worker"],
        stdin=subprocess.DEVNULL,
        stdout=outputs[0],
        stderr=outputs[1],
        cwd=root,
        env={**environment, FDS_VARIABLE: msgspec.json.encode(handover).decode()},
        pass_fds=handover.descriptors(),
        process_group=0,
    )


def open_pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[int, int]:
    """Return the ends of a pipe, each to be closed by its stack. Raises OSError."""
    read, written = os.pipe()
    reader.callback(os.close, read)
    writer.callback(os.close, written)
    return read, written

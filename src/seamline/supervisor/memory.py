"""How much memory is left, for the machine and for the control group that this process is in."""

import contextlib
from pathlib import Path


def available_bytes(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the bytes that processes may still take.

    Args:
        proc: Where the kernel tells of itself: ``MemAvailable`` of ``meminfo`` in proc(5).
        cgroup: Where control groups of version 2 are mounted; no limit where there are none.
    """
    found = [_of_machine(proc)]
    with contextlib.suppress(OSError, ValueError):
        path = Path(proc, "self/cgroup").read_text().partition("::")[2].splitlines()[0]
        own = Path(cgroup, path.strip("/"))
        for directory in (own, *own.parents):
            if not directory.is_relative_to(cgroup):
                break
            found += _of_group(directory)
    return max(min(found), 0)


def _of_machine(proc: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in Path(proc, "meminfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
    return 2**63


def _of_group(directory: Path) -> list[int]:
    try:
        limit = Path(directory, "memory.max").read_text().strip()
        used = int(Path(directory, "memory.current").read_text())
    except (OSError, ValueError):
        return []
    return [] if limit == "max" else [int(limit) - used]

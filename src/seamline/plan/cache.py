"""Keeps what was read from an application's source, for as long as none of its files changes."""

import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from seamline.interface import Analysis

# An analysis of 30,000 lines is about a megabyte; a developer moves between a few projects,
# layouts and interpreters.
_MOST_FILES: Final = 40
_MOST_BYTES: Final = 64 * 1024 * 1024
_SUFFIX: Final = ".analysis.json"


def analysed(
    asked: object, files: Iterable[Path], analyse: Callable[[], Analysis], cache: Path | None
) -> Analysis:
    """Return what *analyse* returns, from an earlier time if nothing that matters has changed.

    A cache that cannot be read or written is none: the answer is then worked out.

    Args:
        asked: Everything that the answer depends on besides the files, of plain values.
        files: The source files that are read.
        analyse: Works the answer out.
        cache: Directory to keep answers in, or None to keep nothing.
    """
    if cache is None or not _is_private(cache):
        return analyse()
    kept = cache / f"{_fingerprint(asked, files)}{_SUFFIX}"
    with contextlib.suppress(OSError, msgspec.DecodeError):
        if kept.stat().st_size <= _MOST_BYTES:
            found = msgspec.json.decode(kept.read_bytes(), type=Analysis)
            os.utime(kept)
            return found
    answer = analyse()
    with contextlib.suppress(OSError):
        _keep(kept, msgspec.json.encode(answer))
    return answer


def cache_directory(environ: Mapping[str, str]) -> Path | None:
    """Return the user's own directory for it, or None where the user has no home."""
    top = environ.get("XDG_CACHE_HOME", "")
    if not top.startswith("/"):
        home = environ.get("HOME", "")
        top = f"{home}/.cache" if home.startswith("/") else ""
    return Path(top, "seamline") if top else None


def _is_private(directory: Path) -> bool:
    """Make the directory; whether nobody else can put an answer into it."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.getuid()
        and not stat.S_IMODE(status.st_mode) & 0o022
    )


def _fingerprint(asked: object, files: Iterable[Path]) -> str:
    # Another version of Seamline may answer otherwise, so its own files count as well.
    ours = Path(__file__).parents[1].rglob("*.py")
    digest = hashlib.sha256(repr((sys.version, asked)).encode())
    for path in sorted({*files, *ours}):
        try:
            status = path.stat()
        except OSError:
            continue
        who = (status.st_mode, status.st_uid, status.st_gid)  # may read it
        seen = (os.fsencode(path), status.st_mtime_ns, status.st_size, status.st_ino, who)
        digest.update(repr(seen).encode())
    return digest.hexdigest()[:32]


def _keep(path: Path, answer: bytes) -> None:
    """Write an answer, in one step for others who look, and forget the oldest ones."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        new.write_bytes(answer)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    ages = sorted(path.parent.glob(f"*{_SUFFIX}"), key=lambda one: -one.stat().st_mtime_ns)
    for old in ages[_MOST_FILES:]:
        old.unlink(missing_ok=True)

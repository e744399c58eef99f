"""Where a run keeps its sockets and files: a directory that only this user can enter."""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from seamline.config import Config
from seamline.errors import PlaceError

#: Names in the directory: the plan, what every process of the run knows and no other, and
#: where the supervisor is asked.
PLAN_FILE: Final = "plan.json"
SECRET_FILE: Final = "secret"  # noqa: S105 - a file's name
CONTROL_SOCKET: Final = "control.sock"
TERMINAL_SOCKET: Final = "tty.sock"
#: In runs of a test session: the code of each seam error that hosts raised, a line each.
ERRORS_FILE: Final = "errors"
#: Locked by the process whose turn it is to call a factory of the application's.
TURN_FILE: Final = "turn.lock"

#: Environment variables that tell a process its run directory, and ``group.slot.generation``
#: of the worker that it is or was started by.
RUN_VARIABLE: Final = "SEAMLINE_RUN"
WORKER_VARIABLE: Final = "SEAMLINE_WORKER"

#: In hosts of a test session over Django: which ``DEBUG`` its test environment has, ``true``,
#: ``false``, or ``keep`` for that of the settings.
DJANGO_TESTS_VARIABLE: Final = "SEAMLINE_DJANGO_TESTS"

# sun_path holds 108 bytes with the closing zero byte.
_LONGEST_SOCKET: Final = 107
_PRIVATE: Final = 0o700
_ELSEWHERE: Final = (
    "make room or permit it there, or set XDG_RUNTIME_DIR or TMPDIR to a directory of your own"
)


def run_dir(config: Config, environ: Mapping[str, str], *, create: bool = True) -> Path:
    """Return the directory with the sockets of this project's run.

    It is ``$XDG_RUNTIME_DIR/seamline/<name>-<hash of the file's path>``, or lies under the
    system's temporary directory where there is no such variable, where that directory cannot be
    used (:func:`passed_over` says why), or where the path of a socket would be longer than the
    kernel takes.

    Args:
        config: What the file says; the same file gives the same directory.
        environ: Environment variables.
        create: Make it, with its parent, when it is not there.

    Raises:
        PlaceError: Somebody else could have put things into it.
    """
    digest = _digest(config.root / config.file.name)
    longest = max(len(_longest_socket_name(config)), len(CONTROL_SOCKET))
    chosen: Path | None = None
    for top in _tops(environ):
        for name in (f"{config.name}-{digest}", digest):
            if len(os.fsencode(top / name)) + 1 + longest <= _LONGEST_SOCKET:
                chosen = chosen or top / name
    if chosen is None:
        raise PlaceError(
            f"no directory is short enough for the sockets' paths ({_LONGEST_SOCKET} bytes)",
            remedy="set TMPDIR or XDG_RUNTIME_DIR to a shorter one",
        )
    for directory in (chosen.parent, chosen):
        _check_private(directory, create=create)
    return chosen


def passed_over(chosen: Path, environ: Mapping[str, str]) -> str:
    """Return why a run directory is not below ``XDG_RUNTIME_DIR``, or nothing.

    Args:
        chosen: What :func:`run_dir` returned for the same environment.
        environ: Environment variables.
    """
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if not runtime or chosen.is_relative_to(runtime):
        return ""
    path = Path(runtime)
    if not path.is_absolute():
        return f"{runtime!r} is no absolute path"
    if not path.is_dir():
        return f"there is no directory {runtime}"
    if path.is_symlink():
        return f"{runtime} is a link"
    if not _is_ours(path):
        return f"{runtime} belongs to another user"
    why = _why_unwritable(path)
    too_long = f"paths of sockets below {runtime} would be too long"
    return f"nothing can be made in {runtime}: {why}" if why else too_long


def run_dirs(file: Path, environ: Mapping[str, str]) -> list[Path]:
    """Return the directories that are there of runs of one file, live or dead.

    The file is not read: a run is found again whatever the file says by now, and when it is gone.

    Args:
        file: ``seamline.toml``, by any of the paths that lead to it.
        environ: Environment variables.
    """
    digest = _digest(file)
    found = []
    # The last is where it is without the variable, which a service manager's run may have had.
    runtime = Path(f"/run/user/{os.getuid()}/seamline")
    for top in dict.fromkeys([*_tops(environ), runtime]):
        if not _is_private(top):
            continue
        found += [
            entry
            for entry in sorted(top.iterdir())
            if (entry.name == digest or entry.name.endswith(f"-{digest}")) and _is_private(entry)
        ]
    return found


def _digest(file: Path) -> str:
    """Return what stands for a file in the name of its run directory."""
    absolute = file.absolute()
    # Its directory may be reached by several paths; links that are files of projects may not.
    place = absolute.parent.resolve() / absolute.name
    return hashlib.sha256(os.fsencode(place)).hexdigest()[:10]


def _longest_socket_name(config: Config) -> str:
    """Return the longest name that :meth:`Plan.socket_path` can give, in any layout."""
    names = [f"{service.name}.0.sock" for service in config.services]
    for layout in config.layouts:
        names += [f"{group.name}.{group.workers - 1}.sock" for group in layout.groups]
    return max(names, key=len)


def _tops(environ: Mapping[str, str]) -> list[Path]:
    """Return where run directories may be, best first."""
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    tops = []
    if runtime.startswith("/") and _is_ours(Path(runtime)) and not _why_unwritable(Path(runtime)):
        tops.append(Path(runtime, "seamline"))
    temporary = ["/tmp"]  # noqa: S108 - owner and mode are checked
    with contextlib.suppress(FileNotFoundError):  # none can be written to, which is said later
        temporary.insert(0, environ.get("TMPDIR") or tempfile.gettempdir())
    return [*tops, *(Path(top, f"seamline-{os.getuid()}") for top in temporary)]


def _why_unwritable(runtime: Path) -> str:
    """Return why the directory of all runs is not there and cannot be made, or nothing.

    By making another one: whether that is possible in ``/proc``, or on a disk that is mounted
    read-only, is not told by who may write there.
    """
    if (runtime / "seamline").exists():  # what is wrong with it is refused where it is used
        return ""
    try:
        Path(tempfile.mkdtemp(dir=runtime)).rmdir()
    except OSError as exc:
        return exc.strerror or str(exc)
    return ""


def _is_ours(directory: Path) -> bool:
    try:
        status = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _is_private(directory: Path) -> bool:
    return _is_ours(directory) and not stat.S_IMODE(directory.lstat().st_mode) & ~_PRIVATE


def _check_private(directory: Path, *, create: bool) -> None:
    """Make the directory if wanted, then refuse one that others own or can enter."""
    if create:
        try:
            directory.mkdir(mode=_PRIVATE)
        except FileExistsError:
            pass  # looked at below, whoever made it
        except OSError as exc:
            raise PlaceError(
                f"cannot make the run directory {directory}: {exc.strerror}", remedy=_ELSEWHERE
            ) from exc
    try:
        status = directory.lstat()
    except FileNotFoundError:
        return
    except OSError as exc:
        raise PlaceError(
            f"cannot look at the run directory {directory}: {exc.strerror}",
            remedy=_ELSEWHERE,
        ) from exc
    if not stat.S_ISDIR(status.st_mode):
        fault = "is not a directory"
    elif status.st_uid != os.getuid():
        fault = "belongs to another user"
    elif stat.S_IMODE(status.st_mode) & ~_PRIVATE:
        fault = f"can be entered by other users (mode {stat.S_IMODE(status.st_mode):o})"
    else:
        return
    raise PlaceError(
        f"the run directory {directory} {fault}",
        remedy="remove it, or set XDG_RUNTIME_DIR to a directory of your own",
    )

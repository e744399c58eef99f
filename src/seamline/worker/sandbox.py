"""What a worker of a group with ``sandbox = true`` gives up before it loads any of its code.

Three means of Linux that need no privilege and cannot be taken back, also by children:
Landlock (https://docs.kernel.org/userspace-api/landlock.html) for files and signals, a seccomp
filter (seccomp(2)) for sockets and programs, and the dropping of capabilities (capabilities(7)).
Numbers are those of ``linux/landlock.h``, ``linux/seccomp.h`` and ``linux/filter.h``.
"""

import ctypes
import os
import platform
import resource
import struct
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from seamline.errors import SandboxError
from seamline.plan import Plan

_LANDLOCK_CREATE_RULESET: Final = 444
_LANDLOCK_ADD_RULE: Final = 445
_LANDLOCK_RESTRICT_SELF: Final = 446
_ASK_VERSION: Final = 1
_RULE_PATH_BENEATH: Final = 1
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
# How many rights over files each version of Landlock knows; all of them are taken away.
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NEWEST_RIGHTS: Final = 5
_WITH_NETWORK: Final = 4
_WITH_SCOPES: Final = 6
_NO_TCP: Final = 0b11
_NO_ABSTRACT_SOCKET_NO_SIGNAL: Final = 0b11

_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_LOAD, _IS_EQUAL, _IS_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
_ALLOW: Final = 0x7FFF0000
_NOT_PERMITTED: Final = 0x00050001  # the call returns EPERM
_X32: Final = 0x40000000
_AND, _FIRST_ARGUMENT_AT, _SECOND_ARGUMENT_AT = 0x54, 16, 24
_STREAM: Final = 1
_KIND_OF_SOCKET: Final = 0xF
# The same on every machine: io_uring_setup, process_madvise, fchmodat2, setxattrat, removexattrat.
_REFUSED: Final = (425, 440, 452, 463, 466)
#: By machine: how seccomp names it; the calls that are refused; prlimit64 and socketpair, which
#: are by their arguments. By line: socket and connect; execve and execveat; chmod, chown, and
#: their kin; extended attributes; times of files; shared memory, semaphores and queues of System V
#: and POSIX; keys; priorities, processors and memory of others.
_MACHINES: Final = {
    "x86_64": (
        0xC000003E,
        (
            *(41, 42, 59, 322),
            *(90, 91, 268, 92, 93, 94, 260),
            *(188, 189, 190, 197, 198, 199),
            *(132, 235, 261, 280),
            *(29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71, 240, 241),
            *(248, 249, 250),
            *(141, 142, 144, 203, 314, 251, 256, 279),
        ),
        (302, 53),
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(198, 203, 221, 281),
            *(52, 53, 54, 55),
            *(5, 6, 7, 14, 15, 16),
            *(88,),
            *(194, 195, 196, 190, 191, 192, 193, 186, 187, 188, 189, 180, 181),
            *(217, 218, 219),
            *(140, 118, 119, 122, 274, 30, 238, 239),
        ),
        (261, 199),
    ),
}
_CAPABILITY_VERSION: Final = 0x20080522

# What the interpreter and libraries read at any time, and no secret is in.
_SYSTEM: Final = (
    *("/usr", "/lib", "/lib64", "/dev/urandom", "/dev/random", "/dev/zero", "/proc/self"),
    *("/etc/localtime", "/etc/mime.types", "/etc/ssl/certs", "/etc/ssl/openssl.cnf"),
)
_NOBODY: Final = "/dev/null"


def enter(plan: Plan, group: str) -> None:
    """Give up, for the rest of this process's life, all but reading its code and answering.

    What is open stays open: the sockets of its slot, the supervisor's, its output.

    Raises:
        SandboxError: The system cannot take something away, or a thread would keep it.
    """
    if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208 - only counted
        raise SandboxError("a library started a thread before the sandbox could be closed")
    machine = platform.machine()
    if machine not in _MACHINES:
        raise SandboxError(f"system calls cannot be filtered on {machine or 'this machine'}")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _do("no new privileges", _libc().prctl, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _keep_files(readable(plan, group))
    _drop_capabilities()
    _filter_calls(machine)


def readable(plan: Plan, group: str) -> list[tuple[Path, int]]:
    """Return what may be read, and how: the interpreter, libraries, and the project's packages.

    Of directories that modules are looked for in, all may be listed; only packages and modules
    in them may be read, so that a database or a key beside them may not.
    """
    both = _READ_FILE | _READ_DIR
    own = {module.partition(".")[0] for module in _modules(plan, group)}
    found = [(Path(name), both) for name in (*_SYSTEM, *map(str, _libraries()))]
    found.append((Path(_NOBODY), both | _WRITE_FILE))
    for entry in map(Path, filter(None, sys.path)):
        if any(entry.is_relative_to(library) for library in _libraries()):
            continue
        if entry.is_file():  # a zip of modules
            found.append((entry, both))
        elif entry.is_dir():
            found.append((entry, _READ_DIR))
            found += ((child, both) for child in entry.iterdir() if _is_code(child, own))
    return [(path, rights) for path, rights in found if path.exists()]


def _modules(plan: Plan, group: str) -> Iterator[str]:
    """Yield the modules that the project's own code of a group begins with."""
    yield from plan.group(group).imports
    yield from (one.package for one in plan.services if one.package is not None)
    yield from (one.http.partition(":")[0] for one in plan.services if one.http is not None)
    if plan.setup is not None:
        yield plan.setup.partition(":")[0]


def _libraries() -> set[Path]:
    """Return the directories of the interpreter, of what is installed, and of Seamline."""
    paths = {*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix}
    installed = (entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages")))
    return {Path(__file__).parents[1], *map(Path, paths), *map(Path, installed)}


def _is_code(path: Path, own: set[str]) -> bool:
    if path.is_dir():
        return path.name in own or (path / "__init__.py").is_file()
    return path.suffix in {".py", ".pyc", ".so"}


def _keep_files(rules: Iterable[tuple[Path, int]]) -> None:
    version = _libc().syscall(_LANDLOCK_CREATE_RULESET, None, 0, _ASK_VERSION)
    if version < 1:
        raise SandboxError("files cannot be kept from it: this kernel has no Landlock")
    rights = (1 << _RIGHTS[min(version, _NEWEST_RIGHTS)]) - 1
    attributes = struct.pack("=Q", rights)
    if version >= _WITH_NETWORK:
        attributes += struct.pack("=Q", _NO_TCP)
    if version >= _WITH_SCOPES:
        attributes += struct.pack("=Q", _NO_ABSTRACT_SOCKET_NO_SIGNAL)
    ruleset = _do(
        "Landlock", _libc().syscall, _LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0
    )
    try:
        for path, allowed in rules:
            _allow(ruleset, path, allowed)
        _do("Landlock", _libc().syscall, _LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, allowed: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # what cannot be opened cannot be read either
        return
    try:
        if not path.is_dir():
            allowed &= ~_READ_DIR
        rule = struct.pack("=Qi", allowed, descriptor)
        call = _libc().syscall
        _do("Landlock", call, _LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)


def _drop_capabilities() -> None:
    """Take away what root may do beside files: load modules, set clocks, see other processes."""
    head = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _do("dropping capabilities", _libc().capset, head, bytes(24))


def _filter_calls(machine: str) -> None:
    program = _program(machine)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in program))
    filtering = struct.pack("@HP", len(program), ctypes.addressof(code))
    call = _libc().prctl
    _do("the filter of system calls", call, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, filtering, 0, 0)


def _program(machine: str) -> list[tuple[int, int, int, int]]:
    """Return the filter: code, instructions to pass over when it holds and when not, a number."""
    architecture, refused, (limits, pair) = _MACHINES[machine]
    refused = (*refused, *_REFUSED)
    # Of its own process alone; of streams alone, since a datagram can be sent anywhere.
    own = [(_LOAD, 0, 0, _FIRST_ARGUMENT_AT), (_IS_EQUAL, 3, 4, 0)]
    streams = [
        (_LOAD, 0, 0, _SECOND_ARGUMENT_AT),
        (_AND, 0, 0, _KIND_OF_SOCKET),
        (_IS_EQUAL, 0, 1, _STREAM),
    ]
    ends = [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _NOT_PERMITTED)]
    # A jump counts the instructions to pass over; from here it is so many to the last one.
    far = len(refused) + 2 + 1 + len(own) + len(streams) + 1
    return [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IS_EQUAL, 0, far + 2, architecture),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IS_AT_LEAST, far, 0, _X32),
        *((_IS_EQUAL, far - 1 - place, 0, one) for place, one in enumerate(refused)),
        (_IS_EQUAL, 2, 0, limits),
        (_IS_EQUAL, 3, 0, pair),
        (_RETURN, 0, 0, _ALLOW),
        *own,
        *streams,
        *ends,
    ]


def _do(what: str, call: Callable[..., int], *arguments: int | bytes | None) -> int:
    """Make a system call. Raises SandboxError when it fails."""
    result = call(*arguments)
    if result < 0:
        raise SandboxError(f"{what} failed: {os.strerror(ctypes.get_errno())}")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)

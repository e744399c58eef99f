"""The lock beside the file: what it says of functions as they are now. Nothing is executed."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from seamline.config import Config
from seamline.interface import Analysis, Finding, Function, Interface, Severity
from seamline.lock import Entry, Lock, Seen, digest_of, lock_file, masked, read, united

#: What to type when a lock and the code have come apart.
LEARN_AGAIN = "learn again, for example: seamline learn -- pytest"


def lock_path(config: Config) -> Path:
    """Return where the lock of a configuration is: beside it, ``.lock`` for ``.toml``."""
    return lock_file(config.root / config.file.name)


def read_lock(config: Config) -> Lock | None:
    """Return the lock of a project, or None when nothing was learned yet.

    Raises:
        LockError: It cannot be used.
    """
    return read(lock_path(config))


def relearned(lock: Lock | None, analysis: Analysis, seen: Mapping[str, Seen]) -> Lock:
    """Return a lock with what was seen now and before; functions that are gone are left out.

    What was seen of a function before it changed says nothing about what it is now, and what
    somebody edited was not seen.

    Args:
        lock: The former one.
        analysis: The application as it is.
        seen: What was seen, by dotted name.
    """
    former = lock or Lock()
    functions: dict[str, Entry] = {}
    for name, (interface, function) in _functions(analysis).items():
        facts = seen.get(name, Seen())
        known = former.known(name, function.fingerprint)
        if known is not None and known.digest == digest_of(name, known):
            facts = united(known.seen, facts)
        functions[name] = _entry(interface, function, facts)
    return msgspec.structs.replace(former, functions=functions)


def with_verdicts(lock: Lock, analysis: Analysis) -> Lock:
    """Return a lock with the verdicts that an analysis came to."""
    every = _functions(analysis)
    return msgspec.structs.replace(
        lock,
        functions={
            name: msgspec.structs.replace(
                entry, verdict=every[name][1].verdict.value, reason=every[name][1].reason
            )
            for name, entry in lock.functions.items()
            if name in every
        },
    )


def differences(config: Config, lock: Lock, analysis: Analysis) -> Iterator[Finding]:
    """Yield where the lock and the application, or ``seamline.toml``, have come apart."""
    every = _functions(analysis)
    for name, (interface, function) in every.items():
        entry = lock.functions.get(name)
        if entry is None:
            yield _unknown(interface, function, name, lock)
        elif entry.fingerprint != function.fingerprint:
            yield _stale(interface, function, name, lock, entry)
        elif entry.verdict != function.verdict.value:
            yield _other_verdict(config, interface, function, lock, entry)
    for name, entry in lock.functions.items():
        if entry.digest != digest_of(name, entry):
            yield _edited(name, lock, entry)
        if name not in every:
            yield Finding(
                code="lock-gone",
                severity=Severity.INFO,
                message=f"{name} is in the lock and no function of a service any more",
                remedy=LEARN_AGAIN,
                file=lock.file,
                line=entry.line,
                service=entry.service,
            )


def _unknown(interface: Interface, function: Function, name: str, lock: Lock) -> Finding:
    return Finding(
        code="lock-missing",
        severity=Severity.INFO,
        message=f"{name} is not in {lock.file}: nothing was learned since it is there",
        remedy=LEARN_AGAIN,
        file=function.file,
        line=function.line,
        service=interface.service,
    )


def _edited(name: str, lock: Lock, entry: Entry) -> Finding:
    return Finding(
        code="lock-edited",
        severity=Severity.ERROR,
        message=(
            f"what {lock.file}:{entry.line} says of {name} was not written by learn, or was "
            "edited since: what it leaves out may be lost in a call"
        ),
        remedy=f"take it back, say it in seamline.toml, or {LEARN_AGAIN}",
        file=lock.file,
        line=entry.line,
        service=entry.service,
    )


def _stale(
    interface: Interface, function: Function, name: str, lock: Lock, entry: Entry
) -> Finding:
    return Finding(
        code="lock-stale",
        severity=Severity.WARNING,
        message=(
            f"{name} has other parameters or another kind than when it was seen "
            f"({lock.file}:{entry.line}); what was seen then does not count"
        ),
        remedy=LEARN_AGAIN,
        file=function.file,
        line=function.line,
        service=interface.service,
    )


def _other_verdict(
    config: Config, interface: Interface, function: Function, lock: Lock, entry: Entry
) -> Finding:
    overridden = not interface.names_of(function).isdisjoint(
        config.service(interface.service).local
    )
    return Finding(
        code="lock-verdict",
        severity=Severity.INFO if overridden else Severity.WARNING,
        message=(
            f"{function.module}.{function.name} is {entry.verdict} in {lock.file}:{entry.line} "
            f"and {function.verdict} now: {function.reason}"
        ),
        remedy=f"if that is right, {LEARN_AGAIN}",
        file=function.file,
        line=function.line,
        service=interface.service,
    )


def _functions(analysis: Analysis) -> dict[str, tuple[Interface, Function]]:
    """Return the public functions by dotted name; of two definitions of one name the last."""
    return {
        f"{function.module}.{function.name}": (interface, function)
        for interface in analysis.interfaces
        for function in interface.functions
        if function.public
    }


def _entry(interface: Interface, function: Function, seen: Seen) -> Entry:
    return Entry(
        service=interface.service,
        kind=function.kind.value,
        signature=masked(function.signature),
        fingerprint=function.fingerprint,
        verdict=function.verdict.value,
        reason=function.reason,
        seen=seen,
    )

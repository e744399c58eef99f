"""Switches one rule of the seam off, by name, in a process whose tests then have to fail.

A pytest plugin: ``-p tests.mutations.switch`` with SEAMLINE_MUTATION in the environment.
Only for layout ``local``, where callers and hosts are one process.
"""

import os
from collections.abc import Callable
from unittest import mock


def _nothing(*_args: object, **_keywords: object) -> None:
    return None


def _false(*_args: object, **_keywords: object) -> bool:
    return False


def _unchanged(_half: object, values: tuple[object, ...]) -> tuple[object, ...]:
    return values


def _empty(*_args: object, **_keywords: object) -> tuple[()]:
    return ()


def _no_names(*_args: object, **_keywords: object) -> set[object]:
    return set()


def _for_ever(*_args: object) -> float:
    return float("inf")


#: The rule (its row in the law of the seam, where it has one), what it is made of, and what
#: stands there when it is off.
MUTATIONS: dict[str, tuple[str, Callable[..., object]]] = {
    "1 a default object is sent as default": (
        "seamline.seam.half.Half._without_defaults",
        _unchanged,
    ),
    "2 what needs its host is refused": (
        "seamline.interface.verdicts.Judge._is_of_host",
        _false,
    ),
    "3 changes of arguments come back": ("seamline.wire.known.Known.changes", _empty),
    "4 exceptions keep their attributes": ("seamline.wire.exceptions._put", _nothing),
    "6 an expired call is told": ("seamline.rpc.outgoing.Outgoing.deadline_left", _for_ever),
    "9 context variables return": ("seamline.rpc.outgoing.apply_carried", _nothing),
    "9 framework contexts return": ("seamline.frameworks.travelling.Contexts.apply", _nothing),
    "10 state elsewhere is sealed": ("seamline.seam.sealing.Seal.apply", _nothing),
    "10 what keeps a bound method of state is seen": (
        "seamline.interface.state._Finder._kept",
        _nothing,
    ),
    "10 what is given state is seen": ("seamline.interface.application.note_kept", _no_names),
    "10 what importing makes by chance is of its host": (
        "seamline.interface.state.note_moments",
        _nothing,
    ),
    "15 seam errors are counted": ("seamline.rpc.local.record", _nothing),
    "17 the host's own objects are refused": ("seamline.rpc.dispatch.refuse_aliased", _nothing),
}

# As long as the process lives.
mock.patch(
    MUTATIONS[os.environ["SEAMLINE_MUTATION"]][0], MUTATIONS[os.environ["SEAMLINE_MUTATION"]][1]
).start()

"""``python -m seamline.testing.supervising``: the process that starts the hosts of a test session.

It imports what every host needs and forks the zygote, before it imports what it needs itself.
"""

import asyncio
import contextlib
import os
import select
import socket
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final

import msgspec

from seamline.errors import SeamlineError
from seamline.plan import Plan

if TYPE_CHECKING:
    from seamline.supervisor import Zygote

#: Begins lines that are for the test process; those of hosts begin with their names.
MARK: Final = "seamline: "
#: Printed once every host is ready.
READY: Final = f"{MARK}ready"
#: Begins a line that stands after everything that hosts printed before a test began.
BEGUN: Final = f"{MARK}test "
# What this process was started with, for those that are forked from it and for those that are not.
_OF_INTERPRETER: Final = ("PYTHONHASHSEED", "PYTHONUNBUFFERED")


class Order(msgspec.Struct, frozen=True):
    """What this process is told on its standard input first, as a line of JSON.

    Attributes:
        plan: Of the run.
        absent: The test process's own group.
        secret: What every process of the run knows.
        environ: Of hosts, before each group's own; this process began in it, but for
            ``PYTHONPATH`` and what only Seamline reads.
    """

    plan: Plan
    absent: str
    secret: bytes
    environ: dict[str, str]


def main() -> int:
    """Supervise the hosts until standard input ends; in the zygote and in a host, be that.

    Returns:
        The exit status of whichever of these the process is by then.
    """
    serving = import_module("seamline.worker.zygote")
    ours, theirs = socket.socketpair()
    pid = os.fork()
    # Whichever of the two is first: a group with what libraries start while they are imported.
    os.setpgid(pid, pid)
    if pid == 0:
        ours.close()
        return int(serving.serve(theirs))
    theirs.close()
    # Only now: the zygote imports what every host needs at the same time.
    from seamline.supervisor import ForkedProcess, Zygote

    zygote = Zygote(ForkedProcess(pid), ours)
    try:
        lines = _lines(os.pidfd_open(int(sys.argv[1])))
        order = next(lines, None)
        if order is None:  # no host was needed
            return 0
        return asyncio.run(_supervise(msgspec.json.decode(order, type=Order), lines, zygote))
    except ProcessLookupError:  # the tests are over
        return 0
    except SeamlineError as exc:
        print(f"{exc} [{exc.code}]", flush=True)  # noqa: T201 - what Hosts.wait_ready raises with
        return exc.exit_status
    finally:
        zygote.close()


async def _supervise(order: Order, lines: Iterator[bytes], zygote: "Zygote") -> int:
    from seamline.supervisor import Supervisor  # as above

    supervisor = Supervisor(
        order.plan,
        {**order.environ, **{name: os.environ[name] for name in _OF_INTERPRETER}},
        log_level="warning",
        absent=order.absent,
        secret=order.secret,
        on_ready=lambda: supervisor.mark(READY),
        zygote=zygote,
    )
    loop = asyncio.get_running_loop()

    def hear() -> None:
        with contextlib.suppress(RuntimeError):  # the loop ended first
            for line in lines:
                # What was printed before can be read by now: it is, before the last of these.
                loop.call_soon_threadsafe(
                    loop.call_soon, loop.call_soon, supervisor.mark, f"{BEGUN}{line.decode()}"
                )
            loop.call_soon_threadsafe(supervisor.stop)

    threading.Thread(target=hear, daemon=True).start()
    return await supervisor.run()


def _lines(tests: int) -> Iterator[bytes]:
    """Yield what the test process writes, until an empty line or until it is over."""
    begun = b""
    # The test process closes its end of the pipe, or is gone while a child that it forked
    # still holds that end: either way it is over.
    while 0 in select.select([0, tests], [], [])[0] and (read := os.read(0, 65536)):
        *whole, begun = (begun + read).split(b"\n")
        for line in whole:
            if not line:
                return
            yield line


# Guarded, because multiprocessing imports this module again in the children of hosts.
if __name__ == "__main__":
    sys.exit(main())

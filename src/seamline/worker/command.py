"""A ``command`` service: run as it is, watched by this small process.

The watcher exists so that the command does not outlive a supervisor that was killed: it holds
the lifeline and shares a process group with the command.
"""

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

from seamline.plan import Plan
from seamline.worker.channel import Channel
from seamline.worker.report import (
    Beat,
    Bye,
    Drain,
    Draining,
    Failed,
    Handover,
    Hello,
    Ready,
)

_BEAT_SECONDS = 1.0


def run_command(plan: Plan, handover: Handover) -> int:
    """Run the command until it ends or is told to; returns its exit status, as a shell does."""
    argv = plan.service(handover.command or "").command or ()
    channel = Channel(handover.control)
    orders: queue.SimpleQueue[Drain | int | None] = queue.SimpleQueue()
    try:
        child = subprocess.Popen(  # noqa: S603 - the operator's own file names it
            _words(argv), env=_environment(plan.root), stdin=subprocess.DEVNULL
        )
    except OSError as exc:
        channel.send(Hello(pid=os.getpid()))
        message = f"service {handover.command!r}: cannot run {argv[0]!r}: {exc.strerror}"
        remedy = "install it, or write the path of a program, from the directory of the file"
        channel.send(Failed(message=message, remedy=remedy))
        return 3
    channel.send(Hello(pid=child.pid))
    channel.watch(
        lambda order: orders.put(order) if isinstance(order, Drain) else None,
        lambda: orders.put(None),
    )
    signal.signal(signal.SIGTERM, lambda *_: orders.put(Drain(timeout=plan.graceful_timeout)))
    threading.Thread(target=lambda: orders.put(child.wait()), daemon=True).start()
    channel.send(Ready())
    return _watch(child, channel, orders, plan.graceful_timeout)


def _words(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command; ``python`` is the interpreter that has Seamline, as for workers."""
    return (sys.executable, *argv[1:]) if argv[:1] in {("python",), ("python3",)} else argv


def _environment(root: str) -> dict[str, str]:
    """Return what the command gets: modules are found where workers find them."""
    # Line-wise output for Python programs: through a pipe it would come in blocks.
    environment = {"PYTHONUNBUFFERED": "1", **os.environ}
    # Programs of the interpreter that has Seamline, as where its environment is activated.
    places = environment.get("PATH", os.defpath).split(os.pathsep)
    own = str(Path(sys.executable).parent)
    if own not in places:
        environment["PATH"] = os.pathsep.join([own, *places])
    source = Path(root, "src")
    if source.is_dir():
        search = environment.get("PYTHONPATH", "").split(os.pathsep)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [*search, str(source)]))
    return environment


def _watch(
    child: subprocess.Popen[bytes],
    channel: Channel,
    orders: queue.SimpleQueue[Drain | int | None],
    graceful_timeout: float,
) -> int:
    """Beat while the command runs; pass the order to leave on to it."""
    while True:
        channel.send(Beat())
        try:
            order = orders.get(timeout=_BEAT_SECONDS)
        except queue.Empty:
            continue
        if isinstance(order, int):  # it ended by itself
            return order if order >= 0 else 128 - order
        channel.send(Draining())
        child.terminate()
        try:
            child.wait(graceful_timeout if order is None else order.timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        channel.send(Bye())
        if order is None:
            os.killpg(0, signal.SIGKILL)
        return 0

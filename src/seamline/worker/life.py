"""The life of one worker process: load, open, serve, drain, leave."""

import asyncio
import contextlib
import contextvars
import os
import signal
import threading
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import uvloop

from seamline import rpc
from seamline.errors import UsageError
from seamline.plan import ERRORS_FILE
from seamline.worker.alignment import Alignment
from seamline.worker.channel import Channel
from seamline.worker.load import loaded_files, users_frames
from seamline.worker.loaded import Loaded
from seamline.worker.report import (
    HANDS_OFF,
    Adopt,
    Align,
    Aligned,
    Begin,
    Bye,
    Drain,
    Draining,
    Failed,
    Files,
    Give,
    Handover,
    Hello,
    Identity,
    Order,
    Prepared,
    Ready,
    Release,
    Resize,
    Take,
    Tell,
    Which,
)
from seamline.worker.sandbox import enter
from seamline.worker.serve import Serving

#: Exit status of a worker whose application cannot be loaded; gunicorn's and uvicorn's number.
EXIT_NOT_LOADED: Final = 3

_BEAT_SECONDS: Final = 1.0
# Most of a traceback's text that is sent: the end, where the user's own line is.
_TRACEBACK_CHARS: Final = 200_000


class Worker:
    """One start of one slot of a group.

    Args:
        identity: Which start of which slot.
        handover: What it was given.
        loaded: Its application; loaded already if the process was forked from one that did.
    """

    def __init__(self, identity: Identity, handover: Handover, loaded: Loaded) -> None:
        self._plan = plan = loaded.plan
        self._handover = handover
        self._group = plan.group(identity.group)
        self._loaded = loaded
        self._process = loaded.process
        self._serving = Serving(plan, self._group, handover, self._process)
        self._channel = Channel(handover.control)
        self._alignment = Alignment(self._group, self._on_aligned)
        self._order: Drain | None = None
        self._ordered: asyncio.Event | None = None
        self._begun = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = contextvars.Context()
        self._is_orphan = False
        self._left = threading.Event()
        self._late_seconds = 0.0
        self._given_up = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self) -> int:
        """Live; returns the exit status."""
        self._channel.send(Hello(pid=os.getpid(), protocol=HANDS_OFF))
        try:
            if self._group.sandbox:
                enter(self._plan, self._group.name)  # while there is one thread
            self._channel.watch(self._on_order, self._on_gone)
            self._load()
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except UsageError as exc:
            self._channel.send(_failed(exc, self._plan.root))
            return EXIT_NOT_LOADED
        self._left.set()
        self._channel.send(Bye(given_up=self._given_up))
        if self._is_orphan:
            _leave_nothing()
        return 0

    def _load(self) -> None:
        if not self._loaded.is_loaded:
            self._loaded.load(self._handover.calls)
        self._serving.load(self._loaded.applications)
        self._alignment.begin(is_expected=self._handover.is_aligned)

    async def _serve(self) -> None:
        self._ordered = asyncio.Event()
        # What imports set, such as the precision of `decimal`; no other thread knows of it.
        self._context = contextvars.copy_context()
        self._loop = asyncio.get_running_loop()
        if self._order is not None:  # told to leave while importing
            self._ordered.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._on_term)
        if self._handover.is_held and not await self._is_told_to_begin(self._ordered):
            await self._serving.abandon()
            return
        await self._serving.start()
        self._channel.send(Ready())
        beating = asyncio.create_task(self._beat())
        await self._ordered.wait()
        order = self._order or Drain(timeout=self._plan.graceful_timeout)
        self._serving.leave(order)
        self._channel.send(Draining())
        self._given_up = await self._serving.drain(order)
        self._tell()  # what it did since it told last counts, too
        beating.cancel()

    async def _is_told_to_begin(self, ordered: asyncio.Event) -> bool:
        """Start up and wait; return whether to accept then, or to leave."""
        await self._serving.prepare()
        self._channel.send(Prepared())
        waiting = {asyncio.create_task(event.wait()) for event in (self._begun, ordered)}
        _, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        return not ordered.is_set()

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._tell()
            due = loop.time() + _BEAT_SECONDS
            await asyncio.sleep(_BEAT_SECONDS)
            self._late_seconds = max(loop.time() - due, 0.0)

    def _tell(self, serial: int = 0) -> None:
        self._channel.send_nowait(self._serving.beat(serial, self._late_seconds))

    # -- from the thread that reads orders ---------------------------------------------

    def _on_order(self, order: Order) -> None:
        match order:
            case Drain():
                self._on_drain(order)
            case Begin():
                self._on_loop(self._begun.set)
            case Align():
                self._alignment.hear(order)
            case Adopt() | Release() | Take() | Give():
                self._on_connections(order)
            case Resize(group=group, workers=workers):
                self._process.resize(group, workers)
            case Tell(serial=serial):
                # On the loop: there, what was answered before has been counted.
                self._on_loop(self._tell, serial)
            case Which(serial=serial):
                self._channel.send(Files(serial, loaded_files(self._plan.root)))

    def _on_connections(self, order: Adopt | Release | Take | Give) -> None:
        match order:
            case Adopt():
                self._soon(self._serving.adopt(order))
            case Release(slot=slot):
                self._soon(self._serving.release(slot))
            case Take(end=end):
                self._on_loop(self._serving.take, end)
            case Give():
                self._on_loop(self._serving.give, order)

    def _on_loop(self, work: Callable[..., None], *arguments: Any) -> None:
        """Do something on the loop, if there is one by now, or still one: it has drained then."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(work, *arguments, context=self._context)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something on the loop, after what was asked for before."""
        loop = self._loop
        assert loop is not None  # only one that is ready is asked

        def begin() -> None:
            task = loop.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        try:
            loop.call_soon_threadsafe(begin, context=self._context)
        except RuntimeError:  # it is closed: this worker has drained
            work.close()

    def _on_aligned(self, order: Align) -> None:
        stats = self._process.stats()
        made = {service: sum(functions.values()) for service, functions in stats.made.items()}
        rpc.write_codes(Path(self._plan.run_dir, ERRORS_FILE))
        self._channel.send(
            Aligned(
                serial=order.serial,
                made=made,
                untold=rpc.untold(),
                last=self._loaded.last_calls.read(),
            )
        )

    def _on_drain(self, order: Drain) -> None:
        self._order = self._order or order
        if self._ordered is not None:
            self._on_loop(self._ordered.set)

    def _on_gone(self) -> None:
        """The supervisor is gone: finish what runs, then leave nothing of this run behind."""
        self._is_orphan = True
        # Either nothing runs yet, or only threads of the application that nobody would end.
        if self._ordered is None or self._left.is_set():
            _leave_nothing()
        _print_to_nobody()
        self._on_drain(Drain(timeout=self._plan.graceful_timeout))
        self._left.wait(self._plan.graceful_timeout + 1)
        _leave_nothing()

    def _on_term(self) -> None:
        self._on_drain(Drain(timeout=self._plan.graceful_timeout))


def _print_to_nobody() -> None:
    """Let what still runs print as before: nobody reads its pipes any more."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    for standard in (1, 2):
        os.dup2(nobody, standard)
    os.close(nobody)


def _leave_nothing() -> None:
    """Kill this process and its children, which share its process group."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _failed(exc: UsageError, root: str) -> Failed:
    """Describe the error for the supervisor, which prints it once for all workers."""
    cause = exc.__cause__
    frames = users_frames(cause.__traceback__, root) if cause is not None else []
    whole = "".join(traceback.format_exception(cause)) if cause is not None else ""
    return Failed(
        message=exc.message,
        file=exc.file,
        line=exc.line,
        remedy=exc.remedy,
        # A single frame is the line that the message shows anyway.
        excerpt="".join(traceback.format_list(frames[1:] and frames))[-_TRACEBACK_CHARS:],
        traceback=whole[-_TRACEBACK_CHARS:],
    )

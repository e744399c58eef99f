"""seamline.supervisor: workers that are forked from a process that has imported libraries."""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import signal
import socket
from pathlib import Path

import pytest

from seamline.supervisor import with_hash_seed
from seamline.supervisor.zygote import UnforkableError, Zygote
from seamline.worker import Handover

pytestmark = [pytest.mark.processes, pytest.mark.anyio]

PATIENCE_SECONDS = 50.0


@pytest.fixture
def anyio_backend():
    """The supervisor's event loop is asyncio's."""
    return "asyncio"


@pytest.fixture
def root(tmp_path):
    """A directory for libraries. Its workers find no plan, and their last words say so."""
    return tmp_path


@contextlib.asynccontextmanager
async def zygote_with(root, *libraries, output=None, **variables):
    environment = with_hash_seed({**os.environ, "PYTHONPATH": str(root), **variables})
    zygote = Zygote.execute(environment, output)
    try:
        await zygote.preload(str(root), environment, libraries)
        yield zygote
    finally:
        zygote.close()
        # Orphans of other tests are nobody's children here again (PR_SET_CHILD_SUBREAPER).
        ctypes.CDLL(None).prctl(36, 0, 0, 0, 0)


async def fork(zygote, **variables):
    """Fork a worker without a plan; returns it, and what it wrote to standard error."""
    ours, theirs = socket.socketpair()
    read, written = os.pipe()
    environment = {"SEAMLINE_WORKER": "back.0.1", "SEAMLINE_RUN": "/nowhere", **variables}
    with ours, theirs, os.fdopen(read, "rb") as said:
        try:
            handover = Handover(control=theirs.fileno())
            worker = await zygote.fork(environment, (written, written), handover)
        finally:
            os.close(written)
        return worker, (await asyncio.to_thread(said.read)).decode()


async def test_a_worker_is_a_child_in_a_group_of_its_own_and_lives_as_if_executed(root):
    async with zygote_with(root) as zygote:
        worker, said = await fork(zygote)

        assert os.getpgid(worker.pid) == worker.pid
        assert worker.wait() == 1
        assert "FileNotFoundError" in said  # of its plan: it went all the way to its main
        assert "/nowhere" in said


async def test_workers_are_forked_with_the_libraries_imported_and_the_environment_theirs(root):
    (root / "library.py").write_text("import os\nPID = os.getpid()\n")
    # The plan's directory is read from the environment: what is there is told by the error.
    async with zygote_with(root, "library") as zygote:
        _, first = await fork(zygote, SEAMLINE_RUN="/first")
        _, second = await fork(zygote, SEAMLINE_RUN="/second")

    assert "/first" in first
    assert "/second" in second


THREAD = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
NUMPY = "import os\nos.environ['OPENBLAS_NUM_THREADS'] = '1'\nimport numpy.random"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (THREAD, "started 1 thread(s)"),
        (NUMPY, "random numbers"),
        ("import socket\nKEPT = socket.socketpair()", "opened 2 connection(s)"),
        ("import os\nKEPT = os.pipe()", "opened 2 connection(s) or pipe(s)"),
        ("import subprocess\nKEPT = subprocess.Popen(['sleep', '99'])", "started a process"),
        ("import random\nKEPT = random.Random(7)", "random numbers"),
        ("import selectors\nKEPT = selectors.EpollSelector()", "opened 1 connection(s)"),
        ("import sys\nsys.settrace(lambda *_: None)", "traced"),
        ("1 / 0", "importing library raised ZeroDivisionError"),
        ("import sys\nsys.exit(3)", "importing library raised SystemExit"),
    ],
)
async def test_a_process_that_no_fork_survives_is_not_forked_and_says_why(root, text, reason):
    (root / "library.py").write_text(text)

    async with zygote_with(root, "library") as zygote:
        for _ in range(2):
            with pytest.raises(UnforkableError) as raised:
                await fork(zygote)
            assert reason in str(raised.value)


async def test_what_a_library_started_ends_with_its_zygote(root):
    (root / "library.py").write_text(
        "import subprocess\n"
        "KEPT = subprocess.Popen(['sleep', '99'])\n"
        f"open({str(root / 'pid')!r}, 'w').write(str(KEPT.pid))"
    )

    async with zygote_with(root, "library") as zygote:
        with pytest.raises(UnforkableError):
            await fork(zygote)
        pid = int((root / "pid").read_text())
        zygote.close()
        ended = await asyncio.to_thread(os.waitpid, pid, 0)  # an orphan by now: ours
        assert ended == (pid, signal.SIGKILL)


async def test_a_zygote_that_died_is_told_and_one_that_was_closed_forks_nothing(root):
    (root / "library.py").write_text("import os\nos._exit(1)")
    async with zygote_with(root, "library") as zygote:
        with pytest.raises(UnforkableError, match="has ended"):
            await fork(zygote)

    async with zygote_with(root) as zygote:
        zygote.close()
        with pytest.raises(OSError, match="the run is over"):
            await fork(zygote)


async def test_a_fork_that_is_waited_for_ends_when_its_zygote_is_closed(root):
    fifo = root / "never"
    os.mkfifo(fifo)
    (root / "library.py").write_text(f"open({str(fifo)!r}).read()")
    async with zygote_with(root, "library") as zygote:
        forking = asyncio.create_task(fork(zygote))
        writer = await asyncio.to_thread(fifo.open, "w")  # it imports the library now
        zygote.close()
        writer.close()
        with pytest.raises(OSError, match="the run is over"):
            await asyncio.wait_for(forking, PATIENCE_SECONDS)


async def test_it_says_how_many_libraries_come_before_one_that_starts_a_thread(root):
    (root / "quiet.py").write_text("")
    (root / "busy.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )

    async with zygote_with(root, "quiet", "busy", "json") as zygote:
        assert await zygote.check() == 1
    async with zygote_with(root, "quiet") as zygote:
        assert await zygote.check() is None
        _, said = await fork(zygote)
        assert "/nowhere" in said


async def test_where_one_is_that_hangs_is_written_whole_though_two_ask(root):
    here = root / "here"
    (root / "hangs.py").write_text(
        f"import pathlib, time\npathlib.Path({str(here)!r}).touch()\ntime.sleep(600)\n"
    )
    read, written = os.pipe()
    room = fcntl.fcntl(written, fcntl.F_SETPIPE_SZ, 4096)
    os.write(written, b"x" * room)  # nobody reads yet: whatever is written waits
    async with zygote_with(root, "hangs", output=written) as zygote:
        os.close(written)
        checking = asyncio.create_task(zygote.check())
        await until(here.exists)
        assert catches(zygote.pid, signal.SIGABRT)
        first = asyncio.create_task(zygote.show())
        # Python's fault handler takes itself away before it writes.
        await until(lambda: not catches(zygote.pid, signal.SIGABRT))
        second = asyncio.create_task(zygote.show())
        await asyncio.sleep(0)

        with os.fdopen(read, "rb") as said:
            stack = (await asyncio.to_thread(said.read)).decode()
        await asyncio.gather(first, second, checking)

    assert 'hangs.py", line' in stack


async def until(fact):
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not fact():  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.01)


def catches(pid, number):
    """Whether a process has a handler of its own for a signal."""
    status = Path("/proc", str(pid), "status").read_text()
    mask = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask.split()[1], 16) >> (number - 1) & 1)

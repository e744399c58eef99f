"""From environment to worker: what ``python -m seamline.worker`` does first."""

import faulthandler
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seamline.plan import (
    PLAN_FILE,
    RUN_VARIABLE,
    SECRET_FILE,
    WORKER_VARIABLE,
    Plan,
    from_json,
)
from seamline.seam import child_environment
from seamline.worker.report import FDS_VARIABLE, Identity, take_handover

if TYPE_CHECKING:
    from seamline.worker.loaded import Loaded


def find_own_modules(root: str) -> None:
    """Have modules looked for first where ``python -m`` and ``check`` look."""
    sys.path[0] = root
    source = Path(root, "src")
    if source.is_dir() and str(source) not in sys.path:
        sys.path.insert(1, str(source))


def _prepare_process(root: str, level: str) -> None:
    """Make the process what ``python -m`` would have made it, and its log lines plain."""
    find_own_modules(root)
    faulthandler.enable()  # the supervisor's SIGABRT then leaves every thread's stack behind
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    for name in ("seamline", "uvicorn"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.propagate = False
    logging.getLogger("seamline").setLevel(level.upper())
    # The server's own "started", "finished" lines say what the supervisor already does.
    logging.getLogger("uvicorn").setLevel("WARNING" if level != "debug" else "DEBUG")


def _prepare_children(plan: Plan, identity: Identity) -> None:
    """Let Python processes that this one starts open the same seams."""
    if len(plan.groups) > 1 or plan.layout == "local":
        os.environ.update(child_environment(os.environ, plan, group=identity.group))


def load(log_level: str) -> "Loaded":
    """Load the application of the group that the environment names, to be forked.

    Raises:
        ApplicationError: It cannot be loaded.
    """
    loaded = _prepare(Identity.parse(os.environ[WORKER_VARIABLE]), log_level)
    loaded.load()
    loaded.process.prepare()
    return loaded


def _prepare(identity: Identity, log_level: str) -> "Loaded":
    from seamline.worker.loaded import Loaded

    run_dir = Path(os.environ[RUN_VARIABLE])
    plan = _read_plan()
    _prepare_process(plan.root, log_level)
    _prepare_children(plan, identity)
    return Loaded(plan, identity, (run_dir / SECRET_FILE).read_bytes())


def _read_plan() -> Plan:
    return from_json(Path(os.environ[RUN_VARIABLE], PLAN_FILE).read_bytes())


def main(loaded: "Loaded | None" = None) -> int:
    """Run the worker that the environment describes.

    Args:
        loaded: Its application, if this is a fork of a process that loaded it.
    """
    identity, handover = take_handover(os.environ)
    del os.environ[FDS_VARIABLE]
    if handover.command is not None:
        # Imported here, so that the watcher of a command does not carry an HTTP server.
        from seamline.worker.command import run_command

        plan = _read_plan()
        _prepare_process(plan.root, handover.log_level)
        _prepare_children(plan, identity)
        return run_command(plan, handover)
    if loaded is None:
        loaded = _prepare(identity, handover.log_level)
    else:
        _prepare_children(loaded.plan, identity)
        loaded.process.become(identity, _read_plan())
    from seamline.worker.life import Worker

    return Worker(identity, handover, loaded).run()

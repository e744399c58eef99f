"""From environment to worker: what ``python -m seamline.worker`` does first."""

import faulthandler
import logging
import os
import sys
from pathlib import Path

from seamline.plan import PLAN_FILE, RUN_VARIABLE, SECRET_FILE, Plan, from_json
from seamline.seam import child_environment
from seamline.worker.report import FDS_VARIABLE, Identity, take_handover


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


def main() -> int:
    """Run the worker that the environment describes."""
    identity, handover = take_handover(os.environ)
    del os.environ[FDS_VARIABLE]
    run_dir = Path(os.environ[RUN_VARIABLE])
    plan = from_json((run_dir / PLAN_FILE).read_bytes())
    _prepare_process(plan.root, handover.log_level)
    _prepare_children(plan, identity)
    if handover.command is not None:
        # Imported here, so that the watcher of a command does not carry an HTTP server.
        from seamline.worker.command import run_command

        return run_command(plan, handover)
    from seamline.worker.life import Worker

    secret = (run_dir / SECRET_FILE).read_bytes()
    return Worker(plan, identity, handover, secret).run()

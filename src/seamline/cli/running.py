"""What commands on a live run share: finding it, and following a change of it to its end."""

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from seamline import config
from seamline.cli.arguments import load_config, output_of
from seamline.cli.output import Output, counted
from seamline.errors import ConfigError, NotRunning
from seamline.supervisor import (
    Change,
    DrainRequest,
    NotReloaded,
    Reloaded,
    ReloadRequest,
    ScaleRequest,
    change,
    last_run,
    live_run,
    shown_path,
)


def find_run(args: argparse.Namespace) -> Path:
    """Return the directory of the live run that the command line points at.

    ``seamline.toml`` is not read, and need not be there any more: what runs can be asked and
    stopped whatever became of the file.

    Raises:
        ConfigError: There is no run, and no file that can be used.
        NotRunning: There is no run.
    """
    return _find(args, live_run)


def find_last_run(args: argparse.Namespace) -> Path:
    """Return the directory of the live run, or of one whose supervisor was killed.

    Raises:
        ConfigError, NotRunning: As :func:`find_run`.
    """
    return _find(args, last_run)


def _find(
    args: argparse.Namespace, run_of: Callable[[Path, Mapping[str, str]], Path | None]
) -> Path:
    where = {"directory": args.directory, "file": args.file, "environ": os.environ}
    try:
        found = run_of(config.find_file(**where), os.environ)
    except ConfigError:
        runs = (run_of(place, os.environ) for place in config.places(**where))
        found = next((run for run in runs if run is not None), None)
        if found is None:
            raise
    if found is None:
        try:
            load_config(args)
        except ConfigError:  # most likely why nothing runs
            output_of(args).note("this project is not running, and cannot be started as it is:")
            raise
        raise NotRunning("this project is not running; start it with: seamline run")
    return found


def carry_out(
    args: argparse.Namespace, request: Change, *, noun: str, done: str, kept: str
) -> int:
    """Have a run changed, and say how it goes and what came of it: 0 when it was done.

    Args:
        args: Of the command.
        request: What to do.
        noun: What it is: ``reload``; the document is ``seamline.NOUN/1``.
        done: What happens to an application: ``reloaded``.
        kept: What is said, after a failure, of workers that it did not come to.

    Raises:
        NotRunning: There is no run.
        SeamlineError: It could not be done, or not wholly.
    """
    output = output_of(args)
    run_dir = find_run(args)
    # Once asked for, it happens, and whoever reads the status wants to know how it ended.
    output.outlast()
    try:
        answer = change(run_dir, request, output.note)
    except KeyboardInterrupt:
        output.note(f"the {noun} goes on; how it ends is said in the log of the run")
        raise
    error = answer.error(shown_path) if isinstance(answer, NotReloaded) else None
    key, counts = _counted(request, answer)
    if output.json:
        output.document(
            f"seamline.{noun}/1",
            {
                key: counts,
                "given_up": answer.given_up,
                "killed": answer.killed,
                "error": None if error is None else {"code": error.code, "message": str(error)},
            },
        )
    _warn_of_losses(output, answer)
    if not isinstance(answer, NotReloaded):
        output.note(f"{answer.name} {done}: {_counts(counts)}")
        return 0
    if answer.is_ending:
        kept = "the run is ending"
    shown = (output.verbose and answer.traceback) or answer.excerpt
    if shown:
        output.note(shown.rstrip())
    if isinstance(request, ScaleRequest):
        output.note(f"now {_counts(counts)}; {kept}" if counts else f"nothing was changed; {kept}")
    elif answer.is_begun or isinstance(request, ReloadRequest):
        before = f"{_counts(answer.replaced)} before it failed" if answer.replaced else "nothing"
        output.note(f"replaced: {before}; {kept}")
    else:
        output.note(f"nothing was changed{'; the run is ending' if answer.is_ending else ''}")
    assert error is not None
    raise error


def _counted(request: Change, answer: Reloaded | NotReloaded) -> tuple[str, dict[str, int]]:
    """Return what a change is counted in, as the document calls it, by group."""
    if isinstance(request, ScaleRequest):
        return "workers", answer.workers
    return "ended" if isinstance(request, DrainRequest) else "replaced", answer.replaced


def _warn_of_losses(output: Output, answer: Reloaded | NotReloaded) -> None:
    if answer.given_up:
        output.warning(
            f"requests and calls given up unanswered after graceful_timeout: {answer.given_up}"
        )
    if answer.killed:
        output.warning(f"{counted(answer.killed, 'old worker')} did not leave and was killed")


def _counts(workers: dict[str, int]) -> str:
    return ", ".join(f"{counted(count, 'worker')} of {name}" for name, count in workers.items())

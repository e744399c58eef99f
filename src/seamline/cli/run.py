"""``seamline run``: everything in a layout, one log stream, until it is stopped."""

import argparse
import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from seamline.cli.arguments import load_config, output_of
from seamline.cli.output import Output, counted, is_colored
from seamline.config import LOG_LEVELS, Config, Layout
from seamline.errors import StartError, UsageError
from seamline.interface import Finding, Severity
from seamline.plan import Plan, analyse_project, build, passed_over, run_dir
from seamline.supervisor import (
    Inherited,
    Notifier,
    StatusRequest,
    Store,
    Supervisor,
    Takeover,
    ask,
    live_run,
    supervise,
    without_notices,
    without_passed,
)

#: Codes of errors for which nothing raises while the application runs.
_UNHEARD = frozenset({"shared-state", "import-call"})
#: And of those that end the start where a process comes upon them.
_AT_START = frozenset({"application"})


def add_start_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what every command takes that starts a run."""
    parser.add_argument("--layout", metavar="NAME", help="mono, local, micro or one of the file's")
    parser.add_argument(
        "--bind",
        metavar="ADDRESS",
        help="host:port, unix:/path or fd://3 of the first http service",
    )
    parser.add_argument(
        "--log-level",
        metavar="LEVEL",
        choices=LOG_LEVELS,
        help="least severe of Seamline's own messages in workers",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    add_start_arguments(parser)
    parser.add_argument(
        "--strict", action="store_true", help="start nothing when check would find an error"
    )


def run(args: argparse.Namespace) -> int:
    """Run until stopped: 0 after ``seamline stop`` or SIGTERM, 130 after Ctrl-C.

    Raises:
        UsageError: ``--strict`` was given and there are errors to mend, or a package that keeps
            state was to have several workers.
    """
    output = output_of(args)
    left = Takeover.take(os.environ)
    if left is not None:
        return _take_over(left, args, output)
    config = load_config(args)
    plan = plan_of(config, output, strict=args.strict)
    # Made only now that nothing is refused any more, and checked once it is there: until then
    # another user could have put one of his own in its place.
    make_run_dir(config, output)
    _refuse_second(config, plan)
    return supervise(
        lambda: _supervisor(plan, for_workers(os.environ), config.log_level, args, output)
    )


def make_run_dir(config: Config, output: Output) -> None:
    """Make the run directory, and say where it is if it is not where the user wants such things.

    Raises:
        PlaceError: It cannot be made, or others could put something into it.
    """
    made = run_dir(config, os.environ)
    if why := passed_over(made, os.environ):
        text = f"XDG_RUNTIME_DIR cannot be used: {why}; the run directory is {made}"
        output.note(output.wrap(text, indent="  ", first=""))


def _take_over(left: Takeover, args: argparse.Namespace, output: Output) -> int:
    """Go on with a run that this process began, or only try whether that is possible.

    Raises:
        UsageError: What is configured cannot be used; of a trial alone.
    """
    log_level = left.log_level
    if left.is_trial:
        left.check(plan_of(load_config(args), output, strict=args.strict, pid=left.pid))
        return 0
    # What became wrong since the trial is said by the reload that follows; what runs goes on.
    with contextlib.suppress(UsageError):
        log_level = load_config(args).log_level
    environment = {**for_workers(os.environ), "PYTHONHASHSEED": left.hash_seed}
    return supervise(
        lambda: _supervisor(left.plan, environment, log_level, args, output, left=left)
    )


def _supervisor(
    plan: Plan,
    environment: Mapping[str, str],
    log_level: str,
    args: argparse.Namespace,
    output: Output,
    *,
    left: Takeover | None = None,
) -> Supervisor:
    notifier = Notifier.of(os.environ, os.getpid())
    if left is None:
        stored = Inherited.read(os.environ, os.getpid()).stored
        store = Store.of(os.environ, notifier, passed=stored)
    else:
        store = Store.of(os.environ, notifier, names=left.stored)
    return Supervisor(
        plan,
        environment,
        access_log=not output.quiet,
        log_level=log_level,
        as_json=output.json,
        colored=is_colored(sys.stdout, args.color, os.environ),
        verbose=output.verbose > 0,
        weigh=lambda group, workers: _weigh(load_config(args), group, workers),
        replan=lambda: plan_of(load_config(args), output, strict=args.strict),
        notifier=notifier,
        store=store,
        left=left,
    )


def _refuse_second(config: Config, plan: Plan) -> None:
    """Refuse to start where a run of the file lives in another directory: its name was another.

    Raises:
        StartError: There is one.
    """
    live = live_run(config.root / config.file.name, os.environ)
    if live is not None and live != Path(plan.run_dir):
        running = ask(live, StatusRequest())
        raise StartError(
            f"this project is running already, as {running.name} and pid {running.pid}; "
            "end that run first with: seamline stop"
        )


def for_workers(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what a service manager told the supervisor alone."""
    return without_notices(without_passed(environ))


def plan_of(
    config: Config,
    output: Output,
    *,
    strict: bool,
    pid: int | None = None,
    is_alone: bool = False,
) -> Plan:
    """Return what is to run, as file and code say now. Raises as :func:`run`.

    Args:
        config: What the file says.
        output: Where warnings go.
        strict: Whether an error of ``check`` is one.
        pid: Of the process that will run it; None for this one.
        is_alone: Whether each group will get one worker, whatever the file says.
    """
    analysis = analyse_project(config, config.layout)
    plan = build(
        config, analysis, layout=config.layout, run_dir=run_dir(config, os.environ, create=False)
    )
    if not any(service.http or service.command for service in config.services):
        output.warning(
            "no service is http or a command, so nothing calls what is started; add "
            '[services.web] with http = "module:app" (tests need none: pytest '
            "--seamline-layout micro)",
            code="config",
        )
    errors = [one for one in analysis.findings if one.severity is Severity.ERROR]
    # In one group nothing crosses a process boundary, so nothing of this can happen.
    if len(plan.groups) > 1 or plan.layout == "local":
        if is_alone:
            for finding in errors:
                if finding.code == "many-workers":
                    output.note(f"one worker here: {finding.message}, and `run` refuses that")
            errors = [finding for finding in errors if finding.code != "many-workers"]
        _refuse_workers(errors)
        _warn(output, errors)
        if strict and errors:
            raise UsageError(
                f"{counted(len(errors), 'error')} found, and --strict starts nothing then",
                remedy="see them whole with: seamline check",
            )
    return Inherited.read(os.environ, pid or os.getpid()).assign(plan)


def _weigh(config: Config, group: str, workers: int) -> None:
    """Raise when state that is one thing in one process would be several in so many workers.

    Raises:
        UsageError: What ``seamline check`` says of it.
    """
    layout = config.layout_named(config.layout)
    if group not in {one.name for one in layout.groups}:
        return  # of a layout that is not in the file any more
    groups = tuple(
        msgspec.structs.replace(one, workers=workers) if one.name == group else one
        for one in layout.groups
    )
    # No name of the file's begins so.
    scaled = Layout(f"-{layout.name}", groups)
    config = msgspec.structs.replace(config, layouts=(scaled,))
    services = next(one.services for one in groups if one.name == group)
    found = analyse_project(config, scaled.name).findings
    _refuse_workers([finding for finding in found if finding.service in services])


def _refuse_workers(errors: list[Finding]) -> None:
    """Raise when each of several workers would have state of its own. See :func:`_weigh`."""
    for finding in errors:
        if finding.code == "many-workers":
            raise UsageError(
                finding.message, file=finding.file, line=finding.line, remedy=finding.remedy
            )


def _warn(output: Output, errors: list[Finding]) -> None:
    for finding in errors:
        where = f"{finding.file}:{finding.line}: " if finding.file else ""
        output.warning(f"{where}{finding.message}", code=finding.code)
    unheard = sorted({finding.code for finding in errors} & _UNHEARD)
    if unheard:
        output.note(
            f"{' and '.join(unheard)}: answers differ from those of one process, and nothing "
            "raises; see: seamline check"
        )
    if any(finding.code not in _UNHEARD | _AT_START for finding in errors):
        output.note("calls of what else is named raise when they are made; see: seamline check")

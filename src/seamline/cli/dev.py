"""``seamline dev``: run for development; what a changed file concerns is reloaded at once."""

import argparse
import os
import sys

from seamline.cli.arguments import load_config, output_of
from seamline.cli.output import is_colored
from seamline.cli.run import add_start_arguments, for_workers, make_run_dir, plan_of
from seamline.config import Config
from seamline.errors import UsageError
from seamline.plan import Plan, lock_path
from seamline.supervisor import (
    Development,
    Supervisor,
    can_watch,
    configuration_of,
    for_development,
    has_terminal,
    supervise,
    watch_files,
    with_debugger,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own options."""
    add_start_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run until stopped: 0 after ``seamline stop`` or SIGTERM, 130 after Ctrl-C.

    Raises:
        UsageError: What watches files is not installed, or nothing can be started.
    """
    if not can_watch():
        raise UsageError(
            "seamline dev needs the package watchfiles, which is not installed",
            remedy=f"{sys.executable} -m pip install 'seamline[dev]'",
        )
    output = output_of(args)
    config = load_config(args)
    plan = _plan(config, args)
    make_run_dir(config, output)
    return supervise(
        lambda: Supervisor(
            plan,
            with_debugger(for_workers(os.environ)),
            access_log=not output.quiet,
            log_level=config.log_level,
            as_json=output.json,
            colored=is_colored(sys.stdout, args.color, os.environ),
            verbose=output.verbose > 0,
            replan=lambda: _plan(load_config(args), args),
            development=Development(
                watch_files,
                configuration_of(config.file, lock_path(config)),
                output.error_text,
            ),
        )
    )


def _plan(config: Config, args: argparse.Namespace) -> Plan:
    return for_development(
        plan_of(config, output_of(args), strict=False, is_alone=True), is_patient=has_terminal()
    )

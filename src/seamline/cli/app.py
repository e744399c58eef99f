"""Map the command line to commands, and errors to exit statuses."""

import argparse
import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

from seamline import config
from seamline.cli.arguments import SHORT_HELP, help_text, parse, version_text
from seamline.cli.output import Output, forget
from seamline.errors import ConfigError, InternalError, SeamlineError

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# What a shell shows for a program that the kernel ended because nobody reads its output.
PIPE_CLOSED: Final = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments after the program's name; the process's own when ``None``.

    Returns:
        The exit status: 0 done or yes, 1 the answer is no, 2 unusable input, 3 not
        running, 4 failed, 70 a bug in Seamline. Ctrl-C is left to the caller.
    """
    _open_streams()
    argv = sys.argv[1:] if argv is None else argv
    output = _output(argparse.Namespace(json=False, quiet=False, verbose=0, color="auto"))
    try:
        args = parse(argv)
        output = _output(args)
        if args.command is None and not args.help and not args.version:
            args = _default_command(args, argv)
        args.output = output
        return _run(args, output)
    except SeamlineError as exc:
        return _failed(output, exc)
    except SystemExit as exc:  # argparse has printed a command's help
        return exc.code if isinstance(exc.code, int) else 0
    except BrokenPipeError:
        forget(sys.stdout)
        return PIPE_CLOSED
    except Exception as exc:  # noqa: BLE001 - the outermost frame
        return _failed(output, _explained(exc))


_BUG: Final = (
    "this is a bug in Seamline; please report it with\n"
    "  the lines above, the command, and the output of: seamline --version"
)


def _explained(error: Exception) -> SeamlineError:
    """Return what to say of an error that no command expected: mostly a bug of ours."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        where = f" {error.filename}" if error.filename else ""
        return SeamlineError(f"cannot write{where}: {error.strerror}")
    with contextlib.suppress(OSError):  # said again by whoever says the error itself
        traceback.print_exception(error)
    return InternalError(_BUG)


def _failed(output: Output, error: SeamlineError) -> int:
    """Say what failed, where that can be written at all; return the exit status."""
    for stream, say in ((sys.stderr, lambda: output.error(error)), (sys.stdout, sys.stdout.flush)):
        try:
            say()
        except OSError:
            forget(stream)
    return error.exit_status


def _open_streams() -> None:
    """Let a standard stream that was closed behave as one that nobody reads."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def _run(args: argparse.Namespace, output: Output) -> int:
    if args.help:
        output.data(help_text().rstrip())
        return 0
    if args.version:
        output.data(version_text())
        return 0
    if args.command is None:
        output.data(SHORT_HELP.rstrip())
        return 0
    status: int = args.execute(args)
    return status


def _default_command(args: argparse.Namespace, argv: Sequence[str]) -> argparse.Namespace:
    """Return what ``seamline`` alone means: ``status`` where there is a project."""
    try:
        config.find_file(directory=args.directory, file=args.file, environ=os.environ)
    except ConfigError:
        if args.directory or args.file:
            raise
        return args
    return parse([*argv, "status"])


def _output(args: argparse.Namespace) -> Output:
    return Output(
        sys.stdout,
        sys.stderr,
        environ=os.environ,
        json=args.json,
        quiet=args.quiet,
        verbose=args.verbose,
        color=args.color,
    )

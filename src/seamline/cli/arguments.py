"""The command line: which commands there are, and the options that all of them take."""

import argparse
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn, Protocol, cast

from seamline import __version__, config
from seamline.cli.output import Output
from seamline.config import Config
from seamline.errors import UsageError


class Command(Protocol):
    """What the module of a command holds."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's own options."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it, and return the exit status."""


#: Title of a section of the help, and its commands: name, then one line about it.
SECTIONS: Final = (
    ("Before anything runs", (
        ("init", "look at a project and write seamline.toml, services proposed"),
        ("check", "what each seam would be: functions, verdicts and hazards"),
        ("learn", "run a command, the application whole, and record what crosses"),
        ("explain", "the whole story of one function's verdict, or of an error's code"),
    )),
    ("Running", (
        ("dev", "run everything, and reload just the groups that a change concerns"),
        ("run", "start everything in a layout; one log stream; Ctrl-C stops all"),
        ("status", "groups, workers and their state"),
        ("ps", "every process: what it does and what it takes, live on a terminal"),
        ("logs", "what workers and the supervisor printed"),
        ("reload", "replace workers by new ones, without losing a request"),
        ("restart", "end workers, then start new ones; requests wait meanwhile"),
        ("drain", "let workers finish and leave; requests wait for a restart"),
        ("scale", "give groups other numbers of workers, without losing a request"),
        ("stop", "drain and stop"),
    )),
    ("Your shell", (
        ("completion", "print a completion script for bash, zsh or fish"),
    )),
)  # fmt: skip
#: Commands that run another one, which stands behind ``--`` and is nobody's but theirs.
_RUNS_ANOTHER: Final = ("learn",)
#: Commands whose ``-f`` is ``--follow``, as everywhere else; the file is ``--file`` behind them.
FOLLOWS: Final = ("logs",)
COMMANDS: Final = {name: line for _, commands in SECTIONS for name, line in commands}

_HELP: Final = """\
usage: seamline [OPTIONS] COMMAND ...

Run a Python application as one process or as many services, split at its own
package boundaries, without a change to its code. The split is data: it stands
in seamline.toml and can be moved, measured and undone.

{commands}

Options, before or after the command:
  -C DIR               look for seamline.toml in DIR instead of here and above
  -f, --file FILE      read FILE                                  SEAMLINE_FILE
      --json           print one JSON document (`run`: log lines as JSON)
  -q, --quiet          leave notices out
  -v, --verbose        say more; show the traceback behind an error
      --color WHEN     auto, always or never              NO_COLOR, FORCE_COLOR
  -h, --help           this text, or that of a command
      --version        print the version

Exit status:
  0 done, the answer is yes     1 the answer is no      2 unusable input
  3 not running                 4 failed                70 a bug in Seamline
  130 Ctrl-C
"""

SHORT_HELP: Final = """\
Seamline runs a Python application as one process or as many services.
There is no seamline.toml here or above, which names the services.
  seamline init         look at the project here and write one
  seamline --help       the commands
  seamline -C DIR ...   look in another directory
"""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises instead of leaving."""

    def error(self, message: str) -> NoReturn:
        """Raise a usage error with the command to type for help."""
        raise UsageError(message, remedy=f"see: {self.prog} --help")


def help_text() -> str:
    """Return the text of ``seamline --help``."""
    parts = []
    for title, commands in SECTIONS:
        lines = "\n".join(f"  {name:<12}{line}" for name, line in commands)
        parts.append(f"{title}:\n{lines}")
    return _HELP.format(commands="\n\n".join(parts))


def version_text() -> str:
    """Return the text of ``seamline --version``."""
    return f"seamline {__version__}"


def load_command(name: str) -> Command:
    """Import the module of one command: the others' dependencies stay unloaded.

    Raises:
        UsageError: There is no such command.
    """
    if name not in COMMANDS:
        raise UsageError(
            f"there is no command {name!r}", remedy=config.suggest(name, COMMANDS, "commands are")
        )
    return cast("Command", importlib.import_module(f"seamline.cli.{name}"))


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line. ``args.command`` is ``None`` when no command was named.

    Raises:
        UsageError: It cannot be understood.
        SystemExit: The help of a command was asked for and printed.
    """
    first = Parser(prog="seamline", add_help=False, allow_abbrev=False)
    _add_shared(first, "-f", suppress=False)
    first.add_argument("-h", "--help", action="store_true")
    first.add_argument("--version", action="store_true")
    first.add_argument("command", nargs="?")
    first.add_argument("rest", nargs=argparse.REMAINDER)
    own, behind = _split(argv)
    args = first.parse_args(own)
    args.behind = behind
    if args.command is None or args.help or args.version:
        return args
    module = load_command(args.command)
    second = command_parser(args.command, module)
    args.execute = module.run
    return second.parse_args(args.rest, namespace=args)


def _split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the arguments before and behind ``--``, for a command that runs another one."""
    every = list(argv)
    if "--" not in every:
        return every, []
    place = every.index("--")
    if not set(_RUNS_ANOTHER).intersection(every[:place]):
        return every, []
    return every[:place], every[place + 1 :]


def command_parser(name: str, module: Command) -> Parser:
    """Return the parser of one command, with the options that all commands take."""
    parser = Parser(
        prog=f"seamline {name}",
        description=f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}.",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    shared = parser.add_argument_group("options of every command")
    _add_shared(shared, *(() if name in FOLLOWS else ("-f",)), suppress=True)
    shared.add_argument("--version", action="version", version=version_text(), help="the version")
    return parser


def load_config(args: argparse.Namespace) -> Config:
    """Return the configuration that the command line points at.

    ``--layout`` and ``--bind`` count where the command has them.

    Raises:
        ConfigError: There is no file, or it cannot be used.
    """
    file = config.find_file(directory=args.directory, file=args.file, environ=os.environ)
    level = getattr(args, "log_level", None)
    level = level or ("debug" if args.verbose else "error" if args.quiet else None)
    return config.load(
        file,
        environ=os.environ,
        overrides={
            "layout": getattr(args, "layout", None),
            "bind": getattr(args, "bind", None),
            "log_level": level,
        },
    )


def output_of(args: argparse.Namespace) -> Output:
    """Return the streams of a command, as :func:`seamline.cli.main` made them."""
    return cast("Output", args.output)


def _add_shared(
    parser: "argparse.ArgumentParser | argparse._ArgumentGroup", *file: str, suppress: bool
) -> None:
    """Declare the options of every command; *file* are other words for ``--file``.

    The second of the two parsers must not put its defaults over what the first one read.
    """

    def default(value: object) -> object:
        return argparse.SUPPRESS if suppress else value

    parser.add_argument(
        "-C", dest="directory", metavar="DIR", type=Path, default=default(None),
        help="look for seamline.toml in DIR instead of here and above",
    )  # fmt: skip
    parser.add_argument(
        *file, "--file", metavar="FILE", type=Path, default=default(None), help="read FILE"
    )
    parser.add_argument(
        "--json", action="store_true", default=default(False), help="print JSON for programs"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", default=default(False), help="leave notices out"
    )
    parser.add_argument("-v", "--verbose", action="count", default=default(0), help="say more")
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default=default("auto"),
        help="when to colour (auto: on a terminal)",
    )  # fmt: skip

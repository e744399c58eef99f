"""seamline.cli.main: options of every command, exit statuses, what goes to which stream."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import seamline.cli.arguments
from seamline import __version__
from seamline.cli.arguments import COMMANDS
from seamline.errors import NotRunning, StartError

WEB = {"seamline.toml": '[services.web]\nhttp = "shop.web:app"\n'}


@pytest.fixture
def command(monkeypatch):
    """Put a function in the place of what ``stop`` does."""

    class Command:
        seen = None

        def __init__(self, action):
            self.action = action

        def add_arguments(self, parser):
            parser.add_argument("--now", action="store_true")

        def run(self, args):
            self.seen = args
            return self.action(args)

    def install(action):
        made = Command(action)
        monkeypatch.setattr(seamline.cli.arguments, "load_command", lambda name: made)
        return made

    return install


def raising(error):
    def action(args):
        raise error

    return action


def test_help_names_every_command_and_fits_the_terminal(seamline):
    ran = seamline("--help")

    assert ran.status == 0
    assert all(f"\n  {name} " in ran.out for name in COMMANDS)
    assert max(map(len, ran.out.splitlines())) < 80
    assert ran.err == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_own_help(seamline, name):
    ran = seamline(name, "--help")

    assert ran.status == 0
    assert f"usage: seamline {name}" in ran.out
    assert "--color" in ran.out


def test_version_is_printed(seamline):
    assert seamline("--version").out == f"seamline {__version__}\n"


def test_version_is_printed_after_a_command_too(seamline):
    assert seamline("run", "--version").out == f"seamline {__version__}\n"


def test_alone_without_a_project_prints_short_help(seamline, project):
    project({})

    ran = seamline()

    assert ran.status == 0
    assert len(ran.out.splitlines()) <= 5
    assert "seamline --help" in ran.out


def test_alone_in_a_project_asks_for_its_status(seamline, project):
    project(WEB)

    ran = seamline()

    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith("error [not-running]  ")


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(("-C", "here", "--json", "-vv", "stop"), id="before"),
        pytest.param(("stop", "-C", "here", "--json", "-vv"), id="after"),
        pytest.param(("-C", "here", "stop", "--json", "-vv"), id="both"),
    ],
)
def test_shared_options_stand_before_or_after_the_command(seamline, command, argv):
    stop = command(lambda args: 0)

    assert seamline(*argv).status == 0
    assert (str(stop.seen.directory), stop.seen.json, stop.seen.verbose) == ("here", True, 2)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("chek",), "there is no command 'chek'\n  fix  did you mean \"check\"?"),
        (("stop", "--nwo"), "unrecognized arguments: --nwo\n  fix  see: seamline stop --help"),
        (("stop", "--timeout", "soon"), "--timeout: soon is no number of seconds from 0 on"),
        (("--color", "blue", "stop"), "invalid choice: 'blue'"),
        (("-C", "nowhere", "status"), "there is no directory nowhere"),
        (
            ("-f", "nothing.toml", "status"),
            "there is no file nothing.toml\n  fix  name one with -f FILE, or let one be written",
        ),
        (("-f", "..", "status"), "there is no seamline.toml in ..\n  fix  name one with -f FILE"),
    ],
)
def test_what_cannot_be_understood_exits_2(seamline, project, argv, message):
    project(WEB)

    ran = seamline(*argv)

    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotRunning("shop is not running"), 3, "not-running"),
        (StartError("worker web.0 ended with status 1"), 4, "start"),
    ],
)
def test_error_becomes_its_exit_status_and_names_its_code(seamline, command, error, status, code):
    command(raising(error))

    ran = seamline("stop")

    assert (ran.status, ran.out) == (status, "")
    assert ran.err == f"error [{code}]  {error}\n"


def test_exit_status_is_what_the_command_returns(seamline, command):
    command(lambda args: 1)

    assert seamline("stop").status == 1


def test_unexpected_exception_is_our_bug_with_its_traceback(seamline, command):
    command(raising(ZeroDivisionError("what")))

    ran = seamline("-q", "stop")

    assert ran.status == 70
    assert "ZeroDivisionError: what" in ran.err
    assert "this is a bug in Seamline" in ran.err


def test_ctrl_c_exits_130_and_says_nothing(seamline, command):
    command(raising(KeyboardInterrupt()))

    ran = seamline("stop")

    assert (ran.status, ran.out, ran.err) == (130, "", "")


def test_error_in_the_file_shows_the_line_with_carets_and_the_suggestion(seamline, project):
    project({"seamline.toml": '[services.web]\nhttp = "shop.web:app"\nbnid = "a:1"\n'})

    ran = seamline("status")

    assert ran.status == 2
    assert ran.err == (
        "this project is not running, and cannot be started as it is:\n"
        "error [config]  seamline.toml:3: unknown key 'bnid' in [services.web]\n"
        '  2 | http = "shop.web:app"\n'
        '  3 | bnid = "a:1"\n'
        '    | ^^^^ did you mean "bind"?\n'
    )


def test_remedy_that_does_not_fit_behind_the_carets_has_its_own_line(seamline, project):
    project({"seamline.toml": f'[services.web]\nhttp = "shop.{"x" * 50}"\n'})

    lines = seamline("status").err.splitlines()

    assert lines[-2].endswith("^^^^^^^^^^")
    assert lines[-1] == '  fix  write it like "shop.web:create_app()"'


def seamline_process(*argv, **options):
    return subprocess.run(
        [sys.executable, "-m", "seamline", *argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        **options,
    )


@pytest.mark.processes
def test_real_process_exits_with_the_status_and_keeps_the_streams_apart(project):
    directory = project(WEB)

    ran = seamline_process("-C", str(directory), "status", "--json")

    assert (ran.returncode, ran.stdout) == (3, "")
    assert "[not-running]" in ran.stderr


@pytest.mark.processes
def test_reader_that_leaves_early_sees_no_traceback():
    reading, writing = os.pipe()
    os.close(reading)

    ran = subprocess.run(
        [sys.executable, "-m", "seamline", "explain", "not-sendable"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=30,
    )
    os.close(writing)

    assert (ran.returncode, ran.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.processes
def test_terminal_without_utf_8_gets_plain_marks():
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}

    ran = seamline_process("explain", "nothing-like-thés", env=environ)

    assert ran.returncode == 2
    assert ran.stderr.isascii()


@pytest.mark.processes
@pytest.mark.parametrize("module", ["msgspec", "argparse", "seamline.config", "seamline.cli.app"])
def test_ctrl_c_while_a_command_is_loaded_exits_130_and_says_nothing(module: str) -> None:
    code = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from seamline.cli import main\n"
        "sys.exit(main(['check']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


@pytest.mark.processes
def test_parsing_loads_neither_a_server_nor_other_commands():
    code = (
        "import sys; from seamline.cli import main; main(['--help']);"
        "print([name for name in ('uvicorn', 'a2wsgi', 'seamline.cli.run') "
        "if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )

    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_standard_stream_is_one_that_nobody_reads(closed: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m seamline --version {closed}', sys.executable],
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_a_full_device_for_output_is_said_and_no_bug_of_ours() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "seamline", "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 4
    assert done.stderr.strip() == "error [seamline]  cannot write: No space left on device"


def test_an_error_that_cannot_be_said_keeps_its_status(tmp_path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "seamline", "-C", str(tmp_path / "none"), "check"],
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
        )

    assert done.returncode == 2

"""``breakpoint()`` in a worker of ``seamline dev``: a prompt at the terminal it was started in."""

import contextlib
import fcntl
import os
import pty
import re
import signal
import subprocess
import termios
import threading
import urllib.request

import pytest
from tests.processes.conftest import PATIENCE_SECONDS, SEAMLINE

pytestmark = pytest.mark.processes


class Terminal:
    """A terminal with ``seamline dev`` in it, and what is on its screen."""

    def __init__(self, project, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [SEAMLINE, "-C", str(project.root), "dev", "--bind", "127.0.0.1:0", *arguments],
            env={**project.environment, "TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self.modes = termios.tcgetattr(theirs)
        self._theirs = theirs
        self.screen = self.page = ""
        self._grown = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._ours, 4096)
            except OSError:
                return
            with self._grown:
                self.screen += data.decode().replace("\r\n", "\n")
                self._grown.notify_all()

    def wait_for(self, pattern: str, *, after: int = 0) -> re.Match[str]:
        """Wait until the screen shows it, after that many characters."""
        with self._grown:
            self._grown.wait_for(lambda: re.search(pattern, self.screen[after:]), PATIENCE_SECONDS)
            found = re.search(pattern, self.screen[after:])
        assert found, f"no {pattern!r} on:\n{self.screen}"
        return found

    def type(self, text: str) -> int:
        """Type it; returns how much was on the screen before."""
        with self._grown:
            before = len(self.screen)
        os.write(self._ours, text.encode())
        return before

    def ask(self, url: str) -> threading.Thread:
        """Ask for a page, whose answer goes into ``page``."""

        def get() -> None:
            with (
                contextlib.suppress(OSError),  # nobody answers what the developer ended
                urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer,
            ):
                self.page = answer.read().decode()

        thread = threading.Thread(target=get, daemon=True)
        thread.start()
        return thread

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self._theirs)
        os.close(self._ours)


@pytest.fixture
def terminal(plainflask):
    """Return what starts ``seamline dev`` in a terminal of its own."""
    started = []

    def start(*arguments: str) -> Terminal:
        made = Terminal(plainflask, *arguments)
        started.append(made)
        return made

    yield start
    for one in started:
        one.end()


def stop_in(project, name: str, line: str) -> None:
    """Put a breakpoint before a line of the application."""
    file = project.root / "plainflask" / name
    text = file.read_text()
    assert line in text
    file.write_text(text.replace(line, f"breakpoint()\n    {line}"))


@pytest.mark.parametrize(
    ("layout", "worker"), [("mono", "app.0"), ("local", "app.0"), ("micro", "stock.0")]
)
def test_prompt_stops_the_log_and_the_page_comes_after_it(
    plainflask, terminal, layout, worker
) -> None:
    stop_in(plainflask, "stock.py", "return _left[name]\n\n\ndef take")
    screen = terminal("--layout", layout)
    url = screen.wait_for(r"(http://\S+)")[1]
    screen.wait_for("Ctrl-C finishes")

    asking = screen.ask(f"{url}/items/tea")
    screen.wait_for(rf"\({worker} pdb\) $")
    at = screen.type("name\n")
    screen.wait_for(rf"'tea'\n\({worker} pdb\) $", after=at)
    at = screen.type("_left['tea'] = 77\n")
    screen.wait_for(rf"\({worker} pdb\) $", after=at)
    screen.type("c\n")
    asking.join(PATIENCE_SECONDS)

    assert '"left":77' in screen.page
    screen.wait_for(r"GET /items/tea")
    screen.process.send_signal(signal.SIGTERM)
    assert screen.process.wait(PATIENCE_SECONDS) == 0


def test_ctrl_c_at_the_prompt_ends_everything_and_gives_the_terminal_back(
    plainflask, terminal, eventually
) -> None:
    stop_in(plainflask, "stock.py", "return _left[name]\n\n\ndef take")
    screen = terminal("--layout", "micro")
    url = screen.wait_for(r"(http://\S+)")[1]
    screen.wait_for("Ctrl-C finishes")
    screen.ask(f"{url}/items/tea")
    screen.wait_for(r"\(stock.0 pdb\) $")

    screen.type("\x03")

    assert screen.process.wait(PATIENCE_SECONDS) == 130
    eventually(lambda: not plainflask.processes(), "the end of every process")
    assert plainflask.leftovers() == []
    assert termios.tcgetattr(screen._theirs)[3] == screen.modes[3]


def test_worker_at_the_prompt_is_waited_for_when_its_code_changes(
    plainflask, terminal, eventually
) -> None:
    stop_in(plainflask, "stock.py", "return _left[name]\n\n\ndef take")
    screen = terminal("--layout", "micro")
    url = screen.wait_for(r"(http://\S+)")[1]
    screen.wait_for("Ctrl-C finishes")
    asking = screen.ask(f"{url}/items/tea")
    screen.wait_for(r"\(stock.0 pdb\) $")
    before = plainflask.processes()

    file = plainflask.root / "plainflask" / "stock.py"
    file.write_text(file.read_text().replace("breakpoint()", "pass"))
    eventually(lambda: len(plainflask.processes() - before) >= 2, "successors of both groups")
    at = screen.type("1 + 41\n")
    screen.wait_for(r"42\n\(stock.0 pdb\) $", after=at)
    screen.type("c\n")
    asking.join(PATIENCE_SECONDS)

    assert '"left":10' in screen.page
    screen.wait_for(r"reloaded: .*plainflask/stock.py changed")


def test_without_a_terminal_it_is_passed_over_and_said(plainflask) -> None:
    stop_in(plainflask, "stock.py", "return _left[name]\n\n\ndef take")
    run = plainflask.start("--layout", "micro", command="dev").ready()

    assert '"left":10' in run.get("/items/tea")[1]

    run.out.wait_for(
        r"stock.0\[\d+\] \| breakpoint\(\) at .*plainflask/stock.py:\d+ is passed over: "
        "seamline dev was not started in a terminal"
    )
    assert run.stop() == 0

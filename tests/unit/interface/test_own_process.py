"""Functions that ask for what only the process is or has that they run in."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

HEAD = """\
import argparse, hashlib, logging, os, pathlib, resource, signal, sys, threading, time
import click, psutil
from sys import modules as loaded
STATUS = "/proc/self/status"; OF_GROUPS = pathlib.Path("/proc/self/cgroup")
LOG = logging.getLogger()
def number(): return os.getpid()
"""
ASKS = {
    "its number": "return os.getpid()",
    "its number, kept": "pid = os.getpid()\n    open('pid', 'w').write(str(pid))",
    "its number, compared with what a file says": "return os.getpid() == int(open(STATUS).read())",
    "its number, printed into a file": "print(os.getpid(), file=open('pid', 'w'))",
    "its number, through another": "return number()",
    "a signal": "os.kill(os.getpid(), 15)",
    "a signal to any": "os.kill(int(open('pid').read()), 15)",
    "its end": "os._exit(1)",
    "its priority": "os.nice(5)",
    "an alarm": "signal.alarm(5)",
    "a module": "return 'wave' in sys.modules",
    "a module by another name": "return loaded.get('wave')",
    "the module that was started": "return sys.modules['__main__'].__spec__",
    "its modules": "return [one for one in sys.modules]",
    "its threads": "return threading.enumerate()",
    "its memory": "return resource.getrusage(0).ru_maxrss",
    "its time": "return time.process_time()",
    "its file": "return open('/proc/self/status').read()",
    "its file, named above": "return pathlib.Path(STATUS).read_text()",
    "its file, as a path": "return OF_GROUPS.read_text()",
    "its process": "return psutil.Process().name()",
    "its arguments": "return sys.argv[1:]",
    "its arguments, parsed": "return argparse.ArgumentParser().parse_args()",
    "its classes": "return [one.__name__ for one in Exception.__subclasses__()]",
    "its input": "return sys.stdin.readline()",
    "its input, asked for": "return input('sure? ')",
    "its input, by a library": "return click.confirm('sure?')",
}
ASKS_NOTHING = {
    "its own module": "return sys.modules[__name__]",
    "the module of what it is given": "return sys.modules.get(key.__module__)",
    "a module that it puts there": "sys.modules['x'] = key\n    return [key]",
    "what it logs": "LOG.info('in %s', os.getpid())",
    "what it prints": "print(os.getpid())",
    "how long it took": "t = time.process_time()\n    time.sleep(1)\n    t -= time.process_time()",
    "other arguments": "return argparse.ArgumentParser().parse_args([key]).x",
    "another process": "return psutil.Process(key).name()",
    "another file": "return open(f'/proc/{key}/status').read()",
    "what it writes": "sys.stdout.write('x')",
}


def _files(does: str, more: str = "") -> dict[str, str]:
    source = f"{HEAD}{more}def ask(key):\n    hashlib.md5(b'x')\n    {does}\n"
    return {"lib.py": source, "web.py": "import lib\ndef page():\n    return lib.ask(1)\n"}


@pytest.mark.parametrize("does", ASKS.values(), ids=ASKS)
def test_what_asks_for_its_process_stays_with_its_caller(read: Read, does: str) -> None:
    reading = read(_files(does), "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.ask") == "local"


@pytest.mark.parametrize("does", ASKS_NOTHING.values(), ids=ASKS_NOTHING)
def test_what_is_the_same_in_every_process_is_no_question(read: Read, does: str) -> None:
    reading = read(_files(does), "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.ask") == "remote"


def test_the_reason_says_what_is_asked_and_where(read: Read) -> None:
    reading = read(_files("return number()"), "lib", entry_modules={"web": "web"})

    assert reading.functions["lib.ask"].reason == (
        "uses os.getpid(), the number of its process (lib.py:6), where its caller means its own, "
        "and touches no state of the host"
    )


def test_what_needs_its_host_runs_there_and_may_ask_for_its_number(read: Read) -> None:
    files = _files("SEEN.append(key)\n    return os.getpid()", "SEEN = []\n")

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.ask") == "remote"
    assert reading.findings("state-elsewhere") == []


@pytest.mark.parametrize(
    "does",
    ["return sys.argv", "return input()", "os.kill(os.getpid(), 1)", "return 'x' in sys.modules"],
)
def test_check_tells_what_needs_its_host_and_its_callers_process(read: Read, does: str) -> None:
    files = _files(f"SEEN.append(key)\n    {does}", "SEEN = []\n")

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.ask") == "remote"
    assert reading.findings("state-elsewhere") == [("warning", "lib.py", 8)]


def test_the_end_of_a_process_that_a_host_has_started_is_its_own_matter(read: Read) -> None:
    files = _files("SEEN.append(key)\n    os.killpg(os.getpgid(key), 15)", "SEEN = []\n")

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.ask") == "remote"
    assert reading.findings("state-elsewhere") == []


@pytest.mark.parametrize("number", ["os.getpid()", "number()"])
def test_what_calls_a_host_that_asks_does_not_ask_itself(read: Read, number: str) -> None:
    lib = "import os, hashlib\nSEEN = []\ndef number(): return os.getpid()\n"
    lib += f"def ask():\n    SEEN.append(1)\n    return {number}\n"
    files = {
        "lib.py": lib,
        "jobs.py": "import lib, hashlib\ndef run():\n    hashlib.md5(b'x')\n    lib.ask()\n",
        "web.py": "import jobs\ndef page():\n    jobs.run()\n",
    }

    stays = {**files, "lib.py": lib.replace("SEEN.append(1)", "hashlib.md5(b'x')")}

    assert read(files, "lib", "jobs").verdict("jobs.run") == "remote"
    assert read(stays, "lib", "jobs").verdict("jobs.run") == "local"


@pytest.mark.parametrize(
    "compares",
    [
        "if self.pid != os.getpid(): self.pid = os.getpid()",
        "url, pid = '', os.getpid()\n        if self.pool[:1] != (pid,): self.pool = (pid, url)",
        "url, pid = self.pool\n        if pid == os.getpid(): self.pool = None",
        "if KEPT != os.getpid(): self.pool = None",
    ],
)
def test_an_object_that_notices_forks_asks_nothing_for_its_caller(
    read: Read, compares: str
) -> None:
    more = f"KEPT = os.getpid()\nclass Pool:\n    def get(self):\n        {compares}\n"

    reading = read(_files("return Pool().get()", more), "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.ask") == "remote"


def test_a_limit_of_the_process_is_set_for_the_caller(read: Read) -> None:
    setting = "resource.setrlimit(resource.RLIMIT_NOFILE, (key, key))"

    reading = read(_files(setting), "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.ask") == "local"

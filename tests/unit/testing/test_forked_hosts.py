"""seamline.testing: hosts share the import of libraries, and nothing of the application."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

# A module with this in it tells which processes import it.
_NOTE = (
    "import os\n"
    "with open(os.environ['NOTES'] + '/' + __name__, 'a') as notes:\n"
    "    notes.write(f'{os.getpid()}\\n')\n"
)


@pytest.fixture
def libraries(suite, tmp_path_factory) -> Path:
    """A directory outside of the project that modules are imported from."""
    found: Path = tmp_path_factory.mktemp("libraries")
    suite.environment["PYTHONPATH"] = str(found)
    return found


@pytest.fixture
def importers(suite, libraries) -> Callable[[str], list[str]]:
    """Have the shop's packages import libraries; returns a function: who imported a module."""
    suite.environment["NOTES"] = str(libraries)
    (libraries / "shared.py").write_text(_NOTE)
    (libraries / "lonely.py").write_text(_NOTE)
    for name, imports in (("stock", "shared"), ("orders", "shared, lonely")):
        module = suite.root / f"shop/{name}.py"
        module.write_text(f"import {imports}\n{module.read_text()}\n{_NOTE}")
    return lambda module: (libraries / module).read_text().split()


def test_libraries_of_all_hosts_are_imported_once_for_them_and_nothing_else_is(suite, importers):
    suite.tests("def test_it(): assert orders.place('tea', 1) == 9")

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text
    # Each is imported by the process of the tests as well.
    assert len(set(importers("shared"))) == 2  # once for both hosts
    assert len(set(importers("lonely"))) == 2  # only by the host that needs it
    assert len(set(importers("shop.orders"))) == 2
    assert len(set(importers("shop.stock"))) == 3  # by its host, and by that of its caller
    forked = set(importers("shop.stock")) - set(importers("shared"))
    assert set(importers("lonely")) <= {*importers("shop.orders")}
    assert len(forked) == 2


def test_hosts_are_executed_where_a_library_cannot_be_forked(suite, libraries):
    (libraries / "busy.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    )
    for name in ("stock", "orders"):
        module = suite.root / f"shop/{name}.py"
        module.write_text(f"import busy\n{module.read_text()}")
    suite.tests("def test_it(): assert orders.place('tea', 1) == 9")

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert outcome.calls("orders") == 1


def test_a_test_process_that_is_killed_while_hosts_start_leaves_none_behind(suite, libraries):
    fifo = libraries / "never"
    os.mkfifo(fifo)
    (libraries / "hanging.py").write_text(f"open({str(fifo)!r}).read()")
    module = suite.root / "shop/stock.py"
    module.write_text(f"{module.read_text()}\nimport hanging")
    suite.write("tests/test_it.py", "def test_it(): pass")

    running = suite.start("--seamline-layout", "micro")
    with fifo.open("w"):  # opened once a process imports the library
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        suite.wait_until_nothing_runs()


def test_a_supervisor_that_is_killed_while_a_library_hangs_leaves_nothing(suite, libraries):
    fifo = libraries / "never"
    os.mkfifo(fifo)
    (libraries / "hanging.py").write_text(f"open({str(fifo)!r}).read()")
    for name in ("stock", "orders"):
        module = suite.root / f"shop/{name}.py"
        module.write_text(f"import hanging\n{module.read_text()}")
    suite.write("tests/test_it.py", "def test_it(): pass")

    running = suite.start("--seamline-layout", "micro")
    with fifo.open("w"):  # opened once the zygote imports the library
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        (supervisor,) = map(int, children)
        os.kill(supervisor, signal.SIGKILL)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        suite.wait_until_nothing_runs()


def test_a_library_that_hangs_is_told_with_the_line(suite, libraries):
    fifo = libraries / "never"
    os.mkfifo(fifo)
    (libraries / "hanging.py").write_text(f"open({str(fifo)!r}).read()")
    module = suite.root / "shop/stock.py"
    module.write_text(f"{module.read_text()}\nimport hanging")
    suite.write(
        "seamline.toml", f"startup_timeout = 6\n{(suite.root / 'seamline.toml').read_text()}"
    )
    suite.write("tests/test_it.py", "def test_it(): pass")

    outcome = suite.run("micro")

    assert outcome.status == 4, outcome.text
    assert "not ready after 6 s" in outcome.text
    assert 'hanging.py", line 1' in outcome.text


def test_what_conftest_changes_of_the_process_itself_reaches_hosts(suite):
    suite.write(
        "tests/conftest.py",
        "import os, resource, sys\n"
        "os.umask(0o027)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))\n"
        "sys.path.insert(0, 'libs')\n",
    )
    module = suite.root / "shop/stock.py"
    module.write_text(
        f"{module.read_text()}\n"
        "def surroundings():\n"
        "    import common, os, posix\n    from resource import RLIMIT_NOFILE, getrlimit\n"
        "    mask = os.umask(0)\n"
        "    os.umask(mask)\n"
        "    return posix.getpid(), common.__file__, mask, getrlimit(RLIMIT_NOFILE)\n"
    )
    suite.write("libs/common.py", "")
    suite.tests(
        """
        import os

        def test_it():
            pid, *found = stock.surroundings()
            assert pid != os.getpid()
            assert found == [os.path.abspath("libs/common.py"), 0o027, (300, 300)]
        """
    )

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text


@pytest.mark.parametrize("wanted", [(), ("--no-such-option",)])
def test_a_child_that_conftest_forks_holds_up_no_end(suite, wanted):
    suite.write(
        "tests/conftest.py",
        "import os, time\n"
        "os.environ['COLOUR'] = 'red'\n"  # another environment than the one before it
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    for number in range(3):\n"
        "        os.close(number)\n"
        "    open('child', 'w').write(str(os.getpid()))\n"
        "    time.sleep(3600)\n",
    )
    suite.tests(
        """
        def test_it():
            assert stock.variable("COLOUR") == "red"
            assert orders.place("tea", 1) == 9
        """
    )

    running = suite.start("--seamline-layout", "micro", "-s", *wanted)
    try:
        text, _ = running.communicate(timeout=50)
        assert running.returncode == (4 if wanted else 0), text
    finally:
        os.kill(int((suite.root / "child").read_text()), signal.SIGKILL)
    suite.wait_until_nothing_runs()

"""seamline.testing: the ways in which people type pytest, stop it, and run it twice."""

import os
import signal
import time

import pytest

pytestmark = pytest.mark.processes

THREE = """
    import os, pathlib

    def test_first():
        assert stock.left("tea") == 10

    def test_second():
        assert stock.left("tea") == (10 if pathlib.Path("mended").exists() else 0)

    def test_third():
        assert stock.take("tea") == 9
"""


def test_the_first_failure_stops_and_only_the_last_failed_run_again(suite):
    suite.tests(THREE)

    stopped = suite.run("micro", "-x")
    (suite.root / "mended").touch()
    again = suite.run("micro", "--lf")

    assert stopped.counts == {"passed": 1, "failed": 1}, stopped.text
    assert stopped.calls("stock") == 2
    assert "no test made a call" not in stopped.text
    assert (again.status, again.counts["passed"]) == (0, 1), again.text
    assert again.calls("stock") == 1


def test_no_process_is_started_to_list_the_tests(suite):
    suite.tests(THREE)
    stock = suite.root / "shop/stock.py"
    mark = (
        "import pathlib, sys\n"
        "if 'seamline.worker.life' in sys.modules: pathlib.Path('hosted').touch()\n"
    )
    stock.write_text(mark + stock.read_text())

    listed = suite.run("micro", "--collect-only", "-q")
    before = (suite.root / "hosted").exists()
    ran = suite.run("micro", "-k", "first")

    assert "test_shop.py::test_third" in listed.text
    assert (listed.status, before) == (0, False)
    assert (ran.status, (suite.root / "hosted").exists()) == (0, True), ran.text


def test_without_the_plugin_the_option_is_refused_and_the_suite_runs_whole(suite):
    suite.tests("import os\ndef test_it(): assert stock.process() == os.getpid()")

    refused = suite.run("micro", "-p", "no:seamline")
    whole = suite.run(None, "-p", "no:seamline")

    assert (refused.status, whole.status) == (4, 0), refused.text + whole.text
    assert "unrecognized arguments: --seamline-layout" in refused.text


SLOW = """
    import pathlib, threading
    import seamline

    def test_waiting():
        stock.wait("{gate}")

    def test_after():
        assert stock.left("tea") == 10
"""


@pytest.fixture
def waiting(suite):
    """A shop whose stock can be waited for, in a call that says in which process it runs."""
    with (suite.root / "shop/stock.py").open("a") as file:
        file.write(
            "\n\ndef wait(name):\n"
            "    import pathlib, time\n"
            "    pathlib.Path(name + '.tmp').write_text(str(os.getpid() + 0 * len(STOCK)))\n"
            "    os.replace(name + '.tmp', name)\n"
            "    while pathlib.Path(name).exists():\n"
            "        time.sleep(0.01)\n"
        )
    return suite


def host_that_waits(suite, name):
    """Return the process in which a call waits, once it does."""
    deadline = time.monotonic() + 50
    while not (suite.root / name).exists():
        assert time.monotonic() < deadline, "the call never began"
        time.sleep(0.02)
    return int((suite.root / name).read_text())


def test_ctrl_c_in_the_middle_of_a_call_leaves_no_process(waiting):
    waiting.tests(SLOW.format(gate="gate"))

    process = waiting.start("--seamline-layout", "micro")
    host_that_waits(waiting, "gate")
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=50)

    assert process.returncode == 2, text
    assert "KeyboardInterrupt" in text
    waiting.wait_until_nothing_runs()


def test_a_host_that_is_killed_in_a_call_fails_that_test_alone(waiting):
    waiting.tests(SLOW.format(gate="gate"))

    process = waiting.start("--seamline-layout", "micro", "tests/test_shop.py")
    os.kill(host_that_waits(waiting, "gate"), signal.SIGKILL)
    text, _ = process.communicate(timeout=50)

    assert process.returncode == 1, text
    assert "1 failed, 1 passed" in text
    assert "OutcomeUnknown: shop.stock.wait was sent and the connection was lost" in text
    waiting.wait_until_nothing_runs()


def test_two_sessions_of_one_project_have_hosts_of_their_own(waiting):
    waiting.tests(SLOW.format(gate="one"), "tests/test_one.py")
    waiting.tests(SLOW.format(gate="two"), "tests/test_two.py")

    first = waiting.start("--seamline-layout", "micro", "tests/test_one.py")
    second = waiting.start("--seamline-layout", "micro", "tests/test_two.py")
    hosts = {host_that_waits(waiting, "one"), host_that_waits(waiting, "two")}
    for name in ("one", "two"):
        (waiting.root / name).unlink()
    texts = [process.communicate(timeout=50)[0] for process in (first, second)]

    assert len(hosts) == 2
    assert [first.returncode, second.returncode] == [0, 0], texts
    waiting.wait_until_nothing_runs()


def test_collecting_only_says_that_there_is_no_such_layout(suite):
    outcome = suite.run("nano", "--collect-only")

    assert outcome.status == 4, outcome.text
    assert "nano" in outcome.text
    assert "[config]" in outcome.text

"""No rule can be lost in silence: with any one of them off, tests of it fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.mutations.switch import LAW, MUTATIONS

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
# Loading all that is installed takes longer than the tests.
PLUGINS = ("seamline.testing.plugin", "pytest_timeout", "anyio.pytest_plugin")


@pytest.mark.parametrize("rule", MUTATIONS)
def test_a_test_fails_without(rule: str, tmp_path: Path) -> None:
    one = MUTATIONS[rule]
    chosen = ["-k", one.chosen] if one.chosen else []
    layout = ["--seamline-layout=local"] if rule in LAW else []

    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
            *(f"-p{plugin}" for plugin in PLUGINS),
            *(f"tests/{one.tests}", *chosen, *layout),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "SEAMLINE_MUTATION": rule,
            # Not by its dotted name: suites that tests start have a `tests` of their own.
            "PYTEST_PLUGINS": "switch",
            # This tree, whichever is installed.
            "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent), str(ROOT / "src"))),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            # What is read from source is another thing without the rule: it must not be kept.
            "XDG_CACHE_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stdout[-2000:] + done.stderr
    assert " failed" in done.stdout
    assert "INTERNALERROR" not in done.stdout

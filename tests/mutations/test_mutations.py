"""No rule can be lost in silence: with any one of them off, tests of the law fail."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
SWITCH = ast.parse(Path(__file__).with_name("switch.py").read_text())
RULES = next(
    [key.value for key in node.value.keys]
    for node in SWITCH.body
    if isinstance(node, ast.AnnAssign) and node.target.id == "MUTATIONS"
)


@pytest.mark.parametrize("rule", RULES)
def test_the_law_s_own_suite_fails_without(rule: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.mutations.switch"),
            *("-p", "no:cacheprovider", "tests/semantics", "--seamline-layout=local"),
        ],
        cwd=ROOT,
        # What is read from source is another thing without the rule: it must not be kept.
        env={**os.environ, "SEAMLINE_MUTATION": rule, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stdout[-2000:] + done.stderr
    assert " failed" in done.stdout
    assert "INTERNALERROR" not in done.stdout

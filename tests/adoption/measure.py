"""Run an application's own test suite whole and split, and say in one line what differs.

    python tests/adoption/measure.py tests/adoption/NAME CHECKOUT PYTHON

CHECKOUT is a checkout of the application, PYTHON an interpreter in which its suite already
runs and Seamline is installed. The file ``seamline.toml`` of NAME is put into the checkout
for as long as it takes. Exit status: 0 when every test has the same outcome and the verdicts
are those expected, 1 when not, 2 when it could not be measured.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

# What a test's element may hold besides its output; none of them: it passed.
_OUTCOMES = ("failure", "error", "skipped")


class Run(NamedTuple):
    """One run of the suite: the outcome of each test, and the seconds that it took."""

    outcomes: dict[str, str]
    seconds: float

    @property
    def passed(self) -> int:
        """Return how many tests passed."""
        return sum(outcome == "passed" for outcome in self.outcomes.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one application; return the exit status."""
    given = _parse(arguments)
    expected = tomllib.loads(Path(given.application, "expected.toml").read_text())
    revision = _git_revision(given.checkout)
    if not revision.startswith(expected["revision"]):
        _say(f"the checkout is at {revision or 'no revision'}, not at {expected['revision']}")
    try:
        with _configured(given), tempfile.TemporaryDirectory() as directory:
            return _measure(given, expected, Path(directory))
    except (OSError, subprocess.SubprocessError, ET.ParseError, ValueError) as error:
        _say(f"not measured: {error}")
        return 2


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("application", type=Path, help="a directory beside this script")
    parser.add_argument("checkout", type=Path, help="of the application")
    parser.add_argument("python", type=Path, help="an interpreter its suite runs in")
    parser.add_argument(
        "--rounds", type=int, default=1, choices=range(1, 100), metavar="N",
        help="run it whole and split in turn, N times; seconds are medians (default: 1)",
    )  # fmt: skip
    return parser.parse_args(arguments)


def _measure(given: argparse.Namespace, expected: dict[str, Any], directory: Path) -> int:
    verdicts = _verdicts(given)
    report = directory / "report.json"
    rounds = []
    for number in range(given.rounds):
        whole = _run(given, expected, directory / f"whole-{number}.xml")
        split = _run(
            given, expected, directory / f"split-{number}.xml",
            "--seamline-layout=micro", f"--seamline-report={report}",
        )  # fmt: skip
        rounds.append((whole, split))
    seen = json.loads(report.read_text())
    print(_line(expected, rounds, seen))
    differing = {
        name: (outcome, split.outcomes.get(name, "not run"))
        for whole, split in rounds
        for name, outcome in whole.outcomes.items()
        if split.outcomes.get(name) != outcome
    }
    for name, outcome in sorted(differing.items()):
        _say(f"{name}: {outcome[0]} whole, {outcome[1]} split")
    for test, reasons in seen["local"].items():
        _say(f"{test}: local, {', '.join(sorted({reason['cause'] for reason in reasons}))}")
    if verdicts != expected["verdicts"]:
        _say(f"verdicts are {verdicts}, not {expected['verdicts']}")
    return int(bool(differing) or verdicts != expected["verdicts"])


def _line(expected: dict[str, Any], rounds: list[tuple[Run, Run]], seen: dict[str, Any]) -> str:
    causes = Counter(
        cause
        for reasons in seen["local"].values()
        for cause in {reason["cause"] for reason in reasons}
    )
    why = ", ".join(f"{count} {cause}" for cause, count in causes.most_common())
    calls = sum(service["total"] for service in seen["calls"].values())
    whole, split = rounds[-1]
    seconds = statistics.median(one.seconds for one, _ in rounds)
    ratio = statistics.median(one.seconds for _, one in rounds) / seconds
    ratios = sorted(split.seconds / whole.seconds for whole, split in rounds)
    spread = f", {ratios[0]:.2f} to {ratios[-1]:.2f}" if len(rounds) > 1 else ""
    return (
        f"{expected['name']} {expected['revision']}: {whole.passed} passed whole, "
        f"{split.passed} split, {len(seen['local'])} local{f' ({why})' if why else ''}, "
        f"{len(seen['refused_functions'])} refused functions, {calls} calls, "
        f"{ratio:.2f}x of {seconds:.1f} s{spread}"
    )


@contextlib.contextmanager
def _configured(given: argparse.Namespace) -> Iterator[None]:
    """Keep the application's ``seamline.toml`` in the checkout."""
    target = given.checkout / "seamline.toml"
    with target.open("x") as file:  # never over somebody's own
        file.write(Path(given.application, "seamline.toml").read_text())
    try:
        yield
    finally:
        target.unlink(missing_ok=True)


def _verdicts(given: argparse.Namespace) -> dict[str, int]:
    """Return how many public functions have each verdict."""
    done = _started(given, "-m", "seamline", "check", "--layout", "micro", "--json")
    services = json.loads(done.stdout)["services"]
    counted = Counter(
        function["verdict"] for service in services for function in service.get("functions", ())
    )
    return {verdict: counted[verdict] for verdict in ("remote", "local", "refused")}


def _run(given: argparse.Namespace, expected: dict[str, Any], xml: Path, *options: str) -> Run:
    began = time.monotonic()
    done = _started(given, "-m", "pytest", "-q", *expected["tests"], f"--junitxml={xml}", *options)
    seconds = time.monotonic() - began
    outcomes = _outcomes(xml) if xml.is_file() else {}
    if "passed" not in outcomes.values():  # nothing to compare, whatever pytest calls it
        raise ValueError(f"no test passed ({options or 'whole'}):\n{done.stdout}{done.stderr}")
    return Run(outcomes, seconds)


def _started(given: argparse.Namespace, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [given.python.absolute(), *arguments],
        cwd=given.checkout,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


def _outcomes(xml: Path) -> dict[str, str]:
    """Return the outcome of each test; one that is reported twice has its worse one."""
    found: dict[str, str] = {}
    for case in ET.parse(xml).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        outcome = next((kind for kind in _OUTCOMES if case.find(kind) is not None), "passed")
        if found.get(name, "passed") == "passed":
            found[name] = outcome
    return found


def _git_revision(checkout: Path) -> str:
    done = subprocess.run(
        ["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

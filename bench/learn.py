"""``./run bench learn``: what ``seamline learn`` adds to the time of a test suite.

Each suite is run alone and observed, in turns, and compared by the medians of the rounds. CPU
seconds of all processes are compared, because other work on the machine does not change them.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SEAMLINE = str(Path(sys.executable).with_name("seamline"))
#: Directory of each application, with what its suite is.
SUITES = {
    "longrun": (ROOT / "examples" / "longrun", "tests"),
    "fastapi_shop": (ROOT / "tests" / "apps" / "fastapi_shop", "tests"),
    "depot": (ROOT / "tests" / "apps" / "depot", "tests"),
}
# Many calls of one trivial function: what a single observed call costs.
_CALLS = 100_000
_TRIVIAL = f"""
import time
from depot import stock
start = time.process_time()
for _ in range({_CALLS}):
    stock.left("nails")
print((time.process_time() - start) / {_CALLS} * 1e6)
"""


class Cost(NamedTuple):
    """CPU and wall seconds of a command with all its children."""

    cpu: float
    wall: float


def cost(command: list[str], directory: Path) -> Cost:
    """Run a command to its end. Raises CalledProcessError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = process.stdout.read()  # type: ignore[union-attr]
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - started)


def measure(name: str, rounds: int) -> dict[str, Cost]:
    """Return the medians of one suite: alone, learned, and learning from a command of nothing."""
    source, tests = SUITES[name]
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    learn = [SEAMLINE, "learn", "--"]
    variants = {
        "alone": [*pytest, tests],
        "learned": [*learn, *pytest, tests],
        "nothing": [*learn, sys.executable, "-c", "pass"],
    }
    visits: dict[str, list[Cost]] = {variant: [] for variant in variants}
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / name
        shutil.copytree(source, copy)
        for _ in range(rounds):
            for variant, command in variants.items():
                visits[variant].append(cost(command, copy))
                (copy / "seamline.lock").unlink(missing_ok=True)
    return {
        variant: Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))
        for variant, costs in visits.items()
    }


def one_call() -> tuple[float, float]:
    """Return the CPU microseconds of a trivial call, alone and observed."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "depot"
        shutil.copytree(SUITES["depot"][0], copy)
        shown = [
            float(subprocess.check_output([*before, sys.executable, "-c", _TRIVIAL], cwd=copy))
            for before in ([], [SEAMLINE, "-q", "learn", "--"])
        ]
    return shown[0], shown[1]


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="./run bench learn", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="visits to each variant (3)")
    parser.add_argument("--only", choices=SUITES, action="append", help="a suite")
    args = parser.parse_args()
    print("| suite | alone, CPU s | observed, CPU s | slowdown | reading and writing, CPU s |")
    print("|---|---:|---:|---:|---:|")
    for name in args.only or SUITES:
        found = measure(name, args.rounds)
        alone, nothing = found["alone"].cpu, found["nothing"].cpu
        observed = found["learned"].cpu - nothing
        print(
            f"| {name} | {alone:.2f} | {observed:.2f} | {observed / alone - 1:+.0%} | "
            f"{nothing:.2f} |",
            flush=True,
        )
    alone, observed = one_call()
    print(f"\nA trivial call: {alone:.2f} µs alone, {observed:.2f} µs observed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

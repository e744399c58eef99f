"""``./run bench hosts``: how long the hosts of a test session take, beside an import.

In turns, each in a new process: importing every package that has a host, one after another, in
one process; and from the beginning of a session until all of its hosts are ready. Wall seconds,
because the cores of the machine are part of the answer.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from seamline.config import load

ROOT = Path(__file__).parents[1]
_IMPORT = """
import sys, time
sys.path[:0] = [".", "src"]
started = time.perf_counter()
import importlib
for name in {packages!r}:
    importlib.import_module(name)
print(time.perf_counter() - started)
"""
_SESSION = """
import time
started = time.perf_counter()
import os
from pathlib import Path
from seamline.testing.spawning import spawn
spawned = spawn()  # as early as the plugin of pytest does
from seamline.config import load
from seamline.testing.session import SplitSession
session = SplitSession(load(Path({file!r}), environ=os.environ), {layout!r}, spawned=spawned)
try:
    session.start()
    session.wait_ready()
    print(time.perf_counter() - started)
finally:
    session.stop()
"""


def seconds(python: str, program: str, directory: Path) -> float:
    """Run a program that prints how long it took. Raises CalledProcessError when it fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    # Where applications run their bytecode is kept; without it most of this is compiling.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [python, "-c", program]
    return float(subprocess.check_output(command, cwd=directory, env=environment, text=True))


def main() -> int:
    """Measure and print a line for each project."""
    parser = argparse.ArgumentParser(prog="./run bench hosts", description=__doc__)
    parser.add_argument("projects", nargs="*", type=Path, help="directories of seamline.toml")
    parser.add_argument("--python", default=sys.executable, help="interpreter that imports them")
    parser.add_argument("--layout", default="micro", help="layout of the session (micro)")
    parser.add_argument("--rounds", type=int, default=5, help="visits to each variant (5)")
    args = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {args.rounds} rounds"
    )
    print("| project | hosts | import, s | hosts ready, s | ratio |")
    print("|---|---:|---:|---:|---:|")
    for project in args.projects or [ROOT / "examples" / "longrun"]:
        print(_row(project, args.python, args.layout, args.rounds), flush=True)
    return 0


def _row(project: Path, python: str, layout: str, rounds: int) -> str:
    file = project.resolve() / "seamline.toml"
    config = load(file, environ=os.environ)
    packages = [service.package for service in config.packages]
    programs = (
        _IMPORT.format(packages=packages),
        _SESSION.format(file=str(file), layout=layout),
    )
    visits = [
        [seconds(python, program, project) for program in programs]
        for _ in range(rounds + 1)  # the first compiles, and reads the source
    ][1:]
    imported, ready = (statistics.median(found) for found in zip(*visits, strict=True))
    hosts = sum(
        bool(set(group.services) & {one.name for one in config.packages})
        for group in config.layout_named(layout).groups
    )
    return (
        f"| {file.parent.name} | {hosts} | {imported:.2f} | {ready:.2f} | {ready / imported:.2f} |"
    )


if __name__ == "__main__":
    sys.exit(main())

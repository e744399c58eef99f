"""``./run bench saves``: from saving a file to the first answer of the new code.

A copy of longrun runs under ``seamline dev``. In turns: importing it and making the application,
in a new process; and saving a file and asking until what it says is answered. Wall seconds,
because the cores of the machine are part of the answer.
"""

import argparse
import http.client
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
_IMPORT = """
import time
started = time.perf_counter()
import longrun.web
longrun.web.create_app()
print(time.perf_counter() - started)
"""
_PROBE = """

def bench_probe() -> str:
    import os
    return f"{number} {{os.getpid()}}"
"""
_ROUTE = """    from longrun import reports

    app.add_url_rule("/bench-probe", "bench_probe", reports.bench_probe)
    app.add_url_rule("/bench-number", "bench_number", lambda: "{number}")
    return app
"""
# A developer looks at the page before the next save; what is prepared meanwhile is ready then.
_PAUSE_SECONDS = 4.0
_PATIENCE_SECONDS = 60.0


class Copy:
    """A copy of longrun whose pages say which save they are of."""

    def __init__(self, root: Path) -> None:
        self.root = root / "longrun"
        shutil.copytree(ROOT / "examples" / "longrun", self.root)
        self._web = self.root / "longrun" / "web" / "app.py"
        self._reports = self.root / "longrun" / "reports" / "__init__.py"
        self._sources = {file: file.read_text() for file in (self._web, self._reports)}
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("SEAMLINE_") and name != "PYTHONDONTWRITEBYTECODE"
        } | {
            "XDG_RUNTIME_DIR": str(root),
            "LONGRUN_INSTANCE": str(root / "instance"),
            "PYTHONPATH": str(ROOT / "src"),
        }
        self.save_web(0)
        self.save_reports(0)

    def save_web(self, number: int) -> None:
        """Save a module of the http service, which is in no package service."""
        text = self._sources[self._web]
        self._web.write_text(text.replace("    return app\n", _ROUTE.format(number=number), 1))

    def save_reports(self, number: int) -> None:
        """Save a module of a package service."""
        probe = _PROBE.format(number=number)
        self._reports.write_text(self._sources[self._reports] + probe)

    def imported(self) -> float:
        """Return the seconds that importing and making the application takes."""
        command = [sys.executable, "-c", _IMPORT]
        return float(
            subprocess.check_output(command, cwd=self.root, env=self.environment, text=True)
        )

    @contextmanager
    def running(self, layout: str) -> Iterator[int]:
        """Run it, and yield the port of its pages."""
        command = [sys.executable, "-m", "seamline", "-C", str(self.root), "dev"]
        process = subprocess.Popen(
            [*command, "--layout", layout, "--bind", "127.0.0.1:0", "-q"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            for line in process.stderr or ():
                if "http://127.0.0.1:" in line:
                    yield int(line.partition("127.0.0.1:")[2].split()[0])
                    return
            raise RuntimeError("longrun did not start")
        finally:
            process.terminate()
            process.communicate()


def answer(port: int, path: str) -> str:
    """Return the first word of a page, on a new connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode().partition(" ")[0]
    finally:
        connection.close()


def until(port: int, path: str, number: int) -> float:
    """Ask until a page says that number; return how long that took."""
    started = time.perf_counter()
    while answer(port, path) != str(number):
        if time.perf_counter() - started > _PATIENCE_SECONDS:
            raise RuntimeError(f"{path} never said {number}")
        time.sleep(0.005)
    return time.perf_counter() - started


def visits(copy: Copy, layout: str, rounds: int) -> list[tuple[float, float, float]]:
    """Return for each round the import, the save of the pages and that of a package."""
    found = []
    with copy.running(layout) as port:
        for number in range(1, rounds + 2):
            time.sleep(_PAUSE_SECONDS)
            imported = copy.imported()
            copy.save_web(number)
            web = until(port, "/bench-number", number)
            time.sleep(_PAUSE_SECONDS)
            copy.save_reports(number)
            found.append((imported, web, until(port, "/bench-probe", number)))
    return found[1:]  # the first saves of groups that nothing is prepared for yet


def main() -> int:
    """Measure and print a line for each layout."""
    parser = argparse.ArgumentParser(prog="./run bench saves", description=__doc__)
    parser.add_argument("--layouts", nargs="*", default=["mono", "micro"])
    parser.add_argument("--rounds", type=int, default=5, help="saves of each kind (5)")
    args = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {args.rounds} saves")
    print("| layout | import, s | page saved, s | package saved, s |")
    print("|---|---:|---:|---:|")
    for layout in args.layouts:
        with tempfile.TemporaryDirectory(prefix="sl") as directory:
            found = visits(Copy(Path(directory)), layout, args.rounds)
        row = " | ".join(f"{statistics.median(one):.2f}" for one in zip(*found, strict=True))
        print(f"| {layout} | {row} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

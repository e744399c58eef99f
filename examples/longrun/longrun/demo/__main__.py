"""`python -m longrun.demo`: fill the log of the demo account."""

import sys
from pathlib import Path

from longrun import db
from longrun.demo.fill import fill


def _say(so_far: str) -> None:
    # One line that is written over; a log file would get seventy.
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{so_far:<40}")
        sys.stderr.flush()


if __name__ == "__main__":
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else db.instance_dir() / "demo"
    told = fill(directory, say=_say)
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{'':<40}\r")
    sys.stdout.write(f"{told}\n")

"""`python -m longrun.demo`: fill the log of the demo account."""

import sys
from pathlib import Path

from longrun import db
from longrun.demo.fill import fill

if __name__ == "__main__":
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else db.instance_dir() / "demo"
    # One line that is written over; a log file would get seventy.
    say = (lambda so_far: sys.stderr.write(f"\r{so_far:<40}\r")) if sys.stderr.isatty() else None
    sys.stdout.write(f"{fill(directory, say=say)}\n")

"""A year of made-up runs: the same files every time, imported the way a user's upload is.

Run it with `flask --app longrun.web demo`, or `python -m longrun.demo`.
"""

from longrun.demo.fill import EMAIL, PASSWORD, fill, write_files
from longrun.demo.fitwriter import write_fit
from longrun.demo.runs import make_runs

__all__ = ["EMAIL", "PASSWORD", "fill", "make_runs", "write_files", "write_fit"]

"""Work that takes longer than a page: imports, and what is due at its time.

The tables say what is to be done: whoever stops, and however, the next one goes on from there.
`python -m longrun.work` calls `step` and the others again and again.
"""

from longrun.jobs.imports import imports, progress, start_import, step
from longrun.jobs.mails import monthly_reports, remind_workouts

__all__ = [
    "imports", "monthly_reports", "progress", "remind_workouts", "start_import", "step",
]  # fmt: skip

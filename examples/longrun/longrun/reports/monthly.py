"""The month of a runner as a PDF."""

from collections.abc import Sequence
from datetime import date
from longrun.model import Activity, Period, Report, Runner


def monthly_pdf(
    runner: Runner, month: date, period: Period, prev: Period, runs: Sequence[Activity]
) -> Report:
    """TODO."""
    raise NotImplementedError

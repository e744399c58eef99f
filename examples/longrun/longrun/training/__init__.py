"""Races that everybody sees, and each runner's plan towards them. Owns those tables.

Days are the runner's. A day belongs to the plan for the first race ahead that was entered by then.
"""

from longrun.training.daniels import paces, predict, strongest, vdot
from longrun.training.ics import ics
from longrun.training.planning import make_plan
from longrun.training.service import (
    add_race,
    calendar_key,
    enter,
    entered,
    leave,
    match,
    plan,
    race,
    races,
    schedule,
    withdraw,
)  # fmt: skip

__all__ = [
    "add_race", "calendar_key", "enter", "entered", "ics", "leave", "make_plan", "match", "paces",
    "plan", "predict", "race", "races", "schedule", "strongest", "vdot",
    "withdraw",
]  # fmt: skip

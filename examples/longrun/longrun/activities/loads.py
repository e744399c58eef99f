"""What training does to a body: the load of an activity, then fitness, fatigue and form. Pure.

The load is Banister's training impulse, minutes weighted by how hard the heart worked (Morton,
Fitz-Clarke and Banister, "Modeling human performance in running", J. Appl. Physiol. 69, 1990).
Fitness and fatigue are its means over 42 and 7 days, weighted exponentially, and form is the
difference of yesterday (Allen and Coggan, "Training and Racing with a Power Meter").
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from longrun.model import Activity, Fitness, Runner, Sport

FITNESS_DAYS: Final = 42
FATIGUE_DAYS: Final = 7
# After a year a day's share of the mean is a six-thousandth.
WARM_UP_DAYS: Final = 365
# Where no heart was recorded its work is told by the pace: at the speed of one's best 10 km, or
# this one, it uses 85 % of what lies between rest and its highest rate, and less in proportion.
THRESHOLD_M: Final = 10_000.0
THRESHOLD_M_PER_S: Final = 3.0
_THRESHOLD_EFFORT: Final = 0.85
# Riding and swimming have other speeds: they count as moderate.
_OTHER_EFFORT: Final = 0.5
_REST_HR: Final = 60
_BANISTER_A, _BANISTER_B = 0.64, 1.92


def load(run: Activity, runner: Runner, threshold_m_per_s: float) -> float:
    """Return the load of one activity, or of a row with its columns."""
    if run.avg_hr and runner.max_hr:
        rest_hr = runner.rest_hr or _REST_HR
        effort = (run.avg_hr - rest_hr) / (runner.max_hr - rest_hr)
    elif run.sport in {Sport.RUN, Sport.WALK} and run.moving_s > 0:
        effort = _THRESHOLD_EFFORT * run.distance_m / run.moving_s / threshold_m_per_s
    else:
        effort = _OTHER_EFFORT
    effort = min(max(effort, 0.0), 1.0)
    return run.moving_s / 60 * effort * _BANISTER_A * math.exp(_BANISTER_B * effort)


def curve(loads: Mapping[date, float], start: date, end: date) -> Iterator[Fitness]:
    """Yield each day from `start`, when fitness and fatigue were nothing, up to without `end`."""
    ctl = atl = 0.0
    for number in range((end - start).days):
        day = start + timedelta(days=number)
        today, form = loads.get(day, 0.0), ctl - atl
        ctl += (today - ctl) / FITNESS_DAYS
        atl += (today - atl) / FATIGUE_DAYS
        yield Fitness(day, today, ctl, atl, form)

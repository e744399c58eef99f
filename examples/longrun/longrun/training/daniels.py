"""What a race says of a runner: VDOT, other races, training paces. Pure.

The two equations are those of J. Daniels and J. Gilbert, "Oxygen Power" (1979); the shares of VDOT
to train at are those of "Daniels' Running Formula".
"""

from collections.abc import Sequence
from math import exp, sqrt
from typing import Final

from longrun.model import Best, Paces

_MARATHON_M: Final = 42_195.0
# A best of a minute or two says little of how somebody runs for an hour.
_TELLING_M: Final = 3000.0


def vdot(best: Best) -> float:
    """Return the oxygen a runner seems able to use, in ml for each kg and minute."""
    return _vdot(best.distance_m, best.seconds)


def predict(best: Best, distance_m: float) -> float:
    """Return the seconds that somebody with this best effort needs for another distance."""
    return seconds_for(vdot(best), distance_m)


def seconds_for(level: float, distance_m: float) -> float:
    """Return how long a runner of this VDOT races over a distance."""
    low, high = distance_m / 12, distance_m / 0.5
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _vdot(distance_m, middle) > level else (low, middle)
    return high


def strongest(bests: Sequence[Best]) -> Best | None:
    """Return the effort that tells most: of the longer ones, the one with the highest VDOT."""
    return max(bests, key=lambda best: (best.distance_m >= _TELLING_M, vdot(best)), default=None)


def paces(vdot: float) -> Paces:
    """Return the paces to train at."""
    marathon = seconds_for(vdot, _MARATHON_M) / _MARATHON_M * 1000
    easy = (_pace(0.70 * vdot), _pace(0.60 * vdot))
    return Paces(easy, marathon, _pace(0.88 * vdot), _pace(0.975 * vdot), _pace(1.07 * vdot))


def _vdot(distance_m: float, seconds: float) -> float:
    minutes = seconds / 60
    speed = distance_m / minutes
    cost = -4.60 + 0.182258 * speed + 0.000104 * speed**2
    share = 0.8 + 0.1894393 * exp(-0.012778 * minutes) + 0.2989558 * exp(-0.1932605 * minutes)
    return cost / share


def _pace(oxygen: float) -> float:
    # The first equation solved for the speed, in metres a minute.
    root = sqrt(0.182258**2 + 4 * 0.000104 * (oxygen + 4.60))
    return 60_000 * 2 * 0.000104 / (root - 0.182258)

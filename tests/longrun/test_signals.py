"""longrun in parts on real processes: a signal that one part sends is heard by another."""

from datetime import UTC, datetime, timedelta

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

EMAIL, PASSWORD = "ann@example.com", "correct horse battery"
# A race ten weeks ahead and a run a day.
ENTER = """
import sys
from datetime import UTC, datetime, timedelta
from longrun import accounts, training
from longrun.model import Goal

ann = accounts.register(sys.argv[1], sys.argv[2], "Ann Archer", confirmed=True)
on = datetime.now(UTC).date() + timedelta(weeks=10)
race = training.add_race(ann.id, "City run", on, 5000)
made = training.enter(ann.id, race.id, Goal(None, frozenset(range(7)), 8))
print(made.workouts[0].on, made.workouts[0].distance_m)
"""


def gpx(day: str, metres: float) -> bytes:
    """Return an even run at noon, a point each ten seconds and 30 m."""
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    points = "".join(
        f'<trkpt lat="{48 + number * 30 / 111_195:.7f}" lon="2"><time>'
        f"{noon + timedelta(seconds=10 * number):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>"
        for number in range(int(metres / 30) + 2)
    )
    return f'<gpx version="1.1" creator="test"><trk><trkseg>{points}</trkseg></trk></gpx>'.encode()


def test_an_uploaded_run_ticks_the_plan_that_another_process_keeps(longrun, visit) -> None:
    day, metres = longrun.python(ENTER, EMAIL, PASSWORD).split()
    longrun.start("--layout", "micro")
    ann = visit(longrun.url)
    ann.fill_in("/login", email=EMAIL, password=PASSWORD)
    token = ann.get("/upload").text.partition('name="csrf" value="')[2].partition('"')[0]

    sent = ann.post(
        "/upload", data={"csrf": token}, files={"files": ("run.gpx", gpx(day, float(metres)))}
    )

    assert "Added" in sent.text
    told = ann.get(f"/api/v1/plan?start={day}").json()["workouts"]
    (run,) = ann.get("/api/v1/runs").json()["runs"]
    assert {workout["on"]: workout["done_by"] for workout in told if workout["done_by"]} == {
        day: run["id"]
    }
    assert ann.get("/plan").text.count("✓ done") == 1
    assert longrun.interrupt() in {0, 130}

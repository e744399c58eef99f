import alarms
from clock import zones


def test_an_alarm_rings_once():
    alarms.set_alarm("egg", "07:05")

    assert alarms.ring("07:10") == ["egg"]
    assert alarms.ring("07:10") == []


def test_a_day_ends_at_midnight():
    before = zones.shifts()

    assert zones.shift("23:30", "+01:00") == "00:30"
    assert zones.shifts() == before + 1

from counter import ranks, visits


def test_equal_counts_share_a_rank():
    assert ranks.rank({"/a": 2, "/b": 2, "/c": 1}) == [(1, "/a"), (1, "/b"), (3, "/c")]
    assert ranks.largest() >= 3


def test_visits_are_counted():
    first = visits.add("/here")

    assert visits.add("/here") == first + 1
    assert visits.counts()["/here"] == first + 1

from polls import charts, votes


def test_votes_are_counted_by_choice():
    votes.vote("colour", "red")
    votes.vote("colour", "red")

    assert votes.result("colour") == {"red": 2}


def test_a_chart_has_a_bar_for_each_choice():
    before = charts.drawn()

    assert charts.draw({"a": 1, "b": 3}) == "    a #\n    b ###"
    assert charts.drawn() == before + 2

import pytest

from orders import feeds, stock
from orders.web import create_app


def test_a_feed_is_taken_from_the_stock():
    stock.refill("tea", 5)

    answer = create_app().test_client().post("/feed", data="<o><item name='tea' count='2'/></o>")

    assert answer.json[0]["name"] == "tea"


def test_what_is_not_there_cannot_be_taken():
    with pytest.raises(stock.SoldOut, match="coffee: 0 left"):
        stock.take("coffee")


def test_a_line_without_a_count_is_one():
    assert feeds.read("<o><item name='cake'/></o>") == [feeds.Line("cake", 1)]

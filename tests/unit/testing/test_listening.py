"""seamline.testing.listening: receivers that tests connect to the application's signals."""

import pytest

pytestmark = pytest.mark.processes

FILES = {
    "seamline.toml": """
        name = "shop"
        [services.stock]
        package = "shop.stock"
        [services.orders]
        package = "shop.orders"
    """,
    "shop/signals.py": """
        from blinker import Namespace
        sold = Namespace().signal("sold")
        counted = Namespace().signal("counted")
    """,
    "shop/orders.py": """
        import os
        import posix
        from shop.signals import sold

        SOLD = []

        @sold.connect
        def keep(_sender, name): SOLD.append(name)

        def sell(name):
            sold.send("orders", name=name)
            return posix.getpid()

        def sales(): return (list(SOLD), os.getpid())
    """,
    "shop/prices.py": "",
    "shop/web.py": "",
}
HEAD = """
    import os
    from shop import orders, signals, stock
    HERE = os.getpid()
"""


@pytest.fixture
def shop(suite):
    for name, text in FILES.items():
        suite.write(name, text)
    return suite


def test_a_receiver_of_a_test_hears_what_a_package_elsewhere_would_send(shop):
    shop.tests(
        HEAD
        + """
    def test_before():
        assert orders.sell("tea") != HERE

    def test_hears():
        heard = []
        def hear(_sender, name): heard.append(name)
        with signals.sold.connected_to(hear):
            assert orders.sell("milk") == HERE
        assert heard == ["milk"]

    def test_after():
        assert orders.sell("tea") != HERE
        assert "tea" in orders.sales()[0]
    """
    )
    outcome = shop.run("micro", "-p", "no:randomly", "-v")

    assert outcome.counts == {"passed": 3}, outcome.text
    assert "listening (shop.signals.sold)" in outcome.text


def test_a_receiver_that_a_test_takes_off_or_mutes_does_not_hear(shop):
    shop.tests(
        HEAD
        + """
    def test_muted():
        with signals.sold.muted():
            assert orders.sell("tea") == HERE
        assert orders.sales()[0] == []

    def test_disconnected():
        signals.sold.disconnect(orders.keep)
        try:
            assert orders.sell("tea") == HERE
            assert orders.sales()[0] == []
        finally:
            signals.sold.connect(orders.keep)
    """
    )
    outcome = shop.run("micro", "-v")

    assert outcome.counts == {"passed": 2}, outcome.text


def test_who_sends_no_signal_goes_on_crossing_and_receivers_of_the_package_hear(shop):
    shop.tests(
        HEAD
        + """
    def test_another():
        with signals.sold.connected_to(lambda _sender, name: None):
            orders.sell("milk")
            assert stock.left("tea") == 10
        assert orders.sales() == (["milk"], HERE)
    """
    )
    outcome = shop.run("micro", "-v")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert "stock: 1 call" in outcome.text


def test_what_a_receiver_of_the_package_noted_on_the_host_before_is_not_lost_in_silence(shop):
    shop.tests(
        HEAD
        + """
    def test_another():
        orders.sell("tea")
        with signals.sold.connected_to(lambda _sender, name: None):
            orders.sell("milk")
    """
    )
    outcome = shop.run("micro", "-v")

    assert outcome.counts == {"failed": 1}, outcome.text
    assert "shop.orders.sell, called earlier in the test" in outcome.text

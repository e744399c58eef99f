"""seamline.testing.reloaded: modules that a test executes again, or replaces."""

import pytest

pytestmark = pytest.mark.processes

FILES = {
    "seamline.toml": """
        name = "shop"
        [services.stock]
        package = "shop.stock"
        [services.prices]
        package = "shop.prices"
    """,
    "shop/settings.py": "import os\nCOLOUR = os.environ.get('COLOUR', 'red')\n",
    "shop/prices.py": """
        import os
        from shop import settings

        SEEN = []

        def note(name):
            SEEN.append(name)
            return os.getpid()

        def seen(): return (list(SEEN), os.getpid())
        def colour(): return (settings.COLOUR, os.getpid(), len(SEEN))
    """,
    "shop/orders.py": "",
    "shop/web.py": "",
}
HEAD = """
    import importlib, os, sys, types
    from shop import prices, settings, stock
    HERE = os.getpid()
"""


@pytest.fixture
def shop(suite):
    for name, text in FILES.items():
        suite.write(name, text)
    return suite


def test_from_a_reload_on_a_package_runs_here(shop):
    shop.tests(
        HEAD
        + """
    def test_before():
        assert prices.note("tea") != HERE

    def test_a_reload():
        importlib.reload(prices)
        assert prices.seen() == ([], HERE)
        assert stock.left("tea") == 10

    def test_after():
        assert prices.seen() == ([], HERE)
    """
    )
    outcome = shop.run("micro", "-p", "no:randomly", "-v")

    assert outcome.counts == {"passed": 3}, outcome.text
    assert "reloaded (shop.prices)" in outcome.text


def test_a_reload_of_what_a_package_uses_concerns_it(shop):
    shop.tests(
        HEAD
        + """
    def test_a_reload(monkeypatch):
        monkeypatch.setenv("COLOUR", "blue")
        importlib.reload(settings)
        assert prices.colour()[:2] == ("blue", HERE)
    """
    )
    outcome = shop.run("micro", "-v")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert "reloaded (shop.settings)" in outcome.text


def test_a_module_in_the_place_of_another_concerns_who_looks_there_until_it_is_gone(shop):
    shop.tests(
        HEAD
        + """
    def test_a_double():
        import shop
        first = sys.modules["shop.settings"]
        double = sys.modules["shop.settings"] = types.ModuleType("shop.settings")
        try:
            assert prices.colour()[1] == HERE
        finally:
            sys.modules["shop.settings"] = first

    def test_it_is_gone():
        assert prices.colour()[1] != HERE

    def test_a_module_that_is_forgotten_and_imported_again():
        import shop
        first = sys.modules.pop("shop.prices")
        again = importlib.import_module("shop.prices")
        assert again is not first
        assert again.note("tea") == HERE
        assert again.seen() == (["tea"], HERE)
        sys.modules["shop.prices"] = shop.prices = first
    """
    )
    outcome = shop.run("micro", "-p", "no:randomly", "-v")

    assert outcome.counts == {"passed": 3}, outcome.text
    assert "reloaded (shop.settings)" in outcome.text
    assert "reloaded (shop.prices)" in outcome.text


def test_a_reload_after_state_was_left_on_the_host_is_refused(shop):
    shop.tests(
        HEAD
        + """
    def test_a_reload():
        prices.note("tea")
        importlib.reload(settings)
        prices.colour()
    """
    )
    outcome = shop.run("micro")

    assert "InvisibleState" in outcome.prose
    assert "reloaded (shop.settings)" in outcome.prose

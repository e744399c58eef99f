"""Rows 17, 18 and 19: what is found in the source before anything runs."""

import textwrap
from pathlib import Path

import pytest

from seamline import config
from seamline.plan import analyse_project

FILES = {
    "seamline.toml": """
        name = "shop"
        [services.web]
        http = "shop.web:app"
        [services.stock]
        package = "shop.stock"
        [services.orders]
        package = "shop.orders"
        [layouts.wide]
        front = ["web", "orders"]
        stock = { services = ["stock"], workers = 2 }
    """,
    "shop/__init__.py": "",
    "shop/web.py": "from shop import orders, stock\ndef app(environ, start_response): ...\n",
    "shop/common.py": "RATES = {}\n\ndef set_rate(name, rate):\n    RATES[name] = rate\n",
    "shop/chance.py": "import uuid\nRUN = uuid.uuid4()\n",
    "shop/stock.py": """
        import time
        from shop import chance, common
        SHELVES = {}
        STARTED = time.time()

        def age():
            return time.time() - STARTED, chance.RUN

        def shelves():
            return SHELVES

        def put(name, count):
            common.set_rate(name, count)
            SHELVES[name] = count
    """,
    "shop/orders.py": """
        from shop import chance, common, stock
        PLACED = []

        def place(name):
            PLACED.append((name, chance.RUN))
            return len(common.RATES)
    """,
}


@pytest.mark.parametrize(
    ("code", "layout", "places"),
    [
        pytest.param("aliased-state", "wide", {"shop/stock.py"}, id="17: a result that is state"),
        pytest.param("shared-state", "wide", {"shop/common.py"}, id="18: state of no service"),
        pytest.param("many-workers", "wide", {"shop/stock.py"}, id="19: state of two workers"),
        pytest.param(
            "import-value",
            "wide",
            {"shop/chance.py", "shop/stock.py"},
            id="10: a value of each process",
        ),
        pytest.param("import-value", "mono", set(), id="10: one value in one process"),
        pytest.param("shared-state", "mono", set(), id="18: in one process"),
        pytest.param("many-workers", "micro", set(), id="19: with one worker"),
    ],
)
def test_state_that_a_layout_would_tear_apart_is_found_where_it_is(
    tmp_path: Path, monkeypatch, code, layout, places
) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    loaded = config.load(tmp_path / "seamline.toml", environ={})

    findings = [one for one in analyse_project(loaded, layout).findings if one.code == code]

    assert {one.file for one in findings} == places, findings
    assert all(one.line and one.remedy for one in findings)

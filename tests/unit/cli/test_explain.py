"""``seamline explain``: codes, functions, and names that are neither."""

import json

import pytest


@pytest.mark.parametrize("name", ["not-sendable", "[not-sendable]"])
def test_code_is_explained_without_a_project(seamline, project, name):
    project({})

    ran = seamline("explain", name)

    assert ran.status == 0
    assert ran.out.startswith("not-sendable\n\nA value cannot cross a seam")
    assert "\nDo one of: " in ran.out


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", ["shop.stock.take", "shop.stock:take", "stock.take", "take"])
def test_function_is_found_by_any_name_a_reader_has(seamline, name):
    ran = seamline("explain", name)

    assert ran.status == 0
    assert ran.out.startswith(
        "shop.stock.take\n  def take(name: str, count: int=1) -> int\n  shop/stock.py:8\n"
    )


@pytest.mark.usefixtures("shop")
def test_story_of_a_function_names_state_callers_and_reason(seamline):
    out = seamline("explain", "shop.stock.take").out

    assert "  verdict    remote: touches shop.stock:_left\n" in out
    assert "  touches    shop.stock:_left\n" in out
    assert '  callers    shop/web.py:4\n               stock.take("tea")\n' in out
    assert "local = " not in out


@pytest.mark.usefixtures("shop")
def test_function_without_state_comes_with_the_line_that_keeps_it_local(seamline, project):
    project(
        {
            "shop/prices.py": """
            import time

            def quote(name: str) -> int:
                time.sleep(1)
                return len(name)
            """
        }
    )

    out = seamline("explain", "quote").out

    assert "  touches    no module state\n" in out
    assert '  [services.prices]\n  local = ["quote"]\n' in out


@pytest.mark.usefixtures("shop")
def test_function_that_the_file_calls_local_points_at_that_line(seamline, project):
    project({"seamline.toml": '[services.p]\npackage = "shop.prices"\nlocal = ["quote"]\n'})

    assert "It is local because seamline.toml:3 says so" in seamline("explain", "quote").out


@pytest.mark.usefixtures("shop")
def test_private_function_says_that_nothing_calls_it(seamline):
    out = seamline("explain", "shop.stock._forget").out

    assert "not public; its body is sealed elsewhere" in out


@pytest.mark.usefixtures("shop")
def test_refused_function_comes_with_what_check_says_about_it(seamline):
    out = seamline("explain", "guarded").out

    assert "  verdict    refused: touches shop.stock:_left, but its parameter 'lock'" in out
    assert "\nwarn [not-sendable]\n  why  " in out
    assert "\n  fix  pass or return plain values instead\n" in out


@pytest.mark.usefixtures("shop")
def test_json_holds_the_function(seamline):
    document = json.loads(seamline("explain", "take", "--json").out)

    assert document["schema"] == "seamline.explain/1"
    assert document["service"] == "stock"
    assert document["function"]["touches"] == ["shop.stock:_left"]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("not-sendible", 'did you mean "not-sendable"?'),
        ("shop.stock.tkae", 'did you mean "shop.stock.take"?'),
        ("stock.tkae", 'did you mean "shop.stock.take"?'),
        ("zzzzzz", "see them all: seamline check"),
    ],
)
def test_unknown_name_exits_2_with_the_nearest_one(seamline, name, remedy):
    ran = seamline("explain", name)

    assert (ran.status, ran.out) == (2, "")
    assert f"'{name}' is neither a code nor a function" in ran.err
    assert remedy in ran.err


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", ["shop.taxes.vat", "shop.taxes.Rate.of"])
def test_function_of_a_module_in_no_service_is_said_to_run_with_its_callers(
    seamline, project, name
):
    project({"shop/taxes.py": "def vat(): ...\n\nclass Rate:\n    def of(self): ...\n"})

    ran = seamline("explain", name)

    said = " ".join(ran.err.split())
    assert (ran.status, ran.out) == (2, "")
    assert f"shop.taxes belongs to no package service, so there is no seam before '{name}'" in said
    assert "package services are: " in said
    assert "stock (shop.stock)" in said
    assert '[services.taxes] package = "shop.taxes"' in said


def test_unknown_name_without_a_project_lists_the_codes(seamline, project):
    project({})

    ran = seamline("explain", "zzzzzz")

    assert ran.status == 2
    assert "no project here" in ran.err
    assert "outcome-unknown" in ran.err


@pytest.mark.usefixtures("shop")
def test_name_of_two_functions_asks_which(seamline, project):
    project({"shop/prices.py": "def take(name: str) -> int:\n    return 1\n"})

    ran = seamline("explain", "take")

    assert ran.status == 2
    assert "may be any of shop.stock.take, shop.prices.take" in ran.err


def test_contexts_that_travel_are_part_of_the_story(seamline, project):
    project(
        {
            "seamline.toml": 'name = "shop"\n[services.stock]\npackage = "shop.stock"\n',
            "shop/__init__.py": "",
            "shop/stock.py": "from flask import g\nS = []\ndef f():\n    S.append(g.a)\n",
        }
    )

    out = seamline("explain", "shop.stock.f").out

    assert "  contexts   flask:app, flask:g; they travel with calls\n" in out

"""``seamline init``: the command around a proposal."""

import json
import os
import tomllib

import pytest

SHOP = {
    "shop/__init__.py": "",
    "shop/stock.py": """
        _left = {"tea": 10}

        def take(name):
            _left[name] = _left.get(name, 0) - 1
            return int(_left[name])
    """,
    "shop/web.py": """
        from shop import stock

        def app(environ, start_response):
            start_response("200 OK", [])
            return [str(stock.take("tea")).encode()]
    """,
}


def test_writes_the_file_and_says_what_and_why(project, seamline):
    root = project(SHOP)

    ran = seamline("init")

    assert (ran.status, ran.out) == (0, "")
    assert "WSGI application in shop/web.py:3" in ran.err
    assert "stock   shop.stock" in ran.err
    assert "keeps _left to itself" in ran.err
    assert "Wrote seamline.toml." in ran.err
    assert "seamline check" in ran.err
    assert seamline("check", "--layout", "split").status == 0
    assert tomllib.loads((root / "seamline.toml").read_text())["services"]["stock"]


def test_refuses_to_write_over_a_file(project, seamline):
    root = project(SHOP | {"seamline.toml": "# mine"})

    ran = seamline("init")

    assert ran.status == 2
    assert "seamline.toml: it is there already" in ran.err
    assert "seamline init --force" in ran.err
    assert (root / "seamline.toml").read_text() == "# mine"


def test_writes_over_a_file_when_told_to(project, seamline):
    root = project(SHOP | {"seamline.toml": "# mine"})

    assert seamline("init", "--force").status == 0
    assert "shop.web:app" in (root / "seamline.toml").read_text()
    assert not [path for path in root.iterdir() if path.name.startswith(".seamline")]


@pytest.mark.parametrize("held", ["# mine", None])
def test_a_link_is_kept_and_what_it_leads_to_is_written(project, seamline, held):
    root = project(SHOP | {"deploy/notes.txt": ""})
    target, link = root / "deploy/shop.toml", root / "seamline.toml"
    link.symlink_to("deploy/shop.toml")
    if held:
        target.write_text(held)

    assert seamline("init", *(["--force"] if held else [])).status == 0
    assert str(link.readlink()) == "deploy/shop.toml"
    assert "shop.web:app" in target.read_text()
    assert sorted(path.name for path in target.parent.iterdir()) == ["notes.txt", "shop.toml"]


@pytest.mark.parametrize("flags", [(), ("--force",), ("-f", "seamline.toml"), ("-f", "conf")])
def test_a_directory_in_the_place_of_the_file_is_refused(project, seamline, flags):
    place = "conf/seamline.toml" if "conf" in flags else "seamline.toml"
    root = project(SHOP | {f"{place}/notes.txt": ""})

    ran = seamline("init", *flags)

    assert ran.status == 2
    said = " ".join(ran.err.split())
    assert f"error [config] {place}: it is a directory, and init would write a file" in said
    assert "fix move it away, or name another file: seamline init -f FILE" in said
    assert [path.name for path in (root / place).iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("flag", ["--dry-run", "--print"])
def test_prints_the_file_instead(project, seamline, flag):
    root = project(SHOP | {"seamline.toml": "# mine"})

    ran = seamline("init", flag)

    assert ran.status == 0
    assert tomllib.loads(ran.out)["services"]["web"] == {"http": "shop.web:app"}
    assert "Wrote" not in ran.err
    assert (root / "seamline.toml").read_text() == "# mine"


def test_tells_programs_the_same(project, seamline):
    root = project(SHOP)

    told = json.loads(seamline("init", "--json").out)

    assert told["schema"] == "seamline.init/1"
    assert told["written"] is True
    assert told["application"]["http"] == "shop.web:app"
    assert told["application"]["file"] == "shop/web.py"
    assert told["services"][0]["proposed"] is True
    assert told["layouts"] == {"split": {"front": ["web"], "stock": ["stock"]}}
    assert told["text"] == (root / "seamline.toml").read_text()


@pytest.mark.parametrize("words", [("inner",), ("-C", "inner"), ("-f", "inner/seamline.toml")])
def test_looks_at_the_directory_it_is_given(project, seamline, words):
    root = project({f"inner/{name}": text for name, text in SHOP.items()})

    ran = seamline("init", *words)

    assert ran.status == 0, ran.err
    assert (root / "inner/seamline.toml").is_file()
    assert "seamline -C inner check" in ran.err


def test_a_directory_that_is_not_there_is_refused(project, seamline):
    project(SHOP)

    ran = seamline("init", "missing")

    assert ran.status == 2
    assert "there is no directory missing" in ran.err


def test_the_application_can_be_chosen(project, seamline):
    project(SHOP | {"shop/other.py": "def app(environ, start_response): ...\n"})

    chosen = seamline("init", "--dry-run", "--app", "shop.other:app")
    wrong = seamline("init", "--dry-run", "--app", "shop.othr:app")

    assert 'http = "shop.other:app"' in chosen.out
    assert wrong.status == 2
    assert 'did you mean "shop.other:app"?' in wrong.err


def test_nothing_to_split_is_said_and_is_no_failure(project, seamline):
    project({"app.py": "def app(environ, start_response): ...\n"})

    ran = seamline("init")

    assert ran.status == 0
    assert "nothing to split" in ran.err


def test_a_project_without_anything_is_refused(project, seamline):
    project({"notes.txt": ""})

    ran = seamline("init")

    assert ran.status == 2
    assert "error [application]" in ran.err
    assert "seamline init --app module:object" in ran.err


def test_a_directory_that_cannot_be_written_is_refused(project, seamline):
    root = project(SHOP)
    (root / f".seamline.toml.{os.getpid()}").mkdir()

    ran = seamline("init")

    assert ran.status == 2
    assert "seamline.toml: cannot write it" in ran.err


BROKEN = 'from flask import Flask\napp = Flask(__name__)\n@app.get("/"\ndef x(): return "hi"\n'


@pytest.mark.parametrize("words", [(), ("--app", "web:app"), ("-C", "."), ("inner",)])
@pytest.mark.parametrize(
    "others", [{}, {"stock.py": SHOP["shop/stock.py"], "it.py": "import stock\nstock.take('a')"}]
)
def test_an_application_in_a_file_that_cannot_be_read_is_refused_on_its_line(
    project, seamline, words, others
):
    below = "inner/" if words == ("inner",) else ""
    root = project({f"{below}{name}": text for name, text in {**others, "web.py": BROKEN}.items()})

    ran = seamline("init", *words)

    assert ran.status == 2
    assert f"{below}web.py:3: " in ran.err
    assert "cannot be read: '(' was never closed" in " ".join(ran.err.split())
    assert '  3 | @app.get("/"\n' in ran.err
    assert "correct the file, then: seamline init" in ran.err
    assert not list(root.rglob("seamline.toml"))


def test_a_file_that_something_beside_the_code_names_is_meant_before_another(project, seamline):
    project(SHOP | {"site.py": "app = made(\n", "Procfile": "web: gunicorn site:app\n"})

    ran = seamline("init")

    assert ran.status == 2
    said = " ".join(ran.err.split())
    assert "site.py:1: gunicorn in Procfile:1 starts site, which is in a file" in said


def test_a_project_of_nothing_but_a_file_that_cannot_be_read_is_refused_with_it(project, seamline):
    project({"notes.py": "x = 1\nif:\n", "tests/test_it.py": "if:\n"})

    ran = seamline("init")

    assert ran.status == 2
    assert ran.err.startswith("error [application]  notes.py:2: no application was found in")
    assert "this file cannot be read" in " ".join(ran.err.split())


def test_any_other_file_that_cannot_be_read_is_a_warning(project, seamline):
    project(SHOP | {"samples/{{name}}/app.py": BROKEN, "tests/bad.py": "if:\n"})

    ran = seamline("init")
    told = json.loads(seamline("init", "--force", "--json").out)

    assert ran.status == 0
    assert "samples/{{name}}/app.py:3 cannot be read: '(' was never closed" in ran.err
    assert "tests/bad.py" not in ran.err
    assert [one["line"] for one in told["unreadable"]] == [3]


def test_help_shows_an_example(seamline):
    ran = seamline("init", "--help")

    assert ran.status == 0
    assert "seamline init --app shop.web:create_app()" in ran.out

"""Factories of applications, which each process whose packages read their context calls."""

import textwrap

import pytest

pytestmark = pytest.mark.processes

TOML = """
name = "plain"
[services.web]
http = "plainflask.web:create_app()"
[services.pages]
package = "plainflask.pages"
[services.mails]
package = "plainflask.mails"
"""
READER = """
    import os
    import posix
    from flask import current_app

    SEEN = []

    def colour():
        return current_app.config["COLOUR"] + str(posix.getpid() + len(SEEN))

    def limit():
        return 10 + len(SEEN)
"""
WEB = """
    import os
    import time
    from flask import Flask
    from plainflask import mails, pages

    def note(what):
        with open("made", "a") as file:
            file.write(f"{what} {os.getpid()}\\n")

    def create_app():
        note("begin")
        app = Flask(__name__)
        app.config["COLOUR"] = "red"
        time.sleep(0.4)
        note("end")

        @app.get("/")
        def home():
            return "/".join((pages.colour(), mails.colour()))

        return app
"""


@pytest.fixture
def factory(plainflask):
    plainflask.write(TOML)
    package = plainflask.root / "plainflask"
    for name, source in (("pages", READER), ("mails", READER), ("web", WEB)):
        (package / f"{name}.py").write_text(textwrap.dedent(source))
    return plainflask


def made(project) -> list[list[str]]:
    return [line.split() for line in (project.root / "made").read_text().splitlines()]


def test_one_process_calls_a_factory_before_all_others(factory) -> None:
    run = factory.start("--layout", "micro").ready()

    lines = made(factory)
    assert [what for what, _ in lines[:2]] == ["begin", "end"]
    assert sorted(what for what, _ in lines) == ["begin"] * 3 + ["end"] * 3
    assert {pid for _, pid in lines} == set(map(str, run.pids()))
    assert run.get("/")[1].count("red") == 2


def test_a_factory_that_calls_a_package_does_not_wait_for_its_turn(factory) -> None:
    factory.edit("web.py", "time.sleep(0.4)", 'app.config["LIMIT"] = pages.limit()')

    run = factory.start("--layout", "micro").ready()

    assert run.get("/")[1].count("red") == 2
    assert max(one["restarts"] for one in run.workers()) == 0


def test_a_factory_that_fails_when_it_is_called_again_is_told_of(factory) -> None:
    factory.edit("web.py", "time.sleep(0.4)", 'os.mkdir("once")')

    run = factory.start("--layout", "micro")

    assert run.wait() == 2
    assert "if it fails only when it is called again" in run.err.prose
    assert "let it find what an earlier call set up" in run.err.prose


def test_a_factory_that_takes_long_is_not_waited_for(factory) -> None:
    until_all_call = 'while open("made").read().count("begin") < 3: time.sleep(0.01)'
    factory.edit("web.py", "time.sleep(0.4)", until_all_call)

    factory.start("--layout", "micro").ready()

    assert [what for what, _ in made(factory)] == ["begin"] * 3 + ["end"] * 3

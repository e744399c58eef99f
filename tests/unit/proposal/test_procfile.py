"""A Procfile: what ``init`` makes of its lines."""

import tomllib

import pytest

from seamline.errors import ApplicationError

FLASK = "from flask import Flask\napp = Flask(__name__)\n"


def commands(proposal) -> dict[str, list[str]]:
    """Return the command services of the file that is written."""
    services = tomllib.loads(proposal.text)["services"]
    return {name: one["command"] for name, one in services.items() if "command" in one}


def left_out(proposal) -> dict[str, str]:
    return {line.name: line.why for line in proposal.left_out}


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("celery -A shop worker", ["celery", "-A", "shop", "worker"]),
        ("python -m shop.clock 'a b'", ["python", "-m", "shop.clock", "a b"]),
        ("node app.js $HOME", ["sh", "-c", "exec node app.js $HOME"]),
        ("DEBUG=1 python clock.py", ["sh", "-c", "DEBUG=1 python clock.py"]),
        ("cd bin && ./clock", ["sh", "-c", "cd bin && ./clock"]),
        ("serve -p $PORT", ["sh", "-c", 'export PORT="${PORT:-5100}"; exec serve -p $PORT']),
        ("serve -p ${PORT}", ["sh", "-c", 'export PORT="${PORT:-5100}"; exec serve -p ${PORT}']),
        ("serve --of $PORTAL", ["sh", "-c", "exec serve --of $PORTAL"]),
        ('say "it\'s"', ["say", "it's"]),
    ],
)
def test_a_line_is_a_command_with_a_shell_where_only_that_understands_it(proposed, line, command):
    proposal = proposed({"shop.py": FLASK, "Procfile": f"web: gunicorn shop:app\nclock: {line}\n"})

    assert commands(proposal) == {"clock": command}
    assert proposal.application.reference == "shop:app"
    assert left_out(proposal).keys() == {"web"}


def test_what_becomes_no_service_is_left_out_with_the_reason(proposed):
    procfile = """
        # a note
        web: gunicorn -w 4 shop:app
        release: alembic upgrade head
        clock: tick
        clock: tock
        9x: tick
        odd: say "x
        no line
        empty:
        """

    proposal = proposed({"shop.py": FLASK, "Procfile": procfile})

    assert list(commands(proposal)) == ["clock"]
    assert {name: why[:19] for name, why in left_out(proposal).items()} == {
        "web": "the application its",
        "release": "it runs once before",
        "clock": "another line has it",
        "9x": "its name is none th",
        "odd": "its quotes do not m",
        "no line": "it is no line of th",
        "empty:": "it is no line of th",
    }
    assert "#   Procfile:8 no line: it is no line of the form name: command" in proposal.text
    assert "#   Procfile:3 release: it runs once before a release" in proposal.text


def test_a_line_that_is_none_counts_for_no_port_and_is_shown_as_text(proposed):
    procfile = f"web: node a.js $PORT\n\x1b[2J\n{'long ' * 20}\nclock:\tnode b.js $PORT\n"

    proposal = proposed({"Procfile": procfile})

    assert list(left_out(proposal)) == ["\\x1b[2J", "long long long long long long long lo..."]
    assert ":-5100" in commands(proposal)["clock"][2]


def test_programs_of_another_language_are_run_where_there_is_no_application(proposed):
    proposal = proposed({"Procfile": "web: node app.js --port $PORT\n"})

    assert commands(proposal) == {
        "web": ["sh", "-c", 'export PORT="${PORT:-5000}"; exec node app.js --port $PORT']
    }
    with pytest.raises(ApplicationError, match="no application was found"):
        proposed({"Procfile": "release: make\n"})


def test_each_program_has_a_group_of_its_own_whatever_it_is_called(proposed):
    files = {
        "shop/__init__.py": "",
        "shop/web.py": f"from shop import stock\n{FLASK}stock.take('a')\nstock.left('a')\n",
        "shop/stock.py": """
            _left = {}
            def take(name: str) -> int:
                _left[name] = _left.get(name, 0) - 1
                return _left[name]
            def left(name: str) -> int:
                return _left[name]
            """,
        "Procfile": "front: tick\nstock: tock\n",
    }

    proposal = proposed(files)

    layout = tomllib.loads(proposal.text).get("layouts", {}).get("split", {})
    placed = [name for services in layout.values() for name in services]
    assert sorted(placed) == sorted(tomllib.loads(proposal.text)["services"]) or not layout
    assert list(commands(proposal)) == ["front", "stock"]

"""``seamline dev``: what a changed file concerns is reloaded, and nothing else."""

import http.client
import re
import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.processes

ALONE = 'name = "plain"\n[services.web]\nhttp = "plainflask.web:create_app()"\n'
BROKEN = "raise RuntimeError('not today')\n"


@pytest.fixture
def dev(plainflask):
    """Return what starts ``seamline dev`` of the Flask shop in a layout."""

    def start(*arguments: str):
        return plainflask.start(*arguments, command="dev").ready()

    return start


def edit(project, name: str, old: str, new: str) -> None:
    """Save a file as an editor does that writes another one first."""
    file = project.root / "plainflask" / name
    text = file.read_text()
    assert old in text
    saved = file.with_suffix(".py~")
    saved.write_text(text.replace(old, new))
    saved.replace(file)


def generations(run) -> dict[str, int]:
    return {
        group["name"]: worker["generation"]
        for group in run.status()["groups"]
        for worker in group["workers"]
    }


def answers(run, path: str, text: str) -> bool:
    return text in run.get(path)[1]


def test_saved_file_reloads_the_groups_that_hold_it(plainflask, dev, eventually) -> None:
    run = dev("--layout", "micro")

    edit(plainflask, "web.py", "plain flask", "new flask")

    eventually(lambda: answers(run, "/", "new flask"), "the new page")
    run.err.wait_for(r"^reloaded: 1 of web \(plainflask/web.py changed, \d+\.\d s\)$")
    assert generations(run) == {"web": 2, "stock": 1, "prices": 1}
    assert run.stop() == 0


def test_what_is_asked_after_a_reload_is_answered_by_the_new_code_on_kept_connections_too(
    plainflask, dev
) -> None:
    plainflask.write(ALONE)
    run = dev("--layout", "mono")
    clients = [http.client.HTTPConnection(urlsplit(run.url).netloc, timeout=30) for _ in range(40)]
    for number in range(1, 4):
        for client in clients:
            client.request("GET", "/")
            client.getresponse().read()
        edit(plainflask, "web.py", "plain flask", f"new {number} plain flask")
        run.err.wait_for_count(r"^reloaded: 1 of app", number)

        clients[0].request("GET", "/")

        assert f"new {number}".encode() in clients[0].getresponse().read()
        clients.reverse()
    for client in clients:
        client.close()
    assert run.stop() == 0


def test_package_of_a_service_reloads_its_group_and_those_that_call_it(
    plainflask, dev, eventually
) -> None:
    run = dev("--layout", "micro")
    (plainflask.root / "plainflask" / "prices.py").write_text(
        "from decimal import Decimal\n\n# A line, so that functions are at others.\n\n"
        "def quote(name: str) -> Decimal:\n    return Decimal(77)\n"
    )

    eventually(lambda: answers(run, "/items/tea", '"price":"77"'), "the new price")

    assert generations(run) == {"web": 2, "stock": 1, "prices": 2}
    assert run.stop() == 0


def test_module_of_no_service_reloads_every_group_that_holds_it(
    plainflask, dev, eventually
) -> None:
    run = dev("--layout", "micro")

    (plainflask.root / "plainflask" / "__init__.py").write_text("KIND = 'plain'\n")

    run.err.wait_for(r"^reloaded: .*plainflask/__init__.py changed")
    assert generations(run) == {"web": 2, "stock": 2, "prices": 2}
    assert run.get("/items/tea")[0] == 200
    assert run.stop() == 0


def test_what_nobody_holds_reloads_nothing(plainflask, dev, eventually) -> None:
    run = dev("--layout", "micro")
    (plainflask.root / "notes.py").write_text("x = 1\n")
    (plainflask.root / "plainflask" / "style.css").write_text("body {}\n")
    (plainflask.root / ".hidden").mkdir()
    (plainflask.root / ".hidden" / "web.py").write_text("x = 1\n")

    edit(plainflask, "web.py", "plain flask", "new flask")

    eventually(lambda: answers(run, "/", "new flask"), "the new page")
    assert generations(run) == {"web": 2, "stock": 1, "prices": 1}
    assert run.stop() == 0


def test_template_reloads_the_groups_with_the_code_beside_it(plainflask, dev, eventually) -> None:
    templates = plainflask.root / "plainflask" / "templates"
    templates.mkdir()
    (templates / "hello.html").write_text("hello old\n")
    edit(plainflask, "web.py", 'return "plain flask\\n"', 'return render_template("hello.html")')
    edit(plainflask, "web.py", "import Flask,", "import Flask, render_template,")
    run = dev("--layout", "mono")
    assert run.get("/") == (200, "hello old")

    (templates / "hello.html").write_text("hello new\n")

    eventually(lambda: answers(run, "/", "hello new"), "the new template")
    assert run.stop() == 0


def test_error_is_shown_once_and_the_next_good_save_takes_over(
    plainflask, dev, eventually
) -> None:
    run = dev("--layout", "micro")
    before = generations(run)

    edit(plainflask, "stock.py", "import os", "import os\n" + BROKEN)

    run.err.wait_for(r"not reloaded \(plainflask/stock.py changed\): what ran runs on")
    assert run.get("/items/tea")[0] == 200
    assert generations(run) == before
    shown = run.err.prose_so_far
    assert shown.count("plainflask/stock.py:4: cannot import plainflask.stock: RuntimeError") == 1
    assert "4 | raise RuntimeError('not today')" in shown

    edit(plainflask, "stock.py", BROKEN, "")

    run.err.wait_for(r"^reloaded: ")
    assert {name: generations(run)[name] > 1 for name in before} == {
        "web": True,
        "stock": True,
        "prices": False,
    }
    assert run.get("/items/tea")[0] == 200
    assert run.stop() == 0


@pytest.mark.parametrize("layout", ["mono", "micro"])
def test_syntax_error_is_shown_with_its_line(plainflask, dev, eventually, layout) -> None:
    run = dev("--layout", layout)

    edit(plainflask, "web.py", "def create_app():", "def create_app(:")

    run.err.wait_for(r"not reloaded \(plainflask/web.py changed\)")
    assert "plainflask/web.py:15: " in run.err.prose_so_far
    assert run.get("/") == (200, "plain flask\n")

    edit(plainflask, "web.py", "def create_app(:", "def create_app():")
    edit(plainflask, "web.py", "plain flask", "new flask")

    eventually(lambda: answers(run, "/", "new flask"), "the new page")
    assert run.stop() == 0


def test_syntax_error_in_what_only_a_request_imports_keeps_the_old_code(plainflask, dev) -> None:
    (plainflask.root / "plainflask" / "pages.py").write_text('TEXT = "plain flask\\n"\n')
    edit(
        plainflask,
        "web.py",
        'return "plain flask\\n"',
        "from plainflask import pages; return pages.TEXT",
    )
    run = dev("--layout", "micro")
    assert run.get("/") == (200, "plain flask\n")
    before = generations(run)

    edit(plainflask, "pages.py", "plain flask", 'plain" flask')

    run.err.wait_for(r"not reloaded \(plainflask/pages.py changed\): what ran runs on")
    assert "plainflask/pages.py:1: SyntaxError: " in run.err.prose_so_far
    assert generations(run) == before
    assert run.get("/") == (200, "plain flask\n")

    edit(plainflask, "web.py", "slow and done", "slow and over")

    run.err.wait_for(r"not reloaded \(plainflask/web.py changed\): what ran runs on")

    edit(plainflask, "pages.py", 'plain" flask', "new flask")

    run.err.wait_for(r"^reloaded: 1 of web")
    assert run.get("/") == (200, "new flask\n")
    assert run.stop() == 0


def test_every_save_counts_however_fast_they_follow_each_other(
    plainflask, dev, eventually
) -> None:
    """Texts of one length within a second: bytecode of an earlier one would be taken for it."""
    run = dev("--layout", "mono")
    last = "plain flask"
    for number in range(10, 19):
        edit(plainflask, "web.py", last, f"page {number}")
        last = f"page {number}"
        if number % 3 == 0:
            eventually(lambda text=last: answers(run, "/", text), last)

    eventually(lambda: answers(run, "/", last), "the last save")
    assert run.stop() == 0


def test_import_that_does_not_end_is_given_up_for_the_next_save(
    plainflask, dev, eventually
) -> None:
    run = dev("--layout", "micro")
    hang = "import time; open('hangs', 'w').close(); time.sleep(600)\n"
    edit(plainflask, "web.py", '"""The pages."""', f'"""The pages."""\n{hang}')
    eventually((plainflask.root / "hangs").exists, "a successor that hangs")

    edit(plainflask, "web.py", hang, "")
    edit(plainflask, "web.py", "plain flask", "new flask")

    eventually(lambda: answers(run, "/", "new flask"), "the mended page")
    assert run.stop() == 0
    assert plainflask.processes() == set()


def test_configuration_is_read_again_and_a_wrong_one_changes_nothing(
    plainflask, dev, eventually
) -> None:
    file = plainflask.root / "seamline.toml"
    text = file.read_text()
    run = dev("--layout", "pair")

    file.write_text(text.replace("workers = 2", "workers = 'x'"))
    run.err.wait_for(r"not reloaded \(seamline.toml changed\)")
    assert re.search(r"seamline\.toml:\d+: `workers`", run.err.prose_so_far)

    file.write_text(text.replace("workers = 2", "workers = 2, threads = 3"))
    run.err.wait_for(r"^reloaded: .*seamline.toml changed")
    assert set(generations(run).values()) == {2}

    file.write_text(text.replace('["web", "prices"]', '["web", "stock", "prices"]').replace(
        'stock = ["stock"]', ""))  # fmt: skip
    run.err.wait_for(r"the layout changed since the run was started")
    assert "Ctrl-C, then start it again" in run.err.prose_so_far
    assert set(generations(run).values()) == {2}
    assert run.stop() == 0


def test_each_group_has_one_worker(dev) -> None:
    run = dev("--layout", "pair")

    assert [len(group["workers"]) for group in run.status()["groups"]] == [1, 1]
    assert run.stop() == 0


def test_ctrl_c_leaves_nothing_behind(plainflask, dev, eventually) -> None:
    run = dev("--layout", "micro")

    run.signal(signal.SIGINT)

    assert run.wait() == 130
    eventually(lambda: not plainflask.processes(), "the end of every process")
    assert plainflask.leftovers() == []


def test_without_watchfiles_it_says_what_to_install(plainflask, tmp_path) -> None:
    program = (
        "import sys; sys.modules['watchfiles'] = None\n"
        "from seamline.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, "-C", str(plainflask.root), "dev"],
        env={**plainflask.environment, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 2
    assert "-m pip install 'seamline[dev]'" in " ".join(result.stderr.split())
    assert plainflask.leftovers() == []

"""``seamline check``: every seam with its functions, the findings, and what a script reads."""

import json
import sys

import pytest

pytestmark = pytest.mark.usefixtures("shop")


def test_every_public_function_is_shown_with_verdict_kind_callers_and_reason(seamline):
    out = seamline("check", "--layout", "split").out

    assert "stock   shop.stock, hosted by group back, 3 public functions\n" in out
    assert (
        "  remote   take(name: str, count: int=1) -> int\n"
        "           sync, 1 caller: touches shop.stock:_left\n"
    ) in out
    assert "  refused  guarded(lock: threading.Lock, name: str) -> int\n" in out
    assert "  local    quote(name: str) -> int\n" in out
    assert "_forget" not in out


def test_finding_shows_its_line_why_and_what_to_do(seamline):
    out = seamline("check", "--layout", "split").out

    assert (
        "error [many-workers]\n"
        "  shop/stock.py:3\n"
        '  3 | _left: dict[str, int] = {"tea": 3}\n'
        "    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  why  "
    ) in out
    assert "\n  fix  workers = 1 for its group" in out


def test_summary_counts_and_names_the_next_command(seamline):
    last = seamline("check", "--layout", "split").out.splitlines()[-2:]

    assert last == [
        "2 remote, 1 local, 1 refused; 1 error, 1 warning.",
        "More about one: seamline explain many-workers",
    ]


def test_output_fits_80_columns(seamline):
    out = seamline("check", "--layout", "split").out

    assert max(map(len, out.splitlines())) <= 80


def test_errors_exit_1_and_warnings_do_not(seamline):
    assert seamline("check", "--layout", "split").status == 1
    assert seamline("check", "--layout", "micro").status == 0


def test_strict_exits_1_for_warnings_too(seamline):
    assert seamline("check", "--layout", "micro", "--strict").status == 1


def test_layout_without_seams_says_so_and_shows_what_they_would_be(seamline):
    ran = seamline("check")

    assert ran.status == 0
    assert ran.out.startswith(
        "seamline.toml   layout mono, 1 group\n"
        "One process, so no seams. In layout micro they would be:\n"
    )
    assert "hosted by group stock" in ran.out


def test_json_has_the_promised_shape(seamline):
    ran = seamline("--json", "check", "--layout", "split")
    document = json.loads(ran.out)
    stock, prices = document["services"]
    functions = {function["name"]: function for function in stock["functions"]}

    assert ran.status == 1
    assert set(document) == {"schema", "services", "findings"}
    assert document["schema"] == "seamline.check/1"
    assert (stock["name"], stock["package"]) == ("stock", "shop.stock")
    assert prices["functions"][0]["verdict"] == "local"
    assert functions["take"] == {
        "name": "take",
        "signature": "(name: str, count: int=1) -> int",
        "kind": "sync",
        "verdict": "remote",
        "reason": "touches shop.stock:_left",
        "callers": [{"file": "shop/web.py", "line": 4}],
    }
    finding = document["findings"][0]
    assert set(finding) == {"code", "severity", "file", "line", "message", "remedy"}
    assert (finding["code"], finding["severity"]) == ("many-workers", "error")
    assert (finding["file"], finding["line"]) == ("shop/stock.py", 3)


def test_nothing_of_the_application_is_executed(seamline, project):
    project({"shop/stock.py": 'raise SystemExit("executed")\n\ndef left() -> int: ...\n'})

    ran = seamline("check")

    assert ran.status == 0
    assert "left() -> int" in ran.out
    assert "shop" not in sys.modules


def test_a_package_of_one_file_that_cannot_be_read_is_told_once(seamline, project):
    project(
        {
            "seamline.toml": '[services.stock]\npackage = "shop.stock"\n',
            "shop/stock.py": "def left(:\n",
        }
    )

    ran = seamline("check")

    assert ran.status == 1
    assert "shop/stock.py cannot be read" in ran.out
    assert ran.out.count("error [") == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            'package = "shop.stok"',
            "there is no package 'shop.stok'",
        ),
        ('http = "shop.wep:app"', "there is no module 'shop.wep'"),
        ('package = "shp.stock"', "there is no package 'shp.stock'"),
    ],
)
def test_module_that_does_not_exist_is_refused_on_its_line(seamline, project, wrong, message):
    project({"seamline.toml": f"[services.stock]\n{wrong}\n"})

    ran = seamline("check")

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"error [config]  seamline.toml:2: {message}\n")


def test_a_directory_called_like_a_module_is_not_suggested(seamline, project):
    root = project({"seamline.toml": '[services.stock]\npackage = "stock"\n'})
    (root / "stock.py").mkdir()

    ran = seamline("check")

    assert ran.err.startswith("error [config]  seamline.toml:2: there is no package 'stock'\n")
    assert "did you mean" not in ran.err


@pytest.mark.parametrize(
    ("line", "message", "help_"),
    [
        ('carry = ["shop.nothing:tenant"]', "there is no module 'shop.nothing'", "shop.stock"),
        ('carry = ["shop.stock:tenants"]', "shop.stock has no 'tenants'", 'mean "tenant"?'),
        ('setup = "shop.nothing:prepare"', "there is no module 'shop.nothing'", "shop.stock"),
        ('setup = "shop.stock:prepare"', "shop.stock has no 'prepare'", "it has tenant"),
    ],
)
def test_what_carry_and_setup_name_has_to_be_there(seamline, project, line, message, help_):
    services = '[services.stock]\npackage = "shop.stock"\n'
    project(
        {
            "seamline.toml": f"{line}\n{services}",
            "shop/stock.py": "import contextvars\n\ntenant = contextvars.ContextVar('tenant')\n",
        }
    )

    ran = seamline("check")

    assert ran.status == 2
    assert ran.err.startswith(f"error [config]  seamline.toml:1: {message}\n")
    assert help_ in ran.err


def test_what_carry_names_in_a_service_or_a_library_is_found(seamline, project):
    project(
        {
            "seamline.toml": 'carry = ["structlog.contextvars:bound"]\n[services.stock]\n'
            'package = "shop.stock"\ncarry = ["shop.stock:tenant"]\n',
            "shop/stock.py": "import contextvars\n\ntenant = contextvars.ContextVar('tenant')\n",
            "structlog/__init__.py": "",
            "structlog/contextvars.py": "from structlog._variables import *\n",
        }
    )

    assert seamline("check").status == 0


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("def create_app(): ...\n", 2),
        ("from shop.stock import *\n", 0),
        ("def __getattr__(name): ...\n", 0),
        ("globals().update(made())\n", 0),
        ("locals().update(made())\n", 0),
        ("try:\n    create_ap = make()\nexcept OSError: ...\n", 0),
    ],
)
def test_application_that_its_module_cannot_have_is_refused(seamline, project, source, status):
    project(
        {"seamline.toml": '[services.s]\nhttp = "shop.web:create_ap()"\n', "shop/web.py": source}
    )

    ran = seamline("check")

    assert ran.status == status
    if status:
        assert ran.err.startswith("error [config]  seamline.toml:2: shop.web has no 'create_ap'\n")
        assert 'did you mean "create_app"?' in ran.err


CALL = 'if it is a factory, write "shop.web:app()"'


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("def app(): ...\n", CALL),
        ("def app(config=None, *, debug=False): ...\n", CALL),
        ("async def app(): ...\n", "name a function that is not async and makes it"),
        ("def app(config): ...\n", 'if it is a factory, write "shop.web:app(...)"'),
        ("if 1:\n    def app():\n        app = make()\n        return app\n", CALL),
        ("def app(environ, start_response): ...\n", ""),
        ("def app(environ, answer, more=1): ...\n", ""),
        ("async def app(scope, receive, send): ...\n", ""),
        ("def app(scope): ...\n", ""),
        ("def app(*arguments): ...\n", ""),
        ("@wsgi\ndef app(request): ...\n", ""),
        ("def app(): ...\napp = app()\n", ""),
        ("try:\n    from it import app\nexcept ImportError:\n    def app(): ...\n", ""),
        ("class A:\n    def app(self): ...\napp = A()\n", ""),
        ("app = make()\ndef f():\n    def app(): ...\n", ""),
        ("from it import *\ndef app(): ...\n", ""),
    ],
)
def test_a_function_that_no_server_can_call_is_refused_with_its_call(
    seamline, project, source, remedy
):
    toml = 'setup = "shop.web:ready"\n[services.s]\nhttp = "shop.web:app"\n'
    project({"seamline.toml": toml, "shop/web.py": f"{source}def ready(): ...\n"})

    ran = seamline("check")

    assert ran.status == (2 if remedy else 0)
    if remedy:
        assert ran.err.startswith("error [config]  seamline.toml:3: shop.web:app is a function")
        assert remedy in ran.err


def test_an_application_in_a_part_that_the_package_imports_is_found(seamline, project):
    project(
        {
            "seamline.toml": '[services.s]\nhttp = "site:wsgi.app"\n',
            "site/__init__.py": "from . import views\n",
            "site/views.py": "from . import wsgi\n",
            "site/wsgi.py": "app = print\n",
        }
    )

    assert seamline("check").status == 0


def test_near_module_is_suggested(seamline, project):
    project({"seamline.toml": '[services.stock]\npackage = "shop.stok"\n'})

    assert 'did you mean "shop.stock"?' in seamline("check").err


def test_function_that_does_not_exist_is_refused_with_the_nearest(seamline, project):
    project({"seamline.toml": '[services.s]\npackage = "shop.stock"\nlocal = ["tkae"]\n'})

    ran = seamline("check")

    assert ran.status == 2
    assert '  3 | local = ["tkae"]\n    |          ^^^^^^ did you mean "take"?\n' in ran.err


def test_syntax_error_of_the_application_is_an_error_with_its_line(seamline, project):
    project({"shop/stock.py": "def left(:\n"})

    ran = seamline("check")

    assert ran.status == 1
    assert "error [application]\n  shop/stock.py:1\n  1 | def left(:\n" in ran.out


@pytest.mark.parametrize(
    ("file", "status"), [("shop/web.py", 1), ("shop/__init__.py", 1), ("shop/other.py", 0)]
)
def test_syntax_error_in_what_is_served_or_above_it_is_an_error(seamline, project, file, status):
    project(
        {
            "seamline.toml": '[services.s]\nhttp = "shop.web:app"\n',
            "shop/__init__.py": "",
            "shop/web.py": "app = print\n",
            file: "app = made(\n",
        }
    )

    ran = seamline("check")

    assert ran.status == status
    assert f"{'error' if status else 'warn'} [application]\n  {file}:1\n" in ran.out


def test_project_is_checked_from_another_directory(seamline, shop, monkeypatch):
    monkeypatch.chdir("/")

    ran = seamline("-C", shop, "check", "--layout", "split")

    assert ran.status == 1
    assert '  3 | _left: dict[str, int] = {"tea": 3}\n' in ran.out


def test_notes_are_counted_and_shown_when_asked_for(seamline, project):
    project(
        {
            "shop/stock/__init__.py": "",
            "shop/stock/store.py": """
            import sqlite3

            _connections = []

            def reading() -> sqlite3.Connection:
                _connections.append(sqlite3.connect(":memory:"))
                return _connections[-1]
            """,
        }
    )

    short = seamline("check").out
    long = seamline("check", "-v").out

    assert "note more: seamline check -v" in short
    assert "info [" not in short
    assert "info [not-sendable]\n  shop/stock/store.py:5\n" in long


def test_http_services_that_share_an_address_by_path_are_checked_in_one_process(seamline, project):
    project(
        {
            "seamline.toml": """
            [services.web]
            http = "shop.web:app"
            [services.admin]
            http = "shop.web:app"
            path = "/admin"
            """
        }
    )

    assert seamline("check").status == 0
    assert seamline("check", "--layout", "micro").status == 2


def test_what_is_said_of_many_lines_is_said_once(seamline, project):
    calls = "".join(f"    reading({number})\n" for number in range(6))
    project(
        {
            "shop/stock.py": (
                "import sqlite3\n_opened = []\n"
                "def reading(number) -> sqlite3.Connection:\n"
                "    _opened.append(number)\n    return sqlite3.connect('a')\n"
            ),
            "shop/front.py": f"from shop.stock import reading\ndef page():\n{calls}",
        }
    )

    short = seamline("check").out
    long = seamline("check", "-v").out

    assert short.count("error [not-sendable]") == 1
    also = "  also shop/front.py:4, shop/front.py:5, shop/front.py:6 and 2 more\n"
    assert "error [not-sendable]\n  shop/front.py:3\n" in short
    assert also in short
    assert "shop/front.py:8" in long
    assert "6 errors" in short

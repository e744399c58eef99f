"""seamline.config.load: what it refuses, on which line, with which suggestion."""

import pytest

from seamline import config
from seamline.errors import ConfigError

WEB = '[services.web]\nhttp = "shop.web:app"\n'
TWO = WEB + '[services.reports]\npackage = "shop.reports"\n'

# (text, line, marked text, part of the message, part of the remedy)
REFUSED = {
    "unknown top key": ('nam = "x"\n' + WEB, 1, "nam", "unknown key 'nam'", '"name"'),
    "unknown service key": (
        WEB + 'bnid = "a:1"\n', 3, "bnid", "unknown key 'bnid' in [services.web]", '"bind"'),
    "unknown group key": (
        TWO + '[layouts.a]\nall = { services = ["web", "reports"], worker = 2 }\n',
        6, "worker", "unknown key 'worker' in group 'all' of [layouts.a]", '"workers"'),
    "unknown limit": ("limits.dept = 3\n" + WEB, 1, "dept", "unknown key 'dept'", '"depth"'),
    "wrong type": (
        WEB + '[services.r]\npackage = "r"\ntimeout = "20"\n',
        5, '"20"', '`timeout` must be a number of seconds, not "20"', ""),
    "true is no number": ("startup_timeout = true\n" + WEB, 1, "true", "not true", ""),
    "endless": ("stall_timeout = inf\n" + WEB, 1, "inf", "above 0 and below", ""),
    "text for a list": (
        WEB + '[services.r]\npackage = "r"\nlocal = "a"\n',
        5, '"a"', "`local` must be a list", 'local = ["a"]'),
    "number in a list": (
        WEB + '[services.r]\npackage = "r"\nlocal = ["a", 1]\n', 5, "1", "texts only, not 1", ""),
    "number for a list": (
        WEB + '[services.r]\npackage = "r"\nlocal = 1\n', 5, "1", "must be a list of texts", ""),
    "number for a text": ("name = 1\n" + WEB, 1, "1", "`name` must be a text, not 1", ""),
    "empty text": ('setup = ""\n' + WEB, 1, '""', "a text that is not empty", ""),
    "bad name": ('name = "a/b"\n' + WEB, 1, '"a/b"', "`name` must be a letter, then", ""),
    "date for a number": (
        "stall_timeout = 2026-01-01\n" + WEB, 1, "2026-01-01", "not a date", ""),
    "broken number of items": (
        "limits.items = 1.5\n" + WEB, 1, "1.5", "`items` must be a whole number, not 1.5", ""),
    "mode of a wrong type": ("socket_mode = []\n" + WEB, 1, "[]", "permission bits", "0o660"),
    "number in a command": (
        '[services.a]\ncommand = ["sleep", 1]\n', 2, "1", "texts only, not 1", ""),
    "command with an open quote": (
        "[services.a]\ncommand = \"a 'b\"\n", 2, "\"a 'b\"", "a list of words", '["a", "\'b"]'),
    "twice in a list": (
        WEB + '[services.r]\npackage = "r"\nlocal = ["a", "a"]\n', 5, '"a"', "stands twice", ""),
    "text for a table": ('services = "web"\n', 1, '"web"', "must be a table", ""),
    "no services": ('name = "x"\n', None, None, "no service is named", "[services.web]"),
    "no kind": ("[services.web]\n", 1, "web", "neither package, http nor command", "package ="),
    "two kinds": (WEB + 'package = "shop"\n', 3, "package", "both `http` and `package`", "two"),
    "key of another kind": (WEB + "timeout = 3\n", 3, "timeout", "package services only", ""),
    "bad service name": ('[services."a.b"]\nhttp = "a:b"\n', 1, '"a.b"', "cannot be named", ""),
    "bad module": ('[services.a]\npackage = "a-b"\n', 2, '"a-b"', "dotted module name", "like"),
    "http without object": (
        '[services.a]\nhttp = "shop.web"\n', 2, '"shop.web"', "module:object", "create_app"),
    "http that is called twice": (
        '[services.a]\nhttp = "shop.web:make()x"\n', 2, '"shop.web:make()x"', "factory()", ""),
    "command as text": (
        '[services.a]\ncommand = "python -m x"\n',
        2, '"python -m x"', "a list of words", '["python", "-m", "x"]'),
    "empty command": ("[services.a]\ncommand = []\n", 2, "[]", "not empty", ""),
    "bind without port": (WEB + 'bind = "localhost"\n', 3, '"localhost"', "host:port", "8000"),
    "descriptor that is none": (WEB + 'bind = "fd://-1"\n', 3, '"fd://-1"', "fd://3", "8000"),
    "port out of range": (
        WEB + 'bind = "a:65536"\n', 3, '"a:65536"', "host:port", "from 0 to 65535"),
    "bad path": (WEB + 'path = "admin/"\n', 3, '"admin/"', "begins with /", "/admin"),
    "bad carry": ('carry = ["shop.x"]\n' + WEB, 1, '"shop.x"', "module:variable", "currency"),
    "bad setup": ('setup = "shop"\n' + WEB, 1, '"shop"', "module:callable", "prepare"),
    "decimal mode": ("socket_mode = 660\n" + WEB, 1, "660", "0o600 to 0o777", "0o660"),
    "unknown default layout": (
        'layout = "micr"\n' + WEB, 1, '"micr"', "no layout 'micr'", '"micro"'),
    "unknown log level": ('log_level = "wrning"\n' + WEB, 1, '"wrning"', "cannot be", '"warning"'),
    "same package twice": (
        TWO + '[services.again]\npackage = "shop.reports"\n',
        6, '"shop.reports"', "service 'reports' already", "once"),
    "package in a package": (
        TWO + '[services.pdf]\npackage = "shop.reports.pdf"\n',
        6, '"shop.reports.pdf"', "'shop.reports.pdf' is inside 'shop.reports'", "one by one"),
    "package around a package": (
        TWO + '[services.all]\npackage = "shop"\n',
        6, '"shop"', "'shop.reports' is inside 'shop'", "one by one"),
    "built-in layout": (TWO + '[layouts.micro]\na = ["web"]\n', 5, "micro", "built in", "another"),
    "empty layout": (TWO + "[layouts.a]\n", 5, "a", "has no groups", ""),
    "empty group": (TWO + "[layouts.a]\nb = []\n", 6, "[]", "has no services", "remove"),
    "group of a wrong type": (TWO + "[layouts.a]\nb = 3\n", 6, "3", "a list of services", "write"),
    "unknown service": (
        TWO + '[layouts.a]\nb = ["web", "report"]\n', 6, '"report"', "no service", '"reports"'),
    "unknown service, long form": (
        TWO + '[layouts.a.b]\nservices = ["web", "report"]\n', 6, '"report"', "no service", ""),
    "service in two groups": (
        TWO + '[layouts.a]\nb = ["web", "reports"]\nc = ["web"]\n',
        7, '"web"', "in group 'b' already", "one group"),
    "service in no group": (
        TWO + '[layouts.a]\nb = ["web"]\n', 5, "a", "'reports' in no group", "own: reports"),
    "no workers": (
        TWO + '[layouts.a]\nb = { services = ["web", "reports"], workers = 0 }\n',
        6, "0", "`workers` must be 1 to", ""),
    "size without a unit": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nmax_rss = "300"\n',
        7, '"300"', "`max_rss` must be a number or a text with its unit", ""),
    "size in half a unit": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nmax_rss = "300m"\n',
        7, '"300m"', "`max_rss` must be a number", 'did you mean "300MiB"?'),
    "size in the unit of a duration": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nmax_rss = "3h"\n',
        7, '"3h"', 'such as "300MiB"', ""),
    "size that no process has": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nmax_rss = 300\n',
        7, "300", "`max_rss` must be 1MiB to 1024GiB, not 300", "a number alone is in bytes"),
    "duration that is none": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nmax_age = "soon"\n',
        7, '"soon"', 'such as "6h"', ""),
    "duration of nothing": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nmax_age = 0\n',
        7, "0", "`max_age` must be 1s to 365d, not 0", ""),
    "endless duration": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nmax_age = inf\n',
        7, "inf", "1s to 365d", ""),
    "truth for a duration": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nmax_age = true\n',
        7, "true", "not true", ""),
    "no requests": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nmax_requests = 0\n',
        7, "0", "`max_requests` must be 1 to", ""),
    "jitter of nothing": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nmax_requests_jitter = 5\n',
        7, "max_requests_jitter", "spreads `max_requests`, which is not there", "add max_"),
    "limit of a command": (
        WEB + '[services.x]\ncommand = ["x"]\n[layouts.a]\nb = ["web"]\n'
        'c = { services = ["x"], max_age = "6h" }\n',
        7, "max_age", "this group has commands only", "remove"),
    "number in env": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nenv = { A = 1 }\n',
        7, "1", "`A` must be a text", 'A = "1"'),
    "our own variable in env": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nenv = { SEAMLINE_RUN = "x" }\n',
        7, "SEAMLINE_RUN", "belongs to Seamline", ""),
    "variable that no process can have": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nenv = { "A=B" = "x" }\n',
        7, '"A=B"', "'A=B' is no name of a variable", ""),
    "value that no process can have": (
        TWO + '[layouts.a.b]\nservices = ["web", "reports"]\nenv = { A = "x\\u0000" }\n',
        7, '"x\\u0000"', "the value of A holds a zero byte", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refusal_points_at_the_line_and_says_what_to_do(load, case):
    text, line, marked, message, remedy = case
    with pytest.raises(ConfigError) as caught:
        load(text)

    error = caught.value
    assert message in error.message
    assert remedy in error.remedy
    assert error.line == line
    if marked is not None:
        source = text.splitlines()[error.line - 1]
        assert source[error.column - 1 : error.column - 1 + error.width] == marked


def test_text_that_is_no_toml_is_refused_with_its_place(load):
    with pytest.raises(ConfigError, match="not TOML") as caught:
        load(WEB + "bind = \n")

    assert (caught.value.line, caught.value.column) == (3, 8)


@pytest.mark.parametrize(
    ("text", "line", "marked", "message"),
    [
        (TWO + "[ services.web ]  # again\n", 5, "[ services.web ]",
         "the table [ services.web ] is written twice, first in line 1"),
        (TWO + '[services."web"]\n\nbind = "a:1"\n', 5, '[services."web"]',
         'the table [services."web"] is written twice, first in line 1'),
        ("services.web = { http = 'a:b' }\n[services.web]\n", 2, "[services.web]",
         "the table [services.web] is written twice"),
        (WEB + 'bind = "a:1"\nbind = "a:2"\n', 4, "bind", "the key `bind` is written twice"),
        (WEB + "limits = { depth = 1 }\nlimits.depth = 2\n", 4, None,
         "not TOML: cannot mutate immutable namespace services.web.limits"),
    ],
)  # fmt: skip
def test_what_is_written_twice_is_marked(load, text, line, marked, message):
    with pytest.raises(ConfigError) as caught:
        load(text)

    error = caught.value
    assert (error.message, error.line) == (message, line)
    if marked is not None:
        source = text.splitlines()[line - 1]
        assert source[error.column - 1 : error.column - 1 + error.width] == marked


def test_text_that_ends_too_early_is_refused_on_its_last_line(load):
    with pytest.raises(ConfigError, match="not TOML") as caught:
        load(WEB + "carry = [\n\n")

    assert caught.value.line in {3, 5}


def test_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "seamline.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match="it is not UTF-8: the byte 0xff is not text") as caught:
        config.load(path, environ={})

    assert caught.value.line == 1
    assert "save it as UTF-8" in caught.value.remedy


def test_the_line_that_is_not_utf_8_is_named(tmp_path):
    path = tmp_path / "seamline.toml"
    path.write_bytes('# fine: \N{SNOWMAN}\nname = "caf'.encode() + b'\xe9"\n')

    with pytest.raises(ConfigError, match="the byte 0xe9") as caught:
        config.load(path, environ={})

    assert caught.value.line == 2


def test_message_of_a_refusal_names_file_line_and_remedy(load, tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(WEB + 'bnid = "a:1"\n')

    assert str(caught.value) == (
        f"{tmp_path}/seamline.toml:3: unknown key 'bnid' in [services.web]; did you mean \"bind\"?"
    )

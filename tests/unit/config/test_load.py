"""seamline.config.load: the file, the environment and the flags become frozen values."""

import os

import pytest

from seamline import config
from seamline.config import Group, Layout, Limits, Recycle, Service
from seamline.errors import ConfigError

WHOLE = """\
name = "longrun"
layout = "split"
carry = ["longrun.context:currency"]
setup = "longrun.start:prepare"
bind = "0.0.0.0:80"
startup_timeout = 5
graceful_timeout = 1.5
stall_timeout = 9
socket_mode = 0o660
log_level = "warning"
limits = { depth = 9 }

[services.web]
http = "longrun.web:create_app()"
[services.admin]
http = "longrun.admin:app"
path = "/admin"
[services.reports]
package = "longrun.reports"
idempotent = ["monthly_pdf"]
local = ["register_filters"]
snapshot = ["settings"]
cache = ["PAGES"]
carry = ["longrun.reports:style"]
timeout = 20
[services.mailer]
command = ["python", "-m", "aiosmtpd", "-n"]

[layouts.split]
front   = ["web", "admin"]
reports = { services = ["reports"], workers = 2, threads = 4, env = { LANG = "C" } }
[layouts.split.mailer]
services = ["mailer"]
"""
SMALL = '[services.web]\nhttp = "shop.web:app"\n'


def test_every_documented_key_is_read(load, tmp_path):
    loaded = load(WHOLE)

    assert loaded.root == tmp_path
    assert loaded.services == (
        Service(name="web", http="longrun.web:create_app()"),
        Service(name="admin", http="longrun.admin:app", path="/admin"),
        Service(
            name="reports",
            package="longrun.reports",
            idempotent=("monthly_pdf",),
            local=("register_filters",),
            snapshot=("settings",),
            cache=("PAGES",),
            carry=("longrun.reports:style",),
            timeout=20.0,
        ),
        Service(name="mailer", command=("python", "-m", "aiosmtpd", "-n")),
    )
    assert loaded.layouts == (
        Layout(
            "split",
            (
                Group(name="front", services=("web", "admin")),
                Group(
                    name="reports", services=("reports",), workers=2, threads=4, env={"LANG": "C"}
                ),
                Group(name="mailer", services=("mailer",)),
            ),
        ),
    )
    assert (loaded.name, loaded.layout, loaded.bind) == ("longrun", "split", "0.0.0.0:80")
    assert (loaded.carry, loaded.setup) == (("longrun.context:currency",), "longrun.start:prepare")
    assert (loaded.startup_timeout, loaded.graceful_timeout, loaded.stall_timeout) == (5, 1.5, 9)
    assert (loaded.socket_mode, loaded.log_level) == (0o660, "warning")
    assert loaded.limits == Limits(depth=9)


def test_one_service_is_enough(load, tmp_path):
    loaded = load(SMALL)

    assert (loaded.layout, loaded.bind) == ("mono", "127.0.0.1:8000")
    assert loaded.name == tmp_path.name.strip("-.")


def test_socket_mode_may_be_a_text_of_octal_digits(load):
    assert load('socket_mode = "0660"\n' + SMALL).socket_mode == 0o660


@pytest.mark.parametrize(
    ("written", "limits"),
    [
        ("", Recycle()),
        ("max_requests = 5_000", Recycle(max_requests=5000)),
        (
            "max_requests = 50\nmax_requests_jitter = 5",
            Recycle(max_requests=50, max_requests_jitter=5),
        ),
        ('max_rss = "300MiB"', Recycle(max_rss=300 * 1024 * 1024)),
        ('max_rss = "1.5 GB"', Recycle(max_rss=1_500_000_000)),
        ("max_rss = 104857600", Recycle(max_rss=100 * 1024 * 1024)),
        ('max_age = "6h"', Recycle(max_age=6 * 3600.0)),
        ('max_age = "2d"', Recycle(max_age=2 * 86400.0)),
        ("max_age = 1.5", Recycle(max_age=1.5)),
    ],
)
def test_limits_of_a_groups_workers_have_units(load, written, limits):
    loaded = load(SMALL + f'\n[layouts.a.b]\nservices = ["web"]\n{written}\n')

    assert loaded.layouts[0].groups[0].recycle == limits


@pytest.mark.parametrize("name", ["mono", "local"])
def test_mono_and_local_are_one_group_of_everything(load, name):
    (group,) = load(WHOLE).layout_named(name).groups

    assert (group.name, group.services) == ("app", ("web", "admin", "reports", "mailer"))


def test_micro_is_one_group_for_each_service(load):
    groups = load(WHOLE).layout_named("micro").groups

    assert [(group.name, group.services) for group in groups] == [
        (name, (name,)) for name in ("web", "admin", "reports", "mailer")
    ]


def test_flag_beats_variable_beats_file_beats_default(load):
    variable = {"SEAMLINE_LAYOUT": "local", "SEAMLINE_LOG_LEVEL": "debug"}

    assert load(SMALL).layout == "mono"
    assert load(WHOLE).layout == "split"
    assert load(WHOLE, environ=variable).layout == "local"
    assert load(WHOLE, environ=variable).log_level == "debug"
    assert load(WHOLE, environ=variable, layout="micro").layout == "micro"
    assert load(WHOLE, environ=variable, layout=None).layout == "local"


def test_bind_given_goes_to_the_first_http_service_whatever_the_file_says(load):
    text = SMALL + 'bind = "127.0.0.1:1"\n[services.two]\nhttp = "b:b"\nbind = "127.0.0.1:2"\n'

    binds = [service.bind for service in load(text, environ={"SEAMLINE_BIND": "[::1]:9"}).services]

    assert binds == ["[::1]:9", "127.0.0.1:2"]
    for bind in ("unix:/tmp/a", "fd://3", "fd://shop.socket"):
        assert load(text, bind=bind).services[0].bind == bind


@pytest.mark.parametrize(
    ("environ", "overrides", "message"),
    [
        ({"SEAMLINE_LAYOUT": "micr"}, {}, 'SEAMLINE_LAYOUT: .*no layout .*mean "micro"'),
        ({}, {"layout": "spit"}, "--layout: there is no layout 'spit'"),
        ({"SEAMLINE_BIND": "8000"}, {}, "SEAMLINE_BIND: '8000' is no address"),
        ({}, {"bind": "a:99999"}, "--bind: 'a:99999' is no address.*a number from 0 to 65535"),
        ({}, {"log_level": "loud"}, "--log-level: there is no level 'loud'"),
    ],
)
def test_wrong_variable_or_flag_is_named(load, environ, overrides, message):
    with pytest.raises(ConfigError, match=message):
        load(SMALL, environ=environ, **overrides)


def test_file_is_looked_for_here_and_above(tmp_path):
    (tmp_path / "seamline.toml").write_text(SMALL)
    below = tmp_path / "shop" / "web"
    below.mkdir(parents=True)

    assert config.find_file(directory=below, environ={}) == tmp_path / "seamline.toml"


def test_flag_and_variable_name_the_file(tmp_path):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(SMALL)
    environ = {"SEAMLINE_FILE": "a.toml"}

    assert config.find_file(directory=tmp_path, environ=environ).name == "a.toml"
    assert (
        config.find_file(directory=tmp_path, file=tmp_path / "b.toml", environ=environ).name
        == "b.toml"
    )


def test_directory_given_as_file_means_the_file_in_it(tmp_path):
    (tmp_path / "seamline.toml").write_text(SMALL)

    assert config.find_file(file=tmp_path, environ={}) == tmp_path / "seamline.toml"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"SEAMLINE_FILE": "no.toml"}, r"no file no\.toml \(from SEAMLINE_FILE\)"),
        ({}, r"no seamline\.toml in .* or above it"),
    ],
)
def test_missing_file_is_an_error_that_says_where_it_looked(tmp_path, environ, message):
    with pytest.raises(ConfigError, match=message):
        config.find_file(directory=tmp_path, environ=environ)


@pytest.mark.parametrize("named", [None, "seamline.toml"])
def test_what_has_the_name_of_the_file_and_is_none_is_said_to_be_what_it_is(tmp_path, named):
    path = tmp_path / "seamline.toml"

    path.mkdir()
    with pytest.raises(ConfigError, match=r"seamline\.toml is a directory"):
        config.find_file(directory=tmp_path, file=named, environ={})
    path.rmdir()
    path.symlink_to("gone.toml")
    with pytest.raises(ConfigError, match=r"seamline\.toml is a link to what is not there"):
        config.find_file(directory=tmp_path, file=named, environ={})


def test_a_directory_that_may_not_be_looked_into_is_no_bug_of_ours(tmp_path):
    (tmp_path / "seamline.toml").write_text("")
    tmp_path.chmod(0)
    user = os.geteuid()
    if user == 0:  # who may look everywhere
        os.seteuid(65534)
    try:
        with pytest.raises(ConfigError, match=r"cannot look into .*: Permission denied") as caught:
            config.find_file(directory=tmp_path, environ={})
    finally:
        os.seteuid(user)
        tmp_path.chmod(0o700)

    assert caught.value.remedy == f"permit it: chmod u+rx {tmp_path}"


def test_a_directory_with_the_name_of_the_file_hides_no_file_above_it(tmp_path):
    (tmp_path / "seamline.toml").write_text(SMALL)
    (tmp_path / "shop" / "seamline.toml").mkdir(parents=True)

    found = config.find_file(directory=tmp_path / "shop", environ={})

    assert found == tmp_path / "seamline.toml"

"""seamline.plan: configuration and interfaces become groups and endpoints."""

import msgspec
import pytest

from seamline import plan
from seamline.config import Recycle
from seamline.errors import ConfigError

SHOP = """\
carry = ["shop.context:currency"]
stall_timeout = 7
[services.web]
http = "shop.web:app"
[services.accounts]
package = "shop.accounts"
[services.reports]
package = "shop.reports"
timeout = 20
idempotent = ["monthly_pdf"]
carry = ["shop.reports:style", "shop.context:currency"]
[services.mailer]
command = ["mailer", "-n"]
[layouts.split]
front = ["web", "accounts"]
[layouts.split.back]
services = ["reports", "mailer"]
workers = 2
threads = 3
max_age = "1h"
env = { A = "1" }
"""


@pytest.fixture
def shop(load, analysis, interface):
    """Return the plan of the shop in a layout."""
    interfaces = (
        interface("accounts", "shop.accounts", "login"),
        interface("reports", "shop.reports", "monthly_pdf"),
    )
    config = load(SHOP)
    return lambda layout, **options: plan.build(
        config, analysis(*interfaces), layout=layout, run_dir="/run/shop", **options
    )


@pytest.mark.parametrize(
    ("layout", "groups"),
    [
        ("mono", {"app": ("web", "accounts", "reports", "mailer")}),
        ("local", {"app": ("web", "accounts", "reports", "mailer")}),
        ("micro", {name: (name,) for name in ("web", "accounts", "reports", "mailer")}),
        ("split", {"front": ("web", "accounts"), "back": ("reports", "mailer")}),
    ],
)
def test_layout_decides_what_shares_processes(shop, layout, groups):
    made = shop(layout)

    assert {group.name: group.services for group in made.groups} == groups
    assert made.layout == layout


def test_long_form_of_a_group_arrives_in_the_plan(shop):
    group = shop("split").group("back")

    assert (group.workers, group.threads, group.env) == (2, 3, {"A": "1"})
    assert group.recycle == Recycle(max_age=3600)


def test_services_keep_what_the_file_says_and_carry_what_all_seams_carry(shop):
    reports = shop("split").service("reports")

    assert (reports.timeout, reports.idempotent) == (20.0, ("monthly_pdf",))
    assert reports.carry == ("shop.context:currency", "shop.reports:style")
    assert reports.interface is not None
    assert reports.interface.package == "shop.reports"


def test_plan_survives_json(shop):
    made = shop("split")

    assert plan.from_json(plan.to_json(made)) == made


def test_text_that_is_no_plan_is_refused():
    with pytest.raises(ValueError, match="missing required field"):
        plan.from_json(b"{}")


def test_unknown_layout_is_refused_with_the_nearest(shop):
    with pytest.raises(ConfigError, match=r'no layout \'spilt\'.*did you mean "split"'):
        shop("spilt")


@pytest.mark.parametrize("key", ["local", "idempotent"])
def test_function_that_does_not_exist_is_refused_on_its_line(load, analysis, interface, key):
    config = load(f'[services.r]\npackage = "shop.r"\n{key} = ["totals", "monthly_pfd"]\n')
    found = analysis(interface("r", "shop.r", "monthly_pdf", "totals"))

    with pytest.raises(ConfigError, match=r"no public function of shop\.r") as caught:
        plan.build(config, found, layout="micro", run_dir="/run")

    assert (caught.value.line, caught.value.remedy) == (3, 'did you mean "monthly_pdf"?')


def test_hosted_packages_are_imported(shop):
    assert shop("micro").group("reports").imports == ("shop.reports",)
    assert shop("micro").group("mailer").imports == ()
    assert shop("mono").group("app").imports == ("shop.accounts", "shop.reports")


def test_what_has_to_be_imported_before_a_package_is(load, analysis, interface):
    found = analysis(
        interface("a", "shop.a", before=("shop.core",)),
        interface("b", "shop.b", before=("shop.core",), registers=("shop.a",)),
    )
    config = load('[services.a]\npackage = "shop.a"\n[services.b]\npackage = "shop.b"\n')

    made = plan.build(config, found, layout="mono", run_dir="/run")

    assert made.group("app").imports == ("shop.core", "shop.a", "shop.b")


def test_package_that_registers_on_what_a_group_imports_is_imported_there(
    load, analysis, interface
):
    config = load(
        '[services.a]\npackage = "shop.a"\n[services.b]\npackage = "shop.b"\n'
        '[services.c]\npackage = "shop.c"\n[services.d]\npackage = "shop.d"\n'
    )
    found = analysis(
        interface("a", "shop.a", imports=("shop.signals",)),
        interface("b", "shop.b", registers=("shop.signals",), imports=("shop.late.deep",)),
        interface("c", "shop.c", registers=("shop.late",)),
        interface("d", "shop.d", registers=("shop.unrelated",)),
    )

    made = plan.build(config, found, layout="micro", run_dir="/run")

    assert made.group("a").imports == ("shop.a", "shop.b", "shop.c")
    assert made.group("c").imports == ("shop.c",)


def test_process_that_serves_http_imports_every_package_that_registers(load, analysis, interface):
    config = load('[services.w]\nhttp = "shop.web:app"\n[services.a]\npackage = "shop.a"\n')
    found = analysis(interface("a", "shop.a", registers=("shop.signals",)))

    made = plan.build(config, found, layout="micro", run_dir="/run")

    assert made.group("w").imports == ("shop.a",)


def test_first_http_service_has_the_default_address(shop):
    web = shop("micro").service("web")

    assert (web.bind, web.path) == ("127.0.0.1:8000", "")
    assert shop("micro").service("accounts").bind is None


def test_bind_of_the_call_beats_the_file(shop):
    assert shop("micro", bind="127.0.0.1:0").service("web").bind == "127.0.0.1:0"


def test_http_services_share_an_address_by_path_in_one_group(load, analysis):
    config = load('[services.a]\nhttp = "a:a"\n[services.b]\nhttp = "b:b"\npath = "/b"\n')

    made = plan.build(config, analysis(), layout="mono", run_dir="/run")

    assert [(one.bind, one.path) for one in made.services] == [
        ("127.0.0.1:8000", ""),
        ("127.0.0.1:8000", "/b"),
    ]


@pytest.mark.parametrize(
    ("second", "layout", "message"),
    [
        ("", "mono", "'b' has neither `bind` nor `path`"),
        ('path = "/"', "mono", "'a' and 'b' both answer at 127.0.0.1:8000/"),
        ('bind = "127.0.0.1:8000"', "mono", "both answer at 127.0.0.1:8000/"),
        ('path = "/b"', "micro", "groups 'a' and 'b' are different processes"),
    ],
    ids=["no address", "same path", "same bind", "two groups"],
)
def test_http_services_that_would_meet_are_refused(load, analysis, second, layout, message):
    config = load(f'[services.a]\nhttp = "a:a"\n[services.b]\nhttp = "b:b"\n{second}\n')

    with pytest.raises(ConfigError, match=message) as caught:
        plan.build(config, analysis(), layout=layout, run_dir="/run")

    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("given", "preloads"),
    [
        pytest.param(("", ("a", "b", "shop.web")), ("json", "zlib", "flask"), id="all in order"),
        pytest.param(("", ("a",)), ("json", "zlib"), id="up to what changes the process"),
        pytest.param(('setup = "shop.web:begin"\n', ("a", "b")), ("json", "zlib"), id="setup"),
    ],
)
def test_libraries_are_those_that_a_worker_certainly_imports(
    load, analysis, interface, given, preloads
):
    setup, whole = given
    config = load(
        f'{setup}[services.web]\nhttp = "shop.web:app"\n'
        '[services.a]\npackage = "a"\n[services.b]\npackage = "b"\n'
    )
    found = msgspec.structs.replace(
        analysis(
            interface("a", "a", "f", preloads=("json",)),
            interface("b", "b", "f", preloads=("zlib", "json")),
        ),
        preloads={"shop.web": ("flask",)},
        whole=whole,
    )

    made = plan.build(config, found, layout="mono", run_dir="/run/shop")

    assert made.group("app").preloads == preloads

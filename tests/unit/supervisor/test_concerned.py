"""seamline.supervisor.concerned: which groups a changed file concerns."""

import msgspec
import pytest

from seamline.interface import Function, Interface, Kind, Place, Verdict
from seamline.plan import GroupPlan, Plan, ServicePlan
from seamline.supervisor.concerned import (
    changed_services,
    concerned,
    is_same_for_workers,
    may_start_early,
)


def function(**changes) -> Function:
    made = Function(
        module="shop.stock",
        name="left",
        line=3,
        file="shop/stock/__init__.py",
        signature="(name: str) -> int",
        kind=Kind.SYNC,
        verdict=Verdict.REMOTE,
        reason="touches shop.stock:_left",
        fingerprint="1",
        callers=(Place("shop/lazy.py", 4),),
    )
    return msgspec.structs.replace(made, **changes)


def plan(*functions: Function, root="/srv/shop", groups=("web", "stock", "clock")) -> Plan:
    stock = Interface(
        service="stock",
        package="shop.stock",
        modules=(("shop.stock", f"{root}/shop/stock/__init__.py"),),
        functions=functions or (function(),),
    )
    return Plan(
        name="shop",
        root=root,
        layout="micro",
        run_dir="/run/shop",
        groups=tuple(GroupPlan(name=name, services=(name,)) for name in groups),
        services=(
            ServicePlan(name="web", http="shop.web:app"),
            ServicePlan(name="stock", package="shop.stock", interface=stock),
            ServicePlan(name="clock", command=("python", "-m", "shop.clock")),
        ),
    )


LOADED = {
    "web": frozenset({"shop/__init__.py", "shop/web.py", "shop/lazy.py"}),
    "stock": frozenset({"shop/__init__.py", "shop/stock/__init__.py"}),
}


@pytest.mark.parametrize(
    ("file", "groups"),
    [
        pytest.param("shop/web.py", {"web", "clock"}, id="what one group holds"),
        pytest.param("shop/__init__.py", {"web", "stock", "clock"}, id="what all hold"),
        pytest.param("shop/stock/__init__.py", {"web", "stock", "clock"}, id="its callers too"),
        pytest.param("shop/stock/new.py", {"web", "stock", "clock"}, id="a new module of it"),
        pytest.param("tests/test_shop.py", set(), id="a test"),
        pytest.param("shop/static/page.css", set(), id="a static file"),
        pytest.param("shop/templates/a/page.html", {"web", "stock"}, id="a template"),
        pytest.param("shop/stock/templates/x.txt", {"stock"}, id="a template of a package"),
        pytest.param("templates/page.html", {"web"}, id="a template of the project"),
    ],
)
def test_a_file_concerns_the_groups_that_hold_it_or_may_come_to(file, groups) -> None:
    assert concerned(plan(), [file], LOADED) == groups


def test_a_group_that_cannot_say_what_it_holds_is_concerned() -> None:
    assert concerned(plan(), ["shop/other.py"], {**LOADED, "web": None}) == {"web", "clock"}


def test_what_serves_http_may_come_to_call_a_package_that_it_has_not_imported() -> None:
    lazy = plan(function(callers=()))

    assert concerned(lazy, ["shop/stock/__init__.py"], {"web": frozenset(), "stock": None}) == {
        "web",
        "stock",
        "clock",
    }


def test_a_project_behind_a_link_is_known_by_its_own_name(tmp_path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    seen = msgspec.structs.replace(plan(root=str(tmp_path / "real")), root=str(tmp_path / "link"))

    assert "stock" in concerned(seen, ["shop/stock/__init__.py"], {"stock": frozenset()})


def test_who_calls_a_package_and_why_it_is_judged_so_changes_no_client_half() -> None:
    after = plan(function(callers=(), reason="another"))

    assert list(changed_services(plan(), after)) == []
    assert is_same_for_workers(plan(), after)


def test_another_line_of_a_function_changes_its_service() -> None:
    after = plan(function(line=9))

    assert [service.name for service in changed_services(plan(), after)] == ["stock"]
    assert not is_same_for_workers(plan(), after)


def test_where_no_seam_is_open_lines_do_not_matter() -> None:
    def whole(made: Plan) -> Plan:
        groups = (GroupPlan(name="app", services=("web", "stock", "clock")),)
        return msgspec.structs.replace(made, groups=groups, layout="mono")

    assert is_same_for_workers(whole(plan()), whole(plan(function(line=9))))
    assert may_start_early(whole(plan()), ["shop/stock/__init__.py"])
    assert not may_start_early(plan(), ["shop/stock/__init__.py"])
    assert may_start_early(plan(), ["shop/web.py"])


@pytest.mark.parametrize(
    ("command", "is_concerned"),
    [
        (("python3.12", "-m", "shop.clock"), True),
        (("sh", "-c", "DEBUG=1 python clock.py"), True),
        (("pytest", "--looponfail"), True),
        (("node", "server.js"), False),
        (("sh", "-c", "exec node server.js"), False),
    ],
)
def test_a_command_is_concerned_by_code_if_it_is_a_python_program(command, is_concerned) -> None:
    made = plan()
    clock = msgspec.structs.replace(made.services[2], command=command)
    made = msgspec.structs.replace(made, services=(*made.services[:2], clock))

    assert ("clock" in concerned(made, ["shop/web.py"], LOADED)) is is_concerned

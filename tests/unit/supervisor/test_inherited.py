"""seamline.supervisor.inherited: sockets that the supervisor was started with."""

import os
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from seamline.errors import BindError
from seamline.plan import GroupPlan, Plan, ServicePlan
from seamline.supervisor.inherited import Inherited, open_inherited, without_passed


def plan(**binds: str) -> Plan:
    """Return a plan of http services that listen there."""
    return Plan(
        name="shop",
        root="/srv/shop",
        layout="micro",
        run_dir="/run/shop",
        groups=tuple(GroupPlan(name=name, services=(name,)) for name in binds),
        services=tuple(
            ServicePlan(name=name, http="shop.web:app", bind=bind) for name, bind in binds.items()
        ),
    )


def assigned(names: dict[int, str], **binds: str) -> dict[str, str | None]:
    return {one.name: one.bind for one in Inherited(names).assign(plan(**binds)).services}


def passed(**variables: str) -> dict[int, str]:
    return Inherited.read(variables, 7)._names


def test_descriptors_begin_at_three_and_have_the_names_of_their_units() -> None:
    assert passed(LISTEN_PID="7", LISTEN_FDS="2", LISTEN_FDNAMES="web:admin") == {
        3: "web",
        4: "admin",
    }
    assert passed(LISTEN_PID="7", LISTEN_FDS="2") == {3: "", 4: ""}


def test_what_was_passed_to_another_process_is_left_alone() -> None:
    assert passed(LISTEN_PID="8", LISTEN_FDS="2") == {}
    assert passed(LISTEN_FDS="2") == {}
    assert passed() == {}


@pytest.mark.parametrize("count", ["x", "-1", "1001", "²"])
def test_a_count_that_is_none_is_refused(count) -> None:
    with pytest.raises(BindError, match="no number of descriptors"):
        passed(LISTEN_PID="7", LISTEN_FDS=count)


@pytest.mark.parametrize(
    ("names", "binds", "found"),
    [
        pytest.param(
            {3: "shop.socket"}, {"web": "a:1"}, {"web": "fd://3"}, id="the only one, to the first"
        ),
        pytest.param(
            {3: "admin", 4: "web"},
            {"web": "a:1", "admin": "a:2"},
            {"web": "fd://4", "admin": "fd://3"},
            id="by the names of services",
        ),
        pytest.param(
            {3: "front", 4: ""},
            {"web": "fd://front", "admin": "fd://4", "more": "a:2"},
            {"web": "fd://3", "admin": "fd://4", "more": "a:2"},
            id="as the file says",
        ),
        pytest.param(
            {3: ""},
            {"web": "a:1", "pages": "a:1"},
            {"web": "fd://3", "pages": "fd://3"},
            id="to all that share an address",
        ),
        pytest.param({}, {"web": "fd://9"}, {"web": "fd://9"}, id="one that nobody announced"),
    ],
)
def test_a_descriptor_belongs_to_the_service_that_names_it(names, binds, found) -> None:
    assert assigned(names, **binds) == found


def test_one_that_no_service_listens_on_is_refused() -> None:
    with pytest.raises(BindError, match=r"descriptor 4 \(metrics\) was passed, and no http"):
        assigned({3: "web", 4: "metrics"}, web="a:1")


def test_two_for_one_service_are_refused() -> None:
    with pytest.raises(BindError, match=r"descriptor 4 \(web\) was passed, and no http service"):
        assigned({3: "web", 4: "web"}, web="a:1")


def test_a_name_that_was_not_passed_is_refused_with_those_that_were() -> None:
    with pytest.raises(BindError, match=r"fd://front: no .* of that name .*: 3 \(frnt\)"):
        assigned({3: "frnt"}, web="fd://front")
    with pytest.raises(BindError, match="FileDescriptorName=front"):
        assigned({}, web="fd://front")


def test_children_hear_nothing_of_it() -> None:
    environ = {"LISTEN_PID": "7", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a", "PATH": "/bin"}

    assert without_passed(environ) == {"PATH": "/bin"}


def test_every_slot_shares_the_socket_and_the_descriptor_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as stack:
        address, sockets = open_inherited(f"fd://{listening.fileno()}", 2)
        for one in sockets:
            stack.enter_context(one)

        assert address.port == listening.getsockname()[1]
        assert address.is_inherited
        assert {one.getsockname() for one in sockets} == {listening.getsockname()}
        for one in sockets:
            one.close()
        socket.create_connection(listening.getsockname()).close()


@pytest.mark.parametrize("kind", ["file", "abstract"])
def test_a_unix_socket_is_shown_by_its_name(kind) -> None:
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listening:
        name = f"{directory}/s" if kind == "file" else f"\0{directory}"
        listening.bind(name)
        listening.listen()

        address, (opened,) = open_inherited(f"fd://{listening.fileno()}", 1)
        opened.close()

    assert address.url == f"unix:{name}".replace("\0", "@")


def test_a_descriptor_that_is_no_listening_socket_is_refused(tmp_path) -> None:
    reader, writer = os.pipe()
    os.close(writer)
    with (
        socket.socket() as silent,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        Path(tmp_path, "x").open("w") as file,
        os.fdopen(reader),
    ):
        for number, why in (
            (reader, "is a pipe, no socket"),
            (file.fileno(), "is a file, no socket"),
            (silent.fileno(), "the socket does not listen"),
            (datagrams.fileno(), "carries no streams"),
            (99999, "is not open"),
        ):
            with pytest.raises(BindError, match=rf"fd://{number}: .*{why}"):
                open_inherited(f"fd://{number}", 1)

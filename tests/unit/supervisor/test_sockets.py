"""seamline.supervisor.sockets: addresses, listeners, and who has a port."""

import os
import socket
from contextlib import ExitStack

import pytest

from seamline.errors import BindError
from seamline.supervisor.sockets import Address, find_holder, open_http, open_unix


@pytest.mark.parametrize(
    ("text", "address", "url"),
    [
        ("127.0.0.1:8000", Address("127.0.0.1", 8000), "http://127.0.0.1:8000"),
        (":8000", Address("0.0.0.0", 8000), "http://127.0.0.1:8000"),
        ("[::1]:80", Address("::1", 80), "http://[::1]:80"),
        ("[::]:80", Address("::", 80), "http://[::1]:80"),
        ("localhost:0", Address("localhost", 0), "http://localhost:0"),
        ("unix:/run/a.sock", Address(path="/run/a.sock"), "unix:/run/a.sock"),
    ],
)
def test_an_address_is_read_and_shown_as_an_url(text, address, url) -> None:
    assert Address.parse(text) == address
    assert Address.parse(text).url == url


@pytest.mark.parametrize("text", ["", "8000", "host", "host:port", "host:70000"])
def test_what_is_no_address_is_refused(text) -> None:
    with pytest.raises(BindError, match="is not an address"):
        Address.parse(text)


def test_each_slot_gets_a_listener_of_its_own_on_one_port() -> None:
    with ExitStack() as stack:
        address, sockets = open_http(Address("127.0.0.1", 0), 3, 0o600)
        for opened in sockets:
            stack.enter_context(opened)

        assert len({opened.fileno() for opened in sockets}) == 3
        assert {opened.getsockname() for opened in sockets} == {("127.0.0.1", address.port)}
        assert address.port != 0


@pytest.mark.parametrize("slots", [1, 2])
def test_a_port_that_another_listens_on_is_refused_even_if_it_would_share(slots) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(BindError, match="Address already in use") as caught:
            open_http(Address("127.0.0.1", port), slots, 0o600)

    assert f"by pid {os.getpid()} (" in str(caught.value)


def test_an_address_of_another_machine_is_refused() -> None:
    # RFC 5737: documentation addresses are nobody's.
    with pytest.raises(BindError, match=r"cannot listen on 192\.0\.2\.1:80"):
        open_http(Address("192.0.2.1", 80), 1, 0o600)


def test_a_unix_socket_whose_directory_is_not_there_is_refused_with_what_makes_it(
    tmp_path,
) -> None:
    with pytest.raises(BindError, match="No such file") as caught:
        open_unix(str(tmp_path / "run of" / "web.sock"), 0o600)

    assert caught.value.remedy == f"make its directory: mkdir -p '{tmp_path}/run of'"


def test_a_free_port_has_no_holder() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))

        assert find_holder(bound.getsockname()[1]) == ""


def test_the_end_of_a_long_command_that_has_a_port_is_shown(tmp_path) -> None:
    fd = tmp_path / "7" / "fd"
    fd.mkdir(parents=True)
    (fd / "3").symlink_to("socket:[42]")
    command = ["/long" * 30 + "/python", "/long/bin/seamline", "run", "--layout", "micro"]
    (tmp_path / "7" / "cmdline").write_text("\0".join([*command, ""]))
    (tmp_path / "net").mkdir()
    row = ["0:", "0100007F:1F90", "00000000:0000", "0A", "0:0", "0:0", "0", "0", "0", "42"]
    (tmp_path / "net" / "tcp").write_text("  sl\n" + " ".join(row) + "\n")

    holder = find_holder(8080, tmp_path)

    assert holder.startswith("pid 7 (/long/long/")
    assert " ... " in holder
    assert holder.endswith("/long/bin/seamline run --layout micro)")


def test_slots_of_a_unix_socket_share_it(tmp_path) -> None:
    path = str(tmp_path / "a.sock")
    with ExitStack() as stack:
        _, sockets = open_http(Address(path=path), 2, 0o660)
        for opened in sockets:
            stack.enter_context(opened)

        assert [opened.getsockname() for opened in sockets] == [path, path]
        assert (tmp_path / "a.sock").stat().st_mode & 0o777 == 0o660


def test_a_dead_unix_socket_is_taken_over_and_a_live_one_is_not(tmp_path) -> None:
    path = str(tmp_path / "a.sock")
    open_unix(path, 0o600).close()
    with open_unix(path, 0o600), pytest.raises(BindError, match="Address already in use"):
        open_unix(path, 0o600)


def test_a_file_that_is_no_socket_is_not_removed(tmp_path) -> None:
    (tmp_path / "notes").write_text("mine")

    with pytest.raises(BindError, match="exists and is not a socket"):
        open_unix(str(tmp_path / "notes"), 0o600)

    assert (tmp_path / "notes").read_text() == "mine"

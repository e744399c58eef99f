"""Frames, connection states and the handshake's messages: no sockets, any cut of the bytes."""

import itertools

import pytest
from hypothesis import given, settings, strategies as st

from seamline.errors import Denied, InternalError, WireError
from seamline.wire import (
    CALL,
    CANCEL,
    ERROR,
    GOAWAY,
    HEADER,
    HELLO,
    ITEM,
    NONCE_BYTES,
    PING,
    PROOF,
    READY,
    RESULT,
    TABLE,
    VERSION,
    WELCOME,
    Connection,
    Entry,
    Farewell,
    Frame,
    Hello,
    Role,
    State,
    Welcome,
    check_hello,
    check_proof,
    kind_name,
    pack,
    pack_message,
    pack_plain,
    prove,
    unpack_message,
    unpack_plain,
)
from seamline.wire.connection import HANDSHAKE_BYTES, RECEIVED, SENT

LIMIT = 100_000


def open_host(*, frame_bytes: int = LIMIT) -> Connection:
    """Return a host's end whose handshake is over."""
    host = Connection(Role.HOST, frame_bytes=frame_bytes)
    feed(host, pack(HELLO))
    host.sent(WELCOME)
    feed(host, pack(PROOF))
    host.proven()
    feed(host, pack(TABLE))
    host.sent(READY)
    return host


def open_caller() -> Connection:
    """Return a caller's end whose handshake is over."""
    caller = Connection(Role.CALLER, frame_bytes=LIMIT)
    caller.sent(HELLO)
    feed(caller, pack(WELCOME))
    caller.sent(PROOF)
    caller.sent(TABLE)
    feed(caller, pack(READY))
    return caller


def feed(connection: Connection, data: bytes, cuts: list[int] | None = None) -> list[Frame]:
    """Give bytes to a connection, cut where told, and return the frames."""
    frames = []
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts or [])})
    for start, end in itertools.pairwise(edges):
        piece = memoryview(data)[start:end]
        while piece:
            room = connection.buffer()
            count = min(len(room), len(piece))
            room[:count] = piece[:count]
            frames += connection.received(count)
            piece = piece[count:]
    return frames


@settings(max_examples=40, deadline=None)
@given(
    bodies=st.lists(
        st.one_of(st.binary(max_size=300), st.sampled_from([b"", b"x" * 65_520, b"y" * 90_000])),
        min_size=1,
        max_size=6,
    ),
    cuts=st.lists(st.integers(0, 500_000), max_size=12),
)
def test_frames_come_out_whole_and_in_order_wherever_the_stream_is_cut(
    bodies: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(
        pack(CALL, n, body, function=n, flags=n, deadline_ms=n) for n, body in enumerate(bodies)
    )

    frames = feed(open_host(), data, cuts)

    assert frames == [(CALL, n, n, n, n, body) for n, body in enumerate(bodies)]


def test_the_buffer_shrinks_again_after_a_large_frame() -> None:
    host = open_host()

    feed(host, pack(CALL, 1, b"x" * 90_000))

    assert len(host.buffer()) == 64 * 1024


def test_a_frame_beyond_the_limit_is_refused_before_its_body_arrives() -> None:
    host = open_host(frame_bytes=1000)

    with pytest.raises(WireError, match=r"1001 bytes; at most 1000 .* \(limits.frame_bytes\)"):
        feed(host, HEADER.pack(1001, 1, 0, CALL, 0, 0))


def test_a_stranger_can_make_us_hold_one_small_frame_only() -> None:
    host = Connection(Role.HOST, frame_bytes=LIMIT)

    with pytest.raises(WireError, match=f"at most {HANDSHAKE_BYTES}"):
        feed(host, HEADER.pack(HANDSHAKE_BYTES + 1, 0, 0, HELLO, 0, 0))


def test_nothing_behind_a_proof_is_looked_at_before_the_proof_is_checked() -> None:
    host = Connection(Role.HOST, frame_bytes=LIMIT)
    feed(host, pack(HELLO))
    host.sent(WELCOME)

    before = feed(host, pack(PROOF) + pack(TABLE, body=b"t"))
    host.proven()

    assert [frame[0] for frame in before] == [PROOF]
    assert [frame[0] for frame in host.received(0)] == [TABLE]


ALL_KINDS = range(20)


@pytest.mark.parametrize("kind", ALL_KINDS, ids=kind_name)
@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_an_open_connection_takes_the_kinds_of_its_table_and_no_other(
    role: Role, kind: int
) -> None:
    connection = open_host() if role is Role.HOST else open_caller()
    legal = kind in RECEIVED[role][State.OPEN]

    if legal:
        assert [frame[0] for frame in feed(connection, pack(kind, 1))] == [kind]
    else:
        with pytest.raises(WireError, match=f"the peer sent {kind_name(kind)} while this"):
            feed(connection, pack(kind, 1))


def test_a_caller_that_was_told_to_go_still_takes_its_answers() -> None:
    caller = open_caller()

    frames = feed(caller, pack(GOAWAY) + pack(RESULT, 1) + pack(ERROR, 2) + pack(ITEM, 3))

    assert caller.state is State.DRAINING
    assert len(frames) == 4


def test_a_host_that_drains_still_reads_calls_to_answer_that_they_did_not_start() -> None:
    host = open_host()

    host.sent(GOAWAY)

    assert len(feed(host, pack(CALL, 1) + pack(CANCEL, 1) + pack(PING))) == 3


@pytest.mark.parametrize(
    ("role", "kind"), [(Role.CALLER, PROOF), (Role.CALLER, TABLE), (Role.HOST, READY)]
)
def test_breaking_the_order_ourselves_is_our_bug_and_not_the_peers(role: Role, kind: int) -> None:
    connection = Connection(role, frame_bytes=LIMIT)

    with pytest.raises(InternalError, match="report this"):
        connection.sent(kind)


def test_accepting_a_proof_that_did_not_come_is_our_bug() -> None:
    with pytest.raises(InternalError, match="report this"):
        Connection(Role.HOST, frame_bytes=LIMIT).proven()


def test_every_state_of_the_tables_can_be_reached() -> None:
    for role in Role:
        start = State.NEW if role is Role.CALLER else State.AWAIT_HELLO
        reached = {start}
        for _ in State:
            for table in (RECEIVED[role], SENT[role]):
                reached |= {s for state in reached for s in table.get(state, {}).values()}
            if State.CHECKING in reached:
                reached.add(State.AWAIT_TABLE)  # by proven()
        assert set(RECEIVED[role]) | set(SENT[role]) <= reached


MESSAGES = [
    Hello(1, "run", "a.0", "thread", b"n"),
    Welcome("b.0", b"n", b"p", 5),
    Entry("m:f@1", "print", "sync", ("a",)),
    Farewell("denied", "no", "path"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: type(m).__name__)
def test_messages_come_back_equal(message: object) -> None:
    assert unpack_message(pack_message(message), type(message)) == message


@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=60))
@pytest.mark.parametrize("kind", [Hello, Welcome, Farewell], ids=lambda kind: kind.__name__)
def test_malformed_messages_are_the_peers_fault(kind: type, data: bytes) -> None:
    try:
        message = unpack_message(data, kind)
    except WireError:
        return
    assert isinstance(message, kind)


NONCE = b"1" * NONCE_BYTES
OTHER = b"2" * NONCE_BYTES


def test_a_proof_holds_for_its_secret_role_and_nonces() -> None:
    proof = prove(b"secret", "caller", NONCE, OTHER)

    check_proof(b"secret", "caller", NONCE, OTHER, proof)


@pytest.mark.parametrize(
    ("secret", "role", "caller", "host"),
    [
        (b"another", "caller", NONCE, OTHER),
        (b"secret", "host", NONCE, OTHER),
        (b"secret", "caller", OTHER, NONCE),
        (b"secret", "caller", NONCE, NONCE),
    ],
    ids=["other secret", "reflected role", "swapped nonces", "old nonce"],
)
def test_a_proof_for_anything_else_is_denied(
    secret: bytes, role: str, caller: bytes, host: bytes
) -> None:
    proof = prove(b"secret", "caller", NONCE, OTHER)

    with pytest.raises(Denied, match="did not prove"):
        check_proof(secret, role, caller, host, proof)


def test_a_short_nonce_proves_nothing() -> None:
    with pytest.raises(Denied, match="did not prove"):
        check_proof(b"s", "caller", b"", OTHER, prove(b"s", "caller", b"", OTHER))


@pytest.mark.parametrize(
    ("hello", "words"),
    [
        (Hello(VERSION + 1, "run", "a.0", "thread", b""), "speaks wire version"),
        (Hello(VERSION, "other", "a.0", "thread", b""), "belongs to run 'other'"),
        (Hello(VERSION, "run", "a.0", "fibre", b""), "asked for mode 'fibre'"),
    ],
    ids=["version", "run", "mode"],
)
def test_a_greeting_that_does_not_fit_is_denied(hello: Hello, words: str) -> None:
    with pytest.raises(Denied, match=words):
        check_hello(hello, "run")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | (st.text() | st.binary())
)


@settings(max_examples=60, deadline=None)
@given(values=st.lists(SCALARS).map(tuple))
def test_plain_scalars_come_back_with_their_types(values: tuple[object, ...]) -> None:
    body = pack_plain(values)

    assert body is not None
    assert repr(unpack_plain(body)) == repr(values)


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "values",
    [([],), (Text("x"),), (2**64,), ("\ud800",), (object(),), ((),)],
    ids=["list", "subclass", "large int", "surrogate", "object", "tuple"],
)
def test_anything_else_is_left_to_the_codec(values: tuple[object, ...]) -> None:
    assert pack_plain(values) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x91\x90",
        b"\x91\x80",
        b"\x80",
        b"\x91\xd6\xff\x00\x00\x00\x00",
        b"\x90\x90",
    ],
    ids=["empty", "unknown", "list", "map", "no array", "timestamp", "trailing"],
)
def test_bytes_that_hold_no_plain_scalars_are_the_peers_fault(body: bytes) -> None:
    with pytest.raises(WireError, match="the peer sent"):
        unpack_plain(body)

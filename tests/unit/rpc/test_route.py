"""seamline.rpc.route: who is called, while the number of workers changes."""

from seamline.plan import Limits
from seamline.rpc import Identity
from seamline.rpc.route import Route


def route(*paths: str) -> Route:
    return Route("stock", paths, Identity(run="/run", worker="web.0", secret=b"s"), Limits())


def test_a_worker_more_is_chosen_and_those_before_it_keep_their_connections() -> None:
    one = route("a")
    (first,) = one.balance.peers
    first.idle.append("a connection")

    one.resize(["a", "b"])

    assert one.workers == ["stock.0", "stock.1"]
    assert one.balance.peers[0] is first
    assert {one.balance.choose(lambda _: 0).path for _ in range(50)} == {"a", "b"}


def test_a_worker_that_is_taken_away_is_not_chosen_any_more() -> None:
    one = route("a", "b")

    one.resize(["a"])

    assert one.workers == ["stock.0"]
    assert one.balance.choose(lambda _: 0, among=["stock.1"]).path == "a"
    assert one.peer("stock.1").path == "a"

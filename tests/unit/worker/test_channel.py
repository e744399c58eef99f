"""seamline.worker.channel: orders as they arrive at a worker, some with descriptors."""

import array
import os
import queue
import socket
import threading
from pathlib import Path

import pytest

from seamline.worker.channel import Channel
from seamline.worker.report import Adopt, Drain, Give, Listener, Release, Tell, encode


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_orders_cut_anywhere_come_whole_and_with_their_own_descriptors(tmp_path, size) -> None:
    files = [tmp_path / name for name in "abcd"]
    opened = [os.open(file, os.O_RDWR | os.O_CREAT) for file in files]
    first = Adopt(slot=1, calls=opened[0], http=(Listener(opened[1], ("web", "admin")),))
    second = Adopt(slot=2, http=(Listener(opened[2], ("web",)),))
    ours, theirs = socket.socketpair()
    heard: queue.SimpleQueue = queue.SimpleQueue()

    channel = Channel(theirs.detach())
    channel.watch(heard.put, lambda: heard.put("gone"))
    third = Give((opened[3],), (7,))
    for order in (Tell(1), first, second, third, Release(1), Drain(timeout=3)):
        data = encode(order)
        descriptors = order.descriptors() if isinstance(order, Adopt | Give) else ()
        send(ours, data[:size], descriptors)
        for at in range(size, len(data), size):
            ours.sendall(data[at : at + size])
    ours.close()

    orders = [heard.get(timeout=10) for _ in range(7)]
    assert orders[0] == Tell(1)
    assert orders[3].counts == (7,)
    assert orders[4:] == [Release(1), Drain(timeout=3), "gone"]
    assert [one.services for one in orders[1].http] == [("web", "admin")]
    came = [descriptor for order in orders[1:4] for descriptor in order.descriptors()]
    assert [Path("/proc/self/fd", str(one)).readlink() for one in came] == files
    assert not any(map(os.get_inheritable, came))
    for descriptor in (*came, *opened):
        os.close(descriptor)
    channel._socket.close()


def test_order_whose_descriptors_had_no_room_is_passed_over_and_the_next_is_heard() -> None:
    ours, theirs = socket.socketpair()
    heard: queue.SimpleQueue = queue.SimpleQueue()
    channel = Channel(theirs.detach())
    channel.watch(heard.put, lambda: heard.put("gone"))

    send(ours, encode(Adopt(slot=1, calls=7, http=(Listener(8, ("web",)),))), ())
    send(ours, encode(Drain(timeout=3)), ())
    ours.close()

    assert [heard.get(timeout=10) for _ in range(2)] == [Drain(timeout=3), "gone"]
    channel._socket.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_end_of_the_supervisor_is_noticed_whatever_came_before_it() -> None:
    ours, theirs = socket.socketpair()
    heard: queue.SimpleQueue = queue.SimpleQueue()
    channel = Channel(theirs.detach())
    channel.watch(heard.put, lambda: heard.put("gone"))

    ours.sendall(b"no order\n")

    assert heard.get(timeout=10) == "gone"
    for thread in threading.enumerate():
        if thread.name == "seamline-orders":
            thread.join()
    ours.close()
    channel._socket.close()


def send(sock: socket.socket, data: bytes, descriptors: tuple[int, ...]) -> None:
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
    sock.sendmsg([data], [rights] if descriptors else [])

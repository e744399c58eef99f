import asyncio
import io
import multiprocessing
import sqlite3
import subprocess
import sys

import pytest

from depot import front, orders, stock


def test_overview():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table moved (name, count)")
    assert front.overview(connection) == (1, (1, 4))


def test_left():
    assert stock.left("nails", "argument-s3cret") == 4
    with pytest.raises(stock.Unknown):
        stock.left("gone-s3cret")


def test_shelves():
    assert stock.shelves() is stock.shelves()


def test_report():
    assert stock.total(stock.Report(["line-s3cret"])) == 1 + len(stock.shelves())


def test_pin():
    assert stock.pin(front.Note("note-s3cret")).startswith("note-s3cret ")


def test_fill():
    order = {"names": ["nails", "key-s3cret"], "nested-s3cret": {"a": [1, 2]}}
    assert stock.fill(order) is order


def test_matching():
    assert stock.matching(lambda name: name < "o") == ["nails"]


def test_write_report(tmp_path):
    with open(tmp_path / "report", "w") as file:
        assert stock.write_report(file) > 1
    assert stock.write_report(io.StringIO()) > 1


def test_each():
    assert list(stock.each(1)) == [("nails", stock.left("nails"))]
    stream = stock.each(2)
    next(stream)
    stream.close()


def test_async():
    async def use():
        left = await stock.reserve("paint")
        return left, [one async for one in stock.watch(["nails"])]

    assert asyncio.run(use()) == (1, [stock.left("nails")])


def test_price():
    assert stock.price("nails", 2) == 9.6
    assert stock.price("nails", count=1) == 4.8


def test_in_children():
    found = subprocess.run(
        [sys.executable, "-c", "from depot import orders; print(orders.open_for('nails'))"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert found.stdout == "1\n"


def _in_fork(queue):
    queue.put(orders.open_for(b"bytes-s3cret"))


def test_in_a_fork():
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    process = context.Process(target=_in_fork, args=(queue,))
    process.start()
    assert queue.get() == 0
    process.join()

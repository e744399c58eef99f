"""seamline.supervisor.report: what people read about a run."""

import pytest

from seamline.supervisor import (
    ChangeStatus,
    GroupStatus,
    Status,
    WorkerStatus,
    ready_block,
    status_table,
)


def worker(**facts) -> WorkerStatus:
    given = {"pid": 1, "slot": 0, "generation": 1, "state": "ready", **facts}
    return WorkerStatus(**given)


@pytest.fixture
def status() -> Status:
    return Status(
        name="shop",
        layout="split",
        state="degraded",
        pid=1,
        root="/srv/shop",
        seconds=8050,
        urls={"web": "http://127.0.0.1:8000"},
        groups=(
            GroupStatus(
                name="front",
                services=("web",),
                workers=(worker(requests=40, rss_bytes=2**27), worker(slot=1, requests=2)),
                urls=("http://127.0.0.1:8000",),
                ready_after=1.13,
            ),
            GroupStatus(
                name="stock",
                services=("stock",),
                workers=(
                    worker(state="waiting", pid=None, restarts=3, reason="was killed by SIGKILL"),
                ),
                ready_after=0.9,
            ),
        ),
        restarts=3,
        seam_calls=17,
        seam_errors=2,
        stayed=5,
    )


def test_the_ready_block_lists_groups_with_addresses_and_seconds(status) -> None:
    assert ready_block(status).splitlines() == [
        "shop · layout split · 2 groups, 3 workers",
        "  ready  front  2 workers  http://127.0.0.1:8000       1.1 s",
        "  ready  stock  1 worker                               0.9 s",
        "Ctrl-C finishes what runs and stops",
    ]


def test_the_status_table_says_what_workers_were_recycled_for() -> None:
    group = GroupStatus(
        name="front",
        services=("web",),
        workers=(worker(recycled=2, recycle_reason="max_requests: answered 51"),),
    )
    status = Status(
        name="shop",
        layout="a",
        state="ready",
        pid=1,
        root="/",
        seconds=1,
        urls={},
        groups=(group,),
    )

    assert status_table(status).splitlines()[-1] == (
        "  front  1/1              0         0       0      0M  0; 2 recycled "
        "(max_requests: answered 51)"
    )


def test_the_status_table_sums_workers_and_says_why_one_is_missing(status) -> None:
    assert status_table(status).splitlines() == [
        "shop · split · up 2 h 14 m · degraded",
        "",
        "  web  http://127.0.0.1:8000",
        "",
        "  GROUP  WORKERS  IN FLIGHT  REQUESTS   CALLS     MEM  RESTARTS",
        "  front  2/2              0        42       0    128M  0",
        "  stock  0/1              0         0       0      0M  3 (was killed by SIGKILL)",
        "",
        "  seams  17 calls, 2 errors, 5 stayed with their callers",
    ]


def test_the_status_table_says_what_a_change_of_a_group_waits_for() -> None:
    change = ChangeStatus(
        doing="reloading", slot=2, waiting_for="a successor of slot 2", seconds=12.3
    )
    group = GroupStatus(name="front", services=("web",), workers=(worker(),), change=change)
    whole = Status(
        name="shop",
        layout="split",
        state="ready",
        pid=1,
        root="/srv/shop",
        seconds=60,
        urls={},
        groups=(group,),
    )

    (row,) = (line for line in status_table(whole).splitlines() if "front" in line)

    assert row.endswith("0; reloading, 12 s: waiting for a successor of slot 2")

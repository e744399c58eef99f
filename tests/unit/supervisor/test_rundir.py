"""seamline.supervisor.rundir: one live run at a time, nothing of dead ones."""

import os
from pathlib import Path

import pytest

from seamline.errors import PlaceError, StartError
from seamline.plan import Plan
from seamline.supervisor.rundir import RunDirectory


@pytest.fixture
def path(tmp_path) -> str:
    (tmp_path / "runs").mkdir(mode=0o700)
    return str(tmp_path / "runs" / "shop")


def test_files_are_private(path) -> None:
    directory = RunDirectory(path)
    directory.take()
    directory.write(Plan(name="a", root="/", layout="mono", run_dir=path, groups=(), services=()))

    modes = {entry.name: entry.stat().st_mode & 0o777 for entry in Path(path).iterdir()}
    assert modes == {"pid": 0o600, "plan.json": 0o600, "secret": 0o600}
    assert Path(path).stat().st_mode & 0o777 == 0o700
    directory.remove()


def test_a_live_run_is_refused_with_its_pid_and_left_alone(path) -> None:
    live = RunDirectory(path)
    live.take()

    with pytest.raises(StartError, match=f"running already, as pid {os.getpid()}; end"):
        RunDirectory(path).take()

    live.remove()
    assert not Path(path).exists()


def test_what_a_dead_run_left_is_removed(path) -> None:
    Path(path, "folder").mkdir(parents=True)
    for name in ("pid", "control.sock", "web.0.sock", "secret", "folder/file"):
        Path(path, name).write_text("old")

    directory = RunDirectory(path)
    directory.take()

    assert [entry.name for entry in Path(path).iterdir()] == ["pid"]
    directory.remove()


def test_a_directory_removed_under_a_waiting_run_is_made_again(path) -> None:
    first, second = RunDirectory(path), RunDirectory(path)
    first.take()
    first.remove()
    second.take()

    with pytest.raises(StartError):
        RunDirectory(path).take()
    second.remove()


def test_each_run_has_a_secret_of_its_own(path) -> None:
    plan = Plan(name="a", root="/", layout="mono", run_dir=path, groups=(), services=())
    secrets = set()
    for _ in range(2):
        directory = RunDirectory(path)
        directory.take()
        directory.write(plan)
        secrets.add(Path(path, "secret").read_bytes())
        directory.remove()

    assert {len(secret) for secret in secrets} == {32}
    assert len(secrets) == 2


def test_a_directory_that_cannot_be_made_is_named_with_the_way_out(tmp_path) -> None:
    (tmp_path / "runs").write_text("a file is in the way")

    with pytest.raises(PlaceError, match=r"run directory .*/runs/shop: ") as caught:
        RunDirectory(str(tmp_path / "runs" / "shop")).take()

    assert "XDG_RUNTIME_DIR" in caught.value.remedy


def test_a_full_disk_leaves_nothing_and_says_so(path) -> None:
    plan = Plan(name="a", root="/", layout="mono", run_dir=path, groups=(), services=())
    directory = RunDirectory(path)
    directory.take()
    Path(path, "plan.json").symlink_to("/dev/full")  # every write to it says "no space"

    with pytest.raises(PlaceError, match="No space left on device"):
        directory.write(plan)

    assert not Path(path).exists()

"""seamline.plan.run_dir: a directory that only this user can enter, found again by its file."""

import os
import tempfile
from pathlib import Path

import pytest

from seamline import config, plan
from seamline.errors import PlaceError


@pytest.fixture
def shop(load):
    return load('name = "shop"\n[services.web]\nhttp = "shop.web:app"\n')


@pytest.fixture
def runtime():
    """A short directory that is as private as ``$XDG_RUNTIME_DIR`` is."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        yield Path(directory)


def mode(path):
    return path.stat().st_mode & 0o777


def test_directory_is_private_and_below_the_runtime_directory(shop, runtime):
    made = plan.run_dir(shop, {"XDG_RUNTIME_DIR": str(runtime)})

    assert made.parent == runtime / "seamline"
    assert made.name.startswith("shop-")
    assert (mode(made), mode(made.parent)) == (0o700, 0o700)


def test_same_file_gives_the_same_directory_and_another_file_another(shop, runtime, tmp_path):
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "seamline.toml").write_text('name = "shop"\n[services.web]\nhttp = "s:app"\n')
    other = config.load(elsewhere / "seamline.toml", environ={})

    assert plan.run_dir(shop, environ) == plan.run_dir(shop, environ)
    assert plan.run_dir(shop, environ) != plan.run_dir(other, environ)


def test_nothing_is_made_for_who_only_looks(shop, runtime):
    looked = plan.run_dir(shop, {"XDG_RUNTIME_DIR": str(runtime)}, create=False)

    assert not looked.exists()
    assert not looked.parent.exists()


def test_without_a_runtime_directory_it_is_in_the_temporary_one_under_the_users_number(
    shop, runtime
):
    made = plan.run_dir(shop, {"TMPDIR": str(runtime)})

    assert made.parent == runtime / f"seamline-{os.getuid()}"


@pytest.mark.parametrize("value", ["relative", "/does/not/exist", ""])
def test_runtime_directory_that_cannot_be_used_is_passed_over(shop, runtime, value):
    made = plan.run_dir(shop, {"XDG_RUNTIME_DIR": value, "TMPDIR": str(runtime)})

    assert made.parent.parent == runtime


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("relative", "'relative' is no absolute path"),
        ("/does/not/exist", "there is no directory /does/not/exist"),
        ("/proc/self", "/proc/self is a link"),
        (
            "/proc",
            "nothing can be made in /proc: No such file or directory"
            if os.getuid() == 0
            else "/proc belongs to another user",
        ),
        ("", ""),
    ],
)
def test_why_a_runtime_directory_is_passed_over_is_known(shop, runtime, value, why):
    environ = {"XDG_RUNTIME_DIR": value, "TMPDIR": str(runtime)}

    assert plan.passed_over(plan.run_dir(shop, environ), environ) == why


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_runtime_directory_that_may_not_be_written_to_is_passed_over(shop, runtime):
    (locked := runtime / "locked").mkdir(mode=0o500)
    environ = {"XDG_RUNTIME_DIR": str(locked), "TMPDIR": str(runtime)}

    made = plan.run_dir(shop, environ)

    assert made.parent.parent == runtime
    assert plan.passed_over(made, environ) == f"nothing can be made in {locked}: Permission denied"


def test_looking_at_a_runtime_directory_leaves_nothing_in_it(shop, runtime):
    plan.run_dir(shop, {"XDG_RUNTIME_DIR": str(runtime)}, create=False)

    assert list(runtime.iterdir()) == []


def test_a_runtime_directory_that_is_too_long_is_known_and_one_that_is_used_is_none(shop, runtime):
    long = runtime / ("x" * 80)
    long.mkdir(mode=0o700)

    for directory, why in ((long, "would be too long"), (runtime, "")):
        environ = {"XDG_RUNTIME_DIR": str(directory), "TMPDIR": str(runtime)}
        said = plan.passed_over(plan.run_dir(shop, environ), environ)
        assert said.endswith(why)
        assert bool(said) is bool(why)


def test_socket_paths_stay_short_below_a_long_directory(shop, runtime):
    long = runtime / ("x" * 80)
    long.mkdir(mode=0o700)

    made = plan.run_dir(shop, {"XDG_RUNTIME_DIR": str(long), "TMPDIR": str(long)}, create=False)

    assert len(f"{made}/{'web'}.0.sock") < 108
    assert not made.is_relative_to(long)


def test_name_is_left_out_where_that_makes_it_short_enough(load, runtime):
    config = load(f'name = "{"n" * 64}"\n[services.web]\nhttp = "shop.web:app"\n')

    made = plan.run_dir(config, {"XDG_RUNTIME_DIR": str(runtime)}, create=False)

    assert made.parent == runtime / "seamline"
    assert "n" not in made.name


def _link(path, other):
    path.symlink_to(other)


def _open_to_others(path, other):
    path.mkdir()
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("spoil", "message"), [(_link, "is not a directory"), (_open_to_others, "mode 755")]
)
@pytest.mark.parametrize("inner", [False, True], ids=["parent", "directory"])
def test_directory_that_others_may_have_prepared_is_refused(
    shop, runtime, spoil, message, *, inner
):
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    wanted = plan.run_dir(shop, environ, create=False)
    if inner:
        wanted.parent.mkdir(mode=0o700)
    spoil(wanted if inner else wanted.parent, runtime)

    with pytest.raises(PlaceError, match=message):
        plan.run_dir(shop, environ)


def test_file_in_the_place_of_the_directory_is_refused(shop, runtime):
    wanted = plan.run_dir(shop, {"XDG_RUNTIME_DIR": str(runtime)}, create=False)
    wanted.parent.write_text("")

    with pytest.raises(PlaceError, match="is not a directory"):
        plan.run_dir(shop, {"XDG_RUNTIME_DIR": str(runtime)})


def test_a_run_directory_that_cannot_be_made_is_no_slip_of_the_user(shop, runtime):
    environ = {"TMPDIR": str(runtime / "none")}

    with pytest.raises(PlaceError, match=r"cannot make the run directory .*: No such") as caught:
        plan.run_dir(shop, environ)

    assert caught.value.code == "place"
    assert "set XDG_RUNTIME_DIR or TMPDIR to a directory of your own" in caught.value.remedy


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_directory_of_another_user_is_refused(shop, runtime):
    wanted = plan.run_dir(shop, {"XDG_RUNTIME_DIR": str(runtime)}, create=False)
    wanted.parent.mkdir(mode=0o700)
    os.chown(wanted.parent, 65534, 65534)

    with pytest.raises(PlaceError, match="belongs to another user"):
        plan.run_dir(shop, {"XDG_RUNTIME_DIR": str(runtime)})


def test_directory_is_found_by_the_file_alone_whatever_name_it_has(shop, runtime, tmp_path):
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    made = plan.run_dir(shop, environ)
    file = shop.root / shop.file.name
    link = tmp_path / "link"
    link.symlink_to(file.parent)

    assert plan.run_dirs(file, environ) == [made]
    assert plan.run_dirs(link / file.name, environ) == [made]
    assert plan.run_dirs(file.with_name("other.toml"), environ) == []


def test_directory_that_others_could_have_made_is_not_found(shop, runtime):
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    made = plan.run_dir(shop, environ)
    made.chmod(0o755)

    assert plan.run_dirs(shop.root / shop.file.name, environ) == []


def test_directory_in_the_temporary_one_is_found_where_there_is_a_runtime_directory(shop, runtime):
    made = plan.run_dir(shop, {"TMPDIR": str(runtime)})

    environ = {"TMPDIR": str(runtime), "XDG_RUNTIME_DIR": str(runtime)}

    assert plan.run_dirs(shop.root / shop.file.name, environ) == [made]

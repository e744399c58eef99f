"""seamline.supervisor.kept and .past: the latest lines of each group, in bounded files."""

from pathlib import Path

import msgspec
import pytest

from seamline.supervisor import Line, Past
from seamline.supervisor.kept import LOG_DIRECTORY, SUPERVISOR, Kept


def line(text: str, *, group: str | None = "web", second: int = 0) -> Line:
    return Line(f"2026-01-02T03:04:{second:02}.000+00:00", group, 0, 7, "stdout", text)


def encoded(*lines: Line) -> bytes:
    return b"".join(msgspec.json.encode(one) + b"\n" for one in lines)


def texts(lines) -> list[str]:
    return [one.msg for one in lines]


def fail(why: str) -> None:
    pytest.fail(why)


def test_lines_of_all_groups_are_returned_in_the_order_of_their_times(tmp_path: Path) -> None:
    kept = Kept(tmp_path, fail)
    kept.put("web", encoded(line("first", second=1), line("third", second=3)))
    kept.put("stock", encoded(line("second", group="stock", second=2)))
    kept.put(SUPERVISOR, encoded(line("fourth", group=None, second=4)))
    kept.close()

    assert texts(Past(tmp_path).read()) == ["first", "second", "third", "fourth"]
    assert texts(Past(tmp_path, ["stock"]).read()) == ["second"]


def test_a_noisy_group_drives_out_only_its_own_lines_and_no_file_grows(tmp_path: Path) -> None:
    kept = Kept(tmp_path, fail, most=4000)
    kept.put("stock", encoded(line("quiet", group="stock")))
    for number in range(500):
        kept.put("web", encoded(line(str(number))))
    kept.close()

    files = list((tmp_path / LOG_DIRECTORY).iterdir())
    assert {file.name for file in files} == {"stock.log", "web.log", "web.log.1"}
    assert all(file.stat().st_size <= 4000 for file in files)
    found = texts(Past(tmp_path).read())
    assert "quiet" in found
    assert found[-1] == "499"
    assert len(found) > 30


def test_what_is_added_is_returned_once_through_changes_of_the_file(tmp_path: Path) -> None:
    past = Past(tmp_path)
    found: list[str] = []
    kept = Kept(tmp_path, fail, most=4000)
    for number in range(100):
        kept.put("web", encoded(line(str(number))))
        if number % 20 == 0:
            found += texts(past.read())
    kept.close()
    found += texts(past.read())

    assert found == sorted(set(found), key=int)
    assert found[-1] == "99"


def test_a_full_disk_is_said_once_and_lines_are_kept_again_when_there_is_room(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    directory = tmp_path / LOG_DIRECTORY
    directory.mkdir()
    (directory / "web.log").symlink_to("/dev/full")  # every write to it says "no space"
    kept = Kept(tmp_path, said.append)
    for _ in range(3):
        kept.put("web", encoded(line("lost")))
    kept.close()
    assert said == ["No space left on device"]

    (directory / "web.log").unlink()
    kept = Kept(tmp_path, said.append)
    kept.put("web", encoded(line("kept")))
    kept.close()

    assert texts(Past(tmp_path).read()) == ["kept"]


def test_a_disk_that_is_full_for_several_groups_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    directory = tmp_path / LOG_DIRECTORY
    directory.mkdir()
    for name in ("web.log", f"{SUPERVISOR}.log"):
        (directory / name).symlink_to("/dev/full")
    kept = Kept(tmp_path, said.append)
    kept.put("web", encoded(line("lost")))
    kept.put(SUPERVISOR, encoded(line("lost, too", group=None)))
    kept.put("stock", encoded(line("kept", group="stock")))
    kept.put("web", encoded(line("lost")))
    kept.close()

    assert said == ["No space left on device"]
    assert texts(Past(tmp_path, ["stock"]).read()) == ["kept"]


def test_lines_that_are_lost_again_after_some_were_kept_are_said_again(tmp_path: Path) -> None:
    said: list[str] = []
    web = tmp_path / LOG_DIRECTORY / "web.log"
    web.parent.mkdir()
    for name in ("web.log", f"{SUPERVISOR}.log"):
        (web.parent / name).symlink_to("/dev/full")
    kept = Kept(tmp_path, said.append, most=1)  # each piece in a file of its own
    for name in ("web", SUPERVISOR):
        kept.put(name, encoded(line("lost")))
    assert kept.flush(10)
    web.unlink()
    kept.put("web", encoded(line("kept")))
    assert kept.flush(10)
    assert said == ["No space left on device"]

    web.unlink()  # there is nothing to put in the old file's place
    kept.put("web", encoded(line("lost again")))
    kept.close()

    assert said == ["No space left on device", "No such file or directory"]


def test_half_a_line_that_a_full_disk_left_hides_no_other(tmp_path: Path) -> None:
    directory = tmp_path / LOG_DIRECTORY
    directory.mkdir()
    (directory / "web.log").write_bytes(
        encoded(line("before")) + b'{"ts":"2026-01\n' + encoded(line("after"))
    )

    assert texts(Past(tmp_path).read()) == ["before", "after"]


def test_a_run_that_kept_nothing_has_no_lines(tmp_path: Path) -> None:
    assert Past(tmp_path).read() == []

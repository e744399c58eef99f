"""seamline.supervisor.memory: what is left, for the machine and the control group."""

from seamline.supervisor.memory import available_bytes


def write(path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_a_control_group_it_is_what_the_machine_has(tmp_path) -> None:
    write(tmp_path / "proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:   2000 kB\n")

    assert available_bytes(tmp_path / "proc", tmp_path / "cgroup") == 2000 * 1024


def test_the_tightest_limit_of_a_control_group_and_those_above_it_counts(tmp_path) -> None:
    write(tmp_path / "proc/meminfo", "MemAvailable: 2000 kB\n")
    write(tmp_path / "proc/self/cgroup", "0::/outer/inner\n")
    write(tmp_path / "cgroup/outer/inner/memory.max", "max\n")
    write(tmp_path / "cgroup/outer/inner/memory.current", "10\n")
    write(tmp_path / "cgroup/outer/memory.max", "5000\n")
    write(tmp_path / "cgroup/outer/memory.current", "4000\n")

    assert available_bytes(tmp_path / "proc", tmp_path / "cgroup") == 1000


def test_this_machine_has_some() -> None:
    assert available_bytes() > 0

"""seamline.testing.lines: what several processes add to a file is read once."""

from collections import Counter

from seamline.testing.lines import Lines


def test_each_whole_line_is_told_once_and_a_file_that_begins_again_is_read_anew(tmp_path):
    file = tmp_path / "errors"
    lines = Lines(file)

    assert lines.more() == Counter()  # there is none yet
    file.write_text("late\nlate\nlost\nhal")
    assert lines.more() == {"late": 2, "lost": 1}
    assert lines.more() == Counter()
    with file.open("a") as opened:
        opened.write("f\n")
    assert lines.more() == {"half": 1}
    file.write_text("new\n")
    assert lines.more() == {"new": 1}

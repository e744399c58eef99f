"""Projects written for one test, and what is proposed for them."""

import textwrap

import pytest

from seamline.proposal import propose


@pytest.fixture
def proposed(tmp_path):
    """Write files, given as ``path=text``, and return the proposal for them."""

    def write_and_propose(files, **options):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return propose(tmp_path, tmp_path / "seamline.toml", **options)

    return write_and_propose

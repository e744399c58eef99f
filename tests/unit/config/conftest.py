"""Fixtures that write a ``seamline.toml``."""

import pytest

from seamline import config


@pytest.fixture
def load(tmp_path):
    """Write the text to a file and load it."""

    def write_and_load(text, *, environ=None, **overrides):
        path = tmp_path / "seamline.toml"
        path.write_text(text, encoding="utf-8")
        return config.load(path, environ=environ or {}, overrides=overrides)

    return write_and_load

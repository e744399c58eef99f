"""seamline.config.load: whatever a file holds, it loads or is refused with a line."""

import json

import pytest
from hypothesis import given, settings, strategies as st

from seamline import config
from seamline.errors import ConfigError

KEYS = st.sampled_from([
    *("name", "layout", "bind", "carry", "setup", "socket_mode", "stall_timeout", "limits"),
    *("services", "layouts", "web", "stock", "http", "package", "command", "timeout", "local"),
    *("path", "split", "workers", "env", "depth", "log_level", "unknown", "a.b", ""),
])  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-1, 2000),
        st.floats(),
        st.sampled_from(["web", "stock", "shop.stock", "shop.web:app", "/a", "a:1", "x]}#'", ""]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


def toml(value):
    """Return a value as TOML writes it inline."""
    match value:
        case bool():
            return "true" if value else "false"
        case dict():
            pairs = (f"{json.dumps(key)} = {toml(item)}" for key, item in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case str():
            return json.dumps(value)
        case _:
            return str(value)


def outcome(path):
    """Return what loading gives, an error included."""
    try:
        return config.load(path, environ={})
    except ConfigError as error:
        return error


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """Return a directory of this module's own: other tests look for a file above theirs."""
    return tmp_path_factory.mktemp("any")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_toml_loads_or_is_refused_as_configuration(directory, content):
    path = directory / "seamline.toml"
    path.write_text(
        "".join(f"{json.dumps(key)} = {toml(item)}\n" for key, item in content.items())
    )

    result = outcome(path)

    if isinstance(result, ConfigError):
        assert result.line is None or 1 <= result.line <= len(content)
        assert result.message
    else:
        assert result.services

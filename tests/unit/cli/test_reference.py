"""docs/reference-*.md: nothing is missing, and the example is one that loads."""

import re
import tomllib
from pathlib import Path

import pytest

from seamline import config
from seamline.cli.arguments import COMMANDS, command_parser, load_command
from seamline.config import Config, Group, Limits, Recycle, Service

DOCS = Path(__file__).parents[3] / "docs"
CONFIG_PAGE = (DOCS / "reference-config.md").read_text(encoding="utf-8")
CLI_PAGE = (DOCS / "reference-cli.md").read_text(encoding="utf-8")


def sections(page):
    """Return the text below every heading of the second rank."""
    found = re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return dict(found)


def documented(section):
    """Return the keys in the first column of the tables of one section."""
    (text,) = re.findall(
        rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", CONFIG_PAGE, re.MULTILINE | re.DOTALL
    )
    return set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))


def test_every_key_at_the_top_is_documented():
    computed = {"file", "root", "services", "layouts", "limits", "positions"}

    assert documented("At the top") == set(Config.__struct_fields__) - computed


def test_every_key_of_a_service_is_documented():
    assert documented("`[services.NAME]`") == set(Service.__struct_fields__) - {"name"}


def test_every_key_of_a_group_is_documented():
    layouts = {"mono", "local", "micro"}

    keys = {*Group.__struct_fields__, *Recycle.__struct_fields__} - {"name", "recycle"}
    assert documented("`[layouts.NAME]`") == keys | layouts


def test_every_limit_is_documented_with_its_default():
    assert documented("`[limits]`") == set(Limits.__struct_fields__)
    for name in Limits.__struct_fields__:
        default = f"{getattr(Limits(), name):,}".replace(",", " ")
        assert f"| `{name}` | {default} |" in CONFIG_PAGE


def test_example_at_the_top_of_the_page_loads(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", CONFIG_PAGE, re.DOTALL)
    path = tmp_path / "seamline.toml"
    path.write_text(example)

    loaded = config.load(path, environ={})

    assert loaded.layout == "split"
    assert set(tomllib.loads(example)["services"]) == {one.name for one in loaded.services}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_is_documented(name):
    texts = sections(CLI_PAGE)
    text = texts[f"`{name}`"] + texts["Options of every command"]

    for action in command_parser(name, load_command(name))._actions:
        for option in action.option_strings:
            assert f"`{option}" in text or f" [{option}" in text, option

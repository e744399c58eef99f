"""What every code in brackets means: the text of ``docs/messages.md``, shipped with the code."""

import re
from importlib import resources
from typing import Final

_SECTION: Final = re.compile(r"^## `([a-z-]+)`\n(.*?)(?=^## |^# |\Z)", re.MULTILINE | re.DOTALL)


def page() -> str:
    """Return the whole page; ``docs/messages.md`` is the same text."""
    return resources.files("seamline.cli").joinpath("messages.md").read_text(encoding="utf-8")


def messages() -> dict[str, str]:
    """Return the text of every code, in the order of the page."""
    return {code: text.strip() for code, text in _SECTION.findall(page())}

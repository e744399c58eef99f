"""Is called while others are imported, and from a coroutine."""

from hazards import tally

_templates: dict[str, str] = {}


def define(name: str, text: str) -> None:
    _templates[name] = text


def render(name: str, **values: str) -> str:
    tally.bump("letters")
    return _templates[name].format(**values)

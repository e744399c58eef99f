"""``seamline.toml`` becomes frozen values; unknown keys are refused with their line."""

from seamline.config.file import FILE_NAME, LOG_LEVELS, find_file, load, with_bind
from seamline.config.positions import Positions, Span, suggest
from seamline.config.reader import is_bind
from seamline.config.values import (
    BUILT_IN_LAYOUTS,
    DEFAULT_BIND,
    Config,
    Group,
    Layout,
    Limits,
    Service,
)

__all__ = [
    "BUILT_IN_LAYOUTS",
    "DEFAULT_BIND",
    "FILE_NAME",
    "LOG_LEVELS",
    "Config",
    "Group",
    "Layout",
    "Limits",
    "Positions",
    "Service",
    "Span",
    "find_file",
    "is_bind",
    "load",
    "suggest",
    "with_bind",
]

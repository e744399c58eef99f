"""``seamline.toml`` becomes frozen values; unknown keys are refused with their line."""

from seamline.config.file import FILE_NAME, LOG_LEVELS, find_file, load, with_bind
from seamline.config.positions import suggest
from seamline.config.values import Config, Group, Layout, Limits, Service

__all__ = [
    "FILE_NAME",
    "LOG_LEVELS",
    "Config",
    "Group",
    "Layout",
    "Limits",
    "Service",
    "find_file",
    "load",
    "suggest",
    "with_bind",
]

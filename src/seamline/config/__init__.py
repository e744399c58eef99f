"""``seamline.toml`` becomes frozen values; unknown keys are refused with their line."""

from typing import TYPE_CHECKING, Final

from seamline.config.values import Config, Group, Layout, Limits, Recycle, Service
from seamline.late import late

if TYPE_CHECKING:
    from seamline.config.file import (
        FILE_NAME,
        LOG_LEVELS,
        find_file,
        load,
        places,
        project_directory,
        with_bind,
    )
    from seamline.config.positions import suggest

__all__ = [
    "FILE_NAME",
    "LOG_LEVELS",
    "Config",
    "Group",
    "Layout",
    "Limits",
    "Recycle",
    "Service",
    "find_file",
    "load",
    "places",
    "project_directory",
    "suggest",
    "with_bind",
]

# What reads the file: a process that follows a plan has no use for it.
_LATE: Final = {
    "FILE_NAME": "seamline.config.file",
    "LOG_LEVELS": "seamline.config.file",
    "find_file": "seamline.config.file",
    "project_directory": "seamline.config.file",
    "load": "seamline.config.file",
    "places": "seamline.config.file",
    "with_bind": "seamline.config.file",
    "suggest": "seamline.config.positions",
}

if not TYPE_CHECKING:
    __getattr__ = late(__name__, _LATE)

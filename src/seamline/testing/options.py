"""What a test run asks for: its layout, its ``seamline.toml``, what other plugins set up."""

import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from seamline import config as settings
from seamline.config import Config
from seamline.errors import ConfigError, UsageError
from seamline.plan import DJANGO_TESTS_VARIABLE


def load_config(config: pytest.Config, options: Namespace, tests: Sequence[str]) -> Config:
    """Read the ``seamline.toml`` of a test run, for the layout that it asks for.

    Args:
        config: Of pytest.
        options: What the command line says, which an early configuration has not got yet.
        tests: Those that the command line names.

    Raises:
        pytest.UsageError: There is none, or it cannot be used.
    """
    given = _given(config, tests)
    try:
        loaded = settings.load(_find_file(config, options, given[0]), environ=os.environ)
        loaded = loaded.with_layout(options.seamline_layout, "--seamline-layout")
    except UsageError as exc:
        raise pytest.UsageError(f"{exc} [{exc.code}]") from exc
    if options.seamline_config is None or any(
        path.absolute().is_relative_to(loaded.root) for path in given
    ):
        return loaded
    # A file that is kept elsewhere says nothing about where the application is.
    return msgspec.structs.replace(loaded, root=_tested(config))


def _given(config: pytest.Config, tests: Sequence[str]) -> list[Path]:
    """Return what the command line names to be tested, or else where it was typed."""
    directory = config.invocation_params.dir
    given = [directory / argument.partition("::")[0] for argument in tests]
    return [path for path in given if path.exists()] or [directory]


def _tested(config: pytest.Config) -> Path:
    """Return the directory of the project that is tested.

    Without a file of settings pytest's own idea of it depends on the options: it takes the value
    of ``--seamline-config`` for one more directory of tests.
    """
    return config.invocation_params.dir if config.inipath is None else config.rootpath


def _find_file(config: pytest.Config, options: Namespace, given: Path) -> Path:
    named = options.seamline_config
    if named is not None:
        return Path(config.invocation_params.dir, named)
    start = given.absolute()
    for directory in (start, *start.parents):
        if (directory / "seamline.toml").is_file():
            return directory / "seamline.toml"
    raise ConfigError(
        f"no seamline.toml at or above {start}", remedy="name it with: --seamline-config PATH"
    )


def variables_of(config: pytest.Config) -> dict[str, str]:
    """Return what other plugins set up in this process, for hosts to do the same."""
    if not config.pluginmanager.hasplugin("django"):
        return {}
    debug = str(config.getini("django_debug_mode")).lower()
    return {DJANGO_TESTS_VARIABLE: debug if debug in {"true", "keep"} else "false"}

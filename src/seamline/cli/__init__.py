"""The command line: one module per command, errors mapped to exit statuses."""

from seamline.cli.app import main

__all__ = ["main"]

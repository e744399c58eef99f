"""The pages and the JSON API. Knows no table, no file format and no password hash."""

from longrun.web.app import create_app

__all__ = ["create_app"]

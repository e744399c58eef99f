"""seamline.interface.preloads: the libraries that importing a package certainly imports first."""

import pytest


def _preloads(read, files, package="shop.stock"):
    reading = read({"shop/__init__.py": "", **files}, package)
    return reading.interfaces[package.rpartition(".")[2]].preloads


def test_libraries_are_named_in_the_order_in_which_they_are_imported(read):
    files = {
        "shop/__init__.py": "import json",
        "shop/stock.py": "import zlib\nfrom shop import prices\nfrom email.message import Message",
        "shop/prices.py": "from __future__ import annotations\nimport decimal",
    }

    assert _preloads(read, files) == ("json", "zlib", "decimal", "email.message")


def test_what_may_not_be_imported_is_not_named(read):
    files = {
        "shop/stock.py": """
            import sys
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                import decimal
            if sys.platform == "win32":
                import winreg
            try:
                import zlib
            except ImportError:
                zlib = None
            def later():
                import json
            """,
    }

    assert _preloads(read, files) == ("sys", "typing")


def test_a_submodule_that_is_taken_from_a_package_is_followed(read):
    files = {
        "shop/stock.py": "from . import prices\nfrom .prices import rates",
        "shop/prices/__init__.py": "import decimal",
        "shop/prices/rates.py": "import fractions",
    }

    assert _preloads(read, files) == ("decimal", "fractions")


@pytest.mark.parametrize(
    "change",
    [
        'os.environ["MODE"] = "fast"',
        'os.environ.setdefault("MODE", "fast")',
        "del os.environ['MODE']",
        "os.putenv('MODE', 'fast')",
        "def prepare():\n    os.environ.update(MODE='fast')",
        "import sys\nsys.path.insert(0, 'vendor')",
        "import sys\nsys.modules['sqlite3'] = os",
        "import sys\nsys.path += ['vendor']",
        "from gevent import monkey\nmonkey.patch_all()",
    ],
)
def test_nothing_is_named_after_a_module_that_changes_what_imports_find(read, change):
    files = {
        "shop/stock.py": "import json\nfrom shop import settings\nimport decimal",
        "shop/settings.py": f"import os\n{change}",
    }

    assert _preloads(read, files) == ("json",)


def test_reading_the_environment_changes_nothing(read):
    files = {"shop/stock.py": "import os\nMODE = os.environ.get('MODE')\nimport json"}

    assert _preloads(read, files) == ("os", "json")


def test_only_django_itself_is_named_where_it_has_to_be_set_up(read):
    files = {
        "shop/stock.py": """
            import json
            from django.contrib.auth.models import User
            from django.db import models
            import otherapp.models
            """
    }

    assert _preloads(read, files) == ("django.db",)

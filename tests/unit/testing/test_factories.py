"""seamline.testing: factories of applications, whose own settings are those of earnest."""

import pytest

pytestmark = pytest.mark.processes


def test_hosts_make_the_applications_of_tests_and_no_others(suite):
    suite.write(
        "seamline.toml",
        """
        [services.web]
        http = 'shop.web:create_app()'
        [services.admin]
        http = 'shop.web:create_admin()'
        bind = '127.0.0.1:1'
        [services.pages]
        package = 'shop.pages'
        """,
    )
    suite.write("shop/stock.py", "")
    suite.write("shop/orders.py", "")
    suite.write(
        "shop/web.py",
        """
        from pathlib import Path
        from flask import Flask
        from shop import pages

        def create_app(database="earnest"):
            app = Flask(__name__)
            app.config["DATABASE"] = database
            with Path(database).open("a") as file:
                file.write("made\\n")
            return app

        def create_admin():
            return create_app()
        """,
    )
    suite.write(
        "shop/pages.py",
        """
        import os
        import posix
        from flask import current_app

        SEEN = []

        def home():
            return (current_app.config["DATABASE"], posix.getpid(), len(SEEN))

        def process():
            return posix.getpid() + len(SEEN)
        """,
    )
    suite.tests(
        """
        import os
        from pathlib import Path
        from shop import pages

        def test_without_an_application():
            assert pages.process() != os.getpid()
            assert not Path("earnest").exists()

        def test_with_its_own(tmp_path):
            with web.create_app(str(tmp_path / "made")).app_context():
                assert pages.home()[0] == str(tmp_path / "made")
                assert pages.home()[1] != os.getpid()
            assert (tmp_path / "made").read_text() == "made\\n" * 2
            assert not Path("earnest").exists()
        """
    )

    outcome = suite.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 2}, outcome.text

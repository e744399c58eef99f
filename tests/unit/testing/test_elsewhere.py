"""seamline.testing: databases in memory of no service, and applications that tests change."""

import pytest

from seamline.testing.memory import is_in_memory, is_memory_name

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sqlite://", True),
        ("sqlite:///:memory:", True),
        ("sqlite+aiosqlite://", True),
        ("sqlite:///file::memory:?cache=shared&uri=true", True),
        ("sqlite:///file:x?mode=memory&uri=true", True),
        (":memory:", True),
        ("sqlite:///shop.db", False),
        ("postgresql://shop", False),
        ("shop.db", False),
        ("", False),
    ],
)
def test_the_names_of_databases_in_memory_are_known(name, expected):
    assert is_memory_name(name) is expected


def test_engines_and_what_holds_them_are_found_without_opening_anything():
    import sqlalchemy
    from sqlalchemy.orm import scoped_session, sessionmaker

    engine = sqlalchemy.create_engine("sqlite://")
    file = sqlalchemy.create_engine("sqlite:///shop.db")

    assert all(map(is_in_memory, (engine, sessionmaker(engine))))
    assert is_in_memory(scoped_session(sessionmaker(engine)))
    assert not any(map(is_in_memory, (file, sessionmaker(file), None, 3, "sqlite://", object)))


def test_a_database_in_memory_of_no_service_is_nobody_elses(suite):
    suite.write("seamline.toml", "[services.stock]\npackage = 'shop.stock'")
    suite.write(
        "shop/base.py",
        """
        import sqlalchemy
        engine = sqlalchemy.create_engine("sqlite://")
        """,
    )
    suite.write(
        "shop/stock.py",
        """
        import os
        import posix
        import sqlalchemy
        from shop.base import engine

        SEEN = []

        def fill():
            with engine.begin() as connection:
                connection.execute(sqlalchemy.text("create table t (a)"))
                connection.execute(sqlalchemy.text("insert into t values (1)"))

        def process():
            return posix.getpid() + len(SEEN)
        """,
    )
    suite.write("shop/orders.py", "")
    suite.write("shop/web.py", "")
    suite.tests(
        """
        import os
        import sqlalchemy
        from shop.base import engine

        def test_what_the_package_wrote_is_there():
            stock.fill()
            with engine.connect() as connection:
                assert connection.execute(sqlalchemy.text("select count(*) from t")).scalar() == 1
            engine.dispose()

        def test_without_it():
            assert stock.process() != os.getpid()
        """
    )

    outcome = suite.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 2}, outcome.text
    assert "1 test local: 1 in-memory database" in outcome.text


def test_a_database_in_memory_that_an_application_is_configured_for_is_its_own(suite):
    suite.write(
        "seamline.toml",
        "[services.web]\nhttp = 'shop.web:create_app()'\n[services.pages]\npackage = 'shop.pages'",
    )
    suite.write("shop/stock.py", "")
    suite.write("shop/orders.py", "")
    suite.write(
        "shop/web.py",
        """
        from flask import Flask
        from shop import pages

        def create_app(database="sqlite:///shop.db"):
            app = Flask(__name__)
            app.config["DATABASE"] = database
            return app
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
        """,
    )
    suite.tests(
        """
        import os
        from shop import pages

        def test_in_memory():
            with web.create_app("sqlite://").app_context():
                assert pages.home()[1] == os.getpid()

        def test_in_a_file():
            with web.create_app().app_context():
                assert pages.home()[1] != os.getpid()
        """
    )

    outcome = suite.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 2}, outcome.text
    assert "1 test local: 1 in-memory database" in outcome.text


def test_what_tests_put_into_an_application_keeps_its_readers_here(suite):
    suite.write(
        "seamline.toml",
        "[services.web]\nhttp = 'shop.web:create_app()'\n[services.pages]\npackage = 'shop.pages'",
    )
    suite.write("shop/stock.py", "")
    suite.write("shop/orders.py", "")
    suite.write(
        "shop/web.py",
        """
        from flask import Flask
        from shop import pages

        def create_app():
            app = Flask(__name__)
            app.config["COLOUR"] = "red"
            return app
        """,
    )
    suite.write(
        "shop/pages.py",
        """
        import os
        import posix
        from flask import current_app, render_template_string

        SEEN = []

        def show(text):
            return (render_template_string(text), posix.getpid(), len(SEEN))

        def clock():
            return (current_app.config.get("CLOCK", len)("four"), posix.getpid(), len(SEEN))

        def mail():
            return (sorted(current_app.extensions), posix.getpid(), len(SEEN))

        def colour():
            return (current_app.config["COLOUR"], posix.getpid(), len(SEEN))
        """,
    )
    suite.tests(
        """
        import os
        from shop import pages
        HERE = os.getpid()

        @pytest.fixture
        def app():
            app = web.create_app()
            with app.app_context():
                yield app

        @pytest.fixture
        def shouting(app):
            app.jinja_env.globals["shout"] = "HEY"

        def put_mail_into(app):
            app.extensions["mail"] = object()

        def test_a_global(shouting):
            assert pages.show("{{ shout }}")[:2] == ("HEY", HERE)

        def test_a_filter(app):
            @app.template_filter("twice")
            def twice(text):
                return text * 2
            assert pages.show("{{ 'a'|twice }}")[:2] == ("aa", HERE)

        def test_an_extension_by_a_helper(app):
            put_mail_into(app)
            assert pages.mail()[:2] == (["mail"], HERE)

        def test_a_setting_that_cannot_cross(app):
            app.config["CLOCK"] = lambda text: 5
            assert pages.clock()[:2] == (5, HERE)

        def test_a_setting_that_crosses(app):
            app.config["COLOUR"] = "blue"
            assert pages.colour()[0] == "blue"
            assert pages.colour()[1] != HERE

        def test_nothing(app):
            assert pages.show("{{ shout }}")[0] == ""
            assert pages.show("")[1] != HERE
        """
    )

    outcome = suite.run("micro", "tests/test_shop.py", "-v")

    assert outcome.counts == {"passed": 6}, outcome.text
    assert "4 tests local: 4 changed application" in outcome.text
    assert "pages: changed application (jinja_env)" in outcome.text


def test_what_a_session_has_not_written_yet_is_nobody_elses(suite):
    suite.write("seamline.toml", "[services.stock]\npackage = 'shop.stock'")
    suite.write(
        "shop/base.py",
        """
        from sqlalchemy import create_engine
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

        class Base(DeclarativeBase):
            pass

        class Item(Base):
            __tablename__ = "item"
            id: Mapped[int] = mapped_column(primary_key=True)

        engine = create_engine("sqlite:///shop.db")
        Session = sessionmaker(engine)
        session = Session()
        """,
    )
    suite.write(
        "shop/stock.py",
        """
        import os
        import posix
        from sqlalchemy import func, select
        from shop.base import Item, session

        def count():
            return session.scalar(select(func.count()).select_from(Item)), posix.getpid()
        """,
    )
    suite.write("shop/orders.py", "")
    suite.write("shop/web.py", "")
    suite.tests(
        """
        import os
        from shop.base import Base, Item, engine, session

        def test_what_is_added_is_counted():
            Base.metadata.create_all(engine)
            session.add(Item())
            assert stock.count() == (1, os.getpid())
            session.rollback()
            session.close()

        def test_what_is_committed_is_counted_by_the_host():
            session.add(Item())
            session.commit()
            session.close()
            count, pid = stock.count()
            assert count == 1
            assert pid != os.getpid()
        """
    )

    outcome = suite.run("micro", "-p", "no:randomly")

    assert outcome.counts == {"passed": 2}, outcome.text
    assert "1 test local: 1 uncommitted transaction" in outcome.text

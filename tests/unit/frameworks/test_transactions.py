"""seamline.frameworks.django_transactions: what is noted of the statements of connections."""

import django
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.utils import ConnectionHandler

from seamline.errors import ContextElsewhere
from seamline.frameworks import django_transactions


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch):
    """Return a connection to a database in memory, which is not open yet, and is looked at."""
    if not settings.configured:
        settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3"}})
    if not apps.ready:
        django.setup()
    django_transactions.watch()
    handler = ConnectionHandler(
        {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    )
    monkeypatch.setattr(connections, "_connections", handler._connections)
    monkeypatch.setattr(connections, "settings", handler.settings, raising=False)
    yield handler["default"]
    handler["default"].close()
    django_transactions.begin((), "")
    django_transactions.unwatch()


def execute(connection, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_wrapper_of_the_applications_goes_with_its_block(connection) -> None:
    seen = []

    def note(run, sql, params, many, context):
        seen.append(sql)
        return run(sql, params, many, context)

    with connection.execute_wrapper(note):  # the connection opens inside
        execute(connection, "select 1")
    execute(connection, "select 2")
    django_transactions.begin((("default", True),), "shop.total")

    assert seen == ["select 1"]
    with pytest.raises(ContextElsewhere, match=r"shop\.total uses database 'default'"):
        execute(connection, "select 3")


@pytest.mark.parametrize(
    ("statement", "is_refused"),
    [
        ("select 1", False),
        ("create table t (n)", True),
        ("  WITH x AS (select 1) SELECT * FROM x", False),
        ("with x as (select 1) insert into t select * from x", True),
        ("(select 1)", False),
        ("/* view='shop' */ -- more\n INSERT INTO t VALUES (1)", True),
        ("/* insert */ select 1", False),
        ("", False),
    ],
)
def test_only_what_writes_is_refused_where_the_caller_has_written_nothing(
    statement: str, is_refused: bool
) -> None:
    assert django_transactions._writes(statement) is is_refused


def test_another_database_is_no_matter(connection) -> None:
    django_transactions.begin((("other", True),), "shop.total")

    execute(connection, "select 1")
    execute(connection, "create table t (n)")


def test_nothing_is_registered_for_the_end_of_a_transaction_of_the_callers(connection) -> None:
    done = []
    django_transactions.begin((("default", False),), "shop.announce")

    with pytest.raises(ContextElsewhere, match=r"shop\.announce registers with on_commit"):
        connection.on_commit(lambda: done.append("announced"))
    django_transactions.begin((), "shop.announce")
    connection.on_commit(lambda: done.append("at once"))

    assert done == ["at once"]

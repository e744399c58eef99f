"""Tables that the host of who asks for all of them does not know."""

import pytest

WAYS = {
    "declarative_base": (
        "from sqlalchemy.orm import declarative_base\nBase = declarative_base()\n",
        "base.Base.metadata.create_all(1)",
        "class One(base.Base):\n    __tablename__ = 'one'",
    ),
    "DeclarativeBase": (
        (
            "from sqlalchemy.orm import DeclarativeBase\n"
            "class Base(DeclarativeBase): ...\nclass Mine(Base):\n    __abstract__ = True\n"
        ),
        "return sorted(base.Base.metadata.tables)",
        "class One(base.Mine):\n    __tablename__ = 'one'",
    ),
    "Flask-SQLAlchemy": (
        "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n",
        "base.db.create_all()",
        "class One(base.db.Model): ...",
    ),
    "SQLModel": (
        "",
        "sqlmodel.SQLModel.metadata.create_all(1)",
        "class One(sqlmodel.SQLModel, table=True): ...",
    ),
}


def _files(base: str, asking: str, table: str) -> dict[str, str]:
    return {
        "base.py": base,
        "lib.py": (
            f"import hashlib, base, sqlmodel\ndef prepare():\n    hashlib.md5(b'')\n    {asking}\n"
        ),
        "front.py": f"import base, sqlmodel\n{table}\n",
        "web.py": "import front, lib\ndef page():\n    return lib.prepare()\n",
    }


@pytest.mark.parametrize(("base", "asking", "table"), WAYS.values(), ids=WAYS)
def test_a_table_is_missing_on_a_host_that_asks_for_all(read, base, asking, table) -> None:
    files = _files(base, asking, table)

    reading = read(files, "lib", entry_modules={"web": "web"})
    placed = read(files, "lib", "front", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("error", "front.py", 2)]
    assert placed.findings("import-call") == []
    assert placed.interfaces["front"].registers == ("lib",)


@pytest.mark.parametrize(
    ("asking", "table"),
    [
        ("return 1", "class One(base.Base):\n    __tablename__ = 'one'"),
        ("base.Base.metadata.create_all(1)", "class One(base.Base):\n    __abstract__ = True"),
        ("base.Base.metadata.create_all(1)", "class One(sqlmodel.SQLModel, table=True): ..."),
        ("sqlmodel.SQLModel.metadata.create_all(1)", "class One(sqlmodel.SQLModel): ..."),
    ],
)
def test_what_adds_no_table_that_is_asked_for_is_not_told(read, asking: str, table: str) -> None:
    files = _files(WAYS["declarative_base"][0], asking, table)

    reading = read(files, "lib", entry_modules={"web": "web"})
    placed = read(files, "lib", "front", entry_modules={"web": "web"})

    assert reading.findings("import-call") == []
    assert placed.interfaces["front"].registers == ()

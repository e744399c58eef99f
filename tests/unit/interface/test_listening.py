"""Listeners of SQLAlchemy, and the state that they use where rows are written."""

import pytest

TABLES = """
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, sessionmaker

db = SQLAlchemy()
Session = sessionmaker()

class Base(DeclarativeBase):
    @classmethod
    def create(cls, **values):
        return cls(**values)

class User(Base):
    __tablename__ = "user"
    name = db.Column(db.String)
    def rename(self, name):
        self.name = name

class Admin(User): ...

class Order(Base):
    __tablename__ = "order"
    title = db.Column(db.String)
"""
HEAD = "import sqlalchemy\nfrom sqlalchemy import event\nfrom tables import *\nSEEN = []\n"
LISTENING = "@event.listens_for({})\n"
HEARD = "def heard(*found):\n    SEEN.append(found)\n"


def _files(listened: str, doing: str, connecting: str = "") -> dict[str, str]:
    lines = [line for line in doing.splitlines() if line.startswith(("def", " "))]
    rest = "\n    ".join(line for line in doing.splitlines() if line not in lines)
    head = "import hashlib\nfrom tables import Admin, Order, User, Session, db\n"
    return {
        "tables.py": TABLES,
        "heard.py": HEAD + (connecting or LISTENING.format(listened) + HEARD),
        "lib.py": "\n".join(
            [head, *lines, f"def do(x: int):\n    {rest}\n    hashlib.md5(b'')\n"]
        ),
        "web.py": "import heard, lib\ndef page():\n    lib.do(1)\n    return heard.SEEN\n",
    }


SENT = {
    "made": ("User, 'after_insert'", "db.session.add(User(name='a'))"),
    "made by a class method": ("User, 'before_insert'", "db.session.add(User.create(name='a'))"),
    "changed": ("User, 'after_update'", "u = db.session.get(User, x)\nu.name = 'a'"),
    "added to": ("User, 'after_update'", "u = db.session.get(User, x)\nu.name += 'a'"),
    "changed by a method": (
        "User, 'before_update'",
        "def change(user: User):\n    user.rename('a')\nchange(x)",
    ),
    "an argument": ("User, 'after_update'", "def set(user: User):\n    user.name = 'a'\nset(x)"),
    "passed on": (
        "Base, 'after_update', propagate=True",
        "u = db.session.get(User, x)\nu.name = 'a'",
    ),
    "of all": ("sqlalchemy.orm.Mapper, 'after_insert'", "db.session.add(User(name='a'))"),
    "deleted": ("User, 'after_delete'", "db.session.delete(db.session.get(User, x))"),
    "committed": ("Session, 'after_commit'", "db.session.commit()"),
    "flushed by a commit": ("db.session, 'before_flush'", "with Session() as s: s.commit()"),
    "rolled back": ("Session, 'after_rollback'", "db.session.rollback()"),
    "executed": (
        "sqlalchemy.Engine, 'before_cursor_execute'",
        "db.session.execute('select 1')",
    ),
    "queried": ("sqlalchemy.Engine, 'after_cursor_execute'", "db.session.query(User).all()"),
    "queried by the class": (
        "sqlalchemy.Engine, 'before_execute'",
        "User.query.filter_by(name='a').first()",
    ),
    "made of values": ("User, 'after_insert'", "db.session.add(User.model_validate({}))"),
    "set": ("User.name, 'set'", "u = db.session.get(User, x)\nu.name = 'a'"),
    "set while it is made": ("User.name, 'set'", "User(name='a')"),
}


@pytest.mark.parametrize(("listened", "doing"), SENT.values(), ids=SENT)
def test_who_writes_runs_what_a_listener_uses(read, listened: str, doing: str) -> None:
    function = read(_files(listened, doing), "lib", entry_modules={"web": "web"}).functions[
        "lib.do"
    ]

    assert function.verdict.value == "local"
    assert function.reason.startswith("touches heard:SEEN, which belongs to no service")


ENDING = "@event.listens_for(Session, 'after_flush')\ndef done(*found):\n    "
CONNECTED = {
    "called": f"{HEARD}event.listen(User, 'after_insert', heard)\n",
    "offered": f"@db.event.listens_for(User, 'after_insert')\n{HEARD}",
    "enclosed": (
        "def set_up():\n"
        "    @event.listens_for(User, 'after_insert')\n"
        "    def heard(*found):\n        SEEN.append(found)\n"
    ),
    "enclosed and called": (
        "def set_up():\n"
        "    def heard(*found):\n        SEEN.append(found)\n"
        "    event.listen(User, 'after_insert', heard)\n"
    ),
    "a lambda": (
        "def set_up():\n"
        "    event.listen(User, 'after_insert', lambda *found: SEEN.append(found))\n"
    ),
    "enclosed, through another": (
        "def keep(found):\n    SEEN.append(found)\n"
        "def set_up():\n"
        "    @event.listens_for(User, 'after_insert')\n"
        "    def heard(*found):\n        keep(found)\n"
    ),
}


@pytest.mark.parametrize("connecting", CONNECTED.values(), ids=CONNECTED)
def test_a_listener_is_connected(read, connecting: str) -> None:
    files = _files("", "db.session.add(User(name='a'))", connecting)

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.functions["lib.do"].reason.startswith("touches heard:SEEN")


QUIET = {
    "another class": ("User, 'after_insert'", "db.session.add(Order(title='a'))"),
    "a class below": ("User, 'after_insert'", "db.session.add(Admin(name='a'))"),
    "another event": ("User, 'after_delete'", "db.session.add(User(name='a'))"),
    "another attribute": ("User, 'after_update'", "u = db.session.get(User, x)\nu.title = 'a'"),
    "another's attribute": (
        "User, 'after_update'",
        "def set(order: Order):\n    order.name = 'a'\nset(x)",
    ),
    "read": ("User, 'after_update'", "u = db.session.get(User, x)\nprint(u.name)"),
    "of sqlite3": ("Session, 'after_commit'", "import sqlite3\nsqlite3.connect('a').commit()"),
    "another one set": ("User.name, 'set'", "User(title='a')"),
    "of the pool": ("sqlalchemy.Engine, 'connect'", "db.session.commit()"),
}


@pytest.mark.parametrize(("listened", "doing"), QUIET.values(), ids=QUIET)
def test_who_sends_no_event_runs_no_listener(read, listened: str, doing: str) -> None:
    reading = read(_files(listened, doing), "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.do") == "remote"
    assert "heard:SEEN" not in reading.functions["lib.do"].touches


@pytest.mark.parametrize(
    "body", ["found[2].title = 'a'", "found[1].execute('select 1')", "print(SEEN_NEVER)"]
)
def test_a_listener_that_uses_no_state_changes_nothing(read, body: str) -> None:
    heard = f"SEEN_NEVER = 3\ndef heard(*found):\n    {body}\n"
    listened = LISTENING.format("User, 'after_insert'")
    files = _files("", "db.session.add(User(name='a'))", listened + heard)
    without = {**files, "heard.py": HEAD + heard}

    connected = read(files, "lib", entry_modules={"web": "web"})
    plain = read(without, "lib", entry_modules={"web": "web"})

    assert connected.functions["lib.do"] == plain.functions["lib.do"]
    assert connected.findings("shared-state") == []


def test_a_row_that_nothing_says_the_class_of_is_a_guess(read) -> None:
    doing = "def set(user):\n    user.name = 'a'\nset(x)"
    files = _files("User, 'after_update'", doing)
    files["other.py"] = files["lib.py"]
    files["web.py"] = "import heard, lib, other\ndef page():\n    lib.do(1)\n    other.do(1)\n"

    reading = read(files, "lib", "other", entry_modules={"web": "web"})

    assert reading.findings("shared-state") == [("warning", "heard.py", 4)]


@pytest.mark.parametrize(
    ("doing", "verdict"),
    [("User(name='a')", "local"), ("Admin(name='a')", "local"), ("User(title='a')", "remote")],
)
def test_a_method_that_validates_is_run_by_who_sets(read, doing: str, verdict: str) -> None:
    files = _files("", doing, f"{HEARD}def keep(found):\n    SEEN.append(found)\n")
    files["tables.py"] = TABLES.replace(
        "    def rename",
        "    @orm.validates('name')\n    def check(self, key, value):\n"
        "        import heard\n        heard.keep(value)\n        return value\n    def rename",
    ).replace("\nfrom flask", "\nfrom sqlalchemy import orm\nfrom flask", 1)

    assert read(files, "lib", entry_modules={"web": "web"}).verdict("lib.do") == verdict


@pytest.mark.parametrize(
    ("emptying", "found"),
    [
        ("while SEEN: print(SEEN.pop())", []),
        ("print(SEEN); SEEN.clear()", []),
        ("print(SEEN)", [("error", "heard.py", 4)]),
        ("print(SEEN, [1].pop())", [("error", "heard.py", 4)]),
    ],
)
def test_what_listeners_fill_and_empty_is_of_one_flush(read, emptying: str, found) -> None:
    files = _files("User, 'after_insert'", "db.session.add(User(name='a'))")
    files["heard.py"] += f"{ENDING}{emptying}\n"
    files["other.py"] = files["lib.py"]
    files["web.py"] = "import heard, lib, other\ndef page():\n    lib.do(1)\n    other.do(1)\n"

    reading = read(files, "lib", "other", entry_modules={"web": "web"})

    assert reading.findings("shared-state") == found


def test_what_others_read_of_it_is_state(read) -> None:
    files = _files("User, 'after_insert'", "db.session.add(User(name='a'))")
    files["heard.py"] += f"{ENDING}SEEN.clear()\n"

    assert read(files, "lib", entry_modules={"web": "web"}).verdict("lib.do") == "local"


def test_state_of_a_listener_that_two_groups_send_to_is_an_error(read) -> None:
    files = _files("User, 'after_insert'", "db.session.add(User(name='a'))")
    files["other.py"] = files["lib.py"]
    files["web.py"] = "import heard, lib, other\ndef page():\n    lib.do(1)\n    other.do(1)\n"

    reading = read(files, "lib", "other", entry_modules={"web": "web"})

    assert reading.findings("shared-state") == [("error", "heard.py", 4)]

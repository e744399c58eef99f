"""seamline.interface.givings: what functions collect, and rows of databases that they give."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

SOURCE = """
import re
from dataclasses import dataclass
from threading import Event
from sqlalchemy import func, select
from shop.models import User, session

class Prefix:
    def __init__(self, text):
        self.text = text

@dataclass
class Word:
    text: str

PRICES = dict()

def ask(text, other):
    for _ in text.split():
        pass
    {}
"""
MODELS = """
from sqlalchemy.orm import DeclarativeBase, sessionmaker
class Base(DeclarativeBase): ...
class User(Base): ...
session = sessionmaker()()
"""
STAYS = [
    "found = []\n    found.append(Prefix(text))\n    return found",
    "found = []\n    pair = [Prefix(text), text]\n    found.append(tuple(pair))\n    return found",
    "found = {}\n    found[text] = Prefix(text)\n    return found",
    "found = list()\n    found.insert(0, Prefix(text))\n    return sorted(found), 1",
    "return session.scalars(select(User)).all()",
    "return session.execute(select(User).where(User.id == text)).scalars().first()",
    *("return session.query(User).filter(text).one()", "return session.get(User, text)"),
    *("return User.query.get(text)", "return session.get(User, ident=text)"),
    "return session.exec(select(User)).first()",
    "rows = session.query(User)\n    return [row for row in rows]",
    "got = []\n    for one in session.query(User):\n        got.append(one)\n    return got",
    *("return User.query.filter_by(id=text).first()", "return list(User.query.order_by(text))"),
    "return session.scalars(select(User)).all()[0]",
    "rows = select(User)\n    rows = rows.filter(text)\n    return session.scalars(rows).all()",
    "query = User.query\n    query = query.filter(text)\n    return query.all()",
]
OF_LIBRARIES = [
    "return {one: Event() for one in text}",
    "return [Event(), text]",
    "return {'a': Event()}",
    "return [re.match(one, other) for one in text]",
    "key = Event()\n    return text, {'a': key}",
    "found = []\n    found.append(Event())\n    return found",
]
CROSSES = [
    "found = []\n    found.append(Word(text))\n    return found",
    "seen = []\n    seen.append(Prefix(text))\n    got = []\n    got.append(text)\n    return got",
    "found = []\n    found.append(Prefix(text).text)\n    return found",
    "return {one: Event().is_set() for one in text}",
    "return {Event(): text}.values().__len__()",
    "return [re.match(one, other).group() for one in text]",
    "return {one: re.sub(one, '', other) for one in text}",
    "found = []\n    for one in Prefix(text):\n        found.append(one)\n    return found",
    *("return session.query(User).count()", "return session.get(User, text).name"),
    "return session.scalars(select(User.name)).all()",
    "return session.scalar(select(func.count(User.id)))",
    "return session.query(User.name).all()",
    "got = select(User.name)\n    got = got.filter(text)\n    return session.scalars(got).all()",
    "return session.query(User).with_entities(User.name).all()",
    "return [row.name for row in session.scalars(select(User))]",
    "return session.query(User).first() is None",
    "return other.get(text).all()",
    "return PRICES.get(session.get(User, text).plan, 0)",
    "return PRICES.get(User.query.get(text).plan)",
    "return PRICES.get(session.scalars(select(User)).first().plan)",
    "return PRICES.get(User)",
    "user = session.get(User, text)\n    return user.prices.get(other)",
]


def _reason(read: Callable[..., Reading], body: str) -> str:
    files = {"shop/__init__.py": "", "shop/models.py": MODELS}
    reading = read(files | {"shop/work.py": SOURCE.format(body)}, "shop.work")
    return reading.functions["shop.work.ask"].reason


@pytest.mark.parametrize("body", STAYS)
def test_what_a_function_collects_and_rows_stay(read: Callable[..., Reading], body: str) -> None:
    reason = _reason(read, body)

    assert "its result is Prefix" in reason or "its result is User: a row" in reason


@pytest.mark.parametrize("body", OF_LIBRARIES)
def test_objects_of_libraries_in_what_a_function_returns_stay(
    read: Callable[..., Reading], body: str
) -> None:
    assert "stays with the caller" in _reason(read, body)


@pytest.mark.parametrize("body", CROSSES)
def test_values_and_what_is_only_looked_at_cross(read: Callable[..., Reading], body: str) -> None:
    assert "its result is" not in _reason(read, body)


DJANGO = {
    "shop/__init__.py": "",
    "shop/models.py": "from django.db import models\nclass User(models.Model): ...\n",
}
ROWS = [
    "return models.User.objects.get(id=text)",
    "user = models.User.objects.get(id=text)\n    return user, text",
    "return [user for user in User.objects.filter(name=text)]",
    "return list(User.objects.exclude(name=text).order_by('id'))",
    "return User.objects.get_or_create(name=text)[0]",
    "return [get_object_or_404(User, id=text), other]",
    "return {User._default_manager.latest('id')}",
]
NO_ROWS = [
    "return [models.User.objects.get(id=text).name]",
    "return list(User.objects.values_list('id'))",
    "return [User.objects.count(), User.objects.filter(name=text).exists()]",
    "user = User.objects.create(name=text)\n    return [user.id]",
    "return [user.name for user in User.objects.all()]",
]


def _says_of_django(read: Callable[..., Reading], body: str) -> bool:
    head = "from django.shortcuts import get_object_or_404\nfrom shop import models\n"
    head += "from shop.models import User\ndef ask(text, other):\n    open(text)\n"
    reading = read(DJANGO | {"shop/work.py": f"{head}    {body}\n"}, "shop.work")
    return "its result is User: a row" in reading.functions["shop.work.ask"].reason


@pytest.mark.parametrize("body", ROWS)
def test_rows_that_managers_give_stay_under_any_name(
    read: Callable[..., Reading], body: str
) -> None:
    assert _says_of_django(read, body)


@pytest.mark.parametrize("body", NO_ROWS)
def test_values_that_managers_give_cross(read: Callable[..., Reading], body: str) -> None:
    assert not _says_of_django(read, body)

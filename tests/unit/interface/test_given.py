"""What others give to the objects of a package by a library's means, and its host goes without."""

import pytest

WAYS = {
    "a class attribute": (
        "class Conf:\n    debug = False\n",
        "return Conf.debug",
        "lib.Conf.debug = True",
    ),
    "a class attribute, read through an instance": (
        "class Conf:\n    debug = False\n",
        "return Conf().debug",
        "lib.Conf.debug = True",
    ),
    "a class attribute, read by a method of a subclass": (
        (
            "class Conf:\n    debug = False\n"
            "class Mine(Conf):\n    def shown(self):\n        return self.debug\n"
        ),
        "return Mine().shown()",
        "lib.Conf.debug = True",
    ),
    "an entry of a class attribute": (
        "class Conf:\n    known = {}\n",
        "return Conf.known.get('a')",
        "lib.Conf.known['a'] = 1",
    ),
    "an attribute of a function": (
        "def f(): ...\n",
        "return getattr(f, 'extra', None)",
        "lib.f.extra = 3",
    ),
    "a listener": (
        "class Row: ...\n",
        "return print(Row())",
        "@sqlalchemy.event.listens_for(lib.Row, 'load')",
    ),
    "a listener of a base": (
        "class Base: ...\nclass Row(Base): ...\n",
        "return print(Row())",
        "@sqlalchemy.event.listens_for(lib.Base, 'load', propagate=True)",
    ),
    "a listener of what sessions are made of": (
        (
            "import sqlalchemy.orm\nengine = sqlalchemy.create_engine('sqlite://')\n"
            "Session = sqlalchemy.orm.sessionmaker(engine)\n"
        ),
        "return Session().execute('')",
        "sqlalchemy.event.listen(lib.engine, 'connect', print)",
    ),
    "a receiver of a model": (
        "class Row: ...\n",
        "return print(Row())",
        "@receiver(post_save, sender=lib.Row)",
    ),
    "a receiver of a model, connected": (
        "class Row: ...\n",
        "return print(Row())",
        "post_save.connect(print, sender=lib.Row)",
    ),
    "a virtual subclass": (
        "import abc\nclass Abs(abc.ABC): ...\n",
        "return isinstance(3, Abs)",
        "lib.Abs.register(int)",
    ),
    "a virtual subclass of a subclass": (
        "import abc\nclass Top(metaclass=abc.ABCMeta): ...\nclass Abs(Top): ...\n",
        "return isinstance(3, (str, Top))",
        "lib.Abs.register(int)",
    ),
    "a plugin": (
        "import pluggy\npm = pluggy.PluginManager('x')\n",
        "return pm.hook.names()",
        "lib.pm.register(object())",
    ),
    "a filter": (
        "import jinja2\nenv = jinja2.Environment()\n",
        "return sorted(env.filters)",
        "lib.env.filters['money'] = str",
    ),
    "a setting of a queue": (
        "import celery\nqueue = celery.Celery('a')\n",
        "return queue.conf.timezone",
        "lib.queue.conf.timezone = 'Asia/Tokyo'",
    ),
    "a setting of what the host hands on": (
        "import celery\nqueue = celery.Celery('a')\n",
        "return print(queue)",
        "lib.queue.conf.timezone = 'Asia/Tokyo'",
    ),
    "a level": (
        "import logging\nlog = logging.getLogger('lib')\n",
        "return log.isEnabledFor(10)",
        "lib.log.setLevel(10)",
    ),
}
HEAD = "import lib, sqlalchemy\nfrom django.db.models.signals import post_save\n"


def _files(lib: str, asking: str, front: str) -> dict[str, str]:
    after = "\ndef heard(*given): ...\n" if front.startswith("@") else "\n"
    return {
        "lib.py": (f"import hashlib\n{lib}def ask():\n    hashlib.md5(b'')\n    {asking}\n"),
        "front.py": f"{HEAD}from django.dispatch import receiver\n{front}{after}",
        "web.py": "import front, lib\ndef page():\n    return lib.ask()\n",
    }


@pytest.mark.parametrize(("lib", "asking", "front"), WAYS.values(), ids=WAYS)
def test_what_a_package_is_given_is_missing_on_its_host(read, lib, asking, front) -> None:
    files = _files(lib, asking, front)

    reading = read(files, "lib", entry_modules={"web": "web"})
    placed = read(files, "lib", "front", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("error", "front.py", 4)]
    assert placed.findings("import-call") == []
    assert "lib" in placed.interfaces["front"].registers


@pytest.mark.parametrize(("lib", "asking", "front"), WAYS.values(), ids=WAYS)
def test_what_nobody_on_the_host_asks_for_is_not_told(read, lib, asking, front) -> None:
    files = _files(lib, "return 1", front)
    files["web.py"] = f"import front\nfrom lib import *\ndef page():\n    ask()\n    {asking}\n"

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == []


@pytest.mark.parametrize(
    ("asking", "front"),
    [
        ("return Conf.debug", "lib.Conf.other = True"),
        ("return Conf.debug", "print(lib.Conf.debug)"),
        ("return Conf.debug", "if __name__ == '__main__':\n    lib.Conf.debug = True"),
        ("return Conf.rows", "lib.Conf.rows.update(a=1)"),
        ("return log.info('a')", "lib.log.setLevel(10)"),
        ("return log.info('a')", "lib.log.propagate = False"),
        ("return isinstance(3, int)", "lib.Abs.register(int)"),
    ],
)
def test_what_a_host_does_not_miss_is_not_told(read, asking: str, front: str) -> None:
    lib = (
        "import abc, logging, some_orm\nlog = logging.getLogger('lib')\nclass Abs(abc.ABC): ...\n"
        "class Conf(some_orm.Model):\n    debug = False\n"
    )

    reading = read(_files(lib, asking, front), "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == []


APP = "import flask\napp = flask.Flask('shop')\n"
ENV = "import jinja2\nenv = jinja2.Environment()\n"


@pytest.mark.parametrize(
    ("lib", "asking", "front"),
    [
        (APP, "return app.config.get('N', 0)", "lib.app.jinja_env.filters['money'] = str"),
        (APP, "app.logger.info('a')", "lib.app.secret_key = 'x'"),
        (ENV, "return env.globals", "lib.env.filters['money'] = str"),
    ],
)
def test_a_setting_of_another_attribute_is_none_of_the_host_s(read, lib, asking, front) -> None:
    reading = read(_files(lib, asking, front), "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == []


def test_a_method_of_a_library_s_object_may_use_a_setting(read) -> None:
    files = _files(
        ENV, "return env.from_string('{{ 3|money }}')", "lib.env.filters['money'] = str"
    )

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("warning", "front.py", 4)]


FILLED = {
    "a metaclass": "class Meta(type):\n    def __init__(cls, name, bases, space):\n",
    "__init_subclass__": "class Top:\n    def __init_subclass__(cls, name='', **more):\n",
}
OWN = "        cls.label = cls.__name__.lower()\n        cls.known = {}\n"
FILLING = "        cls.known['name'] = 1\n"


def _making(head: str, lines: str) -> dict[str, str]:
    base = "metaclass=Meta" if "Meta" in head else "Top"
    front = "class Web(lib.Base): ..."
    lib = f"{head}{lines}class Base({base}):\n    known = {{}}\n"
    return _files(lib, "return len(Base.known)", front)


@pytest.mark.parametrize("head", FILLED.values(), ids=FILLED)
def test_what_is_bound_to_a_new_class_before_it_is_filled_is_its_own(read, head: str) -> None:
    reading = read(_making(head, OWN + FILLING), "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == []


@pytest.mark.parametrize("head", FILLED.values(), ids=FILLED)
@pytest.mark.parametrize(
    "lines",
    [
        FILLING,
        FILLING + OWN,
        "        if name:\n            cls.known = {}\n" + FILLING,
        "        cls.known = Base.known\n" + FILLING,
        OWN + "        cls.mro()[1].known['name'] = 1\n        Base.known['a'] = 1\n",
    ],
)
def test_what_a_base_holds_is_filled_by_its_subclasses(read, head: str, lines: str) -> None:
    reading = read(_making(head, lines), "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("error", "front.py", 4)]

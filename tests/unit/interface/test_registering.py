"""What is registered with a package by modules that its host does not import."""

import textwrap

import pytest

LEFT = {
    "metaclass": (
        """
        class Meta(type):
            def __new__(mcs, name, bases, names):
                SEEN.append(name)
                return super().__new__(mcs, name, bases, names)
        class Base(metaclass=Meta): ...
        """,
        "class Web(lib.Base): ...",
    ),
    "the metaclass of a base's base": (
        """
        class Meta(type):
            def __init__(cls, name, bases, names):
                note(name)
        class Root(metaclass=Meta): ...
        class Base(Root): ...
        """,
        "class Web(lib.Base): ...",
    ),
    "table of a metaclass": (
        """
        class Meta(type):
            table = {}
            def __new__(mcs, name, bases, names):
                mcs.table[name] = 1
                return super().__new__(mcs, name, bases, names)
        class Base(metaclass=Meta): ...
        def ask():
            return sorted(Meta.table)
        """,
        "class Web(lib.Base): ...",
    ),
    "table of a class with a metaclass": (
        """
        import hashlib
        class Meta(type):
            def __init__(cls, name, bases, names):
                cls.table[name] = cls
        class Base(metaclass=Meta):
            table = {}
        def ask():
            return hashlib.md5(str(sorted(Base.table)).encode()).hexdigest()
        """,
        "class Web(lib.Base): ...",
    ),
    "descriptor": (
        """
        class Field:
            def __set_name__(self, owner, name):
                SEEN.append(name)
        """,
        "class Form: color = lib.Field()",
    ),
    "constructor": (
        "class Item:\n    def __init__(self, name):\n        note(name)\n",
        "ITEM = lib.Item('a')",
    ),
    "method of an instance": (
        "class Book:\n    def add(self, name):\n        SEEN.append(name)\nbook = Book()\n",
        "lib.book.add('a')",
    ),
    "constructor that puts it into an object": (
        """
        class Book:
            def __init__(self):
                self.rows = []
            def add(self, row):
                self.rows.append(row)
        BOOK = Book()
        class Item:
            def __init__(self):
                BOOK.add(self)
        def ask():
            return len(BOOK.rows)
        """,
        "ITEM = lib.Item()",
    ),
    "decorator of a class": (
        "def plugin(cls):\n    SEEN.append(cls.__name__)\n    return cls\n",
        "@lib.plugin\nclass P: ...",
    ),
    "decorator of a class, with arguments": (
        """
        def plugin(name):
            def decorate(cls):
                SEEN.append(name)
                return cls
            return decorate
        """,
        "@lib.plugin('p')\nclass P: ...",
    ),
    "class method that decorates": (
        """
        class Hub:
            @classmethod
            def take(cls, function):
                SEEN.append(function)
                return function
        """,
        "@lib.Hub.take\ndef p(): ...",
    ),
}
LIB = "SEEN = []\ndef note(name):\n    SEEN.append(name)\ndef ask():\n    return sorted(SEEN)\n"
READ = """
class Table:
    def __init__(self):
        self.rows = {}
    def find(self, name):
        return self.rows.get(name)
    def add(self, name):
        self.rows[name] = 1
TABLE = Table()
class Item:
    def __init__(self, name):
        self.found = TABLE.find(name)
def ask():
    TABLE.add("b")
"""


def _files(lib: str, front: str) -> dict[str, str]:
    return {
        "lib.py": LIB + textwrap.dedent(lib),
        "front.py": f"import lib\n{front}\n",
        "web.py": "import front, lib\ndef page():\n    return lib.ask()\n",
    }


@pytest.mark.parametrize(("lib", "front"), LEFT.values(), ids=LEFT)
def test_what_importing_leaves_in_a_package_is_missing_on_its_host(read, lib, front) -> None:
    files = _files(lib, front)

    reading = read(files, "lib", entry_modules={"web": "web"})
    placed = read(files, "lib", "front", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("error", "front.py", 2)]
    assert placed.findings("import-call") == []
    assert placed.interfaces["front"].registers == ("lib",)


def test_what_nobody_asks_for_on_the_host_is_not_told(read) -> None:
    lib, front = LEFT["constructor"]
    files = _files(lib, front) | {"lib.py": f"SEEN = []\n{lib.replace('note', 'SEEN.append')}"}
    files["lib.py"] += "TOLD = []\ndef ask():\n    return len(TOLD)\n"

    assert read(files, "lib", entry_modules={"web": "web"}).findings("import-call") == []


@pytest.mark.parametrize(
    "front",
    [
        "class Web(lib.Plain): ...",
        "ITEM = lib.Reading('a')",
        "def make():\n    return lib.Item('a')",
        "make = lambda: lib.Item('a')",
        "class Web:\n    def make(self):\n        return lib.Item('a')",
        "if __name__ == '__main__':\n    lib.Item('a')",
    ],
)
def test_what_importing_does_not_leave_is_not_told(read, front) -> None:
    lib = "class Plain: ...\n" + LEFT["constructor"][0] + READ.replace("Item", "Reading")

    reading = read(_files(lib, front), "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == []


def test_what_is_left_in_a_module_of_no_service_is_missing_where_others_use_it(read) -> None:
    files = {
        "base.py": "SEEN = []\ndef note(one):\n    SEEN.append(one)\n    return one\n",
        "lib.py": "import base\ndef ask():\n    return sorted(base.SEEN)\n",
        "front.py": "import base\n@base.note\ndef f(): ...\n",
        "web.py": "import front, lib\ndef page():\n    return lib.ask()\n",
    }

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.ask") == "remote"
    assert reading.findings("import-call") == [("error", "front.py", 2)]


LISTING = {
    "by name": "def ask():\n    return Base.__subclasses__()\n",
    "by a class method": (
        "class Root:\n    @classmethod\n    def every(cls):\n        return cls.__subclasses__()\n"
        "class Base(Root): ...\ndef ask():\n    return Base.every()\n"
    ),
    "by a function": (
        "def below(kind):\n    return [b for c in kind.__subclasses__() for b in (c, *below(c))]\n"
        "def ask():\n    return below(Base)\n"
    ),
}


@pytest.mark.parametrize("listing", LISTING.values(), ids=LISTING)
def test_a_subclass_that_a_package_looks_for_is_missing_on_its_host(read, listing) -> None:
    files = {
        "lib.py": f"import hashlib\nclass Base: ...\n{listing}class Other: ...\n",
        "front.py": "import lib\nclass One(lib.Base): ...\nclass Not(lib.Other): ...\n",
        "web.py": "import front, lib\ndef page():\n    return lib.ask()\n",
    }
    files["lib.py"] = files["lib.py"].replace("def ask():\n", "def ask():\n    hashlib.md5(b'')\n")

    reading = read(files, "lib", entry_modules={"web": "web"})
    placed = read(files, "lib", "front", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("error", "front.py", 2)]
    assert placed.findings("import-call") == []
    assert placed.interfaces["front"].registers == ("lib",)


def test_a_subclass_of_a_subclass_is_not_among_those_that_are_looked_for(read) -> None:
    files = {
        "lib.py": "A = []\nclass Base: ...\ndef ask():\n    A.append(Base.__subclasses__())\n",
        "middle.py": "import lib\nclass One(lib.Base): ...\n",
        "front.py": "import middle\nclass Two(middle.One): ...\n",
        "web.py": "import front, lib\ndef page():\n    return lib.ask()\n",
    }

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("error", "middle.py", 2)]


def test_a_subclass_that_nobody_on_the_host_looks_for_is_not_told(read) -> None:
    files = {
        "lib.py": "SEEN = []\nclass Base: ...\ndef ask():\n    SEEN.append(1)\n",
        "front.py": "import lib\nclass One(lib.Base): ...\n",
        "web.py": "import front, lib\ndef page():\n    lib.ask()\n    lib.Base.__subclasses__()\n",
    }

    assert read(files, "lib", entry_modules={"web": "web"}).findings("import-call") == []


def test_what_setting_django_up_imports_is_on_every_host(read) -> None:
    lib, front = LEFT["metaclass"]
    files = _files(lib, front)
    files["lib.py"] = f"import django\n{files['lib.py']}"
    files["shop/models.py"] = files["front.py"]
    files["shop/signals.py"] = files.pop("front.py")
    files["shop/apps.py"] = "class Shop:\n    def ready(self):\n        from shop import signals\n"
    files["web.py"] = "import shop.models, shop.signals, lib\ndef page():\n    return lib.ask()\n"

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("import-call") == []

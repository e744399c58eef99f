"""seamline.interface.verdicts: where functions run, and the reason given for it."""

import pytest

from seamline.interface import PackageService

VERDICTS = {
    "hazards.ledger.total": "remote",
    "hazards.ledger.enter": "refused",
    "hazards.ledger.newest": "refused",
    "hazards.ledger.connect": "refused",
    "hazards.ledger.version": "local",
    "hazards.callables.each": "refused",
    "hazards.callables.visit": "refused",
    "hazards.callables.counted": "local",
    "hazards.callables.recorder": "refused",
    "hazards.callables.names": "remote",
    "hazards.files.measure": "refused",
    "hazards.files.keep": "refused",
    "hazards.files.first_line": "local",
    "hazards.streams.add_up": "remote",
    "hazards.streams.past": "remote",
    "hazards.streams.later": "refused",
    "hazards.stock.put": "remote",
    "hazards.stock.in_grams": "remote",
    "hazards.plugins.describe": "remote",
    "hazards.plugins._": "remote",
    "hazards.plugins.Point.doubled": "local",
    "hazards.views.show_visits": "local",
    "hazards.views.shout": "local",
    "hazards.views.init_app": "local",
    "hazards.views.not_found": "local",
    "hazards.views.agent": "remote",
}


@pytest.mark.parametrize(("name", "verdict"), VERDICTS.items())
def test_each_hazard_has_its_verdict(hazards, name: str, verdict: str) -> None:
    assert hazards.verdict(name) == verdict


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("hazards.ledger.enter", "its parameter 'session' is Session: a database session"),
        ("hazards.ledger.newest", "its result is Entry: a row bound to a database session"),
        ("hazards.callables.visit", "its parameter 'visitor' is called, so it is a callable"),
        ("hazards.files.keep", "its parameter 'upload' appears to be an open file"),
        ("hazards.files.first_line", "touches no state of the host"),
        ("hazards.views.show_visits", "registered by @pages.get('/visits')"),
        ("hazards.views.not_found", "registered at hazards/views.py:23"),
    ],
)
def test_reason_names_the_evidence(hazards, name: str, says: str) -> None:
    assert says in hazards.functions[name].reason


def test_state_is_found_through_the_calls_between(hazards) -> None:
    enter = hazards.functions["hazards.ledger.enter"]

    assert enter.touches == ("hazards.ledger:engine",)
    assert "through prepare()" in enter.reason


def test_generic_function_touches_what_its_implementations_touch(hazards) -> None:
    assert hazards.functions["hazards.plugins.describe"].touches == ("hazards.plugins:_calls",)


def test_bodies_that_are_not_public_are_listed_when_they_must_be_sealed(hazards) -> None:
    names = {name for name, f in hazards.functions.items() if not f.public}

    assert "hazards.stock.Box.__init__" in names
    assert "hazards.plugins.left_out" in names
    assert "hazards.orders._extend" not in names


def test_functions_listed_as_local_stay_and_say_where_it_is_written(read) -> None:
    service = PackageService(service="shop", package="shop", local=("put",))

    reading = read(
        {"shop.py": "SEEN = []\ndef put(name: str) -> None:\n    SEEN.append(name)\n"},
        services=[service],
    )

    assert reading.verdict("shop.put") == "local"
    assert "[services.shop] of seamline.toml" in reading.functions["shop.put"].reason


def test_short_pure_functions_stay_and_long_ones_move(read) -> None:
    reading = read(
        {
            "prices.py": """
                import math

                def net(gross: float) -> float:
                    return round(gross / 1.19, 2)

                def rooted(value: float) -> float:
                    return math.sqrt(value)

                def total(values: list[float]) -> float:
                    result = 0.0
                    for value in values:
                        result += value
                    return result
                """
        },
        "prices",
    )

    assert reading.verdict("prices.net") == "local"
    assert reading.verdict("prices.rooted") == "remote"
    assert reading.verdict("prices.total") == "remote"


@pytest.mark.parametrize(
    ("bases", "decorator", "verdict"),
    [
        ("", "@dataclasses.dataclass", "remote"),
        ("(NamedTuple)", "", "remote"),
        ("(Exception)", "", "remote"),
        ("(enum.Enum)", "", "remote"),
        ("(TypedDict)", "", "remote"),
        ("(msgspec.Struct)", "", "remote"),
        ("(pydantic.BaseModel)", "", "remote"),
        ("", "@attrs.define", "remote"),
        ("", "", "refused"),
    ],
)
def test_classes_of_values_cross_and_plain_objects_do_not(
    read, bases: str, decorator: str, verdict: str
) -> None:
    reading = read(
        {
            "shop.py": f"""
                import dataclasses, enum
                from typing import NamedTuple, TypedDict
                import attrs, msgspec, pydantic

                SEEN = []

                {decorator or "# no decorator"}
                class Item{bases}:
                    size: int
                    def grow(self, by):
                        self.size = by

                def put(item: Item | None) -> None:
                    SEEN.append(item)
                """
        },
        "shop",
    )

    assert reading.verdict("shop.put") == verdict


def test_annotations_are_followed_through_aliases_strings_and_reexports(read) -> None:
    reading = read(
        {
            "kinds.py": "from sqlalchemy.orm import Session as Database\n"
            "Maybe = Database | None\n",
            "shop.py": """
                from typing import TYPE_CHECKING
                if TYPE_CHECKING:
                    from kinds import Database, Maybe
                SEEN = {}
                def first(db: "list[Database]") -> None:
                    SEEN[1] = 1
                def second(db: "Maybe") -> None:
                    SEEN[2] = 1
                """,
        },
        "shop",
    )

    assert reading.verdict("shop.first") == "refused"
    assert reading.verdict("shop.second") == "refused"


def test_receivers_of_the_applications_own_signals_are_no_callbacks(read) -> None:
    reading = read(
        {
            "signals.py": "from blinker import Namespace\n_all = Namespace()\n"
            "saved = _all.signal('saved')\n",
            "mail.py": """
                import signals
                SENT = []
                @signals.saved.connect
                def on_saved(sender, **values):
                    SENT.append(sender)
                """,
        },
        "mail",
    )

    assert reading.verdict("mail.on_saved") == "remote"
    assert not reading.functions["mail.on_saved"].callback
    assert reading.interfaces["mail"].registers == ("signals",)


def test_methods_of_a_module_level_object_touch_it(read) -> None:
    reading = read(
        {
            "shop.py": """
                class Registry:
                    def __init__(self):
                        self.items = {}
                    def add(self, name):
                        self.items[name] = 1

                registry = Registry()

                def add(name: str) -> None:
                    registry.add(name)
                """
        },
        "shop",
    )

    assert "shop:registry" in reading.state
    assert reading.functions["shop.add"].touches == ("shop:registry",)


def test_calls_of_methods_of_unknown_objects_count_and_the_reason_says_so(read) -> None:
    reading = read(
        {
            "shop.py": """
                SEEN = []
                class Desk:
                    def note_down(self, name):
                        SEEN.append(name)

                def visit(desks) -> None:
                    for desk in desks:
                        desk.note_down("x")
                """
        },
        "shop",
    )

    assert reading.functions["shop.visit"].touches == ("shop:SEEN",)
    assert "as far as names of methods say" in reading.functions["shop.visit"].reason


def test_calls_into_another_service_are_not_touching(read) -> None:
    files = {
        "stock.py": "COUNTS = {}\ndef put(n: str) -> None:\n    COUNTS[n] = 1\n",
        "orders.py": "import stock\ndef order(names: list[str]) -> None:\n"
        "    for name in names:\n        stock.put(name)\n",
    }

    assert read(files, "stock", "orders").functions["orders.order"].touches == ()
    assert read(files, "orders").functions["orders.order"].touches == ("stock:COUNTS",)


DATABASE = """
from flask_sqlalchemy import SQLAlchemy
db = SQLAlchemy()
"""


def test_methods_of_models_stay_with_the_handle_that_every_process_has(read) -> None:
    reading = read(
        {
            "database.py": DATABASE,
            "people.py": """
                from database import db

                class Person(db.Model):
                    def friends(self):
                        return db.session.scalars("select 1").all()

                def everybody() -> list[str]:
                    return list(db.session.scalars("select name"))

                def rename(person: Person, name: str) -> None:
                    person.name = name
                    db.session.commit()
                """,
        },
        "people",
    )

    assert reading.verdict("people.Person.friends") == "local"
    assert reading.verdict("people.everybody") == "remote"
    assert reading.verdict("people.rename") == "local"
    assert "every process has its own of" in reading.functions["people.rename"].reason


@pytest.mark.parametrize(
    ("parameter", "verdict"),
    [
        ("change: Callable", "refused"),
        ("change: Callable | None", "refused"),
        ("change: Callable | None = None", "remote"),
        ("change: str | Callable", "remote"),
        ("change: Union[str, Callable]", "remote"),
        ("change: Optional[Callable]", "refused"),
        ("*change: Callable", "refused"),
        ("change", "refused"),
        ("change=None", "remote"),
    ],
)
def test_what_may_be_left_out_or_replaced_by_a_value_is_no_obstacle(
    read, parameter: str, verdict: str
) -> None:
    reading = read(
        {
            "shop.py": f"""
                from collections.abc import Callable
                from typing import Optional, Union
                SEEN = []
                def put({parameter}) -> None:
                    SEEN.append(change())
                """
        },
        "shop",
    )

    assert reading.verdict("shop.put") == verdict


def test_handle_is_recognised_where_it_is_only_passed_on(read) -> None:
    reading = read(
        {
            "shop.py": """
                SEEN = []

                def _store(file, name):
                    SEEN.append(file.read())

                def upload(stream, name):
                    _store(stream, name)
                """
        },
        "shop",
    )

    assert reading.verdict("shop.upload") == "refused"
    assert "'stream' is passed to _store()" in reading.functions["shop.upload"].reason


def test_function_that_returns_a_response_stays_with_the_request(read) -> None:
    reading = read(
        {
            "pages.py": """
                import flask

                def away(names):
                    for name in names:
                        return flask.redirect(name)
                """
        },
        "pages",
    )

    assert reading.verdict("pages.away") == "local"


def test_classes_used_as_arguments_of_other_calls_are_no_callables(read) -> None:
    reading = read(
        {"shop.py": "S = []\ndef make(kind: type[dict]) -> None:\n    S.append(kind())\n"},
        "shop",
    )

    assert reading.verdict("shop.make") == "remote"


SESSIONS = """
    from sqlalchemy.orm import Session
    STATS = {"begun": 0}
    def transactional(function):
        def wrapper(*args, **kwargs):
            STATS["begun"] += 1
            session = Session()
            return function(session, *args, **kwargs)
        return wrapper
    def counted(function):
        count = STATS
        def wrapper(*args):
            return function(*args)
        return wrapper
    @transactional
    def create(session, name):
        session.add(name)
        return name.upper()
    @counted
    def pure(name):
        return name.upper()
    class Counting:
        def __init__(self, function):
            self.function = function
        def __call__(self, *args):
            STATS["begun"] += 1
            return self.function(*args)
    @Counting
    def entered(name):
        return name.upper()
"""


def test_a_function_touches_what_its_decorator_does_around_it(read) -> None:
    reading = read({"shop.py": SESSIONS}, "shop")

    assert reading.functions["shop.create"].touches == ("shop:STATS",)
    assert reading.functions["shop.pure"].touches == ()


def test_a_session_that_a_decorator_passes_in_is_no_obstacle(read) -> None:
    reading = read({"shop.py": SESSIONS}, "shop")

    assert reading.verdict("shop.create") == "remote"
    assert "session" not in reading.functions["shop.create"].mutates


def test_a_function_that_a_stateful_object_replaces_is_refused(read) -> None:
    reading = read({"shop.py": SESSIONS}, "shop")

    assert reading.verdict("shop.entered") == "refused"
    assert "its decorator makes Counting" in reading.functions["shop.entered"].reason


STRATEGIES = """
    class Login:
        def __init__(self, realm):
            self.realm = realm
        def login(self, name):
            return self.check(name.strip())
        def check(self, name):
            return True

    class Plain(Login):
        def __init__(self, realm):
            super().__init__(realm)
            self.tries = 0
        def check(self, name):
            return name in self.realm

    class Counting(Login):
        SEEN = []
        def __init__(self, realm):
            super().__init__(realm)
            self.SEEN.append(realm)
        def check(self, name):
            self.SEEN.append(name)
            return True
"""


def test_a_class_is_not_held_back_by_the_state_of_its_siblings(read) -> None:
    reading = read({"shop/__init__.py": "", "shop/auth.py": STRATEGIES}, "shop.auth")

    held = {"shop.auth.Counting.__init__", "shop.auth.Counting.check"}
    sealed = {name for name, found in reading.functions.items() if found.verdict != "local"}
    assert sealed == held
    assert "in methods of subclasses" in reading.functions["shop.auth.Login.login"].reason
    assert not reading.functions["shop.auth.Login.login"].touches


def test_a_class_mixed_in_below_is_what_super_may_run(read) -> None:
    source = """
    SEEN = []

    class Login:
        def check(self, name):
            self.name = name

    class Noting(Login):
        def check(self, name):
            SEEN.append(name)
            super().check(name)

    class Plain(Login):
        def check(self, name):
            super().check(name)

    class Both(Plain, Noting):
        pass
    """
    reading = read({"shop/__init__.py": "", "shop/auth.py": source}, "shop.auth")

    assert reading.verdict("shop.auth.Plain.check") == "refused"


def test_who_reads_a_property_touches_what_the_property_does(read) -> None:
    text = """
        from dataclasses import dataclass
        SEEN = {}
        @dataclass
        class Box:
            name: str
            @property
            def count(self) -> int:
                SEEN[self.name] = 1
                return len(SEEN)
        def count(box: Box) -> int:
            return box.count
    """

    reading = read({"shop.py": text}, "shop")

    assert reading.verdict("shop.count") == "remote"
    assert reading.functions["shop.count"].touches == ("shop:SEEN",)


def test_an_override_that_crosses_by_itself_keeps_its_caller_on_the_host(read) -> None:
    source = """
    SEEN = []

    class Login:
        @classmethod
        def note(cls, names):
            pass
        def check(self, names):
            self.names = names
            self.note(names)

    class Noting(Login):
        @classmethod
        def note(cls, names):
            SEEN.append(names)
    """
    reading = read({"shop/__init__.py": "", "shop/auth.py": source}, "shop.auth")

    assert reading.verdict("shop.auth.Login.check") == "refused"


def test_what_an_override_does_to_state_of_no_service_counts(read) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/config.py": "VALUES = {}\n\ndef put(name):\n    VALUES[name] = 1\n",
        "shop/web.py": "from shop import config\n\ndef page():\n    return config.VALUES['a']\n",
        "shop/auth.py": """
        from shop import config

        class Login:
            def __init__(self):
                self.name = ''
            def check(self, name):
                pass

        class Configured(Login):
            def check(self, name):
                config.put(name)

        def log_in(login: Login, name: str) -> None:
            login.check(name)
        """,
    }
    reading = read(files, "shop.auth")

    assert reading.verdict("shop.auth.log_in") == "local"
    assert "shop.config:VALUES" in reading.functions["shop.auth.log_in"].touches


MADE_WITH_A_RESOURCE = """
import io, queue, sqlite3, threading
from concurrent.futures import ThreadPoolExecutor
COUNT = []
def {name}(path):
    COUNT.append(1)
    {body}
"""


@pytest.mark.parametrize(
    "body",
    [
        "with open(path) as f: return f.read()",
        "f = open(path); return f.read()",
        "return open(path).read().splitlines()[0]",
        "with open(path) as f: return [line.strip() for line in f]",
        "with open(path) as f: return list(f)",
        "out = io.StringIO(); out.write(path); return out.getvalue()",
        "return io.BytesIO(b'1').getvalue()",
        "return queue.Queue().get()",
        "return threading.Event().is_set()",
        "with ThreadPoolExecutor() as pool: return list(pool.map(len, [path]))",
        "return sqlite3.connect(path).execute('select 1').fetchone()",
        "return sqlite3.connect(path).cursor().execute('select 1').fetchall()",
    ],
)
def test_what_methods_of_a_resource_give_crosses_as_any_value(read, body: str) -> None:
    text = MADE_WITH_A_RESOURCE.format(name="use", body=body)

    assert read({"shop.py": text}, "shop").verdict("shop.use") == "remote"


@pytest.mark.parametrize(
    "body",
    [
        "f = open(path); return f",
        "return open(path)",
        "return io.StringIO()",
        "return queue.Queue()",
        "return sqlite3.connect(path).cursor()",
        "with sqlite3.connect(path) as held: return held",
    ],
)
def test_a_resource_itself_never_crosses(read, body: str) -> None:
    text = MADE_WITH_A_RESOURCE.format(name="use", body=body)

    assert read({"shop.py": text}, "shop").verdict("shop.use") == "refused"

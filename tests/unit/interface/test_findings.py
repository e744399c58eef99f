"""seamline.interface.findings: every hazard is reported at its line, with what to do."""

import pytest

from seamline.interface import PackageService

FRONT = "hazards/front.py"


def test_refused_calls_are_errors_where_they_are_made(hazards) -> None:
    errors = [f for f in hazards.findings("not-sendable") if f[0] == "error"]

    assert errors == [("error", FRONT, line) for line in (13, 18, 23, 27)]


def test_refused_functions_that_nobody_calls_are_warnings_at_their_definition(hazards) -> None:
    warnings = {f[1:] for f in hazards.findings("not-sendable") if f[0] == "warning"}

    assert ("hazards/callables.py", 14) in warnings
    assert not any(file == FRONT for file, _ in warnings)


def test_state_read_elsewhere_is_an_error_and_a_resource_is_not(hazards) -> None:
    assert hazards.findings("state-elsewhere") == [
        ("error", FRONT, 6),
        ("error", FRONT, 35),
        ("warning", "hazards/views.py", 9),
        ("info", FRONT, 12),
    ]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import-call", [("warning", FRONT, 8)]),
        ("blocking-call", [("warning", FRONT, 49)]),
        ("mutated-argument", [("info", "hazards/orders.py", 21)]),
        ("aliased-state", [("error", "hazards/stock.py", n) for n in (24, 29)]),
        ("cache-per-process", [("info", FRONT, 53), ("info", "hazards/rates.py", 12)]),
        ("shared-state", [("error", "hazards/tally.py", 3)]),
        ("many-workers", []),
    ],
)
def test_hazard_is_reported_at_its_line(hazards, code: str, found: list) -> None:
    assert hazards.findings(code) == found


def test_errors_come_first(hazards) -> None:
    severities = [f.severity.value for f in hazards.analysis.findings]

    assert severities == sorted(severities, key=["error", "warning", "info"].index)


def test_every_finding_says_what_to_do(hazards) -> None:
    assert [f for f in hazards.analysis.findings if not f.remedy] == []


def test_services_of_one_group_may_use_each_other_freely(read) -> None:
    files = {
        "stock.py": "COUNTS = {}\ndef put(n, done):\n    COUNTS[n] = done()\n",
        "orders.py": "import stock\ndef order():\n    stock.put('a', print)\n"
        "    return stock.COUNTS\n",
    }

    apart = read(files, "stock", "orders").analysis.findings
    together = read(files, "stock", "orders", groups={"stock": "all", "orders": "all"})

    assert {f.code for f in apart if f.severity == "error"} == {"not-sendable", "state-elsewhere"}
    assert [f for f in together.analysis.findings if f.severity == "error"] == []


def test_shared_state_names_both_users(hazards) -> None:
    (finding,) = [f for f in hazards.analysis.findings if f.code == "shared-state"]

    assert "hazards/letters.py:13" in finding.message
    assert "hazards/orders.py:31" in finding.message


def test_shared_state_of_one_group_is_fine(read) -> None:
    files = {
        "tally.py": "T = {}\ndef bump(n):\n    T[n] = 1\n",
        "a.py": "import tally\ndef f(): tally.bump('a')\n",
        "b.py": "import tally\ndef f(): tally.bump('b')\n",
    }

    assert len(read(files, "a", "b").findings("shared-state")) == 1
    assert read(files, "a", "b", groups={"a": "x", "b": "x"}).findings("shared-state") == []


@pytest.mark.parametrize(
    ("module", "remedy"),
    [
        ("tally", 'put tally into a service of its own (package = "tally"), or '),
        ("lib", "move T, with the functions that use it, from lib into a module of its own"),
    ],
    ids=["of a module that can be a service", "above a package"],
)
def test_the_remedy_of_shared_state_is_one_that_can_be_done(read, module, remedy) -> None:
    held = "T = {}\ndef bump(n):\n    T[n] = 1\n"
    page = f"import {module}\nimport lib.a\ndef page(): {module}.bump('web')\n"
    files = {
        "lib/__init__.py": held if module == "lib" else "",
        "tally.py": held,
        "lib/a.py": f"import atexit, {module}\n@atexit.register\ndef f(): {module}.bump('a')\n",
        "web.py": page,
    }

    reading = read(files, "lib.a", entry_modules={"web": "front"})

    (finding,) = [f for f in reading.analysis.findings if f.code == "shared-state"]
    assert finding.remedy.startswith(remedy)


def test_http_service_is_a_user_of_shared_state_too(read) -> None:
    files = {
        "tally.py": "T = {}\ndef bump(n):\n    T[n] = 1\n",
        "a.py": "import atexit, tally\n@atexit.register\ndef f(): tally.bump('a')\n",
        "web.py": "import tally\nimport a\ndef page(): tally.bump('web')\n",
    }

    assert len(read(files, "a", entry_modules={"web": "front"}).findings("shared-state")) == 1
    grouped = read(files, "a", entry_modules={"web": "front"}, groups={"a": "one", "front": "one"})
    assert grouped.findings("shared-state") == []


def test_state_is_used_where_what_stays_with_its_caller_is_called(read) -> None:
    files = {
        "tally.py": "T = {}\ndef bump(n):\n    T[n] = 1\n",
        "a.py": (
            "import tally\n"
            "def f(): tally.bump('a')\n"
            "class Step:\n"
            "    def take(self): f()\n"
            "def other(n: int) -> int: return n\n"
        ),
        "b.py": "import atexit, a\n@atexit.register\ndef g(): a.Step().take()\n",
        "web.py": "import tally, a\ndef page():\n    tally.bump('web')\n    a.Step().take()\n",
    }

    alone = read(files, "a", entry_modules={"web": "front"})
    both = read(files, "a", "b", entry_modules={"web": "front"})

    assert alone.findings("shared-state") == []
    (found,) = [one for one in both.analysis.findings if one.code == "shared-state"]
    assert "b.py:3 uses it in group b and web.py:" in found.message


DECORATORS = {
    "wrapped": (("import functools\ndef keep(f):\n    @functools.wraps(f)\n"
                "    def inner(*a): return f(*a)\n    return inner\n"), "@tools.keep", 0),
    "noted": ("ALL = []\ndef keep(f):\n    ALL.append(f)\n    return f\n", "@tools.keep", 1),
    "wrapper noted": (("ALL = []\ndef keep(f):\n    def inner(*a): return f(*a)\n"
                      "    ALL.append(inner)\n    return inner\n"), "@tools.keep", 1),
    "made": (("def keep(n):\n    def take(f):\n        def inner(*a): return f(*a)\n"
             "        return inner\n    return take\n"), "@tools.keep(1)", 0),
    "made and noted": (("ALL = {}\ndef keep(n):\n    def take(f):\n        ALL[n] = f\n"
                       "        return f\n    return take\n"), "@tools.keep(1)", 1),
    "class": (("class keep:\n    def __init__(self, n): self.n = n\n    def __call__(self, f):\n"
              "        def inner(*a): return f(*a)\n        return inner\n"), "@tools.keep(1)", 0),
    "class that notes": (("class keep:\n    def __init__(self, *all): self.all = list(all)\n"
                         "    def __call__(self, f):\n        self.all.append(f)\n"
                         "        return f\n"), "@tools.keep()", 1),
    "command": ("", "@click.command()", 0),
    "registered": ("", "@atexit.register", 1),
}  # fmt: skip


@pytest.mark.parametrize(("tools", "decorator", "errors"), DECORATORS.values(), ids=DECORATORS)
def test_what_is_decorated_runs_on_its_host_where_that_is_given_it(
    read, tools: str, decorator: str, errors: int
) -> None:
    files = {
        "tally.py": "T = {}\ndef bump(n):\n    T[n] = 1\n",
        "tools.py": tools,
        "a.py": (
            "import atexit, click, tally, tools\n"
            f"{decorator}\ndef f(path: str):\n    tally.bump(path)\n    return open(path)\n"
        ),
        "web.py": "import tally, a\ndef page():\n    tally.bump('web')\n    a.f('x')\n",
    }

    if "click" in decorator:
        files["a.py"] += "@click.group()\ndef main(): ...\nmain.add_command(f)\n"

    reading = read(files, "a", entry_modules={"web": "front"})

    assert reading.verdict("a.f") == "local"
    assert len(reading.findings("shared-state")) == errors


@pytest.mark.parametrize(
    ("kept", "use"),
    [
        ("Store()", "_own[n].get('x')"),
        ("Store()", "_own[n]['x']"),
        ("Store()", "len(_own[n])"),
        ("Store.made()", "_own[n].step()"),
        ("Store()", "operator.methodcaller('step')(_own[n])"),
        ("Store()", "globals()['stepped']()"),
    ],
)
def test_state_is_used_by_a_host_that_may_have_the_object(read, kept: str, use: str) -> None:
    files = {
        "tally.py": "T = {}\ndef bump(n):\n    T[n] = 1\n",
        "a.py": (
            "import operator, tally\n_own = {}\n"
            "class Store:\n"
            "    @classmethod\n    def made(cls): return cls()\n"
            "    def step(self): tally.bump('a')\n"
            "    def get(self, n): tally.bump(n)\n"
            "    def __getitem__(self, n): tally.bump(n)\n"
            "    def __len__(self): tally.bump('a'); return 1\n"
            "def stepped(): tally.bump('a')\n"
            f"def open_(n: int) -> int:\n    _own[n] = {kept}\n    return n\n"
            f"def use(n: int) -> int:\n    {use}\n    return len(_own)\n"
        ),
        "web.py": (
            "import tally, a\ndef page():\n    tally.bump('web')\n    a.stepped()\n"
            "    one = a.Store()\n    one.step()\n    one.get('y')\n    one['z']\n    len(one)\n"
            "    return a.open_(1), a.use(1)\n"
        ),
    }

    reading = read(files, "a", entry_modules={"web": "front"})

    assert [kind for kind, *_ in reading.findings("shared-state")] == ["error"]


def test_registry_filled_by_decorators_is_the_same_in_every_process(read) -> None:
    files = {
        "hooks.py": "HOOKS = {}\ndef hook(f):\n    HOOKS[f.__name__] = f\n    return f\n",
        "a.py": "import hooks\n@hooks.hook\ndef f(): return list(hooks.HOOKS)\n",
        "b.py": "import hooks\n@hooks.hook\ndef g(): return list(hooks.HOOKS)\n",
    }

    reading = read(files, "a", "b")

    assert reading.findings("shared-state") == []
    assert reading.interfaces["a"].registers == ("hooks",)


@pytest.mark.parametrize(
    ("workers", "cache", "count"), [(1, (), 0), (2, (), 1), (2, ("COUNTS",), 0), (2, ("*",), 0)]
)
def test_state_under_several_workers_is_an_error_unless_it_is_a_cache(
    read, workers: int, cache: tuple[str, ...], count: int
) -> None:
    service = PackageService(service="stock", package="stock", workers=workers, cache=cache)

    reading = read(
        {"stock.py": "COUNTS = {}\ndef put(n: str) -> None:\n    COUNTS[n] = 1\n"},
        services=[service],
    )

    assert len(reading.findings("many-workers")) == count


COUNTER = """
class Counter:
    def __init__(self):
        self.n = 0
        self.client = None

    def up(self):
        BODY
        return self.n

counts = Counter()
"""


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ("self.n += 1", ["error"]),
        ("with self.lock: self.n -= 1", ["error"]),
        ("self.n = 3", ["warning"]),
        ("self.client = self.client or object()", ["warning"]),
        ("if self.client is None: self.client = object()", []),
        ("if not self.client: self.client = object()", []),
        ("other = Counter(); other.m += 1", []),
    ],
)
def test_an_object_that_its_own_methods_change_is_no_ones_alone(
    read, body: str, severity: list[str]
) -> None:
    text = COUNTER.replace("BODY", body)
    twice = PackageService(service="stock", package="stock", workers=2)
    use = "from shop.counts import counts\ndef use():\n    return counts.up()\n"
    files = {"shop/__init__.py": "", "shop/counts.py": text, "shop/a.py": use, "shop/b.py": use}

    workers = read({"stock.py": f"{text}\ndef put():\n    return counts.up()\n"}, services=[twice])
    groups = read(files, "shop.a", "shop.b")

    assert [kind for kind, *_ in workers.findings("many-workers")] == severity
    assert [kind for kind, *_ in groups.findings("shared-state")] == severity


def test_an_object_whose_changing_methods_nobody_calls_stays_as_it_is(read) -> None:
    text = COUNTER.replace("BODY", "self.n += 1") + "\ndef put():\n    return counts.n\n"
    twice = PackageService(service="stock", package="stock", workers=2)

    reading = read({"stock.py": text}, services=[twice])

    assert reading.findings("many-workers") == []


def test_snapshot_settles_aliased_state(read) -> None:
    files = {"stock.py": "C = {}\ndef put(n):\n    C[n] = 1\ndef every():\n    return C\n"}

    plain = read(files, "stock")
    settled = read(
        files,
        services=[PackageService(service="stock", package="stock", snapshot=("every",))],
    )

    assert plain.findings("aliased-state") == [("error", "stock.py", 4)]
    assert settled.findings("aliased-state") == []
    # Hosts refuse what these name.
    assert plain.functions["stock.every"].aliases == ("stock:C",)
    assert settled.functions["stock.every"].aliases == ()


@pytest.mark.parametrize(
    "text",
    [
        "N = 0\ndef one():\n    global N\n    N += 1\n    return N\n",
        "N = None\ndef one():\n    global N\n    N = 'name'\n    return N\n",
        "class C:\n n = 0\n @classmethod\n def one(cls):\n  C.n += 1\n  return C.n\n",
    ],
)
def test_a_number_or_text_that_is_state_is_no_alias(read, text: str) -> None:
    reading = read({"stock.py": text}, "stock")

    assert reading.findings("aliased-state") == []
    assert [f.aliases for f in reading.functions.values()] == [()]


def test_a_result_passed_on_is_an_alias_too(read) -> None:
    text = "C = {}\ndef _own():\n    C[1] = []\n    return C\ndef one():\n    return _own()\n"

    reading = read({"stock.py": text}, "stock")

    assert reading.functions["stock.one"].aliases == ("stock:C",)
    assert reading.findings("aliased-state") == [("error", "stock.py", 5)]


def test_a_part_of_a_passed_on_result_is_no_more_than_perhaps_an_alias(read) -> None:
    text = "C = None\ndef all():\n    global C\n    C = {'a': 1}\n    return C\n"
    text += "def one():\n    return all()['a']\n"

    reading = read({"stock.py": text}, "stock")

    assert reading.findings("aliased-state") == [
        ("error", "stock.py", 2),
        ("warning", "stock.py", 6),
    ]


def test_a_number_out_of_what_another_function_returns_is_no_alias(read) -> None:
    text = "C = {}\ndef put(n):\n    C[n] = [n]\ndef _one(n):\n    return C[n]\n"
    text += "def size(n) -> int:\n    return _one(n).size\n"

    reading = read({"stock.py": text}, "stock")

    assert reading.functions["stock.size"].aliases == ()
    assert reading.findings("aliased-state") == []


@pytest.mark.parametrize("held", ["1", "str(n)", "f'{n}'", "(1 + 2)"])
def test_parts_that_cannot_change_are_no_alias(read, held: str) -> None:
    text = f"C = {{}}\ndef put(n):\n    C[n] = {held}\ndef one(n):\n    return C[n]\n"

    reading = read({"stock.py": text}, "stock")

    assert reading.functions["stock.one"].aliases == ()


def test_file_that_cannot_be_parsed_is_an_error_at_its_line(read) -> None:
    reading = read({"shop/__init__.py": "", "shop/broken.py": "a = 1\ndef f(:\n"}, "shop")

    assert reading.findings("application") == [("error", "shop/broken.py", 2)]


def test_package_that_does_not_exist_is_an_error_naming_the_line_to_correct(read) -> None:
    (finding,) = read({}, "nowhere").analysis.findings

    assert finding.code == "application"
    assert "package = 'nowhere' of [services.nowhere]" in finding.remedy


def test_misspelt_local_function_is_an_error(read) -> None:
    service = PackageService(service="shop", package="shop", local=("pu",))

    reading = read({"shop.py": "def put(): ...\n"}, services=[service])

    assert "has no function 'pu'" in reading.analysis.findings[0].message


def test_calls_in_tests_are_warnings(read) -> None:
    reading = read(
        {
            "stock.py": "C = {}\ndef each(f):\n    C[1] = f()\n",
            "tests/test_stock.py": "import stock\ndef test_it():\n    stock.each(int)\n",
        },
        "stock",
    )

    assert reading.findings("not-sendable") == [("warning", "tests/test_stock.py", 3)]


INSIDE = """
    SEEN = []
    class Filter:
        def __init__(self):
            self.lines = []
        def holds(self, text):
            SEEN.append(text)
            return text in self.lines
    class Filters:
        def __init__(self, every):
            self.every = every
        def check(self, text):
            return [one.holds(text) for one in self.every]
    def ask(text):
        return Filters([Filter()]).check(text)
"""


@pytest.mark.parametrize(
    ("use", "found"),
    [
        ("lib.Filters([lib.Filter()]).check('a')", [("warning", "app/lib.py", 13)]),
        ("lib.ask('a')", []),
    ],
)
def test_what_stays_with_its_caller_calls_its_own_package_from_there(
    read, use: str, found: list[tuple[str, str, int]]
) -> None:
    web = f"from app import lib\ndef view():\n    return {use}\n"
    files = {"app/__init__.py": "", "app/lib.py": INSIDE, "app/web.py": web}

    reading = read(files, "app.lib", entry_modules={"web": "app.web"})

    assert reading.verdict("app.lib.Filter.holds") == "refused"
    assert [one for one in reading.findings("not-sendable") if one[0] != "info"] == found


CONTEXTS = {
    "context.py": """
        import threading
        from contextvars import ContextVar
        user = ContextVar("user")
        inner = ContextVar("inner")
        unused = ContextVar("unused")
        here = threading.local()
    """,
    "shop.py": """
        import context
        S = []
        def order():
            S.append(context.user.get())
            token = context.inner.set(1)
            try:
                return _deep()
            finally:
                context.inner.reset(token)
        def _deep():
            return context.inner.get()
        def remember(x):
            S.append(x)
            context.here.x = x
    """,
    "web.py": """
        import context, shop
        def view():
            context.user.set("me")
            context.unused.set(1)
            return shop.order()
    """,
}


def test_a_context_that_callers_and_hosts_share_is_named_until_it_is_carried(read) -> None:
    plain = read(CONTEXTS, "shop")
    carried = read(
        CONTEXTS,
        services=[PackageService(service="shop", package="shop", carry=("context:user",))],
    )

    assert plain.findings("state-elsewhere") == [
        ("error", "web.py", 3),
        ("warning", "context.py", 7),
    ]
    assert carried.findings("state-elsewhere") == [("warning", "context.py", 7)]


def test_state_is_followed_through_modules_that_pass_it_on(read) -> None:
    files = {
        "shop/__init__.py": "from . import facade\n",
        "shop/stock.py": "CACHE = {}\ndef put(n):\n    CACHE[n] = 1\n",
        "shop/facade.py": "from .stock import CACHE\nVIEW = CACHE\n",
        "web.py": "from shop import facade\na = facade.CACHE\nb = facade.VIEW\n",
        "star.py": "from shop.stock import *\nhow_many = len(CACHE)\n",
        "idle.py": "from shop.stock import *\nput(1)\n",
    }

    reading = read(files, "shop", "web", "star", "idle")

    assert reading.findings("state-elsewhere") == [
        ("error", "star.py", 1),
        ("error", "star.py", 2),
        ("error", "web.py", 2),
        ("error", "web.py", 3),
    ]


REGISTERING = {
    "plug/__init__.py": "from .base import Plugin, listen\n",
    "plug/base.py": """
        import functools
        LISTENERS = []
        def listen(function):
            LISTENERS.append(function)
            return function
        class Plugin:
            names = []
            def __init_subclass__(cls):
                Plugin.names.append(cls.__name__)
        @functools.singledispatch
        def render(value):
            return len(LISTENERS)
        def timed(function):
            return function
    """,
    "web.py": """
        import plug
        from plug.base import render, timed
        @plug.listen
        def heard(): ...
        class Mine(plug.Plugin): ...
        @render.register
        def _(value: int): ...
        @timed
        def plain(): ...
    """,
}


def test_what_an_http_service_registers_with_a_package_is_missing_on_its_host(read) -> None:
    reading = read(REGISTERING, "plug", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("error", "web.py", n) for n in (4, 6, 7)]


GENERIC = """
from functools import singledispatch
@singledispatch
def render(value):
    return str(value)
@render.register(int)
def _(value):
    return hex(value)
def show(values):
    return [render(value) for value in values]
"""


def test_an_implementation_that_a_function_elsewhere_adds_is_told(read) -> None:
    front = """
        from shop import render
        render.register(str, lambda value: value)
        def start():
            render.register(float, lambda value: "float")
        """
    reading = read({"shop.py": GENERIC, "web.py": front}, "shop", entry_modules={"web": "web"})

    assert reading.findings("import-call") == [("error", "web.py", 3)]
    assert reading.findings("state-elsewhere") == [("error", "web.py", 5)]


def test_a_function_whose_implementations_change_runs_where_they_do(read) -> None:
    start = "def start():\n    render.register(float, lambda value: 'float')\n"

    assert read({"shop.py": GENERIC}, "shop").functions["shop.render"].touches == ()
    assert read({"shop.py": GENERIC + start}, "shop").verdict("shop.render") == "remote"


def test_what_a_package_registers_is_imported_where_it_registers(read) -> None:
    reading = read(REGISTERING, "plug", "web")

    assert reading.findings("import-call") == []
    assert reading.interfaces["web"].registers == ("plug.base",)


@pytest.mark.parametrize(
    ("argument", "is_refused"),
    [
        ("threading.Lock()", True),
        ("User(name='x')", True),
        ("Plain()", True),
        ("flask.request", True),
        ("flask.request.path", False),
        ("given", True),
        ("asked", False),
        ("flask.Response('x')", False),
        ("flask.jsonify(1)", False),
        ("flask.send_file('a')", True),
        ("open('a')", True),
        ("Value(1)", False),
        ("[1]", False),
    ],
)
def test_an_argument_that_cannot_cross_is_named_where_it_is_passed(
    read, argument: str, is_refused: bool
) -> None:
    shop = "S = []\ndef use(it):\n    S.append(1)\n    return str(it)\n"
    web = f"""
        import flask, shop, threading
        from dataclasses import dataclass
        from sqlalchemy.orm import DeclarativeBase, Session
        class Base(DeclarativeBase): ...
        class User(Base): ...
        class Plain:
            def __init__(self):
                self.at = 1
        @dataclass
        class Value:
            n: int
        def view(given: Session, asked: flask.Request):
            shop.use({argument})
    """

    reading = read({"shop.py": shop, "web.py": web}, "shop", entry_modules={"web": "web"})

    line = [("error", "web.py", 14)] if is_refused else []
    assert reading.findings("not-sendable") == line


JOBS = "DONE = []\ndef step():\n    DONE.append(1)\n    return len(DONE)\n"


@pytest.mark.parametrize(
    ("web", "lines"),
    [
        ("TASKS = ((1, lambda now: jobs.step()),)", []),
        ("step = lambda: jobs.step()", []),
        ("class Task:\n    run = lambda self: jobs.step()", []),
        ("step = lambda: [jobs.step() for _ in range(2)]\nprint(1)", []),
        ("N = (lambda: jobs.step())()", [2]),
        ("N = sorted([2], key=lambda n: jobs.step())", [2]),
        ("TASKS = {'a': lambda: jobs.step()}\nN = TASKS['a']()", [2]),
        ("for task in (lambda: jobs.step(),):\n    task()", [2]),
        ("N = [task() for task in (lambda: jobs.step(),)]", [2]),
        ("@(lambda f: jobs.step())\ndef f(): pass", [2]),
        ("N = jobs.step()", [2]),
    ],
)
def test_what_a_module_puts_away_in_a_lambda_is_not_called_while_importing(read, web, lines):
    reading = read({"jobs.py": JOBS, "web.py": f"import jobs\n{web}\n"}, "jobs")

    assert reading.findings("import-call") == [("warning", "web.py", line) for line in lines]


TREE = """
TREE = {"a": ["x"]}
def grow(name):
    TREE[name] = []
def found():
    return %s
"""


@pytest.mark.parametrize(
    ("result", "severities"),
    [
        ("sorted(TREE)", ["info"]),
        ("list(TREE.keys())", []),
        ("[*TREE]", ["info"]),
        ("[name for name in TREE if name]", ["info"]),
        ("{name for name, row in TREE.items() if row}", ["info"]),
        ("next(iter(TREE))", ["info"]),
        ("max(TREE, key=len)", ["info"]),
        ("{name: len(row) for name, row in TREE.items()}", []),
        ("{name: list(row) for name, row in TREE.items()}", ["info"]),
        ("list(TREE.values())", ["error"]),
        ("[row for name, row in TREE.items()]", ["error"]),
        ("max(TREE.values())", ["error"]),
        ("dict(TREE)", ["error"]),
        ("TREE", ["error"]),
    ],
)
def test_the_keys_of_a_dictionary_are_not_what_can_change_in_it(read, result, severities) -> None:
    files = {"shop/__init__.py": "", "shop/tree.py": TREE % result}
    files["web.py"] = (
        "from shop import tree\ndef page():\n    tree.grow('b')\n    return tree.found()\n"
    )

    reading = read(files, "shop.tree")

    assert [kind for kind, *_ in reading.findings("aliased-state")] == severities


@pytest.mark.parametrize(
    ("caller", "state", "lines"),
    [
        ("async def page():\n    return shop.sell()\n", "_left['tea'] -= 1", [4]),
        ("def page():\n    return shop.sell()\n", "_left['tea'] -= 1", []),
        ("async def page():\n    return shop.sell()\n", "_other['tea'] -= 1", []),
        ("async def page():\n    return shop.sell()\n", "pass", []),
    ],
    ids=["both", "from a thread", "other state", "no state"],
)
def test_a_plain_function_that_uses_the_state_of_a_coroutine_is_told_of(
    read, caller, state, lines
) -> None:
    files = {
        "shop.py": (
            "import asyncio\n_left = {'tea': 1}\n_other = {'tea': 1}\n"
            "async def reserve():\n    await asyncio.sleep(0)\n    _left['tea'] -= 1\n"
            f"def sell():\n    {state}\n    return sorted({{1}})\n"
        ),
        "web.py": f"import asyncio\nimport shop\n{caller}",
    }

    reading = read(files, "shop")

    assert reading.findings("interleaved-call") == [("warning", "web.py", n) for n in lines]

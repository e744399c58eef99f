"""seamline.seam.opening: seams open and close on live function objects."""

import inspect
import operator
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import msgspec
import pytest

from seamline.errors import InternalError, NotSendable
from seamline.interface import Verdict
from seamline.seam import half_of, here


def test_a_call_of_an_opened_function_goes_through_the_client(application):
    app = application({"__init__": "def add(a, b=2):\n    return a + b\n"})
    module = app.load()
    seams = app.seams()

    seams.install()

    assert module.add(1) == 3
    assert app.client.calls == [f"{app.package}:add@1"]
    assert seams.counts() == {"work": {f"{app.package}.add": 1}}


def test_a_closed_seam_leaves_the_application_s_own_code_object(application):
    app = application({"__init__": "def add(a, b=2):\n    return a + b\n"})
    module = app.load()
    original = module.add.__code__
    seams = app.seams()
    seams.install()

    seams.uninstall()

    assert module.add.__code__ is original
    assert module.add(1) == 3
    assert app.client.calls == []


def test_a_function_keeps_what_the_outside_can_see(application):
    app = application({"__init__": "def add(a, /, b: int = 2, *c, d, **e) -> int:\n    'Doc.'\n"})
    module = app.load()
    signature = inspect.signature(module.add)

    app.seams().install()

    assert half_of(module.add.__code__) is not None
    assert inspect.signature(module.add) == signature
    assert (module.add.__doc__, module.add.__qualname__) == ("Doc.", "add")
    assert module.add.__code__.co_firstlineno == 1
    assert inspect.getsource(module.add).startswith("def add(a, /")


def test_a_refused_function_raises_before_anything_is_sent(application):
    app = application(
        {"__init__": "def connection():\n    return object()\n"},
        verdicts={"connection": Verdict.REFUSED},
    )
    module = app.load()
    app.seams().install()

    with pytest.raises(NotSendable, match=r"connection \(app\d+/__init__.py:1\).*test says so"):
        module.connection()

    assert app.client.calls == []


def test_a_local_function_is_left_alone(application):
    app = application(
        {"__init__": "def pure(x):\n    return x\n"}, verdicts={"pure": Verdict.LOCAL}
    )
    module = app.load()
    app.seams().install()

    assert half_of(module.pure.__code__) is None


def test_the_group_that_hosts_a_service_opens_no_seam_on_it(application):
    app = application({"__init__": "def f():\n    return 1\n"})
    module = app.load()

    app.seams(group="far").install()

    assert half_of(module.f.__code__) is None


THREADED = """
    import threading
    from concurrent.futures import ThreadPoolExecutor
    class Stateful:
        def __init__(self): self.seen = []
        def work(self): self.seen.append(threading.current_thread().name)
    def alone():
        stateful = Stateful()
        thread = threading.Thread(target=stateful.work, name="own")
        thread.start()
        thread.join()
        return stateful.seen
    def pooled():
        with ThreadPoolExecutor(1) as pool:
            stateful = Stateful()
            pool.submit(stateful.work).result()
            return len(stateful.seen)
"""


def test_threads_of_a_service_stay_in_its_place_in_one_process(application):
    app = application({"__init__": THREADED})
    module = app.load()
    app.seams(local=True).install()

    assert module.alone() == ["own"]
    assert module.pooled() == 1
    assert [address.partition(":")[2] for address in app.client.calls] == ["alone@7", "pooled@13"]


def test_a_pool_s_thread_takes_no_place_to_the_next_caller(application):
    app = application({"__init__": "def run(pool_submit=None):\n    return 1\n"})
    module = app.load()
    app.seams(local=True).install()
    places = []

    with ThreadPoolExecutor(1) as pool:
        token = here.set("work")
        pool.submit(lambda: places.append(here.get())).result()
        here.reset(token)
        pool.submit(lambda: places.append(here.get())).result()

    assert places == ["work", None]
    assert module.run() == 1


def test_uninstalling_gives_threads_and_pools_back(application):
    app = application({"__init__": ""})
    before = threading.Thread.start, ThreadPoolExecutor.submit
    seams = app.seams(local=True)
    seams.install()

    seams.uninstall()

    assert (threading.Thread.start, ThreadPoolExecutor.submit) == before


def test_verify_names_the_function_that_would_run_on_its_own_body(application):
    app = application({"__init__": "def f():\n    return 1\n"})
    module = app.load()
    original = module.f.__code__
    seams = app.seams()
    seams.install()
    seams.verify()

    module.f.__code__ = original

    with pytest.raises(InternalError, match=rf"not open on {app.package}\.f \(app\d+/__init__"):
        seams.verify()


def test_verify_finds_a_function_that_something_else_stands_in_for(application):
    app = application({"__init__": "def f():\n    return 1\nimport operator\n"})
    module = app.load()
    module.f = operator.neg  # as an extension module compiled from the same source would be

    seams = app.seams()
    seams.install()

    with pytest.raises(InternalError, match="what its name is bound to is no function"):
        seams.verify()


def test_a_module_loaded_past_every_hook_does_not_pass_verification(application):
    app = application({"__init__": "", "late": "def f():\n    return 1\n"})
    seams = app.seams()
    seams.install()
    file = app.root / app.package / "late.py"
    late = ModuleType(f"{app.package}.late")
    late.__file__ = str(file)
    sys.modules[late.__name__] = late
    exec(compile(file.read_text(), file, "exec"), vars(late))

    with pytest.raises(InternalError, match=r"late\.f"):
        seams.verify()


def test_idempotent_functions_and_timeouts_reach_the_target(application):
    app = application({"__init__": "def f(a, *, b):\n    return 1\n"})
    service = msgspec.structs.replace(app.plan.services[0], idempotent=("f",), timeout=3.0)
    app.plan = msgspec.structs.replace(app.plan, services=(service,))
    module = app.load()
    app.seams().install()

    target = half_of(module.f.__code__).target

    assert (target.idempotent, target.timeout, target.parameters) == (True, 3.0, ("a", "b"))
    assert (target.service, target.name) == ("work", f"{app.package}.f")

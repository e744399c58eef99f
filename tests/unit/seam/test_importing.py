"""seamline.seam.importing: seams open on what is imported later, and imports stay as they are."""

import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from seamline.plan import ServicePlan
from seamline.seam import half_of


def test_a_module_imported_after_install_is_opened(application):
    app = application({"__init__": "", "late": "def f():\n    return 1\n"})
    app.seams().install()

    late = app.load("late")

    assert late.f() == 1
    assert len(app.client.calls) == 1
    app.opened[0].verify()


def test_calls_made_while_importing_run_where_they_are_made(application):
    source = """
        LOG = []
        def register(name):
            LOG.append(name)
            return len(LOG)
        register("self")
    """
    app = application(
        {"__init__": source, "late": "from PACKAGE import register\nSEEN = register('late')\n"},
        others={"outside": "import PACKAGE\nSEEN = PACKAGE.register('outside')\n"},
        state={"LOG": ""},
    )
    app.seams().install()

    outside = importlib.import_module("outside")
    late = app.load("late")

    assert (outside.SEEN, late.SEEN) == (2, 3)
    assert app.client.calls == []
    app.opened[0].close_all()
    assert app.load().LOG == ["self", "outside", "late"]


def test_so_do_those_of_what_an_http_service_is_loaded_from_wherever_it_is(
    application, tmp_path_factory, monkeypatch
):
    app = application({"__init__": "def f():\n    return 1\n"})
    site = tmp_path_factory.mktemp("site-packages")
    (site / "installed.py").write_text(f"import {app.package} as p\np.f()\napp = p.f\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "installed", raising=False)
    web = ServicePlan(name="web", http="installed:app")
    app.plan = msgspec.structs.replace(app.plan, services=(*app.plan.services, web))
    app.seams().install()
    app.load()

    importlib.import_module("installed")

    assert app.client.calls == []
    assert app.load().f() == 1
    assert len(app.client.calls) == 1


def test_seams_open_only_when_the_outermost_import_is_over(application):
    app = application(
        {"__init__": "def f():\n    return 1\n"},
        others={"outside": "import PACKAGE as p\nCODE = p.f.__code__\nRESULT = p.f()\n"},
    )
    app.seams().install()

    outside = importlib.import_module("outside")

    assert half_of(outside.CODE) is None
    assert half_of(outside.p.f.__code__) is not None
    assert app.client.calls == []


def test_circular_imports_re_exports_and_aliases_share_the_opened_object(application):
    app = application(
        {
            "__init__": "from PACKAGE.one import f\nfrom PACKAGE.two import g as h\n",
            "one": "from PACKAGE import two\ndef f():\n    return two.g()\n",
            "two": "from PACKAGE import one\ndef g():\n    return 'g'\n",
        }
    )
    app.seams(local=True).install()

    package = app.load()

    assert package.f is app.load("one").f
    assert (package.f(), package.h()) == ("g", "g")
    assert len(app.client.calls) == 2


def test_a_function_level_import_opens_what_it_loads(application):
    app = application(
        {"__init__": "", "late": "def f():\n    return 1\n"},
        others={"caller": "def call():\n    from PACKAGE.late import f\n    return f()\n"},
    )
    app.seams().install()
    caller = importlib.import_module("caller")

    assert caller.call() == 1

    assert len(app.client.calls) == 1


def test_the_module_keeps_its_own_loader_and_spec(application):
    app = application({"__init__": "", "late": "def f():\n    return 1\n"})
    app.seams().install()

    late = app.load("late")

    assert type(late.__loader__) is importlib.machinery.SourceFileLoader
    assert late.__spec__.loader is late.__loader__
    assert inspect.getsource(late) == "def f():\n    return 1\n"
    spec = importlib.util.find_spec("json")
    assert isinstance(spec.loader, importlib.machinery.SourceFileLoader)


def test_a_module_that_was_only_looked_for_still_answers_as_its_loader(application):
    app = application({"__init__": "", "late": "X = 1\n"})
    app.seams().install()

    spec = importlib.util.find_spec(f"{app.package}.late")

    assert spec.loader.get_filename() == spec.origin
    assert spec.loader.get_source(spec.name) == "X = 1\n"


def test_reload_opens_the_new_functions(application):
    app = application({"__init__": "def f():\n    return 1\n"})
    app.seams().install()
    module = app.load()

    importlib.reload(module)

    assert half_of(module.f.__code__) is not None


def test_a_failed_import_raises_its_own_error_and_leaves_seams_working(application):
    app = application({"__init__": "", "bad": "1 / 0\n", "late": "def f():\n    return 1\n"})
    app.seams().install()

    with pytest.raises(ZeroDivisionError, match="division by zero"):
        app.load("bad")

    assert app.load("late").f() == 1
    assert len(app.client.calls) == 1


def test_threads_that_import_at_once_leave_every_module_open(application):
    names = [f"part{number}" for number in range(8)]
    app = application(
        {"__init__": "", **dict.fromkeys(names, "import time\ndef f():\n    return 1\n")}
    )
    seams = app.seams()
    seams.install()
    start = threading.Barrier(len(names))

    def load(name):
        start.wait()
        app.load(name)

    threads = [threading.Thread(target=load, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    seams.verify()
    assert all(half_of(app.load(name).f.__code__) for name in names)


class Rewriter:
    """A finder like pytest's: it claims some modules and executes their code itself."""

    def __init__(self, claims):
        self.claims = claims
        self.executed = []

    def find_spec(self, name, path=None, target=None):
        if not name.startswith(self.claims):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        return importlib.util.spec_from_file_location(
            name,
            spec.origin,
            loader=self,
            submodule_search_locations=spec.submodule_search_locations,
        )

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self.executed.append(module.__name__)
        origin = Path(module.__spec__.origin)
        exec(compile(origin.read_text(), origin, "exec"), vars(module))


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_rewriting_hook_keeps_working_in_either_order(application, monkeypatch, order):
    app = application(
        {"__init__": "", "late": "def f():\n    return 1\n"}, others={"ordinary": ""}
    )
    rewriter = Rewriter(app.package)
    seams = app.seams()
    if order == "after":
        seams.install()
    monkeypatch.setattr(sys, "meta_path", [rewriter, *sys.meta_path])
    if order == "before":
        seams.install()
    importlib.import_module("ordinary")  # any import gives the hook its place back

    late = app.load("late")

    assert rewriter.executed == [app.package, f"{app.package}.late"]
    assert late.__loader__ is rewriter
    assert late.f() == 1
    assert len(app.client.calls) == 1


def test_uninstalling_leaves_the_import_system_as_it_was(application):
    app = application({"__init__": ""})
    before = list(sys.meta_path)
    seams = app.seams()
    seams.install()

    seams.uninstall()

    assert sys.meta_path == before

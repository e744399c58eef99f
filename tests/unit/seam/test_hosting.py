"""seamline.seam.hosting: addresses become the application's own functions, or a refusal."""

import gc
import sys
from contextvars import ContextVar

import msgspec
import pytest

from seamline.errors import ConfigError, Denied, InterfaceMismatch, NotSendable
from seamline.interface import Kind, Verdict
from seamline.seam import Host

SOURCE = """
    import contextvars, functools
    def wrapping(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return ("wrapped", function(*args, **kwargs))
        return wrapper
    CURRENCY = contextvars.ContextVar("currency")
    TEXT = "no variable"
    def f(a, /, b, *, c=1):
        return (a, b, c)
    @wrapping
    def g(x):
        return x
    async def h(x):
        return x
    def stays(x):
        return x
    def cannot(x):
        return x
"""
VERDICTS = {
    "stays": Verdict.LOCAL,
    "cannot": Verdict.REFUSED,
    "wrapping": Verdict.LOCAL,
    "wrapping.<locals>.wrapper": Verdict.LOCAL,
}


@pytest.fixture
def app(application):
    return application({"__init__": SOURCE}, verdicts=VERDICTS)


def test_an_address_is_resolved_by_importing_its_module_only_then(app):
    host = Host(app.plan, group="far")
    assert app.package not in sys.modules

    hosted = host.resolve(f"{app.package}:f@10")

    assert hosted.function.__code__ is app.load().f.__code__
    assert (hosted.kind, hosted.parameters, hosted.fingerprint) == (
        Kind.SYNC,
        ("a", "b", "c"),
        "f",
    )


def test_layers_of_one_name_have_addresses_of_their_own(app):
    host = Host(app.plan, group="far")

    inner = host.resolve(f"{app.package}:g@12")
    outer = host.resolve(f"{app.package}:g@12#outer")

    assert inner.function(1) == 1
    assert outer.function(1) == ("wrapped", 1)
    assert outer.function.__code__ is app.load().g.__code__


def test_a_definition_that_moved_is_found_by_its_name(app):
    host = Host(app.plan, group="far")

    assert host.resolve(f"{app.package}:f@99").function(1, 2) == (1, 2, 1)
    assert host.resolve(f"{app.package}:g#outer").function(1) == ("wrapped", 1)


@pytest.mark.parametrize(("name", "verdict"), [("stays", "local"), ("cannot", "refused")])
def test_what_is_not_remote_is_denied_with_its_reason(app, name, verdict):
    host = Host(app.plan, group="far")

    with pytest.raises(Denied, match=rf"{name} \(.*is {verdict}, not remote: the test says so"):
        host.resolve(f"{app.package}:{name}")


@pytest.mark.parametrize("address", ["os:system@1", "PACKAGE:CURRENCY@1", "PACKAGE:nothing", "x"])
def test_what_no_interface_offers_is_unknown_and_imports_nothing(app, address):
    host = Host(app.plan, group="far")
    before = set(sys.modules)

    with pytest.raises(InterfaceMismatch, match="not a function of what this process hosts"):
        host.resolve(address.replace("PACKAGE", app.package))

    assert set(sys.modules) == before


def test_an_unresolved_address_is_a_lookup_error_to_the_server(app):
    host = Host(app.plan, group="far")

    for address in (f"{app.package}:stays", "os:system"):
        with pytest.raises(LookupError):
            host.resolve(address)


def test_a_group_that_hosts_nothing_resolves_nothing(app):
    host = Host(app.plan, group="near")

    with pytest.raises(InterfaceMismatch, match=r"hosts \(no package\)"):
        host.resolve(f"{app.package}:f@10")


def carrying(app, path):
    service = msgspec.structs.replace(app.plan.services[0], carry=(path,))
    return msgspec.structs.replace(app.plan, services=(service,))


def test_carried_variables_are_the_application_s_own(app):
    plan = carrying(app, f"{app.package}:CURRENCY")

    hosted = Host(plan, group="far").resolve(f"{app.package}:f@10")

    assert hosted.carry == (app.load().CURRENCY,)
    assert isinstance(hosted.carry[0], ContextVar)


@pytest.mark.parametrize("path", ["PACKAGE:TEXT", "PACKAGE:MISSING", "nowhere_at_all:x", "bare"])
def test_carrying_what_is_no_context_variable_is_refused(app, path):
    plan = carrying(app, path.replace("PACKAGE", app.package))

    with pytest.raises(ConfigError, match="carry = "):
        Host(plan, group="far").resolve(f"{app.package}:f@10")


def test_a_definition_of_several_objects_is_refused_and_hides_no_other(application):
    text = """
    def make(n):
        def made():
            return n
        return made
    ONE, TWO = make(1), make(2)
    def plain():
        return 3
    """
    app = application({"__init__": text}, verdicts={"make": Verdict.LOCAL})
    host = Host(app.plan, group="far")
    (interface,) = filter(None, (service.interface for service in app.plan.services))
    made, plain = (
        next(f.address for f in interface.functions if f.name.endswith(name))
        for name in ("made", "plain")
    )

    with pytest.raises(
        NotSendable, match="2 functions were made from the one definition"
    ) as error:
        host.resolve(made)

    assert isinstance(error.value, LookupError)  # one entry of a caller's table, not all of it
    assert host.resolve(plain).function() == 3


def test_one_search_finds_all_functions_that_a_caller_asks_for(app, monkeypatch):
    host = Host(app.plan, group="far")
    app.load()
    searches = []
    monkeypatch.setattr(
        "gc.get_objects", lambda found=gc.get_objects: searches.append(1) or found()
    )

    for address in ("f@10", "g@12#outer", "h@15"):
        host.resolve(f"{app.package}:{address}")

    assert len(searches) == 1


def test_functions_of_one_service_share_a_codec(app):
    host = Host(app.plan, group="far")

    codecs = {id(host.resolve(f"{app.package}:{name}").codec) for name in ("f", "g", "h")}

    assert len(codecs) == 1


def test_in_one_process_the_host_runs_the_original_body(app):
    module = app.load()
    original = module.f.__code__
    app.seams(local=True).install()

    hosted = Host(app.plan, group="far").resolve(f"{app.package}:f@10")

    assert module.f.__code__ is not original
    assert hosted.function.__code__ is original


@pytest.mark.parametrize(
    ("wrapper", "expected"),
    [
        ("", ("rows",)),
        ("*args, **kwargs", ("args", "kwargs")),
        ("rows, **kwargs", ("rows",)),
        ("other, *args", ("other", "args")),
    ],
    ids=["definition", "variadic", "same name", "other name"],
)
def test_what_a_definition_mutates_is_named_as_its_wrapper_receives_it(
    application, wrapper, expected
):
    source = (
        "def wrapping(function):\n"
        f"    def wrapper({wrapper}):\n        return function(None)\n    return wrapper\n"
        f"{'@wrapping' if wrapper else ''}\ndef f(rows):\n    rows.append(1)\n"
    )
    app = application({"__init__": source}, verdicts=VERDICTS)
    service = app.plan.services[0]
    functions = tuple(
        msgspec.structs.replace(f, mutates=("rows",) if f.name == "f" else ())
        for f in service.interface.functions
    )
    interface = msgspec.structs.replace(service.interface, functions=functions)
    service = msgspec.structs.replace(service, interface=interface)
    plan = msgspec.structs.replace(app.plan, services=(service,))

    hosted = Host(plan, group="far").resolve(f"{app.package}:f{'#outer' if wrapper else ''}")

    assert hosted.mutates == expected

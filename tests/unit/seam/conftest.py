"""Small applications, written to a directory, described as ``interface`` would, and imported."""

import ast
import asyncio
import importlib
import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from seamline.interface import Function, Interface, Kind, Place, State, Verdict
from seamline.plan import GroupPlan, Plan, ServicePlan
from seamline.rpc import LocalClient
from seamline.seam import Host, Seams
from seamline.seam.half import half_of

_NUMBERS = itertools.count()


class Recording:
    """The local client, and a list of the addresses that were called through it."""

    def __init__(self, client: LocalClient) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name):
        method = getattr(self._client, name)

        def recorded(target, arguments):
            self.calls.append(target.address)
            return method(target, arguments)

        return recorded


@dataclass
class Application:
    """One application of a single service ``work`` (package ``<name>``), hosted by ``far``."""

    root: Path
    package: str
    plan: Plan
    client: Recording
    opened: list[Seams] = field(default_factory=list)

    def seams(self, *, group: str | None = "near", local: bool = False) -> Seams:
        seams = Seams(self.plan, group=group, connect=lambda _: self.client, local=local)
        self.opened.append(seams)
        return seams

    def load(self, module: str = "") -> ModuleType:
        return importlib.import_module(f"{self.package}.{module}" if module else self.package)


def _kind(node: ast.AST) -> Kind:
    is_async = isinstance(node, ast.AsyncFunctionDef)
    decorators = {ast.unparse(d).rpartition(".")[2] for d in node.decorator_list}
    if "contextmanager" in decorators:
        return Kind.CONTEXT_MANAGER
    if "asynccontextmanager" in decorators:
        return Kind.ASYNC_CONTEXT_MANAGER
    if any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node)):
        return Kind.ASYNC_GENERATOR if is_async else Kind.GENERATOR
    return Kind.ASYNC if is_async else Kind.SYNC


def _definitions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + child.name, child
            yield from _definitions(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _definitions(child, f"{prefix}{child.name}.")
        elif not isinstance(child, ast.expr):
            yield from _definitions(child, prefix)


def describe(
    module: str, file: Path, root: Path, verdicts: Mapping[str, Verdict]
) -> list[Function]:
    """Return what ``interface`` would say of one module, with the verdicts of the test."""
    functions = []
    for name, node in _definitions(ast.parse(file.read_text())):
        line = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        functions.append(
            Function(
                module=module,
                name=name,
                line=line,
                file=str(file.relative_to(root)),
                signature=f"({ast.unparse(node.args)})",
                kind=_kind(node),
                verdict=verdicts.get(name, Verdict.REMOTE),
                reason="the test says so",
                fingerprint=name,
            )
        )
    return functions


@pytest.fixture
def application(tmp_path, monkeypatch) -> Iterator[Callable[..., Application]]:
    """Return a function that writes an application: ``application({"__init__": source, ...})``."""
    made: list[Application] = []
    monkeypatch.syspath_prepend(str(tmp_path))
    # Written files are younger than any bytecode, but a directory listing may be cached.
    importlib.invalidate_caches()

    def make(
        files: Mapping[str, str],
        *,
        verdicts: Mapping[str, Verdict] = {},
        state: Mapping[str, str] = {},
        early: tuple[Place, ...] = (),
        others: Mapping[str, str] = {},
    ) -> Application:
        package = f"app{next(_NUMBERS)}"
        directory = tmp_path / package
        directory.mkdir()
        modules, functions = [], []
        for name, source in files.items():
            file = directory / f"{name}.py"
            file.write_text(textwrap.dedent(source).replace("PACKAGE", package))
            dotted = package if name == "__init__" else f"{package}.{name}"
            modules.append((dotted, str(file)))
            functions += describe(dotted, file, tmp_path, verdicts)
        for name, source in others.items():
            (tmp_path / f"{name}.py").write_text(
                textwrap.dedent(source).replace("PACKAGE", package)
            )
        interface = Interface(
            service="work",
            package=package,
            modules=tuple(modules),
            functions=tuple(functions),
            state=tuple(
                State(
                    module=f"{package}.{module}" if module else package,
                    name=name,
                    line=1,
                    file=f"{package}/{module or '__init__'}.py",
                    early=early,
                )
                for name, module in state.items()
            ),
            type_modules=tuple(name for name, _ in modules),
        )
        plan = Plan(
            name="test",
            root=str(tmp_path),
            layout="micro",
            run_dir=str(tmp_path / "run"),
            groups=(
                GroupPlan(name="near", services=()),
                GroupPlan(name="far", services=("work",)),
            ),
            services=(ServicePlan(name="work", package=package, interface=interface),),
        )
        app = Application(
            tmp_path, package, plan, Recording(Host(plan, group="far").local_client())
        )
        made.append(app)
        return app

    before = set(sys.modules)
    yield make
    for app in made:
        for seams in app.opened:
            seams.uninstall()
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def run():
    """Return a function that runs a coroutine to its end."""
    return asyncio.run


def is_open(function: object) -> bool:
    return half_of(function.__code__) is not None

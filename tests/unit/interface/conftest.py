"""Applications written for one test, and the answers about them."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from seamline.interface import Analysis, Function, PackageService, analyse

HAZARDS = Path(__file__).parents[2] / "apps" / "hazards"


class Reading:
    """An analysis with its parts by name."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.interfaces = {one.service: one for one in analysis.interfaces}
        self.functions: dict[str, Function] = {
            f"{function.module}.{function.name}": function
            for one in analysis.interfaces
            for function in one.functions
        }
        self.state = {f"{s.module}:{s.name}": s for one in analysis.interfaces for s in one.state}

    def verdict(self, name: str) -> str:
        return self.functions[name].verdict.value

    def findings(self, code: str) -> list[tuple[str, str, int]]:
        return [
            (f.severity.value, f.file, f.line) for f in self.analysis.findings if f.code == code
        ]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Reading]:
    """Write files, given as ``path=text``, and analyse their packages."""

    def write_and_analyse(files: dict[str, str], *packages: str, **options: object) -> Reading:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        services = [
            PackageService(service=name.rpartition(".")[2], package=name) for name in packages
        ]
        chosen = options.pop("services", services)
        return Reading(analyse(tmp_path, chosen, **options))

    return write_and_analyse


@pytest.fixture(scope="session")
def hazards() -> Reading:
    """The application of hazards, each module but ``front`` and ``tally`` a service."""
    names = (
        *("ledger", "callables", "files", "streams", "stock", "orders"),
        *("letters", "rates", "plugins", "views", "trap"),
    )
    services = [PackageService(service=name, package=f"hazards.{name}") for name in names]
    return Reading(analyse(HAZARDS, services))

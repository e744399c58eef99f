"""Fixtures that write a project and say what its interfaces are."""

import pytest

from seamline import config
from seamline.interface import Analysis, Function, Interface, Kind, Verdict


def _interface(service, package, *functions, **facts):
    """Return the interface of a package with public functions of these names."""
    return Interface(
        service=service,
        package=package,
        modules=((package, f"/nowhere/{package}.py"),),
        functions=tuple(
            Function(
                module=package,
                name=name,
                line=place + 1,
                file=f"{package}.py",
                signature="()",
                kind=Kind.SYNC,
                verdict=Verdict.REMOTE,
                reason="it reads the host's state",
                fingerprint="0",
            )
            for place, name in enumerate(functions)
        ),
        **facts,
    )


@pytest.fixture
def interface():
    """Return the function that makes an interface of public function names."""
    return _interface


@pytest.fixture
def load(tmp_path):
    """Write the text to ``seamline.toml`` and load it."""

    def write_and_load(text):
        path = tmp_path / "seamline.toml"
        path.write_text(text, encoding="utf-8")
        return config.load(path, environ={})

    return write_and_load


@pytest.fixture
def analysis():
    """Return a function that makes an analysis of interfaces."""
    return lambda *interfaces: Analysis(interfaces=interfaces, findings=())

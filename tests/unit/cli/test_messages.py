"""docs/messages.md: every code there is, and the same text in the package."""

import ast
from pathlib import Path

import pytest

from seamline import errors
from seamline.cli.messages import messages, page

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "seamline"


def error_codes():
    return {
        error.code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.SeamlineError)
    }


def finding_codes():
    """Return every text that any call in the package gives as ``code=``."""
    return {
        keyword.value.value
        for file in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
        if isinstance(keyword.value.value, str) and keyword.value.value
    }


def test_every_error_is_explained():
    assert error_codes() - set(messages()) == set()


def test_every_finding_is_explained():
    assert finding_codes() - set(messages()) == set()


def test_nothing_is_explained_that_does_not_exist():
    findings = {
        "shared-state",
        "many-workers",
        "import-call",
        "blocking-call",
        "cache-per-process",
    }

    assert set(messages()) - error_codes() - finding_codes() - findings == set()


@pytest.mark.parametrize("code", messages())
def test_explanation_says_what_to_do(code):
    text = messages()[code]

    assert "\nDo" in text or "never raised itself" in " ".join(text.split())


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (error.code, error.http_status)
        for error in vars(errors).values()
        if isinstance(error, type)
        if issubclass(error, errors.SeamError)
        if error is not errors.SeamError
    ],
)
def test_explanation_names_the_http_status(code, status):
    assert f"Status {status}." in " ".join(messages()[code].split())


def test_page_in_docs_is_the_page_in_the_package():
    shipped = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")

    assert shipped == page(), "cp src/seamline/cli/messages.md docs/messages.md"


def test_page_fits_80_columns():
    assert [line for line in page().splitlines() if len(line) > 80] == []

"""README and docs: links lead somewhere, the excerpts are valid, the lists are complete."""

import re
import tomllib
from pathlib import Path

import pytest

import seamline
from seamline import config

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
SOURCE = Path(seamline.__file__).parent

_LINK = re.compile(r"(?:\]\(|src=\")(?!https?:|#|mailto:)([^)\s\"#]+)(?:#([^)\s\"]+))?")
_TOML = re.compile(r"^( *)```toml\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)

pages = pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]
)


@pages
def test_every_link_of_the_page_leads_to_a_file(page: Path) -> None:
    links = _LINK.findall(page.read_text(encoding="utf-8"))

    missing = [link for link, _ in links if not (page.parent / link).exists()]

    assert missing == []


@pages
def test_every_configuration_on_the_page_can_be_used(page: Path, tmp_path: Path) -> None:
    for indent, text in _TOML.findall(page.read_text(encoding="utf-8")):
        file = tmp_path / "seamline.toml"
        file.write_text(
            _completed(re.sub(f"^{indent}", "", text, flags=re.MULTILINE)), encoding="utf-8"
        )

        config.load(file, environ={})


def _completed(text: str) -> str:
    """Add what an excerpt leaves out: the name, and the services its layouts mention."""
    raw = tomllib.loads(text)
    top = "" if "name" in raw else 'name = "excerpt"\n'
    groups = [group for layout in raw.get("layouts", {}).values() for group in layout.values()]
    named = {
        service
        for group in groups
        for service in (group["services"] if isinstance(group, dict) else group)
    }
    absent = sorted(named - set(raw.get("services", {})))
    return f"{top}{text}\n" + "".join(
        f'[services.{name}]\npackage = "excerpt.{name}"\n' for name in absent
    )


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_architecture_lists_every_package() -> None:
    listed = re.findall(
        r"^\| `seamline\.(\w+)` \|",
        (ROOT / "docs/architecture.md").read_text("utf-8"),
        re.MULTILINE,
    )
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}

    assert sorted(listed) == sorted(packages | {"errors", "late"})


def test_architecture_lists_the_layers_from_top_to_bottom() -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    listed = re.findall(r"^\| `seamline\.(\w+)` \|", page, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]

    assert listed == layers


def test_every_file_that_the_architecture_names_exists() -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    named = re.findall(r"`(\w+/\w+\.py)`", page)

    assert named
    assert [name for name in named if not (SOURCE / name).exists()] == []


def test_every_dependency_is_explained() -> None:
    page = (ROOT / "docs/dependencies.md").read_text("utf-8").lower()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = [group for name, group in project["dependency-groups"].items() if name != "lint"]
    wanted = {
        re.split(r"[\[<>=]", requirement)[0]
        for requirement in [
            *project["project"]["dependencies"],
            *(item for group in groups for item in group if isinstance(item, str)),
        ]
    }

    assert sorted(name for name in wanted if name not in page) == []


def test_every_rule_of_the_seam_has_a_section() -> None:
    page = (ROOT / "docs/discussion/semantics.md").read_text("utf-8")

    assert re.findall(r"^## (\d+)\. ", page, re.MULTILINE) == [
        str(number) for number in range(1, 20)
    ]


def test_the_reference_application_gets_what_it_lists() -> None:
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    its = tomllib.loads((ROOT / "examples/longrun/pyproject.toml").read_text("utf-8"))

    assert sorted(ours["dependency-groups"]["example"]) == sorted(its["project"]["dependencies"])

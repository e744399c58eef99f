"""seamline.plan.analyse_project: what the configuration names becomes an analysis."""

from textwrap import dedent

import pytest

from seamline import plan

FILES = {
    "reports.py": "PENDING = {}\ndef add(name):\n    PENDING[name] = 1\n",
    "web.py": "import reports\ndef app(environ, start):\n    return len(reports.PENDING)\n",
}
SETTINGS = """\
[services.web]
http = "web:app"
[services.reports]
package = "reports"
[layouts.pair]
both = ["web", "reports"]
[layouts.apart]
front = ["web"]
back = ["reports"]
"""


@pytest.fixture
def project(load, tmp_path):
    """Return the configuration of a page that reads the state of a package."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(dedent(text))
    return load(SETTINGS)


def test_state_read_by_an_http_service_of_another_group_is_an_error(project):
    findings = plan.analyse_project(project, "apart").findings

    assert [(one.code, one.file, one.line) for one in findings] == [
        ("state-elsewhere", "web.py", 3)
    ]


def test_state_read_by_an_http_service_of_the_same_group_is_fine(project):
    assert plan.analyse_project(project, "pair").findings == ()


@pytest.mark.parametrize(
    "words", ['"-m", "program"', '"-u", "-m", "program"', '"program/__main__.py"']
)
def test_the_module_that_a_command_starts_is_part_of_the_application(load, tmp_path, words):
    files = {
        "shared.py": "SEEN = {}\n",
        "program/__init__.py": "",
        "program/__main__.py": "import reports, shared\n"
        "def main():\n    shared.SEEN[1] = 2\n    reports.add('x')\n",
        "reports.py": "import atexit, shared\n"
        "@atexit.register\ndef tidy():\n    shared.SEEN.clear()\n"
        "def add(name): return sorted({name})\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    settings = load(
        f'[services.front]\ncommand = ["python", {words}]\n'
        '[services.reports]\npackage = "reports"\n'
    )

    findings = plan.analyse_project(settings, "micro").findings

    assert [(one.code, one.file) for one in findings] == [("shared-state", "shared.py")]


def test_several_files_are_judged_from_one_reading(project):
    read = plan.read_project(project.root)

    (finding,) = plan.analyse_project(project, "apart", application=read).findings

    assert finding.code == "state-elsewhere"

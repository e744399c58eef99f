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

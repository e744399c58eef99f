"""seamline.proposal: which packages become services, why, and in which groups."""

import tomllib

import pytest

from seamline import config, plan
from seamline.errors import ApplicationError
from seamline.interface import Severity

STOCK = """
    _left = {"tea": 10}

    def take(name, count):
        _left[name] = _left.get(name, 0) - count
        return int(_left[name])
"""
FEEDS = """
    import xml.etree.ElementTree as ET

    def read(text):
        names = []
        for item in ET.fromstring(text):
            names.append(str(item.tag))
        return names
"""
WEB = """
    from flask import Flask
    from shop import feeds, stock

    app = Flask(__name__)

    @app.get("/")
    def index():
        return str([stock.take(name, 1) for name in feeds.read("<a><tea/></a>")])
"""
SHOP = {"shop/__init__.py": "", "shop/stock.py": STOCK, "shop/feeds.py": FEEDS, "shop/web.py": WEB}


def packages(proposal):
    return {part.package for part in proposal.proposed}


def reason(proposal, package):
    return next(part.against for part in proposal.parts if part.package == package)


def errors_of(proposal, layout):
    """Return what ``check`` refuses in a file that has been written."""
    file = proposal.root / "seamline.toml"
    file.write_text(proposal.text)
    settings = config.load(file, environ={})
    analysis = plan.analyse_project(settings, layout)
    return [each for each in analysis.findings if each.severity is Severity.ERROR]


def test_packages_that_others_call_are_proposed_with_the_reason(proposed):
    proposal = proposed(SHOP)

    assert packages(proposal) == {"shop.stock", "shop.feeds"}
    feeds, stock = proposal.proposed
    assert "reads XML that others made" in feeds.reasons
    assert "keeps _left to itself" in stock.reasons
    assert stock.reasons[0] == "1 function can run elsewhere, called from 1 place"


def test_what_reads_strangers_files_gets_its_own_group(proposed):
    proposal = proposed(SHOP)

    assert proposal.layout == {"front": ["web", "stock"], "feeds": ["feeds"]}


def test_the_file_is_the_proposal(proposed):
    proposal = proposed(SHOP)

    written = tomllib.loads(proposal.text)
    assert written["services"] == {
        "web": {"http": "shop.web:app"},
        "feeds": {"package": "shop.feeds"},
        "stock": {"package": "shop.stock"},
    }
    assert errors_of(proposal, "micro") == errors_of(proposal, "split") == []


def test_state_that_others_read_keeps_a_package_from_being_proposed(proposed):
    web = WEB + "\n    @app.get('/left')\n    def left():\n        return str(stock._left)\n"

    proposal = proposed(SHOP | {"shop/web.py": web})

    assert packages(proposal) == {"shop.feeds"}
    assert "shop.stock._left is state of service stock" in reason(proposal, "shop.stock")
    assert '# package = "shop.stock"' in proposal.text


def test_services_that_would_share_the_state_of_a_third_module_are_left_out(proposed):
    shared = "seen = {}\n"
    proposal = proposed(
        SHOP
        | {
            "shop/settings.py": shared,
            "shop/stock.py": STOCK.replace(
                "_left = {", "from shop import settings\n\n    _left = {"
            ).replace("return int", "settings.seen[name] = 1\n        return int"),
            "shop/web.py": WEB.replace(
                "return str", "settings.seen['web'] = 1\n        return str"
            ).replace("feeds, stock", "feeds, settings, stock"),
        }
    )

    assert packages(proposal) == {"shop.feeds"}
    assert "shop.settings:seen, which belongs to no service" in reason(proposal, "shop.stock")
    assert errors_of(proposal, "micro") == []


def test_only_who_shares_state_is_left_out_for_it(proposed):
    labels = """
        def join(names):
            found = []
            for name in names:
                found.append(name.strip())
            return sorted(found)
    """
    proposal = proposed(
        SHOP
        | {
            "shop/settings.py": "seen = {}\n",
            "shop/labels.py": labels,
            "shop/feeds.py": FEEDS
            + """
    import atexit
    from shop import settings

    @atexit.register
    def _tidy():
        settings.seen.clear()
""",
            "shop/web.py": WEB.replace(
                "return str([",
                "settings.seen['web'] = 1\n        return str(labels.join('ab')) + str([",
            ).replace("feeds, stock", "feeds, labels, settings, stock"),
        }
    )

    assert packages(proposal) == {"shop.stock", "shop.labels"}
    assert "in group feeds and shop/web.py" in reason(proposal, "shop.feeds")
    assert errors_of(proposal, "micro") == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("RATE = 3\n", "it offers no function"),
        ("def double(x):\n    return x * 2\n", "its functions run in the caller"),
        (STOCK, "nothing outside it calls its one function"),
    ],
    ids=["empty", "cheap", "unused"],
)
def test_what_would_split_nothing_is_not_proposed(proposed, source, said):
    proposal = proposed(
        SHOP
        | {
            "shop/more.py": source,
            "shop/web.py": WEB.replace("import feeds, stock", "import feeds, more, stock"),
        }
    )

    assert said in reason(proposal, "shop.more")


def test_a_package_that_cannot_stand_alone_is_looked_into(proposed):
    inner = {f"shop/parts/{name}.py": SHOP[f"shop/{name}.py"] for name in ("feeds", "stock")}
    web = WEB.replace("from shop import", "from shop.parts import").replace(
        "return str", "stock._left.clear()\n        return str"
    )

    proposal = proposed(
        {"shop/__init__.py": "", "shop/parts/__init__.py": "", "shop/web.py": web} | inner
    )

    assert packages(proposal) == {"shop.parts.feeds"}


def test_one_module_alone_has_nothing_to_split(proposed):
    proposal = proposed({"app.py": "from flask import Flask\napp = Flask(__name__)\n"})

    assert (proposal.parts, proposal.layout) == ([], {})
    assert tomllib.loads(proposal.text)["services"] == {"web": {"http": "app:app"}}


def test_a_library_gets_package_services_only(proposed):
    proposal = proposed(
        {
            "kit/stock.py": STOCK,
            "kit/feeds.py": FEEDS,
            "kit/both.py": "from kit import feeds, stock\n"
            "def run(text):\n    return [stock.take(name, 1) for name in feeds.read(text)]\n",
        }
    )

    assert proposal.application is None
    assert packages(proposal) >= {"kit.stock", "kit.feeds"}
    assert "http" not in tomllib.loads(proposal.text)["services"]


def test_tests_are_never_proposed(proposed):
    proposal = proposed(SHOP | {"tests/helpers.py": STOCK, "shop/tests/stock.py": STOCK})

    assert not any("test" in part.package for part in proposal.parts)


def test_nothing_at_all_is_refused_with_what_to_type(proposed):
    with pytest.raises(ApplicationError, match="seamline init --app"):
        proposed({"README.py": ""})


def test_a_library_in_which_nothing_stands_alone_is_refused_with_a_reason(proposed):
    with pytest.raises(ApplicationError, match=r"kit, because nothing outside it calls"):
        proposed({"kit.py": STOCK})


def test_a_file_that_is_no_python_does_not_stop_it(proposed):
    proposal = proposed(SHOP | {"templates/project.py": "{{ cookiecutter }} = !\n"})

    assert packages(proposal) == {"shop.stock", "shop.feeds"}


def test_a_program_s_packages_are_not_in_its_group(proposed):
    web = """
        from aiohttp import web
        from shop import feeds, stock

        async def index(request):
            return web.json_response([stock.take(n, 1) for n in feeds.read("<a><tea/></a>")])

        def make():
            app = web.Application()
            app.router.add_get("/", index)
            return app

        if __name__ == "__main__":
            web.run_app(make())
    """

    proposal = proposed(SHOP | {"shop/web.py": web})

    assert proposal.layout == {"front": ["web"], "back": ["stock"], "feeds": ["feeds"]}
    assert errors_of(proposal, "split") == []


def test_text_of_the_project_cannot_leave_a_comment(proposed):
    proposal = proposed(
        SHOP
        | {"pyproject.toml": '[project]\nname = "a\\nb = 1"\n', "Procfile": "\x0bgunicorn x:y"}
    )

    assert tomllib.loads(proposal.text)["name"] == "a-b---1"


def test_what_uses_state_of_a_part_that_is_left_out_is_judged_without_it(proposed):
    settings = """
        class Settings:
            def __init__(self):
                self.title = "x"
            def rename(self, title):
                self.title = title
        settings = Settings()
        def check(text: str) -> int:
            return sum(ord(one) for one in text if one != settings.title)
        """
    mails = """
        from pathlib import Path
        from app.rules.limits import settings
        def render(name: str) -> str:
            return "".join(one for one in Path(name).read_text().split(name))
        def send(to):
            assert settings.title
            return "".join(one for one in Path(to).read_text().split(settings.title))
        """
    web = """
        from flask import Flask
        from app import mails
        from app.rules import limits
        from app.rules.limits import settings
        application = Flask("x")
        @application.get("/")
        def index():
            settings.rename("y")
            return f"{mails.send('a')}{mails.render('b')}{settings.title}{limits.check('c')}"
        """

    found = proposed(
        {
            "app/__init__.py": "",
            "app/rules/__init__.py": "",
            "app/rules/limits.py": settings,
            "app/mails.py": mails,
            "app/web.py": web,
        }
    )

    parts = {part.package: part for part in found.parts}
    assert not parts["app.rules"].is_proposed
    verdicts = [str(one.verdict) for one in parts["app.mails"].interface.functions]
    assert sorted(verdicts) == ["local", "remote"]
    assert "# 1 function can run elsewhere, called from 1 place; 1 more stay" in found.text


@pytest.mark.parametrize(
    ("line", "is_proposed"),
    [
        ("_('Total')", True),  # the language alone travels
        ("found.clean(text)", True),  # of any class, for all that is known
        ("request.path", False),
        ("models.Contact().clean(text)", False),
    ],
)
def test_what_reads_a_request_or_an_application_for_certain_is_no_part(
    proposed, line, is_proposed
):
    models = """
        from flask import request
        class Contact:
            def clean(self, text):
                return request.path + text
        """
    texts = f"""
        from django.utils.translation import gettext as _
        from flask import request
        from app import models
        def label(text: str, found=None) -> str:
            return "".join(one for one in text.split() if one != {line})
        """
    web = """
        from flask import Flask
        from app import texts
        application = Flask("x")
        @application.get("/")
        def index():
            return texts.label("a")
        """
    files = {"app/models.py": models, "app/texts.py": texts, "app/web.py": web}

    found = proposed(files | {"app/__init__.py": ""})

    parts = {part.package: part for part in found.parts}
    assert parts["app.texts"].is_proposed is is_proposed
    assert ("reads the framework's request" in parts["app.texts"].against) is not is_proposed


def test_what_calls_a_refused_function_of_its_own_where_its_callers_run_is_no_part(proposed):
    filters = """
        SEEN = []
        class Filter:
            def __init__(self):
                self.lines = []
            def holds(self, text):
                SEEN.append(text)
                return text in self.lines
        class Filters:
            def __init__(self, every):
                self.every = every
            def check(self, text):
                return [one.holds(text) for one in self.every]
        def ask(text):
            return Filters([Filter()]).check(text)
        """
    web = """
        from flask import Flask
        from app import filters
        application = Flask("x")
        @application.get("/")
        def index():
            return filters.ask("a")
        """
    by_itself = web.replace(
        'filters.ask("a")', 'filters.Filters([]).check("a") + filters.ask("a")'
    )

    files = {"app/__init__.py": "", "app/filters.py": filters}
    found = proposed(files | {"app/web.py": web})
    broken = proposed(files | {"app/web.py": by_itself})

    assert [part.package for part in found.parts if part.is_proposed] == ["app.filters"]
    assert "1 function could not, and nobody calls them" in found.text
    parts = {part.package: part for part in broken.parts}
    assert "app/filters.py:12 runs with its caller and may call it" in parts["app.filters"].against

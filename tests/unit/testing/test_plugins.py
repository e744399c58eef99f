"""seamline.testing beside plugins for coroutines, clocks, databases and coverage."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes

STOCK = """
    import asyncio
    import os
    import time
    from datetime import date, datetime

    STOCK = {"tea": 10}

    def process():
        return os.getpid() if STOCK else 0

    async def process_later():
        await asyncio.sleep(0)
        return os.getpid() if STOCK else 0

    async def linger():
        await asyncio.sleep(30 + 0 * len(STOCK))

    async def every(count):
        for number in range(count):
            STOCK["at"] = number
            yield number

    def now():
        return (datetime.now().year, date.today().year, time.gmtime(time.time())[0],
                os.getpid() + 0 * len(STOCK))

    def tea():
        return STOCK["tea"]
"""


@pytest.fixture
def alone(suite):
    """One package, and nothing else."""
    suite.write("seamline.toml", "[services.stock]\npackage = 'shop.stock'")
    suite.write("shop/stock.py", STOCK)
    suite.write("shop/web.py", "")
    suite.write("shop/orders.py", "")
    return suite


COROUTINES = """
    import asyncio, os
    import pytest_asyncio

    @pytest_asyncio.fixture
    async def host():
        yield await stock.process_later()
        assert await stock.process_later() != os.getpid()

    @pytest_asyncio.fixture(loop_scope="module", scope="module")
    async def host_of_the_module():
        return await stock.process_later(), asyncio.get_running_loop()

    {mark}
    async def test_a_coroutine(host):
        assert host == await stock.process_later() != os.getpid()
        assert [n async for n in stock.every(3)] == [0, 1, 2]
        assert await asyncio.gather(*[stock.process_later() for _ in range(5)]) == [host] * 5

    @pytest.mark.asyncio(loop_scope="module")
    class TestTogether:
        async def test_on_the_loop_of_the_module(self, host_of_the_module):
            process, loop = host_of_the_module
            assert asyncio.get_running_loop() is loop
            assert await stock.process_later() == process

        async def test_on_it_again(self, host_of_the_module):
            assert await stock.process_later() == host_of_the_module[0] == stock.process()

    def test_a_plain_one_between():
        assert stock.process() != os.getpid()

    {mark}
    async def test_a_call_that_times_out():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await stock.linger()
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_coroutines_run_on_loops_of_pytest_asyncio(alone, mode):
    mark = "" if mode == "auto" else "@pytest.mark.asyncio"
    alone.tests(COROUTINES.format(mark=mark))

    loops = ["-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function"]
    outcome = alone.run("micro", *loops, "--asyncio-mode", mode)

    assert outcome.counts == {"passed": 5}, outcome.text
    assert outcome.status == 0, outcome.text
    assert "local" not in outcome.text


FROZEN = """
    import os
    import freezegun, time_machine
    HERE = os.getpid()
    FROZEN = (1999, 1999, 1999, HERE)

    @freezegun.freeze_time("1999-05-05")
    def test_decorated():
        assert stock.now() == FROZEN

    def test_in_a_block():
        with freezegun.freeze_time("1999-05-05"):
            assert stock.now() == FROZEN
        assert stock.now()[0] > 2020
        assert stock.process() == HERE

    @freezegun.freeze_time("1999-05-05")
    class TestOfAClass:
        def test_of_it(self):
            assert stock.now() == FROZEN

    @pytest.fixture
    def frozen():
        with freezegun.freeze_time("1999-05-05", ignore=["nothing"]) as clock:
            yield clock

    def test_by_a_fixture(frozen):
        assert stock.now() == FROZEN
        frozen.move_to("2001-05-05")
        assert stock.now()[:3] == (2001, 2001, 2001)

    @time_machine.travel("1999-05-05")
    def test_by_a_time_machine():
        assert stock.now() == FROZEN

    def test_by_its_fixture(time_machine):
        time_machine.move_to("1999-05-05", tick=False)
        assert stock.now() == FROZEN

    def test_after_it():
        assert stock.now()[0] > 2020
        assert stock.now()[3] != HERE
"""


def test_stopped_clocks_hold_for_every_call_that_looks_at_one(alone):
    alone.tests(FROZEN)

    outcome = alone.run("micro", "-v", "-p", "time_machine")

    assert outcome.counts == {"passed": 7}, outcome.text
    assert "6 tests local: 6 patched" in outcome.text


def test_lines_that_run_on_hosts_are_counted_by_pytest_cov(alone):
    alone.tests("def test_it(): assert stock.tea() == 10")
    alone.write(".coveragerc", "[run]\nbranch = true\nparallel = true\npatch = subprocess\n")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:asyncio", "-p", "no:anyio",
         "--seamline-layout", "micro", "--cov=shop", "--cov-report=json:covered.json"],
        cwd=alone.root,
        env={k: v for k, v in alone.environment.items() if not k.startswith("COV")},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    covered = json.loads((alone.root / "covered.json").read_text())
    lines = (alone.root / "shop/stock.py").read_text().splitlines()
    executed = [
        lines[line - 1].strip() for line in covered["files"]["shop/stock.py"]["executed_lines"]
    ]
    assert 'return STOCK["tea"]' in executed
    assert "await asyncio.sleep(0)" not in executed


SITE = {
    "seamline.toml": """
        name = "site"
        [services.shelves]
        package = "shelves.counting"
        [services.words]
        package = "shelves.words"
    """,
    "site_settings.py": """
        SECRET_KEY = "x"
        INSTALLED_APPS = ["shelves"]
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}}
        USE_TZ = True
        GREETING = "hello"
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    """,
    "shelves/__init__.py": "",
    "shelves/models.py": """
        from django.db import models

        class Book(models.Model):
            title = models.CharField(max_length=20)
    """,
    "shelves/counting.py": """
        import os
        import posix
        from shelves.models import Book

        SEEN = []

        def add(title):
            Book.objects.create(title=title)
            return posix.getpid() + 0 * len(SEEN)

        def count():
            return Book.objects.count() + 0 * len(SEEN), posix.getpid()
    """,
    "shelves/words.py": """
        import os
        import posix
        from django.conf import settings

        SEEN = []

        def greeting():
            return settings.GREETING, posix.getpid() + 0 * len(SEEN)

        def plain():
            return posix.getpid() + 0 * len(SEEN)
    """,
    "pytest.ini": """
        [pytest]
        pythonpath = .
        DJANGO_SETTINGS_MODULE = site_settings
    """,
}


@pytest.fixture
def site(suite):
    """A site with one table, its services, and no migrations."""
    for name, text in SITE.items():
        suite.write(name, text.replace("DATABASE}", f"{str(suite.root / 'site.db')!r}}}"))
    return suite


def test_suites_of_pytest_django_keep_their_answers(site):
    site.write(
        "tests/test_site.py",
        """
        import os
        import pytest
        from django.test import TestCase, TransactionTestCase, override_settings
        from shelves import counting, words
        from shelves.models import Book

        HERE = os.getpid()

        @pytest.mark.django_db
        def test_in_a_transaction():
            Book.objects.create(title="one")
            assert counting.count() == (1, HERE)

        @pytest.mark.django_db(transaction=True)
        def test_committed():
            Book.objects.create(title="one")
            assert counting.count() == (1, HERE)
            assert counting.add("two") == HERE
            assert Book.objects.count() == 2

        class CommittedTest(TransactionTestCase):
            def test_it(self):
                self.assertEqual(counting.count()[0], 0)
                counting.add("three")
                self.assertEqual(Book.objects.count(), 1)

        class Test(TestCase):
            @classmethod
            def setUpTestData(cls):
                cls.book = Book.objects.create(title="four")

            def test_it(self):
                self.assertEqual(counting.count()[0], 1)
                self.assertNotEqual(words.plain(), HERE)

        def test_a_setting_by_the_fixture(settings):
            settings.GREETING = "bye"
            assert words.greeting() == ("bye", HERE)

        @override_settings(GREETING="bye")
        def test_a_setting_that_is_overridden():
            assert words.greeting() == ("bye", HERE)

        def test_a_setting_that_is_assigned():
            from django.conf import settings
            before = settings.GREETING
            settings.GREETING = "bye"
            try:
                assert words.greeting() == ("bye", HERE)
            finally:
                settings.GREETING = before

        def test_a_setting_as_it_is():
            assert words.greeting()[0] == "hello"
            assert words.plain() != HERE
        """,
    )

    outcome = site.run("micro", "-p", "pytest_django.plugin", "tests/test_site.py", "-v")

    assert outcome.counts == {"passed": 8}, outcome.text
    assert "3 changed settings" in outcome.text
    assert "8 test database" in outcome.text

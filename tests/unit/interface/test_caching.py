"""Functions that use a cache which each process keeps in its own memory."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

from seamline.interface import PackageService

Read = Callable[..., Reading]

# A function that costs more than its sending.
USES = "    open(who).read()\n    return cache.get(who)\n"
DJANGO = {
    "limits.py": f"from django.core.cache import cache\ndef hits(who):\n{USES}",
    "web.py": """
    import limits
    from django.core.cache import cache
    def page(who):
        cache.set(who, 1)
        return limits.hits(who)
    """,
}
FLASK = {
    "ext.py": "from flask_caching import Cache\ncache = Cache()\n",
    "limits.py": f"from ext import cache\ndef hits(who):\n{USES}",
    "web.py": """
    import limits
    from ext import cache
    def page(who):
        cache.delete(who)
        return limits.hits(who)
    """,
}
REDIS = "django.core.cache.backends.redis.RedisCache"
LOCMEM = "django.core.cache.backends.locmem.LocMemCache"


def _django(*settings: str) -> dict[str, str]:
    return {**DJANGO, **{f"settings{i}.py": text for i, text in enumerate(settings)}}


@pytest.mark.parametrize(
    "files",
    [
        DJANGO,
        _django(f"CACHES = {{'default': {{'BACKEND': '{LOCMEM}'}}}}"),
        _django(
            f"CACHES = {{'default': {{'BACKEND': '{LOCMEM}', 'LOCATION': 'x'}}}}", "DEBUG = 1"
        ),
        _django("import x\nCACHES = {}\n", f"CACHES['default'] = {{'BACKEND': '{LOCMEM}'}}"),
        {**FLASK, "config.py": "CACHE_TYPE = 'SimpleCache'"},
        {**FLASK, "config.py": "class Config:\n    CACHE_TYPE = 'simple'"},
        {**FLASK, "config.py": "def setup(app): app.config['CACHE_TYPE'] = 'SimpleCache'"},
        {**FLASK, "ext.py": FLASK["ext.py"].replace("()", "(config={'CACHE_TYPE': 'simple'})")},
        {**FLASK, "config.py": "def setup(app): app.config.update(CACHE_TYPE='SimpleCache')"},
    ],
)
def test_what_uses_a_cache_in_memory_that_others_use_stays_with_its_caller(
    read: Read, files: dict[str, str]
) -> None:
    reading = read(files, "limits", entry_modules={"web": "web"})

    assert reading.verdict("limits.hits") == "local"


@pytest.mark.parametrize(
    "files",
    [
        _django(f"CACHES = {{'default': {{'BACKEND': '{REDIS}'}}}}"),
        _django("CACHES = {'default': env.cache()}"),
        _django(
            "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.dummy.DummyCache'}}"
        ),
        FLASK,
        {**FLASK, "config.py": "CACHE_TYPE = 'RedisCache'"},
        {**FLASK, "config.py": "CACHE_TYPE = 'NullCache'"},
        {**DJANGO, "web.py": "import limits\ndef page(who):\n    return limits.hits(who)\n"},
    ],
)
def test_what_uses_one_that_all_share_or_that_nobody_else_uses_runs_on_its_host(
    read: Read, files: dict[str, str]
) -> None:
    reading = read(files, "limits", entry_modules={"web": "web"})

    assert reading.verdict("limits.hits") == "remote"
    assert reading.findings("state-elsewhere") == []


@pytest.mark.parametrize(
    ("more", "dropping", "expected"),
    [
        ("", "", ["remote", "remote"]),
        # One cannot cross, so all stay; unless one needs what only the host has.
        ("", "lock: threading.Lock", ["local", "local", "local"]),
        ("ROWS.append(name)", "lock: threading.Lock", ["remote", "remote", "refused"]),
    ],
)
def test_what_uses_one_that_nobody_else_uses_has_one_place(read, more, dropping, expected) -> None:
    drop = f"def drop(name: str, {dropping}) -> None:\n    cache.delete(name)" if dropping else ""
    text = f"""
import threading
from django.core.cache import cache
ROWS = []
def save(name: str, row: object) -> None:
    cache.set(name, str(row))
    {more}
def hits(name: str) -> str | None:
    return cache.get(name)
{drop}
"""
    web = "import limits\ndef page(who):\n    return limits.hits(who)\n"

    reading = read({"limits.py": text, "web.py": web}, "limits", entry_modules={"web": "web"})

    names = ["limits.save", "limits.hits", "limits.drop"][: len(expected)]
    assert [reading.verdict(name) for name in names] == expected
    assert "each process keeps in its own memory" in reading.functions["limits.hits"].reason
    assert not reading.functions["limits.save"].stays


@pytest.mark.parametrize(
    ("kind", "verdicts"),
    [
        ("# SimpleMemoryCache", ["local", "local"]),
        ("KIND = 'aiocache.RedisCache'", ["remote", "local"]),
    ],
)
def test_caches_of_aiocache_in_memory_have_one_place(read, kind, verdicts) -> None:
    text = f"""
        import threading
        from aiocache import caches
        {kind}
        async def hits(name: str) -> str | None:
            return await caches.get("default").get(name)
        async def drop(name: str, lock: threading.Lock) -> None:
            await caches.get("default").delete(name)
    """
    web = "import limits\nasync def page(who):\n    return await limits.hits(who)\n"

    reading = read({"limits.py": text, "web.py": web}, "limits", entry_modules={"web": "web"})

    assert [reading.verdict(f"limits.{name}") for name in ("hits", "drop")] == verdicts


def test_a_cache_that_only_tests_use_besides_is_used_elsewhere(read: Read) -> None:
    files = {
        **DJANGO,
        "web.py": "import limits\ndef page(who):\n    return limits.hits(who)\n",
        "tests/test_limits.py": """
        from django.core.cache import cache
        def test_hits():
            cache.clear()
        """,
    }

    assert read(files, "limits", entry_modules={"web": "web"}).verdict("limits.hits") == "local"


@pytest.mark.parametrize(
    ("drops", "verdict"),
    [("cache.delete_memoized(limits.rate)", "local"), ("cache.set(who, 1)", "remote")],
)
def test_what_a_cache_keeps_of_a_function_is_shared_with_who_drops_it(
    read: Read, drops: str, verdict: str
) -> None:
    files = {
        **FLASK,
        "config.py": "CACHE_TYPE = 'SimpleCache'",
        "limits.py": "from ext import cache\n@cache.memoize(50)\n"
        "def rate(who):\n    return open(who).read()\n",
        "web.py": "import limits\nfrom ext import cache\n"
        f"def page(who):\n    {drops}\n    return limits.rate(who)\n",
    }

    assert read(files, "limits", entry_modules={"web": "web"}).verdict("limits.rate") == verdict


@pytest.mark.parametrize(
    ("limits", "settings"),
    [
        # It needs its host.
        (DJANGO["limits.py"].replace("    open", "    SEEN.append(who)\n    open"), ()),
        # One of the settings names a server.
        (DJANGO["limits.py"], (f"CACHES = {{1: '{LOCMEM}'}}", f"CACHES = {{1: '{REDIS}'}}")),
        (DJANGO["limits.py"], ("CACHES = {1: env.cache('URL', default='locmemcache://')}",)),
    ],
)
def test_check_warns_where_a_host_and_others_may_use_caches_of_their_own(
    read: Read, limits: str, settings: tuple[str, ...]
) -> None:
    files = {**_django(*settings), "limits.py": f"SEEN = []\n{limits}"}

    reading = read(files, "limits", entry_modules={"web": "web"})

    assert reading.verdict("limits.hits") == "remote"
    assert reading.findings("state-elsewhere") == [("warning", "limits.py", 3)]


def test_the_reason_names_the_cache_and_where_it_is_used(read: Read) -> None:
    reading = read(DJANGO, "limits", entry_modules={"web": "web"})

    assert reading.functions["limits.hits"].reason == (
        "uses django.core.cache.cache (limits.py:4), whose values each process keeps in its own "
        "memory, and touches no state of the host"
    )


ALONE = {**DJANGO, "web.py": "import limits\ndef page(who):\n    return limits.hits(who)\n"}
FLASK_ALONE = {**FLASK, "config.py": "CACHE_TYPE = 'SimpleCache'", "web.py": ALONE["web.py"]}
MEMO = "from ext import cache\n@cache.memoize(50)\ndef hits(who):\n    return open(who).read()\n"
DROPS = "def forget(who):\n    open(who).read()\n    cache.delete_memoized(hits)\n"
METHOD = """
from django.core.cache import cache
class Limit:
    def take(self, who):
        return cache.get(who)
def hits(who, limit):
    open(who).read()
    return limit.take(who)
"""
CALLED = "import counts\ndef hits(who):\n    open(who).read()\n    return counts.hits(who)\n"
SETS_UP = "from ext import cache\ndef hits(who):\n    open(who).read()\n    cache.init_app(who)\n"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        pytest.param(ALONE, [("error", "limits.py", 4)], id="Django's own"),
        pytest.param(FLASK_ALONE, [("error", "limits.py", 4)], id="of flask_caching"),
        pytest.param(
            {**ALONE, "settings.py": "CACHES = {1: env.cache('URL', default='locmemcache://')}"},
            [("warning", "limits.py", 4)],
            id="by one of the settings",
        ),
        pytest.param(
            {**FLASK_ALONE, "limits.py": MEMO}, [("warning", "limits.py", 2)], id="grows old"
        ),
        pytest.param(
            {**FLASK_ALONE, "limits.py": MEMO + DROPS}, [("error", "limits.py", 2)], id="dropped"
        ),
        pytest.param({**ALONE, "limits.py": METHOD}, [("warning", "limits.py", 5)], id="a guess"),
        pytest.param(
            {**ALONE, "limits.py": CALLED, "counts.py": DJANGO["limits.py"]},
            [("error", "counts.py", 4)],
            id="in a module of no service",
        ),
        pytest.param(
            {**ALONE, "settings.py": f"CACHES = {{'default': {{'BACKEND': '{REDIS}'}}}}"},
            [],
            id="that all share",
        ),
        pytest.param(DJANGO, [], id="with its caller"),
        pytest.param({**FLASK_ALONE, "limits.py": SETS_UP}, [], id="only set up"),
    ],
)
def test_a_cache_in_memory_under_several_workers_is_told(
    read: Read, files: dict[str, str], found: list[tuple[str, str, int]]
) -> None:
    several = PackageService(service="limits", package="limits", workers=2)
    alone = PackageService(service="limits", package="limits")

    reading = read(files, services=[several], entry_modules={"web": "web"})
    one = read(files, services=[alone], entry_modules={"web": "web"})

    assert reading.findings("many-workers") == found
    assert one.findings("many-workers") == []


@pytest.mark.parametrize("name", ["cache", "django.core.cache.cache", "*"])
def test_a_cache_in_memory_that_each_worker_may_have_is_declared(read: Read, name: str) -> None:
    several = PackageService(service="limits", package="limits", workers=2, cache=(name,))

    reading = read(ALONE, services=[several], entry_modules={"web": "web"})

    assert reading.findings("many-workers") == []


def test_the_finding_about_a_cache_under_several_workers_says_what_to_do(read: Read) -> None:
    several = PackageService(service="limits", package="limits", workers=3)

    reading = read(FLASK_ALONE, services=[several], entry_modules={"web": "web"})

    (found,) = [one for one in reading.analysis.findings if one.code == "many-workers"]
    assert found.message == (
        "limits.hits uses ext:cache, whose values each process keeps in its own memory, and "
        "service limits has 3 workers: each would have its own"
    )
    assert found.remedy == (
        "name a cache in CACHE_TYPE that processes share (Redis, Memcached, a database, files), "
        'or workers = 1 for its group, or cache = ["cache"] in [services.limits] of '
        "seamline.toml if losing it is harmless"
    )

"""Each test has a database file of its own, and touches the packages as a user of them does."""

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import longrun_databases as databases
import pytest
import sqlalchemy
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from longrun.model import Runner
from longrun.web import create_app
from werkzeug.test import TestResponse

from longrun import accounts

PASSWORD = "correct horse"
Sql = Callable[..., list[tuple]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--longrun-database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="where longrun's tables are: in files, or in a server that is started for the tests",
    )


@pytest.fixture(scope="session")
def databases_made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[databases.Files | databases.Server]:
    if request.config.getoption("--longrun-database") == "sqlite":
        yield databases.Files(tmp_path_factory.mktemp("database"))
        return
    if missing := databases.missing():
        pytest.skip(missing)
    with databases.server() as server:
        yield server


@pytest.fixture
def database(databases_made: databases.Files | databases.Server, tmp_path: Path) -> Iterator[str]:
    """A database of the test's own, as a URL."""
    with databases_made.new(tmp_path) as url:
        yield url


@pytest.fixture
def sql(database: str) -> Sql:
    """Look into the database, or let time pass there."""

    def run(statement: str, *values: object) -> list[tuple]:
        engine = sqlalchemy.create_engine(database, poolclass=sqlalchemy.NullPool)
        mark = "?" if engine.name == "sqlite" else "%s"
        with engine.begin() as connection:
            done = connection.exec_driver_sql(statement.replace("?", mark), values)
            return [tuple(row) for row in done] if done.returns_rows else []

    return run


@pytest.fixture
def stored(database: str, sql: Sql) -> Callable[[], bytes]:
    """What the database holds, whatever the format."""

    def read() -> bytes:
        engine = sqlalchemy.create_engine(database, poolclass=sqlalchemy.NullPool)
        if engine.name == "sqlite":
            path = Path(engine.url.database or "")
            return b"".join(p.read_bytes() for p in path.parent.glob(f"{path.name}*"))
        names = sqlalchemy.inspect(engine).get_table_names()
        return repr([sql(f'TABLE "{name}"') for name in names]).encode()

    return read


@pytest.fixture(autouse=True)
def own_place(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGRUN_DATABASE", database)
    monkeypatch.setenv("LONGRUN_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.delenv("LONGRUN_SECRET_KEY", raising=False)
    # Hashes that cost nothing: what a real one costs is tested once, in test_accounts.py.
    monkeypatch.setenv("LONGRUN_SCRYPT_LOG_N", "4")


@pytest.fixture
def ann() -> Runner:
    return accounts.register("ann@example.com", PASSWORD, "Ann", "Europe/Paris", confirmed=True)


@pytest.fixture
def bob() -> Runner:
    return accounts.register(
        "bob@example.com", PASSWORD, "Bob", "America/New_York", confirmed=True
    )


class Browser:
    """A person at a browser: follows forms with their hidden fields."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def send(self, page: str, /, to: str | None = None, **fields: object) -> TestResponse:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(page).text)
        assert found, f"{page} has no form"
        return self.client.post(to or page, data={"csrf": found[1], **fields})

    def log_in(self, email: str, password: str = PASSWORD, page: str = "/login") -> TestResponse:
        return self.send(page, email=email, password=password)

    def upload(self, *files: tuple[str, bytes]) -> TestResponse:
        return self.send("/upload", files=[(io.BytesIO(data), name) for name, data in files])


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Where templates are kept compiled: each test makes an application, all with the same."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def new_browser(compiled: FileSystemBytecodeCache) -> Callable[[], Browser]:
    app = create_app()
    app.jinja_env.bytecode_cache = compiled
    return lambda: Browser(app.test_client())


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()


@pytest.fixture
def at_home(browser: Browser, ann: Runner) -> Browser:
    """A browser in which Ann is logged in."""
    assert browser.log_in(ann.email).status_code == 302
    return browser

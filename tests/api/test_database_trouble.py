"""A database that is busy, full or gone: a problem within a bounded time, and nothing changed."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import peewee
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from boz_server import create_app
from boz_server.api.context import EXTENSION
from boz_server.database.connection import Database
from boz_server.services.wiring import Services
from tests.client import ok
from tests.support import assert_problem

WAIT_SECONDS = 0.2
#: Twice the wait (for a turn in the process, then for the database), and a slow machine.
BOUND_SECONDS = 3.0


@pytest.fixture
def app(settings, clock, monkeypatch) -> Iterator[Flask]:
    """The application, impatient and with two connections."""
    monkeypatch.setattr(
        Database,
        "from_settings",
        lambda given: Database(given.database_url, max_connections=2, wait_seconds=WAIT_SECONDS),
    )
    app = create_app(settings, clock)
    yield app
    app.extensions[EXTENSION].context.database.close()


@contextmanager
def other_process(services: Services) -> Iterator[Any]:
    """A connection beside the application's own, as another process has one."""
    path, url = services.context.database.path, services.context.database.url
    database = (
        peewee.PostgresqlDatabase(url, prefer_psycopg3=True)
        if path is None
        else peewee.SqliteDatabase(path)
    )
    database.connect()
    try:
        yield database
    finally:
        database.close()


@contextmanager
def another_writer(services: Services) -> Iterator[None]:
    """Another process is in the middle of a write."""
    with other_process(services) as database:
        if services.context.database.path is None:
            with database.atomic():
                database.execute_sql("LOCK TABLE agents, jobs IN EXCLUSIVE MODE")
                yield
        else:
            with database.atomic("IMMEDIATE"):
                yield


def assert_busy(request: Callable[[], TestResponse]) -> None:
    began = time.monotonic()
    response = request()
    assert time.monotonic() - began < BOUND_SECONDS
    assert_problem(response, 503, "send the request again")
    assert int(response.headers["Retry-After"]) >= 1
    assert "database is locked" not in response.text


def test_it_answers_503_while_another_process_writes(client, services, clock):
    client.register_agent()
    job_id = client.create_job()["job_id"]
    clock.advance(60)
    with another_writer(services):
        assert_busy(lambda: client.post("/api/agents/pc/heartbeat"))
        assert_busy(lambda: client.post("/api/jobs", json={"job_type": "rip"}))
        assert_busy(lambda: client.report(job_id, "cancelled"))
    assert client.agent()["last_heartbeat"] == "2026-01-24T12:34:56.123456Z"
    assert [job["status"] for job in ok(client.get("/api/jobs"))] == ["pending"]


def test_it_writes_again_once_the_other_is_done(client, services):
    client.register_agent()
    with another_writer(services):
        assert_busy(lambda: client.post("/api/agents/pc/heartbeat"))
    ok(client.post("/api/agents/pc/heartbeat"))


def test_it_reads_on_while_another_process_writes(client, services):
    client.register_agent()
    with another_writer(services):
        assert len(ok(client.get("/api/agents"))) == 1
        assert ok(client.get("/health"))["agents"] == 1
        assert ok(client.get("/livez")) == {"status": "ok"}


@contextmanager
def another_thread(hold: Callable[[], AbstractContextManager[Any]]) -> Iterator[None]:
    """Another thread of the process holds something."""
    held, done = threading.Event(), threading.Event()

    def run() -> None:
        with hold():
            held.set()
            done.wait(30)

    thread = threading.Thread(target=run)
    thread.start()
    assert held.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_it_answers_503_while_another_thread_writes(client, services):
    client.register_agent()
    job_id = client.create_job()["job_id"]

    @contextmanager
    def write() -> Iterator[None]:
        with services.context.database.write():
            services.context.stores.agents.lock("pc")
            yield
        services.context.database.release()

    with another_thread(write):
        assert_busy(lambda: client.post("/api/agents/pc/heartbeat"))
    assert client.cancel(job_id)["status"] == "ok"


def test_it_answers_503_when_all_connections_are_taken(client, services):
    @contextmanager
    def connection() -> Iterator[None]:
        services.agents.count()
        yield
        services.context.database.release()

    with another_thread(connection), another_thread(connection):
        assert_busy(lambda: client.get("/api/agents"))
        assert ok(client.get("/livez")) == {"status": "ok"}
    assert ok(client.get("/api/agents")) == []


@contextmanager
def full(services: Services) -> Iterator[None]:
    """The disk of the database is full; the engine's own error says so."""
    execute = services.context.database.peewee.execute_sql
    if services.context.database.path is not None:
        (pages,) = execute("PRAGMA page_count").fetchone()
        execute(f"PRAGMA max_page_count = {pages}")
        yield
        execute("PRAGMA max_page_count = 1000000")
        return
    execute(
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no room on /data' USING ERRCODE = 'disk_full'; END $$"
    )
    execute("CREATE TRIGGER full_disk BEFORE INSERT ON jobs EXECUTE FUNCTION no_room()")
    try:
        yield
    finally:
        execute("DROP FUNCTION no_room CASCADE")


def test_it_answers_507_when_the_disk_of_the_database_is_full(client, services):
    body = {"job_type": "transcode", "input_file": "x" * 4000}
    with full(services):
        answers = [client.post("/api/jobs", json=body) for _ in range(30)]
        kept = [answer for answer in answers if answer.status_code == 200]
        assert_problem(answers[-1], 507, "make room")
        assert "/data" not in answers[-1].text
        assert len(ok(client.get("/api/jobs"))) == len(kept)
    ok(client.post("/api/jobs", json=body))


def test_it_answers_a_fault_of_the_database_without_its_words(client, services, tmp_path):
    services.context.database.peewee.execute_sql("ALTER TABLE vlc_commands RENAME TO lost")
    try:
        response = client.get("/api/vlc/commands/pc")
        assert_problem(response, 500, "X-Request-ID")
        assert "vlc_commands" not in response.get_json()["detail"]
    finally:
        services.context.database.peewee.execute_sql("ALTER TABLE lost RENAME TO vlc_commands")

"""Copies of a database in an empty one: all of it, of either engine, or no row."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from boz_server.api.context import EXTENSION
from boz_server.database import transfer
from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import MODELS, Agent, Disc, Job, LibraryEntry, ProviderAnswer
from boz_server.database.models.base import database_proxy
from boz_server.services.wiring import Services, build_services
from tests.client import Client, ok
from tests.database import specimens
from tests.database.rows import NOW, agent, disc, event, job, title
from tests.support import (
    FakeClock,
)

Values = dict[str, list[tuple[Any, ...]]]


def values(url: str) -> Values:
    """{table: its rows, as the models read them}."""
    database = Database(url)
    try:
        with database.peewee.bind_ctx(MODELS):
            return {
                model._meta.table_name: sorted(model.select().tuples(), key=repr)
                for model in MODELS
            }
    finally:
        database.close()


@pytest.fixture
def same_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> str:
    """A database without tables, of the engine that `database` is of."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/same.db"
    return str(request.getfixturevalue("blank_postgres"))


def is_empty(url: str) -> bool:
    return not any(values(url).values())


def test_it_is_the_same_on_both_engines_and_back(
    services: Services, client: Client, other_url: str, same_url: str
) -> None:
    client.register_agent()
    client.register_worker()
    _, (rip, *_) = client.ordered_rips()
    client.report(rip, "running", progress=33.3)
    client.approved_job()
    specimens.fill(services.context.database)
    before = values(services.context.database.url)
    assert all(before.values())
    counted = {table: len(rows) for table, rows in before.items()}
    there = transfer.copy(services.context.database, other_url)
    assert {one.table: one.rows for one in there} == counted
    assert values(other_url) == before
    other = Database(other_url)
    back = transfer.copy(other, same_url)
    other.close()
    assert values(same_url) == before
    assert back == there  # the checksums, too


def test_it_finds_discs_in_the_copy(services: Services, client: Client, other_url: str) -> None:
    client.register_agent()
    client.ordered_rips()
    transfer.copy(services.context.database, other_url)
    other = Database(other_url)
    with other.peewee.bind_ctx(MODELS), other.read():
        words = ["firef", "s01"]
        query = other.dialect.having_words(other.peewee, LibraryEntry.select(), LibraryEntry, words)
        assert [entry.disc_id for entry in query] == [disc.disc_id for disc in Disc.select()]
    other.close()


def test_it_copies_tables_of_many_pages(database: Database, other_url: str) -> None:
    job()
    with database.write():
        for number in range(1, 2001):  # two whole pages
            event(event_id=number, detail=f"Step {number}")
        for number in range(1501):
            ProviderAnswer.create(
                provider="omdb" if number % 2 else "tmdb",
                key=f"Ä{number % 750} or {number}",
                answer={"number": number / 7},
                fetched_at=NOW,
            )
    before = values(database.url)
    transfer.copy(database, other_url)
    assert values(other_url) == before


def test_it_goes_on_behind_the_ids_that_came(database: Database, other_url: str) -> None:
    job()
    event(event_id=41)
    agent()
    disc()
    title(id=7)
    transfer.copy(database, other_url)
    other = Database(other_url)
    assert event().event_id == 42
    assert title(1).id == 8
    other.close()


def test_it_keeps_references_in_a_circle(database: Database, other_url: str) -> None:
    agent()
    disc()
    job(disc="disc")
    Agent.update(current_job_id="job").execute()
    transfer.copy(database, other_url)
    assert values(other_url)["agents"] == values(database.url)["agents"]


def test_it_fills_a_database_that_has_our_tables_already(
    database: Database, other_url: str
) -> None:
    agent()
    other = Database(other_url)
    Migrations(other).upgrade()
    other.close()
    transfer.copy(database, other_url)
    assert values(other_url) == values(database.url)


def test_it_copies_what_there_is_when_it_begins(
    database: Database, other_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent()
    copy_table = transfer._copy_table
    server = Database(database.url)
    database_proxy.initialize(database.peewee)

    def by_the_server(*given: Any) -> Any:
        done = copy_table(*given)
        with server.peewee.bind_ctx([Job]):
            job(f"later-{done.table}")
        return done

    monkeypatch.setattr(transfer, "_copy_table", by_the_server)
    counted = {one.table: one.rows for one in transfer.copy(database, other_url)}
    server.close()
    assert (counted["agents"], counted["jobs"]) == (1, 0)
    assert len(values(database.url)["jobs"]) == len(MODELS)


def test_it_lets_the_models_speak_of_the_database_that_was_copied(
    database: Database, other_url: str
) -> None:
    transfer.copy(database, other_url)
    agent()
    assert is_empty(other_url)


@pytest.mark.parametrize("stopped", [True, False])
def test_it_takes_attempts_under_way_along(
    app: Flask, client: Client, clock: FakeClock, other_url: str, *, stopped: bool
) -> None:
    """As a copy of the time when a server runs tells of a maintenance that has a holder."""
    services: Services = app.extensions[EXTENSION]
    client.register_agent()
    job_id = client.assigned_job()
    token = client.lease_token(job_id)
    services.maintenance.tick()
    if stopped:
        services.maintenance.step_down()
    transfer.copy(services.context.database, other_url)
    other = Database(other_url)
    clock.advance(3600)
    moved = build_services(services.context.settings, other, clock)
    app.extensions[EXTENSION] = moved
    assert moved.maintenance.tick()
    reported = client.patch(f"/api/jobs/{job_id}", json={"status": "running", "lease_token": token})
    assert (ok(reported)["status"], ok(reported)["attempt"]) == ("running", 1)
    other.close()

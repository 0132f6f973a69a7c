"""Copies of a database into an empty one of either engine: all rows, or none."""

import os
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from boz_server.api.context import EXTENSION
from boz_server.database import transfer
from boz_server.database.connection import Database
from boz_server.database.migrations import Migrations
from boz_server.database.models import MODELS, Agent, Disc, Job, LibraryEntry, ProviderAnswer
from boz_server.database.models.base import database_proxy
from boz_server.database.transfer import TransferError
from boz_server.errors import SettingsError, StartError
from boz_server.services.wiring import Services, build_services
from tests.client import ok
from tests.database import specimens
from tests.database.processes import child, die, ended
from tests.database.rows import NOW, agent, disc, event, job, title

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
    """A database without tables, of the same engine as `database`."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/same.db"
    return str(request.getfixturevalue("blank_postgres"))


def is_empty(url: str) -> bool:
    return not any(values(url).values())


def test_it_is_the_same_on_both_engines_and_back(services, client, other_url, same_url):
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


def test_it_finds_discs_in_the_copy(services, client, other_url):
    client.register_agent()
    client.ordered_rips()
    transfer.copy(services.context.database, other_url)
    other = Database(other_url)
    with other.peewee.bind_ctx(MODELS), other.read():
        words = ["firef", "s01"]
        query = other.dialect.having_words(other.peewee, LibraryEntry.select(), LibraryEntry, words)
        assert [entry.disc_id for entry in query] == [disc.disc_id for disc in Disc.select()]
    other.close()


def test_it_copies_tables_of_many_pages(database, other_url):
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


def test_it_goes_on_behind_the_ids_that_came(database, other_url):
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


def test_it_keeps_references_in_a_circle(database, other_url):
    agent()
    disc()
    job(disc="disc")
    Agent.update(current_job_id="job").execute()
    transfer.copy(database, other_url)
    assert values(other_url)["agents"] == values(database.url)["agents"]


def test_it_fills_a_database_that_has_our_tables_already(database, other_url):
    agent()
    other = Database(other_url)
    Migrations(other).upgrade()
    other.close()
    transfer.copy(database, other_url)
    assert values(other_url) == values(database.url)


def test_it_copies_what_there_is_when_it_begins(database, other_url, monkeypatch):
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


def test_it_lets_the_models_speak_of_the_database_that_was_copied(database, other_url):
    transfer.copy(database, other_url)
    agent()
    assert is_empty(other_url)


@pytest.mark.parametrize("stopped", [True, False])
def test_it_takes_attempts_under_way_along(app, client, clock, other_url, *, stopped):
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


@pytest.fixture
def in_use(database: Database) -> Database:
    """A database with rows in several tables, on each engine in turn."""
    agent()
    disc()
    title()
    job()
    event()
    return database


def execute(url: str, *statements: str) -> None:
    """Run statements on another database."""
    database = Database(url)
    for statement in statements:
        database.peewee.execute_sql(statement)
    database.close()


def tables(url: str) -> set[str]:
    database = Database(url)
    found = database.tables()
    database.close()
    return found


def test_it_refuses_to_copy_a_database_into_itself(in_use, tmp_path):
    other_names = [in_use.url]
    if in_use.path is not None:
        (tmp_path / "link.db").symlink_to(in_use.path)
        os.link(in_use.path, tmp_path / "second.db")
        other_names += [f"sqlite:///{tmp_path}/{name}.db" for name in ("link", "second")]
    else:
        other_names.append(f"{in_use.url}&application_name=other")
    before = values(in_use.url)
    for url in other_names:
        with pytest.raises(TransferError, match="--to names the database that is to be copied"):
            transfer.copy(in_use, url)
    assert values(in_use.url) == before


def test_it_refuses_an_empty_database_as_its_own_copy(database):
    with pytest.raises(TransferError, match="--to names the database that is to be copied"):
        transfer.copy(database, database.url)


def test_it_refuses_a_database_that_has_rows(in_use, other_url):
    transfer.copy(in_use, other_url)
    before = values(other_url)
    with pytest.raises(TransferError, match="has rows already, in agents: name an empty one"):
        transfer.copy(in_use, other_url)
    assert values(other_url) == before


@pytest.mark.parametrize("table", ["jobs", "recipes"])
def test_it_refuses_a_database_of_another_program(in_use, other_url, table):
    execute(other_url, f"CREATE TABLE {table} (id INTEGER PRIMARY KEY)")
    with pytest.raises(TransferError, match="has tables that are not this version's"):
        transfer.copy(in_use, other_url)
    assert tables(other_url) == {table}


def test_it_refuses_a_database_of_another_version(in_use, other_url):
    other = Database(other_url)
    Migrations(other).upgrade()
    Migrations(other).downgrade()
    before = other.tables()
    other.close()
    with pytest.raises(TransferError, match="has tables that are not this version's"):
        transfer.copy(in_use, other_url)
    assert tables(other_url) == before


def test_it_refuses_to_copy_a_database_of_another_version(blank, tmp_path):
    Migrations(blank).upgrade()
    Migrations(blank).downgrade()
    with pytest.raises(StartError, match="'flask db upgrade'"):
        transfer.copy(blank, f"sqlite:///{tmp_path}/other.db")
    assert not (tmp_path / "other.db").exists()


def test_it_leaves_a_file_alone_that_is_no_database(in_use, tmp_path):
    diary = tmp_path / "diary.txt"
    diary.write_text("Dear diary, " * 100)
    with pytest.raises(TransferError, match="that --to names can't be used: file is not a data"):
        transfer.copy(in_use, f"sqlite:///{diary}")
    assert diary.read_text() == "Dear diary, " * 100


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("sqlite:////nowhere/boz.db", StartError, "/nowhere is missing .* file in --to"),
        ("sqlite:///:memory:", SettingsError, "--to must name a file"),
        ("mysql://boz:hunter2@db/boz", SettingsError, "--to must read"),
        ("postgresql://boz:hunter2%@db/boz", SettingsError, "--to is no address"),
        ("postgresql://boz:hunter2@127.0.0.1:1/boz", TransferError, "--to names .* refused"),
    ],
)
def test_it_says_what_is_wrong_with_an_address(in_use, url, error, words):
    with pytest.raises(error, match=words) as refused:
        transfer.copy(in_use, url)
    assert "hunter2" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_it_leaves_nothing_where_it_is_killed(in_use, other_url):
    in_use.close()
    killed = transfer._copy_table

    def dies_at_jobs(*given: Any) -> Any:
        done = killed(*given)
        if done.table == "jobs":
            die()
        return done

    def work() -> int:
        transfer._copy_table = dies_at_jobs  # in a process of its own
        transfer.copy(Database(in_use.url), other_url)
        return 0

    assert ended(child(work)) == -signal.SIGKILL
    assert is_empty(other_url)
    transfer.copy(in_use, other_url)
    assert values(other_url) == values(in_use.url)


def spoiled(url: str, table: str, change: str) -> None:
    """A database with a trigger that changes what is written into a table."""
    Migrations(database := Database(url)).upgrade()
    database.close()
    if url.startswith("sqlite"):
        execute(url, f"CREATE TRIGGER spoils AFTER INSERT ON {table} BEGIN {change}; END")
        return
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {change}; RETURN NULL; END $$"
        )
        connection.execute(
            f"CREATE TRIGGER spoils AFTER INSERT ON {table} EXECUTE FUNCTION spoil()"
        )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE titles SET name = 'Titel'",
        "UPDATE titles SET size_bytes = 1",
        "UPDATE titles SET thumbnail_timestamps = '[1]'",
        "UPDATE titles SET confidence_score = 0.30000000000000004",
        "UPDATE titles SET note = ''",
        "DELETE FROM titles",
    ],
)
def test_it_takes_all_back_where_a_row_came_out_otherwise(in_use, other_url, change):
    title(1, confidence_score=0.3)
    spoiled(other_url, "jobs", change)
    with pytest.raises(TransferError, match="Table titles did not come out as it went in"):
        transfer.copy(in_use, other_url)
    assert is_empty(other_url)


def test_it_takes_all_back_where_a_time_is_off_by_a_microsecond(in_use, other_url):
    spoiled(other_url, "job_events", "UPDATE jobs SET created_at = '2026-01-24 12:34:56.123457'")
    with pytest.raises(TransferError, match="Table jobs did not come out as it went in"):
        transfer.copy(in_use, other_url)
    assert is_empty(other_url)


def test_it_names_the_table_of_what_the_other_engine_does_not_take(sqlite, blank_postgres):
    agent()
    job(output_name="a\0b")
    with pytest.raises(
        TransferError, match=r"Table jobs can't be written: .*NUL.*nothing was copi"
    ):
        transfer.copy(sqlite, blank_postgres)
    assert is_empty(blank_postgres)


def test_it_names_the_table_of_what_the_models_can_not_read(sqlite, tmp_path):
    job()
    sqlite.peewee.execute_sql("UPDATE jobs SET created_at = 'yesterday'")
    url = f"sqlite:///{tmp_path}/other.db"
    with pytest.raises(TransferError, match=r"Table jobs can't be read: .*yesterday"):
        transfer.copy(sqlite, url)
    assert is_empty(url)

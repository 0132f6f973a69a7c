"""The upkeep that keeps a database small and quick, on both engines."""

from collections.abc import Iterator

import pytest

from boz_server.database import upkeep
from boz_server.database.connection import Database
from boz_server.database.models import MODELS, Agent, ProviderAnswer
from boz_server.database.upkeep import TableSize
from tests.support import FakeClock


@pytest.fixture
def database(database_url: str, clock: FakeClock) -> Iterator[Database]:
    """A migrated database with two agents."""
    found = Database(database_url)
    for name in ("pc", "café"):
        Agent.create(
            agent_id=name, name=name, last_heartbeat=clock.now(), registered_at=clock.now()
        )
    yield found
    found.close()


def fill(clock: FakeClock) -> None:
    answers = [
        {"provider": "omdb", "key": str(n), "answer": "x" * 1000, "fetched_at": clock.now()}
        for n in range(2000)
    ]
    ProviderAnswer.insert_many(answers).execute()


def test_it_tells_how_large_each_table_is(database):
    sizes = {size.table: size for size in upkeep.sizes(database)}
    words = {"library_search"} if database.path is not None else set()
    models = {model._meta.table_name for model in MODELS}
    assert sizes.keys() == models | words | {"migratehistory"}
    assert (sizes["agents"].rows, sizes["jobs"].rows) == (2, 0)
    assert sizes["agents"].size_bytes > 0
    assert upkeep.size(database) > sizes["agents"].size_bytes


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_counts_the_bytes_of_values(database):
    database.peewee.execute_sql("CREATE TABLE shelves (name TEXT, place INTEGER)")
    database.peewee.execute_sql("INSERT INTO shelves VALUES ('café', 12), (NULL, NULL)")
    assert TableSize("shelves", 2, 7) in upkeep.sizes(database)


def test_it_gives_back_what_was_freed(database, clock):
    fill(clock)
    ProviderAnswer.delete().execute()
    before = upkeep.size(database)
    upkeep.vacuum(database)
    assert upkeep.size(database) < before - 1_000_000
    assert Agent.select().count() == 2
    if database.path is not None:
        assert database.path.stat().st_size == upkeep.size(database)


def test_it_brings_statistics_up_to_date(database):
    upkeep.optimize(database)
    if database.path is not None:
        assert upkeep.has_statistics(database)


def test_it_folds_in_the_log_without_waiting_for_a_reader(database, clock):
    fill(clock)
    if database.path is None:
        assert upkeep.fold_in_log(database) == 0
        return
    reader = Database(database.url)
    with reader.read():
        reader.peewee.execute_sql("SELECT * FROM agents").fetchall()
        assert upkeep.fold_in_log(database) > 1_000_000
    reader.close()

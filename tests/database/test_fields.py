"""Times and enums, written and read."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from boz_server.database.connection import Database
from boz_server.database.models import Agent
from boz_server.domain.machines.presence import AgentStatus
from tests.database.rows import agent

MOMENT = datetime(2026, 1, 24, 12, 34, 56, 123456, tzinfo=UTC)


def stored(database: Database) -> Any:
    """The only agent's heartbeat as the engine stores it."""
    return database.peewee.execute_sql("SELECT last_heartbeat FROM agents").fetchone()[0]


@pytest.mark.parametrize(
    "moment",
    [
        MOMENT,
        MOMENT.replace(microsecond=0),
        MOMENT.replace(microsecond=1),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
    ids=str,
)
def test_it_keeps_an_instant_to_the_microsecond(database, moment):
    agent(last_heartbeat=moment)
    found = Agent.get().last_heartbeat
    assert found == moment
    assert found.utcoffset() == timedelta(0)


def test_it_turns_other_zones_into_utc(database):
    agent(last_heartbeat=MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))))
    found = Agent.get().last_heartbeat
    assert (found, found.tzinfo) == (MOMENT, UTC)


def test_it_writes_text_that_sorts_as_time_on_sqlite(sqlite):
    agent(last_heartbeat=MOMENT.replace(microsecond=0))
    assert stored(sqlite) == "2026-01-24 12:34:56.000000"


def test_it_writes_timestamptz_on_postgres(postgres):
    agent(last_heartbeat=MOMENT)
    assert stored(postgres) == MOMENT


def test_it_refuses_a_time_without_a_zone(database):
    with pytest.raises(ValueError, match="last_heartbeat: a time without a zone"):
        agent(last_heartbeat=MOMENT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="last_heartbeat: a time without a zone"):
        list(Agent.select().where(Agent.last_heartbeat > MOMENT.replace(tzinfo=None)))


def test_it_compares_and_sorts_instants(database):
    times = [MOMENT, MOMENT.replace(microsecond=0), MOMENT + timedelta(microseconds=1)]
    for name, moment in zip("abc", times, strict=True):
        agent(name, last_heartbeat=moment)
    assert [row.agent_id for row in Agent.select().order_by(Agent.last_heartbeat)] == [*"bac"]
    later = Agent.select().where(Agent.last_heartbeat > MOMENT)
    assert [row.agent_id for row in later] == ["c"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-24 12:34:56", MOMENT.replace(microsecond=0)),
        ("2026-01-24 12:34:56.123456", MOMENT),
    ],
)
def test_it_reads_what_existing_files_have(sqlite, text, moment):
    agent()
    sqlite.peewee.execute_sql("UPDATE agents SET last_heartbeat = ?", (text,))
    assert Agent.get().last_heartbeat == moment


def test_it_sorts_a_time_without_a_fraction_before_the_same_second(sqlite):
    agent("a", last_heartbeat=MOMENT)
    agent("b")
    sqlite.peewee.execute_sql(
        "UPDATE agents SET last_heartbeat = '2026-01-24 12:34:56' WHERE agent_id = 'b'"
    )
    assert [row.agent_id for row in Agent.select().order_by(Agent.last_heartbeat)] == ["b", "a"]


def test_it_reads_the_time_that_the_database_itself_put_in(database):
    database.peewee.execute_sql(
        "INSERT INTO agents (agent_id, name, capabilities) VALUES ('pc', 'Pc', '{}')"
    )
    found = Agent.get().registered_at
    assert found.tzinfo is UTC
    assert abs(datetime.now(UTC) - found) < timedelta(minutes=1)


def test_it_gives_enums_back_as_enums(database):
    agent(status=AgentStatus.BUSY)
    assert Agent.get().status is AgentStatus.BUSY
    database.peewee.execute_sql("UPDATE agents SET status = 'offline'")
    assert Agent.get().status is AgentStatus.OFFLINE

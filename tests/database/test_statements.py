"""Statements: the text and the values are those that Peewee writes, and so are the rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import peewee
import pytest

from boz_server.database.connection import Database
from boz_server.database.models import (
    MODELS,
    Agent,
    Disc,
    IdempotencyKey,
    Job,
    Title,
    TVSeason,
    Worker,
)
from boz_server.database.statements import (
    KEPT_ROWS,
    QuickContext,
    insert_rows,
    statement,
    update_row,
)

NOW = datetime(2026, 1, 1, 20, tzinfo=UTC)

OTHER = Job.alias()
MINE = Job.alias("mine")
PER_DISC = Title.select(Title.disc, peewee.fn.COUNT(1).alias("titles")).group_by(Title.disc)
KEY = (IdempotencyKey.endpoint, IdempotencyKey.key)
QUERIES = {
    **{model.__name__: model.select().where(model._meta.sorted_fields[0] == 1) for model in MODELS},
    "some columns": Job.select(Job.job_id, Job.status).order_by(Job.priority.desc(), Job.job_id),
    "functions": Job.select(peewee.fn.MAX(Job.priority).alias("most")).group_by(Job.status),
    "join": Job.select(Job, Disc, Agent).join(Disc).join(Agent).where(Agent.name == "pc"),
    "alias": OTHER.select().join(Job, on=(Job.disc == OTHER.disc)).where(OTHER.status != "failed"),
    "named alias": MINE.select(MINE.job_id).where(MINE.job_id == Job.job_id),
    "subquery": Disc.select().where(Disc.disc_id.in_(Job.select(Job.disc).where(Job.progress > 5))),
    "outer row": Disc.select().where(
        peewee.fn.EXISTS(Job.select().where(Job.disc == Disc.disc_id))
    ),
    "derived table": Disc.select(Disc.disc_name, PER_DISC.c.titles).join(
        PER_DISC, on=(PER_DISC.c.disc_id == Disc.disc_id)
    ),
    "key of several": IdempotencyKey.select().where(peewee.Tuple(*KEY).in_([("a", "b")])),
    "case": Job.select(peewee.Case(None, ((Job.priority > 1, Job.job_id),), Job.output_name)),
    "insert": Agent.insert(agent_id="pc", name="PC").returning(Agent),
    "unless there": TVSeason.insert(season_id="a").on_conflict_ignore(),
    "upsert": Worker.insert(worker_id="a", hostname="b").on_conflict(
        conflict_target=[Worker.worker_id],
        update={Worker.hostname: peewee.EXCLUDED.hostname},
        where=(Worker.hostname != "c"),
    ),
    "update": Job.update(status="failed", progress=Job.progress + 1).where(Job.job_id == "a"),
    "returning": Job.update(error="a").where(Job.status.in_(["queued", "running"])).returning(Job),
    "update by another table": Job.update(
        disc=Disc.select(Disc.disc_id).where(Disc.disc_name == Job.output_name)
    ),
    "delete": Title.delete().where(Title.disc.not_in(Disc.select(Disc.disc_id))),
}


@pytest.mark.parametrize("url", ["sqlite:///a.db", "postgresql://a/b"])
@pytest.mark.parametrize("name", QUERIES)
def test_it_writes_what_peewee_writes(name, url):
    options: dict[str, Any] = Database(url).peewee.get_context_options()
    written, expected = (
        context(**options).sql(QUERIES[name]).query() for context in (QuickContext, peewee.Context)
    )
    assert written[0] == expected[0]
    # PostgreSQL's JSON is no equal of its like.
    assert str(written[1]) == str(expected[1])


@statement
def _named(name: str, since: datetime, *, latest: bool) -> Any:
    query = Agent.select().where(Agent.name == name, Agent.registered_at >= since)
    return query.order_by(Agent.registered_at.desc() if latest else Agent.registered_at)


@statement
def _count_named(name: str) -> Any:
    return (
        Agent.select(peewee.fn.COUNT(1), peewee.fn.MAX(Agent.registered_at))
        .where(Agent.name == name)
        .tuples()
    )


@statement
def _register(agent_id: str, capabilities: dict[str, Any], now: datetime) -> Any:
    return Agent.insert(
        agent_id=agent_id,
        name="PC",
        capabilities=capabilities,
        last_heartbeat=now,
        registered_at=now,
    )


@statement
def _rename(agent_id: str, name: str | None) -> Any:
    return Agent.update(name=name).where(Agent.agent_id == agent_id)


@statement
def _renamed(agent_id: str, name: str) -> Any:
    jobs = Job.select(peewee.fn.COUNT(1)).where(Job.assigned_agent_id == Agent.agent_id)
    renaming = Agent.update(name=name).where(Agent.agent_id == agent_id)
    return renaming.returning(Agent, jobs.alias("held"))


@statement
def _any_of(*agent_ids: str) -> Any:
    return Agent.select().where(Agent.agent_id.in_(agent_ids))


@pytest.mark.usefixtures("database")
class TestRuns:
    """A statement sends its text and its values, and reads rows as the models do."""

    @pytest.fixture(autouse=True)
    def agents(self, database):
        for at, agent_id in enumerate(("a", "b")):
            _register(agent_id, {"drives": [agent_id]}, NOW + timedelta(hours=at))

    def test_it_reads_the_same_objects_as_peewee(self):
        (found,) = _named("PC", NOW + timedelta(minutes=1), latest=False)
        assert found.__data__ == Agent.get_by_id("b").__data__
        assert not found._dirty
        assert found.capabilities == {"drives": ["b"]}

    def test_it_writes_a_text_for_each_variant(self):
        names = [[each.agent_id for each in _named("PC", NOW, latest=now)] for now in (True, False)]
        assert names == [["b", "a"], ["a", "b"]]

    def test_it_reads_tuples_with_their_types(self):
        assert _count_named.first("PC") == (2, NOW + timedelta(hours=1))
        assert _named.first("Mac", NOW, latest=True) is None

    def test_it_counts_the_rows_that_it_changes(self):
        assert _rename("a", "Den") == 1
        assert _rename("c", "Den") == 0

    def test_it_reads_changed_rows_and_what_is_no_column(self):
        (agent,) = _renamed("b", "Den")
        assert (agent.name, agent.held) == ("Den", 0)

    def test_it_finds_a_name_as_hostile_as_can_be(self):
        name = "%s ? ' \" ; DROP TABLE agents -- \u2603"
        _rename("a", name)
        assert [each.agent_id for each in _named(name, NOW, latest=True)] == ["a"]

    def test_it_refuses_to_compare_with_none(self):
        with pytest.raises(ValueError, match="NULL equals nothing"):
            _named(None, NOW, latest=True)

    @pytest.mark.parametrize("count", [1, KEPT_ROWS, KEPT_ROWS + 1])
    def test_it_enters_rows_however_many(self, count):
        rows = [
            {"agent_id": f"n{at}", "name": "New", "last_heartbeat": NOW, "registered_at": NOW}
            for at in range(count)
        ]
        insert_rows(Agent, rows)
        found = list(Agent.select().where(Agent.name == "New"))
        assert len(found) == count
        assert {(agent.status, tuple(agent.capabilities)) for agent in found} == {("online", ())}

    def test_it_writes_the_columns_of_a_row_that_are_named(self):
        agent = Agent.get_by_id("a")
        agent.name, agent.succeeded_by = "Den", "b"
        update_row(agent, ["name"])
        assert agent._dirty == {"succeeded_by"}
        assert Agent.get_by_id("a").name == "Den"
        assert Agent.get_by_id("a").succeeded_by is None

    def test_it_keeps_a_limited_number_of_texts(self):
        for count in range(1, 300):
            _any_of.written(Agent._meta.database.obj, count, {})
        assert len(_any_of._written) <= 200
        assert [each.agent_id for each in _any_of("b", "c")] == ["b"]

    def test_it_takes_none_where_nothing_is_compared(self):
        with pytest.raises(peewee.IntegrityError):
            _rename("a", None)

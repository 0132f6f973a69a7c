"""The quick way to write a query and Peewee's own: the same text, the same values."""

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
from boz_server.database.quick_context import QuickContext

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

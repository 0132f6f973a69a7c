"""Answers are what marshmallow dumps, of objects and of rows."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import marshmallow as ma
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boz_server import schemas
from boz_server.database import rows
from boz_server.database.models import Job, JobEvent
from boz_server.domain.queue.job_states import JobStatus, JobType
from boz_server.schemas.answer import AnswerSchema
from boz_server.schemas.fields import Instant
from boz_server.schemas.job import HandedOutJobSchema, JobEventSchema, JobSchema

INSTANTS = st.datetimes(min_value=datetime(1990, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
INTEGERS = st.integers(-(2**31), 2**31 - 1)
VALUES: dict[type, st.SearchStrategy[Any]] = {
    ma.fields.String: TEXT | st.sampled_from(JobStatus),
    ma.fields.Integer: INTEGERS | st.booleans(),
    ma.fields.Float: INTEGERS | st.floats(allow_nan=False, allow_infinity=False),
    ma.fields.Boolean: st.booleans(),
    Instant: INSTANTS,
}


def all_schemas() -> Iterator[type[AnswerSchema]]:
    """Every schema of an answer."""
    for module in pkgutil.iter_modules(schemas.__path__):
        importlib.import_module(f"{schemas.__name__}.{module.name}")
    waiting = [AnswerSchema]
    while waiting:
        for schema in waiting.pop().__subclasses__():
            waiting.append(schema)
            yield schema


def things(schema: ma.Schema) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of a shape: with null for anything, and with members left out."""
    members = {
        field.attribute or name: st.none() | values(field)
        for name, field in schema.dump_fields.items()
        if field._CHECK_ATTRIBUTE
    }
    return st.fixed_dictionaries({}, optional=members)


def values(field: ma.fields.Field[Any]) -> st.SearchStrategy[Any]:
    if isinstance(field, ma.fields.List):
        return st.lists(values(field.inner), max_size=3)
    # What is made of a whole object needs one of a known kind.
    if isinstance(field, ma.fields.Nested) and not made(field.schema):
        nested = things(field.schema)
        return st.lists(nested, max_size=2) if field.many else nested
    return VALUES.get(type(field), st.none())


def made(schema: ma.Schema) -> list[str]:
    """The members that are made of a whole object."""
    return [name for name, field in schema.dump_fields.items() if not field._CHECK_ATTRIBUTE]


def plain(schema: type[ma.Schema]) -> ma.Schema:
    """A schema without the members that are made of a whole object."""
    return schema(exclude=made(schema()))


@pytest.mark.parametrize("schema", list(all_schemas()), ids=lambda schema: schema.__name__)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_it_dumps_what_marshmallow_dumps(schema, data):
    ours, thing = plain(schema), data.draw(things(plain(schema)))
    for each in (thing, SimpleNamespace(**thing)):
        expected = ma.Schema.dump(ours, each)
        assert orjson.dumps(ours.dump(each)) == orjson.dumps(expected)
        many = [each, each]
        assert ours.dump(many, many=True) == ma.Schema.dump(ours, many, many=True)


JOBS = st.fixed_dictionaries(
    {
        "job_type": st.sampled_from(JobType),
        "status": st.sampled_from(JobStatus),
        "priority": INTEGERS,
        "progress": st.floats(0, 100),
        "requires_approval": st.booleans(),
        "thumbnail_timestamps": st.lists(st.integers(0, 10_000), max_size=3),
        "created_at": INSTANTS,
        "attempt": st.integers(0, 100),
    },
    optional={
        "title_index": st.none() | st.integers(0, 999),
        "input_file": st.none() | TEXT,
        "output_name": st.none() | TEXT,
        "preset": st.none() | TEXT,
        "assigned_agent_id": st.none() | TEXT,
        "assigned_at": st.none() | INSTANTS,
        "input_file_size": st.none() | st.integers(0, 2**62),
        "error": st.none() | TEXT,
        "started_at": st.none() | INSTANTS,
        "input_upload_id": st.none() | TEXT,
        "lease_token": st.none() | TEXT,
    },
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wanted=st.lists(JOBS, min_size=1, max_size=3))
def test_it_dumps_rows_as_the_objects_of_their_model(services, wanted):
    JobEvent.delete().execute()
    Job.delete().execute()
    for number, columns in enumerate(wanted):
        Job.create(job_id=str(number), **columns)
    query = Job.select().order_by(Job.job_id)
    objects, found = list(query), rows.read(query)
    objects[0].waiting_reason = found[0].waiting_reason = "A person has to approve it."
    for schema in (JobSchema(many=True), HandedOutJobSchema(many=True)):
        assert orjson.dumps(schema.dump(found)) == orjson.dumps(ma.Schema.dump(schema, objects))


@pytest.mark.usefixtures("pc")
def test_it_dumps_the_rows_of_a_history(services, client):
    client.report(client.assigned_job(), "running")
    query = JobEvent.select().order_by(JobEvent.event_id)
    schema = JobEventSchema(many=True)
    assert schema.dump(rows.read(query)) == ma.Schema.dump(schema, list(query)) != []

"""The queue's own queries read by an index what is under way or waits, not what is over."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from boz_server.database import upkeep
from boz_server.database.models import Job, JobEvent
from boz_server.domain.queue.job_states import JobType
from boz_server.repositories.attempt_repository import by_agent, by_worker
from boz_server.repositories.paging import PageRequest
from boz_server.services.wiring import Services
from tests.client import ok
from tests.plans import learn_sizes, nodes, noted, plan_of, steps_of

#: On these history piles up.
LARGE = ("jobs", "job_events")
#: Indices of nothing but open jobs, and of those whose files are here: to read all of one is to
#: read little.
SMALL_INDICES = ("uq_jobs_transcode", "idx_jobs_input")
#: What serves each query where nothing but the shape of the tables is known.
INDICES = {
    "waits": "idx_jobs_type",
    "under_way": "idx_jobs_type",
    "busy_drives": "idx_jobs_type",
    "machines": "idx_jobs_status",
    "next_rip": "idx_jobs_type",
    "next_transcode": "idx_jobs_queue",
    "next_claimable": "idx_jobs_queue",
    "expired": "idx_jobs_status",
    "to_retry": "idx_jobs_scheduled",
    "renew_all": "idx_jobs_status",
    "next_claimable, fetching": "idx_jobs_queue",
    "next_transcode, fetching": "idx_jobs_queue",
    "awaiting_file": "idx_jobs_queue",
    "first_without_file": "idx_jobs_type",
    "awaiting_result": "idx_jobs_output_name",
    "inputs_in_use": "idx_jobs_input",
    "inputs": "idx_jobs_input",
    "forget_inputs": "idx_jobs_input",
    "transcodes_of": "idx_jobs_source",
    "rips_that_wrote": "idx_jobs_rip_output",
    "rips_that_wrote, by title": "idx_jobs_disc",
    "unstarted_rips": "idx_jobs_disc",
    "highest_waiting_priority": "idx_jobs_status",
    "history": "idx_job_events_job",
    "lost_attempts": "idx_job_events_job",
    "held by agent": "idx_jobs_agent",
    "held by worker": "idx_jobs_worker",
    "cancelled by agent": "idx_jobs_cancelled_agent",
    "cancelled by worker": "idx_jobs_cancelled_worker",
    "has_to_extend by agent": "idx_jobs_agent",
    "has_to_extend, polled, by agent": "idx_jobs_agent",
    "has_to_extend by worker": "idx_jobs_worker",
    "has_to_extend, polled, by worker": "idx_jobs_worker",
    "extend by agent": "idx_jobs_agent",
    "extend by worker": "idx_jobs_worker",
    "suspect by agent": "idx_jobs_agent",
    "suspect by worker": "idx_jobs_worker",
}

Query = Callable[[], object]


@pytest.fixture
def queries(client, services, clock) -> dict[str, Query]:
    """The queries, on a long history and one job in each state in which machines or the server
    have to do something with it."""
    client.register_agent()
    client.register_worker()
    disc_id, (rip_id, *_) = client.ordered_rips()
    ok(client.report(rip_id, "completed", output_file="C:\\t00.mkv"))
    done = client.assigned_job()
    ok(client.report(done, "completed"))
    lengthen_history(services, done, 1500)
    running = client.assigned_job()
    ok(client.report(running, "running"))
    client.queued_job(preset="H.265 QSV 1080p")  # no worker can do it

    now, page = clock.now(), PageRequest(limit=100, cursor=None)
    fleet, attempts = services.context.stores.fleet, services.context.stores.attempts
    jobs = services.context.stores.jobs
    machines = fleet.machines(now)
    fetching = replace(machines[0], capabilities={"can_download": True})
    found: dict[str, Query] = {
        "waits": lambda: fleet.waits(JobType.TRANSCODE, now),
        "under_way": lambda: fleet.under_way(JobType.TRANSCODE),
        "busy_drives": fleet.busy_drives,
        "machines": lambda: fleet.machines(now),
        "next_rip": lambda: fleet.next_rip(now, {"pc"}, {("pc", "D:")}),
        "next_transcode": lambda: fleet.next_transcode(now, machines),
        "next_claimable": lambda: fleet.next_claimable(now, machines[0]),
        "next_claimable, fetching": lambda: fleet.next_claimable(now, fetching),
        "next_transcode, fetching": lambda: fleet.next_transcode(now, [fetching]),
        "awaiting_file": lambda: fleet.awaiting_file("pc"),
        "first_without_file": lambda: jobs.first_without_file("pc"),
        "awaiting_result": lambda: jobs.awaiting_result({"Serenity (2005)", "a"}),
        "inputs_in_use": lambda: jobs.inputs_in_use(["a", "b"], now),
        "inputs": jobs.inputs,
        "forget_inputs": lambda: jobs.forget_inputs(["a", "b"]),
        "expired": lambda: attempts.expired(now),
        "to_retry": lambda: attempts.to_retry(now),
        "renew_all": lambda: attempts.renew_all(now),
        "transcodes_of": lambda: jobs.transcodes_of([rip_id]),
        "rips_that_wrote": lambda: jobs.rips_that_wrote("C:\\t00.mkv", None, None),
        "rips_that_wrote, by title": lambda: jobs.rips_that_wrote("C:\\t01.mkv", disc_id, 1),
        "unstarted_rips": lambda: jobs.unstarted_rips(disc_id),
        "highest_waiting_priority": lambda: jobs.highest_waiting_priority(running),
        "history": lambda: jobs.history(done, page),
        "lost_attempts": lambda: jobs.lost_attempts(done),
    }
    for name, holder in (("agent", by_agent("pc")), ("worker", by_worker("gpu"))):
        found |= {
            f"held by {name}": lambda holder=holder: attempts.held(holder),
            f"cancelled by {name}": lambda holder=holder: attempts.cancelled(holder, now),
            f"has_to_extend by {name}": lambda holder=holder: attempts.has_to_extend(
                holder, now, polled=False
            ),
            f"has_to_extend, polled, by {name}": lambda holder=holder: attempts.has_to_extend(
                holder, now, polled=True
            ),
            f"extend by {name}": lambda holder=holder: attempts.extend(holder, now),
            f"suspect by {name}": lambda holder=holder: attempts.suspect(holder, now),
        }
    assert found.keys() == INDICES.keys()
    return found


def lengthen_history(services: Services, job_id: str, number: int) -> None:
    """Enter jobs like one that is over, with their events: by requests it would take minutes."""
    last = Job.select().where(Job.job_id == job_id).dicts().get()
    jobs = [
        last
        | {
            "job_id": str(uuid4()),
            "created_at": last["created_at"] - timedelta(minutes=age),
            "completed_at": last["completed_at"] - timedelta(minutes=age),
        }
        for age in range(1, number + 1)
    ]
    events = [
        {"job": job["job_id"], "at": job["completed_at"], "to_status": job["status"],
         "actor": "server", "attempt": 1}
        for job in jobs
        for _ in range(2)
    ]  # fmt: skip
    with services.context.database.write():
        for start in range(0, number, 500):
            Job.insert_many(jobs[start : start + 500]).execute()
            JobEvent.insert_many(events[2 * start : 2 * start + 1000]).execute()
    learn_sizes(services)


def full_reads(services: Services, sql: str, parameters: tuple[object, ...]) -> list[str]:
    """The steps of a statement's plan that read a large table, or a whole index of it."""
    if services.context.database.path is not None:
        steps = plan_of(services, sql, parameters)
        return [step for step in steps if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"]
    rows = services.context.database.peewee.execute_sql(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
    return [
        f"{node['Node Type']} of {node['Relation Name']}"
        for node in nodes(rows.fetchone()[0][0]["Plan"])
        if node.get("Relation Name") in LARGE
        and "Scan" in node["Node Type"]
        and not {"Index Cond", "Recheck Cond"} & node.keys()
        and node.get("Index Name") not in SMALL_INDICES
    ]


def test_it_reads_no_large_table_as_a_whole(services, queries):
    found = {}
    for name, query in queries.items():
        with noted(services) as statements:
            query()
        assert statements, name
        found[name] = [
            step for sql in statements for step in full_reads(services, sql, statements[sql])
        ]
    assert {name: steps for name, steps in found.items() if steps} == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_none_either_once_it_knows_how_large_they_are(services, queries):
    """There are a few discs only, which may well be read as a whole."""
    upkeep.optimize(services.context.database)
    read = set()
    for query in queries.values():
        with noted(services) as statements:
            query()
        for sql, parameters in statements.items():
            aliases = {alias: table for table, alias in re.findall(r'"(\w+)" AS "(\w+)"', sql)}
            for step in full_reads(services, sql, parameters):
                alias = step.split(" ")[1]
                read.add(aliases.get(alias, alias))
    assert not read & set(LARGE)


# PostgreSQL may know of something better by its statistics.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_has_an_index_for_each_query(services, queries):
    for name, query in queries.items():
        with noted(services) as statements:
            query()
        steps = steps_of(services, statements)
        assert any(f"INDEX {INDICES[name]} (" in step for step in steps), (name, steps)

"""What machines send all day costs the same, however much waits or is over."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from boz_server.database import upkeep
from boz_server.database.models import Job, JobEvent
from boz_server.domain.queue.job_states import JobType
from boz_server.repositories.attempt_repository import by_agent, by_worker
from boz_server.repositories.paging import PageRequest
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.plans import learn_sizes, nodes, noted, plan_of, scans, steps_of
from tests.remote import approved, wanted
from tests.support import restart

#: What may read a whole table, or walk a whole index in order until a page is full.
ALLOWED = (
    "SCAN CONSTANT ROW",
    "SCAN t1 USING COVERING INDEX idx_jobs_type",  # the counts
    "SCAN t1 USING INDEX idx_jobs_newest",  # the list of all jobs, a page of it
    "SCAN t1 USING INDEX idx_discs_newest",  # likewise of discs
    "SCAN t1 USING INDEX idx_library_newest",
    "SCAN t1 USING INDEX idx_tv_seasons_order",
)


# PostgreSQL plans by statistics: on tables this small an index is no gain to it.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_by_index_in_the_main_flow(app, client):
    services = restart(app, max_rip_attempts=1)
    with noted(services) as statements:
        client.register_agent()
        client.register_worker()
        disc_id = client.detect().approve().id
        first, second, *_ = client.rip(disc_id)
        ok(client.report(first, "running", progress=10))
        ok(client.report(first, "completed", output_file="C:\\t00.mkv"))
        offered = {"disc_id": disc_id, "title_index": 0, "input_file": "C:\\t00.mkv"}
        assert client.create_job(**offered)["source_job_id"] == first
        client.end(second, "failed")
        ok(client.post(f"/api/jobs/{second}/retry"))
        transcode = client.approved_job()
        ok(client.report(transcode, "running"))
        ok(client.report(transcode, "completed"))
        ok(client.report(transcode, "completed", error="Upload failed"))
        waiting = client.create_job()["job_id"]
        ok(client.post(f"/api/jobs/{waiting}/priority", json={"priority": 3}))
        ok(client.post(f"/api/jobs/{waiting}/bump"))
        client.cancel(waiting)
        ok(client.post("/api/agents/pc/heartbeat"))
        ok(client.post("/api/workers/gpu/heartbeat", json={}))
        client.register_worker("farm", agent_id=None, worker_type="remote")
        client.queued_job()
        client.poll()
        services.maintenance.tick()
        for path in (
            "/api/agents/pc/jobs",
            "/api/jobs",
            "/api/jobs?status=failed",
            "/api/jobs/pending",
            "/api/jobs/awaiting-approval",
            "/api/jobs/upload-errors",
            "/api/jobs/stats",
            f"/api/jobs/{second}/events",
            "/api/system/maintenance",
            "/api/discs",
            f"/api/discs/{disc_id}/rip-status",
            "/api/tv-seasons/Firefly:s1",
            "/api/library",
            "/api/seasons",
            "/api/vlc/commands/pc",
        ):
            ok(client.get(path))
        client.eject()
        client.sign_off()

    assert scans(services, statements, ALLOWED) == set()


#: On these history piles up.
LARGE = ("jobs", "job_events")
#: Indices of nothing but open jobs, and of those whose files are here: to read all of one is to
#: read little.
SMALL_INDICES = ("uq_jobs_transcode", "idx_jobs_input", "idx_jobs_queue")
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
    "failing": "idx_jobs_status",
    "failures_of": "uq_job_failures_attempt",
    "failures_on": "idx_job_failures_worker",
    "just_failed_by": "uq_job_failures_attempt",
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
    "rips_of": "idx_jobs_disc",
    "open_rips": "idx_jobs_disc",
    "having_open_rips": "idx_jobs_disc",
    "rips_left_behind": "idx_jobs_type",
    "suspect_rips": "idx_jobs_type",
    "has_file": "idx_jobs_file_key",
    "rips_without_file": "idx_jobs_file_key",
    "cancelled_named": "idx_jobs_file_key",
    "has_abandoned_organize": "idx_jobs_status",
    "highest_waiting_priority": "idx_jobs_status",
    "history": "idx_job_events_job",
    "noted_at": "idx_job_events_job",
    "lost_attempts": "idx_job_events_job",
    "taken_back": "idx_job_events_job",
    "is_noted": "idx_job_events_job",
    "longest_queued_since": "idx_jobs_status",
    "standing_since": "idx_jobs_status",
    "stalled": "idx_jobs_status",
    "works_on_another": "idx_jobs_status",
    "begin_terms": "idx_jobs_status",
    "hand_out": "sqlite_autoindex_jobs_1",
    "suspect_attempts": "sqlite_autoindex_jobs_1",
    "held by agent": "idx_jobs_agent",
    "held by worker": "idx_jobs_worker",
    "cancelled by agent": "idx_jobs_cancelled_agent",
    "cancelled by worker": "idx_jobs_cancelled_worker",
    "extend by agent": "idx_jobs_agent",
    "extend by worker": "idx_jobs_worker",
    "suspect by agent": "idx_jobs_agent",
    "suspect by worker": "idx_jobs_worker",
    "pass_on": "idx_jobs_agent",
    "pass_on_rips": "idx_jobs_disc",
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
    ok(client.report(done, "completed", output_file="/out/a.mkv"))
    lengthen_history(services, done, 1500)
    running = client.assigned_job()
    ok(client.report(running, "running"))
    client.queued_job(preset="H.265 QSV 1080p")  # no worker can do it

    now, page = clock.now(), PageRequest(limit=100, cursor=None)
    fleet, attempts = services.context.stores.fleet, services.context.stores.attempts
    jobs, held = services.context.stores.jobs, Job.get_by_id(running)
    elsewhere = Job(job_id=done, elsewhere_until=now + timedelta(minutes=1))
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
        "failing": lambda: attempts.failing(now, now),
        "failures_of": lambda: attempts.failures_of(done),
        "failures_on": lambda: attempts.failures_on("gpu", now),
        "just_failed_by": lambda: attempts.just_failed_by([elsewhere], now),
        "to_retry": lambda: attempts.to_retry(now),
        "renew_all": lambda: attempts.renew_all(now),
        "transcodes_of": lambda: jobs.transcodes_of([rip_id]),
        "rips_that_wrote": lambda: jobs.rips_that_wrote("C:\\t00.mkv", None, None),
        "rips_that_wrote, by title": lambda: jobs.rips_that_wrote("C:\\t01.mkv", disc_id, 1),
        "rips_of": lambda: jobs.rips_of(disc_id),
        "open_rips": lambda: jobs.open_rips(disc_id),
        "having_open_rips": lambda: jobs.having_open_rips([disc_id]),
        "rips_left_behind": lambda: jobs.rips_left_behind(now),
        "suspect_rips": lambda: attempts.suspect_rips("pc", "D:", now),
        "has_file": lambda: jobs.has_file("pc", "alien", now, [done]),
        "rips_without_file": lambda: jobs.rips_without_file(["alien", "heat"], "ALIEN", None, 1),
        "cancelled_named": lambda: jobs.cancelled_named(["alien", "heat"], now),
        "has_abandoned_organize": lambda: jobs.has_abandoned_organize("/out/a.mkv", now),
        "highest_waiting_priority": lambda: jobs.highest_waiting_priority(running),
        "history": lambda: jobs.history(done, page),
        "noted_at": lambda: jobs.noted_at(done, "a detail", now),
        "lost_attempts": lambda: jobs.lost_attempts(done),
        "taken_back": lambda: jobs.taken_back(done),
        "is_noted": lambda: jobs.is_noted(done, "Scratched"),
        "longest_queued_since": lambda: jobs.longest_queued_since(now),
        "standing_since": lambda: attempts.standing_since(now),
        "stalled": attempts.stalled,
        "works_on_another": lambda: attempts.works_on_another(held),
        "begin_terms": lambda: attempts.begin_terms(held, now),
        "hand_out": lambda: attempts.hand_out([held], now),
        "suspect_attempts": lambda: attempts.suspect_attempts([held, held], now),
    }
    for name, holder in (("agent", by_agent("pc")), ("worker", by_worker("gpu"))):
        found |= {
            f"held by {name}": lambda holder=holder: attempts.held(holder),
            f"cancelled by {name}": lambda holder=holder: attempts.cancelled(holder, now),
            f"extend by {name}": lambda holder=holder: attempts.extend(holder, now),
            f"suspect by {name}": lambda holder=holder: attempts.suspect(holder, now),
        }
    found |= {
        "pass_on": lambda: attempts.pass_on("pc", "den"),
        "pass_on_rips": lambda: attempts.pass_on_rips(disc_id, "den"),
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


@contextmanager
def counted(services: Services) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    seen: list[str] = []

    def note(event: Any) -> None:
        seen.append(event.sql)

    services.context.database.peewee.query_hooks.append(note)
    yield seen
    services.context.database.peewee.query_hooks.remove(note)


def copies(services: Services, row: dict[str, Any], number: int) -> None:
    """Enter as many jobs more like that one: thousands of requests would take a minute."""
    rows = [row | {"job_id": str(uuid4())} for _ in range(number)]
    with services.context.database.write():
        for start in range(0, number, 500):
            Job.insert_many(rows[start : start + 500]).execute()


def costs(client: Client, services: Services) -> dict[str, int]:
    """How many statements each request of a day's work takes."""
    (running,) = client.worker()["current_jobs"]
    # With names of their own: one that is taken costs another look.
    pending = client.create_job(output_name=str(uuid4()))["job_id"]
    new = {"job_type": "transcode", "output_name": str(uuid4())}
    requests: dict[str, Callable[[], TestResponse]] = {
        "approval": lambda: client.post(
            f"/api/jobs/{pending}/approve", json={"worker_id": "gpu", "preset": "Fast 1080p30"}
        ),
        "begin": lambda: client.report(running, "running"),
        "progress": lambda: client.report(running, "running", progress=50),
        "agent's heartbeat": lambda: client.post("/api/agents/pc/heartbeat"),
        "worker's heartbeat": lambda: client.post("/api/workers/gpu/heartbeat", json={}),
        "agent's jobs": lambda: client.get("/api/agents/pc/jobs"),
        "completion": lambda: client.report(running, "completed", output_file="/out/a.mkv"),
        "entry": lambda: client.post("/api/jobs", json=new),
        "poll": lambda: client.post("/api/workers/farm/jobs/poll", json={"max_jobs": 1}),
    }
    found = {}
    for name, request in requests.items():
        with counted(services) as statements:
            ok(request())
        found[name] = len(statements)
    # As it was before: what a worker holds has its price, whatever waits.
    for job_id in client.worker("farm")["current_jobs"]:
        ok(client.report(job_id, "completed", output_file="/out/b.mkv"))
    return found


@pytest.fixture
def waiting(client) -> dict[str, Any]:
    """The row of a job that waits behind another."""
    client.register_agent()
    client.register_worker(capabilities={"max_concurrent": 1})
    client.queued_job(priority=1)
    job_id = client.queued_job()
    return dict(Job.select().where(Job.job_id == job_id).dicts().get())


def test_it_runs_as_many_statements_for_2000_waiting_jobs_as_for_10(client, services, waiting):
    client.register_worker("farm", None)
    copies(services, waiting, 9)
    few = costs(client, services)
    copies(services, waiting, 1990)
    assert ok(client.get("/api/jobs/stats"))["queued"] >= 1990
    many = costs(client, services)
    assert many == few
    assert min(few.values()) > 0


@pytest.mark.parametrize(("approved_later", "statements"), [(False, 1), (True, 10)])
def test_it_tells_the_age_of_2000_waiting_jobs_from_the_first_ones(
    services, clock, waiting, approved_later, statements
):
    copies(services, waiting, 1999)
    since = clock.now()
    if approved_later:
        clock.advance(3600)
        event = {"at": clock.now(), "to_status": "queued", "actor": "person", "attempt": 0}
        events = [event | {"job": job} for job in Job.select().where(Job.status == "queued")]
        with services.context.database.write():
            for start in range(0, len(events), 500):
                JobEvent.insert_many(events[start : start + 500]).execute()
        since = clock.now()
    with counted(services) as seen:
        assert services.context.stores.jobs.longest_queued_since(clock.now()) == since
    assert len(seen) == statements


def test_it_tells_of_2000_files_that_are_to_come_with_as_many_statements_as_of_10(client, services):
    row = dict(Job.select().where(Job.job_id == approved(client)).dicts().get())
    found = []
    for more in (9, 1990):
        copies(services, row | {"source_job_id": None}, more)
        costs = []
        for request in (
            lambda: client.get("/api/agents/pc/jobs"),
            lambda: client.post("/api/workers/farm/jobs/poll", json={}),
        ):
            with counted(services) as statements:
                answer = ok(request())
            costs.append(len(statements))
            assert answer["jobs"] == []
        found.append(costs)
    assert found[0] == found[1]
    # A bounded answer: what is behind these gets its turn.
    assert len(wanted(client)) == 100


def test_it_takes_a_progress_report_in_one_statement(client, services, waiting):
    (running,) = client.worker()["current_jobs"]
    ok(client.report(running, "running", progress=10))
    with counted(services) as statements:
        ok(client.report(running, "running", progress=20))
    assert [
        sql for sql in statements if not sql.startswith(("BEGIN", "COMMIT", "PRAGMA", "SET"))
    ] == [next(sql for sql in statements if sql.startswith("UPDATE"))]


def test_it_writes_nothing_for_a_poll_of_an_agent_that_sends_heartbeats(client, services, clock):
    client.register_agent()
    for seconds in (5, 25, 15):
        clock.advance(seconds)
        with counted(services) as statements:
            ok(client.get("/api/agents/pc/jobs"))
        assert [sql.split()[0] for sql in statements] == ["SELECT"] * 2
        if seconds == 25:
            client.heartbeat("agents/pc")


def test_it_explains_a_hundred_jobs_with_as_many_queries_as_one(client, services, waiting):
    """The first of the list is a rip that waits for its drive: the dearest kind."""
    disc_id = client.detect().approve().id
    _, *rips = client.rip(disc_id, title_indices=[0, 1, 2])
    ok(client.post(f"/api/jobs/{rips[0]}/bump"))
    assert client.assigned(rips) == [False, False]
    copies(services, waiting, 100)
    found = {}
    for limit in (1, 100):
        with counted(services) as statements:
            jobs = ok(client.get(f"/api/jobs/pending?limit={limit}"))
        assert len(jobs) == limit
        assert all(job["waiting_reason"] for job in jobs)
        found[limit] = len(statements)
    assert found[100] == found[1]
    assert jobs[0]["job_id"] == rips[0]

"""Old jobs and commands are deleted in batches, unless they are still needed."""

from collections.abc import Callable
from typing import Any

import pytest

from boz_server.database.models import ArchivedDisc, Job, JobEvent, VLCCommand
from boz_server.domain.queue.job_states import JobStatus
from boz_server.repositories import retention_repository
from boz_server.services.maintenance import retention as module
from boz_server.services.maintenance.retention import Pruned, PruneStep, count_prunable, prune
from tests.client import Client, ok
from tests.maintenance.timer import Timer
from tests.plans import noted, steps_of
from tests.support import (
    FakeClock,
    at_once,
    restart,
)

DAY = 86400.0


class PausingTimer(Timer):
    """Time that also passes in pauses."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture(autouse=True)
def retention_timer(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> PausingTimer:
    timer = PausingTimer(clock)
    monkeypatch.setattr(module, "time", timer)
    return timer


@pytest.fixture(autouse=True)
def machines(client: Client) -> None:
    client.register_agent()
    client.register_worker()


def ended(client: Client, status: str, **extra: Any) -> str:
    """Run a transcode to this end; returns its id."""
    job_id = client.assigned_job()
    ok(client.report(job_id, "running"))
    ok(client.report(job_id, status, **extra))
    return job_id


def left() -> set[str]:
    return {job.job_id for job in Job.select(Job.job_id)}


def test_it_deletes_what_is_done_after_a_month(client, services, clock):
    done = ended(client, "completed")
    cancelled = str(client.create_job()["job_id"])
    ok(client.post(f"/api/jobs/{cancelled}/cancel"))
    open_job = str(client.create_job()["job_id"])
    clock.advance(30 * DAY)
    assert prune(services.context) == Pruned()
    assert left() == {done, cancelled, open_job}
    clock.advance(1)
    events = JobEvent.select().where(JobEvent.job.in_([done, cancelled])).count()
    expected = Pruned(jobs=2, job_events=events)
    assert count_prunable(services.context) == expected
    assert prune(services.context) == expected
    assert left() == {open_job}
    assert {event.job_id for event in JobEvent.select()} == {open_job}


@pytest.mark.parametrize(
    ("status", "error"), [("failed", "HandBrake: no space"), ("completed", "Upload failed: 507")]
)
def test_it_keeps_what_came_to_nothing_for_longer(app, client, clock, status, error):
    services = restart(app, max_attempts=1)
    job_id = ended(client, status, error=error)
    clock.advance(89 * DAY)
    assert prune(services.context) == Pruned()
    clock.advance(2 * DAY)
    assert prune(services.context).jobs == 1
    assert job_id not in left()


def test_it_keeps_a_failed_job_that_is_tried_again(client, services, clock):
    job_id = ended(client, "failed", error="Upload failed: no route to host")
    assert Job.get().scheduled_at is not None
    clock.advance(200 * DAY)
    assert prune(services.context) == Pruned()
    assert left() == {job_id}


def test_it_goes_by_the_settings(app, client, clock):
    ended(client, "completed")
    failed = ended(restart(app, max_attempts=1) and client, "failed", error="No.")
    clock.advance(3 * DAY)
    services = restart(app, retention_jobs_days=2, retention_failed_jobs_days=0)
    assert prune(services.context).jobs == 1
    clock.advance(36500 * DAY)
    assert prune(services.context) == Pruned()
    assert left() == {failed}


def test_it_keeps_the_rips_of_a_disc_in_its_drive(client, services, clock):
    disc_id, rips = client.ordered_rips()
    for job_id in rips:
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, "completed"))
    clock.advance(100 * DAY)
    assert prune(services.context) == Pruned()
    status = ok(client.get(f"/api/discs/{disc_id}/rip-status"))
    assert status["all_rips_complete"] is True
    client.eject()
    assert prune(services.context).jobs == len(rips)


def test_it_keeps_a_rip_whose_transcode_is_not_done(app, client, clock):
    services = restart(app)
    _, rips = client.ordered_rips()
    for job_id in rips:
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, "completed", output_file=f"/rips/{job_id}.mkv"))
    first, *others = ok(client.get("/api/jobs/awaiting-approval"))
    for job in others:
        ok(client.post(f"/api/jobs/{job['job_id']}/cancel"))
    client.eject()
    clock.advance(200 * DAY)
    prune(services.context)
    assert left() == {first["job_id"], Job.get_by_id(first["job_id"]).source_job_id}
    ok(client.post(f"/api/jobs/{first['job_id']}/cancel"))
    assert prune(services.context).jobs == 1
    assert left() == {first["job_id"]}


def test_it_deletes_a_rip_together_with_the_transcode_that_it_is_kept_for(app, client, clock):
    services = restart(app, max_attempts=1)
    _, rips = client.ordered_rips(label="ALIEN", minutes=(117,))
    for job_id in rips:
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, "completed", output_file=f"/rips/{job_id}.mkv"))
    (transcode,) = ok(client.get("/api/jobs/awaiting-approval"))
    body = {"worker_id": "gpu", "preset": "Fast 1080p30"}
    ok(client.post(f"/api/jobs/{transcode['job_id']}/approve", json=body))
    ok(client.report(transcode["job_id"], "failed", error="No."))
    client.eject()
    clock.advance(60 * DAY)
    assert prune(services.context) == Pruned()
    clock.advance(140 * DAY)
    foreseen = count_prunable(services.context)
    assert (foreseen.jobs, foreseen.archived_discs) == (2, 1)
    assert prune(services.context) == foreseen
    assert left() == set()


def test_it_leaves_a_job_that_a_person_tries_again_meanwhile(app, client, clock):
    services = restart(app, max_attempts=1)
    job_id = ended(client, "failed", error="No.")
    clock.advance(91 * DAY)
    client.register_agent()
    cutoffs = module.cutoffs(services.context)
    batch = services.context.stores.retention.old_jobs(cutoffs, None)
    assert [job.job_id for job in batch] == [job_id]
    ok(client.post(f"/api/jobs/{job_id}/retry"))
    assert services.context.stores.retention.delete_jobs(batch, cutoffs) == set()
    assert left() == {job_id}


def test_it_deletes_no_more_than_a_batch_at_a_time(client, services, clock, monkeypatch):
    jobs = [ended(client, "completed") for _ in range(5)]
    events = JobEvent.select().count()
    rows_a_job = 1 + events // len(jobs)
    monkeypatch.setattr(retention_repository, "BATCH", 2 * rows_a_job + 1)
    clock.advance(31 * DAY)
    batches = [batch.jobs for batch in module.batches(services.context) if batch.jobs]
    assert batches == [2, 2, 1]


def test_it_deletes_a_job_with_more_events_than_a_batch_takes(client, services, clock, monkeypatch):
    ended(client, "completed")
    monkeypatch.setattr(retention_repository, "BATCH", 2)
    clock.advance(31 * DAY)
    assert prune(services.context).jobs == 1
    assert left() == set()


def test_it_passes_over_what_stays_without_end(client, services, clock, monkeypatch):
    monkeypatch.setattr(retention_repository, "BATCH", 4)
    _, rips = client.ordered_rips()
    for job_id in rips:
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, "completed"))
    gone = [ended(client, "completed") for _ in range(4)]
    clock.advance(31 * DAY)
    assert prune(services.context).jobs == len(gone)
    assert left() == set(rips)


def test_it_stops_after_a_moment_and_goes_on_later(
    client, services, clock, retention_timer, monkeypatch
):
    for _ in range(3):
        ended(client, "completed")
    monkeypatch.setattr(retention_repository, "BATCH", 1)
    delete: Callable[..., set[str]] = services.context.stores.retention.delete_jobs

    def slow(*arguments: Any) -> set[str]:
        retention_timer.seconds += 1.6
        return delete(*arguments)

    monkeypatch.setattr(services.context.stores.retention, "delete_jobs", slow)
    clock.advance(31 * DAY)
    step = PruneStep()
    step.run(services.context)
    assert len(left()) == 1
    # Others could write for as long as each batch took.
    assert retention_timer.pauses == pytest.approx([1.6, 1.6])
    step.run(services.context)
    assert left() == set()


def test_it_lets_others_write_between_two_discs(
    client, services, clock, retention_timer, monkeypatch
):
    for label in ("ALIEN", "HEAT", "SOLARIS"):
        clock.advance(60)
        client.detect(label, (99,))
    client.eject()
    clock.advance(181 * DAY)
    put_away: Callable[..., None] = services.context.stores.archive.put_away

    def slow(*arguments: Any) -> None:
        retention_timer.seconds += 2
        put_away(*arguments)

    def pause(_: float) -> None:
        assert not services.context.database.peewee.in_transaction()

    monkeypatch.setattr(services.context.stores.archive, "put_away", slow)
    monkeypatch.setattr(retention_timer, "sleep", pause)
    step = PruneStep()
    step.run(services.context)
    assert [disc.disc_name for disc in ArchivedDisc.select()] == ["ALIEN", "HEAT"]
    step.run(services.context)
    assert ArchivedDisc.select().count() == 3


def test_it_rests_for_an_hour_once_nothing_is_left(client, services, clock, retention_timer):
    job_id = ended(client, "completed")
    step = PruneStep()
    step.run(services.context)
    clock.advance(31 * DAY)
    step.run(services.context)
    assert left() == {job_id}
    retention_timer.pass_by(3600)
    step.run(services.context)
    assert left() == set()


def test_it_deletes_old_commands_for_vlc(client, services, clock):
    client.register_worker(capabilities={"vlc_installed": True})
    body = {"agent_id": "pc", "file_path": "/a.mkv"}
    for _ in range(3):
        ok(client.post("/api/vlc/preview", json=body))
    clock.advance(31 * DAY)
    young = ok(client.post("/api/vlc/preview", json=body))["command_id"]
    assert count_prunable(services.context) == Pruned(vlc_commands=3)
    assert prune(services.context) == Pruned(vlc_commands=3)
    assert [command.command_id for command in VLCCommand.select()] == [young]


def test_it_frees_an_agent_from_a_job_that_goes(client, services, clock):
    ended(client, "completed")
    clock.advance(31 * DAY)
    prune(services.context)
    agent = ok(client.get("/api/agents/pc"))
    assert agent["current_job_id"] is None
    assert ok(client.get("/api/workers/gpu"))["total_jobs_completed"] == 1


def test_it_shares_the_work_with_another_process(client, services, clock, monkeypatch):
    jobs = [ended(client, "completed") for _ in range(6)]
    monkeypatch.setattr(retention_repository, "BATCH", 5)
    clock.advance(31 * DAY)

    def prune_jobs() -> int:
        try:
            return prune(services.context).jobs
        finally:
            services.context.database.release()

    assert sum(at_once(prune_jobs, prune_jobs)) == len(jobs)
    assert left() == set()


def test_it_answers_a_late_report_on_a_job_that_is_gone(client, services, clock):
    job_id = client.queued_job()
    token = client.lease_token(job_id)
    ok(client.report(job_id, "completed", lease_token=token))
    clock.advance(31 * DAY)
    prune(services.context)
    answer = client.report(job_id, "completed", output_file="/a.mkv")
    assert answer.status_code == 404
    assert Job.select().where(Job.status == JobStatus.COMPLETED).count() == 0


# PostgreSQL plans by statistics, and uses no index on tables this small.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_finds_the_oldest_by_index(client, services, clock, monkeypatch):
    for _ in range(3):
        ended(client, "completed")
    monkeypatch.setattr(retention_repository, "BATCH", 1)
    clock.advance(31 * DAY)
    with noted(services) as statements:
        prune(services.context)
    steps = set(steps_of(services, statements))
    assert (
        "SEARCH t1 USING INDEX idx_jobs_completed_at (completed_at>? AND completed_at<?)" in steps
    )
    read_whole = {step for step in steps if step.startswith("SCAN")}
    # One row for each machine, and each disc that is not archived.
    assert read_whole <= {"SCAN agents", "SCAN t1 USING INDEX idx_discs_newest"}
    assert not any("ORDER BY" in step for step in steps)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_uses_the_indexes_too_where_no_job_came_from_another(client, services, clock):
    for _ in range(5):
        ended(client, "completed")
    # SQLite learns that columns which are always null have one value.
    services.context.database.peewee.execute_sql("ANALYZE")
    services.context.database.peewee.execute_sql(
        "UPDATE sqlite_stat1 SET stat = replace(stat, '5', '200000') WHERE tbl = 'jobs'"
    )
    services.context.database.close()
    clock.advance(31 * DAY)
    with noted(services) as statements:
        prune(services.context)
    steps = set(steps_of(services, statements))
    assert not {step for step in steps if step.startswith(("SCAN later", "SCAN jobs"))}
    assert any("later USING INDEX idx_jobs_source" in step for step in steps)

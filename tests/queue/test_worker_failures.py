"""A worker's failure is one attempt: another worker tries the job, or it does so again later."""

from datetime import timedelta
from typing import Any

import pytest

from boz_server.database.models import Job
from boz_server.services.queue import dispatcher, failures, leases
from tests.client import UNREADABLE, Client, ok
from tests.support import restart

REASON = "HandBrake exited with code 3"
NVENC = "H.265 NVENC 1080p"
GPU = {"nvenc": True, "hevc": True}


def share(number: int = 0) -> str:
    """A file that any worker may read."""
    return f"\\\\nas\\rips\\{number}.mkv"


def fail(client: Client, job_id: str, error: str = REASON, **extra: Any) -> dict[str, Any]:
    """Let the worker that has a job begin it and fail; the job as it is then."""
    ok(client.report(job_id, "running", progress=10, **extra))
    ok(client.report(job_id, "failed", error=error, **extra))
    return client.job(job_id)


@pytest.fixture
def pair(client) -> None:
    """Two agents with a worker each; "gpu" is preferred."""
    for agent_id, worker_id, priority in (("pc", "gpu", 1), ("den", "cpu", 9)):
        client.register_agent(agent_id)
        client.register_worker(worker_id, agent_id, priority=priority, capabilities=GPU)


@pytest.fixture
def farms(client) -> None:
    """Two workers that ask for their jobs."""
    client.register_agent()
    for worker_id in ("farm", "barn"):
        client.register_worker(worker_id, None, capabilities=GPU)


@pytest.mark.usefixtures("pair")
def test_it_gives_a_job_to_another_worker_in_the_same_moment(client):
    job_id = client.queued_job(input_file=share())
    assert client.job(job_id)["assigned_worker_id"] == "gpu"
    job = fail(client, job_id)
    assert (job["status"], job["assigned_worker_id"], job["attempt"]) == ("assigned", "cpu", 2)
    assert job["error"] is None
    ok(client.report(job_id, "completed"))
    assert [(event["to_status"], event["detail"]) for event in client.history(job_id)[2:4]] == [
        ("running", None),
        ("queued", REASON),
    ]


@pytest.mark.usefixtures("farms")
def test_it_hands_a_job_to_another_worker_that_asks(client, clock):
    job_id = client.queued_job(input_file=share())
    (work,) = client.poll("farm")
    ok(client.complete(job_id, "farm", success=False, error=REASON))
    assert client.poll("farm") == []
    clock.advance(59)
    assert client.poll("farm") == []
    (again,) = client.poll("barn")
    assert (again["job_id"], again["attempt"]) == (work["job_id"], 2)


@pytest.mark.usefixtures("gpu")
def test_it_lets_the_only_worker_try_again_after_a_pause(client, services, clock):
    job_id = client.queued_job(input_file=share())
    for pause in (60, 120):
        job = fail(client, job_id)
        assert (job["status"], job["error"]) == ("queued", REASON)
        clock.advance(pause - 1)
        client.register_agent()
        client.register_worker()
        dispatcher.dispatch_now(services.context)
        assert client.job(job_id)["status"] == "queued"
        clock.advance(pause / 4 + 1)
        dispatcher.dispatch_now(services.context)
        assert client.job(job_id)["status"] == "assigned"
    job = fail(client, job_id, "Disk full")
    assert (job["status"], job["attempt"]) == ("failed", 3)
    assert job["error"] == (
        f"Given up after 3 attempts: attempt 1: {REASON}; attempt 2: {REASON};"
        " attempt 3: Disk full. Mend what is wrong, then retry the job."
    )
    assert client.worker()["paused_at"] is None


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize(
    "limits", [{"max_attempts": 2}, {"max_attempts": 9, "max_transcode_attempts": 2}]
)
def test_it_fails_a_job_once_its_attempts_are_used_up(app, client, limits):
    restart(app, **limits)
    job_id = client.queued_job(input_file=share())
    assert fail(client, job_id)["status"] == "assigned"
    assert fail(client, job_id, "Disk full")["status"] == "failed"


@pytest.mark.usefixtures("pc")
def test_it_tries_the_workers_of_one_machine_in_turn(client):
    for number, worker_id in enumerate(("pc-NVENC", "pc-QSV", "pc-CPU"), 1):
        client.register_worker(worker_id, priority=number)
    ok(client.report(client.one_rip(), "completed", output_file="D:\\rips\\alien.mkv"))
    job_id = client.queued_job(input_file="D:\\rips\\alien.mkv")
    tried = [client.job(job_id)["assigned_worker_id"]]
    tried += [fail(client, job_id)["assigned_worker_id"] for _ in range(2)]
    assert tried == ["pc-NVENC", "pc-QSV", "pc-CPU"]
    assert fail(client, job_id)["status"] == "failed"


@pytest.mark.usefixtures("pair")
def test_it_keeps_a_file_on_an_agents_disk_with_that_agent(client, services, clock):
    ok(client.report(client.one_rip(), "completed", output_file="D:\\rips\\alien.mkv"))
    job_id = client.queued_job(input_file="D:\\rips\\alien.mkv")
    job = fail(client, job_id)
    assert (job["status"], job["assigned_worker_id"]) == ("queued", None)
    clock.advance(76)
    client.register_worker("gpu", priority=1, capabilities=GPU)
    client.register_worker("cpu", "den", priority=9, capabilities=GPU)
    dispatcher.dispatch_now(services.context)
    assert client.job(job_id)["assigned_worker_id"] == "gpu"


@pytest.mark.usefixtures("pair")
def test_it_gives_it_to_no_worker_that_can_not_do_it(client):
    client.register_worker("cpu", "den", priority=9, capabilities={})
    job_id = client.queued_job(input_file=share(), preset=NVENC)
    assert fail(client, job_id)["status"] == "queued"
    client.register_worker("cpu", "den", priority=9, capabilities=GPU)
    assert client.job(job_id)["assigned_worker_id"] == "cpu"


@pytest.mark.usefixtures("pair")
def test_it_lets_a_persons_choice_yield_once_it_has_failed(client):
    job_id = client.approved_job("cpu", input_file=share())
    assert client.job(job_id)["assigned_worker_id"] == "cpu"
    assert fail(client, job_id)["assigned_worker_id"] == "gpu"


@pytest.mark.usefixtures("farms")
def test_it_lets_the_choice_of_a_worker_that_asks_yield_as_well(client):
    job_id = client.approved_job("farm", input_file="/somewhere/a.mkv")
    fail(client, job_id)
    assert [work["job_id"] for work in client.poll("barn")] == [job_id]


@pytest.mark.parametrize("chosen", [True, False])
def test_it_leaves_a_job_to_its_worker_without_failover(app, client, clock, pair, chosen):
    services = restart(app, worker_auto_failover=False)
    job_id = (
        client.approved_job("gpu", input_file=share())
        if chosen
        else client.queued_job(input_file=share())
    )
    assert fail(client, job_id)["status"] == "queued"
    assert client.job(job_id)["waiting_reason"].startswith(
        "It failed on worker 'gpu', which may try it again from 2026-01-24 12:3"
    )
    clock.advance(76)
    for worker_id, agent_id in (("cpu", "den"), ("gpu", "pc")):
        client.register_worker(worker_id, agent_id, capabilities=GPU)
    dispatcher.dispatch_now(services.context)
    assert client.job(job_id)["assigned_worker_id"] == "gpu"


@pytest.mark.usefixtures("gpu")
def test_it_leaves_a_preset_that_only_the_chosen_worker_was_to_try_with_it(client, services, clock):
    job_id = client.create_job(input_file=share())["job_id"]
    client.approve_job(job_id, preset=NVENC)
    for _ in range(2):
        assert fail(client, job_id)["status"] == "queued"
        clock.advance(151)
        client.register_agent()
        client.register_worker()
        dispatcher.dispatch_now(services.context)
    assert fail(client, job_id)["status"] == "failed"


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("how", ["retry", "assign"])
def test_it_begins_anew_as_a_person_intervenes(app, client, how):
    restart(app, max_attempts=2 if how == "retry" else 3)
    job_id = client.queued_job(input_file=share())
    fail(client, job_id)
    if how == "retry":
        ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc"))
        fail(client, job_id)
        ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc"))
        assert fail(client, job_id, UNREADABLE)["status"] == "failed"
        client.retry(job_id)
    else:
        ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc"))
    job = client.job(job_id)
    assert (job["status"], job["assigned_worker_id"]) == ("assigned", "gpu")
    assert fail(client, job_id)["status"] == "queued"


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize("error", [UNREADABLE, "scan: unrecognized file type"])
def test_it_fails_at_once_what_no_worker_can_read(client, error):
    for number in range(4):
        job = fail(client, client.queued_job(input_file=share(number)), error)
        assert (job["status"], job["error"], job["attempt"]) == ("failed", error, 1)
    # It is the file's fault.
    worker = client.worker()
    assert (worker["consecutive_failures"], worker["paused_at"]) == (0, None)


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize(
    "error", ["Input file not found: network drive gone", "scan: unrecognized file type\nNo title"
              " found: hb_stream_open: open \\\\nas\\rips\\0.mkv failed"]
)  # fmt: skip
def test_it_does_not_take_a_missing_file_for_a_broken_one(client, error):
    assert fail(client, client.queued_job(input_file=share()), error)["status"] == "assigned"


@pytest.mark.usefixtures("pc")
def test_it_fails_at_once_what_no_worker_would_get_again(client):
    """A person gave it to an agent that has no worker."""
    job = fail(client, client.assigned_job())
    assert (job["status"], job["error"]) == ("failed", REASON)


@pytest.mark.usefixtures("gpu")
def test_it_waits_no_longer_after_the_clock_was_set_back(client, services, clock):
    job_id = client.queued_job(input_file=share())
    fail(client, job_id)
    hour = timedelta(hours=1)
    clock.advance(-3600)
    with services.context.database.write_queue():
        leases.renew_all(services.context, clock.now(), put_back=hour)
    clock.advance(76)
    dispatcher.dispatch_now(services.context)
    assert client.job(job_id)["status"] == "assigned"


@pytest.mark.usefixtures("gpu")
def test_it_says_where_it_failed_and_when_it_goes_on(client, services, clock):
    job_id = client.queued_job(input_file=share())
    fail(client, job_id)
    assert client.job(job_id)["waiting_reason"].startswith(
        "It failed on worker 'gpu': another one may begin it now, and that one from 2026-01-24 12:3"
    )
    clock.advance(76)
    assert client.job(job_id)["waiting_reason"] is None


@pytest.mark.usefixtures("gpu")
def test_it_counts_each_attempt_that_failed_and_tells_people_once(app, client, clock):
    services = restart(app, max_attempts=2, discord_webhook_url="http://localhost/hook",
                       discord_enabled=True)  # fmt: skip
    sql = services.context.database.peewee.execute_sql
    job_id = client.queued_job(input_file=share())
    fail(client, job_id)
    assert sql("SELECT COUNT(*) FROM outbox").fetchone() == (0,)
    clock.advance(76)
    client.register_worker()
    fail(client, job_id)
    assert sql("SELECT COUNT(*) FROM outbox").fetchone() == (1,)
    (counts,) = ok(client.get("/api/analytics/jobs?group_by=type"))["groups"]
    assert (counts["jobs"], counts["failed"], counts["retried"]) == (1, 1, 1)


# A worker that is paused


@pytest.mark.usefixtures("farms")
@pytest.mark.parametrize("attempts", [1, 3])
def test_it_queues_again_what_a_paused_worker_failed(app, client, clock, attempts):
    """A node that lost its network drive failed job after job, and stopped the others."""
    restart(app, max_attempts=attempts)
    jobs = []
    for number in range(4):
        jobs.append(client.queued_job(input_file=share(number)))
        clock.advance(1)
    for job_id in jobs[:3]:
        (work,) = client.poll("farm")
        assert work["job_id"] == job_id
        error, token = "Input file not found: network drive gone", work["lease_token"]
        ok(client.complete(job_id, "farm", success=False, error=error, lease_token=token))
    assert client.poll("farm") == []
    assert client.worker("farm")["paused_at"] is not None
    assert client.statuses(jobs) == ["queued"] * 4
    assert ok(client.get("/api/jobs?status=failed")) == []
    for job_id in jobs:
        (work,) = client.poll("barn")
        assert work["job_id"] == job_id
        ok(client.complete(job_id, "barn"))
    assert client.statuses(jobs) == ["completed"] * 4


@pytest.mark.usefixtures("pair")
def test_it_gives_what_a_paused_worker_of_an_agent_failed_to_the_other_agents(client, clock):
    client.register_worker("cpu", "den", priority=9, capabilities=GPU | {"max_concurrent": 1})
    jobs = []
    for number in range(3):
        jobs.append(client.queued_job(input_file=share(number)))
        fail(client, jobs[-1])
        clock.advance(1)
    assert client.worker()["paused_at"] is not None
    assert client.statuses(jobs) == ["assigned", "queued", "queued"]
    for job_id in jobs:
        assert client.job(job_id)["assigned_worker_id"] == "cpu"
        ok(client.report(job_id, "completed"))


@pytest.mark.usefixtures("gpu")
def test_it_does_not_count_the_failures_of_a_paused_worker(app, client, clock):
    """Its only worker lost its drive; once it is mended, every job has all its attempts."""
    services = restart(app, max_attempts=2)
    jobs = []
    for number in range(3):
        jobs.append(client.queued_job(input_file=share(number)))
        fail(client, jobs[-1])
        clock.advance(1)
    assert client.worker()["paused_at"] is not None
    assert "paused" in client.job(jobs[0])["waiting_reason"]
    ok(client.post("/api/workers/gpu/enable"))
    assert client.assigned(jobs) == [True, True, False]
    assert fail(client, jobs[0])["status"] == "queued"
    for job_id in jobs[1:]:
        ok(client.report(job_id, "completed"))
    clock.advance(76)
    client.register_worker()
    dispatcher.dispatch_now(services.context)
    assert fail(client, jobs[0])["status"] == "failed"


@pytest.mark.usefixtures("gpu")
def test_it_leaves_a_job_that_a_person_has_cancelled(app, client):
    restart(app, max_attempts=1)
    jobs = [client.queued_job(input_file=share(number)) for number in range(2)]
    cancelled = client.queued_job(input_file=share(9))
    fail(client, jobs[0])
    fail(client, jobs[1])
    client.cancel(cancelled)
    last = client.queued_job(input_file=share(3))
    fail(client, last)
    assert client.statuses([*jobs, cancelled, last]) == ["queued", "queued", "cancelled", "queued"]


@pytest.mark.usefixtures("gpu")
def test_it_leaves_a_failed_job_that_has_a_successor(app, client):
    restart(app, max_attempts=1)
    ok(client.report(client.one_rip(), "completed", output_file="D:\\rips\\alien.mkv"))
    first = client.queued_job(input_file="D:\\rips\\alien.mkv")
    assert fail(client, first)["status"] == "failed"
    successor = client.create_job(input_file="D:\\rips\\alien.mkv")["job_id"]
    assert successor != first
    others = [client.queued_job(input_file=share(number)) for number in range(2)]
    for job_id in others:
        fail(client, job_id)
    assert client.worker()["paused_at"] is not None
    assert client.statuses([first, successor, *others]) == ["failed", "pending", "queued", "queued"]


@pytest.mark.usefixtures("gpu")
def test_it_leaves_what_failed_before_the_worker_last_did_a_job_well(app, client, clock):
    restart(app, max_attempts=1)
    before = client.queued_job(input_file=share())
    fail(client, before)
    clock.advance(1)
    ok(client.report(client.queued_job(input_file=share(1)), "completed"))
    for number in range(3):
        fail(client, client.queued_job(input_file=share(2 + number)))
    assert client.worker()["paused_at"] is not None
    assert client.job(before)["status"] == "failed"


@pytest.mark.usefixtures("gpu")
def test_it_queues_again_what_fails_on_a_worker_that_is_paused_already(app, client):
    restart(app, max_attempts=1)
    client.register_worker(capabilities={"max_concurrent": 4})
    jobs = [client.queued_job(input_file=share(number)) for number in range(4)]
    for job_id in jobs:
        fail(client, job_id)
    assert client.worker()["consecutive_failures"] == 4
    assert client.statuses(jobs) == ["queued"] * 4


@pytest.mark.usefixtures("gpu")
def test_it_pauses_no_worker_over_one_job_that_fails_again_and_again(app, client, clock):
    services = restart(app, max_attempts=5)
    job_id = client.queued_job(input_file=share())
    for _ in range(5):
        fail(client, job_id)
        clock.advance(3600)
        client.register_worker()
        dispatcher.dispatch_now(services.context)
    assert client.job(job_id)["status"] == "failed"
    worker = client.worker()
    assert (worker["consecutive_failures"], worker["paused_at"]) == (1, None)


@pytest.mark.usefixtures("gpu")
def test_it_tells_nobody_of_the_failure_that_pauses_a_worker(app, client):
    """Its job goes on, although its attempts were used up."""
    services = restart(app, max_attempts=1, discord_webhook_url="http://localhost/hook",
                       discord_enabled=True)  # fmt: skip
    sql = services.context.database.peewee.execute_sql
    jobs = [client.queued_job(input_file=share(number)) for number in range(3)]
    for job_id in jobs[:2]:
        fail(client, job_id)
    (before,) = sql("SELECT COUNT(*) FROM outbox").fetchone()
    assert fail(client, jobs[2])["status"] == "queued"
    assert client.worker()["paused_at"] is not None
    assert sql("SELECT COUNT(*) FROM outbox").fetchone() == (before,)
    assert "failed" not in [event["to_status"] for event in client.history(jobs[2])]
    assert Job.get_by_id(jobs[2]).failures == 0


@pytest.mark.usefixtures("gpu")
def test_it_leaves_a_job_of_a_paused_worker_whose_file_no_worker_can_read(app, client, clock):
    services = restart(app, max_attempts=1)
    unreadable = client.queued_job(input_file=share())
    ok(client.report(unreadable, "failed"))
    clock.advance(10)
    failures.decide(services.context)
    ok(client.report(unreadable, "failed", error=UNREADABLE))
    others = [client.queued_job(input_file=share(number)) for number in (1, 2)]
    for job_id in others:
        fail(client, job_id)
    assert client.worker()["paused_at"] is not None
    assert client.statuses([unreadable, *others]) == ["failed", "queued", "queued"]

"""A machine may report a failure twice, first without the reason; the reason is kept."""

from typing import Any

import pytest

from boz_server.services.queue import dispatcher, failures, leases
from tests.client import UNREADABLE, Client, ok
from tests.support import assert_problem, restart, unchanged

REASON = "HandBrake exited with code 3"
SHARE = "\\\\nas\\rips\\alien.mkv"
NO_REASON = "The machine gave no reason."


@pytest.fixture(autouse=True)
def machines(client):
    client.register_agent()
    client.register_worker(priority=1)


@pytest.fixture
def den(client):
    """Another machine with a worker."""
    client.register_agent("den")
    client.register_worker("cpu", "den")


def running(client: Client, **extra: Any) -> str:
    """A transcode that runs on the first worker."""
    job_id = client.queued_job(**extra)
    ok(client.report(job_id, "running", progress=50))
    return job_id


def details(client: Client, job_id: str) -> list[str | None]:
    return [event["detail"] for event in client.history(job_id)]


def failed_twice(client: Client, job_id: str, reason: str | None = REASON) -> dict[str, Any]:
    """The two reports of today's agents."""
    ok(client.report(job_id, "failed", progress=50))
    return dict(ok(client.report(job_id, "failed", error=reason)))


@pytest.mark.parametrize("begun", [True, False])
def test_it_waits_for_the_reason(client, services, clock, begun):
    job_id = running(client) if begun else client.queued_job()
    before = client.job(job_id)
    answer = ok(client.report(job_id, "failed", progress=50))
    assert answer["status"] == before["status"]
    assert answer["error"] is None
    # An attempt that was never begun has no progress to go back from.
    assert answer["progress"] == before["progress"]
    clock.advance(9.9)
    assert failures.decide(services.context) == 0
    assert client.job(job_id)["status"] == before["status"]
    job = ok(client.report(job_id, "failed", error=REASON))
    assert (job["status"], job["error"]) == ("queued", REASON)
    assert details(client, job_id)[-1] == REASON
    assert client.worker()["consecutive_failures"] == 1


@pytest.mark.parametrize("error", [REASON, "Input file not found: Z:\\a.mkv"])
def test_it_keeps_the_reason_of_a_job_that_fails_for_good(app, client, error):
    restart(app, max_attempts=1)
    job = failed_twice(client, running(client), error)
    assert (job["status"], job["error"], job["progress"]) == ("failed", error, 50)


def test_it_keeps_the_reason_of_a_rip(app, client):
    restart(app, max_attempts=1)
    job = failed_twice(client, client.one_rip(), "The disc is scratched.")
    assert (job["status"], job["error"]) == ("failed", "The disc is scratched.")


@pytest.mark.parametrize("how", ["second report", "silence"])
def test_it_decides_without_a_reason_by_the_second_report_or_after_ten_seconds(
    client, services, clock, how
):
    job_id = running(client)
    if how == "second report":
        failed_twice(client, job_id, None)
    else:
        ok(client.report(job_id, "failed"))
        clock.advance(10)
        assert failures.decide(services.context) == 1
    job = client.job(job_id)
    assert (job["status"], job["error"]) == ("queued", NO_REASON)
    assert details(client, job_id)[-1] == NO_REASON
    assert client.worker()["consecutive_failures"] == 1
    clock.advance(3600)
    assert failures.decide(services.context) == 0


def test_it_decides_at_once_where_the_clock_was_set_back(client, services, clock):
    job_id = running(client)
    ok(client.report(job_id, "failed"))
    clock.advance(-3600)
    assert failures.decide(services.context) == 1
    assert client.job(job_id)["error"] == NO_REASON


def test_it_waits_for_the_reason_of_a_failure_that_comes_while_it_waits_for_the_queue(
    client, services, clock, monkeypatch
):
    job_id, database = running(client), services.context.database
    write_queue = database.write_queue

    def after_a_report() -> Any:
        monkeypatch.undo()
        clock.advance(2)
        ok(client.report(job_id, "failed"))
        return write_queue()

    monkeypatch.setattr(database, "write_queue", after_a_report)
    assert failures.decide(services.context) == 0
    clock.advance(-1)
    assert failures.decide(services.context) == 0
    assert ok(client.report(job_id, "failed", error=REASON))["error"] == REASON


def test_it_decides_at_once_where_the_reason_is_told(client):
    job_id = running(client)
    assert ok(client.report(job_id, "failed", error=REASON))["status"] == "queued"


@pytest.mark.parametrize(
    ("status", "extra"),
    [("running", {"progress": 51}), ("completed", {"output_file": "D:\\a.mkv"}), ("assigned", {}),
     ("cancelled", {})],
)  # fmt: skip
def test_it_goes_by_what_the_machine_says_next(client, services, clock, status, extra):
    job_id = running(client)
    ok(client.report(job_id, "failed"))
    ok(client.report(job_id, status, **extra))
    clock.advance(30)
    assert failures.decide(services.context) == 0
    job = client.job(job_id)
    assert (job["status"], job["error"]) == (status, None)


@pytest.mark.parametrize("status", ["pending", "queued"])
def test_it_does_not_take_a_word_that_nothing_has_begun_for_going_on(
    client, services, clock, status
):
    job_id = running(client)
    ok(client.report(job_id, "failed"))
    ok(client.report(job_id, status, progress=0.0))
    clock.advance(10)
    assert failures.decide(services.context) == 1


def test_it_gives_nobody_a_job_that_awaits_its_reason(app, client, clock):
    services = restart(app, agent_timeout_seconds=1, worker_timeout_seconds=1)
    client.register_worker("farm", None)
    job_id = running(client)
    ok(client.report(job_id, "failed"))
    clock.advance(9)
    leases.rescue(services.context)
    dispatcher.dispatch_now(services.context)
    assert client.poll() == []
    assert client.job(job_id)["status"] == "running"


def test_it_counts_as_a_failure_what_its_agent_failed_before_it_signed_off(client, services, clock):
    job_id = running(client)
    ok(client.report(job_id, "failed"))
    client.sign_off()
    clock.advance(10)
    assert failures.decide(services.context) == 1
    assert client.job(job_id)["error"] == NO_REASON
    assert client.worker()["consecutive_failures"] == 1


def decided(client: Client, services: Any, clock: Any, **extra: Any) -> str:
    """A job whose first attempt was decided on without a reason."""
    job_id = running(client, **extra)
    ok(client.report(job_id, "failed"))
    clock.advance(10)
    failures.decide(services.context)
    return job_id


def test_it_adds_a_late_reason_to_a_job_that_waits(client, services, clock):
    job_id = decided(client, services, clock)
    job = ok(client.report(job_id, "failed", error=REASON))
    assert (job["status"], job["error"], job["attempt"]) == ("queued", REASON, 1)
    assert client.history(job_id)[-1] | {"at": None} == {
        "at": None,
        "from_status": "queued",
        "to_status": "queued",
        "actor": "agent:pc",
        "attempt": 1,
        "detail": f"Attempt 1 failed: {REASON}",
    }
    assert client.worker()["consecutive_failures"] == 1
    with unchanged(services):
        ok(client.report(job_id, "failed", error=REASON))
        ok(client.report(job_id, "failed", error="In other words"))
        ok(client.report(job_id, "failed"))


def test_it_adds_a_late_reason_to_a_job_that_has_failed(app, client, clock):
    services = restart(app, max_attempts=1)
    job_id = decided(client, services, clock)
    assert client.job(job_id)["error"] == NO_REASON
    job = ok(client.report(job_id, "failed", error=REASON))
    assert (job["status"], job["error"]) == ("failed", REASON)


@pytest.mark.parametrize("begun", [False, True])
def test_it_never_fails_the_next_attempt_by_a_late_reason(client, den, services, clock, begun):
    job_id = decided(client, services, clock, input_file=SHARE)
    assert client.job(job_id)["assigned_worker_id"] == "cpu"
    if begun:
        client.agent_jobs("den")
        ok(client.report(job_id, "running", progress=3))
    before = client.job(job_id)
    assert ok(client.report(job_id, "failed", error=REASON)) == before
    assert details(client, job_id)[-1] == f"Attempt 1 failed: {REASON}"
    assert client.worker("cpu")["consecutive_failures"] == 0


def test_it_fails_the_next_attempt_by_a_report_of_its_own(client, den, services, clock):
    job_id = decided(client, services, clock, input_file=SHARE)
    ok(client.report(job_id, "running", progress=3))
    job = failed_twice(client, job_id, "Out of memory")
    assert (job["status"], job["attempt"], job["error"]) == ("queued", 2, "Out of memory")
    assert client.worker("cpu")["consecutive_failures"] == 1


def test_it_takes_no_reason_for_a_late_one_long_after(client, den, services, clock):
    job_id = decided(client, services, clock, input_file=SHARE)
    ok(client.report(job_id, "running", progress=3))
    clock.advance(121)
    assert ok(client.report(job_id, "failed", error=REASON))["status"] == "queued"


@pytest.mark.parametrize("error", [None, REASON])
def test_it_takes_the_same_failure_again_for_one_before_the_next_attempt_is_fetched(
    client, den, services, error
):
    job_id = running(client, input_file=SHARE)
    failed_twice(client, job_id)
    assert client.job(job_id)["assigned_worker_id"] == "cpu"
    with unchanged(services):
        ok(client.report(job_id, "failed", error=error))


def test_it_knows_a_late_reason_by_its_token(client, services, clock):
    for worker_id in ("farm", "barn"):
        client.register_worker(worker_id, None)
    ok(client.post("/api/workers/gpu/disable"))
    job_id = client.queued_job(input_file=SHARE)
    (work,) = client.poll("farm")
    token = work["lease_token"]
    ok(client.report(job_id, "failed", lease_token=token))
    clock.advance(10)
    failures.decide(services.context)
    (other,) = client.poll("barn")
    ok(client.report(job_id, "running", progress=3, lease_token=other["lease_token"]))
    clock.advance(600)
    before = client.job(job_id)
    assert ok(client.report(job_id, "failed", error=REASON, lease_token=token)) == before
    assert details(client, job_id)[-1] == f"Attempt 1 failed: {REASON}"
    client.refused(409, "taken away").report(job_id, "failed", error=REASON, lease_token="0" * 32)


@pytest.mark.parametrize("with_token", [True, False])
def test_it_takes_a_workers_word_again_after_its_job_went_on(client, services, with_token):
    for worker_id in ("farm", "barn"):
        client.register_worker(worker_id, None)
    ok(client.post("/api/workers/gpu/disable"))
    job_id = client.queued_job(input_file=SHARE)
    (work,) = client.poll("farm")
    body = {"success": False, "error": REASON}
    if with_token:
        body["lease_token"] = work["lease_token"]
    ok(client.complete(job_id, "farm", **body))
    client.poll("barn")
    with unchanged(services):
        ok(client.complete(job_id, "farm", **body))
    client.refused(409, "not this worker's").complete(job_id, "gpu", success=False)


def test_it_refuses_a_late_reason_of_a_job_that_was_cancelled(client, services, clock):
    job_id = decided(client, services, clock)
    client.cancel(job_id)
    client.refused(409, "cancelled").report(job_id, "failed", error=REASON)


def test_it_forgets_a_failure_when_a_person_cancels_its_job(client, services, clock):
    job_id = running(client)
    ok(client.report(job_id, "failed"))
    client.cancel(job_id)
    clock.advance(10)
    assert failures.decide(services.context) == 0
    assert_problem(client.report(job_id, "failed", error=REASON), 409, "cancelled")


def test_it_fails_at_once_by_a_reason_that_comes_second(client):
    job = failed_twice(client, running(client), UNREADABLE)
    assert (job["status"], job["error"]) == ("failed", UNREADABLE)

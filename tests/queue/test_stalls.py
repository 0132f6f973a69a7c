"""Attempts that stand still although their machines live: told of, then taken back."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from flask import Flask

from boz_server.database.models import Job
from boz_server.services.queue import dispatcher, leases, stalls
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.media_server import FakeMediaServers
from tests.plans import noted
from tests.queue.queue_invariants import QueueState, check
from tests.support import FakeClock, restart

MINUTE, HOUR = 60, 3600


class Time:
    """Time that passes while machines show that they live, and the server looks on."""

    def __init__(self, services: Services, clock: FakeClock) -> None:
        self.services, self.clock = services, clock
        #: What machines send at each of its steps.
        self.also: Callable[[], object] = lambda: None

    def passes(self, seconds: float) -> None:
        while seconds > 0:
            step = min(5 * MINUTE, seconds)
            self.clock.advance(step)
            seconds -= step
            self.also()
            stalls.watch(self.services.context)


@pytest.fixture
def services(app: Flask) -> Services:
    """A server whose leases never end in these tests, as if heartbeats came all the time."""
    return restart(app, agent_timeout_seconds=1_000_000, worker_timeout_seconds=1_000_000)


@pytest.fixture(autouse=True)
def machines(services: Services, client: Client) -> None:
    client.register_agent()
    client.register_worker()


@pytest.fixture
def time(services: Services, clock: FakeClock) -> Time:
    return Time(services, clock)


def told(client: Client, job_id: str) -> list[str]:
    """What the history says of a job without a change of its state."""
    events = client.history(job_id)
    return [one["detail"] for one in events if one["from_status"] == one["to_status"]]


def advancing(client: Client, job_id: str, percent: float, step: float) -> Callable[[], object]:
    """What reports more progress of a job each time."""
    later = count(percent + step, step)
    return lambda: ok(client.report(job_id, "running", progress=next(later)))


def state_of(client: Client, job_id: str) -> tuple[str, int]:
    job = client.job(job_id)
    return job["status"], job["attempt"]


def test_it_tells_of_a_running_job_after_a_term_without_progress(client, time):
    job_id = client.running_job(progress=43)
    time.also = lambda: ok(client.report(job_id, "running", progress=43))
    time.passes(29.5 * MINUTE)
    assert (client.job(job_id)["waiting_reason"], told(client, job_id)) == (None, [])
    time.passes(30)
    reason = (
        "Agent 'pc' has made no progress on it since 2026-01-24 12:34:56Z. Look after agent 'pc',"
        " or cancel the job; at 2026-01-24 13:34:56Z it is taken back."
    )
    assert client.job(job_id)["waiting_reason"] == reason
    assert told(client, job_id) == [reason]
    assert state_of(client, job_id) == ("running", 1)
    time.passes(29 * MINUTE)
    assert told(client, job_id) == [reason]


def test_it_takes_the_attempt_back_after_a_second_term(client, services, time):
    job_id = client.running_job(progress=43)
    time.also = lambda: client.report(job_id, "running", progress=43)
    time.passes(60 * MINUTE - 30)
    assert state_of(client, job_id) == ("running", 1)
    time.passes(30)
    # Its worker has a free place, and gets it once more.
    assert state_of(client, job_id) == ("assigned", 2)
    job = Job.get_by_id(job_id)
    assert (job.failures, job.stalled_at, job.progress) == (1, None, 0)
    taken = client.history(job_id)[-2]
    assert (taken["from_status"], taken["to_status"], taken["actor"]) == (
        "running", "queued", "server"
    )  # fmt: skip
    assert taken["detail"] == "Agent 'pc' has made no progress on it since 2026-01-24 12:34:56Z."
    check(QueueState.read(services), services.context.settings)


@pytest.mark.parametrize("rise", [0.01, 5])
def test_it_never_takes_a_job_that_moves(client, time, rise):
    job_id = client.running_job(progress=1)
    progress = 1.0
    for _ in range(6):
        time.passes(29 * MINUTE)
        progress += rise
        ok(client.report(job_id, "running", progress=progress))
    assert (state_of(client, job_id), told(client, job_id)) == (("running", 1), [])


def test_it_leaves_a_job_that_moves_again_after_it_was_told(client, time):
    job_id = client.running_job(progress=43)
    time.passes(45 * MINUTE)
    ok(client.report(job_id, "running", progress=43.1))
    assert client.job(job_id)["waiting_reason"] is None
    time.passes(29 * MINUTE)
    assert (state_of(client, job_id), len(told(client, job_id))) == (("running", 1), 1)
    time.passes(MINUTE)
    assert len(told(client, job_id)) == 2


def test_it_takes_no_job_that_moves_between_being_read_and_being_taken(client, services, time):
    job_id = client.running_job(progress=43)
    time.passes(45 * MINUTE)
    read = Job.get_by_id(job_id)
    ok(client.report(job_id, "running", progress=44))
    time.clock.advance(60 * MINUTE)
    with services.context.database.write_queue():
        assert not stalls._judge(services.context, read, time.clock.now())
    assert state_of(client, job_id) == ("running", 1)


def test_it_keeps_a_copy_or_an_upload_whose_bytes_move(client, services, time):
    job_id = client.running_job(progress=99)

    def send() -> None:
        with services.context.database.write():
            services.context.stores.attempts.moved(job_id, time.clock.now())

    time.also = send
    time.passes(90 * MINUTE)
    assert (state_of(client, job_id), told(client, job_id)) == (("running", 1), [])


def test_it_fails_a_job_that_stands_still_in_its_last_attempt(app, client, clock):
    services = restart(app, max_attempts=1, worker_timeout_seconds=1_000_000)
    job_id = client.running_job()
    Time(services, clock).passes(HOUR)
    job = client.job(job_id)
    assert (job["status"], job["waiting_reason"]) == ("failed", None)
    assert "attempt 1: Agent 'pc' has made no progress on it since 2026-01-24" in job["error"]
    assert client.worker()["current_jobs"] == []


@pytest.mark.parametrize("minutes", [0.1, 2])
def test_it_takes_terms_from_the_settings(app, client, clock, minutes):
    services = restart(app, stalled_minutes=minutes, unstarted_minutes=minutes)
    running = client.running_job()
    client.register_agent("den")
    client.register_worker("cpu", "den")
    waiting = client.approved_job("cpu")
    client.agent_jobs("den")
    for expected in (False, True):
        clock.advance(minutes * MINUTE / 2)
        stalls.watch(services.context)
        for job_id in (running, waiting):
            assert bool(client.job(job_id)["waiting_reason"]) == expected


def test_it_says_that_a_job_was_handed_out_and_not_begun(client, time):
    job_id = client.approved_job()
    time.passes(5 * MINUTE)
    client.agent_jobs()
    time.passes(9.5 * MINUTE)
    assert client.job(job_id)["waiting_reason"] is None
    time.also = client.agent_jobs
    time.passes(30)
    assert client.job(job_id)["waiting_reason"] == (
        "Agent 'pc' has not begun it since 2026-01-24 12:39:56Z. Look after agent 'pc', or cancel"
        " the job; at 2026-01-24 12:59:56Z it is taken back."
    )
    time.passes(9.5 * MINUTE)
    assert state_of(client, job_id) == ("assigned", 1)
    time.passes(30)
    assert state_of(client, job_id) == ("assigned", 2)


@pytest.mark.parametrize("status", ["pending", "assigned"])
def test_it_takes_a_report_that_a_job_waits_for_no_movement(client, time, status):
    """As agents send it every 2 seconds while they can't begin: without HandBrake, for ever."""
    job_id = client.approved_job()
    client.agent_jobs()
    time.also = lambda: ok(client.report(job_id, status, progress=0))
    time.passes(10 * MINUTE)
    assert "has not begun it" in client.job(job_id)["waiting_reason"]
    time.passes(10 * MINUTE)
    assert state_of(client, job_id) == ("assigned", 2)


def test_it_gives_a_job_three_terms_that_its_agent_has_not_asked_for(client, time):
    job_id = client.approved_job()
    time.passes(29.5 * MINUTE)
    assert client.job(job_id)["waiting_reason"] is None
    time.passes(30)
    assert client.job(job_id)["waiting_reason"].startswith(
        "Agent 'pc' has not asked for it since 2026-01-24 12:34:56Z."
    )
    time.passes(30 * MINUTE)
    assert state_of(client, job_id) == ("assigned", 2)


@pytest.mark.parametrize("ends", ["completed", "failed", "cancelled"])
def test_it_lets_a_job_wait_its_turn_on_its_machine(client, time, ends):
    """Agents are handed all of their jobs at once, and do one after the other."""
    first, second = client.approved_job(), client.approved_job()
    client.agent_jobs()
    ok(client.report(first, "running", progress=0))
    time.also = advancing(client, first, 0, 0.1)
    time.passes(3 * HOUR)
    assert (client.job(second)["waiting_reason"], told(client, second)) == (None, [])
    client.end(first, ends)
    time.also = lambda: None
    time.passes(9.5 * MINUTE)
    assert client.job(second)["waiting_reason"] is None
    time.passes(30)
    assert "has not begun it" in client.job(second)["waiting_reason"]


def test_it_lets_a_job_wait_while_its_machine_sends_a_result(client, services, time):
    first, second = client.running_job(), client.approved_job()
    client.agent_jobs()
    ok(client.report(first, "completed"))

    def send() -> None:
        with services.context.database.write():
            services.context.stores.attempts.moved(first, time.clock.now())

    time.also = send
    time.passes(2 * HOUR)
    assert told(client, second) == []
    time.also = lambda: None
    time.passes(10 * MINUTE)
    assert len(told(client, second)) == 1


def test_it_does_not_wait_for_a_job_of_the_machine_that_stands_still_itself(client, time):
    first, second = client.running_job(), client.approved_job()
    client.agent_jobs()
    time.passes(30 * MINUTE)
    assert (len(told(client, first)), told(client, second)) == (1, [])
    time.passes(10 * MINUTE)
    assert len(told(client, second)) == 1


def test_it_lets_a_job_wait_again_once_the_other_one_moves_again(client, time):
    first, second = client.running_job(progress=10), client.approved_job()
    client.agent_jobs()
    time.passes(45 * MINUTE)
    assert len(told(client, second)) == 1
    time.also = advancing(client, first, 10, 1)
    time.passes(HOUR)
    assert (state_of(client, second), client.job(second)["waiting_reason"]) == (
        ("assigned", 1), None
    )  # fmt: skip


def test_it_does_not_wait_for_jobs_of_other_machines(client, time):
    client.register_agent("den")
    client.register_worker("cpu", agent_id="den")
    other = client.running_job(worker_id="cpu", progress=1)
    job_id = client.approved_job()
    client.agent_jobs()
    ok(client.report(other, "running", progress=50))
    time.passes(10 * MINUTE)
    assert len(told(client, job_id)) == 1


def test_it_sees_through_a_machine_that_begins_and_puts_back_again_and_again(client, time):
    job_id = client.approved_job()
    client.agent_jobs()

    def hesitate() -> None:
        client.report(job_id, "running", progress=0)
        client.report(job_id, "assigned")

    time.also = hesitate
    time.passes(25 * MINUTE)
    assert client.job(job_id)["attempt"] > 1


def test_it_gives_a_job_a_new_term_that_was_put_back_and_begins_in_its_turn(client, time):
    first, second = client.running_job(progress=1), client.running_job(progress=0)
    ok(client.report(second, "assigned"))
    time.also = advancing(client, first, 1, 0.1)
    time.passes(2 * HOUR)
    ok(client.report(second, "running", progress=0))
    time.passes(29 * MINUTE)
    assert told(client, second) == []


def silent_job(client: Client, *, begun: bool) -> str:
    """A job that a worker fetched itself, and reports on no more than that it has begun it."""
    client.register_worker("farm", agent_id=None)
    (job,) = client.poll() if client.queued_job(preset="Fast 1080p30") else ()
    if begun:
        ok(client.report(job["job_id"], "running"))
    return str(job["job_id"])


@pytest.mark.parametrize("begun", [False, True])
def test_it_gives_a_worker_a_day_that_says_nothing_until_it_is_done(client, time, begun):
    client.post("/api/workers/gpu/disable")
    job_id = silent_job(client, begun=begun)
    time.passes(24 * HOUR - 30)
    assert told(client, job_id) == []
    time.passes(30)
    (reason,) = told(client, job_id)
    assert reason.startswith("Worker 'farm' has ")
    time.passes(23 * HOUR)
    ok(client.complete(job_id, "farm"))
    assert state_of(client, job_id) == ("completed", 1)


def test_it_gives_a_worker_a_day_that_repeats_only_that_it_runs(client, time):
    client.post("/api/workers/gpu/disable")
    job_id = silent_job(client, begun=True)
    time.also = lambda: ok(client.report(job_id, "running"))
    time.passes(24 * HOUR - 30)
    assert told(client, job_id) == []
    time.passes(30)
    assert len(told(client, job_id)) == 1


def test_it_gives_a_worker_no_day_that_has_reported_progress(client, time):
    client.post("/api/workers/gpu/disable")
    job_id = silent_job(client, begun=True)
    ok(client.report(job_id, "running", progress=3))
    time.passes(30 * MINUTE)
    assert len(told(client, job_id)) == 1


def test_it_takes_a_rip_back_whose_drive_is_free_then(client, services, time):
    _, (first, second, *_) = client.ordered_rips()
    ok(client.report(first, "running", progress=12))
    assert state_of(client, second) == ("queued", 0)
    time.passes(HOUR)
    states = {state_of(client, job_id) for job_id in (first, second)}
    assert states == {("assigned", 2), ("queued", 0)}
    check(QueueState.read(services), services.context.settings)


def test_it_gives_full_terms_after_a_gap_without_a_server(client, services, time):
    running, waiting = client.running_job(), client.approved_job()
    client.agent_jobs()
    for jump in (-HOUR, 24 * HOUR):
        time.clock.advance(jump)
        with services.context.database.write_queue():
            put_back = timedelta(seconds=max(-jump, 0))
            leases.renew_all(services.context, time.clock.now(), put_back=put_back)
        time.passes(9.5 * MINUTE)
        assert (told(client, running), told(client, waiting)) == ([], [])


def test_it_posts_a_notification_once(app, client, clock, media_servers: FakeMediaServers):
    services = restart(app, **media_servers.settings("discord"))
    client.running_job(progress=43)
    time = Time(services, clock)
    time.passes(45 * MINUTE)
    services.outbox.tick()
    (post,) = media_servers.posts()
    assert post.startswith("⚠️ Stands still: Firefly - S01E01: Agent 'pc' has made no progress")


def test_it_warns_and_counts_while_jobs_stand_still(client, time):
    first, second = client.running_job(), client.running_job()
    assert ok(client.get("/api/jobs/stats"))["stalled"] == 0
    time.passes(30 * MINUTE)
    ready = ok(client.get("/readyz"))
    (detail,) = ready["warning_details"]
    assert ready["warnings"] == [detail["detail"]]
    assert detail["code"] == "jobs_stalled"
    assert detail["since"] == "2026-01-24T13:04:56.123456Z"
    assert detail["detail"].startswith("2 jobs stand still: ")
    assert ok(client.get("/api/jobs/stats"))["stalled"] == 2
    for job_id in (first, second):
        ok(client.report(job_id, "running", progress=90))
    assert ok(client.get("/readyz"))["warning_details"] == []


def test_it_reads_and_writes_nothing_else_while_all_jobs_move(client, services, time):
    client.running_job()
    with noted(services) as statements:
        stalls.watch(services.context)
    assert [sql.split()[0] for sql in statements] == ["SELECT"]


def test_it_judges_what_an_older_version_left_from_now_on(client, time):
    job_id = client.running_job()
    Job.update(moved_at=None).where(Job.job_id == job_id).execute()
    time.passes(34 * MINUTE)
    assert told(client, job_id) == []
    time.passes(MINUTE)
    assert len(told(client, job_id)) == 1


# The queue's age


def age(client: Client) -> int:
    return int(ok(client.get("/api/jobs/stats"))["queue_age_seconds"])


def test_it_tells_for_how_long_the_queue_waits(client, clock):
    assert age(client) == 0
    client.create_job()  # waits for a person
    clock.advance(50)
    assert age(client) == 0
    first = client.queued_job(preset="H.265 QSV 1080p")  # no worker can do it
    clock.advance(40)
    client.queued_job(preset="H.265 QSV 1080p")
    client.post(f"/api/jobs/{first}/bump")
    clock.advance(2.5)
    assert age(client) == 42
    client.cancel(first)
    assert age(client) == 2


def test_it_does_not_count_the_time_before_a_job_may_begin_again(client, services, clock):
    job_id = client.running_job()
    client.post("/api/workers/gpu/disable")
    Job.update(failures=1).where(Job.job_id == job_id).execute()
    clock.advance(1_000_001)
    leases.rescue(services.context)
    due = Job.get_by_id(job_id).scheduled_at
    assert due is not None
    clock.advance(10)
    assert age(client) == 0
    clock.advance((due - clock.now()).total_seconds() + 5)
    dispatcher.dispatch_now(services.context)
    assert age(client) == 5


# A machine whose attempt stood still, and that reports on as if nothing had happened.


@pytest.fixture
def taken_from_gpu(client: Client, time: Time) -> str:
    """A job that stood still at 80 % on one machine, and was handed out to another."""
    job_id = client.queued_job(input_file="\\\\nas\\rips\\b.mkv")
    client.register_agent("den")
    client.register_worker("cpu", "den")
    ok(client.report(job_id, "running", progress=80))
    client.post("/api/workers/gpu/disable")
    time.passes(61 * MINUTE)
    assert client.job(job_id)["assigned_worker_id"] == "cpu"
    client.agent_jobs("den")
    return job_id


STOOD = "stood still at this progress"


def test_it_lets_no_zombie_stop_the_next_attempt(client, time, taken_from_gpu):
    job_id = taken_from_gpu
    client.refused(409, STOOD).report(job_id, "running", progress=80)
    assert state_of(client, job_id) == ("assigned", 2)
    for percent in range(25):
        ok(client.report(job_id, "running", progress=percent))
        client.refused(409, STOOD).report(job_id, "running", progress=80)
        time.passes(5 * MINUTE)
    assert (client.job(job_id)["progress"], state_of(client, job_id)) == (24, ("running", 2))
    assert client.job(job_id)["waiting_reason"] is None


def test_it_lets_the_next_attempt_pass_where_the_earlier_one_stood(client, taken_from_gpu):
    job_id = taken_from_gpu
    for percent in (0, 79, 80, 81):
        assert ok(client.report(job_id, "running", progress=percent))["progress"] == percent
    assert Job.get_by_id(job_id).stood_at is None
    assert ok(client.report(job_id, "running", progress=80))["progress"] == 81


def test_it_takes_a_tokens_word_at_any_progress(client, taken_from_gpu):
    job_id = taken_from_gpu
    token = client.lease_token(job_id, "den")
    assert ok(client.report(job_id, "running", progress=80, lease_token=token))["progress"] == 80


def test_it_remembers_the_furthest_attempt_that_stood_still(client, time, taken_from_gpu):
    job_id = taken_from_gpu
    ok(client.report(job_id, "running", progress=5))
    time.passes(61 * MINUTE)
    assert Job.get_by_id(job_id).stood_at == 80


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_it_forgets_where_a_job_stood_that_is_over(client, taken_from_gpu, end):
    job_id = taken_from_gpu
    client.end(job_id, end)
    assert Job.get_by_id(job_id).stood_at is None


def test_it_forgets_where_a_job_stood_that_a_person_gives_away(client, taken_from_gpu):
    ok(client.post(f"/api/jobs/{taken_from_gpu}/assign?agent_id=den"))
    assert Job.get_by_id(taken_from_gpu).stood_at is None

"""Remote workers ask for work, and say when it is done."""

from typing import Any

import pytest

from boz_server.services.queue import leases
from tests.client import Client, ok
from tests.support import FakeClock, at_once, restart

pytestmark = pytest.mark.usefixtures("pc")


def farm(client: Client, room: int = 2, worker_id: str = "farm", **hardware: Any) -> None:
    """A worker without an agent."""
    capabilities = {"max_concurrent": room, **hardware}
    client.register_worker(worker_id, None, worker_type="remote", capabilities=capabilities)


def polled(client: Client, number: int = 1, worker_id: str = "farm") -> list[str]:
    return [work["job_id"] for work in client.poll(worker_id, number)]


def queue(client: Client, clock: FakeClock, number: int, **extra: Any) -> list[str]:
    """That many jobs, the oldest first."""
    jobs = []
    for _ in range(number):
        jobs.append(client.queued_job(**extra))
        clock.advance(1)
    return jobs


def test_it_hands_out_the_most_urgent_first_then_the_oldest(client, clock):
    old, young = queue(client, clock, 2)
    urgent = client.queued_job(priority=1)
    farm(client, 9)
    assert polled(client, 2) == [urgent, old]
    assert polled(client, 2) == [young]
    assert polled(client, 2) == []


def test_it_hands_out_one_job_where_no_number_is_named(client, clock):
    queue(client, clock, 2)
    farm(client, 4)
    for sent in ({}, {"json": {}}):
        assert len(ok(client.post("/api/workers/farm/jobs/poll", **sent))["jobs"]) == 1


def test_it_tells_a_worker_all_that_it_needs(client):
    farm(client)
    job_id = client.queued_job(preset="H.264 CPU 1080p")
    (work,) = client.poll()
    token = work.pop("lease_token")
    assert len(token) == 32
    address = f"/api/files/upload?purpose=job_output&job_id={job_id}&lease_token={token}"
    assert work == {
        "job_id": job_id,
        "input_file": "C:\\rips\\title_t00.mkv",
        "output_name": "Firefly - S01E01",
        "handbrake_preset": "H.264 CPU 1080p",
        "download_url": None,
        "upload_url": address,
        "attempt": 1,
    }
    job = client.job(job_id)
    assert (job["status"], job["assigned_worker_id"]) == ("assigned", "farm")
    assert (job["assigned_agent_id"], job["attempt"]) == ("farm", 1)
    assert client.worker("farm")["current_jobs"] == [job_id]


def test_it_names_the_default_preset_where_a_job_has_none(client):
    farm(client)
    job_id = client.queued_job()
    assert client.poll()[0]["handbrake_preset"] == "Fast 1080p30"
    assert client.job(job_id)["preset"] == "Fast 1080p30"


def test_it_takes_a_poll_for_a_heartbeat(client, services, clock):
    farm(client)
    job_id = client.queued_job()
    assert polled(client) == [job_id]
    for _ in range(3):
        clock.advance(60)
        assert polled(client) == []
        assert leases.rescue(services.context) == 0
    clock.advance(100)
    assert client.worker("farm")["status"] == "offline"
    polled(client)
    worker = client.worker("farm")
    assert worker["status"] == "available"
    assert worker["last_heartbeat"] == clock.now().isoformat().replace("+00:00", "Z")


def test_it_hands_out_no_more_than_the_worker_takes(client, clock):
    queue(client, clock, 5)
    farm(client, 3)
    assert len(polled(client, 9)) == 3


def test_it_hands_out_no_more_than_the_limit(app, client, clock):
    restart(app, max_concurrent_transcodes=3)
    client.register_worker()
    queue(client, clock, 5)
    farm(client, 9)
    (claimed,) = polled(client, 9)
    ok(client.report(claimed, "running"))
    assert polled(client) == []
    ok(client.report(claimed, "completed"))
    assert len(polled(client)) == 1


@pytest.mark.parametrize("obstacle", ["disabled", "paused"])
def test_it_hands_out_nothing_to_a_worker_that_is_to_have_nothing(client, obstacle):
    farm(client)
    if obstacle == "disabled":
        ok(client.post("/api/workers/farm/disable"))
    else:
        for _ in range(3):
            job_id = client.queued_job()
            assert polled(client) == [job_id]
            ok(client.report(job_id, "failed", error="HandBrake stopped"))
            client.cancel(job_id)
    job_id = client.queued_job()
    assert polled(client) == []
    ok(client.post("/api/workers/farm/enable"))
    assert polled(client) == [job_id]


def test_it_hands_out_what_the_hardware_can_do(client, clock):
    hard, _ = queue(client, clock, 2, preset="H.265 NVENC 1080p")
    easy = client.queued_job(preset="Fast 1080p30")
    farm(client, 3)
    assert polled(client, 3) == [easy]
    farm(client, 2, "nvenc", nvenc=True, hevc=True)
    assert polled(client, 1, "nvenc") == [hard]


def test_it_asks_the_hardware_for_the_default_preset_where_a_job_has_none(app, client):
    restart(app, default_transcode_preset="H.265 NVENC 1080p")
    job_id = client.queued_job()
    farm(client)
    assert polled(client) == []
    farm(client, 2, "nvenc", nvenc=True, hevc=True)
    assert polled(client, 1, "nvenc") == [job_id]


def test_it_never_hands_out_a_file_on_another_agents_disk(client):
    job_id = client.queued_job(disc_id=client.detect()["disc_id"])
    farm(client)
    client.register_agent("den")
    client.register_worker("den", "den")
    assert polled(client) == polled(client, 1, "den") == []
    client.register_worker("gpu")
    assert polled(client, 1, "gpu") == [job_id]


def test_it_hands_out_what_is_for_another_worker_to_that_one_alone(client, clock):
    farm(client, 1, "chosen")
    first = client.approved_job("chosen")
    clock.advance(1)
    second = client.approved_job("chosen")
    farm(client, nvenc=True, hevc=True)
    assert client.assigned([first, second]) == [True, False]
    assert polled(client) == []
    # Its hardware can't do what a person chose it for, which the person will know.
    assert polled(client, 1, "chosen") == [first]
    ok(client.report(first, "completed"))
    assert polled(client, 1, "chosen") == [second]


def test_it_never_hands_out_what_is_no_transcode_or_awaits_approval(client):
    client.register_agent(capabilities={"can_rip": False})
    client.create_job(job_type="rip", requires_approval=False, disc_id=client.detect()["disc_id"])
    client.create_job(job_type="organize", requires_approval=False)
    client.create_job()
    farm(client)
    assert polled(client, 2) == []


def test_it_hands_each_job_to_one_of_many_that_ask_at_once(app, client):
    restart(app, max_concurrent_transcodes=100)
    names = [f"farm{number}" for number in range(8)]
    for name in names:
        farm(client, 100, name)
    jobs = [client.queued_job() for _ in range(60)]

    def work_off(name: str) -> list[str]:
        own = app.test_client()
        had: list[str] = []
        while found := polled(own, 2, name):
            had += found
        return had

    claimed = at_once(*[lambda name=name: work_off(name) for name in names])
    assert sorted(job_id for had in claimed for job_id in had) == sorted(jobs)
    for name, had in zip(names, claimed, strict=True):
        assert set(client.worker(name)["current_jobs"]) == set(had)
    assert {client.job(job_id)["attempt"] for job_id in jobs} == {1}


def test_it_gives_a_worker_with_shared_storage_what_lies_with_agents(client):
    disc_id = client.detect()["disc_id"]
    job_id = client.queued_job(disc_id=disc_id)
    farm(client)
    assert client.poll() == []
    farm(client, shared_storage=True)
    (work,) = client.poll()
    assert (work["job_id"], work["download_url"]) == (job_id, None)


def assign(client: Client, agent_id: str = "pc", **extra: object) -> dict[str, object]:
    body = {"agent_id": agent_id, "disc_type": "dvd", "file_size_mb": 4096.5, **extra}
    return dict(ok(client.post("/api/workers/assign", json=body)))


def test_it_names_the_worker_on_the_asking_agents_machine(client):
    client.register_worker("elsewhere", agent_id="den", priority=1)
    client.register_worker("gpu", priority=60)
    assert assign(client) == {
        "assigned_worker": "gpu",
        "worker_type": "agent",
        "mode": "local",
        "job_id": None,
        "handbrake_preset": "Fast 1080p30",
        "upload_url": None,
        "download_url": None,
    }


def test_it_completes_a_job_of_a_worker(client):
    client.register_worker()
    job_id = client.approved_job()
    body = {"job_id": job_id, "duration_seconds": 61.5, "success": True, "error": None}
    assert ok(client.post("/api/workers/gpu/jobs/complete", json=body)) == {"status": "ok"}
    job = client.job(job_id)
    assert (job["status"], job["progress"], job["error"]) == ("completed", 100, None)
    worker = client.worker()
    assert (worker["current_jobs"], worker["total_jobs_completed"]) == ([], 1)


def test_it_takes_the_workers_word_for_how_long_it_took(client, clock):
    client.register_worker()
    for said, mean in ((600, 600), (0, 350)):
        job_id = client.approved_job()
        ok(client.report(job_id, "running"))
        clock.advance(100)
        body = {"job_id": job_id, "duration_seconds": said}
        ok(client.post("/api/workers/gpu/jobs/complete", json=body))
        assert client.worker()["avg_transcode_time_seconds"] == mean


def test_it_takes_success_for_granted_and_a_second_report_for_the_first(client):
    client.register_worker()
    job_id = client.approved_job()
    for _ in range(2):
        ok(client.post("/api/workers/gpu/jobs/complete", json={"job_id": job_id}))
    assert client.job(job_id)["status"] == "completed"
    assert client.worker()["total_jobs_completed"] == 1


def test_it_fails_a_job_that_a_worker_could_not_do(client):
    client.register_worker()
    for error, kept in (("no space", "no space"), (None, "The worker gave no reason.")):
        job_id = client.approved_job()
        body = {"job_id": job_id, "success": False, "error": error}
        ok(client.post("/api/workers/gpu/jobs/complete", json=body))
        job = client.job(job_id)
        assert (job["status"], job["error"]) == ("queued", kept)


def test_it_answers_409_for_a_job_of_another(client):
    client.register_agent("den")
    client.register_worker()
    client.register_worker("cpu", agent_id=None)
    with_worker, without = client.approved_job(), client.assigned_job("den")
    for job_id in (with_worker, without):
        client.refused(409, "not this worker's").post(
            "/api/workers/cpu/jobs/complete", json={"job_id": job_id}
        )


def test_it_hands_no_attempt_out_again_that_has_just_failed(client, clock):
    first, second = queue(client, clock, 2)
    farm(client)
    assert polled(client, 2) == [first, second]
    ok(client.report(second, "failed"))
    assert polled(client) == []
    assert polled(client, 2) == [first]


def test_it_tells_an_agent_of_no_attempt_that_has_just_failed(client):
    client.register_worker()
    job_id = client.queued_job()
    assert [job["job_id"] for job in client.agent_jobs()] == [job_id]
    ok(client.report(job_id, "failed"))
    assert client.agent_jobs() == []

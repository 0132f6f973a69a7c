"""Who is to transcode a file, and how workers report."""

from tests.client import Client, ok
from tests.support import assert_problem, unchanged


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
    client.register_agent()
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
        assert (job["status"], job["error"]) == ("failed", kept)


def test_it_answers_409_for_a_job_of_another(client, services):
    client.register_agent("den")
    client.register_worker()
    client.register_worker("cpu", agent_id=None)
    with_worker, without = client.approved_job(), client.assigned_job("den")
    with unchanged(services):
        for job_id in (with_worker, without):
            response = client.post("/api/workers/cpu/jobs/complete", json={"job_id": job_id})
            assert_problem(response, 409, "not this worker's")

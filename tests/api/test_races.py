"""Two at the same moment: one gets it, the other is told so, and nothing is done twice."""

import pytest
from werkzeug.test import TestResponse

from tests.client import UNREADABLE, ok
from tests.racing import meeting_behind, post, reported, statuses
from tests.support import assert_problem, at_once, restart


@pytest.fixture
def machines(client):
    """Two agents, each with a worker."""
    for agent_id, worker_id in (("pc", "gpu"), ("den", "cpu")):
        client.register_agent(agent_id)
        client.register_worker(worker_id, agent_id)


@pytest.mark.usefixtures("machines")
def test_it_lets_one_of_two_approve_a_job(app, client, services):
    job_id = client.create_job()["job_id"]
    address = f"/api/jobs/{job_id}/approve"
    with meeting_behind(services.workers, "get"):
        answers = at_once(
            post(app, address, worker_id="gpu", preset="A"),
            post(app, address, worker_id="cpu", preset="B"),
        )
    assert statuses(answers) == [200, 400]
    lost, won = sorted(answers, key=lambda answer: -answer.status_code)
    assert_problem(lost, 400, "is assigned")
    job = client.job(job_id)
    assert (job["assigned_worker_id"], job["preset"]) == (
        won.json["worker_id"], won.json["preset"]
    )  # fmt: skip
    held = {
        worker["worker_id"]: worker["current_jobs"] for worker in ok(client.get("/api/workers"))
    }
    assert held == {"gpu": [], "cpu": []} | {job["assigned_worker_id"]: [job_id]}


@pytest.mark.usefixtures("machines")
def test_it_either_approves_or_cancels(app, client, services):
    for _ in range(3):
        job_id = client.create_job()["job_id"]
        with meeting_behind(services.context.stores.jobs, "get"):
            approval, cancellation = at_once(
                post(app, f"/api/jobs/{job_id}/approve", worker_id="gpu", preset="A"),
                post(app, f"/api/jobs/{job_id}/cancel"),
            )
        # A job that was approved first can still be cancelled, never the other way round.
        assert cancellation.status_code == 200
        assert approval.status_code in (200, 400)
        assert client.job(job_id)["status"] == "cancelled"
        assert client.worker()["current_jobs"] == []


@pytest.mark.usefixtures("machines")
def test_it_lets_one_end_win(app, client, services):
    for _ in range(4):
        job_id = client.assigned_job()
        client.report(job_id, "running")
        ends = ("completed", "failed", "cancelled")
        with meeting_behind(services.context.stores.jobs, "get"):
            answers = at_once(*[reported(app, job_id, end, error=UNREADABLE) for end in ends])
        assert statuses(answers) == [200, 409, 409]
        (won,) = [answer.json for answer in answers if answer.status_code == 200]
        assert client.job(job_id) == won
        assert client.agent()["status"] == "online"


@pytest.mark.usefixtures("machines")
def test_it_counts_a_completion_once_that_is_reported_twice_at_once(app, client, services):
    for number in range(1, 5):
        job_id = client.approved_job()
        with meeting_behind(services.context.stores.jobs, "get"):
            answers = at_once(*[reported(app, job_id, "completed")] * 3)
        assert statuses(answers) == [200, 200, 200]
        assert client.worker()["total_jobs_completed"] == number


def test_it_counts_every_completion_of_several_at_once(app, client):
    restart(app, max_concurrent_transcodes=6)
    client.register_worker(capabilities={"max_concurrent": 6})
    jobs = [client.approved_job() for _ in range(6)]
    assert client.assigned(jobs) == [True] * 6
    answers = at_once(*[reported(app, job_id, "completed") for job_id in jobs])
    assert statuses(answers) == [200] * 6
    worker = client.worker()
    assert (worker["total_jobs_completed"], worker["current_jobs"]) == (6, [])


@pytest.mark.usefixtures("machines")
def test_it_frees_an_agent_whose_last_jobs_end_at_once(app, client, services):
    for _ in range(3):
        jobs = [client.assigned_job(), client.assigned_job()]
        for job_id in jobs:
            client.report(job_id, "running")
        with meeting_behind(services.context.stores.jobs, "step"):
            answers = at_once(*[reported(app, job_id, "cancelled") for job_id in jobs])
        assert statuses(answers) == [200, 200]
        agent = client.agent()
        assert (agent["status"], agent["current_job_id"]) == ("online", None)


def test_it_frees_a_worker_whose_last_jobs_end_at_once(app, client, services):
    client.register_worker("farm", agent_id=None)
    for _ in range(3):
        jobs = [client.approved_job("farm"), client.approved_job("farm")]
        assert client.assigned(jobs) == [True, True]
        with meeting_behind(services.context.stores.jobs, "step"):
            answers = at_once(*[reported(app, job_id, "cancelled") for job_id in jobs])
        assert statuses(answers) == [200, 200]
        assert client.worker("farm")["current_jobs"] == []


@pytest.mark.usefixtures("machines")
def test_it_completes_a_disc_whose_last_rips_end_at_once(app, client, services):
    for number in range(3):
        disc_id = client.detect(label=f"FIREFLY_S0{number + 1}_D1").approve().id
        # The agent is away, so no one has these: nothing but the disc is common to them.
        client.sign_off()
        rips = client.rip(disc_id, title_indices=[0, 1])
        assert client.assigned(rips) == [False, False]
        with meeting_behind(services.context.stores.jobs, "step"):
            answers = at_once(*[post(app, f"/api/jobs/{job_id}/cancel") for job_id in rips])
        assert statuses(answers) == [200, 200]
        assert client.disc(disc_id)["status"] == "completed"


def test_it_registers_an_agent_once(app, client):
    body = {"agent_id": "pc", "name": "Pc"}
    worker = {"worker_id": "gpu", "hostname": "h", "agent_id": "pc"}
    answers = at_once(
        *[post(app, "/api/agents/register", **body)] * 2,
        *[post(app, "/api/workers/register", **worker)] * 2,
    )
    assert statuses(answers) == [200] * 4
    assert [agent["status"] for agent in ok(client.get("/api/agents"))] == ["online"]
    assert len(ok(client.get("/api/workers"))) == 1


@pytest.mark.usefixtures("machines")
def test_it_enters_one_of_two_rips_of_a_title(app, client):
    disc_id = client.detect()["disc_id"]
    body = {"job_type": "rip", "disc_id": disc_id, "title_index": 0}
    answers = at_once(*[post(app, "/api/jobs", **body)] * 3)
    assert statuses(answers) == [200, 409, 409]
    assert len(ok(client.get("/api/jobs"))) == 1


@pytest.mark.usefixtures("machines")
def test_it_enters_one_transcode_of_a_rip_that_its_agent_offers_at_once(app, client, services):
    disc_id, (rip_id, *_) = client.ordered_rips()
    body = {
        "job_type": "transcode",
        "disc_id": disc_id,
        "title_index": 0,
        "input_file": "C:\\rips\\t00.mkv",
        "requires_approval": True,
    }
    with meeting_behind(services.context.stores.jobs, "transcodes_of"):
        answers = at_once(
            reported(app, rip_id, "completed", output_file="C:\\rips\\t00.mkv"),
            post(app, "/api/jobs", **body),
        )
    assert statuses(answers) == [200, 200]
    (transcode,) = client.awaiting_approval()
    assert (transcode["source_job_id"], transcode["input_file"]) == (rip_id, body["input_file"])


@pytest.mark.usefixtures("machines")
def test_it_tries_a_job_again_once_that_two_want_tried_again(app, client, services):
    job_id = client.assigned_job()
    client.end(job_id, "failed")
    with meeting_behind(services.context.stores.jobs, "get"):
        answers = at_once(*[post(app, f"/api/jobs/{job_id}/retry")] * 2)
    assert statuses(answers) == [200, 409]
    assert [event["detail"] for event in client.history(job_id)].count(
        "Tried again by a person."
    ) == 1  # fmt: skip


def test_it_overwrites_no_upload_of_the_same_name(app, client):
    contents = [f"film {number}".encode() for number in range(6)]

    def upload(content: bytes) -> TestResponse:
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mkv"\r\n\r\n'
        return app.test_client().post(
            "/api/files/upload",
            data=head + content + b"\r\n--b--\r\n",
            content_type="multipart/form-data; boundary=b",
        )

    answers = at_once(*[lambda content=content: upload(content) for content in contents])
    paths = [ok(answer)["path"] for answer in answers]
    kept = []
    for path in paths:
        with open(path, "rb") as file:
            kept.append(file.read())
    assert kept == contents
    assert len(ok(client.get("/api/files"))["files"]) == 6

"""Jobs whose file and worker are on different machines: who may have them, and who gets them."""

from typing import Any

import pytest

from boz_server.services.queue import reports
from tests.client import Client, ok
from tests.remote import (
    APPROVAL,
    FILM,
    approved,
    farm,
    lost,
    polled,
    ripped,
    send_input,
    send_result,
    sending_agent,
    wanted,
)
from tests.support import assert_problem, restart


@pytest.fixture
def job_id(client) -> str:
    """A transcode of a title on the disk of an agent of today, with a worker on each machine."""
    client.register_agent()
    client.register_worker()
    client.register_worker("cpu")
    farm(client)
    client.register_worker("den", "den")
    return ripped(client)


def approve_for(client: Client, job_id: str, worker_id: str) -> None:
    """A job that a person has approved for a worker."""
    client.approve_job(job_id, worker_id)


@pytest.mark.parametrize("worker_id", ["farm", "den"])
def test_it_refuses_a_worker_that_can_not_reach_the_file(client, job_id, worker_id):
    body = APPROVAL | {"worker_id": worker_id, "output_name": "Other"}
    client.refused(
        400,
        f"Worker '{worker_id}' can't reach the file, which lies on the disk of agent 'pc';"
        " these workers can: 'cpu', 'gpu'.",
    ).post(f"/api/jobs/{job_id}/approve", json=body)


def test_it_says_where_no_worker_can(client):
    client.register_agent()
    farm(client)
    response = client.post(f"/api/jobs/{ripped(client)}/approve", json=APPROVAL)
    assert_problem(response, 400, "no registered worker can.")


@pytest.mark.parametrize("worker_id", ["gpu", "cpu"])
def test_it_lets_a_worker_on_the_same_machine_have_it(client, job_id, worker_id):
    approve_for(client, job_id, worker_id)
    job = client.job(job_id)
    assert (job["status"], job["assigned_worker_id"]) == ("assigned", worker_id)


def test_it_lets_a_worker_elsewhere_have_what_the_agent_sends(client, job_id):
    sending_agent(client)
    approve_for(client, job_id, "farm")
    assert client.job(job_id)["status"] == "queued"
    assert wanted(client) == [job_id]
    ok(send_input(client, job_id))
    job = client.job(job_id)
    assert (job["status"], job["assigned_worker_id"]) == ("assigned", "farm")


def test_it_refuses_a_worker_elsewhere_that_fetches_nothing(client, job_id):
    """One with an agent of today has its jobs from that, and no file."""
    sending_agent(client)
    body = APPROVAL | {"worker_id": "den"}
    response = client.post(f"/api/jobs/{job_id}/approve", json=body)
    assert_problem(response, 400, "these workers can: 'cpu', 'farm', 'gpu'.")


def test_it_lets_a_worker_with_an_agent_have_it_that_fetches_files(client, job_id):
    sending_agent(client)
    client.register_agent("den")
    client.register_worker("den", "den", capabilities={"can_download": True})
    approve_for(client, job_id, "den")
    assert ok(client.get("/api/agents/den/jobs")) == {"jobs": []}
    assert wanted(client) == [job_id]
    ok(send_input(client, job_id))
    (job,) = client.agent_jobs("den")
    token = client.lease_token(job_id, "den")
    assert job["job_id"] == job_id
    assert job["download_url"] == f"/api/files/download/{job_id}?lease_token={token}"
    assert client.get(job["download_url"], buffered=True).status_code == 200


@pytest.mark.parametrize("path", ["\\\\nas\\rips\\t00.mkv", "//nas/rips/t00.mkv"])
def test_it_lets_any_worker_have_what_lies_on_a_share(client, path):
    client.register_agent()
    farm(client)
    job_id = ripped(client, path=path)
    approve_for(client, job_id, "farm")
    job = client.job(job_id)
    assert (job["status"], job["assigned_worker_id"]) == ("assigned", "farm")
    assert job["input_file"] == path


def test_it_lets_any_worker_have_what_no_one_knows_the_place_of(client):
    client.register_agent()
    farm(client)
    job_id = client.create_job()["job_id"]
    approve_for(client, job_id, "farm")
    assert client.job(job_id)["status"] == "assigned"


def test_it_knows_the_place_of_a_file_by_the_disc_that_it_came_from(client):
    client.register_agent()
    farm(client)
    job_id = client.create_job(disc_id=client.detect()["disc_id"])["job_id"]
    client.refused(400, "disk of agent 'pc'").post(f"/api/jobs/{job_id}/approve", json=APPROVAL)


def test_it_answers_a_wrong_state_before_it_speaks_of_the_file(client, job_id):
    approve_for(client, job_id, "gpu")
    client.refused(400, "is assigned").post(f"/api/jobs/{job_id}/approve", json=APPROVAL)


def test_it_lets_a_worker_have_a_file_that_is_here_though_its_agent_sends_no_more(client):
    sending_agent(client)
    farm(client)
    job_id = ripped(client)
    ok(send_input(client, job_id))
    client.register_agent()
    approve_for(client, job_id, "farm")
    assert client.job(job_id)["status"] == "assigned"


@pytest.mark.parametrize(
    ("said", "by_person"),
    [(None, False), ("", False), ("Firefly - S01E01", False), ("Serenity", True)],
)
def test_it_notes_whether_a_person_chose_the_name(client, services, said, by_person):
    job_id = approved(client, output_name=said)
    job = reports.find(services.context, job_id)
    assert job.is_named_by_person is by_person
    assert job.output_name == (said or "Firefly - S01E01")


@pytest.fixture
def open_id(app, client) -> str:
    """A transcode that no person approves: any worker may have it that can have its file."""
    restart(app, auto_transcode=True)
    sending_agent(client)
    farm(client)
    open_id = ripped(client)
    assert client.job(open_id)["status"] == "queued"
    return open_id


def test_it_needs_no_click(client, open_id):
    assert wanted(client) == [open_id]
    assert client.poll() == []
    ok(send_input(client, open_id))
    assert wanted(client) == []
    assert polled(client)["job_id"] == open_id


def test_it_hands_out_nothing_before_the_file_is_here(client, open_id):
    farm(client, "other")
    client.register_worker("den", "den", capabilities={"can_download": True})
    assert [client.poll(name) for name in ("farm", "other", "den")] == [[], [], []]


def test_it_gives_it_to_a_worker_with_an_agent_that_fetches_files(client, open_id):
    """Its agent is told of its jobs, and asks for none itself."""
    client.register_agent("den")
    client.register_worker("den", "den", capabilities={"can_download": True})
    ok(send_input(client, open_id))
    (job,) = client.agent_jobs("den")
    assert (job["job_id"], job["assigned_worker_id"]) == (open_id, "den")
    assert client.get(job["download_url"], buffered=True).status_code == 200


def test_it_gives_nothing_to_a_worker_with_an_agent_that_fetches_none(client, open_id):
    client.register_agent("den")
    client.register_worker("den", "den")
    ok(send_input(client, open_id))
    assert ok(client.get("/api/agents/den/jobs")) == {"jobs": []}
    assert client.poll("den") == []


def test_it_gives_it_to_the_own_machine_that_is_back_sooner(client, open_id):
    ok(send_input(client, open_id))
    client.register_worker()
    assert client.job(open_id)["assigned_worker_id"] == "gpu"


def test_it_gives_it_to_another_where_a_worker_is_lost(client, services, clock, open_id):
    ok(send_input(client, open_id))
    farm(client, "other")
    first = polled(client)
    lost(client, services, clock, "other")
    second = polled(client, "other")
    assert (second["job_id"], second["attempt"]) == (open_id, 2)
    assert wanted(client) == []
    assert client.get(second["download_url"], buffered=True).status_code == 200
    assert_problem(client.get(first["download_url"]), 409, "taken away")


def test_it_stays_with_its_worker_where_there_is_no_failover(app, client, clock, open_id):
    services = restart(app, worker_auto_failover=False)
    ok(send_input(client, open_id))
    farm(client, "other")
    polled(client)
    lost(client, services, clock, "other")
    assert client.poll("other") == []
    assert polled(client)["job_id"] == open_id


def test_it_takes_no_late_report_for_one_of_the_files_own_agent(client, services, clock, open_id):
    """A worker that was given up says that it works, without its token: whose word that is can't
    be known, as several machines may do the job."""
    ok(send_input(client, open_id))
    polled(client)
    lost(client, services, clock)
    assert_problem(client.report(open_id, "running", progress=50), 409, "queued")
    assert client.job(open_id)["status"] == "queued"


def test_it_lets_the_files_own_agent_take_up_what_only_it_can_do(app, client):
    restart(app, auto_transcode=True)
    client.register_agent()
    client.register_worker()
    ok(client.post("/api/workers/gpu/disable"))
    open_id = ripped(client)
    ok(client.report(open_id, "running", progress=50))
    assert client.job(open_id)["assigned_worker_id"] == "gpu"


def assign(client: Client, **extra: Any) -> dict[str, Any]:
    """Who is to transcode a file of the agent."""
    return dict(ok(client.post("/api/workers/assign", json={"agent_id": "pc", **extra})))


def test_it_names_a_worker_elsewhere_and_where_the_file_goes(client):
    sending_agent(client)
    farm(client)
    answer = assign(client)
    job_id = answer["job_id"]
    assert answer == {
        "assigned_worker": "farm",
        "worker_type": "remote",
        "mode": "upload_raw",
        "job_id": job_id,
        "handbrake_preset": "Fast 1080p30",
        "upload_url": f"/api/files/upload?purpose=job_input&job_id={job_id}",
        "download_url": f"/api/files/download/{job_id}",
    }
    job = client.job(job_id)
    assert (job["job_type"], job["status"]) == ("transcode", "pending")


def test_it_answers_with_addresses_that_work(client):
    """The whole way of a file whose agent asked, sent it and had a person approve."""
    sending_agent(client)
    farm(client)
    answer = assign(client)
    job_id = answer["job_id"]
    with open(__file__, "rb") as file:
        ok(client.post(answer["upload_url"], data={"file": (file, "Serenity (2005).mkv")}))
    body = {"worker_id": "farm", "preset": answer["handbrake_preset"]}
    ok(client.post(f"/api/jobs/{job_id}/approve", json=body))
    work = polled(client)
    assert (work["job_id"], work["output_name"]) == (job_id, "Serenity (2005)")
    url = f"{answer['download_url']}?lease_token={work['lease_token']}"
    with open(__file__, "rb") as file:
        assert client.get(url, buffered=True).data == file.read()
    assert ok(send_result(client, work, FILM))["filename"] == "Serenity (2005).mkv"


def test_it_names_the_job_that_waits_for_a_file_of_the_agent(client):
    sending_agent(client)
    farm(client)
    job_id = ripped(client)
    for _ in range(2):
        assert assign(client)["job_id"] == job_id


def test_it_enters_one_job_however_often_it_is_asked(client):
    sending_agent(client)
    farm(client)
    assert assign(client)["job_id"] == assign(client)["job_id"]
    assert ok(client.get("/api/jobs/stats"))["total_jobs"] == 1


def test_it_names_the_job_that_it_was_asked_about(client):
    sending_agent(client)
    farm(client)
    first, second = ripped(client, 0), ripped(client, 1)
    assert [assign(client, job_id=each)["job_id"] for each in (second, first)] == [second, first]


def test_it_names_no_job_where_the_file_stays(client):
    sending_agent(client)
    farm(client)
    client.register_worker()
    job_id = ripped(client)
    answer = assign(client, job_id=job_id)
    assert (answer["mode"], answer["job_id"], answer["upload_url"]) == ("local", None, None)


def test_it_answers_404_for_an_unknown_job(client):
    sending_agent(client)
    farm(client)
    body = {"agent_id": "pc", "job_id": "nobody"}
    client.refused(404, "nobody").post("/api/workers/assign", json=body)


@pytest.mark.parametrize("state", ["rip", "cancelled", "here"])
def test_it_refuses_a_job_that_needs_no_file(client, state):
    sending_agent(client)
    farm(client)
    job_id = ripped(client)
    if state == "rip":
        job_id = client.job(job_id)["source_job_id"]
    if state == "cancelled":
        client.cancel(job_id)
    if state == "here":
        url = assign(client, job_id=job_id)["upload_url"]
        with open(__file__, "rb") as file:
            ok(client.post(url, data={"file": (file, "a.mkv")}))
    body = {"agent_id": "pc", "job_id": job_id}
    client.refused(409, state).post("/api/workers/assign", json=body)


@pytest.mark.parametrize("job_id", [5, "", "x" * 101])
def test_it_refuses_an_impossible_job(client, job_id):
    body = {"agent_id": "pc", "job_id": job_id}
    assert_problem(client.post("/api/workers/assign", json=body), 422, field="job_id")


def test_it_turns_to_others_where_the_own_worker_is_full(client):
    sending_agent(client)
    client.register_worker(capabilities={"max_concurrent": 1})
    farm(client)
    assert assign(client)["assigned_worker"] == "gpu"
    client.queued_job()
    assert assign(client)["assigned_worker"] == "farm"


@pytest.mark.parametrize("obstacle", ["disabled", "hardware", "no downloads"])
def test_it_names_no_worker_elsewhere_that_can_not(app, client, obstacle):
    sending_agent(client)
    client.register_worker("den", "den")
    if obstacle != "no downloads":
        farm(client)
    if obstacle == "disabled":
        ok(client.post("/api/workers/farm/disable"))
    if obstacle == "hardware":
        restart(app, default_transcode_preset="H.265 NVENC 1080p")
    client.refused(503, "'pc'").post("/api/workers/assign", json={"agent_id": "pc"})


def test_it_names_a_worker_with_an_agent_that_fetches_files(client):
    sending_agent(client)
    client.register_worker("den", "den", capabilities={"can_download": True})
    answer = assign(client)
    assert (answer["assigned_worker"], answer["mode"]) == ("den", "upload_raw")

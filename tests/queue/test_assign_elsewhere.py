"""An agent asks who is to transcode its file, and no worker on its own machine can."""

from typing import Any

import pytest

from tests.client import Client, ok
from tests.remote import FILM, farm, polled, ripped, send_result, sending_agent
from tests.support import assert_problem, restart, unchanged


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


def test_it_answers_404_for_an_unknown_job(client, services):
    sending_agent(client)
    farm(client)
    with unchanged(services):
        body = {"agent_id": "pc", "job_id": "nobody"}
        assert_problem(client.post("/api/workers/assign", json=body), 404, "nobody")


@pytest.mark.parametrize("state", ["rip", "cancelled", "here"])
def test_it_refuses_a_job_that_needs_no_file(client, services, state):
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
    with unchanged(services):
        body = {"agent_id": "pc", "job_id": job_id}
        assert_problem(client.post("/api/workers/assign", json=body), 409, state)


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
    response = client.post("/api/workers/assign", json={"agent_id": "pc"})
    assert_problem(response, 503, "'pc'")


def test_it_names_a_worker_with_an_agent_that_fetches_files(client):
    sending_agent(client)
    client.register_worker("den", "den", capabilities={"can_download": True})
    answer = assign(client)
    assert (answer["assigned_worker"], answer["mode"]) == ("den", "upload_raw")

"""Agents learn which raw titles to upload while a worker on another machine needs them."""

import hashlib
from typing import Any

import pytest

from boz_server.services.uploads import complete, inputs
from tests.client import Client, ok
from tests.remote import (
    APPROVAL,
    FILM,
    RAW,
    approved,
    begin,
    begun,
    farm,
    given_away,
    go_on,
    here,
    lost,
    ripped,
    send_input,
    sending_agent,
    wanted,
)
from tests.support import assert_problem, unchanged


def queued(client: Client, number: int = 0, **extra: Any) -> str:
    """The id of a transcode of a ripped title that any worker with file access may do."""
    job = client.job(ripped(client, number))
    found = client.create_job(requires_approval=False, input_file=job["input_file"], **extra)
    assert found["job_id"] == job["job_id"]
    return str(found["job_id"])


def test_it_tells_an_agent_which_file_to_send(client):
    job_id = approved(client)
    answer = ok(client.get("/api/agents/pc/jobs"))
    assert answer == {
        "jobs": [],
        "uploads_wanted": [
            {
                "job_id": job_id,
                "input_file": "C:\\rips\\t00.mkv",
                "upload_id": None,
                "upload_url": f"/api/files/upload?purpose=job_input&job_id={job_id}",
            }
        ],
    }


def test_it_does_not_ask_todays_agents_for_files(client):
    client.register_agent()
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}
    approved(client)
    client.register_agent()
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}
    client.register_agent(capabilities={"can_upload_raw": False})
    assert ok(client.get("/api/agents/pc/jobs")) == {"jobs": []}


def test_it_does_not_ask_for_another_agents_file(client):
    approved(client)
    sending_agent(client, "den")
    assert wanted(client, "den") == []


def test_it_wants_nothing_once_the_file_is_here(client):
    job_id = here(client)
    assert wanted(client) == []
    assert client.job(job_id)["input_file_size"] == len(RAW)


@pytest.mark.parametrize("end", ["cancelled", "taken up"])
def test_it_wants_nothing_once_no_one_needs_it(client, end):
    job_id = approved(client)
    if end == "cancelled":
        client.cancel(job_id)
    else:
        ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc"))
        assert client.job(job_id)["status"] == "assigned"
    assert wanted(client) == []


def test_it_wants_nothing_before_a_person_has_approved(client):
    sending_agent(client)
    farm(client)
    ripped(client)
    assert wanted(client) == []


def test_it_names_the_upload_that_was_begun(client):
    job_id = approved(client)
    upload_id = begun(client, len(RAW), purpose="job_input", job_id=job_id)
    (asked,) = ok(client.get("/api/agents/pc/jobs"))["uploads_wanted"]
    assert asked["upload_id"] == upload_id
    assert go_on(client, upload_id, 0, RAW[:100]).status_code == 204
    (asked,) = ok(client.get("/api/agents/pc/jobs"))["uploads_wanted"]
    assert asked["upload_id"] == upload_id
    assert go_on(client, upload_id, 100, RAW[100:]).status_code == 204
    assert wanted(client) == []
    assert client.job(job_id)["input_upload_id"] == upload_id


def test_it_wants_nothing_while_the_checksum_is_compared(client, services):
    """It takes minutes for a film, and happens in the background."""
    job_id = approved(client)
    said = {"purpose": "job_input", "job_id": job_id, "sha256": hashlib.sha256(RAW).hexdigest()}
    upload_id = begun(client, len(RAW), **said)
    assert go_on(client, upload_id, 0, RAW[:100]).status_code == 204
    assert go_on(client, upload_id, 100, RAW[100:]).status_code == 204
    assert client.job(job_id)["input_upload_id"] is None
    assert wanted(client) == []
    assert complete.complete_arrived(services.context) == 1
    assert client.job(job_id)["input_upload_id"] == upload_id


def test_it_wants_a_file_again_that_came_damaged(client, services):
    job_id = approved(client)
    said = {"purpose": "job_input", "job_id": job_id, "sha256": hashlib.sha256(FILM).hexdigest()}
    upload_id = begun(client, len(RAW), **said)
    assert go_on(client, upload_id, 0, RAW[:100]).status_code == 204
    assert go_on(client, upload_id, 100, RAW[100:]).status_code == 204
    assert complete.complete_arrived(services.context) == 0
    (asked,) = ok(client.get("/api/agents/pc/jobs"))["uploads_wanted"]
    assert (asked["job_id"], asked["upload_id"]) == (job_id, None)
    assert not list(services.context.settings.inputs_dir.iterdir())


def test_it_asks_in_the_order_of_the_queue(client, clock):
    first = approved(client)
    clock.advance(1)
    second, third = approved(client, 1), approved(client, 2)
    ok(client.post(f"/api/jobs/{third}/bump"))
    assert wanted(client) == [third, first, second]


def test_it_asks_for_nothing_that_the_agents_own_worker_can_do(client):
    sending_agent(client)
    farm(client)
    client.register_worker(capabilities={"max_concurrent": 1})
    jobs = [queued(client, number) for number in range(2)]
    assert [client.job(job_id)["status"] for job_id in jobs] == ["assigned", "queued"]
    assert wanted(client) == []
    ok(client.post("/api/workers/gpu/disable"))
    assert wanted(client) == [jobs[1]]


def test_it_asks_if_the_agents_own_worker_cannot_do_the_preset(client):
    sending_agent(client)
    client.register_worker()
    farm(client, nvenc=True, hevc=True)
    job_id = queued(client, preset="H.265 NVENC 1080p")
    assert wanted(client) == [job_id]
    ok(send_input(client, job_id))
    (work,) = ok(client.post("/api/workers/farm/jobs/poll", json={}))["jobs"]
    assert work["job_id"] == job_id


def test_it_asks_for_nothing_that_no_worker_could_download(client):
    sending_agent(client)
    client.register_worker("den", "den")  # says nothing of downloads
    queued(client)
    assert wanted(client) == []
    farm(client)
    ok(client.post("/api/workers/farm/disable"))
    assert wanted(client) == []


def test_it_asks_for_nothing_that_is_on_a_share(client):
    sending_agent(client)
    farm(client)
    job_id = ripped(client, path="\\\\nas\\rips\\t00.mkv")
    ok(client.post(f"/api/jobs/{job_id}/approve", json=APPROVAL))
    assert wanted(client) == []
    assert client.job(job_id)["status"] == "assigned"


@pytest.mark.parametrize("by", ["form", "tus"])
def test_it_takes_a_file_once(client, services, by):
    job_id = here(client)
    with unchanged(services):
        if by == "form":
            again = send_input(client, job_id)
        else:
            again = begin(client, 5, purpose="job_input", job_id=job_id)
        assert_problem(again, 409, "here already")


def test_it_keeps_the_file_that_was_complete_first(client):
    """A restarted agent may send a file twice at once, while a worker downloads it already."""
    job_id = approved(client)
    first, second = (begun(client, len(RAW), purpose="job_input", job_id=job_id) for _ in "12")
    assert go_on(client, second, 0, RAW).status_code == 204
    assert_problem(go_on(client, first, 0, RAW), 409, "here already")
    assert client.job(job_id)["input_upload_id"] == second


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_it_takes_no_file_of_a_job_that_is_over(client, end):
    client.register_agent()
    client.register_worker()
    job_id = ripped(client)
    ok(client.post(f"/api/jobs/{job_id}/assign?agent_id=pc"))
    client.end(job_id, end)
    assert_problem(send_input(client, job_id), 409, f"is {end}")
    assert_problem(begin(client, 5, purpose="job_input", job_id=job_id), 409, f"is {end}")


def test_it_refuses_the_rest_of_a_file_once_its_job_is_over(client):
    job_id = approved(client)
    upload_id = begun(client, len(RAW), purpose="job_input", job_id=job_id)
    assert go_on(client, upload_id, 0, RAW[:100]).status_code == 204
    client.cancel(job_id)
    assert_problem(go_on(client, upload_id, 100, RAW[100:]), 409, "is cancelled")


def test_it_takes_no_file_of_a_job_that_has_none(client):
    assert_problem(send_input(client, "nobody"), 404, "nobody")
    assert_problem(begin(client, 5, purpose="job_input", job_id="nobody"), 404, "nobody")
    assert_problem(begin(client, 5, purpose="job_input"), 422, field="job_id")
    client.register_agent()
    rip_id = client.job(ripped(client))["source_job_id"]
    assert_problem(send_input(client, rip_id), 409, "rip job")


def test_it_names_a_result_after_the_file_if_the_job_has_no_name(client):
    sending_agent(client)
    farm(client)
    answer = ok(client.post("/api/workers/assign", json={"agent_id": "pc"}))
    ok(send_input(client, answer["job_id"]))
    assert client.job(answer["job_id"])["output_name"] == "t00"


def test_it_asks_again_if_the_job_is_retried_and_the_file_is_gone(client, services, clock):
    work = given_away(client)
    client.end(work["job_id"], "failed", lease_token=work["lease_token"])
    clock.advance(49 * 3600)
    inputs.sweep(services.context)
    sending_agent(client)
    farm(client)
    ok(client.post(f"/api/jobs/{work['job_id']}/retry"))
    assert wanted(client) == [work["job_id"]]
    ok(send_input(client, work["job_id"]))
    (again,) = ok(client.post("/api/workers/farm/jobs/poll", json={}))["jobs"]
    assert again["job_id"] == work["job_id"]


def test_it_does_not_ask_again_for_what_a_lost_worker_had(client, services, clock):
    work = given_away(client)
    lost(client, services, clock)
    assert wanted(client) == []
    assert client.job(work["job_id"])["input_upload_id"] is not None

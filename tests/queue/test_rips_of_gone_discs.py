"""The number of a title would rip another disc's, once its own has left the drive."""

from flask.testing import FlaskClient

from boz_server.services.wiring import Services
from tests.support import (
    approve,
    assert_problem,
    detect,
    ok,
    register_agent,
    report,
    rip,
    unchanged,
)


def eject(client: FlaskClient) -> None:
    ok(client.post("/api/discs/ejected", json={"agent_id": "pc", "drive": "D:"}))


def test_it_enters_no_rip_of_a_disc_that_has_left(client: FlaskClient, services: Services) -> None:
    register_agent(client)
    body = {"job_type": "rip", "disc_id": detect(client)["disc_id"], "title_index": 0}
    eject(client)
    with unchanged(services):
        assert_problem(client.post("/api/jobs", json=body), 409, "put it in again")


def test_it_counts_a_disc_as_being_ripped_whoever_entered_the_rip(client: FlaskClient) -> None:
    register_agent(client)
    disc_id = detect(client)["disc_id"]
    body = {"job_type": "rip", "disc_id": disc_id, "title_index": 0}
    assert ok(client.post("/api/jobs", json=body))["status"] == "assigned"
    assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "ripping"


def test_it_fails_a_rip_that_is_put_back_when_its_disc_has_left(client: FlaskClient) -> None:
    register_agent(client)
    disc_id = detect(client)["disc_id"]
    approve(client, disc_id)
    (job_id,) = rip(client, disc_id, title_indices=[0])
    ok(report(client, job_id, "running", progress=30))
    eject(client)
    job = ok(report(client, job_id, "assigned"))
    assert (job["status"], "left its drive" in job["error"]) == ("failed", True)
    assert ok(client.get("/api/agents/pc"))["current_job_id"] is None


def test_it_takes_no_progress_back_at_the_end(client: FlaskClient) -> None:
    register_agent(client)
    disc_id = detect(client)["disc_id"]
    approve(client, disc_id)
    (job_id,) = rip(client, disc_id, title_indices=[0])
    ok(report(client, job_id, "running", progress=60))
    assert ok(report(client, job_id, "failed", progress=10))["progress"] == 60

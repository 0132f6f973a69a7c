"""The number of a title would rip another disc's, once its own has left the drive."""

from tests.client import ok
from tests.support import assert_problem, unchanged


def test_it_enters_no_rip_of_a_disc_that_has_left(client, services):
    client.register_agent()
    body = {"job_type": "rip", "disc_id": client.detect()["disc_id"], "title_index": 0}
    client.eject()
    with unchanged(services):
        assert_problem(client.post("/api/jobs", json=body), 409, "put it in again")


def test_it_counts_a_disc_as_being_ripped_whoever_entered_the_rip(client):
    client.register_agent()
    disc_id = client.detect()["disc_id"]
    body = {"job_type": "rip", "disc_id": disc_id, "title_index": 0}
    assert ok(client.post("/api/jobs", json=body))["status"] == "assigned"
    assert client.disc(disc_id)["status"] == "ripping"


def test_it_fails_a_rip_that_is_put_back_when_its_disc_has_left(client):
    client.register_agent()
    disc_id = client.detect().approve().id
    (job_id,) = client.rip(disc_id, title_indices=[0])
    ok(client.report(job_id, "running", progress=30))
    client.eject()
    job = ok(client.report(job_id, "assigned"))
    assert (job["status"], "left its drive" in job["error"]) == ("failed", True)
    assert client.agent()["current_job_id"] is None


def test_it_takes_no_progress_back_at_the_end(client):
    client.register_agent()
    disc_id = client.detect().approve().id
    (job_id,) = client.rip(disc_id, title_indices=[0])
    ok(client.report(job_id, "running", progress=60))
    assert ok(client.report(job_id, "failed", progress=10))["progress"] == 60

"""Rips are ordered, followed, and done; agents eject a disc when no rip of it is left."""

from typing import Any

import pytest

from tests.client import Client, ok, titles
from tests.support import restart

pytestmark = pytest.mark.usefixtures("pc")


@pytest.fixture
def disc_id(client) -> str:
    """An approved disc with three selected episodes and an extra that is not."""
    return str(client.detect().approve().id)


def order(client: Client, disc_id: str, **body: Any) -> dict[str, Any]:
    """The answer to an order of a rip."""
    return dict(ok(client.post(f"/api/discs/{disc_id}/rip", json=body)))


def status(client: Client, disc_id: str) -> str:
    """Where a disc stands."""
    return str(client.disc(disc_id)["status"])


def indices(client: Client, job_ids: list[str]) -> list[int]:
    """The titles that jobs rip."""
    return [client.job(job_id)["title_index"] for job_id in job_ids]


def test_it_rips_the_selected_titles(client, disc_id):
    answer = ok(client.post(f"/api/discs/{disc_id}/rip"))
    assert answer == {"status": "ok", "jobs_created": 3, "job_ids": answer["job_ids"]}
    assert indices(client, answer["job_ids"]) == [0, 1, 2]
    assert status(client, disc_id) == "ripping"


def test_it_gives_the_jobs_to_the_discs_agent(client, disc_id):
    job_id, *_ = client.rip(disc_id)
    (job,) = client.agent_jobs()
    assert len(job.pop("lease_token")) == 32
    assert job == {
        "job_id": job_id,
        "job_type": "rip",
        "status": "assigned",
        "priority": 0,
        "disc_id": disc_id,
        "title_index": 0,
        "input_file": None,
        "output_name": "Firefly - S01E01",
        "output_file": None,
        "preset": None,
        "assigned_agent_id": "pc",
        "assigned_worker_id": None,
        "assigned_at": "2026-01-24T12:34:56.123456Z",
        "requires_approval": False,
        "source_disc_name": "FIREFLY_S01_D1",
        "input_file_size": None,
        "output_file_size": None,
        "thumbnails": [],
        "thumbnail_timestamps": [],
        "progress": 0.0,
        "error": None,
        "created_at": "2026-01-24T12:34:56.123456Z",
        "started_at": None,
        "completed_at": None,
        "attempt": 1,
        "scheduled_at": None,
        "waiting_reason": None,
        "source_job_id": None,
        "input_upload_id": None,
        "library_path": None,
        "download_url": None,
    }


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_it_gives_the_agent_the_next_job_once_the_drive_is_free(client, disc_id, end):
    job_ids = client.rip(disc_id)
    given = []
    while jobs := client.agent_jobs():
        given.append([job["job_id"] for job in jobs])
        ok(client.report(jobs[0]["job_id"], end, error="Scratched" if end == "failed" else None))
    # A title that fails is tried again after the others.
    assert given == [[job_id] for job_id in job_ids] * (2 if end == "failed" else 1)


def test_it_tells_the_size_of_a_title_where_it_is_known(client):
    sized = client.detect(titles=titles(43, size_bytes=1_956_683_776))
    job_id = client.rip(client.approve(sized["disc_id"])["disc_id"])[0]
    assert client.job(job_id)["input_file_size"] == 1_956_683_776


def test_it_rips_named_titles(client, disc_id):
    assert indices(client, client.rip(disc_id, title_indices=[3, 1, 3])) == [1, 3]


@pytest.mark.parametrize("body", [{"title_indices": None}, {"title_indices": []}, {"by": "me"}])
def test_it_takes_nothing_named_for_what_is_selected(client, disc_id, body):
    assert indices(client, client.rip(disc_id, **body)) == [0, 1, 2]


def test_it_rips_the_main_feature_where_nothing_is_selected(client):
    disc_id = client.detect("HOLIDAY", (2, 5, 3)).approve().id
    assert indices(client, client.rip(disc_id)) == [1]


def test_it_answers_the_jobs_there_are_when_asked_again(client, disc_id):
    job_ids = client.rip(disc_id)
    assert order(client, disc_id) == {
        "status": "ok",
        "jobs_created": 0,
        "job_ids": job_ids,
        "message": "These titles have rip jobs already",
    }
    assert len(ok(client.get("/api/jobs"))) == 3


def test_it_answers_the_same_once_all_is_ripped_and_ejected(client, disc_id):
    job_ids = client.rip(disc_id)
    for job_id in job_ids:
        ok(client.report(job_id, "completed"))
    client.eject()
    assert order(client, disc_id)["job_ids"] == job_ids


def test_it_rips_what_was_not_ordered_before(client, disc_id):
    client.rip(disc_id, title_indices=[0])
    assert indices(client, order(client, disc_id)["job_ids"]) == [1, 2]


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_rips_again_what_did_not_succeed(client, disc_id, end):
    job_ids = client.rip(disc_id)
    for job_id in job_ids[1:]:
        ok(client.report(job_id, "completed"))
    client.end(job_ids[0], end)
    assert status(client, disc_id) == "completed"
    again = order(client, disc_id)
    assert indices(client, again["job_ids"]) == [0]
    assert again["jobs_created"] == 1
    assert status(client, disc_id) == "ripping"


@pytest.mark.parametrize("action", [None, "reject"])
def test_it_refuses_names_that_no_one_approved(client, action):
    disc_id = client.detect()["disc_id"]
    if action:
        ok(client.post(f"/api/discs/{disc_id}/preview/{action}"))
    client.refused(400, "approve").post(f"/api/discs/{disc_id}/rip")


def test_it_refuses_a_disc_without_titles(client):
    disc_id = client.detect(titles=[]).approve().id
    client.refused(400, "Nothing is left").post(f"/api/discs/{disc_id}/rip")


def test_it_refuses_a_disc_that_has_left(client, disc_id):
    client.eject()
    client.refused(400, "left its drive").post(f"/api/discs/{disc_id}/rip")


@pytest.mark.parametrize("wanted", [[9], [0, 9]])
def test_it_refuses_titles_that_are_not_there(client, disc_id, wanted):
    client.refused(422, field="index").post(
        f"/api/discs/{disc_id}/rip", json={"title_indices": wanted}
    )


def test_it_refuses_two_titles_of_one_name(client):
    disc_id = client.detect()["disc_id"]
    same = {"proposed_filename": "Firefly - S01E01.mkv", "proposed_path": "TV Shows/Firefly"}
    edits = [{"index": 0, **same}, {"index": 3, **same}]
    client.approve(disc_id, title_edits=edits)
    client.refused(422, "S01E01", field="proposed_filename").post(
        f"/api/discs/{disc_id}/rip", json={"title_indices": [0, 3]}
    )


def progress(client: Client, disc_id: str) -> dict[str, Any]:
    """How far a disc's rips are."""
    return dict(ok(client.get(f"/api/discs/{disc_id}/rip-status")))


def test_it_has_ripped_nothing_before_a_rip_is_ordered(client, disc_id):
    assert progress(client, disc_id) == {
        "all_rips_complete": False,
        "total_jobs": 0,
        "completed_jobs": 0,
        "failed_jobs": 0,
    }


@pytest.mark.parametrize("unfinished", ["assigned", "running"])
def test_it_waits_for_the_last_rip(app, client, disc_id, unfinished):
    restart(app, max_rip_attempts=1)
    first, second, third = client.rip(disc_id)
    ok(client.report(first, "completed"))
    ok(client.report(second, "failed", error="Scratched"))
    ok(client.report(third, unfinished))
    assert progress(client, disc_id) == {
        "all_rips_complete": False,
        "total_jobs": 3,
        "completed_jobs": 1,
        "failed_jobs": 1,
    }
    assert client.disc(disc_id)["status"] == "ripping"


@pytest.mark.parametrize(("end", "failed"), [("completed", 0), ("failed", 1), ("cancelled", 0)])
def test_it_completes_the_disc_with_its_last_rip(client, disc_id, end, failed):
    first, second, third = client.rip(disc_id)
    ok(client.report(first, "completed"))
    ok(client.report(second, "completed"))
    client.end(third, end)
    assert progress(client, disc_id) == {
        "all_rips_complete": True,
        "total_jobs": 3,
        "completed_jobs": 3 if end == "completed" else 2,
        "failed_jobs": failed,
    }
    assert client.disc(disc_id)["status"] == "completed"


def test_it_waits_for_no_transcode(client, disc_id):
    (job_id,) = client.rip(disc_id, title_indices=[0])
    body = {"job_type": "transcode", "disc_id": disc_id, "requires_approval": True}
    ok(client.post("/api/jobs", json=body))
    ok(client.report(job_id, "completed"))
    assert progress(client, disc_id)["all_rips_complete"] is True

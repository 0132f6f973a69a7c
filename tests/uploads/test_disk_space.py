"""Disks that are filling up: no uploads, no new rips, and a warning."""

from collections.abc import Callable

import pytest

from boz_server import disk
from boz_server.database.models import OutboxMessage
from boz_server.services.queue import dispatcher
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.films import upload
from tests.support import assert_problem, restart, unchanged

GIB = 1024**3
TUS = {"Tus-Resumable": "1.0.0", "Upload-Metadata": "filename YS5ta3Y="}


@pytest.fixture
def free(monkeypatch) -> Callable[[float], None]:
    """Sets how many GiB are free on every disk."""

    def set_to(gib: float) -> None:
        monkeypatch.setattr(disk, "free_bytes", lambda _: int(gib * GIB))

    set_to(10)
    return set_to


@pytest.fixture
def careful(app, free) -> Services:
    """A server that keeps 2 GiB free and notifies people."""
    return restart(
        app, min_free_bytes=2 * GIB, discord_enabled=True, discord_webhook_url="http://127.0.0.1:9"
    )


def create(client: Client, size: float) -> int:
    headers = TUS | {"Upload-Length": str(int(size * GIB))}
    return client.post("/api/uploads", headers=headers).status_code


def test_it_refuses_an_upload_that_would_leave_too_little_room(client, careful):
    assert create(client, 8) == 201
    with unchanged(careful):
        headers = TUS | {"Upload-Length": str(8 * GIB)}
        response = client.post("/api/uploads", headers=headers)
        assert_problem(response, 507, "The file needs 8.00 GiB")
    assert "BOZ_MIN_FREE_BYTES" in response.get_json()["detail"]


def test_it_counts_what_other_uploads_still_need(client, careful):
    assert [create(client, 4) for _ in range(3)] == [201, 201, 507]


def test_it_refuses_a_form_that_would_leave_too_little_room(client, careful, free):
    upload(client, "a")
    free(2)
    with unchanged(careful):
        response = client.post(
            "/api/files/upload", data=b"x", content_type="multipart/form-data; boundary=b"
        )
        assert_problem(response, 507, "make room")


def test_it_begins_no_new_rip_while_a_disk_is_filling_up(client, careful, free):
    client.register_agent()
    free(1.5)
    _, (job_id, *_) = client.ordered_rips()
    job = client.job(job_id)
    assert job["status"] == "queued"
    assert "has 1.50 GiB left" in job["waiting_reason"]
    # What is under way goes on, and what can be read is.
    assert ok(client.get("/readyz"))["status"] == "ok"
    free(3)
    dispatcher.dispatch_now(careful.context)
    assert client.job(job_id)["status"] == "assigned"


def test_it_warns_that_a_disk_is_filling_up(client, careful, free):
    assert ok(client.get("/readyz"))["warnings"] == []
    free(1)
    (warning,) = ok(client.get("/readyz"))["warnings"]
    assert "has 1.00 GiB left" in warning
    storage = {"free_bytes": GIB, "min_free_bytes": 2 * GIB, "warning": warning}
    assert ok(client.get("/readyz"))["storage"] == ok(client.get("/health"))["storage"] == storage
    assert warning in client.get("/dashboard", headers={"Accept": "text/html"}).text


def test_it_notifies_people_once_each_time(client, careful, free):
    (watch,) = [step for step in careful.maintenance.steps if step.name == "watch_space"]
    told = []
    for gib in (10, 1, 1.2, 10, 1):
        free(gib)
        watch.run(careful.context)
        told.append(OutboxMessage.delete().execute())
    assert told == [0, 1, 0, 0, 1]


def test_it_looks_at_the_real_disk(tmp_path):
    assert disk.free_bytes(tmp_path) > 0

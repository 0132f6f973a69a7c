"""Jobs are entered, shown, counted, and listed page by page."""

import base64
import json
from typing import Any

import pytest
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from boz_server.services.discs.thumbnails import store_of
from tests.client import Client, ok
from tests.support import JPEG, assert_problem

NOBODY = "00000000-0000-0000-0000-000000000000"


def test_it_enters_a_job_as_agents_of_today_send_it(client):
    body = {
        "job_type": "transcode",
        "disc_id": None,
        "title_index": None,
        "input_file": "C:\\rips\\title_t00.mkv",
        "output_name": "Firefly - S01E01",
        "preset": None,
        "priority": 0,
        "requires_approval": True,
        "source_disc_name": "FIREFLY_S01_D1",
        "input_file_size": 5_000_000_000,
        "thumbnails": None,
        "thumbnail_timestamps": None,
        "agent_version": "0.9.1",
    }
    job = ok(client.post("/api/jobs", json=body))
    job_id = job.pop("job_id")
    assert job == {
        "job_type": "transcode",
        "status": "pending",
        "priority": 0,
        "disc_id": None,
        "title_index": None,
        "input_file": "C:\\rips\\title_t00.mkv",
        "output_name": "Firefly - S01E01",
        "output_file": None,
        "preset": None,
        "assigned_agent_id": None,
        "assigned_worker_id": None,
        "assigned_at": None,
        "requires_approval": True,
        "source_disc_name": "FIREFLY_S01_D1",
        "input_file_size": 5_000_000_000,
        "output_file_size": None,
        "thumbnails": [],
        "thumbnail_timestamps": [],
        "progress": 0.0,
        "error": None,
        "created_at": "2026-01-24T12:34:56.123456Z",
        "started_at": None,
        "completed_at": None,
        "attempt": 0,
        "scheduled_at": None,
        "waiting_reason": "A person has to approve it.",
        "source_job_id": None,
        "input_upload_id": None,
        "library_path": None,
    }
    assert client.job(job_id) == {"job_id": job_id, **job}


def test_it_queues_a_job_that_needs_no_approval(client):
    job = ok(client.post("/api/jobs", json={"job_type": "organize"}))
    assert (job["status"], job["requires_approval"], job["priority"]) == ("queued", False, 0)


def test_it_enters_a_job_for_a_title_of_a_disc(client):
    client.register_agent()
    disc_id = client.detect()["disc_id"]
    job = client.create_job(disc_id=disc_id, title_index=2)
    assert (job["disc_id"], job["title_index"]) == (disc_id, 2)


def test_it_takes_a_file_whose_disc_it_does_not_know(client):
    job = client.create_job(disc_id=NOBODY, source_disc_name="FIREFLY_D1")
    assert (job["disc_id"], job["source_disc_name"]) == (None, "FIREFLY_D1")
    assert client.awaiting_approval() == [job]


def test_it_answers_404_for_a_rip_of_an_unknown_disc(client, services):
    body = {"job_type": "rip", "disc_id": NOBODY, "thumbnails": [JPEG]}
    client.refused(404, NOBODY).post("/api/jobs", json=body)
    assert not store_of(services.context).folder.exists()


def test_it_answers_409_to_a_second_rip_of_a_title(client):
    client.register_agent()
    disc_id = client.detect().approve().id
    client.rip(disc_id, title_indices=[0])
    body = {"job_type": "rip", "disc_id": disc_id, "title_index": 0}
    client.refused(409, "cancel").post("/api/jobs", json=body)


def test_it_names_each_wrong_field(client):
    body = {"priority": "high", "thumbnails": ["no JPEG"]}
    errors = client.post("/api/jobs", json=body).get_json()["errors"]
    assert errors.keys() == {"job_type", "priority", "thumbnails.0"}
    assert errors["job_type"] == ["Missing data for required field."]


def test_it_counts_the_jobs_by_status_and_type(client):
    client.register_agent()
    client.register_worker()
    disc_id = client.detect().approve().id
    rips = client.rip(disc_id, title_indices=[0, 1])
    client.report(rips[0], "completed")
    client.end(rips[1], "failed")
    client.create_job()
    client.create_job(job_type="organize")  # waits for a person too, but is no transcode job
    client.create_job(requires_approval=False, preset="H.265 QSV 1080p")  # no worker can do it
    client.assigned_job()
    client.report(client.approved_job(), "running")
    client.cancel(client.create_job()["job_id"])
    assert ok(client.get("/api/jobs/stats")) == {
        "total_jobs": 8,
        "pending": 2,
        "queued": 1,
        "assigned": 1,
        "running": 1,
        "completed": 1,
        "failed": 1,
        "cancelled": 1,
        "rip_jobs": 2,
        "transcode_jobs": 5,
        "organize_jobs": 1,
        "awaiting_approval": 1,
        "stalled": 0,
        "queue_age_seconds": 0,
    }


def test_it_counts_nothing_as_zeros(client):
    assert set(ok(client.get("/api/jobs/stats")).values()) == {0}


def test_it_lists_the_presets(client):
    presets = ok(client.get("/api/jobs/presets"))["presets"]
    assert [(each["name"], each["codec"], each["requires"]) for each in presets] == [
        ("H.265 NVENC 1080p", "hevc", "nvenc"),
        ("H.265 NVENC 4K", "hevc", "nvenc"),
        ("H.264 NVENC 1080p", "h264", "nvenc"),
        ("H.264 NVENC 720p", "h264", "nvenc"),
        ("H.265 QSV 1080p", "hevc", "qsv"),
        ("H.264 QSV 1080p", "h264", "qsv"),
        ("H.265 CPU 1080p", "hevc", None),
        ("H.264 CPU 1080p", "h264", None),
        ("Fast 1080p30", "h264", None),
    ]
    assert all(each["id"] == each["name"] for each in presets)


def test_it_enters_no_rip_of_a_disc_that_has_left(client):
    client.register_agent()
    body = {"job_type": "rip", "disc_id": client.detect()["disc_id"], "title_index": 0}
    client.eject()
    client.refused(409, "put it in again").post("/api/jobs", json=body)


def test_it_counts_a_disc_as_being_ripped_by_any_rip_job(client):
    client.register_agent()
    disc_id = client.detect()["disc_id"]
    body = {"job_type": "rip", "disc_id": disc_id, "title_index": 0}
    assert ok(client.post("/api/jobs", json=body))["status"] == "assigned"
    assert client.disc(disc_id)["status"] == "ripping"


def test_it_queues_a_rip_again_that_is_put_back_when_its_disc_has_left(client):
    client.register_agent()
    disc_id = client.detect().approve().id
    (job_id,) = client.rip(disc_id, title_indices=[0])
    ok(client.report(job_id, "running", progress=30))
    client.eject()
    job = ok(client.report(job_id, "assigned"))
    assert (job["status"], job["error"]) == ("queued", None)
    assert client.agent()["current_job_id"] is None


def test_it_takes_no_progress_back_at_the_end(client):
    client.register_agent()
    disc_id = client.detect().approve().id
    (job_id,) = client.rip(disc_id, title_indices=[0])
    ok(client.report(job_id, "running", progress=60))
    assert ok(client.report(job_id, "failed", progress=10))["progress"] == 60


LISTS = ("/api/jobs", "/api/jobs/pending", "/api/jobs/awaiting-approval", "/api/jobs/upload-errors")


def ids(jobs: list[dict[str, Any]]) -> list[str]:
    return [job["job_id"] for job in jobs]


def next_address(response: TestResponse) -> str | None:
    """The address of the next page as clients find it; None on the last one."""
    if "Link" not in response.headers:
        return None
    target, options = parse_options_header(response.headers["Link"])
    assert options == {"rel": "next"}
    assert target.startswith("<http://localhost/")
    return target.strip("<>")


def walk(client: Client, address: str) -> list[list[dict[str, Any]]]:
    """All pages, by following the Link header to the end."""
    pages = []
    following: str | None = address
    while following is not None:
        response = client.get(following)
        pages.append(ok(response))
        following = next_address(response)
    return pages


def cursor_of(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def failed_upload(client: Client, error: str = "Upload failed: no route to host") -> str:
    job_id = client.assigned_job()
    client.report(job_id, "completed")
    client.report(job_id, "completed", error=error)
    return job_id


def test_it_lists_jobs_newest_first(client, clock):
    made = []
    for _ in range(3):
        made.append(client.create_job()["job_id"])
        clock.advance(1)
    assert ids(ok(client.get("/api/jobs"))) == made[::-1]


def test_it_lists_the_jobs_of_one_status(client):
    pending = client.create_job()["job_id"]
    queued = client.create_job(requires_approval=False)["job_id"]
    assert ids(ok(client.get("/api/jobs?status=pending"))) == [pending]
    assert ids(ok(client.get("/api/jobs?status=queued"))) == [queued]
    assert ok(client.get("/api/jobs?status=failed")) == []


def test_it_refuses_an_unknown_status(client):
    assert_problem(client.get("/api/jobs?status=lost"), 422, "status", field="status")


def test_it_lists_waiting_jobs_most_urgent_first_then_oldest(client, clock):
    client.register_agent()
    made = []
    for priority, requires_approval in ((0, True), (7, False), (0, False), (7, True)):
        job = client.create_job(priority=priority, requires_approval=requires_approval)
        made.append(job["job_id"])
        clock.advance(1)
    client.assigned_job()
    assert ids(ok(client.get("/api/jobs/pending"))) == [made[1], made[3], made[0], made[2]]


def test_it_lists_the_transcode_jobs_that_await_approval(client):
    client.register_agent()
    waiting = client.create_job()["job_id"]
    client.create_job(requires_approval=False)
    client.create_job(job_type="organize")
    client.assigned_job()
    assert ids(client.awaiting_approval()) == [waiting]


def test_it_lists_completed_jobs_whose_error_speaks_of_an_upload(client, clock):
    client.register_agent()
    older = failed_upload(client)
    clock.advance(1)
    newer = failed_upload(client, "UPLOAD refused")
    failed_upload(client, "subtitles missing")
    client.report(client.assigned_job(), "completed")
    client.report(client.assigned_job(), "failed", error="Upload failed")
    assert ids(ok(client.get("/api/jobs/upload-errors"))) == [newer, older]


@pytest.mark.parametrize("address", [*LISTS, "/api/agents", "/api/workers", "/api/discs"])
def test_it_tells_the_total_where_one_page_holds_the_list(client, address):
    assert client.get(address).headers["X-Total-Count"] == "0"


def test_it_tells_no_total_where_it_would_have_to_count(client):
    for _ in range(3):
        client.create_job()
    assert client.get("/api/jobs?limit=3").headers["X-Total-Count"] == "3"
    first = client.get("/api/jobs?limit=2")
    assert "X-Total-Count" not in first.headers
    assert "X-Total-Count" not in client.get(str(next_address(first))).headers


@pytest.mark.parametrize("address", LISTS)
def test_it_lists_nothing_as_an_empty_array(client, address):
    response = client.get(address)
    assert ok(response) == []
    assert "Link" not in response.headers


@pytest.mark.parametrize("address", LISTS)
def test_it_pages_through_a_list_without_loss_or_repetition(client, clock, address):
    client.register_agent()
    for number in range(7):
        if address.endswith("upload-errors"):
            failed_upload(client)
        else:
            client.create_job(priority=number % 2)
        clock.advance(number % 3)  # some are of the same instant
    whole = ok(client.get(address))
    pages = walk(client, f"{address}?limit=3")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [job for page in pages for job in page] == whole


@pytest.mark.parametrize("address", LISTS[:3])
def test_it_pages_through_jobs_that_tie_in_all_but_their_id(client, address):
    made = {client.create_job()["job_id"] for _ in range(5)}
    seen = [job for page in walk(client, f"{address}?limit=1") for job in ids(page)]
    assert len(seen) == 5
    assert set(seen) == made


def test_it_keeps_the_filter_from_page_to_page(client):
    wanted = {client.create_job()["job_id"] for _ in range(3)}
    client.create_job(requires_approval=False)
    pages = walk(client, "/api/jobs?status=pending&limit=2")
    assert {job for page in pages for job in ids(page)} == wanted


def test_it_names_no_next_page_when_the_last_one_is_just_full(client):
    for _ in range(2):
        client.create_job()
    assert next_address(client.get("/api/jobs?limit=2")) is None


def test_it_shows_no_job_twice_when_new_ones_come_in_between(client, clock):
    older = [client.create_job()["job_id"] for _ in range(4)]
    first = client.get("/api/jobs?limit=2")
    clock.advance(1)
    client.create_job()
    address = next_address(first)
    assert address is not None
    rest = [job for page in walk(client, address) for job in ids(page)]
    assert sorted(ids(ok(first)) + rest) == sorted(older)


def test_it_pages_through_agents_and_workers(client):
    names = ["a", "b", "ü x"]
    for name in names:
        client.register_agent(name)
        ok(client.post("/api/workers/register", json={"worker_id": name, "hostname": "h"}))
    for noun in ("agent", "worker"):
        pages = walk(client, f"/api/{noun}s?limit=1")
        assert [page[0][f"{noun}_id"] for page in pages] == names
        assert all(len(page) == 1 for page in pages)


def test_it_refuses_a_limit_out_of_bounds(client):
    for limit in ("0", "-1", "5001", "many", "1.5", "1e30", "9" * 5000, ""):
        for address in LISTS:
            assert_problem(client.get(f"{address}?limit={limit}"), 422, "limit", field="limit")


def test_it_takes_the_limits_at_the_bounds(client):
    for limit in (1, 5000):
        assert ok(client.get(f"/api/jobs?limit={limit}")) == []


INSTANT = "2026-01-24T12:34:56.123456+00:00"
#: None of these was ever given to a client; the last ones fit one list or the other but for a type.
WRONG_CURSORS = (
    "",
    "?",
    "%C3%BC",
    "A",
    "x" * 1001,
    cursor_of(b"\xff\xfe"),
    cursor_of(b'["\\ud800", "a"]'),
    cursor_of(b"[" * 300 + b"]" * 300),
    cursor_of(None),
    cursor_of(5),
    cursor_of("ab"),
    cursor_of([]),
    cursor_of({}),
    cursor_of([INSTANT]),
    cursor_of([INSTANT, "a", "b", "c"]),
    cursor_of([INSTANT, None]),
    cursor_of([INSTANT, 5]),
    cursor_of([INSTANT, "a\0b"]),
    cursor_of([5, "a"]),
    cursor_of(["yesterday", "a"]),
    cursor_of([INSTANT.removesuffix("+00:00"), "a"]),
    cursor_of(["0001-01-01T00:00:00+23:59", "a"]),
    cursor_of(["9999-12-31T23:59:59-23:59", "a"]),
    cursor_of([True, INSTANT, "a"]),
    cursor_of([2**31, INSTANT, "a"]),
    cursor_of([1.5, INSTANT, "a"]),
)


@pytest.mark.parametrize("address", LISTS)
def test_it_refuses_a_cursor_that_it_never_gave(client, address):
    answers = {cursor: client.get(f"{address}?cursor={cursor}") for cursor in WRONG_CURSORS}
    assert [cursor for cursor, answer in answers.items() if answer.status_code != 422] == []
    for answer in answers.values():
        assert_problem(answer, 422, "cursor", field="cursor")


def test_it_takes_a_cursor_at_either_end_of_time(client):
    client.create_job()
    assert ok(client.get("/api/jobs?cursor=" + cursor_of(["0001-01-01T00:00:00Z", "a"]))) == []
    latest = cursor_of(["9999-12-31T23:59:59.999999Z", "a"])
    assert len(ok(client.get(f"/api/jobs?cursor={latest}"))) == 1

"""Jobs are entered, shown and counted."""

from boz_server.services.discs.thumbnails import store_of
from tests.client import ok
from tests.support import JPEG

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
    client.report(rips[1], "failed", error="read error")
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

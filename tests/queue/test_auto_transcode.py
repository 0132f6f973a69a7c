"""BOZ_AUTO_TRANSCODE: approved discs are transcoded without a person, with a preset that fits."""

from dataclasses import replace
from typing import Any

import pytest

from boz_server.settings import Settings
from tests.client import Client, ok
from tests.plans import noted, steps_of
from tests.support import JPEG, restart

pytestmark = pytest.mark.usefixtures("pc")

FILE = "C:\\rips\\title_t00.mkv"
NVENC = {"nvenc": True, "hevc": True}
QSV = {"qsv": True, "hevc": True}


@pytest.fixture
def settings(settings) -> Settings:
    return replace(settings, auto_transcode=True)


def begun_rip(client: Client, **extra: Any) -> dict[str, Any]:
    """A rip of an approved disc that is under way."""
    _, (job_id, *_) = client.ordered_rips(**extra)
    return dict(ok(client.report(job_id, "running")))


def end(client: Client, job: dict[str, Any], file: str = FILE) -> None:
    """Report a rip as completed with the file that it wrote."""
    ok(client.report(job["job_id"], "completed", output_file=file))


def announce(client: Client, job: dict[str, Any], **extra: Any) -> dict[str, Any]:
    """The POST of today's agents after a rip."""
    told = {"disc_id": job["disc_id"], "title_index": job["title_index"], "output_name": None}
    return client.create_job(**{"input_file": FILE, **told, **extra})


def test_it_gives_what_was_ripped_to_a_worker(client):
    client.register_worker(capabilities=NVENC)
    end(client, begun_rip(client))
    (job,) = client.transcodes()
    assert (job["status"], job["requires_approval"]) == ("assigned", False)
    assert (job["assigned_worker_id"], job["preset"]) == ("gpu", "H.265 NVENC 1080p")
    assert client.awaiting_approval() == []
    steps = [event["to_status"] for event in client.history(job["job_id"])]
    assert steps == ["queued", "assigned"]


def test_it_waits_for_a_worker_and_for_no_person(client):
    end(client, begun_rip(client))
    (job,) = client.transcodes()
    assert (job["status"], job["preset"]) == ("queued", None)
    assert job["waiting_reason"] == "No worker on the machine of agent 'pc' is registered."
    client.register_worker()
    assert client.job(job["job_id"])["preset"] == "Fast 1080p30"


@pytest.mark.parametrize("has_worker", [False, True])
def test_it_takes_the_agents_own_post_for_no_reason_to_wait(client, has_worker):
    if has_worker:
        client.register_worker()
    rip_job = begun_rip(client)
    end(client, rip_job)
    (entered,) = client.transcodes()
    job = announce(client, rip_job, thumbnails=[JPEG])
    assert (job["job_id"], job["requires_approval"]) == (entered["job_id"], False)
    assert job["status"] == entered["status"] == ("assigned" if has_worker else "queued")
    assert client.get(job["thumbnails"][0]).status_code == 200
    assert client.transcodes() == [job]


def test_it_takes_over_what_the_agent_says_of_a_job_that_waits(client):
    rip_job = begun_rip(client)
    end(client, rip_job)
    said = {"output_name": "Mine", "input_file_size": 7, "preset": "H.264 CPU 1080p"}
    job = announce(client, rip_job, **said)
    assert said.items() <= job.items()
    client.register_worker(capabilities=NVENC)
    assert client.job(job["job_id"])["preset"] == "H.264 CPU 1080p"


def test_it_changes_no_job_that_a_machine_has(client):
    client.register_worker(capabilities=NVENC)
    rip_job = begun_rip(client)
    end(client, rip_job)
    (entered,) = client.transcodes()
    assert announce(client, rip_job, output_name="Mine", preset="H.264 CPU 1080p") == entered


@pytest.mark.parametrize("is_reported", [False, True])
def test_it_enters_one_job_where_the_agents_post_comes_first(client, is_reported):
    client.register_worker(capabilities=NVENC)
    rip_job = begun_rip(client)
    if is_reported:
        ok(client.report(rip_job["job_id"], "completed"))
    job = announce(client, rip_job)
    assert (job["status"], job["requires_approval"]) == ("assigned", False)
    assert job["preset"] == "H.265 NVENC 1080p"
    end(client, rip_job)
    assert client.transcodes() == [job]


def test_it_does_no_file_twice_without_a_person(client):
    client.register_worker()
    rip_job = begun_rip(client)
    end(client, rip_job)
    (first,) = client.transcodes()
    announce(client, rip_job)
    ok(client.report(first["job_id"], "completed", output_file="C:\\out\\a.mkv"))
    again = announce(client, rip_job)
    assert (again["status"], again["requires_approval"]) == ("pending", True)
    assert again["job_id"] != first["job_id"]


@pytest.mark.parametrize("origin", ["unknown disc", "no disc", "no rip", "not approved"])
def test_it_leaves_a_file_of_other_origin_to_a_person(client, origin):
    client.register_worker()
    if origin == "not approved":
        disc_id = client.detect()["disc_id"]
        body = {"job_type": "rip", "disc_id": disc_id, "title_index": 0}
        end(client, ok(client.post("/api/jobs", json=body)))
        (job,) = client.transcodes()
    else:
        disc_ids = {
            "unknown disc": "nothing",
            "no disc": None,
            "no rip": client.detect().approve().id,
        }
        job = client.create_job(disc_id=disc_ids[origin], title_index=0)
    assert (job["status"], job["requires_approval"]) == ("pending", True)
    assert job["waiting_reason"] == "A person has to approve it."


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_it_leaves_what_a_rip_left_that_failed_to_a_person(app, client, how):
    restart(app, max_rip_attempts=1)
    client.register_worker()
    rip_job = begun_rip(client)
    client.end(rip_job["job_id"], how, output_file=FILE)
    assert announce(client, rip_job)["status"] == "pending"


def test_it_leaves_what_waits_already(app, client):
    restart(app, auto_transcode=False)
    client.register_worker()
    rip_job = begun_rip(client)
    end(client, rip_job)
    (job,) = client.transcodes()
    restart(app, auto_transcode=True)
    assert announce(client, rip_job) == job
    assert job["status"] == "pending"


def test_it_waits_for_a_person_unless_told(app, client):
    restart(app, auto_transcode=False)
    client.register_worker(capabilities=NVENC)
    rip_job = begun_rip(client)
    end(client, rip_job)
    (job,) = client.transcodes()
    assert (job["status"], job["requires_approval"]) == ("pending", True)
    assert client.job(client.queued_job())["preset"] == "Fast 1080p30"


# PostgreSQL plans by statistics: on tables this small an index is no gain to it.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_by_index(client, services):
    client.register_worker(capabilities=NVENC)
    client.register_worker("farm", None)
    rip_job = begun_rip(client)
    with noted(services) as statements:
        end(client, rip_job)
        announce(client, rip_job)
        client.queued_job()
        client.queued_job()
        client.poll()
    plans = steps_of(services, statements)
    assert [step for step in plans if step.startswith("SCAN t")] == []


def test_it_transcodes_each_title_of_a_disc(client):
    client.register_worker(capabilities={"max_concurrent": 4})
    disc_id = client.detect().approve().id
    for number, job_id in enumerate(client.rip(disc_id)):
        end(client, client.job(job_id), f"C:\\rips\\title_t{number:02}.mkv")
    assert [job["status"] for job in client.transcodes()] == ["assigned"] * 3


@pytest.mark.parametrize(
    ("disc_type", "hardware", "preset"),
    [
        ("DVD disc", NVENC, "H.265 NVENC 1080p"),
        ("Blu-ray disc", QSV, "H.265 QSV 1080p"),
        ("Blu-ray disc", {"nvenc": True}, "H.264 NVENC 1080p"),
        ("UHD Blu-ray disc", NVENC, "H.265 NVENC 4K"),
        ("Blu-ray disc", {}, "Fast 1080p30"),
    ],
)
@pytest.mark.parametrize("way", ["dispatched", "polled"])
def test_it_chooses_the_preset_by_disc_and_hardware(client, disc_type, hardware, preset, way):
    _, (rip_id, *_) = client.ordered_rips(disc_type=disc_type)
    ok(client.report(rip_id, "completed", output_file="C:\\rips\\title_t00.mkv"))
    waiting = ok(client.get("/api/jobs/pending"))
    (job,) = [job for job in waiting if job["source_job_id"] == rip_id]
    if way == "dispatched":
        client.register_worker(capabilities=hardware)
    else:
        client.sign_off()
        client.register_worker(capabilities=hardware)
        assert [each["handbrake_preset"] for each in client.poll("gpu")] == [preset]
    assert client.job(job["job_id"])["preset"] == preset


def test_it_chooses_the_preset_of_a_job_that_a_person_assigns(client):
    client.register_worker(capabilities=QSV)
    assert client.job(client.assigned_job())["preset"] == "H.265 QSV 1080p"


def test_it_keeps_a_preset_that_is_named(client):
    client.register_worker(capabilities=NVENC)
    client.register_worker("farm", None, capabilities=NVENC)
    named = {"preset": "H.265 CPU 1080p"}
    assert client.job(client.queued_job(**named))["preset"] == "H.265 CPU 1080p"
    ok(client.post("/api/workers/gpu/disable"))
    client.queued_job(**named)
    assert client.poll()[0]["handbrake_preset"] == "H.265 CPU 1080p"


def test_it_asks_no_hardware_for_a_default_preset_that_it_does_not_choose(app, client):
    restart(app, default_transcode_preset="H.265 NVENC 1080p")
    client.register_worker("cpu")
    first = client.queued_job()
    assert client.job(first)["waiting_reason"] == (
        "No worker that may have it can do the preset 'H.265 NVENC 1080p'."
    )
    client.register_worker(capabilities=QSV)
    client.register_worker("farm", None, capabilities=QSV | {"max_concurrent": 1})
    assert client.job(first)["preset"] == "H.265 QSV 1080p"
    ok(client.post("/api/workers/gpu/disable"))
    client.queued_job()
    assert client.poll()[0]["handbrake_preset"] == "H.265 QSV 1080p"


def test_it_rescues_a_job_to_a_worker_that_can_do_the_preset(client, clock):
    client.register_worker("farm", None, capabilities=NVENC)
    job_id = client.queued_job()
    assert client.poll()[0]["handbrake_preset"] == "H.265 NVENC 1080p"
    ok(client.delete("/api/workers/farm"))
    client.register_worker("cpu")
    assert "'H.265 NVENC 1080p'" in client.job(job_id)["waiting_reason"]
    client.register_worker("big", capabilities=NVENC)
    job = client.job(job_id)
    assert (job["assigned_worker_id"], job["preset"]) == ("big", "H.265 NVENC 1080p")


@pytest.mark.parametrize(
    ("disc_type", "hardware", "preset"),
    [
        ("dvd", {}, "Fast 1080p30"),
        ("dvd", NVENC, "H.265 NVENC 1080p"),
        ("bluray", QSV, "H.265 QSV 1080p"),
        ("uhd", NVENC, "H.265 NVENC 4K"),
        ("4k", {}, "Fast 1080p30"),
    ],
)
def test_it_tells_an_agent_that_asks_which_preset_fits(app, client, disc_type, hardware, preset):
    client.register_worker(capabilities=hardware)
    body = {"agent_id": "pc", "disc_type": disc_type}
    for auto_transcode in (False, True):
        restart(app, auto_transcode=auto_transcode)
        assert ok(client.post("/api/workers/assign", json=body))["handbrake_preset"] == preset

"""Agents of today send a result with its name alone: it belongs to the job that has that name."""

import os
from typing import Any

import pytest

from tests.client import Client, ok
from tests.remote import FILM, filed, ripped, send, shared

EPISODE = "TV Shows/Firefly/Season 01/Firefly - S01E01.mkv"


def given(client: Client, number: int = 0, **approval: Any) -> str:
    """A transcode of a ripped title that a worker beside the agent has; its id."""
    client.register_agent()
    client.register_worker(capabilities={"max_concurrent": 9})
    job_id = ripped(client, number)
    body = {"worker_id": "gpu", "preset": "Fast 1080p30", **approval}
    ok(client.post(f"/api/jobs/{job_id}/approve", json=body))
    return job_id


def done(client: Client, number: int = 0, **approval: Any) -> str:
    """The same, transcoded: its agent is about to send the result. Its id."""
    job_id = given(client, number, **approval)
    ok(client.report(job_id, "completed"))
    return job_id


def test_it_takes_a_file_for_the_result_of_the_job_of_its_name(client, settings):
    job_id = done(client)
    answer = ok(send(client, FILM, "Firefly - S01E01"))
    assert (answer["filename"], answer["name"]) == ("Firefly - S01E01.mkv", "Firefly - S01E01")
    assert client.job(job_id)["output_file"] == answer["path"]
    # Then it says so itself.
    ok(client.report(job_id, "completed", output_file=answer["final_path"]))
    assert client.job(job_id)["output_file"] == answer["final_path"]
    assert os.listdir(settings.output_dir) == ["Firefly - S01E01.mkv"]


def test_it_takes_it_before_the_job_is_reported_completed(client):
    job_id = given(client)
    answer = ok(send(client, FILM, "Firefly - S01E01"))
    assert client.job(job_id)["output_file"] == answer["path"]


@pytest.mark.parametrize(
    "name", ["Serenity: A Film", "What? Now", "a/b", "Vol. 1", "  padded ", "Ame\u0301lie", "x.mkv"]
)
def test_it_knows_a_name_that_no_disk_would_take(app, client, settings, name):
    """The file gets a safe name; the job keeps the one that a person chose."""
    services = shared(app, settings)
    job_id = done(client, output_name=name)
    ok(send(client, FILM, name))
    services.files.library.run()
    (path,) = filed(settings)
    assert client.job(job_id)["output_file"] == str(settings.nas_mount / path)
    assert path.startswith("TV Shows/Firefly/Season 01/")


def test_it_files_it_by_what_the_preview_said(app, client, settings):
    services = shared(app, settings)
    job_id = done(client)
    ok(send(client, FILM, "Firefly - S01E01"))
    services.files.library.run()
    assert filed(settings) == {EPISODE: FILM}
    assert client.job(job_id)["output_file"] == str(settings.nas_mount / EPISODE)


def test_it_takes_a_file_that_comes_again_for_the_same(app, client, settings):
    """The answer to the first was lost."""
    services = shared(app, settings)
    job_id = done(client)
    for _ in range(3):
        ok(send(client, FILM, "Firefly - S01E01"))
    services.files.library.run()
    assert filed(settings) == {EPISODE: FILM}
    assert os.listdir(settings.output_dir) == []
    assert client.job(job_id)["output_file"] == str(settings.nas_mount / EPISODE)


def test_it_clears_the_error_of_an_upload_that_comes_after_all(client):
    job_id = done(client)
    ok(client.report(job_id, "completed", error="Upload failed: timeout"))
    ok(send(client, FILM, "Firefly - S01E01"))
    job = client.job(job_id)
    assert (job["status"], job["error"], job["scheduled_at"]) == ("completed", None, None)


def test_it_gives_each_of_two_jobs_of_one_name_its_file(client, clock):
    """The one that lacks its result first; of those the latest."""
    jobs = []
    for number in range(2):
        jobs.append(done(client, number, output_name="Same"))
        clock.advance(1)
    paths = [ok(send(client, bytes([number]), "Same"))["path"] for number in range(2)]
    assert [client.job(job_id)["output_file"] for job_id in jobs] == paths[::-1]


def test_it_gives_it_to_the_job_that_a_machine_has_first(client, clock):
    held = given(client, 0, output_name="Same")
    clock.advance(1)
    over = done(client, 1, output_name="Same")
    path = ok(send(client, FILM, "Same"))["path"]
    assert client.job(held)["output_file"] == path
    assert client.job(over)["output_file"] is None


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_takes_a_file_for_itself_where_its_job_ended_badly(client, services, end):
    job_id = given(client)
    ok(client.report(job_id, end))
    answer = ok(send(client, FILM, "Firefly - S01E01"))
    assert answer["filename"] == "Firefly - S01E01.mkv"
    assert client.job(job_id)["output_file"] is None


def test_it_takes_a_file_for_itself_where_no_job_has_its_name(app, client, settings):
    services = shared(app, settings)
    job_id = done(client)
    ok(send(client, FILM, "Serenity (2005)"))
    services.files.library.run()
    assert list(filed(settings)) == ["Movies/Serenity (2005)/Serenity (2005).mkv"]
    assert client.job(job_id)["output_file"] is None


def test_it_never_takes_a_rip_or_an_organize_job_for_it(client):
    rip_id = client.job(given(client))["source_job_id"]
    name = client.job(rip_id)["output_name"]
    organizing = client.create_job(job_type="organize", output_name=name)["job_id"]
    ok(send(client, FILM, name))
    assert client.job(organizing)["output_file"] is None
    assert client.job(rip_id)["output_file"] == "C:\\rips\\t00.mkv"


def test_it_files_two_files_of_one_name_beside_each_other(app, client, settings, clock):
    """The second has another name only as long as both lie in the output folder."""
    services = shared(app, settings)
    for content in (b"1", b"2"):
        ok(send(client, content, "Serenity (2005)"))
        clock.advance(1)
    services.files.library.run()
    folder = "Movies/Serenity (2005)"
    assert filed(settings) == {
        f"{folder}/Serenity (2005).mkv": b"1",
        f"{folder}/Serenity (2005) (2).mkv": b"2",
    }

"""Workers on other machines upload results, by job and token, or by name alone."""

import hashlib
import os
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from boz_server.database.models import Job
from boz_server.services.uploads import complete
from tests.client import Client, ok
from tests.remote import (
    FILM,
    approved,
    begin,
    begun,
    farm,
    given_away,
    go_on,
    here,
    library_files,
    lost,
    polled,
    ripped,
    send,
    send_result,
    shared,
)
from tests.support import assert_problem, unchanged

Work = dict[str, Any]
Send = Callable[[Client, Work], TestResponse]


def by_form(client: Client, work: Work) -> TestResponse:
    """Upload a result in one request."""
    return client.post(work["upload_url"], data={"file": (BytesIO(FILM), "x.mkv")})


def by_tus(client: Client, work: Work) -> TestResponse:
    """Upload a result by tus."""
    said = {"job_id": work["job_id"], "lease_token": work["lease_token"]}
    response = begin(client, len(FILM), purpose="job_output", **said)
    if response.status_code != 201:
        return response
    return go_on(client, response.headers["Location"].rpartition("/")[2], 0, FILM)


@pytest.fixture(params=[by_form, by_tus], ids=["form", "tus"])
def send_off(request) -> Send:
    """Each way to send a result."""
    found: Send = request.param
    return found


def report_complete(client: Client, work: Work) -> TestResponse:
    """The worker's report that the job is done."""
    body = {"job_id": work["job_id"], "lease_token": work["lease_token"]}
    return client.post("/api/workers/farm/jobs/complete", json=body)


def test_it_takes_a_result_before_the_job_is_completed(client, settings, send_off):
    work = given_away(client)
    assert send_off(client, work).status_code in (200, 204)
    (name,) = os.listdir(settings.output_dir)
    job = client.job(work["job_id"])
    assert (job["status"], job["output_file"]) == ("assigned", str(settings.output_dir / name))
    ok(report_complete(client, work))
    job = client.job(work["job_id"])
    assert (job["status"], job["output_file"]) == ("completed", str(settings.output_dir / name))


def test_it_takes_a_result_after_the_job_is_completed(client, settings, send_off):
    work = given_away(client)
    ok(report_complete(client, work))
    assert send_off(client, work).status_code in (200, 204)
    (name,) = os.listdir(settings.output_dir)
    assert client.job(work["job_id"])["output_file"] == str(settings.output_dir / name)


def test_it_organizes_a_result_by_its_preview(app, client, settings):
    services = shared(app, settings)
    work = given_away(client)
    ok(send_result(client, work))
    ok(report_complete(client, work))
    services.organizer.run()
    path = "TV Shows/Firefly/Season 01/Firefly - S01E01.mkv"
    assert library_files(settings) == {path: FILM}
    assert client.job(work["job_id"])["output_file"] == str(settings.nas_mount / path)


def test_it_organizes_a_result_by_the_name_that_a_person_gave_it(app, client, settings):
    services = shared(app, settings)
    work = given_away(client, output_name="Firefly - S01E11 - Trash")
    assert work["output_name"] == "Firefly - S01E11 - Trash"
    ok(send_result(client, work))
    services.organizer.run()
    assert list(library_files(settings)) == [
        "TV Shows/Firefly/Season 01/Firefly - S01E11 - Trash.mkv"
    ]


def test_it_prefers_the_preview_to_a_name_that_a_person_did_not_change(app, client, settings):
    """Dashboards always send the job's name, changed or not."""
    services = shared(app, settings)
    work = given_away(client, output_name="Firefly - S01E01")
    ok(send_result(client, work))
    services.organizer.run()
    assert list(library_files(settings)) == ["TV Shows/Firefly/Season 01/Firefly - S01E01.mkv"]


def test_it_refuses_the_result_of_an_attempt_that_was_taken_away(
    client, services, clock, settings, send_off
):
    farm(client, "other")
    work = given_away(client)
    lost(client, services, clock, "other")
    with unchanged(services):
        assert_problem(send_off(client, work), 409, "drop it")
    again = polled(client)
    with unchanged(services):
        assert_problem(send_off(client, work), 409, "taken away")
    assert os.listdir(settings.output_dir) == []
    assert send_off(client, again).status_code in (200, 204)


def test_it_refuses_the_rest_of_a_result_once_its_attempt_was_taken_away(client, services, clock):
    work = given_away(client)
    said = {"job_id": work["job_id"], "lease_token": work["lease_token"]}
    upload_id = begun(client, len(FILM), purpose="job_output", **said)
    assert go_on(client, upload_id, 0, FILM[:4]).status_code == 204
    lost(client, services, clock)
    again = polled(client)
    with unchanged(services):
        assert_problem(go_on(client, upload_id, 4, FILM[4:]), 409, "taken away")
    assert send_result(client, again, b"another").status_code == 200


@pytest.mark.parametrize("fate", ["taken away", "cancelled"])
def test_it_organizes_no_result_whose_attempt_ended_while_its_last_bytes_came(
    app, settings, clock, monkeypatch, fate
):
    """A server that was killed leaves the upload for another one to complete later."""
    services, client = shared(app, settings), app.test_client()
    work = given_away(client)
    with monkeypatch.context() as killed:
        killed.setattr(complete, "complete_part", lambda context, upload, part: upload)
        assert by_tus(client, work).status_code == 204
    if fate == "cancelled":
        client.cancel(work["job_id"])
    else:
        lost(client, services, clock)
        again = polled(client)
    assert complete.complete_arrived(services.context) == 0
    assert services.organizer.run() == 0
    assert (library_files(settings), os.listdir(settings.output_dir)) == ({}, [])
    if fate == "taken away":
        assert client.job(work["job_id"])["output_file"] is None
        ok(send_result(client, again))


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_refuses_the_result_of_a_job_that_ended_badly(client, settings, send_off, end):
    work = given_away(client)
    client.end(work["job_id"], end, lease_token=work["lease_token"])
    assert_problem(send_off(client, work), 409, f"is {end}")
    assert os.listdir(settings.output_dir) == []


def test_it_refuses_a_result_of_a_job_that_no_machine_has(client):
    job_id = approved(client)
    for response in (
        send(client, FILM, "x", purpose="job_output", job_id=job_id),
        begin(client, 5, purpose="job_output", job_id=job_id),
    ):
        assert_problem(response, 409, "is queued")


def test_it_refuses_a_result_without_a_job(client, settings):
    rip_id = client.job(here(client))["source_job_id"]
    for said, status in (({"job_id": "nobody"}, 404), ({}, 422), ({"job_id": rip_id}, 409)):
        assert_problem(send(client, FILM, "x", purpose="job_output", **said), status)
        assert_problem(begin(client, 5, purpose="job_output", **said), status)
    assert os.listdir(settings.output_dir) == []


def test_it_refuses_the_token_of_another_job(client):
    one, two = given_away(client), given_away(client, 1)
    foreign = one | {"lease_token": two["lease_token"]}
    assert_problem(send_result(client, foreign), 409, "taken away")
    assert_problem(by_tus(client, foreign), 409, "taken away")


def test_it_asks_for_the_token_once_the_worker_has_used_it(client):
    work = given_away(client)
    said = {"purpose": "job_output", "job_id": work["job_id"]}
    ok(client.report(work["job_id"], "running", lease_token=work["lease_token"]))
    assert_problem(send(client, FILM, "x", **said), 409, "taken away")
    assert_problem(begin(client, 5, **said), 409, "taken away")
    ok(send_result(client, work))


def test_it_accepts_a_result_without_a_token_from_a_worker_that_never_used_one(client):
    work = given_away(client)
    ok(send(client, FILM, "x", purpose="job_output", job_id=work["job_id"]))


def test_it_refuses_a_result_with_another_checksum(client, settings):
    work = given_away(client)
    wrong = hashlib.sha256(b"another").hexdigest()
    said = {"purpose": "job_output", "job_id": work["job_id"], "lease_token": work["lease_token"]}
    response = send(client, FILM, "x", headers={"X-Content-Sha256": wrong}, **said)
    assert_problem(response, 460, "SHA-256")
    upload_id = begun(client, len(FILM), sha256=wrong, **said)
    assert_problem(go_on(client, upload_id, 0, FILM), 460, "SHA-256")
    assert os.listdir(settings.output_dir) == []
    assert client.job(work["job_id"])["output_file"] is None
    right = hashlib.sha256(FILM).hexdigest()
    ok(send(client, FILM, "x", headers={"X-Content-Sha256": right}, **said))


def test_it_keeps_a_second_copy_of_a_result_out_of_the_library(app, client, settings):
    """A worker that got no answer sends its result again."""
    services = shared(app, settings)
    work = given_away(client)
    for _ in range(2):
        ok(send_result(client, work))
        services.organizer.run()
    path = "TV Shows/Firefly/Season 01/Firefly - S01E01.mkv"
    assert library_files(settings) == {path: FILM}
    assert os.listdir(settings.output_dir) == []
    assert client.job(work["job_id"])["output_file"] == str(settings.nas_mount / path)


def test_it_attaches_no_library_file_to_the_job_that_it_names(app, client, settings):
    """A library file belongs to no job, whatever it names: only results show a token."""
    services = shared(app, settings)
    work = given_away(client)
    ok(send(client, FILM, "Serenity (2005)", job_id=work["job_id"]))
    ok(send(client, FILM, "Up (2009)", job_id=work["job_id"], purpose="library"))
    upload_id = begun(client, 1, job_id=work["job_id"], filename="Alien (1979).mkv")
    assert go_on(client, upload_id, 0, b"x").status_code == 204
    services.organizer.run()
    assert sorted(library_files(settings)) == [
        "Movies/Alien (1979)/Alien (1979).mkv",
        "Movies/Serenity (2005)/Serenity (2005).mkv",
        "Movies/Up (2009)/Up (2009).mkv",
    ]
    assert client.job(work["job_id"])["output_file"] is None


EPISODE = "TV Shows/Firefly/Season 01/Firefly - S01E01.mkv"


def given(client: Client, number: int = 0, **approval: Any) -> str:
    """The id of a transcode of a ripped title, assigned to the worker on the agent's PC."""
    client.register_agent()
    client.register_worker(capabilities={"max_concurrent": 9})
    job_id = ripped(client, number)
    body = {"worker_id": "gpu", "preset": "Fast 1080p30", **approval}
    ok(client.post(f"/api/jobs/{job_id}/approve", json=body))
    return job_id


def done(client: Client, number: int = 0, **approval: Any) -> str:
    """The same, completed: its agent will upload the result next. Its id."""
    job_id = given(client, number, **approval)
    ok(client.report(job_id, "completed"))
    return job_id


def test_it_takes_a_file_for_the_result_of_the_job_with_its_name(client, settings):
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
    ok(client.report(job_id, "running"))
    answer = ok(send(client, FILM, "Firefly - S01E01"))
    assert client.job(job_id)["output_file"] == answer["path"]


@pytest.mark.parametrize(
    "name", ["Serenity: A Film", "What? Now", "a/b", "Vol. 1", "  padded ", "Ame\u0301lie", "x.mkv"]
)
def test_it_recognizes_a_name_that_no_disk_would_accept(app, client, settings, name):
    """The file gets a safe name; the job keeps the name that a person chose."""
    services = shared(app, settings)
    job_id = done(client, output_name=name)
    ok(send(client, FILM, name))
    services.organizer.run()
    (path,) = library_files(settings)
    assert client.job(job_id)["output_file"] == str(settings.nas_mount / path)
    assert path.startswith("TV Shows/Firefly/Season 01/")


def test_it_organizes_a_result_known_by_its_name_by_the_preview(app, client, settings):
    services = shared(app, settings)
    job_id = done(client)
    ok(send(client, FILM, "Firefly - S01E01"))
    services.organizer.run()
    assert library_files(settings) == {EPISODE: FILM}
    assert client.job(job_id)["output_file"] == str(settings.nas_mount / EPISODE)


def test_it_recognizes_a_result_that_is_sent_again(app, client, settings):
    """The answer to the first request was lost."""
    services = shared(app, settings)
    job_id = done(client)
    for _ in range(3):
        ok(send(client, FILM, "Firefly - S01E01"))
    services.organizer.run()
    assert library_files(settings) == {EPISODE: FILM}
    assert os.listdir(settings.output_dir) == []
    assert client.job(job_id)["output_file"] == str(settings.nas_mount / EPISODE)


def test_it_clears_the_error_of_an_upload_that_arrives_after_all(client):
    job_id = done(client)
    ok(client.report(job_id, "completed", error="Upload failed: timeout"))
    ok(send(client, FILM, "Firefly - S01E01"))
    job = client.job(job_id)
    assert (job["status"], job["error"], job["scheduled_at"]) == ("completed", None, None)


def test_it_gives_two_jobs_of_the_same_name_a_file_each(client, clock):
    """A job without a result comes first, then the latest."""
    jobs = []
    for number in range(2):
        jobs.append(done(client, number, output_name="Same"))
        clock.advance(1)
    # Two agents may have files of one name.
    Job.update(output_name="Same").where(Job.job_id.in_(jobs)).execute()
    paths = [ok(send(client, bytes([number]), "Same"))["path"] for number in range(2)]
    assert [client.job(job_id)["output_file"] for job_id in jobs] == paths[::-1]


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_takes_no_file_for_the_result_of_a_job_that_ended_badly(client, end):
    job_id = given(client)
    client.end(job_id, end)
    answer = ok(send(client, FILM, "Firefly - S01E01"))
    assert answer["filename"] == "Firefly - S01E01.mkv"
    assert client.job(job_id)["output_file"] is None


def test_it_accepts_a_file_that_no_job_is_named_after(app, client, settings):
    services = shared(app, settings)
    job_id = done(client)
    ok(send(client, FILM, "Serenity (2005)"))
    services.organizer.run()
    assert list(library_files(settings)) == ["Movies/Serenity (2005)/Serenity (2005).mkv"]
    assert client.job(job_id)["output_file"] is None


def test_it_never_takes_a_rip_or_an_organize_job_for_it(client):
    rip_id = client.job(given(client))["source_job_id"]
    name = client.job(rip_id)["output_name"]
    organizing = client.create_job(job_type="organize", output_name=name)["job_id"]
    ok(send(client, FILM, name))
    assert client.job(organizing)["output_file"] is None
    assert client.job(rip_id)["output_file"] == "C:\\rips\\t00.mkv"


def test_it_organizes_two_files_of_the_same_name_side_by_side(app, client, settings, clock):
    """The second has another name only while both are in the output folder."""
    services = shared(app, settings)
    for content in (b"1", b"2"):
        ok(send(client, content, "Serenity (2005)"))
        clock.advance(1)
    services.organizer.run()
    folder = "Movies/Serenity (2005)"
    assert library_files(settings) == {
        f"{folder}/Serenity (2005).mkv": b"1",
        f"{folder}/Serenity (2005) (2).mkv": b"2",
    }

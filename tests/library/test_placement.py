"""Finished files get their path in the library by preview or name, and are organized once."""

from pathlib import Path

import pytest

from boz_server.domain.naming.library_paths import CollisionPolicy
from tests.client import ok
from tests.films import FILM, files, transcoded, upload
from tests.support import file_names


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Serenity (2005)", "Movies/Serenity (2005)/Serenity (2005).mkv"),
        ("Serenity", "Movies/Serenity/Serenity.mkv"),
        ("Firefly - S01E02 - The Train Job", "TV Shows/Firefly/Season 01/{}.mkv"),
        ("Firefly - S00E02", "TV Shows/Firefly/Season 00/{}.mkv"),
        ("Firefly - S01E01-E02", "TV Shows/Firefly/Season 01/{}.mkv"),
        ("Alien (1979) {edition-Director's Cut}", "Movies/Alien (1979)/{}.mkv"),
        ("Amélie (2001)", "Movies/Amélie (2001)/{}.mkv"),
        ("../../etc/passwd", "Movies/-..-etc-passwd/-..-etc-passwd.mkv"),
    ],
)
def test_it_organizes_a_file_by_its_name(client, library, nas, name, place):
    services = library()
    answer = upload(client, name)
    place = place.format(name)
    assert (answer["organized"], answer["final_path"]) == (True, str(nas / place))
    assert files(nas) == {place: FILM}
    assert files(services.context.settings.output_dir) == {}
    job = client.job(answer["organize_job_id"])
    assert (job["job_type"], job["status"], job["progress"]) == ("organize", "completed", 100)
    assert (job["output_file"], job["library_path"]) == (str(nas / place), place)
    assert (job["input_file"], job["input_file_size"]) == (answer["path"], len(FILM))


def test_it_organizes_an_episode_by_its_preview(client, library, nas):
    library()
    jobs = transcoded(client)
    disc = client.disc(client.job(jobs[0])["disc_id"])
    names = file_names(disc)
    for job_id, name in zip(jobs, names, strict=True):
        answer = upload(client, client.job(job_id)["output_name"])
        assert answer["final_path"] == str(nas / "TV Shows/Firefly/Season 01" / name)
        assert client.job(job_id)["output_file"] == answer["final_path"]
    assert len(files(nas)) == len(jobs) == 3


def test_it_prefers_the_preview_to_the_name(client, library, nas):
    library()
    (job_id,) = transcoded(client, "SERENITY", minutes=(119,))
    query = f"?purpose=job_output&job_id={job_id}"
    answer = upload(client, "Firefly - S01E02 - The Train Job", query=query)
    assert files(nas) == {"Movies/Serenity/Serenity.mkv": FILM}
    assert answer["metadata"]["media_type"] == "tv"
    assert client.job(answer["organize_job_id"])["source_job_id"] == job_id


def test_it_organizes_by_the_name_that_a_person_chose_at_the_approval(client, library, nas):
    library()
    client.register_agent()
    client.register_worker()
    disc_id = client.detect().approve().id
    (rip_id, *_) = client.rip(disc_id)
    ok(client.report(rip_id, "running"))
    ok(client.report(rip_id, "completed", output_file="C:\\rips\\a.mkv"))
    (job,) = client.awaiting_approval()
    name = "Firefly - S02E07 - Told"
    body = {"worker_id": "gpu", "preset": "Fast 1080p30", "output_name": name}
    ok(client.post(f"/api/jobs/{job['job_id']}/approve", json=body))
    ok(client.report(job["job_id"], "completed"))
    upload(client, name)
    assert files(nas) == {f"TV Shows/Firefly/Season 02/{name}.mkv": FILM}


def test_it_takes_a_file_for_the_result_that_a_job_waits_for(client, library, nas):
    """An older film's job has the same name, and already has its result."""
    library()
    client.register_agent()
    client.register_worker()
    done = client.approved_job(output_name="Extra 01")
    ok(client.report(done, "completed"))
    upload(client, "Extra 01", b"the first")
    waits = client.approved_job(output_name="Extra 01")
    ok(client.report(waits, "completed"))
    answer = upload(client, "Extra 01", b"the second")
    assert client.job(answer["organize_job_id"])["source_job_id"] == waits
    assert len(files(nas)) == 2


def test_it_recognizes_a_file_that_is_sent_again(client, library, nas):
    services = library()
    first, again = (upload(client, "Serenity (2005)") for _ in range(2))
    assert first["final_path"] == again["final_path"]
    assert (again["organized"], len(files(nas))) == (True, 1)
    assert files(services.context.settings.output_dir) == {}


def test_it_adds_a_number_to_the_name_of_another_file(client, library, nas):
    library()
    upload(client, "Serenity (2005)")
    other = upload(client, "Serenity (2005)", b"another")
    assert Path(other["final_path"]).name == "Serenity (2005) (2).mkv"
    assert len(files(nas)) == 2


def test_it_skips_a_file_whose_name_is_taken(client, library, nas):
    library(collision_policy=CollisionPolicy.SKIP)
    upload(client, "Serenity (2005)")
    other = upload(client, "Serenity (2005)", b"another")
    assert (other["organized"], other["final_path"]) == (False, other["path"])
    assert Path(other["path"]).read_bytes() == b"another"
    job = client.job(other["organize_job_id"])
    assert (job["status"], job["output_file"]) == ("completed", other["path"])
    assert "Another file has that name" in job["error"]
    assert list(files(nas).values()) == [FILM]


def test_it_keeps_the_result_that_a_job_already_has(client):
    client.register_agent()
    client.register_worker()
    job_id = client.approved_job(output_name="Heat (1995)")
    ok(client.report(job_id, "completed", output_file="/out/Heat (1995).mkv"))
    upload(client, "Heat (1995)", b"of another agent")
    assert client.job(job_id)["output_file"] == "/out/Heat (1995).mkv"

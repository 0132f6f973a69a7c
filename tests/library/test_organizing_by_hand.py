"""Files that people and clients organize by a request."""

import pytest

from tests.client import ok
from tests.films import FILM, files
from tests.support import assert_problem, unchanged


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "{output}/../secret.mkv", "{output}/.arriving-x", "secret.mkv", ""]
)
def test_it_organizes_only_files_of_the_output_folder(client, library, nas, path):
    services = library()
    output = services.context.settings.output_dir
    for name in ("../secret.mkv", ".arriving-x"):
        (output / name).write_bytes(b"secret")
    body = {"job_type": "organize", "input_file": path.format(output=output)}
    job_id = ok(client.post("/api/jobs", json=body))["job_id"]
    services.organizer.run()
    job = client.job(job_id)
    assert (job["status"], job["output_file"]) == ("failed", None)
    assert files(nas) == {}
    assert (output / "../secret.mkv").read_bytes() == b"secret"


def test_it_organizes_the_file_that_a_clients_job_names(client, library, nas):
    services = library()
    path = services.context.settings.output_dir / "a.mkv"
    path.write_bytes(FILM)
    body = {"job_type": "organize", "input_file": str(path), "output_name": "Serenity (2005)"}
    job_id = ok(client.post("/api/jobs", json=body))["job_id"]
    assert_problem(client.post("/api/jobs", json=body), 409, "organize job already")
    services.organizer.run()
    assert client.job(job_id)["status"] == "completed"
    assert list(files(nas)) == ["Movies/Serenity (2005)/Serenity (2005).mkv"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("", "Movies/a/a.mkv"),
        ("?name=Serenity&year=2005&media_type=movie", "Movies/Serenity (2005)/{}"),
        ("?name=Serenity%20(2005)", "Movies/Serenity (2005)/Serenity (2005).mkv"),
        (
            "?name=Firefly&media_type=tv&season=1&episode=2",
            "TV Shows/Firefly/Season 01/Firefly - S01E02.mkv",
        ),
        (
            "?name=Firefly%20-%20S01E02%20-%20Train&season=2",
            "TV Shows/Firefly/Season 02/Firefly - S02E02 - Train.mkv",
        ),
        ("?name=..%2F..%2Fx", "Movies/-..-x/-..-x.mkv"),
    ],
)
def test_it_follows_a_users_description(client, library, nas, query, place):
    services = library()
    path = services.context.settings.output_dir / "a.mkv"
    path.write_bytes(FILM)
    answer = ok(client.post(f"/api/files/organize/a.mkv{query}"))
    place = place.format("Serenity (2005).mkv")
    assert files(nas) == {place: FILM}
    assert answer == {
        "status": "ok",
        "original_path": str(path),
        "final_path": str(nas / place),
        "organized": True,
        "organize_job_id": answer["organize_job_id"],
    }


def test_it_returns_the_path_that_a_file_will_have(client, library, nas):
    services = library(at_once=False)
    (services.context.settings.output_dir / "a.mkv").write_bytes(FILM)
    first, again = (ok(client.post("/api/files/organize/a.mkv")) for _ in range(2))
    assert first == again
    assert (first["organized"], first["final_path"]) == (False, str(nas / "Movies/a/a.mkv"))


@pytest.mark.usefixtures("nas")
def test_it_refuses_what_it_cannot_organize(client, library):
    services = library()
    (services.context.settings.output_dir / "a.mkv").write_bytes(FILM)
    with unchanged(services):
        for name in ("b.mkv", "..", "..%2F..%2Fetc%2Fpasswd", ".arriving-x"):
            assert client.post(f"/api/files/organize/{name}").status_code == 404
        for query in ("media_type=tv", "media_type=tv&season=1", "media_type=tv&episode=1"):
            response = client.post(f"/api/files/organize/a.mkv?{query}")
            assert_problem(response, 400, "season and episode")
        for query in ("media_type=radio", "year=x", "season=-1", "episode=99999"):
            response = client.post(f"/api/files/organize/a.mkv?{query}")
            assert_problem(response, 422, field=query.partition("=")[0])


def test_it_refuses_to_organize_without_a_library(client, services):
    (services.context.settings.output_dir / "a.mkv").write_bytes(FILM)
    client.refused(400, "BOZ_NAS_ENABLED").post("/api/files/organize/a.mkv")

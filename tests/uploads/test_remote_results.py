"""Workers elsewhere send their results here, as long as the attempt is theirs."""

import hashlib
import os
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.client import Client, ok
from tests.remote import (
    FILM,
    approved,
    begin,
    begun,
    farm,
    filed,
    given_away,
    go_on,
    here,
    lost,
    polled,
    send,
    send_result,
    shared,
)
from tests.support import assert_problem, unchanged

Work = dict[str, Any]
Send = Callable[[Client, Work], TestResponse]


def by_form(client: Client, work: Work) -> TestResponse:
    """A result in one request."""
    return client.post(work["upload_url"], data={"file": (BytesIO(FILM), "x.mkv")})


def by_tus(client: Client, work: Work) -> TestResponse:
    """A result as an upload that could be resumed."""
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


def complete(client: Client, work: Work) -> TestResponse:
    """The worker's word that it is done."""
    body = {"job_id": work["job_id"], "lease_token": work["lease_token"]}
    return client.post("/api/workers/farm/jobs/complete", json=body)


def test_it_takes_a_result_before_the_job_is_completed(client, settings, send_off):
    work = given_away(client)
    assert send_off(client, work).status_code in (200, 204)
    (name,) = os.listdir(settings.output_dir)
    job = client.job(work["job_id"])
    assert (job["status"], job["output_file"]) == ("assigned", str(settings.output_dir / name))
    ok(complete(client, work))
    job = client.job(work["job_id"])
    assert (job["status"], job["output_file"]) == ("completed", str(settings.output_dir / name))


def test_it_takes_a_result_after_the_job_is_completed(client, settings, send_off):
    work = given_away(client)
    ok(complete(client, work))
    assert send_off(client, work).status_code in (200, 204)
    (name,) = os.listdir(settings.output_dir)
    assert client.job(work["job_id"])["output_file"] == str(settings.output_dir / name)


def test_it_files_a_result_by_what_the_preview_said(app, client, settings):
    services = shared(app, settings)
    work = given_away(client)
    ok(send_result(client, work))
    ok(complete(client, work))
    services.files.library.run()
    path = "TV Shows/Firefly/Season 01/Firefly - S01E01.mkv"
    assert filed(settings) == {path: FILM}
    assert client.job(work["job_id"])["output_file"] == str(settings.nas_mount / path)


def test_it_files_a_result_by_the_name_that_a_person_gave_it(app, client, settings):
    services = shared(app, settings)
    work = given_away(client, output_name="Firefly - S01E11 - Trash")
    assert work["output_name"] == "Firefly - S01E11 - Trash"
    ok(send_result(client, work))
    services.files.library.run()
    assert list(filed(settings)) == ["TV Shows/Firefly/Season 01/Firefly - S01E11 - Trash.mkv"]


def test_it_takes_a_name_that_a_person_did_not_change_for_the_previews(app, client, settings):
    """Dashboards send the name along that the job has, changed or not."""
    services = shared(app, settings)
    work = given_away(client, output_name="Firefly - S01E01")
    ok(send_result(client, work))
    services.files.library.run()
    assert list(filed(settings)) == ["TV Shows/Firefly/Season 01/Firefly - S01E01.mkv"]


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
def test_it_files_no_result_whose_attempt_ended_while_its_last_bytes_came(
    app, settings, clock, monkeypatch, fate
):
    """What a server did not come to that was killed, another one does, later."""
    services, client = shared(app, settings), app.test_client()
    work = given_away(client)
    with monkeypatch.context() as killed:
        undelivered = lambda upload_id, _: services.context.stores.uploads.get(upload_id)  # noqa: E731
        killed.setattr(services.files.deliveries, "deliver", undelivered)
        assert by_tus(client, work).status_code == 204
    if fate == "cancelled":
        client.cancel(work["job_id"])
    else:
        lost(client, services, clock)
        again = polled(client)
    assert services.files.deliveries.deliver_all() == 0
    assert services.files.library.run() == 0
    assert (filed(settings), os.listdir(settings.output_dir)) == ({}, [])
    if fate == "taken away":
        assert client.job(work["job_id"])["output_file"] is None
        ok(send_result(client, again))


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_refuses_the_result_of_a_job_that_ended_badly(client, settings, send_off, end):
    work = given_away(client)
    ok(client.report(work["job_id"], end, lease_token=work["lease_token"]))
    assert_problem(send_off(client, work), 409, f"is {end}")
    assert os.listdir(settings.output_dir) == []


def test_it_refuses_a_result_that_no_one_was_asked_for(client):
    job_id = approved(client)
    for response in (
        send(client, FILM, "x", purpose="job_output", job_id=job_id),
        begin(client, 5, purpose="job_output", job_id=job_id),
    ):
        assert_problem(response, 409, "is queued")


def test_it_refuses_a_result_of_no_job(client, settings):
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


def test_it_takes_a_result_without_a_token_from_who_never_had_one(client):
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
    """Whoever got no answer sends again."""
    services = shared(app, settings)
    work = given_away(client)
    for _ in range(2):
        ok(send_result(client, work))
        services.files.library.run()
    path = "TV Shows/Firefly/Season 01/Firefly - S01E01.mkv"
    assert filed(settings) == {path: FILM}
    assert os.listdir(settings.output_dir) == []
    assert client.job(work["job_id"])["output_file"] == str(settings.nas_mount / path)


def test_it_takes_nothing_that_names_a_job_without_being_of_it(app, client, settings):
    """A library file belongs to no job, whatever it says: only results have a token to show."""
    services = shared(app, settings)
    work = given_away(client)
    ok(send(client, FILM, "Serenity (2005)", job_id=work["job_id"]))
    ok(send(client, FILM, "Up (2009)", job_id=work["job_id"], purpose="library"))
    upload_id = begun(client, 1, job_id=work["job_id"], filename="Alien (1979).mkv")
    assert go_on(client, upload_id, 0, b"x").status_code == 204
    services.files.library.run()
    assert sorted(filed(settings)) == [
        "Movies/Alien (1979)/Alien (1979).mkv",
        "Movies/Serenity (2005)/Serenity (2005).mkv",
        "Movies/Up (2009)/Up (2009).mkv",
    ]
    assert client.job(work["job_id"])["output_file"] is None

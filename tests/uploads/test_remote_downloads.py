"""Only the worker that has a job can download its input, whole or in parts."""

import pytest
from werkzeug.test import TestResponse

from tests.client import Client, ok
from tests.remote import RAW, approved, farm, given_away, here, lost, polled
from tests.support import assert_problem, restart, unchanged


def fetch(client: Client, job_id: str, token: str | None) -> TestResponse:
    """Request a job's input with an attempt's token."""
    query = {} if token is None else {"lease_token": token}
    return client.get(f"/api/files/download/{job_id}", query_string=query, buffered=True)


def take(client: Client, url: str, **headers: str) -> TestResponse:
    """Request a file; header names are written with "_" for "-"."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(url, headers=named, buffered=True)


@pytest.fixture
def url(client) -> str:
    """The download URL that the worker got with its job."""
    return str(given_away(client)["download_url"])


def test_it_gives_the_file_to_the_worker_that_has_the_job(client, url):
    response = take(client, url)
    assert (response.status_code, response.data) == (200, RAW)
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Length"] == str(len(RAW))
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["ETag"]


def test_it_answers_head_with_headers_only(client, url):
    response = client.head(url, buffered=True)
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Content-Length"] == str(len(RAW))
    assert response.headers["ETag"] == take(client, url).headers["ETag"]
    assert client.head(url.partition("?")[0]).status_code == 403


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=10-", 10, len(RAW) - 1),
        ("bytes=-10", len(RAW) - 10, len(RAW) - 1),
        ("bytes=1000-99999", 1000, len(RAW) - 1),
        ("bytes=0-0", 0, 0),
    ],
)
def test_it_gives_a_part(client, url, asked, first, last):
    response = take(client, url, Range=asked)
    assert (response.status_code, response.data) == (206, RAW[first : last + 1])
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{len(RAW)}"
    assert response.headers["Content-Length"] == str(last + 1 - first)


def test_it_returns_the_files_length_for_a_range_behind_its_end(client, url):
    response = take(client, url, Range=f"bytes={len(RAW)}-")
    assert_problem(response, 416)
    assert response.headers["Content-Range"] == f"bytes */{len(RAW)}"


@pytest.mark.parametrize("asked", ["bytes=9-1", "bytes=a-b", "bytes=", "lines=0-9", "bytes=--5"])
def test_it_tolerates_an_invalid_range(client, url, asked):
    """RFC 9110, 14.2: a server may ignore such a header, or answer 416."""
    response = take(client, url, Range=asked)
    assert response.status_code in (200, 416)
    assert response.status_code == 416 or response.data == RAW


def test_it_continues_only_with_the_same_file(client, url):
    tag = take(client, url).headers["ETag"]
    same = take(client, url, Range="bytes=10-", If_Range=tag)
    assert (same.status_code, same.data) == (206, RAW[10:])
    for other in ('"of-another-file"', "Sat, 24 Jan 2026 12:00:00 GMT"):
        whole = take(client, url, Range="bytes=10-", If_Range=other)
        assert (whole.status_code, whole.data) == (200, RAW), other


def test_it_sends_nothing_that_the_worker_already_has(client, url):
    tag = take(client, url).headers["ETag"]
    response = take(client, url, If_None_Match=tag)
    assert (response.status_code, response.data) == (304, b"")
    assert take(client, url, If_None_Match='"another"').data == RAW


def test_it_has_another_tag_for_another_file(client, url):
    first = take(client, url).headers["ETag"]
    assert take(client, given_away(client, 1)["download_url"]).headers["ETag"] != first


def test_it_names_no_file_but_the_jobs_own(client):
    work = given_away(client)
    response = take(client, work["download_url"])
    disposition = response.headers["Content-Disposition"]
    assert disposition == f"attachment; filename={work['job_id']}.mkv"


def test_it_refuses_a_download_without_a_token(client):
    work = given_away(client)
    assert_problem(fetch(client, work["job_id"], None), 403, "lease_token")


@pytest.mark.parametrize("token", ["", "f" * 32, "\u00fc", "x" * 255])
def test_it_refuses_the_token_of_another_attempt(client, token):
    work = given_away(client)
    assert_problem(fetch(client, work["job_id"], token), 409, "taken away")


def test_it_refuses_the_token_of_another_job(client):
    one, two = given_away(client), given_away(client, 1)
    assert_problem(fetch(client, one["job_id"], two["lease_token"]), 409, "taken away")


def test_it_refuses_a_job_that_no_one_has(client):
    job_id = here(client)
    for token in ("", "f" * 32):
        assert_problem(fetch(client, job_id, token), 409, "taken away")


def test_it_refuses_a_worker_that_has_lost_the_job(client, services, clock):
    work = given_away(client)
    lost(client, services, clock)
    with unchanged(services):
        assert_problem(take(client, work["download_url"]), 409, "taken away")
    again = polled(client)
    assert_problem(take(client, work["download_url"]), 409, "taken away")
    assert take(client, again["download_url"]).data == RAW


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_it_refuses_once_the_job_is_over(client, end):
    work = given_away(client)
    client.end(work["job_id"], end, lease_token=work["lease_token"])
    assert_problem(take(client, work["download_url"]), 409, "over")


def test_it_answers_404_for_an_unknown_job(client):
    assert_problem(fetch(client, "nobody", "x"), 404, "nobody")
    assert_problem(fetch(client, "nobody", None), 404, "nobody")


def test_it_answers_404_if_the_file_was_never_uploaded(client):
    farm(client)
    response = client.post("/api/jobs", json={"job_type": "transcode", "input_file": "//nas/a"})
    work = polled(client)
    assert (work["job_id"], work["download_url"]) == (ok(response)["job_id"], None)
    assert_problem(fetch(client, work["job_id"], work["lease_token"]), 404, "not here")


def test_it_answers_404_if_the_file_has_vanished(client, services):
    work = given_away(client)
    for path in services.context.settings.inputs_dir.iterdir():
        path.unlink()
    assert_problem(take(client, work["download_url"]), 404, "not here")


def test_it_asks_for_the_key_as_well(app, client):
    work = given_away(client)
    restart(app, api_key="secret")
    assert_problem(take(client, work["download_url"]), 401)
    assert take(client, work["download_url"], Authorization="Bearer secret").data == RAW


def test_it_refuses_a_token_that_is_not_ascii(client):
    work = given_away(client)
    assert_problem(fetch(client, work["job_id"], "x" * 5000), 422, field="lease_token")
    assert_problem(fetch(client, work["job_id"], "a\0"), 422, field="lease_token")


def test_it_gives_nothing_before_the_file_is_complete(client):
    job_id = approved(client)
    assert ok(client.post("/api/workers/farm/jobs/poll", json={})) == {"jobs": []}
    assert_problem(fetch(client, job_id, "f" * 32), 409)

"""Paths on the machines' own disks come back as they were sent, whatever system they are of."""

import pytest
from flask.testing import FlaskClient

from tests.remote import APPROVAL, farm, ripped, send_input, sending_agent
from tests.support import (
    approve,
    assigned_job,
    create_job,
    detect,
    job_of,
    ok,
    poll,
    queued_job,
    register_agent,
    register_worker,
    report,
    rip,
)

PATHS = (
    "C:\\rips\\title_t00.mkv",
    "c:/rips/title_t00.mkv",
    "C:\\Users\\J\u00fcrgen M\u00fcller\\Videos\\Am\u00e9lie (2001).mkv",
    "\\\\nas\\rips\\title_t00.mkv",
    "\\\\?\\C:\\a very\\long\\path.mkv",
    "\\\\?\\UNC\\nas\\rips\\title_t00.mkv",
    "//nas/rips/title_t00.mkv",
    "/mnt/rips/\u5343\u3068\u5343\u5c0b.mkv",
    "/mnt/rips/Ame\u0301lie.mkv",
    "/mnt/rips/\U0001f4bf disc.mkv",
    "/mnt/rips/\u202etxt.mkv",
    "/mnt/rips/two\nlines.mkv",
    "  /mnt/with blanks / .mkv  ",
    "/mnt/../rips/./a.mkv",
    "C:\\100%\\{0}\\$HOME\\`a`;'b'\\\"c\".mkv",
    "relative.mkv",
    "/mnt/" + "x" * 2000,
)

pytestmark = pytest.mark.parametrize("path", PATHS)


def test_it_returns_a_path_of_a_job_as_it_was_sent(client: FlaskClient, path: str) -> None:
    job = create_job(client, input_file=path)
    assert job["input_file"] == path
    assert job_of(client, job["job_id"])["input_file"] == path
    for address in ("/api/jobs", "/api/jobs/pending", "/api/jobs/awaiting-approval"):
        assert [job["input_file"] for job in ok(client.get(address))] == [path]


def test_it_tells_machines_of_a_path_as_it_was_sent(client: FlaskClient, path: str) -> None:
    register_agent(client)
    assigned_job(client, input_file=path)
    assert [job["input_file"] for job in ok(client.get("/api/agents/pc/jobs"))["jobs"]] == [path]
    farm(client)
    queued_job(client, input_file=path)
    assert [work["input_file"] for work in poll(client)] == [path]


def test_it_keeps_the_path_of_a_result_as_it_was_reported(client: FlaskClient, path: str) -> None:
    register_agent(client)
    job_id = assigned_job(client)
    assert ok(report(client, job_id, "running", output_file=path))["output_file"] == path
    assert ok(report(client, job_id, "completed", output_file=path))["output_file"] == path
    assert job_of(client, job_id)["output_file"] == path
    assert ok(client.get("/api/jobs?status=completed"))[0]["output_file"] == path


def test_it_hands_the_path_of_a_rip_on_to_its_transcode(client: FlaskClient, path: str) -> None:
    register_agent(client)
    disc_id = detect(client)["disc_id"]
    approve(client, disc_id)
    (rip_id,) = rip(client, disc_id, title_indices=[0])
    ok(report(client, rip_id, "completed", output_file=path))
    (pending,) = ok(client.get("/api/jobs/awaiting-approval"))
    assert pending["input_file"] == path
    # The agent's own POST is about the same file.
    assert create_job(client, input_file=path)["job_id"] == pending["job_id"]
    register_worker(client)
    body = APPROVAL | {"worker_id": "gpu"}
    ok(client.post(f"/api/jobs/{pending['job_id']}/approve", json=body))
    (job,) = ok(client.get("/api/agents/pc/jobs"))["jobs"]
    assert job["input_file"] == path


def test_it_asks_an_agent_for_a_path_as_it_was_sent(client: FlaskClient, path: str) -> None:
    sending_agent(client)
    farm(client)
    job_id = ripped(client, path=path)
    ok(client.post(f"/api/jobs/{job_id}/approve", json=APPROVAL))
    asked = ok(client.get("/api/agents/pc/jobs"))["uploads_wanted"]
    on_share = path.startswith(("\\\\nas", "\\\\?\\UNC", "//"))
    assert [each["input_file"] for each in asked] == ([] if on_share else [path])
    if not on_share:
        ok(send_input(client, job_id))
    assert job_of(client, job_id)["input_file"] == path

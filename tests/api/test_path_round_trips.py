"""Paths on the machines' own disks come back as they were sent, whatever system they are of."""

import pytest

from tests.client import ok
from tests.remote import APPROVAL, farm, ripped, send_input, sending_agent

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


def test_it_returns_a_path_of_a_job_as_it_was_sent(client, path):
    job = client.create_job(input_file=path)
    assert job["input_file"] == path
    assert client.job(job["job_id"])["input_file"] == path
    for address in ("/api/jobs", "/api/jobs/pending", "/api/jobs/awaiting-approval"):
        assert [job["input_file"] for job in ok(client.get(address))] == [path]


def test_it_tells_machines_of_a_path_as_it_was_sent(client, path):
    client.register_agent()
    client.assigned_job(input_file=path)
    assert [job["input_file"] for job in client.agent_jobs()] == [path]
    farm(client)
    client.queued_job(input_file=path)
    assert [work["input_file"] for work in client.poll()] == [path]


def test_it_keeps_the_path_of_a_result_as_it_was_reported(client, path):
    client.register_agent()
    job_id = client.assigned_job()
    assert ok(client.report(job_id, "running", output_file=path))["output_file"] == path
    assert ok(client.report(job_id, "completed", output_file=path))["output_file"] == path
    assert client.job(job_id)["output_file"] == path
    assert ok(client.get("/api/jobs?status=completed"))[0]["output_file"] == path


def test_it_hands_the_path_of_a_rip_on_to_its_transcode(client, path):
    client.register_agent()
    disc_id = client.detect().approve().id
    (rip_id,) = client.rip(disc_id, title_indices=[0])
    ok(client.report(rip_id, "completed", output_file=path))
    (pending,) = client.awaiting_approval()
    assert pending["input_file"] == path
    # The agent's own POST is about the same file.
    assert client.create_job(input_file=path)["job_id"] == pending["job_id"]
    client.register_worker()
    client.approve_job(pending["job_id"])
    (job,) = client.agent_jobs()
    assert job["input_file"] == path


def test_it_asks_an_agent_for_a_path_as_it_was_sent(client, path):
    sending_agent(client)
    farm(client)
    job_id = ripped(client, path=path)
    ok(client.post(f"/api/jobs/{job_id}/approve", json=APPROVAL))
    asked = ok(client.get("/api/agents/pc/jobs"))["uploads_wanted"]
    on_share = path.startswith(("\\\\nas", "\\\\?\\UNC", "//"))
    assert [each["input_file"] for each in asked] == ([] if on_share else [path])
    if not on_share:
        ok(send_input(client, job_id))
    assert client.job(job_id)["input_file"] == path

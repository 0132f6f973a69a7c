"""A drive is opened at the moment in which its agent reports on a rip."""

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from tests.client import Client, ok
from tests.support import at_once


@pytest.fixture(autouse=True, params=range(3))
def one_of_several_rounds():
    """One round may go well by chance."""


def ejection(client: Client) -> Callable[[], TestResponse]:
    """Opens the drive."""
    body = {"agent_id": "pc", "drive": "D:"}
    return lambda: client.post("/api/discs/ejected", json=body)


def test_it_takes_both_the_end_of_a_rip_and_the_ejection(app, client):
    client.register_agent()
    disc_id = client.detect().approve().id
    job_ids = client.rip(disc_id)
    for job_id in job_ids:
        ok(client.report(job_id, "running"))
    ends = [
        lambda job_id=job_id: app.test_client().report(job_id, "completed") for job_id in job_ids
    ]
    answers = at_once(ejection(app.test_client()), *ends)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert client.disc(disc_id)["status"] == "ejected"
    assert ok(client.get(f"/api/discs/{disc_id}/rip-status"))["completed_jobs"] == 3
    assert client.agent()["status"] == "online"

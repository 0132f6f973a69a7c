"""A drive is opened at the moment in which its agent reports on a rip."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import approve, at_once, detect, ok, register_agent, report, rip


@pytest.fixture(autouse=True, params=range(3))
def one_of_several_rounds() -> None:
    """One round may go well by chance."""


def ejection(client: FlaskClient) -> Callable[[], TestResponse]:
    """Opens the drive."""
    body = {"agent_id": "pc", "drive": "D:"}
    return lambda: client.post("/api/discs/ejected", json=body)


def test_it_takes_both_the_end_of_a_rip_and_the_ejection(app: Flask, client: FlaskClient) -> None:
    register_agent(client)
    disc_id = approve(client, detect(client)["disc_id"])["disc_id"]
    job_ids = rip(client, disc_id)
    for job_id in job_ids:
        ok(report(client, job_id, "running"))
    ends = [
        lambda job_id=job_id: report(app.test_client(), job_id, "completed") for job_id in job_ids
    ]
    answers = at_once(ejection(app.test_client()), *ends)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert ok(client.get(f"/api/discs/{disc_id}"))["status"] == "ejected"
    assert ok(client.get(f"/api/discs/{disc_id}/rip-status"))["completed_jobs"] == 3
    assert ok(client.get("/api/agents/pc"))["status"] == "online"

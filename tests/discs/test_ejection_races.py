"""A drive is opened at the moment in which its agent reports on a rip."""

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from boz_server.services.discs.ejection import give_up
from tests.client import Client, ok
from tests.support import NEW_DISC_SECONDS, at_once


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


def test_it_takes_both_a_report_of_progress_and_the_ejection(app, client):
    client.register_agent()
    disc_id, job_ids = client.ordered_rips()
    ok(client.report(job_ids[0], "running", progress=10))
    reports = [
        lambda progress=progress: app.test_client().report(job_ids[0], "running", progress=progress)
        for progress in (11, 12)
    ]
    answers = at_once(ejection(app.test_client()), *reports)
    assert [answer.status_code for answer in answers] == [200] * 3
    assert client.statuses(job_ids) == ["running", "queued", "queued"]
    assert client.job(job_ids[0])["progress"] == 12
    assert client.disc(disc_id)["status"] == "ejected"


def test_it_begins_a_rip_or_keeps_it_waiting_where_its_disc_leaves_then(app, client):
    client.register_agent()
    _, job_ids = client.ordered_rips()
    begin = [lambda: app.test_client().report(job_ids[0], "running", progress=1)]
    answers = at_once(ejection(app.test_client()), *begin)
    assert [answer.status_code for answer in answers] == [200] * 2
    assert client.statuses(job_ids) == ["running", "queued", "queued"]


def test_it_comes_back_or_leaves_where_both_are_reported_at_once(app, client):
    client.register_agent()
    disc_id, job_ids = client.ordered_rips()
    ejections = [ejection(app.test_client()) for _ in range(2)]
    detections = [lambda: app.test_client().detect().id for _ in range(2)]
    found = at_once(*ejections, *detections)
    assert found[2:] == [disc_id] * 2
    is_out = client.disc(disc_id)["status"] == "ejected"
    first = "queued" if is_out else "assigned"
    assert client.statuses(job_ids) == [first, "queued", "queued"]


def test_it_gives_rips_up_once_where_their_disc_is_put_in_too_late(app, client, services, clock):
    client.register_agent()
    disc_id, job_ids = client.ordered_rips()
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    calls = [lambda: app.test_client().detect().id, lambda: give_up(services.context)]
    found = at_once(*calls)
    assert (found[0] != disc_id, found[1]) == (True, 3)
    assert client.statuses(job_ids) == ["failed"] * 3

"""Drives are opened: their discs are closed, and what has not begun of them waits for them."""

from typing import Any

import pytest

from tests.client import Client, ok
from tests.support import restart

pytestmark = pytest.mark.usefixtures("pc")

NONE_FOUND = {"status": "ok", "message": "No disc found for that drive"}


def eject(client: Client, **changes: Any) -> dict[str, Any]:
    """Tell the server that a drive was opened."""
    body = {"agent_id": "pc", "drive": "D:", **changes}
    return dict(ok(client.post("/api/discs/ejected", json=body)))


def test_it_closes_the_disc_in_the_drive(client):
    disc = client.detect()
    assert eject(client) == {"status": "ok", "disc_id": disc["disc_id"]}
    assert client.disc(disc["disc_id"]) == disc | {"status": "ejected"}


def test_it_knows_of_no_disc_in_an_empty_drive(client):
    client.detect()
    assert eject(client, drive="E:") == NONE_FOUND


def test_it_closes_a_disc_once(client):
    client.detect()
    eject(client)
    assert eject(client) == NONE_FOUND


def test_it_knows_of_no_disc_of_an_unknown_agent(client):
    assert eject(client, agent_id="nobody") == NONE_FOUND


def test_it_leaves_the_same_drive_of_another_agent(client):
    client.register_agent("den")
    client.detect()
    assert eject(client, agent_id="den") == NONE_FOUND
    assert ok(client.get("/api/discs"))[0]["status"] == "detected"


def test_it_ignores_fields_that_it_does_not_know(client):
    client.detect()
    assert "disc_id" in eject(client, by="hand")


def test_it_takes_the_rips_that_no_one_has_begun_from_their_agent(client):
    disc_id, job_ids = client.ordered_rips()
    eject(client)
    assert client.statuses(job_ids) == ["queued"] * 3
    assert client.agent_jobs() == []
    assert client.disc(disc_id)["status"] == "ejected"
    assert client.history(job_ids[0])[-1]["detail"] == "The disc left its drive."


def test_it_counts_no_failure_of_a_rip_that_it_takes_away(client):
    _, job_ids = client.ordered_rips()
    eject(client)
    assert [job["error"] for job in map(client.job, job_ids)] == [None] * 3
    assert ok(client.get("/api/analytics/jobs"))["groups"] == []


def test_it_asks_for_the_disc_that_its_rips_wait_for(client):
    _, job_ids = client.ordered_rips()
    eject(client)
    for job in map(client.job, job_ids):
        assert job["waiting_reason"] == (
            "Disc 'FIREFLY_S01_D1' has left drive D:; put the disc back into a drive of agent 'pc'."
        )


@pytest.mark.parametrize("reason", ["the agent signs off", "a rip is put off"])
def test_it_asks_for_the_disc_before_all_else(client, clock, reason):
    _, (job_id, *_) = client.ordered_rips()
    if reason == "the agent signs off":
        eject(client)
        client.sign_off()
    else:
        ok(client.report(job_id, "running"))
        eject(client)
        ok(client.report(job_id, "assigned"))
    assert "put the disc back" in client.job(job_id)["waiting_reason"]


def test_it_gives_no_rip_of_a_disc_that_is_out_to_its_agent(client, services):
    _, job_ids = client.ordered_rips()
    eject(client)
    ok(client.post(f"/api/jobs/{job_ids[1]}/assign?agent_id=pc"))
    client.detect("SERENITY", (119,), drive="E:")
    client.register_agent()
    services.maintenance.tick()
    assert client.statuses(job_ids) == ["queued"] * 3
    assert client.agent_jobs() == []


def test_it_keeps_the_rips_of_a_disc_that_is_out_through_a_repair(client, services):
    disc_id, job_ids = client.ordered_rips()
    eject(client)
    services.maintenance.tick()
    assert client.statuses(job_ids) == ["queued"] * 3
    assert client.disc(disc_id)["status"] == "ejected"


def test_it_has_something_left_to_rip_while_a_disc_is_out(client):
    disc_id, (first, *_) = client.ordered_rips()
    ok(client.report(first, "completed"))
    eject(client)
    assert ok(client.get(f"/api/discs/{disc_id}/rip-status")) == {
        "all_rips_complete": False,
        "total_jobs": 3,
        "completed_jobs": 1,
        "failed_jobs": 0,
    }


def test_it_leaves_a_rip_that_runs_to_its_agent(client):
    disc_id, job_ids = client.ordered_rips()
    ok(client.report(job_ids[0], "running"))
    eject(client)
    assert client.statuses(job_ids) == ["running", "queued", "queued"]
    assert ok(client.report(job_ids[0], "running", progress=20))["progress"] == 20
    ok(client.report(job_ids[0], "completed", output_file="C:\\rips\\t00.mkv"))
    assert client.disc(disc_id)["status"] == "ejected"
    assert client.statuses(job_ids) == ["completed", "queued", "queued"]


def test_it_queues_a_rip_again_that_an_agent_puts_back_without_its_disc(client):
    _, job_ids = client.ordered_rips()
    ok(client.report(job_ids[0], "running", progress=20))
    eject(client)
    put_back = ok(client.report(job_ids[0], "assigned"))
    assert (put_back["status"], put_back["progress"]) == ("queued", 0)


def test_it_keeps_the_lease_of_a_rip_that_runs_without_its_disc(client, services, clock):
    _, (job_id, *_) = client.ordered_rips()
    ok(client.report(job_id, "running"))
    eject(client)
    for _ in range(5):
        clock.advance(100)
        client.heartbeat("agents/pc")
        ok(client.report(job_id, "running"))
        services.maintenance.tick()
    assert (client.job(job_id)["status"], client.job(job_id)["attempt"]) == ("running", 1)


def test_it_lets_an_agent_begin_a_rip_whose_disc_drops_out_at_that_moment(client):
    _, job_ids = client.ordered_rips()
    eject(client)
    assert ok(client.report(job_ids[0], "running", progress=1))["status"] == "running"


def test_it_lets_no_agent_begin_a_rip_where_another_disc_is_in_the_drive(client):
    _, (job_id, *_) = client.ordered_rips()
    eject(client)
    client.detect("SERENITY", (119,))
    body = {"status": "running", "progress": 1}
    client.refused(409, "queued").patch(f"/api/jobs/{job_id}", json=body)


def test_it_leaves_the_rips_that_are_over(client):
    _, job_ids = client.ordered_rips()
    ok(client.report(job_ids[0], "completed"))
    eject(client)
    assert client.statuses(job_ids) == ["completed", "queued", "queued"]


def test_it_leaves_the_rips_of_other_drives(client):
    _, job_ids = client.ordered_rips()
    client.detect(drive="E:")
    eject(client, drive="E:")
    assert client.statuses(job_ids) == ["assigned", "queued", "queued"]


def test_it_keeps_the_rips_of_a_disc_that_another_one_replaces(client):
    first, job_ids = client.ordered_rips()
    _, (other,) = client.ordered_rips("SERENITY", (119,))
    assert client.disc(first)["status"] == "ejected"
    assert client.statuses([*job_ids, other]) == ["queued", "queued", "queued", "assigned"]
    assert "put the disc back" in client.job(job_ids[0])["waiting_reason"]


def test_it_closes_a_disc_that_lies_there_ripped(client):
    disc_id, job_ids = client.ordered_rips()
    for job_id in job_ids:
        ok(client.report(job_id, "completed"))
    assert eject(client)["disc_id"] == disc_id
    assert client.disc(disc_id)["status"] == "ejected"


def test_it_gives_the_rips_up_whose_disc_does_not_come_back(client, services, timer):
    disc_id, job_ids = client.ordered_rips()
    eject(client)
    timer.pass_by(24 * 3600 - 60)
    services.maintenance.tick()
    assert client.statuses(job_ids) == ["queued"] * 3
    timer.pass_by(120)
    services.maintenance.tick()
    assert client.statuses(job_ids) == ["failed"] * 3
    assert {client.job(job_id)["error"] for job_id in job_ids} == {
        "The disc left its drive before this title was ripped: put it in and rip it anew."
    }
    assert ok(client.get(f"/api/discs/{disc_id}/rip-status"))["all_rips_complete"] is True


def test_it_gives_a_rip_up_that_ends_without_its_disc_after_that_time(client, services, clock):
    _, (job_id, *_) = client.ordered_rips()
    ok(client.report(job_id, "running"))
    eject(client)
    clock.advance(25 * 3600)
    job = ok(client.report(job_id, "assigned"))
    assert (job["status"], "left its drive" in job["error"]) == ("failed", True)


def test_it_waits_for_no_disc_where_none_may_come_back(app, client):
    restart(app, disc_return_hours=0)
    disc_id, job_ids = client.ordered_rips()
    eject(client)
    assert client.statuses(job_ids) == ["failed"] * 3
    job = client.job(job_ids[0])
    assert "left its drive" in job["error"]
    assert job["completed_at"] == "2026-01-24T12:34:56.123456Z"
    again = client.detect()
    assert (again["disc_id"] != disc_id, again["preview_status"]) == (True, "pending")


def test_it_gives_rips_up_at_once_where_none_may_come_back_any_more(app, client):
    _, job_ids = client.ordered_rips()
    eject(client)
    services = restart(app, disc_return_hours=0)
    services.maintenance.tick()
    assert client.statuses(job_ids) == ["failed"] * 3

"""BOZ_AUTO_RIP: approved discs are ripped without a person, once."""

import logging
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from boz_server.database.models import Title
from boz_server.settings import Settings
from tests.client import Client, ok
from tests.plans import noted, steps_of
from tests.support import NEW_DISC_SECONDS, assert_problem, at_once, restart, unchanged

pytestmark = pytest.mark.usefixtures("pc")


@pytest.fixture
def settings(settings) -> Settings:
    # A rip that fails is over.
    return replace(settings, auto_rip=True, max_rip_attempts=1)


def approved(client: Client, *args: Any, **extra: Any) -> str:
    """A disc that a person has approved; its id."""
    return str(client.detect(*args, **extra).approve().id)


def rips(client: Client, disc_id: str) -> list[dict[str, Any]]:
    """A disc's rip jobs, the oldest first."""
    jobs = ok(client.get("/api/jobs"))
    return [job for job in jobs[::-1] if (job["disc_id"], job["job_type"]) == (disc_id, "rip")]


def end_all(client: Client, disc_id: str, end: str) -> None:
    """Report each of a disc's rips as over."""
    for job in rips(client, disc_id):
        if end == "cancelled":
            client.cancel(job["job_id"])
        else:
            client.end(job["job_id"], end)


def test_it_rips_what_a_person_approved(client, services):
    disc_id = approved(client)
    assert services.auto_rip.run(services.context) == 1
    jobs = rips(client, disc_id)
    assert sorted(job["title_index"] for job in jobs) == [0, 1, 2]
    assert sorted(job["status"] for job in jobs) == ["assigned", "queued", "queued"]
    assert client.disc(disc_id)["status"] == "ripping"
    assert ok(client.post(f"/api/discs/{disc_id}/rip"))["jobs_created"] == 0


def test_it_rips_what_the_server_approved(app, client):
    services = restart(app, auto_approve_previews=True)
    disc_id = str(client.detect()["disc_id"])
    assert services.auto_rip.run(services.context) == 1
    assert len(rips(client, disc_id)) == 3


def test_it_rips_what_a_person_selected(client, services):
    disc_id = client.detect()["disc_id"]
    edits = [{"index": 0, "selected": False}, {"index": 3, "selected": True}]
    client.approve(disc_id, title_edits=edits)
    services.auto_rip.run(services.context)
    assert sorted(job["title_index"] for job in rips(client, disc_id)) == [1, 2, 3]


def test_it_orders_once(client, services):
    approved(client)
    assert services.auto_rip.run(services.context) == 1
    with unchanged(services):
        assert services.auto_rip.run(services.context) == 0


def test_it_orders_once_where_two_do_at_the_same_time(app, client):
    disc_id = approved(client)
    first, second = restart(app), restart(app)
    runs = [partial(each.auto_rip.run, each.context) for each in (first, second)]
    assert sorted(at_once(*runs)) == [0, 1]
    assert len(rips(client, disc_id)) == 3


def test_it_is_done_by_the_maintenance(client, services):
    disc_id = approved(client)
    services.maintenance.tick()
    assert len(rips(client, disc_id)) == 3


def test_it_rips_nothing_unless_told(app, client):
    services = restart(app, auto_rip=False)
    approved(client)
    with unchanged(services):
        assert services.auto_rip.run(services.context) == 0


@pytest.mark.parametrize("decision", ["none", "rejected", "ejected", "nothing selected"])
def test_it_leaves_a_disc_that_is_not_to_be_ripped(client, services, decision):
    if decision == "none":
        client.detect()
    if decision == "rejected":
        client.edit(approved(client), "preview/reject")
    if decision == "ejected":
        approved(client)
        client.eject()
    if decision == "nothing selected":
        edits = [{"index": index, "selected": False} for index in range(4)]
        client.approve(client.detect()["disc_id"], title_edits=edits)
    with unchanged(services):
        assert services.auto_rip.run(services.context) == 0


def test_it_adds_nothing_to_what_a_person_ordered(client, services):
    disc_id = approved(client)
    client.rip(disc_id, title_indices=[1])
    with unchanged(services):
        assert services.auto_rip.run(services.context) == 0


def test_it_adds_nothing_to_what_a_person_orders_meanwhile(client, services, monkeypatch):
    disc_id = approved(client)
    write_queue = services.context.database.write_queue

    def late() -> Any:
        monkeypatch.undo()
        client.rip(disc_id, title_indices=[1])
        return write_queue()

    monkeypatch.setattr(services.context.database, "write_queue", late)
    assert services.auto_rip.run(services.context) == 0
    assert [job["title_index"] for job in rips(client, disc_id)] == [1]


@pytest.mark.parametrize("end", ["failed", "cancelled", "completed"])
def test_it_leaves_a_disc_whose_rips_are_over(client, services, end):
    disc_id = approved(client)
    services.auto_rip.run(services.context)
    end_all(client, disc_id, end)
    assert {job["status"] for job in rips(client, disc_id)} == {end}
    with unchanged(services):
        assert services.auto_rip.run(services.context) == 0


def test_it_leaves_a_disc_to_a_person_that_was_ripped_before(client, services, clock):
    first = approved(client)
    services.auto_rip.run(services.context)
    end_all(client, first, "completed")
    client.eject()
    clock.advance(3600)
    again = approved(client, drive="E:")
    assert again != first
    assert services.auto_rip.run(services.context) == 0
    assert rips(client, again) == []
    assert len(client.rip(again)) == 3


def test_it_leaves_a_second_copy_of_a_disc_that_is_being_ripped(client, services):
    first = approved(client)
    services.auto_rip.run(services.context)
    second = approved(client, drive="E:")
    assert services.auto_rip.run(services.context) == 0
    end_all(client, first, "completed")
    assert services.auto_rip.run(services.context) == 0
    assert rips(client, second) == []


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_rips_a_disc_that_is_put_in_again_as_nothing_came_of_it(client, services, clock, end):
    first = approved(client)
    services.auto_rip.run(services.context)
    end_all(client, first, end)
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    again = approved(client)
    assert services.auto_rip.run(services.context) == 1
    assert len(rips(client, again)) == 3


def test_it_goes_on_behind_a_disc_that_can_not_be_ripped(client, services, clock, caplog):
    stuck = approved(client)
    with services.context.database.write():
        # As an older version may have approved them.
        Title.update(proposed_filename="Same.mkv").execute()
    clock.advance(60)
    free = approved(client, "SOLARIS_(2002)", (99,), drive="E:")
    assert services.auto_rip.run(services.context) == 1
    assert (len(rips(client, stuck)), len(rips(client, free))) == (0, 1)
    with unchanged(services):
        assert services.auto_rip.run(services.context) == 0
    said = [one for one in caplog.records if one.message == "Not ripped"]
    assert [(one.levelno, one.disc_id) for one in said] == [(logging.WARNING, stuck)]
    assert_problem(client.post(f"/api/discs/{stuck}/rip"), 422, "'Same.mkv'")


def test_it_waits_for_an_agent_that_is_away(client, services):
    disc_id = approved(client)
    client.sign_off()
    services.auto_rip.run(services.context)
    assert {job["status"] for job in rips(client, disc_id)} == {"queued"}
    client.register_agent()
    assert sorted(job["status"] for job in rips(client, disc_id))[0] == "assigned"


# PostgreSQL plans by statistics: on tables this small an index is no gain to it.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_what_lies_in_drives_and_no_history(client, services):
    approved(client)
    with noted(services) as statements:
        assert services.auto_rip.run(services.context) == 1
    plans = steps_of(services, statements)
    for index in ("idx_discs_status", "idx_discs_fingerprint", "idx_jobs_disc"):
        assert any(index in step for step in plans), index
    assert [step for step in plans if "idx_discs_preview_status" in step] == []

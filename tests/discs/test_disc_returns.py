"""A disc that left its drive comes back, and its order goes on."""

from typing import Any

import pytest

from boz_server.database.models import Disc
from boz_server.services.maintenance.retention import PruneStep
from boz_server.services.queue import leases
from boz_server.services.wiring import Services
from tests.client import Client, DetectedDisc, ok
from tests.plans import counted, noted, steps_of
from tests.support import FakeClock, at_once, episodes, restart

pytestmark = pytest.mark.usefixtures("pc")

HOUR = 3600
FILM = ("SERENITY", (119, 4))


def out_and_in(client: Client, *args: Any, **extra: Any) -> DetectedDisc:
    """The drive loses its disc, and finds it, or another one."""
    client.eject()
    return client.detect(*args, **extra)


def rescued(client: Client, services: Services, clock: FakeClock, seconds: float) -> None:
    """Let time pass in which the agent lives, and reports on nothing."""
    clock.advance(seconds)
    client.heartbeat("agents/pc")
    leases.rescue(services.context)


def failed(client: Client, job_id: str) -> None:
    """Report a rip as failed for good."""
    while client.job(job_id)["status"] != "failed":
        ok(client.report(job_id, "running"))
        ok(client.report(job_id, "failed", error="Read error"))


@pytest.mark.parametrize("disc", [(), FILM])
def test_it_goes_on_with_what_is_left_to_rip(client, disc):
    first, job_ids = client.ordered_rips(*disc)
    if len(job_ids) > 1:
        ok(client.report(job_ids.pop(0), "completed", output_file="C:\\t00.mkv"))
    again = out_and_in(client, *disc)
    assert (again.id, again["status"], again["preview_status"]) == (first, "ripping", "approved")
    assert client.statuses(job_ids) == ["assigned", "queued"][: len(job_ids)]
    answer = ok(client.post(f"/api/discs/{again.approve().id}/rip", json={}))
    assert answer["jobs_created"] == 0


@pytest.mark.parametrize("way", ["ejected first", "as it is found"])
def test_it_comes_back_into_any_drive_of_its_agent(client, way):
    first, job_ids = client.ordered_rips()
    other = client.detect(*FILM, drive="E:").id
    if way == "ejected first":
        client.eject("E:")
    client.eject()
    again = client.detect(drive="E:")
    assert (again.id, again["drive"], again["status"]) == (first, "E:", "ripping")
    assert client.disc(other)["status"] == "ejected"
    assert client.statuses(job_ids) == ["assigned", "queued", "queued"]


def test_it_comes_back_after_another_disc_was_in_its_drive(client):
    first, job_ids = client.ordered_rips()
    other, _ = client.ordered_rips(*FILM)
    assert client.detect().id == first
    assert client.statuses(job_ids) == ["assigned", "queued", "queued"]
    assert client.detect(*FILM).id == other


def test_it_keeps_an_approval_that_no_rip_followed(client, clock):
    edits = [{"index": 0, "episode_title": "The Train Job"}, {"index": 2, "selected": False}]
    first = client.approve(client.detect().id, title_edits=edits)
    client.eject()
    clock.advance(23 * HOUR)
    assert client.detect() == first
    assert len(client.rip(first["disc_id"])) == 2


def test_it_keeps_its_numbers(client, clock):
    first, _ = client.ordered_rips()
    clock.advance(60)
    second = client.detect("FIREFLY_S01_D2", (41, 40), drive="E:")
    again = out_and_in(client)
    assert (again.id, episodes(again)) == (first, [1, 2, 3])
    assert episodes(client.disc(second.id)) == [4, 5]
    assert client.season("Firefly:s1")["disc_ids"] == [first, second.id]


@pytest.mark.parametrize("hours", [24, 240])
def test_it_is_a_new_disc_after_its_time(app, client, clock, hours):
    restart(app, disc_return_hours=hours)
    first, job_ids = client.ordered_rips()
    client.eject()
    clock.advance(hours * HOUR - 1)
    assert client.detect().id == first
    client.eject()
    clock.advance(hours * HOUR)
    again = client.detect()
    assert (again.id != first, again["preview_status"]) == (True, "pending")
    assert client.statuses(job_ids) == ["queued"] * 3
    assert client.agent_jobs() == []


def test_it_is_a_new_disc_at_another_agent(client):
    client.register_agent("den")
    first, job_ids = client.ordered_rips()
    again = out_and_in(client, agent_id="den")
    assert again.id != first
    assert client.statuses(job_ids) == ["queued"] * 3
    assert client.agent_jobs("den") == []


def test_it_is_a_new_disc_where_an_older_version_saw_it_leave(client, services):
    first, job_ids = client.ordered_rips()
    client.eject()
    with services.context.database.write():
        Disc.update(ejected_at=None).execute()
    assert client.detect().id != first
    services.maintenance.tick()
    assert client.statuses(job_ids) == ["failed"] * 3


@pytest.mark.parametrize("decision", ["none", "reject"])
def test_it_is_a_new_disc_where_no_one_accepted_its_names(client, decision):
    first = client.detect().id
    if decision == "reject":
        client.reject(first)
    again = out_and_in(client)
    assert (again.id != first, again["preview_status"]) == (True, "pending")


def test_it_goes_on_with_a_rip_of_names_that_no_one_accepted(client):
    first = client.detect().id
    body = {"job_type": "rip", "disc_id": first, "title_index": 3}
    job_id = ok(client.post("/api/jobs", json=body))["job_id"]
    assert out_and_in(client).id == first
    assert client.statuses([job_id]) == ["assigned"]


def test_it_rips_a_disc_again_on_purpose(client):
    first, job_ids = client.ordered_rips()
    for job_id in job_ids:
        ok(client.report(job_id, "completed"))
    again = out_and_in(client)
    assert again.id != first
    new = again.approve().rip()
    assert (len(new), set(new) & set(job_ids)) == (3, set())


def test_it_rips_only_what_did_not_succeed(client):
    first, job_ids = client.ordered_rips()
    ok(client.report(job_ids[0], "completed"))
    client.cancel(job_ids[1])
    failed(client, job_ids[2])
    again = out_and_in(client)
    assert (again.id, again["status"]) == (first, "completed")
    assert client.agent_jobs() == []
    answer = ok(client.post(f"/api/discs/{again.approve().id}/rip", json={}))
    assert answer["jobs_created"] == 2
    assert [client.job(each)["title_index"] for each in answer["job_ids"]] == [1, 2]


def test_it_starts_over_where_a_person_cancelled_its_rips(client):
    first, job_ids = client.ordered_rips()
    client.refused(409, "Cancel its rips, then put it in again").post(
        f"/api/discs/{first}/preview/reject"
    )
    ok(client.report(job_ids[0], "completed"))
    for job_id in job_ids[1:]:
        client.cancel(job_id)
    again = out_and_in(client)
    assert (again.id != first, again["preview_status"]) == (True, "pending")


def test_it_rips_the_rest_of_a_disc_of_which_a_part_was_ordered(client):
    disc_id = client.detect().approve().id
    (job_id,) = client.rip(disc_id, title_indices=[1])
    ok(client.report(job_id, "completed"))
    again = out_and_in(client)
    assert again.id == disc_id
    rips = [client.job(each)["title_index"] for each in again.approve().rip()]
    assert rips == [0, 2]


def test_it_goes_out_and_in_many_times(client, clock):
    first, job_ids = client.ordered_rips()
    ok(client.report(job_ids[0], "completed"))
    for _ in range(30):
        assert out_and_in(client).id == first
        clock.advance(HOUR)
        client.heartbeat("agents/pc")
    assert len(ok(client.get("/api/discs"))) == 1
    for job_id in job_ids[1:]:
        ok(client.report(job_id, "completed"))
    assert client.disc(first)["status"] == "completed"


def test_it_prefers_the_copy_whose_rips_wait(client, clock):
    waiting, job_ids = client.ordered_rips()
    approved = client.detect(drive="E:").approve().id
    client.eject()
    clock.advance(60)
    client.eject("E:")
    assert client.detect(drive="E:").id == waiting
    assert client.statuses(job_ids) == ["assigned", "queued", "queued"]
    assert client.detect().id == approved


def test_it_comes_back_from_the_archive(client, services, clock):
    first = client.detect().approve().id
    clock.advance(200 * 24 * HOUR)
    client.eject()
    PruneStep().run(services.context)
    assert Disc.get_or_none(Disc.disc_id == first) is None
    again = client.detect()
    assert (again.id, again["status"], again["preview_status"]) == (first, "detected", "approved")


def test_it_takes_what_was_measured_anew(client):
    first, _ = client.ordered_rips()
    again = out_and_in(client, disc_type="DVD-9")
    assert (again.id, again["disc_type"]) == (first, "DVD-9")


def test_it_counts_as_one_disc_put_in(client):
    client.ordered_rips()
    out_and_in(client)
    assert len(ok(client.get("/api/library"))) == 1


# A rip runs while its disc drops out.


def running(client: Client, *args: Any) -> tuple[str, list[str]]:
    """A disc of which the first rip runs; the ids of disc and jobs."""
    disc_id, job_ids = client.ordered_rips(*args)
    ok(client.report(job_ids[0], "running", progress=30))
    return disc_id, job_ids


@pytest.mark.parametrize("silent_seconds", [10, 300])
def test_it_goes_on_with_a_rip_that_is_reported_on(client, services, clock, silent_seconds):
    disc_id, job_ids = running(client)
    clock.advance(silent_seconds)
    again = out_and_in(client)
    assert (again.id, again["status"]) == (disc_id, "ripping")
    for progress in (31, 40, 60, 99):
        rescued(client, services, clock, 10)
        ok(client.report(job_ids[0], "running", progress=progress))
    done = ok(client.report(job_ids[0], "completed", output_file="C:\\t00.mkv"))
    assert (done["status"], done["attempt"]) == ("completed", 1)
    assert client.statuses(job_ids[1:]) == ["assigned", "queued"]


def test_it_queues_a_rip_again_that_no_one_reports_on(client, services, clock):
    _, job_ids = running(client)
    out_and_in(client)
    rescued(client, services, clock, 15)
    assert client.statuses(job_ids) == ["running", "queued", "queued"]
    rescued(client, services, clock, 10)
    assert client.statuses(job_ids) == ["assigned", "queued", "queued"]
    assert client.job(job_ids[0])["attempt"] == 2
    assert "was not heard from" in client.history(job_ids[0])[-2]["detail"]


def test_it_asks_for_the_disc_of_a_rip_whose_agent_is_lost_meanwhile(client, services, clock):
    _, job_ids = running(client)
    client.eject()
    clock.advance(200)
    leases.rescue(services.context)
    assert client.statuses(job_ids) == ["queued"] * 3
    assert "put the disc back" in client.job(job_ids[0])["waiting_reason"]
    client.register_agent()
    client.detect()
    assert client.statuses(job_ids) == ["assigned", "queued", "queued"]


@pytest.mark.parametrize("way", ["ejected first", "as it is found"])
def test_it_ends_a_silent_rip_whose_drive_has_another_disc(client, services, clock, way):
    _, job_ids = running(client)
    if way == "ejected first":
        client.eject()
    client.detect(*FILM)
    rescued(client, services, clock, 25)
    assert client.statuses(job_ids) == ["failed", "queued", "queued"]
    assert client.job(job_ids[0])["error"] == (
        "Agent 'pc' was not heard from in time, and drive D: has another disc: put"
        " 'FIREFLY_S01_D1' back into a drive of agent 'pc', then retry the job."
    )
    client.retry(job_ids[0])
    client.detect()
    assert client.statuses(job_ids) == ["assigned", "queued", "queued"]


def test_it_leaves_a_drive_to_a_rip_that_goes_on_though_it_has_another_disc(
    client, services, clock
):
    _, job_ids = running(client)
    _, (other,) = client.ordered_rips("ALIEN", (117,))
    for progress in (40, 60):
        rescued(client, services, clock, 15)
        ok(client.report(job_ids[0], "running", progress=progress))
    assert client.statuses([job_ids[0], other]) == ["running", "queued"]
    assert client.job(other)["waiting_reason"] == "Drive D: of agent 'pc' rips another title."
    ok(client.report(job_ids[0], "completed"))
    assert client.statuses([other]) == ["assigned"]


def test_it_gives_a_rip_up_that_falls_silent_at_each_return(client, services, clock):
    disc_id, job_ids = client.ordered_rips()
    while client.job(job_ids[0])["status"] != "failed":
        client.agent_jobs()
        ok(client.report(job_ids[0], "running", progress=5))
        assert out_and_in(client).id == disc_id
        rescued(client, services, clock, 25)
        rescued(client, services, clock, 600)
    assert client.job(job_ids[0])["attempt"] == 3
    assert client.statuses(job_ids[1:]) == ["assigned", "queued"]
    assert out_and_in(client).id == disc_id
    assert client.statuses(job_ids) == ["failed", "assigned", "queued"]


# A person retries, or asks for a rip, while the disc is out.


def only_rip(client: Client) -> tuple[str, list[str]]:
    """A disc with one rip; the ids of disc and job."""
    return client.ordered_rips("ALIEN", (117,))


def test_it_lets_a_retried_rip_wait_for_its_disc(client):
    disc_id, (job_id,) = only_rip(client)
    failed(client, job_id)
    client.eject()
    again = client.retry(job_id)
    assert (again["status"], "put the disc back" in again["waiting_reason"]) == ("queued", True)
    assert client.detect("ALIEN", (117,)).id == disc_id
    assert client.statuses([job_id]) == ["assigned"]


def test_it_says_what_helps_where_a_rip_can_not_be_retried(client, clock):
    _, (job_id,) = only_rip(client)
    failed(client, job_id)
    client.eject()
    clock.advance(25 * HOUR)
    client.refused(409, "put 'ALIEN' into a drive of agent 'pc', and rip it anew").post(
        f"/api/jobs/{job_id}/retry"
    )


def test_it_says_what_helps_where_the_disc_of_a_rip_is_not_known(client, services):
    _, (job_id,) = only_rip(client)
    failed(client, job_id)
    client.eject()
    with services.context.database.write():
        Disc.delete().execute()
    client.refused(409, "not known any more: put it in, and rip it anew").post(
        f"/api/jobs/{job_id}/retry"
    )


def test_it_says_what_helps_where_a_disc_that_is_out_is_to_be_ripped(client):
    disc_id = client.detect().approve().id
    client.eject()
    client.refused(400, "put 'FIREFLY_S01_D1' back into a drive of agent 'pc'").post(
        f"/api/discs/{disc_id}/rip"
    )


# Without a person.


@pytest.fixture
def hands_free(app) -> Services:
    """A server that approves and rips by itself."""
    return restart(app, auto_approve_previews=True, auto_rip=True)


def rips(client: Client) -> list[dict[str, Any]]:
    """All rip jobs, the oldest first."""
    return [job for job in ok(client.get("/api/jobs"))[::-1] if job["job_type"] == "rip"]


def test_it_rips_an_approved_disc_by_itself_when_it_is_back(client, hands_free):
    disc_id = client.detect().id
    assert out_and_in(client).id == disc_id
    assert hands_free.auto_rip.run(hands_free.context) == 1
    assert len(rips(client)) == 3


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_it_rips_nothing_again_because_a_tray_closes(client, hands_free, clock, end):
    client.detect()
    error = "Read error" if end == "failed" else None
    for _ in range(5):
        hands_free.auto_rip.run(hands_free.context)
        while jobs := client.agent_jobs():
            ok(client.report(jobs[0]["job_id"], "running"))
            ok(client.report(jobs[0]["job_id"], end, error=error))
        out_and_in(client)
        clock.advance(HOUR)
        client.heartbeat("agents/pc")
    assert len(rips(client)) == 3


def test_it_rips_a_disc_by_itself_that_moved_to_another_agent(client, hands_free):
    client.register_agent("den")
    client.detect()
    hands_free.auto_rip.run(hands_free.context)
    out_and_in(client, agent_id="den")
    assert hands_free.auto_rip.run(hands_free.context) == 1
    assert len(client.agent_jobs("den")) == 1


# At the same moment.


def test_it_is_one_disc_where_it_is_reported_twice_at_once(app, client):
    first, _ = client.ordered_rips()
    client.eject()
    found = at_once(*[lambda: app.test_client().detect() for _ in range(3)])
    assert {disc.id for disc in found} == {first}


def test_it_comes_back_once_where_two_drives_report_it(app, client):
    first, job_ids = client.ordered_rips()
    client.eject()
    drives = ("D:", "E:")
    calls = [lambda drive=drive: app.test_client().detect(drive=drive) for drive in drives]
    found = [disc.id for disc in at_once(*calls)]
    assert (found.count(first), len(set(found))) == (1, 2)
    assert sorted(client.statuses(job_ids)) == ["assigned", "queued", "queued"]


def test_it_costs_as_much_to_eject_a_disc_after_a_long_history(client, services, clock):
    costs = []
    for _ in range(2):
        client.ordered_rips()
        with counted(services) as statements:
            client.eject()
        costs.append(statements.total())
        for _ in range(5):
            clock.advance(25 * HOUR)
            client.register_agent()
            _, job_ids = client.ordered_rips()
            for job_id in job_ids:
                ok(client.report(job_id, "completed"))
            client.eject()
    assert costs[0] == costs[1]


# PostgreSQL plans by statistics: on tables this small an index is no gain to it.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_reads_the_records_of_a_disc_and_no_others(client, services):
    client.ordered_rips()
    client.eject()
    with noted(services) as statements:
        client.detect()
    steps = steps_of(services, statements)
    assert any("idx_discs_fingerprint" in step for step in steps)
    assert {step for step in steps if step.startswith("SCAN")} <= {"SCAN CONSTANT ROW"}

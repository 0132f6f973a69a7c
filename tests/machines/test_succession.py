"""An agent that has a new id since it restarted takes the place of the one that it was."""

import pytest

from boz_server.database.models import Job
from boz_server.domain.queue.job_states import JobType
from boz_server.services.discs import inheritance
from boz_server.services.queue import leases
from tests.client import Client, ok

WORKERS = ("PC-NVENC", "PC-QSV", "PC-CPU")
NAME = "Boz Agent"
#: What a disc with one title is reported as.
FILM = ("ALIEN", (117,))


def start(client: Client, agent_id: str, workers: tuple[str, ...] = WORKERS[:1]) -> None:
    """An agent starts as those of today do: first itself, then its workers."""
    client.register_agent(agent_id, name=NAME)
    for worker_id in workers:
        client.register_worker(worker_id, agent_id)


def agents(client: Client) -> list[str]:
    return [agent["agent_id"] for agent in ok(client.get("/api/agents"))]


def discs(client: Client, agent_id: str) -> list[str]:
    """The discs in an agent's drives."""
    return [
        disc["disc_id"]
        for disc in ok(client.get("/api/discs"))
        if disc["agent_id"] == agent_id and disc["status"] != "ejected"
    ]


def ended(client: Client, way: str, clock, agent_id: str = "a") -> None:
    """The agent stops: as at a shutdown, killed and started at once, or after a power cut."""
    if way == "signed off":
        client.sign_off(agent_id)
    if way == "silent":
        clock.advance(3600)
    clock.advance(5)


WAYS = ("signed off", "killed", "silent")


@pytest.mark.parametrize("way", WAYS)
def test_it_lets_what_waits_go_on_after_a_restart_under_another_id(client, services, clock, way):
    start(client, "a")
    disc_id, rips = client.ordered_rips(agent_id="a")
    ok(client.report(rips[0], "completed", output_file="C:\\t00.mkv"))
    ok(client.report(rips[1], "running", progress=40))
    (pending,) = client.awaiting_approval()
    ended(client, way, clock)
    start(client, "b")
    again = client.detect(agent_id="b")
    # The same disc, with its names and rips.
    assert (again.id, again["preview_status"], again["status"]) == (disc_id, "approved", "ripping")
    assert (discs(client, "a"), discs(client, "b")) == ([], [disc_id])
    clock.advance(20)
    leases.rescue(services.context)
    (rip,) = client.agent_jobs("b")
    assert (rip["job_id"], rip["status"]) == (rips[1], "assigned")
    client.approve_job(pending["job_id"], WORKERS[0])
    assert client.job(pending["job_id"])["assigned_agent_id"] == "b"
    for job_id in rips[1:]:
        ok(client.report(job_id, "completed", output_file=f"C:\\{job_id}.mkv"))
    assert ok(client.get(f"/api/discs/{disc_id}/rip-status"))["all_rips_complete"]
    transcodes = Job.select().where(Job.job_type == JobType.TRANSCODE)
    assert [job.for_agent_id for job in transcodes] == ["b"] * 3


@pytest.mark.parametrize("way", WAYS)
def test_it_leaves_the_old_id_out_of_lists_and_keeps_its_row(client, clock, way):
    start(client, "a")
    ended(client, way, clock)
    start(client, "b")
    assert agents(client) == ["b"]
    assert ok(client.get("/health"))["agents"] == 1
    old = client.agent("a")
    assert (old["status"], old["succeeded_by"], old["current_job_id"]) == ("offline", "b", None)
    assert client.worker(WORKERS[0])["agent_id"] == "b"


def test_it_takes_what_ran_for_lost_unless_the_new_agent_reports_on_it(client, services, clock):
    start(client, "a")
    job_id, other = client.running_job(50, WORKERS[0]), client.running_job(50, WORKERS[0])
    clock.advance(5)
    start(client, "b")
    for _ in range(3):
        client.agent_jobs("b")
        client.heartbeat("agents/b")
        clock.advance(7)
        ok(client.report(other, "running", progress=60))
    assert leases.rescue(services.context) == 1
    assert (client.job(job_id)["status"], client.job(job_id)["attempt"]) == ("assigned", 2)
    assert client.job(job_id)["assigned_agent_id"] == "b"
    assert (client.job(other)["status"], client.job(other)["attempt"]) == ("running", 1)
    assert client.agent("b")["status"] == "busy"


def test_it_tells_in_the_history_of_a_job_that_its_agent_has_another_id(client):
    start(client, "a")
    job_id = client.running_job(50, WORKERS[0])
    start(client, "b")
    event = client.history(job_id)[-1]
    assert (event["actor"], event["detail"]) == ("server", "Agent 'a' is now 'b'.")
    assert "agent:a" in [each["actor"] for each in client.history(job_id)]


@pytest.mark.parametrize("first", ["agent", "worker"])
def test_it_follows_whichever_registers_first(client, first):
    start(client, "a")
    disc_id, (rip,) = client.ordered_rips(*FILM, agent_id="a")
    if first == "agent":
        client.register_agent("b", name=NAME)
    client.register_worker(WORKERS[0], "b")
    client.register_agent("b", name=NAME)
    assert discs(client, "b") == [disc_id]
    assert [job["job_id"] for job in client.agent_jobs("b")] == [rip]


def test_it_follows_once_for_an_agent_with_several_workers(client):
    start(client, "a", WORKERS)
    job_id = client.create_job(input_file="C:\\t00.mkv")["job_id"]
    client.approve_job(job_id, WORKERS[2])
    client.register_agent("b", name=NAME)
    client.register_worker(WORKERS[0], "b")
    assert {client.worker(one)["agent_id"] for one in WORKERS} == {"b"}
    assert client.job(job_id)["assigned_agent_id"] == "b"
    for worker_id in WORKERS[1:]:
        client.register_worker(worker_id, "b")
    assert agents(client) == ["b"]
    assert len([e for e in client.history(job_id) if "is now" in (e["detail"] or "")]) == 1


def test_it_follows_through_many_restarts(client, services, clock):
    start(client, "a0")
    disc_id, rips = client.ordered_rips(agent_id="a0")
    for number in range(1, 8):
        clock.advance(60)
        start(client, f"a{number}")
        assert client.detect(agent_id=f"a{number}").id == disc_id
    assert agents(client) == ["a7"]
    assert {client.agent(f"a{number}")["succeeded_by"] for number in range(7)} == {"a7"}
    assert [job["job_id"] for job in client.agent_jobs("a7")] == [rips[0]]
    assert len(ok(client.get("/api/discs"))) == 1


def test_it_gives_an_old_id_that_speaks_again_a_life_of_its_own(client):
    start(client, "a")
    client.ordered_rips(*FILM, agent_id="a")
    start(client, "b")
    client.heartbeat("agents/a")
    assert agents(client) == ["a", "b"]
    assert (client.agent("a")["status"], client.agent("a")["succeeded_by"]) == ("online", None)
    # What has gone over stays there.
    assert (client.agent_jobs("a"), len(client.agent_jobs("b"))) == ([], 1)


@pytest.mark.parametrize("way", ["register", "poll", "disc"])
def test_it_takes_any_sign_for_a_life_of_its_own(client, way):
    start(client, "a")
    start(client, "b")
    if way == "register":
        client.register_agent("a")
    elif way == "poll":
        client.agent_jobs("a")
    else:
        client.detect(agent_id="a")
    assert agents(client) == ["a", "b"]


@pytest.mark.parametrize("repeated", ["completed", "pending"])
def test_it_takes_a_late_report_on_a_job_that_is_over_for_no_life_of_the_old_id(client, repeated):
    start(client, "a")
    job_id = client.running_job(50, WORKERS[0])
    ok(client.report(job_id, "completed"))
    start(client, "b")
    client.report(job_id, repeated, output_file="/out/a.mkv")
    assert agents(client) == ["b"]


def test_it_follows_back_to_an_id_from_before(client):
    start(client, "a")
    disc_id, (rip,) = client.ordered_rips(*FILM, agent_id="a")
    start(client, "b")
    start(client, "a")
    assert agents(client) == ["a"]
    assert (client.agent("a")["succeeded_by"], client.agent("b")["succeeded_by"]) == (None, "a")
    assert (discs(client, "a"), discs(client, "b")) == ([disc_id], [])
    assert [job["job_id"] for job in client.agent_jobs("a")] == [rip]
    start(client, "c")
    assert {client.agent(old)["succeeded_by"] for old in ("a", "b")} == {"c"}


@pytest.mark.parametrize(("before", "after"), [(None, "b"), ("a", None), ("a", "a")])
def test_it_follows_nothing_without_two_agents(client, before, after):
    client.register_agent("a")
    client.register_agent("b")
    disc = client.detect(agent_id="a")
    client.register_worker("gpu", before)
    client.register_worker("gpu", after)
    assert agents(client) == ["a", "b"]
    assert discs(client, "a") == [disc.id]


def test_it_retries_for_the_new_agent_what_failed_under_the_old_id(client):
    start(client, "a")
    _, rips = client.ordered_rips(agent_id="a")
    ok(client.report(rips[0], "completed", output_file="C:\\t00.mkv"))
    (transcode,) = client.awaiting_approval()
    client.approve_job(transcode["job_id"], WORKERS[0])
    ok(client.report(transcode["job_id"], "completed"))
    ok(client.report(transcode["job_id"], "completed", error="Upload failed after 3 tries"))
    start(client, "b")
    ok(client.post(f"/api/jobs/{transcode['job_id']}/retry"))
    job = client.job(transcode["job_id"])
    assert (job["status"], job["assigned_agent_id"]) == ("assigned", "b")


def test_it_knows_where_a_file_is_that_was_ripped_under_the_old_id(client):
    start(client, "a")
    disc_id, (rip,) = client.ordered_rips(*FILM, agent_id="a")
    ok(client.report(rip, "completed"))
    start(client, "b")
    # The report of the file's name comes late, the agent's own job for it then, and later another.
    ok(client.report(rip, "completed", output_file="C:\\alien.mkv"))
    (known,) = client.awaiting_approval()
    client.approve_job(known["job_id"], WORKERS[0])
    assert client.job(known["job_id"])["assigned_agent_id"] == "b"
    ok(client.report(known["job_id"], "completed", output_file="/out/alien.mkv"))
    for _ in range(2):
        again = client.create_job(input_file="C:\\alien.mkv", disc_id=disc_id, title_index=0)
    client.approve_job(again["job_id"], WORKERS[0])
    assert client.job(again["job_id"])["assigned_agent_id"] == "b"


def test_it_hands_the_new_agent_the_commands_for_vlc(client):
    start(client, "a", ())
    client.register_worker(WORKERS[0], "a", capabilities={"vlc_installed": True})
    body = {"agent_id": "a", "file_path": "C:\\t00.mkv"}
    command = ok(client.post("/api/vlc/preview", json=body))
    start(client, "b")
    (found,) = ok(client.get("/api/vlc/commands/b"))["commands"]
    assert found["command_id"] == command["command_id"]


def test_it_keeps_the_statistics_of_the_worker(client):
    start(client, "a")
    ok(client.report(client.approved_job(WORKERS[0]), "completed"))
    start(client, "b")
    assert client.worker(WORKERS[0])["total_jobs_completed"] == 1


# Where the new agent reported its disc before its worker registered.


def test_it_makes_two_records_of_one_disc_one(client):
    start(client, "a")
    disc_id, rips = client.ordered_rips(agent_id="a")
    client.register_agent("b", name=NAME)
    twice = client.detect(agent_id="b")
    assert twice.id != disc_id
    client.register_worker(WORKERS[0], "b")
    assert discs(client, "b") == [disc_id]
    assert client.detect(agent_id="b").id == disc_id
    assert [job["job_id"] for job in client.agent_jobs("b")] == [rips[0]]
    assert client.disc(twice.id)["status"] == "ejected"


@pytest.mark.parametrize("old", ["pending", "approved", "ripping"])
def test_it_keeps_what_a_person_decided_on_either_record(client, old):
    start(client, "a")
    first = client.detect(agent_id="a")
    if old != "pending":
        first.approve()
    rips = first.rip(title_indices=[0, 1]) if old == "ripping" else []
    client.register_agent("b", name=NAME)
    second = client.detect(agent_id="b").approve()
    later = second.rip(title_indices=[1, 2])
    client.register_worker(WORKERS[0], "b")
    (kept,) = discs(client, "b")
    assert kept == (first.id if old == "ripping" else second.id)
    disc = client.disc(kept)
    assert (disc["preview_status"], disc["status"]) == ("approved", "ripping")
    jobs = [job for job in ok(client.get("/api/jobs")) if job["status"] != "cancelled"]
    # Each title once.
    assert sorted(job["title_index"] for job in jobs) == ([0, 1, 2] if rips else [1, 2])
    assert {job["disc_id"] for job in jobs} == {kept}
    assert set(later) <= {job["job_id"] for job in ok(client.get("/api/jobs"))}


def test_it_closes_a_disc_that_was_replaced_before_the_worker_registered(client):
    start(client, "a")
    disc_id, (rip,) = client.ordered_rips(*FILM, agent_id="a")
    client.register_agent("b", name=NAME)
    other = client.detect("SERENITY", (119,), agent_id="b")
    client.register_worker(WORKERS[0], "b")
    assert discs(client, "b") == [other.id]
    assert client.disc(disc_id)["status"] == "ejected"
    assert client.job(rip)["status"] == "queued"
    # It may come back, to this agent.
    back = client.detect(*FILM, agent_id="b", drive="E:")
    assert back.id == disc_id
    assert client.job(rip)["status"] == "assigned"


def test_it_lets_a_disc_come_back_that_was_out_at_the_restart(client, clock):
    start(client, "a")
    disc_id, (rip,) = client.ordered_rips(*FILM, agent_id="a")
    client.eject(agent_id="a")
    clock.advance(600)
    start(client, "b")
    assert client.detect(*FILM, agent_id="b").id == disc_id
    assert [job["job_id"] for job in client.agent_jobs("b")] == [rip]


# Without a worker.


@pytest.mark.parametrize("way", ["signed off", "silent"])
def test_it_lets_a_disc_follow_an_agent_without_a_worker(client, clock, way):
    start(client, "a", ())
    disc_id, rips = client.ordered_rips(agent_id="a")
    ok(client.report(rips[0], "completed", output_file="C:\\t00.mkv"))
    (transcode,) = client.awaiting_approval()
    ended(client, way, clock)
    start(client, "b", ())
    again = client.detect(agent_id="b")
    assert (again.id, again["agent_id"], again["status"]) == (disc_id, "b", "ripping")
    assert [job["job_id"] for job in client.agent_jobs("b")] == [rips[1]]
    # The file: no one knows whose disk it is on.
    assert client.job(transcode["job_id"])["status"] == "pending"
    assert agents(client) == ["b"]


def test_it_lets_the_next_disc_follow_as_well(client, clock):
    start(client, "a", ())
    first, _ = client.ordered_rips(agent_id="a")
    second, _ = client.ordered_rips(*FILM, agent_id="a", drive="E:")
    ended(client, "signed off", clock)
    start(client, "b", ())
    assert client.detect(agent_id="b").id == first
    assert client.detect(*FILM, agent_id="b", drive="E:").id == second


@pytest.mark.parametrize(
    "difference", ["alive", "other name", "other disc", "other drive", "has a worker"]
)
def test_it_takes_no_disc_by_the_name_alone(client, clock, difference):
    workers = ("DEN-CPU",) if difference == "has a worker" else ()
    start(client, "a", workers)
    disc_id, (rip,) = client.ordered_rips(*FILM, agent_id="a")
    if difference != "alive":
        clock.advance(3600)
    client.register_agent("b", name="Den" if difference == "other name" else NAME)
    report = ("SERENITY", (119,)) if difference == "other disc" else FILM
    drive = "E:" if difference == "other drive" else "D:"
    assert client.detect(*report, agent_id="b", drive=drive).id != disc_id
    assert client.disc(disc_id)["agent_id"] == "a"
    assert client.agent_jobs("b") == []
    assert {"a", "b"} == set(agents(client))
    client.heartbeat("agents/a")
    assert client.job(rip)["status"] in ("assigned", "queued")


def test_it_replaces_the_disc_that_lay_in_the_drive_of_the_new_agent(client, clock):
    start(client, "a", ())
    disc_id, (rip,) = client.ordered_rips(*FILM, agent_id="a")
    clock.advance(5)
    client.register_agent("b", name=NAME)
    other = client.detect("SERENITY", (119,), agent_id="b")
    client.sign_off("a")
    assert client.detect(*FILM, agent_id="b").id == disc_id
    assert client.disc(other.id)["status"] == "ejected"
    assert client.job(rip)["status"] == "assigned"


def test_it_lets_a_disc_follow_once_the_agent_that_was_killed_counts_as_silent(
    client, services, clock
):
    """It reported its disc seconds after the start, when the old one still counted as there."""
    start(client, "a", ())
    disc_id, (rip,) = client.ordered_rips(*FILM, agent_id="a")
    clock.advance(10)
    start(client, "b", ())
    twice = client.detect(*FILM, agent_id="b")
    assert inheritance.take_over_late(services.context) == 0
    for _ in range(4):
        clock.advance(30)
        client.heartbeat("agents/b")
    assert inheritance.take_over_late(services.context) == 1
    assert discs(client, "b") == [disc_id]
    assert (client.disc(twice.id)["status"], agents(client)) == ("ejected", ["b"])
    leases.rescue(services.context)
    assert [job["job_id"] for job in client.agent_jobs("b")] == [rip]
    assert inheritance.take_over_late(services.context) == 0


@pytest.mark.parametrize("has_ended", [False, True])
def test_it_rips_no_title_again_that_the_living_agent_rips(client, services, clock, has_ended):
    """A person approved the disc anew while the agent that was killed still counted as there."""
    start(client, "a", ())
    disc_id, (stale, *others) = client.ordered_rips(agent_id="a")
    ok(client.report(stale, "running", progress=10))
    clock.advance(10)
    start(client, "b", ())
    true, *later = client.detect(agent_id="b").approve().rip()
    ok(client.report(true, "running", progress=1))
    if has_ended:
        ok(client.report(true, "completed", output_file="C:\\t00.mkv"))
    for _ in range(12):
        clock.advance(10)
        client.heartbeat("agents/b")
        if not has_ended:
            ok(client.report(true, "running", progress=50))
    assert inheritance.take_over_late(services.context) == 1
    clock.advance(21)
    if not has_ended:
        ok(client.report(true, "running", progress=60))
    leases.rescue(services.context)
    ok(client.report(true, "completed", output_file="C:\\t00.mkv"))
    assert client.statuses([stale, true]) == ["cancelled", "completed"]
    assert (discs(client, "b"), client.job(true)["disc_id"]) == ([disc_id], disc_id)
    first, *rest = client.disc(disc_id)["titles"]
    assert first["ripped_at"] is not None
    assert [title["ripped_at"] for title in rest] == [None] * 3
    # The other titles are ripped once, too.
    assert len(set(client.statuses(others)) & set(client.statuses(later))) == 0
    assert [job["title_index"] for job in client.agent_jobs("b")] == [1]


@pytest.mark.parametrize("way", ["signed off", "silent"])
def test_it_takes_no_disc_of_an_agent_that_was_heard_since_this_one_registered(client, clock, way):
    """Two PCs of one name are on for days, and one is turned off; its disc, or a copy, is put into
    the other one."""
    start(client, "a", ())
    start(client, "b", ())
    disc_id, (rip,) = client.ordered_rips(*FILM, agent_id="a")
    clock.advance(60)
    client.heartbeat("agents/a")
    ended(client, way, clock)
    assert client.detect(*FILM, agent_id="b").id != disc_id
    assert (client.disc(disc_id)["agent_id"], client.agent("a")["succeeded_by"]) == ("a", None)
    assert client.agent_jobs("b") == []
    assert client.job(rip)["assigned_agent_id"] != "b"


def test_it_never_lets_two_machines_take_each_others_discs_later(client, services, clock):
    """Two PCs of one name have a copy of the same disc, and one is turned off."""
    start(client, "a", ())
    start(client, "b", ())
    first, _ = client.ordered_rips(*FILM, agent_id="a")
    second, _ = client.ordered_rips(*FILM, agent_id="b")
    for _ in range(4):
        clock.advance(60)
        client.heartbeat("agents/a")
        client.heartbeat("agents/b")
    client.sign_off("a")
    assert inheritance.take_over_late(services.context) == 0
    assert (discs(client, "a"), discs(client, "b")) == ([first], [second])

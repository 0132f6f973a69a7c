"""Whatever an agent sends by its id shows that it is there, also when it never registers."""

from collections.abc import Callable

import pytest

from boz_server.services.queue import leases
from tests.client import Client, ok

Sign = Callable[[Client], object]


def report(client: Client, status: str = "running", **extra: object) -> None:
    """Report on the first job that the agent "pc" has, or had."""
    jobs = [job for job in ok(client.get("/api/jobs")) if job["assigned_agent_id"] == "pc"]
    client.report(jobs[0]["job_id"], status, **extra)


#: What agents of today send by their ids, beside heartbeats and registrations.
SIGNS: dict[str, Sign] = {
    "poll": Client.agent_jobs,
    "poll for VLC": lambda client: ok(client.get("/api/vlc/commands/pc")),
    "disc": lambda client: client.detect("ALIEN", (117,), drive="E:"),
    "same disc": lambda client: client.detect(),
    "ejection": lambda client: client.eject("E:"),
}
REPORTS: dict[str, Sign] = {
    "progress": lambda client: report(client, progress=41),
    "put back": lambda client: report(client, "assigned"),
    "not begun": lambda client: report(client, "pending", progress=0.0),
    "completed": lambda client: report(client, "completed"),
    # The first says not why: the second one comes from the same attempt.
    "failed": lambda client: report(client, "failed"),
}


@pytest.fixture(autouse=True)
def machines(client):
    client.register_agent()
    client.register_worker()


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("left", ["silent", "signed off"])
def test_it_brings_an_agent_back_that_was_gone(client, clock, sign, left):
    """As after a power cut, when the agent is up before the server."""
    _, rips = client.ordered_rips()
    if left == "signed off":
        client.sign_off()
    clock.advance(3600)
    assert client.agent()["status"] == "offline"
    SIGNS[sign](client)
    assert client.agent()["status"] == "online"
    assert client.worker()["status"] == ("available" if sign == "poll" else "offline")
    assert client.job(rips[0])["status"] == "assigned"


@pytest.mark.parametrize("sign", REPORTS)
def test_it_takes_a_report_on_a_job_that_an_agent_has_for_a_sign(client, clock, sign):
    client.running_job()
    waiting = client.queued_job(preset="H.265 CPU 1080p", input_file="C:\\rips\\title_t01.mkv")
    assert client.job(waiting)["status"] == "assigned"
    clock.advance(121)
    assert client.agent()["status"] == "offline"
    REPORTS[sign](client)
    assert client.agent()["status"] in ("online", "busy")


def test_it_dispatches_what_waited_when_a_report_brings_an_agent_back(client, clock):
    """It has a transcode that it began before the server was down for long."""
    running = client.running_job()
    _, rips = client.ordered_rips()
    clock.advance(3600)
    client.cancel(rips[0])
    assert client.statuses(rips) == ["cancelled", "queued", "queued"]
    ok(client.report(running, "running", progress=50))
    assert client.agent()["status"] == "busy"
    assert client.statuses(rips) == ["cancelled", "assigned", "queued"]


@pytest.mark.parametrize("sign", ["poll", "progress"])
def test_it_serves_an_agent_that_never_registers_or_sends_heartbeats(client, services, clock, sign):
    """It found no server when it started: then it only polls, and reports discs and jobs."""
    clock.advance(3600)
    disc = client.detect().approve()
    rips = disc.rip()
    for number, rip in enumerate(rips):
        assert client.agent_jobs()[0]["job_id"] == rip
        ok(client.report(rip, "running", progress=0))
        for percent in range(0, 100, 2):
            clock.advance(5)
            if sign == "progress":
                ok(client.report(rip, "running", progress=percent))
            else:
                client.agent_jobs()
            assert leases.rescue(services.context) == 0
        assert client.agent()["status"] == "busy"
        ok(client.report(rip, "completed", output_file=f"C:\\t0{number}.mkv"))
    client.eject()
    clock.advance(46)
    client.agent_jobs()
    for job in client.awaiting_approval():
        client.approve_job(job["job_id"])
    assert client.assigned([job["job_id"] for job in client.transcodes()]) == [True, True, False]


@pytest.mark.parametrize("sign", SIGNS)
def test_it_keeps_an_agent_online_without_heartbeats(client, clock, sign):
    for _ in range(60):
        clock.advance(29)
        SIGNS[sign](client)
        assert client.agent()["status"] == "online"
        assert client.worker()["status"] == "available" or sign != "poll"


@pytest.mark.parametrize("sign", [*SIGNS, "progress", "put back", "not begun"])
def test_it_writes_a_sign_down_only_when_the_last_one_is_old(client, clock, sign):
    if sign in REPORTS:
        client.running_job()
    else:
        client.detect()
    for seconds, noted in ((45, False), (0.001, True)):
        before = client.agent()["last_heartbeat"]
        clock.advance(seconds)
        (SIGNS | REPORTS)[sign](client)
        assert (client.agent()["last_heartbeat"] != before) is noted


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_it_takes_no_report_on_a_job_that_is_over_for_a_sign(client, clock, end):
    """Its agent may have another id since."""
    client.end(client.running_job(), end)
    clock.advance(121)
    REPORTS[end](client)
    assert client.agent()["status"] == "offline"


def test_it_leaves_the_workers_of_an_agent_that_sends_heartbeats_to_their_own(client, clock):
    for _ in range(5):
        clock.advance(30)
        client.heartbeat("agents/pc")
        client.agent_jobs()
    assert client.agent()["status"] == "online"
    assert client.worker()["status"] == "offline"


def test_it_brings_back_neither_a_paused_nor_a_disabled_worker(client, clock):
    for _ in range(3):
        ok(client.report(client.approved_job(), "failed", error="no encoder"))
    client.register_worker("off")
    ok(client.post("/api/workers/off/disable"))
    clock.advance(600)
    client.agent_jobs()
    assert client.worker()["paused_at"] is not None
    assert client.worker("off")["enabled"] is False
    assert ok(client.get("/api/workers/available")) == []


def test_it_takes_the_question_who_transcodes_a_file_for_a_sign(client, clock):
    clock.advance(600)
    client.heartbeat("workers/gpu")
    ok(client.post("/api/workers/assign", json={"agent_id": "pc"}))
    assert client.agent()["status"] == "online"


def test_it_knows_no_agent_by_its_signs_alone(client):
    client.refused(404, "nobody").get("/api/agents/nobody/jobs")
    body = {"agent_id": "nobody", "drive": "D:", "disc_name": "ALIEN", "titles": []}
    client.refused(404, "nobody").post("/api/discs/detected", json=body)
    assert ok(client.get("/api/vlc/commands/nobody")) == {"commands": []}
    assert [agent["agent_id"] for agent in ok(client.get("/api/agents"))] == ["pc"]


@pytest.mark.parametrize("lease", [None, "0" * 32])
def test_it_takes_no_refused_report_for_a_sign(client, clock, lease):
    job_id = client.running_job()
    ok(client.report(job_id, "running", lease_token=client.lease_token(job_id)))
    clock.advance(121)
    assert client.report(job_id, "completed", lease_token=lease).status_code == 409
    assert client.agent()["status"] == "offline"


def test_it_takes_no_cancellation_by_a_report_for_a_sign(client, clock):
    """A person may send it."""
    job_id = client.running_job()
    clock.advance(121)
    ok(client.report(job_id, "cancelled"))
    assert client.agent()["status"] == "offline"


def test_it_gives_no_rip_of_a_disc_that_another_has_replaced(client):
    _, rips = client.ordered_rips()
    client.sign_off()
    client.detect("ALIEN", (117,))
    events = [event["to_status"] for event in client.history(rips[0])]
    assert "assigned" not in events[2:]
    assert client.job(rips[0])["status"] != "assigned"

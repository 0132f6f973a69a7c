"""The last report that was lost: today's agents send it once, and then ask for other work."""

from io import BytesIO
from typing import Any

import pytest

from boz_server.database.models import Job
from boz_server.services.queue import dispatcher, leases
from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.plans import noted
from tests.queue.queue_invariants import QueueState, check
from tests.support import FakeClock

pytestmark = pytest.mark.usefixtures("gpu")


def passes(client: Client, clock: FakeClock, seconds: float) -> None:
    """Let time pass while the machine sends heartbeats."""
    while seconds > 0:
        clock.advance(min(30, seconds))
        client.heartbeat("agents/pc")
        client.heartbeat("workers/gpu")
        seconds -= 30


def ask_and_wait(client: Client, services: Services, clock: FakeClock) -> int:
    """Let the agent ask for work, and say nothing else; returns how many jobs it then loses."""
    client.agent_jobs()
    passes(client, clock, 20)
    client.agent_jobs()
    return leases.rescue(services.context)


@pytest.mark.parametrize("job_type", ["transcode", "rip"])
def test_it_takes_back_what_an_agent_has_ended_that_asks_for_work(
    client, services, clock, job_type
):
    job_id = client.running_job(61.2) if job_type == "transcode" else client.ordered_rips()[1][0]
    ok(client.report(job_id, "running", progress=61.2))
    passes(client, clock, 300)
    assert ask_and_wait(client, services, clock) == 1
    job = client.job(job_id)
    assert (job["status"], job["attempt"], job["progress"]) == ("assigned", 2, 0)
    assert any("asks for work" in (one["detail"] or "") for one in client.history(job_id))
    client.agent_jobs()
    assert ok(client.report(job_id, "running"))["attempt"] == 2


def test_it_lets_the_next_attempt_write_beside_what_the_lost_one_left(client, services, clock):
    """Agents on Windows can't rename a file onto another."""
    rip_id = client.one_rip()
    name = client.job(rip_id)["output_name"]
    for number in (2, 3):
        client.agent_jobs()
        ok(client.report(rip_id, "running", progress=61.2))
        passes(client, clock, 300)
        assert ask_and_wait(client, services, clock) == 1
        clock.advance(120)
        client.heartbeat("agents/pc")
        dispatcher.dispatch_now(services.context)
        (given,) = client.agent_jobs()
        assert given["output_name"] == f"{name} ({number})"
    ok(client.report(rip_id, "running"))
    ok(client.report(rip_id, "completed", output_file=f"C:\\temp\\{name} (3).mkv"))
    (transcode,) = client.transcodes()
    assert Job.get_by_id(transcode["job_id"]).library_name == name


def test_it_frees_the_drive_of_a_rip_that_is_over(client, services, clock):
    _, (first, second, *_) = client.ordered_rips()
    ok(client.report(first, "running", progress=61.2))
    passes(client, clock, 300)
    assert ask_and_wait(client, services, clock) == 1
    client.agent_jobs()
    ok(client.report(first, "completed", output_file="C:\\temp\\a.mkv"))
    assert client.job(second)["status"] == "assigned"


@pytest.mark.parametrize("status", ["running", "completed", "failed"])
def test_it_believes_a_report_that_comes_in_time(client, services, clock, status):
    job_id = client.running_job()
    passes(client, clock, 300)
    client.agent_jobs()
    clock.advance(19)
    client.end(job_id, status, progress=41)
    passes(client, clock, 60)
    assert leases.rescue(services.context) == 0
    assert (client.job(job_id)["status"], client.job(job_id)["attempt"]) == (status, 1)


def test_it_does_not_suspect_a_job_that_was_reported_within_5_minutes(client, services, clock):
    job_id = client.running_job(progress=43)
    for _ in range(5):
        passes(client, clock, 299)
        assert ask_and_wait(client, services, clock) == 0
        ok(client.report(job_id, "running", progress=43))


def test_it_does_not_suspect_a_client_that_sends_tokens(client, services, clock):
    """It asks while it works."""
    job_id = client.approved_job()
    ok(client.report(job_id, "running", lease_token=client.lease_token(job_id)))
    passes(client, clock, 1200)
    assert ask_and_wait(client, services, clock) == 0


def test_it_does_not_suspect_what_a_worker_of_that_agent_fetched_itself(client, services, clock):
    client.register_worker("gpu", capabilities={"max_concurrent": 1})
    job_id = client.queued_job()
    client.poll("gpu", max_jobs=1)
    ok(client.report(job_id, "running"))
    passes(client, clock, 1200)
    assert ask_and_wait(client, services, clock) == 0


def test_it_does_not_suspect_what_has_not_begun(client, services, clock):
    job_id = client.approved_job()
    passes(client, clock, 360)
    assert ask_and_wait(client, services, clock) == 0
    assert client.job(job_id)["status"] == "assigned"


def test_it_writes_for_a_poll_only_what_is_new(client, services, clock):
    client.running_job()
    client.approved_job()
    passes(client, clock, 30)
    written = []
    for _ in range(3):
        with noted(services) as statements:
            client.agent_jobs()
        written.append([sql for sql in statements if not sql.startswith(("SELECT", "PRAGMA"))])
        clock.advance(5)
    assert any(sql.startswith("UPDATE") for sql in written[0])
    assert written[1:] == [[], []]


# What proves that a job is done, though its report was lost


def begun_rip(client: Client) -> tuple[str, str]:
    """A rip that runs, of the first title of a disc; the disc's id and the rip's."""
    disc_id, (job_id, *_) = client.ordered_rips()
    ok(client.report(job_id, "running", progress=61.2))
    return disc_id, job_id


def offer(client: Client, **extra: Any) -> dict[str, Any]:
    """Ask for the transcode of a ripped title, as an agent does after the rip."""
    body = {
        "job_type": "transcode",
        "input_file": "C:\\temp\\Firefly - S01E01.mkv",
        "output_name": "Firefly - S01E01",
        "source_disc_name": "FIREFLY_S01_D1",
        "requires_approval": True,
        **extra,
    }
    return dict(ok(client.post("/api/jobs", json=body)))


def wait_for_the_next_attempt(client: Client, services: Services, clock: FakeClock) -> None:
    passes(client, clock, 300)
    assert ask_and_wait(client, services, clock) == 1


def wait_in_the_queue(client: Client, services: Services, clock: FakeClock) -> None:
    clock.advance(121)
    assert leases.rescue(services.context) == 1


def report_near_the_end(client: Client, _: Services, __: FakeClock) -> None:
    rip_id = next(job["job_id"] for job in client.agent_jobs() if job["job_type"] == "rip")
    ok(client.report(rip_id, "running", progress=96))


def fall_silent(_: Client, __: Services, clock: FakeClock) -> None:
    clock.advance(10)


WAITS = {
    "it was nearly done": report_near_the_end,
    "it runs, in silence": fall_silent,
    "the next attempt is assigned": wait_for_the_next_attempt,
    "it is queued": wait_in_the_queue,
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
@pytest.mark.parametrize("is_numbered", [True, False])
def test_it_takes_a_rip_for_done_whose_transcode_its_agent_asks_for(
    client, services, clock, wait, is_numbered
):
    disc_id, rip_id = begun_rip(client)
    wait(client, services, clock)
    named = {"output_name": client.job(rip_id)["output_name"]}
    numbers = {"disc_id": disc_id, "title_index": 0} if is_numbered else {}
    job = offer(client, **named, **numbers, input_file=f"C:\\temp\\{named['output_name']}.mkv")
    rip = client.job(rip_id)
    assert (rip["status"], rip["progress"]) == ("completed", 100)
    assert rip["output_file"] == job["input_file"]
    assert (job["source_job_id"], job["disc_id"], job["title_index"]) == (rip_id, disc_id, 0)
    assert len(client.transcodes()) == 1
    assert "asked for the transcode" in client.history(rip_id)[-1]["detail"]
    check(QueueState.read(services), services.context.settings)


def test_it_gives_the_drive_to_the_next_rip_then(client):
    disc_id, (first, second, *_) = client.ordered_rips()
    ok(client.report(first, "running"))
    offer(client, disc_id=disc_id, title_index=0)
    assert client.statuses([first, second]) == ["completed", "assigned"]


def test_it_takes_the_report_that_comes_after_all(client):
    disc_id, rip_id = begun_rip(client)
    job = offer(client, disc_id=disc_id, title_index=0)
    ok(client.report(rip_id, "completed", output_file=job["input_file"]))
    assert len(client.transcodes()) == 1


def test_it_takes_no_other_title_for_done(client):
    disc_id, rip_id = begun_rip(client)
    offer(client, disc_id=disc_id, title_index=2, input_file="C:\\temp\\other.mkv")
    offer(client, output_name="Other", input_file="C:\\temp\\more.mkv")
    assert client.job(rip_id)["status"] == "running"


def test_it_takes_no_rip_for_done_that_has_not_begun(client):
    disc_id, (_, second, *_) = client.ordered_rips()
    offer(client, disc_id=disc_id, title_index=1)
    assert client.job(second)["status"] == "queued"


def test_it_takes_no_rip_for_done_of_a_client_that_sends_tokens(client):
    disc_id, (rip_id, *_) = client.ordered_rips()
    ok(client.report(rip_id, "running", lease_token=client.lease_token(rip_id)))
    offer(client, disc_id=disc_id, title_index=0)
    assert client.job(rip_id)["status"] == "running"


def test_it_takes_neither_of_two_rips_for_done_that_may_be_meant(client):
    client.register_agent("den")
    rips = []
    for agent_id in ("pc", "den"):
        _, (rip_id,) = client.ordered_rips("ALIEN", (117,), agent_id=agent_id)
        ok(client.report(rip_id, "running"))
        rips.append(rip_id)
    name = client.job(rips[0])["output_name"]
    offer(client, output_name=name, input_file=f"C:\\{name}.mkv", source_disc_name="ALIEN")
    assert client.statuses(rips) == ["running", "running"]


@pytest.mark.parametrize("said", [{}, {"disc_id": "other"}, {"title_index": 2}])
def test_it_takes_no_rip_for_done_that_goes_on_for_a_file_of_its_names(client, clock, said):
    """Many discs are called DVD_VIDEO."""
    client.register_agent("den")
    _, (rip_id,) = client.ordered_rips("DVD_VIDEO", (117,))
    ok(client.report(rip_id, "running", progress=40))
    clock.advance(2)
    ok(client.report(rip_id, "running", progress=41))
    if said:
        clock.advance(60)
    if "disc_id" in said:
        said = {"disc_id": client.detect("DVD_VIDEO", (98,), agent_id="den").id}
    name = client.job(rip_id)["output_name"]
    body = {"output_name": name, "input_file": f"D:\\{name}.mkv", "source_disc_name": "DVD_VIDEO"}
    job = offer(client, **body, **said)
    assert (job["status"], job["source_job_id"]) == ("pending", None)
    rip = client.job(rip_id)
    assert (rip["status"], rip["output_file"]) == ("running", None)


def test_it_takes_a_transcode_for_done_whose_file_arrives(client):
    job_id = client.running_job(50)
    ok(client.upload(file=(BytesIO(b"a film"), "Firefly - S01E01.mkv"), name="Firefly - S01E01"))
    job = client.job(job_id)
    assert (job["status"], job["progress"], job["output_file_size"]) == ("completed", 100, 6)
    assert job["output_file"].endswith("Firefly - S01E01.mkv")
    assert client.worker()["current_jobs"] == []
    assert client.history(job_id)[-1]["detail"] == "Its result arrived."


def test_it_takes_no_transcode_for_done_that_has_not_begun(client):
    job_id = client.approved_job()
    client.agent_jobs()
    ok(client.upload(name="Firefly - S01E01"))
    job = client.job(job_id)
    assert (job["status"], job["output_file"]) == ("assigned", None)


@pytest.mark.parametrize("other", ["running", "upload failed"])
def test_it_takes_no_transcode_for_done_whose_file_may_be_anothers(client, other):
    client.register_agent("den")
    client.register_worker("cpu", "den")
    first = client.running_job(50)
    if other == "upload failed":
        ok(client.report(first, "completed", error="Upload failed: connection lost"))
        Job.update(scheduled_at=None).where(Job.job_id == first).execute()
    second = client.running_job(50, "cpu")
    Job.update(output_name="Firefly - S01E01").where(Job.job_id == second).execute()
    ok(client.upload(name="Firefly - S01E01"))
    assert client.statuses([second]) == ["running"]


def test_it_waits_for_the_report_of_a_worker_that_sends_the_file_first(client):
    client.register_worker("farm", agent_id=None)
    client.post("/api/workers/gpu/disable")
    job_id = client.queued_job()
    client.poll()
    ok(client.report(job_id, "running"))
    ok(client.upload(file=(BytesIO(b"a film"), "Firefly - S01E01.mkv"), name="Firefly - S01E01"))
    assert client.job(job_id)["status"] == "running"
    ok(client.complete(job_id, "farm"))
    assert client.job(job_id)["status"] == "completed"

"""Why a job waits, in words, wherever it is shown."""

from datetime import timedelta
from typing import Any

import pytest

from boz_server.database.models import Job
from tests.client import Client, ok
from tests.remote import (
    RAW,
    approved,
    begun,
    farm,
    given_away,
    go_on,
    here,
    lost,
    ripped,
    send_input,
    sending_agent,
)
from tests.support import restart

pytestmark = pytest.mark.usefixtures("pc")

APPROVAL = "A person has to approve it."


def reason(client: Client, job_id: str) -> Any:
    """Why a job waits: the same in each place that shows it."""
    (listed,) = [job for job in ok(client.get("/api/jobs")) if job["job_id"] == job_id]
    job = client.job(job_id)
    assert listed["waiting_reason"] == job["waiting_reason"]
    return job["waiting_reason"]


def disc_in(client: Client, agent_id: str = "pc", drive: str = "D:") -> str:
    """An approved disc."""
    client.register_agent(agent_id)
    disc = client.detect(f"{agent_id}_{drive[0]}_S01_D1", agent_id=agent_id, drive=drive)
    return str(client.approve(disc["disc_id"])["disc_id"])


def rip_from(client: Client, agent_id: str = "pc", drive: str = "D:") -> str:
    return client.rip(disc_in(client, agent_id, drive), title_indices=[0])[0]


def test_it_waits_for_approval(client):
    assert reason(client, client.create_job()["job_id"]) == APPROVAL


def test_it_waits_for_any_worker(client):
    assert reason(client, client.queued_job()) == "No worker is registered."


def test_it_waits_for_a_worker_where_the_file_is(client):
    client.register_agent("den")
    client.register_worker("den", "den")
    job_id = client.queued_job(disc_id=disc_in(client))
    assert reason(client, job_id) == "No worker on the machine of agent 'pc' is registered."


def test_it_waits_for_hardware(client):
    client.register_worker()
    said = reason(client, client.queued_job(preset="H.265 NVENC 4K"))
    assert said == "No worker that may have it can do the preset 'H.265 NVENC 4K'."


def test_it_waits_for_hardware_that_does_the_default_preset(app, client):
    restart(app, default_transcode_preset="H.265 NVENC 1080p")
    client.register_worker()
    assert "'H.265 NVENC 1080p'" in str(reason(client, client.queued_job()))


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        ("disabled", "Worker 'gpu' is disabled."),
        ("silent", "Worker 'gpu' is offline."),
        ("full", "Worker 'gpu' has as many jobs as it takes (1)."),
    ],
)
@pytest.mark.parametrize("chosen", [False, True])
def test_it_waits_for_a_worker_that_can_not(client, clock, obstacle, words, chosen):
    client.register_worker(capabilities={"max_concurrent": 1})
    if obstacle == "disabled":
        ok(client.post("/api/workers/gpu/disable"))
    if obstacle == "silent":
        clock.advance(91)
    if obstacle == "full":
        client.queued_job()
    assert reason(client, client.approved_job() if chosen else client.queued_job()) == words


@pytest.mark.parametrize("chosen", [False, True])
def test_it_waits_for_a_worker_that_is_paused(client, chosen):
    client.register_worker(capabilities={"max_concurrent": 1})
    for _ in range(3):
        client.queued_job(priority=1)
    # Before the pause: a later approval would end it.
    waiting = client.approved_job() if chosen else client.queued_job()
    for _ in range(3):
        failing = client.worker()["current_jobs"][0]
        ok(client.report(failing, "failed", error="HandBrake stopped"))
    words = "Worker 'gpu' is paused: 3 jobs in a row failed on it, so enable it again."
    assert reason(client, waiting) == words


def test_it_waits_for_the_worker_that_a_person_chose_though_others_are_free(client):
    client.register_worker()
    client.register_worker("chosen", "pc")
    ok(client.post("/api/workers/chosen/disable"))
    assert reason(client, client.approved_job("chosen")) == "Worker 'chosen' is disabled."


def test_it_names_three_of_many_workers(client):
    for number in range(5):
        client.register_worker(f"w{number}")
        ok(client.post(f"/api/workers/w{number}/disable"))
    assert reason(client, client.queued_job()) == (
        "Worker 'w0' is disabled; Worker 'w1' is disabled; Worker 'w2' is disabled."
    )


def test_it_waits_for_a_worker_that_asks_for_work_itself(client):
    client.register_worker("farm", None)
    assert "'farm'" in str(reason(client, client.queued_job()))


def test_it_waits_for_a_place_among_the_transcodes(app, client):
    restart(app, max_concurrent_transcodes=1)
    client.register_worker()
    client.queued_job()
    said = reason(client, client.queued_job())
    assert said == "As many transcodes as may run at once are under way (1)."


def test_it_waits_for_a_place_among_the_rips(app, client):
    restart(app, max_concurrent_rips=1)
    rip_from(client)
    said = reason(client, rip_from(client, drive="E:"))
    assert said == "As many rips as may run at once are under way (1)."


def test_it_waits_for_the_drive(client):
    _, waiting = client.rip(disc_in(client), title_indices=[0, 1])
    assert reason(client, waiting) == "Drive D: of agent 'pc' rips another title."


@pytest.mark.parametrize("absence", ["signed off", "silent"])
def test_it_waits_for_the_agent_that_has_the_disc(client, clock, absence):
    disc_id = disc_in(client)
    if absence == "silent":
        clock.advance(121)
    else:
        client.sign_off()
    (job_id,) = client.rip(disc_id, title_indices=[0])
    assert reason(client, job_id) == "Agent 'pc', which has the disc, is offline."


def test_it_says_that_an_agent_that_is_there_can_not_rip(client):
    disc_id = disc_in(client)
    client.register_agent(capabilities={"can_rip": False})
    (job_id,) = client.rip(disc_id, title_indices=[0])
    said = str(reason(client, job_id))
    assert "'pc'" in said
    assert "offline" not in said


def test_it_waits_for_a_disc_that_no_one_knows(client):
    job_id = client.queued_job(job_type="rip")
    assert reason(client, job_id) == "The disc that it is to rip is not known."


def test_it_waits_for_its_time(client, clock):
    job_id = client.queued_job()
    Job.update(scheduled_at=clock.now() + timedelta(seconds=64)).execute()
    assert reason(client, job_id) == "It is tried again at 2026-01-24 12:36:00Z."
    clock.advance(64)
    assert reason(client, job_id) == "No worker is registered."


@pytest.mark.parametrize("status", ["assigned", "running", "completed", "failed", "cancelled"])
def test_it_says_nothing_of_a_job_that_does_not_wait(client, status):
    client.register_worker()
    job_id = client.queued_job()
    client.end(job_id, status)
    assert (client.job(job_id)["status"], reason(client, job_id)) == (status, None)


def test_it_says_why_in_the_response_to_a_new_job(client):
    assert client.create_job()["waiting_reason"] == APPROVAL
    job = client.create_job(requires_approval=False)
    assert job["waiting_reason"] == "No worker is registered."
    client.register_worker()
    assert client.create_job(requires_approval=False)["waiting_reason"] is None


def test_it_says_why_in_each_list_of_those_that_wait(client):
    pending, queued = client.create_job()["job_id"], client.queued_job()
    reasons = {pending: APPROVAL, queued: "No worker is registered."}
    for path, ids in (
        ("/api/jobs", {pending, queued}),
        ("/api/jobs/pending", {pending, queued}),
        ("/api/jobs/awaiting-approval", {pending}),
        ("/api/jobs?status=queued", {queued}),
    ):
        shown = {job["job_id"]: job["waiting_reason"] for job in ok(client.get(path))}
        assert shown == {job_id: reasons[job_id] for job_id in ids}


def test_it_says_why_in_the_response_to_a_person(client):
    client.register_worker(capabilities={"max_concurrent": 1})
    full = "Worker 'gpu' has as many jobs as it takes (1)."
    failed = client.queued_job()
    client.end(failed, "failed")
    client.queued_job()
    for address, body in (("retry", None), ("priority", {"priority": 2}), ("bump", None)):
        answer = ok(client.post(f"/api/jobs/{failed}/{address}", json=body))
        assert answer["waiting_reason"] == full


SEND = "Agent 'pc' has yet to send the file."
CLAIM = "Worker 'farm', or another like it, has yet to ask for it."


def waiting_reason(client: Client, job_id: str) -> Any:
    """Why a job waits, as it is shown."""
    return client.job(job_id)["waiting_reason"]


def queued(client: Client, **extra: Any) -> str:
    """The id of a transcode of a ripped title that any worker with file access may do."""
    path = client.job(ripped(client))["input_file"]
    return str(client.create_job(requires_approval=False, input_file=path, **extra)["job_id"])


def test_it_says_so_at_each_stage(client):
    sending_agent(client)
    farm(client, max_concurrent=1)
    job_id = ripped(client)
    assert waiting_reason(client, job_id) == "A person has to approve it."
    path = client.job(job_id)["input_file"]
    client.create_job(requires_approval=False, input_file=path)
    assert waiting_reason(client, job_id) == SEND
    upload_id = begun(client, len(RAW), purpose="job_input", job_id=job_id)
    assert go_on(client, upload_id, 0, RAW[:9]).status_code == 204
    assert waiting_reason(client, job_id) == SEND
    assert go_on(client, upload_id, 9, RAW[9:]).status_code == 204
    assert waiting_reason(client, job_id) == CLAIM
    ok(client.post("/api/workers/farm/jobs/poll", json={}))
    assert waiting_reason(client, job_id) is None


def test_it_waits_for_the_file_and_then_for_the_worker_that_a_person_chose(client):
    job_id = approved(client)
    assert waiting_reason(client, job_id) == SEND
    ok(client.post("/api/workers/farm/disable"))
    ok(send_input(client, job_id))
    assert waiting_reason(client, job_id) == "Worker 'farm' is disabled."


def test_it_waits_for_the_next_worker_where_one_was_lost(client, services, clock):
    work = given_away(client)
    lost(client, services, clock)
    assert waiting_reason(client, work["job_id"]) == "Worker 'farm' is offline."


def test_it_waits_for_a_place_among_the_transcodes_with_its_file_here(app, client):
    restart(app, max_concurrent_transcodes=1)
    given_away(client)
    said = waiting_reason(client, here(client, 1))
    assert said == "As many transcodes as may run at once are under way (1)."


def test_it_waits_for_a_worker_to_ask_where_the_own_machine_can_not(client):
    sending_agent(client)
    farm(client)
    client.register_worker()
    ok(client.post("/api/workers/gpu/disable"))
    job_id = queued(client)
    assert waiting_reason(client, job_id) == SEND
    ok(send_input(client, job_id))
    assert waiting_reason(client, job_id) == CLAIM


def test_it_waits_for_the_own_machine_where_the_agent_sends_nothing(client):
    farm(client)
    assert (
        waiting_reason(client, queued(client))
        == "No worker on the machine of agent 'pc' is registered."
    )


def test_it_says_that_the_chosen_worker_can_not_reach_the_file_any_more(client):
    """An agent was replaced by an earlier version meanwhile, which sends nothing."""
    job_id = approved(client)
    client.register_agent()
    said = waiting_reason(client, job_id)
    assert said == "Worker 'farm' can't reach the file, which lies on the disk of agent 'pc'."


@pytest.mark.parametrize("path", ["\\\\nas\\rips\\t00.mkv", "//nas/rips/t00.mkv"])
def test_it_waits_for_no_file_that_lies_on_a_share(app, client, path):
    restart(app, auto_transcode=True)
    client.register_agent()
    farm(client)
    job_id = ripped(client, path=path)
    assert waiting_reason(client, job_id) == CLAIM
    (work,) = ok(client.post("/api/workers/farm/jobs/poll", json={}))["jobs"]
    assert (work["job_id"], work["input_file"], work["download_url"]) == (job_id, path, None)

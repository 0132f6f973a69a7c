"""What a job waits for whose file and whose worker are on different machines."""

from typing import Any

import pytest

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

SEND = "Agent 'pc' has yet to send the file."
CLAIM = "Worker 'farm', or another like it, has yet to ask for it."


def reason(client: Client, job_id: str) -> Any:
    """Why a job waits, as it is shown."""
    return client.job(job_id)["waiting_reason"]


def queued(client: Client, **extra: Any) -> str:
    """A transcode of a ripped title that goes to any worker that can have its file; its id."""
    path = client.job(ripped(client))["input_file"]
    return str(client.create_job(requires_approval=False, input_file=path, **extra)["job_id"])


def test_it_says_so_at_each_stage(client):
    sending_agent(client)
    farm(client, max_concurrent=1)
    job_id = ripped(client)
    assert reason(client, job_id) == "A person has to approve it."
    path = client.job(job_id)["input_file"]
    client.create_job(requires_approval=False, input_file=path)
    assert reason(client, job_id) == SEND
    upload_id = begun(client, len(RAW), purpose="job_input", job_id=job_id)
    assert go_on(client, upload_id, 0, RAW[:9]).status_code == 204
    assert reason(client, job_id) == SEND
    assert go_on(client, upload_id, 9, RAW[9:]).status_code == 204
    assert reason(client, job_id) == CLAIM
    ok(client.post("/api/workers/farm/jobs/poll", json={}))
    assert reason(client, job_id) is None


def test_it_waits_for_the_file_and_then_for_the_worker_that_a_person_chose(client):
    job_id = approved(client)
    assert reason(client, job_id) == SEND
    ok(client.post("/api/workers/farm/disable"))
    ok(send_input(client, job_id))
    assert reason(client, job_id) == "Worker 'farm' is disabled."


def test_it_waits_for_the_next_worker_where_one_was_lost(client, services, clock):
    work = given_away(client)
    lost(client, services, clock)
    assert reason(client, work["job_id"]) == "Worker 'farm' is offline."


def test_it_waits_for_a_place_among_the_transcodes(app, client):
    restart(app, max_concurrent_transcodes=1)
    given_away(client)
    said = reason(client, here(client, 1))
    assert said == "As many transcodes as may run at once are under way (1)."


def test_it_waits_for_a_worker_to_ask_where_the_own_machine_can_not(client):
    sending_agent(client)
    farm(client)
    client.register_worker()
    ok(client.post("/api/workers/gpu/disable"))
    job_id = queued(client)
    assert reason(client, job_id) == SEND
    ok(send_input(client, job_id))
    assert reason(client, job_id) == CLAIM


def test_it_waits_for_the_own_machine_where_the_agent_sends_nothing(client):
    client.register_agent()
    farm(client)
    assert reason(client, queued(client)) == "No worker on the machine of agent 'pc' is registered."


def test_it_says_that_the_chosen_worker_can_not_reach_the_file_any_more(client):
    """An agent was replaced by an earlier version meanwhile, which sends nothing."""
    job_id = approved(client)
    client.register_agent()
    said = reason(client, job_id)
    assert said == "Worker 'farm' can't reach the file, which lies on the disk of agent 'pc'."


@pytest.mark.parametrize("path", ["\\\\nas\\rips\\t00.mkv", "//nas/rips/t00.mkv"])
def test_it_waits_for_no_file_that_lies_on_a_share(app, client, path):
    restart(app, auto_transcode=True)
    client.register_agent()
    farm(client)
    job_id = ripped(client, path=path)
    assert reason(client, job_id) == CLAIM
    (work,) = ok(client.post("/api/workers/farm/jobs/poll", json={}))["jobs"]
    assert (work["job_id"], work["input_file"], work["download_url"]) == (job_id, path, None)

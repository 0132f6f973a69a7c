"""Two at the same moment, and one place left: a limit, a drive, a worker's room holds for both."""

import pytest

from boz_server.services.wiring import Services
from tests.client import Client, ok
from tests.racing import meeting_behind, post, reported
from tests.support import at_once, restart

pytestmark = pytest.mark.usefixtures("gpu")


@pytest.fixture
def services(app) -> Services:
    """The services, where one transcode and one rip may be under way."""
    return restart(app, max_concurrent_transcodes=1, max_concurrent_rips=1)


def begun(client: Client, job_ids: list[str]) -> int:
    """How many of the jobs machines have."""
    return client.assigned(job_ids).count(True)


def test_it_begins_one_of_two_jobs_that_come_at_once(app, client, services):
    body = {"job_type": "transcode", "input_file": "/share/a.mkv"}
    with meeting_behind(services.context.stores.fleet, "under_way"):
        answers = at_once(*[post(app, "/api/jobs", **body)] * 2)
    assert begun(client, [ok(answer)["job_id"] for answer in answers]) == 1


def test_it_gives_one_of_two_workers_that_ask_at_once_a_job(app, client, services):
    workers = ("farm", "barn")
    ok(client.post("/api/workers/gpu/disable"))
    for worker_id in workers:
        client.register_worker(worker_id, agent_id=None, worker_type="remote")
    jobs = [client.queued_job(), client.queued_job()]
    with meeting_behind(services.context.stores.fleet, "under_way"):
        answers = at_once(
            *[post(app, f"/api/workers/{worker_id}/jobs/poll") for worker_id in workers]
        )
    assert sorted(len(ok(answer)["jobs"]) for answer in answers) == [0, 1]
    assert begun(client, jobs) == 1


def test_it_gives_a_worker_that_asks_twice_at_once_no_more_than_it_has_room_for(app, client):
    services = restart(app, max_concurrent_transcodes=4)
    ok(client.post("/api/workers/gpu/disable"))
    room = {"max_concurrent": 1}
    client.register_worker("farm", agent_id=None, worker_type="remote", capabilities=room)
    jobs = [client.queued_job(), client.queued_job()]
    with meeting_behind(services.context.stores.fleet, "machines"):
        at_once(*[post(app, "/api/workers/farm/jobs/poll")] * 2)
    assert begun(client, jobs) == 1
    assert len(client.worker("farm")["current_jobs"]) == 1


def test_it_begins_one_rip_on_a_drive_for_which_two_are_ordered_at_once(app, client):
    services = restart(app, max_concurrent_rips=4)
    disc_id = client.detect().approve().id
    with meeting_behind(services.context.stores.fleet, "busy_drives"):
        answers = at_once(
            *[
                post(app, "/api/jobs", job_type="rip", disc_id=disc_id, title_index=index)
                for index in (0, 1)
            ]
        )
    assert begun(client, [ok(answer)["job_id"] for answer in answers]) == 1


def test_it_begins_one_rip_where_two_drives_become_free_at_once(app, client):
    services = restart(app, max_concurrent_rips=2)
    rips = [client.ordered_rips(drive=drive)[1] for drive in ("D:", "E:")]
    for first, *_ in rips:
        ok(client.report(first, "running"))
    # Two end, so two begin: one a drive, and each is one drive's.
    with meeting_behind(services.context.stores.fleet, "under_way"):
        at_once(*[reported(app, first, "cancelled") for first, *_ in rips])
    states = [[client.job(job_id)["status"] for job_id in jobs] for jobs in rips]
    assert states == [["cancelled", "assigned", "queued"]] * 2

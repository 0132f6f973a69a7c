"""A rip is transcoded exactly once, no matter who posts the job, and in which order."""

from typing import Any

import pytest

from boz_server.domain.queue.job_states import JobStatus
from boz_server.services.discs.thumbnails import store_of
from boz_server.services.queue import transitions
from tests.client import Client, ok
from tests.support import JPEG, assert_problem, at_once, unchanged

pytestmark = pytest.mark.usefixtures("pc")

FILE = "C:\\rips\\title_t00.mkv"


def begun_rip(client: Client, agent_id: str = "pc", label: str = "FIREFLY_S01_D1") -> str:
    """A rip that runs on an agent; its id."""
    client.register_agent(agent_id)
    disc = client.detect(label, agent_id=agent_id)
    client.approve(disc["disc_id"])
    (job_id,) = client.rip(disc["disc_id"], title_indices=[0])
    ok(client.report(job_id, "running"))
    return job_id


def finished_rip(client: Client, *args: str) -> dict[str, Any]:
    """A rip that its agent has reported with the file that it wrote."""
    return dict(ok(client.report(begun_rip(client, *args), "completed", output_file=FILE)))


def announce(client: Client, **extra: Any) -> dict[str, Any]:
    """The POST of today's agents after a rip."""
    body = {"job_type": "transcode", "input_file": FILE, "requires_approval": True}
    return dict(ok(client.post("/api/jobs", json=body | extra)))


def origin(job: dict[str, Any]) -> dict[str, Any]:
    """What an agent that knows where its file is from adds to its POST."""
    return {"disc_id": job["disc_id"], "title_index": job["title_index"]}


def test_it_enters_a_transcode_of_what_was_ripped(client):
    rip_job = finished_rip(client)
    (job,) = client.transcodes()
    for column in ("disc_id", "title_index", "output_name", "source_disc_name", "priority"):
        assert job[column] == rip_job[column]
    assert (job["input_file"], job["source_job_id"]) == (FILE, rip_job["job_id"])
    assert (job["status"], job["requires_approval"]) == ("pending", True)
    assert job["output_name"].startswith("Firefly - S01E01")
    assert client.awaiting_approval() == [job]
    (event,) = client.history(job["job_id"])
    assert (event["from_status"], event["to_status"]) == (None, "pending")


def test_it_transcodes_where_the_file_lies(client):
    finished_rip(client)
    client.register_agent("den")
    client.register_worker("den", "den")
    job = announce(client, requires_approval=False)
    assert job["waiting_reason"] == "No worker on the machine of agent 'pc' is registered."
    client.register_worker()
    assert client.job(job["job_id"])["assigned_agent_id"] == "pc"


def test_it_enters_rip_and_transcode_together_or_not_at_all(client, services, monkeypatch):
    job_id = begun_rip(client)

    def die(*_: Any) -> None:
        assert len(client.transcodes()) == 1
        raise RuntimeError("the process dies here")

    with unchanged(services), monkeypatch.context() as patch:
        ends = transitions.TRANSITIONS[JobStatus.RUNNING]
        effects = (*ends[JobStatus.COMPLETED], die)
        patch.setitem(ends, JobStatus.COMPLETED, effects)
        assert client.report(job_id, "completed", output_file=FILE).status_code == 500
    ok(client.report(job_id, "completed", output_file=FILE))
    assert len(client.transcodes()) == 1


def test_it_enters_none_until_the_file_is_known(client):
    job_id = begun_rip(client)
    ok(client.report(job_id, "completed"))
    assert client.transcodes() == []
    ok(client.report(job_id, "completed", output_file=FILE))
    assert [job["source_job_id"] for job in client.transcodes()] == [job_id]


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_it_enters_none_for_a_rip_that_came_to_nothing(client, end):
    ok(client.report(begun_rip(client), end, output_file=FILE))
    assert client.transcodes() == []


def test_it_enters_one_however_often_the_rip_is_reported(app, client):
    job_id = begun_rip(client)
    reports = [
        lambda: app.test_client().report(job_id, "completed", output_file=FILE) for _ in range(4)
    ]
    assert {answer.status_code for answer in at_once(*reports)} == {200}
    ok(client.report(job_id, "completed", output_file=FILE))
    assert len(client.transcodes()) == 1


def test_it_enters_none_for_what_was_transcoded(client):
    client.register_worker()
    job_id = client.approved_job()
    ok(client.report(job_id, "completed", output_file="C:\\out\\a.mkv"))
    assert [job["job_id"] for job in client.transcodes()] == [job_id]


@pytest.mark.parametrize("told", [False, True])
def test_it_answers_the_agents_own_post_with_that_job(client, told):
    rip_job = finished_rip(client)
    (entered,) = client.transcodes()
    answer = announce(client, **origin(rip_job) if told else {})
    assert answer == entered
    assert client.transcodes() == [entered]


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("path", ["C:/rips/title_t00.mkv", "c:\\Rips\\TITLE_T00.MKV"])
def test_it_knows_the_file_in_whatever_way_windows_writes_its_path(client, told, path):
    rip_job = finished_rip(client)
    (entered,) = client.transcodes()
    said = origin(rip_job) if told else {}
    for _ in range(2):
        assert announce(client, **said, input_file=path) == entered
    assert client.transcodes() == [entered]


@pytest.mark.parametrize("told", [False, True])
def test_it_takes_another_file_of_the_same_title_for_no_copy(client, told):
    rip_job = finished_rip(client)
    said = origin(rip_job) if told else {}
    other = announce(client, **said, input_file="C:\\rips\\cut.mkv")
    assert (other["input_file"], len(client.transcodes())) == ("C:\\rips\\cut.mkv", 2)


def test_it_adds_what_the_agent_says_of_the_file(client):
    finished_rip(client)
    said = {
        "output_name": "Serenity",
        "source_disc_name": "FIREFLY_S01_D1",
        "input_file_size": 4_700_000_000,
        "preset": "H.264 CPU 1080p",
    }
    job = announce(client, **said, thumbnails=[JPEG, JPEG], thumbnail_timestamps=[60, 120])
    assert said.items() <= job.items()
    assert job["thumbnail_timestamps"] == [60, 120]
    for address in job["thumbnails"]:
        assert client.get(address).content_type == "image/jpeg"
    assert client.transcodes() == [job]


def test_it_keeps_the_latest_thumbnails_under_the_titles_number(client, services):
    disc_id = client.detect().approve().id
    (rip_id,) = client.rip(disc_id, title_indices=[2])
    ok(client.report(rip_id, "completed", output_file=FILE))
    for seconds in ([60, 120], [90]):
        images = [JPEG] * len(seconds)
        job = announce(client, thumbnails=images, thumbnail_timestamps=seconds)
    assert job["thumbnails"] == [f"/api/thumbnails/{job['job_id']}/title_2_90.jpg"]
    assert client.get(job["thumbnails"][0]).status_code == 200
    assert store_of(services.context).count(job["job_id"]) == 1


def test_it_keeps_what_the_agent_leaves_out(client):
    finished_rip(client)
    (entered,) = client.transcodes()
    assert announce(client, output_name=None, source_disc_name=None) == entered


def test_it_changes_no_name_that_a_person_has_approved(client):
    finished_rip(client)
    client.register_worker()
    (entered,) = client.transcodes()
    body = {"worker_id": "gpu", "preset": "H.265 CPU 1080p", "output_name": "Mine"}
    ok(client.post(f"/api/jobs/{entered['job_id']}/approve", json=body))
    job = announce(client, output_name="Theirs", preset="Other", thumbnails=[JPEG],
                   thumbnail_timestamps=[9])  # fmt: skip
    assert (job["output_name"], job["preset"]) == ("Mine", "H.265 CPU 1080p")
    assert (job["status"], job["thumbnail_timestamps"]) == ("assigned", [9])


@pytest.mark.parametrize("file_told", [False, True])
def test_it_doubles_no_job_that_the_agent_entered_before_its_rips_end(client, file_told):
    job_id = begun_rip(client)
    if not file_told:
        ok(client.report(job_id, "completed"))
    job = announce(client, **origin(client.job(job_id)))
    assert job["source_job_id"] == job_id
    ok(client.report(job_id, "completed", output_file=FILE))
    assert client.transcodes() == [job]


def test_it_queues_a_job_whose_agent_asks_for_no_approval(client):
    finished_rip(client)
    client.register_worker()
    (entered,) = client.transcodes()
    job = announce(client, requires_approval=False)
    assert (job["job_id"], job["status"]) == (entered["job_id"], "assigned")
    assert job["requires_approval"] is False
    assert client.awaiting_approval() == []


@pytest.mark.parametrize("told", ["disc", "label"])
def test_it_does_not_mix_up_two_agents_with_a_file_of_the_same_name(client, clock, told):
    labels, rips = {"pc": "FIREFLY_S01_D1", "den": "DUNE"}, {}
    for agent_id, label in labels.items():
        rips[agent_id] = finished_rip(client, agent_id, label)
        clock.advance(1)
    entered = {job["source_job_id"]: job["job_id"] for job in client.transcodes()}
    for agent_id in ("den", "pc"):
        rip_job = rips[agent_id]
        said = origin(rip_job) if told == "disc" else {"source_disc_name": labels[agent_id]}
        assert announce(client, **said)["job_id"] == entered[rip_job["job_id"]]
    assert len(client.transcodes()) == 2


def test_it_enters_a_new_job_once_the_first_is_over(client):
    rip_job = finished_rip(client)
    client.register_worker()
    first = announce(client, requires_approval=False)["job_id"]
    ok(client.report(first, "completed", output_file="C:\\out\\a.mkv"))
    again = announce(client)
    assert (again["status"], again["source_job_id"]) == ("pending", rip_job["job_id"])
    assert announce(client) == again
    assert {job["job_id"] for job in client.transcodes()} == {first, again["job_id"]}


@pytest.mark.parametrize("requires_approval", [False, True])
@pytest.mark.parametrize("end", ["cancelled", "completed", "failed"])
def test_it_leaves_a_job_over_that_its_agent_announces_later(client, end, requires_approval):
    finished_rip(client)
    client.register_worker()
    job_id = client.transcodes()[0]["job_id"]
    client.approve_job(job_id, preset="H.265 CPU 1080p")
    client.end(job_id, end)
    job = announce(client, requires_approval=requires_approval, output_name="New")
    assert (job["job_id"], job["status"]) == (job_id, end)
    assert client.transcodes() == [job]


def test_it_refuses_to_retry_a_transcode_that_has_a_successor(client):
    finished_rip(client)
    client.register_worker()
    first = announce(client, requires_approval=False)["job_id"]
    client.end(first, "failed")
    again = announce(client)["job_id"]
    assert again != first
    assert_problem(client.post(f"/api/jobs/{first}/retry"), 409, "Another job")

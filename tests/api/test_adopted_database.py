"""The API on an adopted database of the old system: all is there, and goes on."""

import pytest
from flask import Flask

from boz_server.api.context import EXTENSION
from boz_server.database.legacy.filling import adopt_into
from boz_server.services.discs.thumbnails import store_of
from boz_server.services.maintenance.retention import Pruned, prune
from boz_server.services.queue import leases, repair
from boz_server.services.wiring import Services
from tests.client import ok
from tests.database.legacy import WHEN, LegacyDatabase
from tests.database.legacy_in_use import DISCS, FEW_JOBS, fill
from tests.support import NEW_DISC_SECONDS, FakeClock, episodes

LABELS = ("FIREFLY_S01_D1", "FIREFLY_S01_D2")


@pytest.fixture
def legacy(tmp_path) -> LegacyDatabase:
    """A database of the old system, of an agent and its worker."""
    legacy = LegacyDatabase(tmp_path / "legacy.db")
    legacy.add("agents")
    legacy.add("workers")
    return legacy


def adopt(app: Flask, legacy: LegacyDatabase, clock: FakeClock) -> Services:
    """Adopt it, and let the first round of maintenance set right what it does."""
    services: Services = app.extensions[EXTENSION]
    adopt_into(services.context.database, legacy.path, clock.now(), store_of(services.context).has)
    repair.run(services.context)
    return services


def first_disc(legacy: LegacyDatabase, **columns: object) -> None:
    """Disc 1 of Firefly, with three episodes and an extra."""
    legacy.add("tv_seasons", season_id="firefly-S1", last_episode_assigned=3, disc_ids='["disc"]',
               last_disc_name=LABELS[0])  # fmt: skip
    legacy.add("discs", tv_season_id="firefly-S1", starting_episode_number=1, **columns)
    legacy.titles("disc", 1, 2, 3, None)


MINUTES = (43, 43, 43, 5)


def test_it_lists_everything(app, client, clock, tmp_path):
    legacy = LegacyDatabase(tmp_path / "filled.db")
    fill(legacy, FEW_JOBS)
    adopt(app, legacy, clock)
    assert len(ok(client.get("/api/jobs?limit=5000"))) == FEW_JOBS
    assert len(ok(client.get("/api/discs"))) == DISCS
    assert {each["agent_id"] for each in ok(client.get("/api/agents"))} >= {"pc", "shed"}
    assert len(ok(client.get("/api/workers"))) == 5
    assert len(client.season("Show 3:s1")["episodes"]) == 8
    for season_id in {disc["tv_season_id"] for disc in ok(client.get("/api/discs"))}:
        assert client.season(season_id)["season_number"] == 1
    for path in ("/health", "/api/jobs/stats", "/api/jobs/pending", "/api/jobs/awaiting-approval"):
        ok(client.get(path))
    # Whatever waits can say why, or is about to be given away; nothing is held by no one.
    for job in ok(client.get("/api/jobs?limit=5000")):
        if job["status"] in ("assigned", "running"):
            assert job["assigned_agent_id"]


def test_it_rips_an_adopted_disc(app, client, clock, legacy):
    first_disc(legacy)
    adopt(app, legacy, clock)
    client.register_agent()
    jobs = client.rip("disc")
    assert len(jobs) == 3
    given = client.agent_jobs()
    assert given[0]["job_id"] in jobs
    ok(client.report(given[0]["job_id"], "running", progress=5))
    done = client.report(given[0]["job_id"], "completed", output_file="C:\\rips\\a.mkv")
    assert ok(done)["status"] == "completed"
    assert len(client.awaiting_approval()) == 1


@pytest.mark.parametrize("status", ["approved", "pending"])
def test_it_goes_on_with_a_seasons_numbers(app, client, clock, legacy, status):
    first_disc(legacy, preview_status=status)
    adopt(app, legacy, clock)
    client.register_agent()
    assert episodes(client.detect(LABELS[1], MINUTES)) == [4, 5, 6]
    assert episodes(client.disc("disc")) == [1, 2, 3]
    found = client.season("Firefly:s1")
    assert (found["last_episode_assigned"], found["last_disc_name"]) == (6, LABELS[1])


@pytest.mark.parametrize("label", ["FIREFLY_S01_D3", "FIREFLY_S01"])
def test_it_goes_on_behind_discs_that_the_old_system_forgot(app, client, clock, legacy, label):
    legacy.add("tv_seasons", last_episode_assigned=8, last_disc_name="FIREFLY_S01_D2")
    adopt(app, legacy, clock)
    client.register_agent()
    assert episodes(client.detect(label, MINUTES)) == [9, 10, 11]
    assert client.season("Firefly:s1")["last_episode_assigned"] == 11


def test_it_keeps_numbers_that_a_person_had_chosen(app, client, clock, legacy):
    legacy.add("discs", preview_status="pending", starting_episode_number=7)
    legacy.titles("disc", 7, 8, 9)
    adopt(app, legacy, clock)
    client.register_agent()
    assert episodes(client.detect(LABELS[1], MINUTES, drive="E:")) == [10, 11, 12]
    assert episodes(client.disc("disc")) == [7, 8, 9]


def test_it_knows_an_adopted_disc_again(app, client, clock, legacy):
    first_disc(legacy)
    adopt(app, legacy, clock)
    client.register_agent()
    assert client.detect(LABELS[0], MINUTES)["disc_id"] == "disc"
    client.eject()
    clock.advance(NEW_DISC_SECONDS)
    again = client.detect(LABELS[0], MINUTES)
    assert again["disc_id"] != "disc"
    assert episodes(again) == [1, 2, 3]
    client.approve(again["disc_id"])
    assert client.season("Firefly:s1")["last_episode_assigned"] == 3


def test_it_lets_a_machine_go_on_that_never_stopped(app, client, clock, legacy):
    legacy.add("jobs", status="running", assigned_agent_id="pc", started_at=WHEN,
               input_file="C:\\rips\\a.mkv")  # fmt: skip
    adopt(app, legacy, clock)
    assert ok(client.report("job", "running", progress=70))["progress"] == 70
    assert ok(client.report("job", "completed"))["status"] == "completed"


def test_it_gives_a_job_to_others_whose_machine_does_not_come_back(app, client, clock, legacy):
    legacy.add("jobs", status="assigned", assigned_agent_id="gone", input_file="\\\\nas\\a.mkv")
    services = adopt(app, legacy, clock)
    assert client.job("job")["assigned_agent_id"] == "gone"
    clock.advance(services.context.settings.agent_timeout_seconds + 1)
    client.register_agent()
    ok(client.post("/api/workers/register", json={
        "worker_id": "pc-gpu", "hostname": "pc", "agent_id": "pc"
    }))  # fmt: skip
    leases.rescue(services.context)
    job = client.job("job")
    assert (job["status"], job["assigned_agent_id"]) == ("assigned", "pc")


def test_it_transcodes_nothing_again_that_its_agent_reports_again(app, client, clock, legacy):
    first_disc(legacy)
    legacy.add("jobs", job_id="rip", job_type="rip", disc_id="disc", title_index=0,
               output_file="C:\\rips\\a.mkv", assigned_agent_id="pc")  # fmt: skip
    legacy.add("jobs", disc_id="disc", title_index=0, input_file="C:\\rips\\a.mkv")
    adopt(app, legacy, clock)
    ok(client.report("rip", "completed", output_file="C:\\rips\\a.mkv"))
    assert len(ok(client.get("/api/jobs"))) == 2


def test_it_keeps_everything_for_as_long_as_if_it_were_new(app, client, clock, legacy):
    first_disc(legacy, status="ejected", preview_status="approved")
    legacy.add("jobs", job_id="rip", job_type="rip", status="completed", disc_id="disc",
               title_index=0, completed_at="2020-01-20 10:00:00")  # fmt: skip
    services = adopt(app, legacy, clock)
    assert client.disc("disc")["titles"][0]["ripped_at"] == "2020-01-20T10:00:00.000000Z"
    clock.advance(30 * 86400)
    assert prune(services.context) == Pruned()
    clock.advance(86400)
    assert prune(services.context) == Pruned(jobs=1)
    clock.advance(148 * 86400)
    assert prune(services.context) == Pruned()
    clock.advance(2 * 86400)
    assert prune(services.context) == Pruned(archived_discs=1)
    assert client.disc("disc")["titles"][0]["ripped_at"] == "2020-01-20T10:00:00.000000Z"

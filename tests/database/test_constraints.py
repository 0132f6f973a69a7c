"""What the database itself refuses, and what it does when a row is deleted."""

from collections.abc import Callable
from typing import Any

import peewee
import pytest

from boz_server.database.connection import Database
from boz_server.database.models import (
    Agent,
    Disc,
    Job,
    JobEvent,
    Title,
    TVEpisode,
    TVSeason,
    Worker,
)
from boz_server.domain.queue.job_states import OVER, JobStatus, JobType
from tests.database.rows import agent, disc, episode, event, job, season, title, worker

pytestmark = pytest.mark.usefixtures("database")

CHECKS: list[tuple[str, dict[str, Any]]] = [
    ("agents", {"status": "asleep"}),
    ("workers", {"status": "online"}),
    ("workers", {"worker_type": "cloud"}),
    ("workers", {"priority": 0}),
    ("workers", {"priority": 100}),
    ("discs", {"status": "lost"}),
    ("discs", {"media_type": "music"}),
    ("discs", {"preview_status": "maybe"}),
    ("titles", {"duration_seconds": -1}),
    ("titles", {"size_bytes": -1}),
    ("titles", {"kind": "bonus"}),
    ("jobs", {"status": "paused"}),
    ("jobs", {"job_type": "burn"}),
    ("jobs", {"progress": -0.1}),
    ("jobs", {"progress": 100.1}),
    ("job_events", {"from_status": "paused"}),
    ("job_events", {"to_status": "paused"}),
    ("vlc_commands", {"status": "lost"}),
]


@pytest.fixture
def one_of_each(database: Database) -> None:
    """A row in every table."""
    agent()
    worker()
    season()
    episode()
    disc()
    title()
    job()
    event(from_status=JobStatus.PENDING)
    database.peewee.execute_sql(
        "INSERT INTO vlc_commands (command_id, agent_id, file_path) VALUES ('c', 'pc', '/f')"
    )


@pytest.mark.usefixtures("one_of_each")
@pytest.mark.parametrize(
    ("table", "change"), CHECKS, ids=[f"{table} {change}" for table, change in CHECKS]
)
def test_it_refuses_values_that_no_state_or_range_has(database, table, change):
    ((column, value),) = change.items()
    with pytest.raises(peewee.IntegrityError, match=r"(?i)check"):
        database.peewee.execute_sql(
            f"UPDATE {table} SET {column} = {database.peewee.param}",  # noqa: S608
            (value,),
        )


@pytest.mark.usefixtures("one_of_each")
@pytest.mark.parametrize(
    "make",
    [agent, worker, season, episode, disc, title, job,
     lambda: season("Firefly", 1, season_id="Firefly by another id")],
    ids=["agent", "worker", "season", "episode", "disc", "title", "job", "season by show"],
)  # fmt: skip
def test_it_refuses_the_same_thing_twice(make):
    with pytest.raises(peewee.IntegrityError, match=r"(?i)unique"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: agent(current_job_id="nothing"),
        lambda: worker(agent="nobody"),
        lambda: episode(season="nothing"),
        lambda: disc(agent="nobody"),
        lambda: (agent(), disc(tv_season="nothing")),
        lambda: title(disc="nothing"),
        lambda: job(disc="nothing"),
        lambda: job(assigned_worker="nobody"),
        lambda: event(job="nothing"),
    ],
    ids=["agents.current_job_id", "workers.agent_id", "tv_episodes.season_id", "discs.agent_id",
         "discs.tv_season_id", "titles.disc_id", "jobs.disc_id", "jobs.assigned_worker_id",
         "job_events.job_id"],
)  # fmt: skip
def test_it_refuses_references_to_what_is_not_there(make):
    with pytest.raises(peewee.IntegrityError, match=r"(?i)foreign key"):
        make()


#: Rows, the one that is deleted, and a column of the others afterwards.
GOING: dict[str, tuple[Callable[[], Any], tuple[Any, Any], tuple[Any, list[Any]]]] = {
    "titles go with their disc": (
        lambda: (agent(), disc("gone"), disc("kept", drive="E:"), title(0, disc="gone"),
                 title(1, disc="gone"), title(0, disc="kept")),
        (Disc, "gone"),
        (Title.disc, ["kept"]),
    ),
    "episodes go with their season": (
        lambda: (season(), season("Arcane"), episode(), episode(season="Arcane:s1")),
        (TVSeason, "Firefly:s1"),
        (TVEpisode.season, ["Arcane:s1"]),
    ),
    "the history goes with its job": (
        lambda: (job("gone"), job("kept"), event(job="gone"), event(job="kept"), event(
            job="gone", from_status=JobStatus.QUEUED, to_status=JobStatus.ASSIGNED)),
        (Job, "gone"),
        (JobEvent.job, ["kept"]),
    ),
    "a job stays without its disc": (
        lambda: (agent(), disc(), job(disc="disc")), (Disc, "disc"), (Job.disc, [None])
    ),
    "a disc stays without its season": (
        lambda: (agent(), disc(tv_season=season())),
        (TVSeason, "Firefly:s1"),
        (Disc.tv_season, [None]),
    ),
    "an agent stays without its job": (
        lambda: (job(), agent(current_job_id="job")), (Job, "job"), (Agent.current_job_id, [None])
    ),
    "a worker stays without its agent": (
        lambda: (agent(), worker(agent="pc")), (Agent, "pc"), (Worker.agent, [None])
    ),
    "a job stays without its worker": (
        lambda: (worker(), job(assigned_worker="gpu")),
        (Worker, "gpu"),
        (Job.assigned_worker, [None]),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "goes", "left"), GOING.values(), ids=GOING)
def test_it_deletes_or_keeps_what_names_a_row_that_goes(make, goes, left):
    make()
    model, row_id = goes
    model.delete_by_id(row_id)
    column, values = left
    assert [value for (value,) in column.model.select(column).tuples()] == values


def test_it_keeps_an_agent_that_has_discs():
    agent()
    disc()
    with pytest.raises(peewee.IntegrityError, match=r"(?i)foreign key"):
        Agent.delete_by_id("pc")
    assert Agent.select().count() == 1


@pytest.mark.parametrize("status", ["detected", "ripping", "completed"])
def test_it_has_one_live_disc_a_drive_at_most(status):
    agent()
    disc("first", status=status)
    with pytest.raises(peewee.IntegrityError, match=r"(?i)unique"):
        disc("second")


def test_it_has_any_number_of_ejected_discs_a_drive():
    agent()
    agent("other")
    disc("first", status="ejected")
    disc("second", status="ejected")
    disc("live")
    disc("beside", drive="E:")
    disc("elsewhere", agent="other")
    assert Disc.select().count() == 5


RIP = {"disc": "disc", "title_index": 3}
TRANSCODE = {"job_type": JobType.TRANSCODE, "source_job_id": "rip"}


@pytest.mark.parametrize(
    ("same", "over"),
    [(RIP, {JobStatus.FAILED, JobStatus.CANCELLED}), (TRANSCODE, OVER)],
    ids=["rip", "transcode"],
)
@pytest.mark.parametrize("status", [*JobStatus])
def test_it_does_a_job_once_at_a_time(same, over, status):
    agent()
    disc()
    job("first", **same, status=status)
    if status in over:
        job("second", **same)
        assert Job.select().count() == 2
    else:
        with pytest.raises(peewee.IntegrityError, match=r"(?i)unique"):
            job("second", **same)


def test_it_takes_other_jobs_of_the_same_title_and_file():
    agent()
    disc()
    job("rip", **RIP)
    job("other title", **RIP | {"title_index": 4})
    job("transcode", **RIP, job_type=JobType.TRANSCODE)
    job("transcode again", **RIP, job_type=JobType.TRANSCODE)
    job("of a rip", **TRANSCODE)
    job("of another rip", **TRANSCODE | {"source_job_id": "other rip"})
    job("organize", **TRANSCODE | {"job_type": JobType.ORGANIZE})
    job("of no rip", job_type=JobType.TRANSCODE)
    job("also of no rip", job_type=JobType.TRANSCODE)
    assert Job.select().count() == 9

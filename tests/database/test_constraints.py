"""What the database itself refuses, whoever writes, and what it does when a row goes."""

from collections.abc import Callable
from typing import Any

import peewee
import pytest

from boz_server.database.connection import Database
from boz_server.database.models import Agent, Disc, Job, JobEvent, Title, TVEpisode, Worker
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
def test_it_refuses_values_that_no_state_or_range_has(
    database: Database, table: str, change: dict[str, Any]
) -> None:
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
def test_it_refuses_the_same_thing_twice(make: Callable[[], Any]) -> None:
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
def test_it_refuses_references_to_what_is_not_there(make: Callable[[], Any]) -> None:
    with pytest.raises(peewee.IntegrityError, match=r"(?i)foreign key"):
        make()


def test_it_deletes_titles_with_their_disc() -> None:
    agent()
    disc("gone")
    disc("kept", drive="E:")
    title(0, disc="gone")
    title(1, disc="gone")
    title(0, disc="kept")
    Disc.delete_by_id("gone")
    assert [row.disc_id for row in Title.select()] == ["kept"]


def test_it_deletes_episodes_with_their_season() -> None:
    gone = season()
    season("Arcane")
    episode()
    episode(season="Arcane:s1")
    gone.delete_instance()
    assert [row.season_id for row in TVEpisode.select()] == ["Arcane:s1"]


def test_it_deletes_the_history_with_its_job() -> None:
    job("gone")
    job("kept")
    event(job="gone")
    event(job="gone", from_status=JobStatus.QUEUED, to_status=JobStatus.ASSIGNED)
    event(job="kept")
    Job.delete_by_id("gone")
    assert [row.job_id for row in JobEvent.select()] == ["kept"]


def test_it_keeps_a_job_whose_disc_goes() -> None:
    agent()
    disc()
    job(disc="disc")
    Disc.delete_by_id("disc")
    assert Job.get().disc_id is None


def test_it_keeps_a_disc_whose_season_goes() -> None:
    agent()
    gone = season()
    disc(tv_season=gone)
    gone.delete_instance()
    assert Disc.get().tv_season_id is None


def test_it_keeps_an_agent_whose_job_goes() -> None:
    job()
    agent(current_job_id="job")
    Job.delete_by_id("job")
    assert Agent.get().current_job_id is None


def test_it_keeps_a_worker_whose_agent_goes() -> None:
    agent()
    worker(agent="pc")
    Agent.delete_by_id("pc")
    assert Worker.get().agent_id is None


def test_it_keeps_a_job_whose_worker_goes() -> None:
    worker()
    job(assigned_worker="gpu")
    Worker.delete_by_id("gpu")
    assert Job.get().assigned_worker_id is None


def test_it_keeps_an_agent_that_has_discs() -> None:
    agent()
    disc()
    with pytest.raises(peewee.IntegrityError, match=r"(?i)foreign key"):
        Agent.delete_by_id("pc")
    assert Agent.select().count() == 1


@pytest.mark.parametrize("status", ["detected", "ripping", "completed"])
def test_it_has_one_live_disc_a_drive_at_most(status: str) -> None:
    agent()
    disc("first", status=status)
    with pytest.raises(peewee.IntegrityError, match=r"(?i)unique"):
        disc("second")


def test_it_has_any_number_of_ejected_discs_a_drive() -> None:
    agent()
    agent("other")
    disc("first", status="ejected")
    disc("second", status="ejected")
    disc("live")
    disc("beside", drive="E:")
    disc("elsewhere", agent="other")
    assert Disc.select().count() == 5


@pytest.mark.parametrize("status", [*JobStatus])
def test_it_rips_a_title_once_unless_that_failed(status: JobStatus) -> None:
    agent()
    disc()
    job("first", disc="disc", title_index=3, status=status)
    if status in (JobStatus.FAILED, JobStatus.CANCELLED):
        job("second", disc="disc", title_index=3)
        assert Job.select().count() == 2
    else:
        with pytest.raises(peewee.IntegrityError, match=r"(?i)unique"):
            job("second", disc="disc", title_index=3)


def test_it_rips_other_titles_and_transcodes_the_same_one_again() -> None:
    agent()
    disc()
    job("first", disc="disc", title_index=3)
    job("other title", disc="disc", title_index=4)
    job("transcode", disc="disc", title_index=3, job_type=JobType.TRANSCODE)
    job("transcode again", disc="disc", title_index=3, job_type=JobType.TRANSCODE)
    assert Job.select().count() == 4


@pytest.mark.parametrize("status", [*JobStatus])
def test_it_transcodes_a_file_once_at_a_time(status: JobStatus) -> None:
    job("first", job_type=JobType.TRANSCODE, source_job_id="rip", status=status)
    if status in OVER:
        job("second", job_type=JobType.TRANSCODE, source_job_id="rip")
        assert Job.select().count() == 2
    else:
        with pytest.raises(peewee.IntegrityError, match=r"(?i)unique"):
            job("second", job_type=JobType.TRANSCODE, source_job_id="rip")


def test_it_transcodes_other_files_and_files_the_same_one_meanwhile() -> None:
    job("first", job_type=JobType.TRANSCODE, source_job_id="rip")
    job("other file", job_type=JobType.TRANSCODE, source_job_id="other rip")
    job("organize", job_type=JobType.ORGANIZE, source_job_id="rip")
    job("from elsewhere", job_type=JobType.TRANSCODE)
    job("also from elsewhere", job_type=JobType.TRANSCODE)
    assert Job.select().count() == 5

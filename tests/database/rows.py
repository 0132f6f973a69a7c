"""Rows as short as the schema allows: a test names only the columns it is about."""

from datetime import UTC, datetime
from typing import Any

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
from boz_server.domain.queue.job_states import JobStatus, JobType

NOW = datetime(2026, 1, 24, 12, 34, 56, 123456, tzinfo=UTC)


def agent(agent_id: str = "pc", **fields: Any) -> Agent:
    """An agent."""
    values = {"name": "Pc", "last_heartbeat": NOW, "registered_at": NOW, **fields}
    return Agent.create(agent_id=agent_id, **values)


def worker(worker_id: str = "gpu", **fields: Any) -> Worker:
    """A worker without an agent."""
    values = {"worker_type": "remote", "hostname": "gpu", "last_heartbeat": NOW, **fields}
    return Worker.create(worker_id=worker_id, registered_at=NOW, **values)


def season(show_name: str = "Firefly", season_number: int = 1, **fields: Any) -> TVSeason:
    """A season of a show."""
    values = {"created_at": NOW, "updated_at": NOW, **fields}
    return TVSeason.create(
        season_id=values.pop("season_id", f"{show_name}:s{season_number}"),
        show_name=show_name,
        season_number=season_number,
        **values,
    )


def episode(number: int = 1, **fields: Any) -> TVEpisode:
    """An episode of Firefly."""
    values = {"season": "Firefly:s1", "episode_name": "Serenity", "season_number": 1, **fields}
    return TVEpisode.create(episode_number=number, **values)


def disc(disc_id: str = "disc", **fields: Any) -> Disc:
    """A disc in drive D: of the agent "pc"."""
    values = {"agent": "pc", "drive": "D:", "disc_name": "FIREFLY_S01_D1", "detected_at": NOW}
    return Disc.create(disc_id=disc_id, fingerprint="f", **{**values, **fields})


def title(title_index: int = 0, **fields: Any) -> Title:
    """A title of the disc "disc"."""
    values = {"disc": "disc", "name": "Title", "duration_seconds": 2580, "size_bytes": 0}
    return Title.create(title_index=title_index, **{**values, **fields})


def job(job_id: str = "job", **fields: Any) -> Job:
    """A queued rip of no particular disc."""
    values = {"job_type": JobType.RIP, "status": JobStatus.QUEUED, "created_at": NOW, **fields}
    return Job.create(job_id=job_id, **values)


def event(**fields: Any) -> JobEvent:
    """The job "job" was entered."""
    values = {"job": "job", "at": NOW, "to_status": JobStatus.QUEUED, "attempt": 0, **fields}
    return JobEvent.create(actor="server", **values)

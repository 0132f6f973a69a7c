"""A person has an approved disc ripped, and sees how far that is."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from boz_server.context import Context
from boz_server.database.models import Disc, Title
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.queue.job_states import OPEN, JobStatus
from boz_server.errors import Refused
from boz_server.services.discs.review import (
    read_disc,
    require_distinct_names,
    require_titles,
)
from boz_server.services.queue.enqueue import enqueue_rips

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RipOrder:
    """What a rip request led to: new jobs, or the existing ones."""

    created: bool
    job_ids: list[str]


@dataclass(frozen=True, slots=True)
class RipProgress:
    """How far a disc's rip jobs are."""

    all_rips_complete: bool
    total_jobs: int
    completed_jobs: int
    failed_jobs: int


def order(context: Context, disc_id: str, title_indices: Sequence[int] | None) -> RipOrder:
    """Enqueue a rip for each named title, else each selected one, else the main feature.

    Raises DiscNotFound, Refused when the names are not approved or nothing is left to rip, and
    Invalid for a title that the disc does not have.
    """
    with context.database.write_queue():
        disc = read_disc(context, disc_id)
        if disc.preview_status != PreviewStatus.APPROVED:
            raise Refused("The names are not approved yet: approve the preview, then rip.")
        titles = wanted(disc, title_indices)
        existing = [
            job
            for job in context.stores.jobs.rips_of(disc_id)
            if job.status not in (JobStatus.FAILED, JobStatus.CANCELLED)
        ]
        ripped = {job.title_index for job in existing}
        new = [title for title in titles if title.title_index not in ripped]
        if titles and not new:
            return RipOrder(created=False, job_ids=[job.job_id for job in existing])
        if not new:
            raise Refused("Nothing is left to rip: the disc has no titles.")
        if disc.status == DiscStatus.EJECTED:
            raise Refused(
                f"The disc has left its drive: put {disc.disc_name!r} back into a drive of agent"
                f" {disc.agent_id!r}, then rip."
            )
        require_distinct_names(
            [title for title in disc.titles if title in new or title.title_index in ripped]
        )
        job_ids = enqueue_rips(context, disc, new)
    log.info("Rip ordered", extra={"disc_id": disc_id, "jobs": len(job_ids)})
    return RipOrder(created=True, job_ids=job_ids)


def wanted(disc: Disc, title_indices: Sequence[int] | None = None) -> list[Title]:
    """Return the titles to rip: the named ones, else the selected, else the main feature."""
    if title_indices:
        require_titles(disc, title_indices)
        return [title for title in disc.titles if title.title_index in title_indices]
    selected = [title for title in disc.titles if title.selected]
    longest_first = sorted(disc.titles, key=lambda title: -title.duration_seconds)
    return selected or longest_first[:1]


def progress(context: Context, disc_id: str) -> RipProgress:
    """Say how far a disc's rips are; complete means that none is left to do."""
    read_disc(context, disc_id)
    statuses = [job.status for job in context.stores.jobs.rips_of(disc_id)]
    return RipProgress(
        all_rips_complete=bool(statuses) and not OPEN.intersection(statuses),
        total_jobs=len(statuses),
        completed_jobs=statuses.count(JobStatus.COMPLETED),
        failed_jobs=statuses.count(JobStatus.FAILED),
    )

"""Transcode jobs of what was ripped: the server enters one itself, and knows it again."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from boz_server.database.models import Job
from boz_server.domain.queue.file_paths import is_shared, same_file
from boz_server.domain.queue.job_states import OPEN, JobStatus, JobType
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.job_repository import JobRepository
from boz_server.services.discs.thumbnails import Thumbnail, ThumbnailStore
from boz_server.services.queue.transitions import SERVER, JobMoves
from boz_server.settings import Settings

log = logging.getLogger(__name__)

#: What an agent's own POST may add to the job that the server entered for it, unless a person or
#: a machine has it in hand by then.
MERGED = ("output_name", "source_disc_name", "input_file_size", "preset")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the file of a new job comes from.

    columns: what the job's row says of it. goes_on: whether no person has to approve the job.
    """

    columns: dict[str, Any]
    goes_on: bool = False


class TranscodeEntry:
    """Enters a transcode job when a rip is done, and merges the agent's own POST into it.

    Whatever happens between the two, the file is transcoded, and once. Runs inside the caller's
    `write_queue()`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        jobs: JobRepository,
        discs: DiscRepository,
        moves: JobMoves,
        thumbnails: ThumbnailStore,
    ) -> None:
        self.settings = settings
        self.jobs = jobs
        self.discs = discs
        self.moves = moves
        self.thumbnails = thumbnails

    def enter_for(self, rip: Job) -> None:
        """Enter the transcode job of what a rip wrote, unless there is one. It awaits approval,
        but where the settings leave that to the server."""
        if rip.output_file is None or self.jobs.transcodes_of([rip.job_id]):
            return
        goes_on = self._goes_on(rip.disc_id)
        job = self.moves.enter(
            job_type=JobType.TRANSCODE,
            status=JobStatus.QUEUED if goes_on else JobStatus.PENDING,
            requires_approval=not goes_on,
            disc=rip.disc_id,
            title_index=rip.title_index,
            input_file=rip.output_file,
            input_file_size=rip.output_file_size,
            output_name=rip.output_name,
            source_disc_name=rip.source_disc_name,
            priority=rip.priority,
            source_job_id=rip.job_id,
            for_agent_id=_disk_of(rip.assigned_agent_id, rip.output_file),
            is_announced=False,
        )
        log.info("Transcode entered", extra={"job_id": job.job_id, "rip": rip.job_id})

    def merge(
        self, fields: dict[str, Any], thumbnails: Sequence[Thumbnail], *, requires_approval: bool
    ) -> Job | None:
        """Return the job that there is already for the file of a POST, with what the POST adds;
        None when it asks for a new one.

        fields: the columns of the job that the POST asks for.
        """
        known = self._known(fields)
        if known is None:
            return None
        added = (
            {name: fields[name] for name in MERGED if fields[name] is not None}
            if _is_untouched(known)
            else {}
        )
        if thumbnails and known.status in OPEN:
            added["thumbnail_timestamps"] = [thumbnail.timestamp for thumbnail in thumbnails]
            # The job's addresses have its own title's number, which the POST may have left out.
            own = [replace(each, title_index=known.title_index or 0) for each in thumbnails]
            # Before the commit: a job that names thumbnails has them.
            self.thumbnails.save(known.job_id, own)
        job = self.jobs.change(known.job_id, **added, is_announced=True)
        if job is not None and not requires_approval and job.status == JobStatus.PENDING:
            self.moves.move(
                job.job_id,
                JobStatus.QUEUED,
                actor=SERVER,
                detail="Its agent asks for no approval.",
                requires_approval=False,
            )
        return self.jobs.get(known.job_id)

    def origin(self, fields: dict[str, Any]) -> Origin:
        """Say where a new job's file lies: with the agent that ripped it, or that has the disc it
        came from; nothing where neither is known, or it lies on a share."""
        rips = self._rips(fields)
        if rips:
            rip = rips[0]
            others = self.jobs.transcodes_of([rip.job_id])
            alone = not any(job.status in OPEN for job in others)
            columns = {
                "source_job_id": rip.job_id if alone else None,
                "for_agent_id": _disk_of(
                    rip.assigned_agent_id or rip.for_agent_id, fields["input_file"]
                ),
            }
            # Not what is left of a rip that failed; nor is anything done twice without a person.
            is_fresh = rip.status not in (JobStatus.FAILED, JobStatus.CANCELLED) and not others
            return Origin(columns, is_fresh and self._goes_on(fields["disc"]))
        disc = None if fields["disc"] is None else self.discs.get(fields["disc"])
        agent_id = None if disc is None else disc.agent_id
        return Origin({"for_agent_id": _disk_of(agent_id, fields["input_file"])})

    def _goes_on(self, disc_id: str | None) -> bool:
        """Whether what was ripped from a disc is transcoded without a person."""
        if disc_id is None or not self.settings.auto_transcode:
            return False
        return self.discs.is_approved(disc_id)

    def _known(self, fields: dict[str, Any]) -> Job | None:
        """The file's job that its agent has yet to hear of, else the one that is still open."""
        rips = self._rips(fields)
        if not rips:
            return None
        jobs = [
            job
            for job in self.jobs.transcodes_of([rip.job_id for rip in rips])
            if job.input_file is not None
            and same_file(job.input_file, fields["input_file"])
            and (not job.is_announced or job.status in OPEN)
        ]
        # Two agents may have a file of that name: the one from a disc of that label is meant.
        label = fields["source_disc_name"]
        jobs.sort(key=lambda job: (job.source_disc_name != label, job.is_announced))
        return next(iter(jobs), None)

    def _rips(self, fields: dict[str, Any]) -> list[Job]:
        if fields["job_type"] != JobType.TRANSCODE or fields["input_file"] is None:
            return []
        return self.jobs.rips_that_wrote(
            fields["input_file"], fields["disc"], fields["title_index"]
        )


def _disk_of(agent_id: str | None, file: str | None) -> str | None:
    """The agent on whose disk a file of its lies; None where it lies on a share."""
    return None if is_shared(file) else agent_id


def _is_untouched(job: Job) -> bool:
    """Whether neither a person nor a machine has had a job in hand."""
    by_itself = job.status == JobStatus.QUEUED and not job.requires_approval and not job.attempt
    return job.status == JobStatus.PENDING or by_itself

"""Why jobs wait, in words: for those who look at them, and for the dispatcher itself."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from boz_server.clock import Clock
from boz_server.database.models import Job
from boz_server.disk import shortage
from boz_server.domain.queue.file_paths import is_shared
from boz_server.domain.queue.job_states import JobStatus, JobType
from boz_server.domain.queue.placement import Machine, belonging, why_none
from boz_server.domain.queue.reach import FilePlace, is_wanted_here, reaches
from boz_server.repositories.fleet_repository import Drive, FleetRepository
from boz_server.services.library.nas import LibraryShare
from boz_server.settings import Settings


class WaitingReasons:
    """Finds what is in the way of a job."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        fleet: FleetRepository,
        share: LibraryShare,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.fleet = fleet
        self.share = share

    def explain(self, jobs: Sequence[Job]) -> None:
        """Say of each waiting job why it waits; a fixed number of queries for all of them."""
        for job in jobs:
            if job.status == JobStatus.PENDING:
                job.waiting_reason = "A person has to approve it."
        queued = [job for job in jobs if job.status == JobStatus.QUEUED]
        if not queued:
            return
        now = self.clock.now()
        machines, senders = self.fleet.machines(now), self.fleet.agents_sending()
        agents = self.fleet.agents_there(now)
        drives = self.fleet.drives_of([job.disc_id for job in queued if job.disc_id is not None])
        busy = self.fleet.busy_drives()
        rips_full, transcodes_full = not self.room(JobType.RIP), not self.room(JobType.TRANSCODE)
        for job in queued:
            if job.scheduled_at is not None and job.scheduled_at > now:
                job.waiting_reason = f"It is tried again at {job.scheduled_at:%Y-%m-%d %H:%M:%S}Z."
            elif job.job_type == JobType.RIP:
                drive = drives.get(job.disc_id or "")
                job.waiting_reason = self.rip_obstacle(drive, agents, busy, full=rips_full)
            elif job.job_type == JobType.TRANSCODE:
                reason = self.full(JobType.TRANSCODE) if transcodes_full else None
                job.waiting_reason = reason or self.transcode_obstacle(job, machines, senders)
            else:
                job.waiting_reason = self.share.latest(job.library_path)

    def transcode_obstacle(
        self, job: Job, machines: Sequence[Machine], senders: Collection[str]
    ) -> str | None:
        """Why a transcode is not under way; None where it is about to be given away."""
        chosen = job.for_worker_id is not None
        file = place_of(job, senders)
        if is_wanted_here(machines, file, job.for_worker_id, job.preset):
            return f"Agent {job.for_agent_id!r} has yet to send the file."
        # To the queue a file is where its job is for, though it may lie on a share.
        file = replace(file, agent_id=job.for_agent_id)
        own = belonging(machines, job.for_worker_id, None)
        near = [machine for machine in own if reaches(machine, file)]
        if chosen and own and not near:
            return (
                f"Worker {job.for_worker_id!r} can't reach the file, which lies on the disk of"
                f" agent {job.for_agent_id!r}."
            )
        reason = why_none(near, for_agent_id=job.for_agent_id, preset=job.preset, chosen=chosen)
        if reason is not None or chosen:
            return reason
        free = [one for one in near if one.obstacle() is None and not one.lacks(job.preset)]
        if all(machine.agent_id is None for machine in free):
            return f"Worker {free[0].worker_id!r}, or another like it, has yet to ask for it."
        return None

    def limit(self, job_type: JobType) -> int:
        """Return how many jobs of a type may be under way at once."""
        if job_type == JobType.RIP:
            return self.settings.max_concurrent_rips
        return self.settings.max_concurrent_transcodes

    def room(self, job_type: JobType) -> bool:
        """Whether one more may be."""
        return self.fleet.under_way(job_type) < self.limit(job_type)

    def full(self, job_type: JobType) -> str:
        """Say that there is no room."""
        limit = self.limit(job_type)
        return f"As many {job_type}s as may run at once are under way ({limit})."

    def rip_obstacle(
        self, drive: Drive | None, agents: dict[str, bool], busy: set[Drive], *, full: bool
    ) -> str | None:
        """Why a rip can't begin; None when it can."""
        if drive is None:
            return "The disc that it is to rip is not known."
        if drive[0] not in agents:
            return f"Agent {drive[0]!r}, which has the disc, is offline."
        if not agents[drive[0]]:
            return f"Agent {drive[0]!r}, which has the disc, says that it can't rip."
        if drive in busy:
            return f"Drive {drive[1]} of agent {drive[0]!r} rips another title."
        return self.full(JobType.RIP) if full else shortage(self.settings)


def place_of(job: Job, senders: Collection[str]) -> FilePlace:
    """Return where a transcode's file is; senders: the agents that send files when asked to."""
    return FilePlace(
        None if is_shared(job.input_file) else job.for_agent_id,
        is_here=job.input_upload_id is not None,
        can_come=job.for_agent_id in senders,
    )

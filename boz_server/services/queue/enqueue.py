"""How jobs get into the queue."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import peewee

from boz_server.database.connection import Database
from boz_server.database.models import Disc, Job, Title
from boz_server.domain.naming.names import safe_component, split_extension
from boz_server.domain.queue.job_states import JobStatus, JobType
from boz_server.errors import Conflict, DiscNotFound
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.services.discs.thumbnails import Thumbnail, ThumbnailStore
from boz_server.services.library.output_folder import is_finished_file
from boz_server.services.library.placement import LibraryPlaces
from boz_server.services.queue.dispatcher import Dispatcher
from boz_server.services.queue.transcode_entry import TranscodeEntry
from boz_server.services.queue.transitions import JobMoves
from boz_server.settings import Settings

log = logging.getLogger(__name__)


class JobEntry:
    """Enters jobs, each with its event, and gives them away at once where a place is free."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        discs: DiscRepository,
        moves: JobMoves,
        dispatcher: Dispatcher,
        transcodes: TranscodeEntry,
        thumbnails: ThumbnailStore,
        places: LibraryPlaces,
    ) -> None:
        self.settings = settings
        self.places = places
        self.database = database
        self.discs = discs
        self.moves = moves
        self.dispatcher = dispatcher
        self.transcodes = transcodes
        self.thumbnails = thumbnails

    def enqueue(
        self,
        *,
        disc_id: str | None = None,
        requires_approval: bool = False,
        thumbnails: Sequence[Thumbnail] = (),
        **fields: Any,
    ) -> Job:
        """Enter a job; it waits for a person where it requires approval, else for a machine. The
        transcode of what was ripped waits for no person where the settings say so.

        fields: job_type, title_index, input_file, output_name, preset, priority,
        source_disc_name, input_file_size. The transcode of a file that the server has entered a
        job for is that job. A file outlives the record of its disc: only a rip of an unknown disc
        can't be done, and raises DiscNotFound; where it has left its drive, Conflict.
        """
        with self.database.write_queue():
            fields["disc"] = self._known_disc(disc_id, fields["job_type"])
            job = self.transcodes.merge(fields, thumbnails, requires_approval=requires_approval)
            if job is None:
                job = self._enter(fields, thumbnails, requires_approval=requires_approval)
            if job.status == JobStatus.QUEUED:
                self.dispatcher.dispatch()
                job = self.moves.jobs.get(job.job_id) or job
            self.dispatcher.reasons.explain([job])
        return job

    def enqueue_rips(self, disc: Disc, titles: Sequence[Title]) -> list[str]:
        """Enter a rip job for each title, for the disc's agent; returns their ids.

        Runs inside the caller's `write_queue()`, which holds the disc.
        """
        rips = [
            self.moves.enter(
                job_type=JobType.RIP,
                status=JobStatus.QUEUED,
                disc=disc.disc_id,
                title_index=title.title_index,
                output_name=_without_extension(title.proposed_filename) or title.name,
                source_disc_name=disc.disc_name,
                input_file_size=title.size_bytes or None,
                for_agent_id=disc.agent_id,
            )
            for title in titles
        ]
        self.dispatcher.dispatch()
        return [job.job_id for job in rips]

    def _enter(
        self, fields: dict[str, Any], thumbnails: Sequence[Thumbnail], *, requires_approval: bool
    ) -> Job:
        origin = self.transcodes.origin(fields)
        waits = requires_approval and not origin.goes_on
        try:
            job = self.moves.enter(
                status=JobStatus.PENDING if waits else JobStatus.QUEUED,
                requires_approval=waits,
                thumbnail_timestamps=[thumbnail.timestamp for thumbnail in thumbnails],
                **(fields | origin.columns | self._place(fields)),
            )
        except peewee.IntegrityError as error:
            what = "title of the disc" if _is_rip(fields) else "file"
            raise Conflict(
                f"This {what} has a {fields['job_type']} job already: see GET /api/jobs, or cancel"
                " that one first."
            ) from error
        # Before the commit: a job that names thumbnails has them.
        self.thumbnails.save(job.job_id, thumbnails)
        log.info("Job entered", extra={"job_id": job.job_id, "job_type": job.job_type})
        return job

    def _place(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Where an organize job files its file; nothing for what is no file of the output folder,
        and for other jobs."""
        file = Path(fields["input_file"] or "")
        files = is_finished_file(self.settings.output_dir, file)
        if fields["job_type"] is not JobType.ORGANIZE or not files:
            return {}
        stem, extension = split_extension(file.name)
        name = (fields["output_name"] or stem).removesuffix(extension)
        return {"library_path": self.places.of_name(safe_component(name + extension))}

    def _known_disc(self, disc_id: str | None, job_type: JobType) -> str | None:
        if disc_id is None:
            return None
        if self.discs.exists(disc_id):
            if job_type == JobType.RIP and not self.discs.in_its_drive(disc_id):
                # The number of its title would rip another disc.
                raise Conflict("The disc has left its drive: put it in again to rip it.")
            return disc_id
        if job_type == JobType.RIP:
            raise DiscNotFound(disc_id)
        log.warning("Job of an unknown disc", extra={"disc_id": disc_id})
        return None


def _is_rip(fields: dict[str, Any]) -> bool:
    return bool(fields["job_type"] == JobType.RIP)


def _without_extension(filename: str | None) -> str | None:
    """Agents add the extension of what they produce."""
    return filename.removesuffix(".mkv") if filename else None

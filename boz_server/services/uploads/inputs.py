"""Raw titles that were sent here for workers on other machines to fetch."""

from datetime import timedelta
from pathlib import Path

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Job
from boz_server.domain.uploads.upload_states import UploadState
from boz_server.errors import NotFound
from boz_server.repositories.job_repository import JobRepository
from boz_server.repositories.upload_repository import UploadRepository
from boz_server.services.uploads.part_files import PART_PREFIX
from boz_server.settings import Settings


class JobInputs:
    """Finds them, and deletes those that no job needs any more."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        jobs: JobRepository,
        uploads: UploadRepository,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.database = database
        self.jobs = jobs
        self.uploads = uploads

    def find(self, job: Job) -> tuple[Path, str]:
        """Return the file of a job and what names its content, for an ETag. Raises NotFound."""
        if job.input_upload_id is not None:
            path = self.settings.inputs_dir / job.input_upload_id
            if path.is_file():
                return path, job.input_upload_id
        raise NotFound("The job's file is not here: its agent has not sent it.")

    def sweep(self) -> int:
        """Delete the files of jobs that are over for good, and let those be sent again that have
        vanished; returns how many were deleted."""
        # Before the look at the folder: what a job names has its place there.
        named = self.jobs.inputs()
        here = {
            path.name: path
            for path in self.settings.inputs_dir.glob("*")
            if not path.name.startswith(PART_PREFIX)
        }
        if not named and not here:
            return 0
        since = self.clock.now() - timedelta(hours=self.settings.upload_expiry_hours)
        # The look and the note in one: a person may have a failed job tried again at any moment.
        with self.database.write_queue():
            needed = self.jobs.inputs_in_use(list(here), since)
            # Named, and about to be told of.
            needed |= {upload.upload_id for upload in self.uploads.in_state(UploadState.ARRIVED)}
            unused = here.keys() - needed
            self.jobs.forget_inputs(unused | (named - here.keys()))
        for name in unused:
            here[name].unlink(missing_ok=True)
        return len(unused)

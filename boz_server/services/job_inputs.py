"""Raw titles that were sent here for workers on other machines to fetch."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Job
from boz_server.domain.upload_states import UploadState
from boz_server.errors import NotFound
from boz_server.repositories.job_repository import JobRepository
from boz_server.repositories.upload_repository import UploadRepository
from boz_server.services.part_files import PART_PREFIX
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
        """Delete the files of jobs that are over for good; returns how many."""
        here = [
            path
            for path in self.settings.inputs_dir.glob("*")
            if not path.name.startswith(PART_PREFIX)
        ]
        if not here:
            return 0
        since = self.clock.now() - timedelta(hours=self.settings.upload_expiry_hours)
        with self.database.read():
            needed = self.jobs.inputs_in_use([path.name for path in here], since)
            # Named, and about to be told of.
            needed |= {upload.upload_id for upload in self.uploads.in_state(UploadState.ARRIVED)}
        unused = [path for path in here if path.name not in needed]
        if unused:
            with self.database.write():
                self.jobs.forget_inputs([path.name for path in unused])
        for path in unused:
            with suppress(FileNotFoundError):
                path.unlink()
        return len(unused)

"""What requests ask of the library: to file a file, and to wait for that as long as they may."""

import time
from collections.abc import Callable

from boz_server.database.connection import Database
from boz_server.database.models import Job
from boz_server.domain.naming.library_paths import Described
from boz_server.domain.naming.names import split_extension
from boz_server.domain.queue.job_states import OVER, JobStatus
from boz_server.errors import JobNotFound, Refused
from boz_server.repositories.job_repository import JobRepository
from boz_server.services.library.nas import LibraryShare
from boz_server.services.library.output_folder import OutputFolder
from boz_server.services.library.placement import LibraryPlaces
from boz_server.services.queue.organize_entry import OrganizeEntry
from boz_server.settings import Settings

#: How often a request that waits looks whether its file is filed.
LOOK_SECONDS = 0.05


class LibraryDoor:
    """Enters organize jobs for people, and waits for those of uploads.

    wake: has the thread that files look at once.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        jobs: JobRepository,
        places: LibraryPlaces,
        organizing: OrganizeEntry,
        folder: OutputFolder,
        share: LibraryShare,
        wake: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.database = database
        self.jobs = jobs
        self.places = places
        self.organizing = organizing
        self.folder = folder
        self.share = share
        self.wake = wake

    def organize(self, filename: str, name: str | None, said: Described) -> Job:
        """Enter the job that files a file of the output folder.

        name: of the show or film, or a whole file name; None where the file's own says it. Raises
        NotFound, and Refused without a library or for an episode without season and number.
        """
        if not self.settings.nas_enabled:
            raise Refused("This server has no library: set BOZ_NAS_ENABLED and mount the share.")
        file = self.folder.find(filename)
        stem, extension = split_extension(filename)
        place = self.places.described(
            name.removesuffix(extension) if name else stem, extension, said
        )
        with self.database.write_queue():
            return self.organizing.enter(file.path, place)

    def awaited(self, job_id: str) -> Job:
        """Return a job once it is over, or when the request has waited long enough for it; at once
        where the library is away."""
        self.wake()
        deadline = time.monotonic() + self.settings.organize_wait_seconds
        while True:
            job = self.jobs.get(job_id)
            if job is None:
                raise JobNotFound(job_id)
            waits = job.status is JobStatus.QUEUED and self.share.latest(job.library_path)
            if job.status in OVER or waits or time.monotonic() >= deadline:
                return job
            # Others need the connection meanwhile.
            self.database.release()
            time.sleep(LOOK_SECONDS)

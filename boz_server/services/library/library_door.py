"""What requests ask of the library: organize a file, and wait a while for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from boz_server.context import Context
from boz_server.database.models import Job
from boz_server.domain.naming.library_paths import Described
from boz_server.domain.naming.names import split_extension
from boz_server.domain.queue.job_states import OVER, JobStatus
from boz_server.errors import JobNotFound, Refused
from boz_server.services.library import output_folder
from boz_server.services.library.nas import LibraryShare
from boz_server.services.library.placement import LibraryPlaces
from boz_server.services.queue.enqueue import enqueue_organize

#: The first pause of a request that waits for its file, and how much longer each next one is.
LOOK_SECONDS, LONGER = 0.05, 1.5


@dataclass(frozen=True, slots=True)
class Organized:
    """A file on its way into the library, or there.

    original_path: in the output folder; final_path: where the file is in the library, or will be.
    """

    original_path: str | None
    final_path: str | None
    organized: bool
    organize_job_id: str


class LibraryDoor:
    """Enters organize jobs for people, and waits for those of uploads.

    wake: has the thread that files look at once.
    """

    def __init__(
        self,
        context: Context,
        *,
        places: LibraryPlaces,
        share: LibraryShare,
        wake: Callable[[], None],
    ) -> None:
        self.context = context
        self.places = places
        self.share = share
        self.wake = wake

    def organize(self, filename: str, name: str | None, described: Described) -> Organized:
        """Organize a file of the output folder, and wait a while for it.

        name: of the show or film, or a whole file name; None when the file's own name says it.
        Raises NotFound, and Refused without a library or for an episode without its numbers.
        """
        if not self.context.settings.nas_enabled:
            raise Refused("This server has no library: set BOZ_NAS_ENABLED and mount the share.")
        file = output_folder.find(self.context.settings, filename)
        stem, extension = split_extension(filename)
        place = self.places.described(
            name.removesuffix(extension) if name else stem, extension, described
        )
        with self.context.database.write_queue():
            job = enqueue_organize(self.context, file.path, place)
        return self.wait_for(job.job_id)

    def wait_for(self, job_id: str) -> Organized:
        """Wait until an organize job is over, at most BOZ_ORGANIZE_WAIT_SECONDS; not at all while
        the library is away."""
        self.wake()
        deadline = time.monotonic() + self.context.settings.organize_wait_seconds
        pause = LOOK_SECONDS
        while True:
            job = self.context.stores.jobs.get(job_id)
            if job is None:
                raise JobNotFound(job_id)
            if job.status in OVER:
                return self._describe(job)
            is_away = job.status is JobStatus.QUEUED and self.share.latest(job.library_path)
            left = deadline - time.monotonic()
            if is_away or left <= 0:
                return self._describe(job)
            # Others need the connection meanwhile.
            self.context.database.release()
            time.sleep(min(pause, left))
            pause *= LONGER

    def _describe(self, job: Job) -> Organized:
        """Say where a file is; a skipped one stayed in the output folder."""
        is_organized = job.status in OVER and self.share.has(job.output_file)
        return Organized(
            original_path=job.input_file,
            final_path=job.output_file if is_organized else self.share.path(job.library_path),
            organized=is_organized,
            organize_job_id=job.job_id,
        )

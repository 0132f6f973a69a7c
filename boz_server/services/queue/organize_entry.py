"""Organize jobs: how they get into the queue. What the server does about them is in library.py."""

from pathlib import Path

from boz_server.database.models import Job
from boz_server.domain.queue.job_states import JobStatus, JobType
from boz_server.repositories.filing_repository import FilingRepository
from boz_server.services.library.placement import LibraryPlaces
from boz_server.services.queue.transitions import JobMoves
from boz_server.settings import Settings


class OrganizeEntry:
    """Enters a job for each file that is to go into the library, where there is one.

    Runs inside the caller's `write_queue()`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        filings: FilingRepository,
        moves: JobMoves,
        places: LibraryPlaces,
    ) -> None:
        self.settings = settings
        self.filings = filings
        self.moves = moves
        self.places = places

    def enter_for(self, file: Path, name: str, origin: Job | None) -> Job | None:
        """Enter the job that files a finished file; None where there is no library.

        name: what it was to be called; where another in the output folder is called so, its own
        name there has a number, which is none of the film's. origin: the job whose result it is;
        None where it belongs to none.
        """
        if not self.settings.nas_enabled:
            return None
        if origin is None:
            return self.enter(file, self.places.of_name(name))
        return self.enter(file, self.places.of_job(origin, name), origin)

    def enter(self, file: Path, place: str, origin: Job | None = None) -> Job:
        """Enter the job that files a file at a place of the library, below its root; the one that
        is open for the file already, where there is one."""
        known = self.filings.open_job(str(file))
        if known is not None:
            return known
        return self.moves.enter(
            job_type=JobType.ORGANIZE,
            status=JobStatus.QUEUED,
            disc=origin.disc_id if origin else None,
            title_index=origin.title_index if origin else None,
            source_job_id=origin.job_id if origin else None,
            source_disc_name=origin.source_disc_name if origin else None,
            input_file=str(file),
            input_file_size=file.stat().st_size,
            output_name=Path(place).name,
            library_path=place,
        )

"""Puts the services together that files pass through, as wiring.py does all others."""

from dataclasses import dataclass

from boz_server.clock import Clock
from boz_server.context import Context
from boz_server.database.connection import Database
from boz_server.repositories.attempt_repository import AttemptRepository
from boz_server.repositories.filing_repository import FilingRepository
from boz_server.repositories.job_repository import JobRepository
from boz_server.repositories.upload_repository import UploadRepository
from boz_server.services.library.library_door import LibraryDoor
from boz_server.services.library.nas import LibraryShare
from boz_server.services.library.organizer import Library
from boz_server.services.library.output_folder import OutputFolder
from boz_server.services.library.placement import LibraryPlaces
from boz_server.services.maintenance.disk_space import DiskSpace, SpaceWatch
from boz_server.services.maintenance.loop import BackgroundLoop
from boz_server.services.maintenance.scheduler import MaintenanceStep
from boz_server.services.queue.dispatcher import Dispatcher
from boz_server.services.queue.leases import Attempts
from boz_server.services.queue.organize_entry import OrganizeEntry
from boz_server.services.queue.transitions import JobMoves
from boz_server.services.uploads.complete import Deliveries
from boz_server.services.uploads.inputs import JobInputs
from boz_server.services.uploads.part_files import PartFiles
from boz_server.services.uploads.receive import UploadBytes
from boz_server.services.uploads.rights import UploadRights
from boz_server.services.uploads.uploads import Uploads
from boz_server.settings import Settings

#: How often each process looks for files by itself; what arrives in it wakes it at once.
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class FileServices:
    """What the API and the background threads call where files are concerned."""

    rows: UploadRepository
    uploads: Uploads
    bytes: UploadBytes
    parts: PartFiles
    rights: UploadRights
    inputs: JobInputs
    deliveries: Deliveries
    folder: OutputFolder
    library: Library
    door: LibraryDoor
    share: LibraryShare
    space: DiskSpace
    #: Takes what has arrived to its place, and what has its place into the library.
    loop: BackgroundLoop
    #: What maintenance does about files.
    steps: tuple[MaintenanceStep, ...]


def build_files(
    settings: Settings,
    clock: Clock,
    database: Database,
    *,
    jobs: JobRepository,
    attempt_rows: AttemptRepository,
    moves: JobMoves,
    attempts: Attempts,
    dispatcher: Dispatcher,
    places: LibraryPlaces,
    share: LibraryShare,
    space: DiskSpace,
    context: Context,
) -> FileServices:
    """Build them on one database."""
    rows = UploadRepository(database)
    filings = FilingRepository()
    parts = PartFiles(settings)
    rights = UploadRights(jobs)
    folder = OutputFolder(settings.output_dir)
    organizing = OrganizeEntry(settings, filings=filings, moves=moves, places=places)
    deliveries = Deliveries(
        database,
        rows=rows,
        parts=parts,
        jobs=jobs,
        attempts=attempts,
        dispatcher=dispatcher,
        organizing=organizing,
        rights=rights,
        context=context,
    )
    uploads = Uploads(
        settings,
        clock,
        database,
        rows=rows,
        parts=parts,
        space=space,
        rights=rights,
        deliveries=deliveries,
    )
    upload_bytes = UploadBytes(
        settings,
        clock,
        database,
        rows=rows,
        parts=parts,
        rights=rights,
        uploads=uploads,
        deliveries=deliveries,
    )
    library = Library(
        settings,
        clock,
        database,
        jobs=jobs,
        filings=filings,
        attempt_rows=attempt_rows,
        attempts=attempts,
        moves=moves,
        share=share,
        context=context,
    )
    inputs = JobInputs(settings, clock, database, jobs, rows)
    loop = BackgroundLoop(
        "library",
        lambda: _take_to_their_places(upload_bytes, deliveries, library),
        LOOK_SECONDS,
        database.release,
        interrupt=library.stop,
    )
    watch = SpaceWatch(context, space)
    return FileServices(
        rows=rows,
        uploads=uploads,
        bytes=upload_bytes,
        parts=parts,
        rights=rights,
        inputs=inputs,
        deliveries=deliveries,
        folder=folder,
        library=library,
        door=LibraryDoor(
            settings,
            database,
            jobs=jobs,
            places=places,
            organizing=organizing,
            folder=folder,
            share=share,
            wake=loop.wake,
        ),
        share=share,
        space=space,
        loop=loop,
        steps=(
            MaintenanceStep("watch_space", 60, lambda _: watch.run()),
            MaintenanceStep("forget_uploads", 600, lambda _: uploads.forget_expired()),
            MaintenanceStep("sweep_inputs", 60, lambda _: inputs.sweep()),
        ),
    )


def _take_to_their_places(
    upload_bytes: UploadBytes, deliveries: Deliveries, library: Library
) -> None:
    """What has arrived comes first, between any two files that are filed: someone waits for it."""
    upload_bytes.finish_whole()
    deliveries.deliver_all()
    while library.run_one():
        deliveries.deliver_all()

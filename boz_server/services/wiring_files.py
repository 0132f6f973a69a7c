"""Puts the services together that files pass through, as wiring.py does all others."""

from dataclasses import dataclass

from boz_server.context import Context
from boz_server.services.library.library_door import LibraryDoor
from boz_server.services.library.nas import LibraryShare
from boz_server.services.library.organizer import Library
from boz_server.services.library.placement import LibraryPlaces
from boz_server.services.maintenance.disk_space import SpaceWatch
from boz_server.services.maintenance.loop import BackgroundLoop
from boz_server.services.maintenance.scheduler import MaintenanceStep
from boz_server.services.uploads import inputs
from boz_server.services.uploads.complete import Deliveries
from boz_server.services.uploads.receive import Uploads

#: How often each process looks for files by itself; what arrives in it wakes it at once.
LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class FileServices:
    """What the API and the background threads call where files are concerned."""

    uploads: Uploads
    deliveries: Deliveries
    library: Library
    door: LibraryDoor
    share: LibraryShare
    #: Completes what has arrived, and organizes what is complete.
    loop: BackgroundLoop
    #: What maintenance does about files.
    steps: tuple[MaintenanceStep, ...]


def build_files(
    context: Context,
    *,
    places: LibraryPlaces,
    share: LibraryShare,
) -> FileServices:
    """Build them on one database."""
    rows = context.stores
    deliveries = Deliveries(context)
    library = Library(
        context,
        jobs=rows.jobs,
        filings=rows.filings,
        attempt_rows=rows.attempts,
        share=share,
    )
    loop = BackgroundLoop(
        "library",
        lambda: _take_to_their_places(uploads, deliveries, library),
        LOOK_SECONDS,
        context.database.release,
        interrupt=library.stop,
    )
    door = LibraryDoor(context, places=places, share=share, wake=loop.wake)
    uploads = Uploads(context, deliveries, door)
    return FileServices(
        uploads=uploads,
        deliveries=deliveries,
        library=library,
        door=door,
        share=share,
        loop=loop,
        steps=(
            MaintenanceStep("watch_space", 60, SpaceWatch().run),
            MaintenanceStep("forget_uploads", 600, lambda _: uploads.forget_expired()),
            MaintenanceStep("sweep_inputs", 60, inputs.sweep),
        ),
    )


def _take_to_their_places(uploads: Uploads, deliveries: Deliveries, library: Library) -> None:
    """What has arrived comes first, between any two files that are organized: someone waits for
    it."""
    uploads.finish_whole()
    deliveries.deliver_all()
    while library.run_one():
        deliveries.deliver_all()

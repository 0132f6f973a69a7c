"""Orders the rips of approved discs without a person."""

import logging

from boz_server.database.connection import Database
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.errors import BozError
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.repositories.job_repository import JobRepository
from boz_server.services.discs.rip_requests import RipOrders
from boz_server.settings import Settings

log = logging.getLogger(__name__)


class AutoRip:
    """A maintenance step: however a disc came to be approved, and whoever was killed meanwhile,
    its rips are ordered, once."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        discs: DiscRepository,
        jobs: JobRepository,
        rips: RipOrders,
    ) -> None:
        self.settings = settings
        self.database = database
        self.discs = discs
        self.jobs = jobs
        self.rips = rips
        #: Why discs can't be ripped: it is logged once, not every few seconds.
        self._refusals: dict[str, str] = {}

    def run(self) -> int:
        """Order the rips of each disc that waits for nothing else; returns of how many discs that
        were. One that can't be ripped keeps no other."""
        if not self.settings.auto_rip:
            return 0
        lying = self.discs.approved_in_drives()
        self._refusals = {key: said for key, said in self._refusals.items() if key in lying}
        return sum(self._order(disc_id) for disc_id in lying if self._is_due(disc_id))

    def _order(self, disc_id: str) -> bool:
        try:
            with self.database.write_queue():
                # Again: a person may have ordered some of its titles meanwhile, and no more.
                if not self._is_due(disc_id):
                    return False
                self.rips.order(disc_id, None)
        except BozError as error:
            if self._refusals.get(disc_id) != error.detail:
                self._refusals[disc_id] = error.detail
                log.warning("Not ripped", extra={"disc_id": disc_id, "why": error.detail})
            return False
        return True

    def _is_due(self, disc_id: str) -> bool:
        """Whether a disc is to be ripped without a person: its names are approved, some of its
        titles are selected, and neither a rip of it was ever ordered nor has the same disc been
        ripped before, as the library would have all of it twice."""
        disc = self.discs.get(disc_id)
        if disc is None or disc.status != DiscStatus.DETECTED:
            return False
        if disc.preview_status != PreviewStatus.APPROVED or self.jobs.rips_of(disc_id):
            return False
        if not any(title.selected for title in disc.titles):
            return False
        # By the titles too: the jobs are kept only for a while.
        return not (
            self.discs.was_ripped(disc.fingerprint)
            or self.jobs.is_ripped(self.discs.records_of(disc.fingerprint))
        )

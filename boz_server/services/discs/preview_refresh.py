"""Makes previews anew once a provider that could not be asked is there again."""

import logging

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.services.discs.disc_findings import Findings
from boz_server.services.discs.disc_rules import facts_of
from boz_server.services.discs.lookup import DiscLookup
from boz_server.services.discs.preview_generator import PreviewGenerator
from boz_server.services.seasons.tracker import SeasonTracker

log = logging.getLogger(__name__)

DISCS_A_RUN = 20
#: The rescue of lost jobs must not wait long for a provider.
SECONDS_A_RUN = 5


class PreviewRefresh:
    """A maintenance step."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        *,
        discs: DiscRepository,
        lookup: DiscLookup,
        previews: PreviewGenerator,
        seasons: SeasonTracker,
    ) -> None:
        self.clock = clock
        self.database = database
        self.discs = discs
        self.lookup = lookup
        self.previews = previews
        self.seasons = seasons

    def run(self) -> int:
        """Look up again what waits for a provider, oldest first; returns how many discs were.

        Providers that fail for the first disc are left alone for the others, which may need only
        those that work.
        """
        refreshed = 0
        with self.lookup.budget(SECONDS_A_RUN):
            for number, disc_id in enumerate(self.discs.due_for_lookup(DISCS_A_RUN)):
                refreshed += self._look_up(disc_id, insist=number == 0)
        return refreshed

    def _look_up(self, disc_id: str, *, insist: bool) -> bool:
        disc = self.discs.get(disc_id)
        if disc is None:
            return False
        findings = self.lookup.disc(disc.disc_name, facts_of(disc), disc.fingerprint, insist=insist)
        return not findings.failed and self._propose(disc_id, findings)

    def _propose(self, disc_id: str, findings: Findings) -> bool:
        """Propose anew, unless a person has decided meanwhile, or the disc has left."""
        with self.database.write_queue():
            disc = self.discs.lock(disc_id)
            if (
                disc is None
                or not disc.lookup_due
                or disc.preview_status != PreviewStatus.PENDING
                or disc.status != DiscStatus.DETECTED
            ):
                return False
            facts = facts_of(disc)
            preview = self.previews.identified(disc.disc_name, disc.fingerprint, facts, findings)
            self.discs.put_preview(disc_id, preview.disc, preview.titles)
            self.seasons.refresh([disc.tv_season_id, preview.disc["tv_season"]], self.clock.now())
        log.info("Preview made anew", extra={"disc_id": disc_id})
        return True

"""Approves previews without a person, where they are sure enough."""

import logging

from boz_server.database.models import Disc
from boz_server.domain.identification.identity import shown
from boz_server.domain.identification.media_type import MediaType
from boz_server.errors import BozError
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.services.discs.review import DiscReview
from boz_server.settings import Settings

log = logging.getLogger(__name__)

DISCS_A_RUN = 100


def is_clear(settings: Settings, disc: Disc, *, was_approved: bool = False) -> bool:
    """Whether a disc is as sure as the settings ask for where no person looks.

    was_approved: the same disc was, when it was here before.
    """
    if not settings.auto_approve_previews or disc.media_type is MediaType.UNKNOWN:
        return False
    confidence = shown(disc.media_type, disc.identification)["confidence"]
    return was_approved or confidence >= settings.auto_approve_min_confidence


class AutoApproval:
    """A maintenance step, for discs that were not sure when they came, and are by now: a provider
    is back, or the disc before them was put in."""

    def __init__(self, settings: Settings, discs: DiscRepository, review: DiscReview) -> None:
        self.settings = settings
        self.discs = discs
        self.review = review

    def run(self) -> int:
        """Approve what has become clear; returns how many discs were."""
        if not self.settings.auto_approve_previews:
            return 0
        approved = 0
        for disc in self.discs.undecided(DISCS_A_RUN):
            if is_clear(self.settings, disc):
                try:
                    self.review.approve(disc.disc_id, {})
                except BozError as error:
                    # Decided on or taken out meanwhile, or its numbers are another disc's.
                    log.info("Not approved", extra={"disc_id": disc.disc_id, "why": error.detail})
                else:
                    approved += 1
        return approved

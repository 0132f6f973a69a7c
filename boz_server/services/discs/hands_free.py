"""What happens to discs without a person: previews made anew, approved, and their rips ordered.

Each is a maintenance step.
"""

import logging

from boz_server.context import Context
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.errors import BozError
from boz_server.services.discs import lookup, review, rip_requests
from boz_server.services.discs.identify import stored_facts
from boz_server.services.discs.lookup import Findings
from boz_server.services.discs.preview_generator import PreviewGenerator, is_clear, put_preview
from boz_server.services.metadata.lookup import Metadata
from boz_server.services.queue.transitions import return_cutoff

log = logging.getLogger(__name__)

REFRESHED_A_RUN = 20
#: The rescue of lost jobs must not wait long for a provider.
REFRESH_SECONDS_A_RUN = 5
APPROVED_A_RUN = 100


def refresh_previews(context: Context, metadata: Metadata) -> int:
    """Look up again the discs that wait for a provider, oldest first; returns how many changed.

    A provider that fails for the first disc is skipped for the others, which may need only those
    that work.
    """
    refreshed = 0
    with metadata.budget(REFRESH_SECONDS_A_RUN):
        for at, disc_id in enumerate(context.stores.discs.due_for_lookup(REFRESHED_A_RUN)):
            disc = context.stores.discs.get(disc_id)
            if disc is not None:
                facts = stored_facts(context, disc)
                findings = lookup.disc(context, metadata, facts, insist=at == 0)
                refreshed += not findings.failed and _refresh(context, disc_id, findings)
    return refreshed


def _refresh(context: Context, disc_id: str, findings: Findings) -> bool:
    """Make a preview anew, unless a person has decided meanwhile, or the disc has left."""
    with context.database.write_queue():
        disc = context.stores.discs.get(disc_id)
        if (
            disc is None
            or not disc.lookup_due
            or disc.preview_status != PreviewStatus.PENDING
            or disc.status != DiscStatus.DETECTED
        ):
            return False
        facts = stored_facts(context, disc)
        preview = PreviewGenerator(context).identified(facts, findings, disc_id)
        put_preview(context, disc, preview, context.clock.now())
    log.info("Preview made anew", extra={"disc_id": disc_id})
    return True


def approve_previews(context: Context) -> int:
    """Approve the discs that have become clear since they came; returns how many.

    A provider may be back, or the disc before them was put in.
    """
    if not context.settings.auto_approve_previews:
        return 0
    approved = 0
    for disc in context.stores.discs.undecided(APPROVED_A_RUN):
        if is_clear(context.settings, disc):
            try:
                review.approve(context, disc.disc_id, {}, by_person=False)
            except BozError as error:
                # Decided or taken out meanwhile, or another disc has its numbers.
                log.info("Not approved", extra={"disc_id": disc.disc_id, "why": error.detail})
            else:
                approved += 1
    return approved


class AutoRip:
    """Orders the rips of every approved disc exactly once, even across crashes."""

    def __init__(self) -> None:
        #: Why discs can't be ripped: {disc id: reason}. Each is logged once, not at every run.
        self._refusals: dict[str, str] = {}

    def run(self, context: Context) -> int:
        """Order the rips that are due; returns for how many discs.

        A disc that can't be ripped doesn't stop the others.
        """
        if not context.settings.auto_rip:
            return 0
        in_drives = context.stores.discs.approved_in_drives()
        self._refusals = {key: why for key, why in self._refusals.items() if key in in_drives}
        due = [disc_id for disc_id in in_drives if _is_rip_due(context, disc_id)]
        return sum(self._order(context, disc_id) for disc_id in due)

    def _order(self, context: Context, disc_id: str) -> bool:
        try:
            with context.database.write_queue():
                # Check again: a person may have ordered only some of its titles meanwhile.
                if not _is_rip_due(context, disc_id):
                    return False
                rip_requests.order(context, disc_id, None)
        except BozError as error:
            if self._refusals.get(disc_id) != error.detail:
                self._refusals[disc_id] = error.detail
                log.warning("Not ripped", extra={"disc_id": disc_id, "why": error.detail})
            return False
        return True


def _is_rip_due(context: Context, disc_id: str) -> bool:
    """Whether to rip a disc without a person.

    It is approved, has selected titles, and neither was a rip of it ever ordered nor the same disc
    ripped before: the library would have everything twice. Nor was a rip ordered lately that came
    to nothing: a tray that closes with the disc in it would begin it again and again.
    """
    discs = context.stores.discs
    disc = discs.get(disc_id)
    if disc is None or disc.status != DiscStatus.DETECTED:
        return False
    if disc.preview_status != PreviewStatus.APPROVED or context.stores.jobs.rips_of(disc_id):
        return False
    if not any(title.selected for title in disc.titles):
        return False
    return not discs.is_ripped(disc.fingerprint, disc.agent_id, return_cutoff(context))

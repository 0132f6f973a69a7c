"""Puts the services together that know discs, as wiring.py does all others."""

from dataclasses import dataclass

from boz_server.context import Context
from boz_server.services.discs.auto_rip import AutoRip
from boz_server.services.discs.corrections import DiscOverrides
from boz_server.services.discs.detection import DiscManager
from boz_server.services.discs.disc_recall import DiscRecall
from boz_server.services.discs.hands_free import AutoApproval
from boz_server.services.discs.identify import DiscIdentifier
from boz_server.services.discs.lookup import DiscLookup
from boz_server.services.discs.preview_generator import PreviewGenerator
from boz_server.services.discs.preview_refresh import PreviewRefresh
from boz_server.services.discs.review import DiscReview
from boz_server.services.discs.rip_requests import RipOrders
from boz_server.services.discs.thumbnails import ThumbnailStore
from boz_server.services.maintenance.retention import PruneStep
from boz_server.services.maintenance.scheduler import MaintenanceStep
from boz_server.services.metadata import cache
from boz_server.services.metadata.lookup import Metadata
from boz_server.services.seasons.tracker import SeasonTracker


@dataclass(frozen=True, slots=True)
class DiscServices:
    """What the API and maintenance call where discs are concerned."""

    manager: DiscManager
    review: DiscReview
    overrides: DiscOverrides
    rips: RipOrders
    seasons: SeasonTracker
    metadata: Metadata
    auto_approval: AutoApproval
    auto_rip: AutoRip
    #: What maintenance does about discs.
    steps: tuple[MaintenanceStep, ...]


def build_discs(
    context: Context,
    *,
    thumbnails: ThumbnailStore,
) -> DiscServices:
    """Build them on one database."""
    settings, clock, database = context.settings, context.clock, context.database
    stores = context.stores
    agents, discs, jobs, archive = stores.agents, stores.discs, stores.jobs, stores.archive
    seasons = SeasonTracker(clock, stores.seasons, discs, archive)
    identifier = DiscIdentifier(settings, discs, seasons)
    previews = PreviewGenerator(settings, identifier, seasons)
    metadata = Metadata(context)
    lookup = DiscLookup(settings, metadata, discs)
    preview_refresh = PreviewRefresh(
        clock,
        database,
        discs=discs,
        lookup=lookup,
        previews=previews,
        seasons=seasons,
    )
    review = DiscReview(
        clock,
        database,
        discs=discs,
        previews=previews,
        seasons=seasons,
        thumbnails=thumbnails,
    )
    auto_approval = AutoApproval(settings, discs, review)
    rips = RipOrders(context, discs, jobs)
    auto_rip = AutoRip(settings, database, discs=discs, jobs=jobs, rips=rips)
    return DiscServices(
        manager=DiscManager(
            settings,
            clock,
            database,
            agents=agents,
            discs=discs,
            archive=archive,
            recall=DiscRecall(archive),
            jobs=jobs,
            lookup=lookup,
            previews=previews,
            seasons=seasons,
            context=context,
            thumbnails=thumbnails,
        ),
        review=review,
        overrides=DiscOverrides(
            clock,
            database,
            discs=discs,
            lookup=lookup,
            identifier=identifier,
            previews=previews,
            seasons=seasons,
        ),
        rips=rips,
        seasons=seasons,
        metadata=metadata,
        auto_approval=auto_approval,
        auto_rip=auto_rip,
        steps=(
            MaintenanceStep("refresh_previews", 60, lambda _: preview_refresh.run()),
            MaintenanceStep("approve_previews", 60, lambda _: auto_approval.run()),
            MaintenanceStep("order_rips", 5, lambda _: auto_rip.run()),
            MaintenanceStep("forget_answers", 3600, cache.delete_old),
            MaintenanceStep("prune", 5, PruneStep().run),
        ),
    )

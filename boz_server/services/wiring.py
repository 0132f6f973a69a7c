"""Builds the context and everything that holds state, in one place."""

from dataclasses import dataclass

from boz_server.clock import Clock
from boz_server.context import Context
from boz_server.database.connection import Database
from boz_server.services.discs import ejection, hands_free, inheritance, thumbnails
from boz_server.services.discs.hands_free import AutoRip
from boz_server.services.library.nas import LibraryShare
from boz_server.services.library.organizer import Organizer
from boz_server.services.machines.agent_manager import AgentManager
from boz_server.services.machines.worker_manager import WorkerManager
from boz_server.services.maintenance import housekeeping, idempotency, scheduler
from boz_server.services.maintenance.backups import BackupStep
from boz_server.services.maintenance.housekeeping import LogWatch, SpaceWatch
from boz_server.services.maintenance.loop import BackgroundLoop
from boz_server.services.maintenance.retention import PruneStep
from boz_server.services.maintenance.scheduler import Maintenance, MaintenanceStep
from boz_server.services.metadata import cache
from boz_server.services.metadata.lookup import Metadata
from boz_server.services.notifications import discord, media_servers
from boz_server.services.notifications.outbox import TICK_SECONDS as OUTBOX_TICK_SECONDS
from boz_server.services.notifications.outbox import Outbox
from boz_server.services.queue import dispatcher, failures, leases, repair, results, stalls
from boz_server.services.queue.job_queue import JobQueue
from boz_server.services.uploads import complete, inputs, receive
from boz_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What one process holds; everything else is a function of the context."""

    context: Context
    agents: AgentManager
    workers: WorkerManager
    queue: JobQueue
    auto_rip: AutoRip
    maintenance: Maintenance
    metadata: Metadata
    outbox: Outbox
    organizer: Organizer
    #: The background threads, which gunicorn.conf.py starts and stops.
    loops: tuple[BackgroundLoop, ...]


def build_services(settings: Settings, database: Database, clock: Clock) -> Services:
    """Build the services of one process; no connection is opened."""
    context = Context.build(settings, clock, database)
    agents, workers = AgentManager(context), WorkerManager(context)
    share = LibraryShare(settings)
    organizer = Organizer(context, share, complete_uploads=receive.finish)
    outbox = Outbox(context, {**media_servers.senders(settings), **discord.senders(settings)})
    metadata, auto_rip = Metadata(context), AutoRip()
    maintenance = Maintenance(context, _steps(metadata, auto_rip))
    return Services(
        context=context,
        agents=agents,
        workers=workers,
        queue=JobQueue(context, share, agents, workers),
        auto_rip=auto_rip,
        maintenance=maintenance,
        metadata=metadata,
        outbox=outbox,
        organizer=organizer,
        loops=(
            BackgroundLoop(
                "maintenance",
                maintenance.tick,
                scheduler.TICK_SECONDS,
                database.release,
                at_end=maintenance.step_down,
            ),
            BackgroundLoop("outbox", outbox.tick, OUTBOX_TICK_SECONDS, database.release),
            organizer.loop,
        ),
    )


def _steps(metadata: Metadata, auto_rip: AutoRip) -> tuple[MaintenanceStep, ...]:
    """List what the leader does regularly: name, period in seconds, function of the context."""

    def refresh_previews(context: Context) -> int:
        return hands_free.refresh_previews(context, metadata)

    return (
        # First, to repair what a crash left.
        MaintenanceStep("reconcile", 3600, repair.run),
        MaintenanceStep("decide_failures", 5, failures.decide),
        MaintenanceStep("rescue", 5, leases.rescue),
        MaintenanceStep("watch_stalls", 5, stalls.watch),
        MaintenanceStep("retry", 5, leases.retry_due),
        MaintenanceStep("give_up_results", 60, results.give_up_overdue),
        MaintenanceStep("dispatch", 5, dispatcher.dispatch_now),
        MaintenanceStep("take_over_discs", 60, inheritance.take_over_late),
        MaintenanceStep("give_up_rips", 5, ejection.give_up),
        MaintenanceStep("clear_thumbnails", 60, thumbnails.clean_up),
        MaintenanceStep("forget_keys", 3600, idempotency.delete_old_keys),
        MaintenanceStep("refresh_previews", 60, refresh_previews),
        MaintenanceStep("approve_previews", 60, hands_free.approve_previews),
        MaintenanceStep("order_rips", 5, auto_rip.run),
        MaintenanceStep("forget_answers", 3600, cache.delete_old),
        MaintenanceStep("prune", 5, PruneStep().run),
        MaintenanceStep("watch_space", 60, SpaceWatch().run),
        # Before uploads are forgotten.
        MaintenanceStep("organize_stranded", 600, complete.organize_stranded),
        MaintenanceStep("forget_uploads", 600, receive.forget_expired),
        MaintenanceStep("sweep_inputs", 60, inputs.sweep),
        MaintenanceStep("fold_in_log", 60, LogWatch().run),
        MaintenanceStep("optimize", 3600, housekeeping.optimize),
        # Last, because it may take long.
        MaintenanceStep("back_up", 600, BackupStep().run),
    )

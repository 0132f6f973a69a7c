"""Repairs what should follow from the jobs and does not: after a crash of an older server, or a
manual change in the database."""

import logging

from boz_server.context import Context
from boz_server.services.queue import dispatcher, transitions
from boz_server.services.queue.transitions import SERVER

log = logging.getLogger(__name__)


def run(context: Context) -> dict[str, int]:
    """Bring agents, workers, discs and leases in line with the jobs; returns how many rows of
    each kind were wrong."""
    repair = context.stores.repair
    with context.database.write_queue():
        repaired = {
            "jobs without a lease": repair.give_leases(context.clock.now()),
            "jobs held by no one": _queue_jobs_of_no_one(context),
            "agents": repair.repair_agents(),
            "workers": repair.repair_workers(),
            "discs": repair.repair_discs(),
        }
        dispatcher.dispatch(context)
    for kind, count in repaired.items():
        if count:
            log.warning("State repaired", extra={"kind": kind, "rows": count})
    return repaired


def _queue_jobs_of_no_one(context: Context) -> int:
    jobs = context.stores.repair.jobs_of_no_one()
    for job in jobs:
        transitions.requeue(context, job, actor=SERVER, detail="No machine had it.")
    return len(jobs)

"""Repairs rows that contradict the jobs, after a crash of an older server or a manual change."""

import logging

from boz_server.context import Context
from boz_server.services.queue import dispatcher, transitions
from boz_server.services.queue.transitions import SERVER

log = logging.getLogger(__name__)


def run(context: Context) -> dict[str, int]:
    """Bring agents, workers, discs and leases in line with the jobs.

    Returns how many rows of each kind were wrong.
    """
    stores = context.stores
    with context.database.write_queue():
        nobodys = stores.attempts.held_by_nobody()
        for job in nobodys:
            transitions.requeue(context, job, actor=SERVER, detail="No machine had it.")
        repaired = {
            "jobs without a lease": stores.attempts.give_missing_leases(context.clock.now()),
            "jobs held by no one": len(nobodys),
            "agents": stores.agents.repair_work(),
            "workers": stores.workers.repair_work(),
            "discs": stores.discs.repair_ripping(),
        }
        dispatcher.dispatch(context)
    for kind, count in repaired.items():
        if count:
            log.warning("State repaired", extra={"kind": kind, "rows": count})
    return repaired

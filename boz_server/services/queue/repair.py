"""Repairs what follows from the jobs, wherever it does not: after a crash of an older server, or
a hand in the database."""

import logging

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.repositories.reconciliation_repository import ReconciliationRepository
from boz_server.services.queue.dispatcher import Dispatcher
from boz_server.services.queue.transitions import SERVER, JobMoves

log = logging.getLogger(__name__)


class Reconciliation:
    """Brings agents, workers, discs and leases in line with the jobs, which are the truth."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        *,
        rows: ReconciliationRepository,
        moves: JobMoves,
        dispatcher: Dispatcher,
    ) -> None:
        self.clock = clock
        self.database = database
        self.rows = rows
        self.moves = moves
        self.dispatcher = dispatcher

    def run(self) -> dict[str, int]:
        """Repair what is wrong; returns how many rows of what kind were."""
        with self.database.write_queue():
            repaired = {
                "jobs without a lease": self.rows.give_leases(self.clock.now()),
                "jobs held by no one": self._queue_jobs_of_no_one(),
                "agents": self.rows.repair_agents(),
                "workers": self.rows.repair_workers(),
                "discs": self.rows.repair_discs(),
            }
            self.dispatcher.dispatch()
        for kind, count in repaired.items():
            if count:
                log.warning("State repaired", extra={"kind": kind, "rows": count})
        return repaired

    def _queue_jobs_of_no_one(self) -> int:
        jobs = self.rows.jobs_of_no_one()
        for job in jobs:
            self.moves.requeue(job, actor=SERVER, detail="No machine had it.")
        return len(jobs)

"""Answers what was done, by whom, how fast, and what it saved, from the daily statistics."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from boz_server.clock import Clock
from boz_server.database.models import Worker
from boz_server.domain.statistics.runs import Grouping, Tally, part, tallied
from boz_server.errors import Invalid
from boz_server.repositories.statistics_repository import StatisticsRepository
from boz_server.repositories.worker_repository import WorkerRepository

#: How many days are told of where no one says from when, and at most: ten years.
USUAL_DAYS, MAX_DAYS = 30, 3653

Answer = dict[str, Any]


class Analytics:
    """Adds up days; what is asked for by day costs as much as there are days, not jobs."""

    def __init__(
        self, clock: Clock, *, rows: StatisticsRepository, workers: WorkerRepository
    ) -> None:
        self.clock = clock
        self.rows = rows
        self.workers = workers

    def jobs(self, first: date | None, last: date | None, grouping: Grouping) -> Answer:
        """Return what came of jobs, in groups.

        first, last: both included; None: the last 30 days, up to today. Raises Invalid where they
        are no span of days, or one of more than ten years.
        """
        first, last = self._span(first, last)
        groups, total = tallied(self.rows.sums(first, last, grouping))
        return {
            "first": first,
            "last": last,
            "group": grouping,
            "groups": [{"key": key, **_of_jobs(tally)} for key, tally in groups.items()],
            "total": _of_jobs(total),
        }

    def of_workers(self, first: date | None, last: date | None) -> list[Answer]:
        """Return what came of each worker's runs, of all that are registered or have any, by id.

        Raises Invalid as `jobs` does.
        """
        first, last = self._span(first, last)
        groups, _ = tallied(self.rows.sums(first, last, Grouping.WORKER))
        tallies = {worker_id: tally for worker_id, tally in groups.items() if worker_id is not None}
        known = {worker.worker_id: worker for worker in self.workers.all()}
        return [
            self._of_worker(one, tallies.get(one, Tally()), known.get(one), first, last)
            for one in sorted({*known, *tallies})
        ]

    def storage(self, first: date | None, last: date | None) -> Answer:
        """Return what transcodes saved, by preset; None: from the beginning, up to now.

        Raises Invalid where the days are no span.
        """
        if first is not None and last is not None:
            _require_order(first, last)
        groups, total = tallied(self.rows.sums(first, last, Grouping.PRESET))
        return {
            "first": first,
            "last": last,
            **total.comparison(),
            "presets": [
                {"preset": preset, **tally.comparison()}
                for preset, tally in groups.items()
                if tally.compared_runs
            ],
        }

    def _span(self, first: date | None, last: date | None) -> tuple[date, date]:
        last = last or self.clock.now().date()
        if first is None:
            # Before year 1 there are no days.
            first = date.fromordinal(max(1, last.toordinal() - USUAL_DAYS + 1))
        _require_order(first, last)
        if (last - first).days > MAX_DAYS:
            raise Invalid("from", f"More than {MAX_DAYS} days before 'to': ask for fewer at once.")
        return first, last

    def _of_worker(
        self, worker_id: str, tally: Tally, worker: Worker | None, first: date, last: date
    ) -> Answer:
        return {
            "worker_id": worker_id,
            "hostname": None if worker is None else worker.hostname,
            **tally.counts(),
            "failure_rate": tally.failure_rate(lost_attempts=True),
            "duration_seconds": tally.duration_seconds(),
            "throughput_bytes_per_second": part(tally.sized_bytes, tally.sized_seconds),
            "utilisation": None if worker is None else self._use(worker, tally, first, last),
        }

    def _use(self, worker: Worker, tally: Tally, first: date, last: date) -> float | None:
        """Return which part of the time it could have worked it did, 0–1; None where it was not
        there on any of these days."""
        now = self.clock.now()
        ends = min(now, _midnight(min(last, now.date())) + timedelta(days=1))
        begins = max(_midnight(first), worker.registered_at)
        places = max(1, worker.capabilities["max_concurrent"])
        there = max(0.0, (ends - begins).total_seconds()) * places
        use = part(tally.busy_seconds, there)
        # What ends on a day counts as that day's, though it may have begun on an earlier one.
        return None if use is None else min(1.0, use)


def _of_jobs(tally: Tally) -> Answer:
    return {
        **tally.counts(),
        "failure_rate": tally.failure_rate(lost_attempts=False),
        "duration_seconds": tally.duration_seconds(),
        "input_bytes": tally.input_bytes,
        "output_bytes": tally.output_bytes,
        "saved_bytes": tally.saved_bytes,
    }


def _require_order(first: date, last: date) -> None:
    if first > last:
        raise Invalid("from", f"{first} is later than 'to', {last}: swap them, or leave one out.")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

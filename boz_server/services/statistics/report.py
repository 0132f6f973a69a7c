"""Answers what was done, by which worker, how fast, and what it saved, from daily statistics.

An answer costs as much as there are days in it, however many jobs they had.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from boz_server.context import Context
from boz_server.database.models import Worker
from boz_server.domain.statistics.runs import Grouping, Tally, part, tallied
from boz_server.errors import Invalid

#: How many days an answer has when the request gives no first day, and at most (ten years).
DEFAULT_DAYS, MAX_DAYS = 30, 3653

Answer = dict[str, Any]


def jobs(context: Context, first: date | None, last: date | None, grouping: Grouping) -> Answer:
    """Return the outcomes of jobs, in groups.

    first, last: both included; None: 30 days, up to today. Raises Invalid when the last day
    comes before the first, or there are more than ten years between them.
    """
    first, last = _span(context.clock.now(), first, last)
    groups, total = tallied(context.stores.statistics.sums(first, last, grouping))
    return {
        "first": first,
        "last": last,
        "group": grouping,
        "groups": [{"key": key, **_of_jobs(tally)} for key, tally in groups.items()],
        "total": _of_jobs(total),
    }


def workers(context: Context, first: date | None, last: date | None) -> list[Answer]:
    """Return the outcomes of runs by worker id, of workers that are registered or have runs.

    Raises Invalid as `jobs` does.
    """
    now = context.clock.now()
    first, last = _span(now, first, last)
    groups, _ = tallied(context.stores.statistics.sums(first, last, Grouping.WORKER))
    tallies = {worker_id: tally for worker_id, tally in groups.items() if worker_id is not None}
    known = {worker.worker_id: worker for worker in context.stores.workers.all()}
    return [
        _of_worker(one, tallies.get(one, Tally()), known.get(one), first, last, now=now)
        for one in sorted({*known, *tallies})
    ]


def storage(context: Context, first: date | None, last: date | None) -> Answer:
    """Return what transcodes saved, by preset; first None: since the beginning, last None: today.

    Raises Invalid when the last day comes before the first.
    """
    if first is not None and last is not None:
        _require_order(first, last)
    groups, total = tallied(context.stores.statistics.sums(first, last, Grouping.PRESET))
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


def _span(now: datetime, first: date | None, last: date | None) -> tuple[date, date]:
    last = last or now.date()
    if first is None:
        # There are no days before year 1.
        first = date.fromordinal(max(1, last.toordinal() - DEFAULT_DAYS + 1))
    _require_order(first, last)
    if (last - first).days > MAX_DAYS:
        raise Invalid("from", f"More than {MAX_DAYS} days before 'to': ask for fewer at once.")
    return first, last


def _of_worker(
    worker_id: str, tally: Tally, worker: Worker | None, first: date, last: date, *, now: datetime
) -> Answer:
    return {
        "worker_id": worker_id,
        "hostname": None if worker is None else worker.hostname,
        **tally.counts(),
        "failure_rate": tally.failure_rate(lost_attempts=True),
        "duration_seconds": tally.duration_seconds(),
        "throughput_bytes_per_second": part(tally.sized_bytes, tally.sized_seconds),
        "utilisation": None if worker is None else _use(worker, tally, first, last, now),
    }


def _use(worker: Worker, tally: Tally, first: date, last: date, now: datetime) -> float | None:
    """Return the share of its time that a worker worked, 0–1; None if it registered later."""
    ends = min(now, _midnight(min(last, now.date())) + timedelta(days=1))
    begins = max(_midnight(first), worker.registered_at)
    places = max(1, worker.capabilities["max_concurrent"])
    there = max(0.0, (ends - begins).total_seconds()) * places
    use = part(tally.busy_seconds, there)
    # A run counts on the day that it ends, even if it began on an earlier one.
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

"""What statistics count: a run for each end of a job, and for each attempt before that failed or
was lost.

Durations are histograms, which can be added up over days, unlike medians: {bucket: count}, where a
bucket is named by its lowest whole second. Up to 32 s each second is a bucket; above, each doubling
has 16 (as in HdrHistogram), so a duration is exact to 3.2 % or half a second.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from boz_server.domain.queue.job_states import JobType

Row = dict[str, Any]

#: The key of a row of statistics, and the columns that are added up.
KEY = ("day", "job_type", "outcome", "worker_id", "preset", "duration_bucket")
SUMS = (
    "runs",
    "busy_seconds",
    "sized_seconds",
    "input_bytes",
    "output_bytes",
    "compared_runs",
    "compared_bytes",
    "saved_bytes",
)
#: 16 TiB: no file is larger, and sums of larger sizes would overflow 64 bits.
LARGEST_BYTES = 2**44
MAX_PRESET_LENGTH = 255
#: A doubling has 16 buckets, so the name of a bucket keeps only the five leading bits.
_LEADING_BITS = 5
#: The bucket of unknown durations.
UNKNOWN = -1
#: 48 days: a longer duration comes from a wrong clock, and would spoil every mean.
LONGEST_SECONDS = 2**22


class Outcome(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    #: The attempt failed or was lost with its machine, and the job was queued again.
    RETRIED = "retried"


#: The outcomes that end a job, in the order of the response.
ENDS = (Outcome.COMPLETED, Outcome.FAILED, Outcome.CANCELLED)


class Grouping(StrEnum):
    """How statistics of jobs are grouped."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TYPE = "type"
    WORKER = "worker"
    PRESET = "preset"


@dataclass(frozen=True, slots=True)
class Run:
    """One run to count; None for unknown values.

    ended_at: the run counts on this UTC day. seconds: how long it took; an implausible duration
    counts as unknown.
    """

    ended_at: datetime
    job_type: JobType
    outcome: Outcome
    worker_id: str | None
    preset: str | None
    seconds: float | None
    input_bytes: int | None
    output_bytes: int | None

    def row(self) -> Row:
        """Return what the run adds to the statistics."""
        seconds = known_seconds(self.seconds)
        busy = seconds or 0.0
        before, after = _known_bytes(self.input_bytes), _known_bytes(self.output_bytes)
        # Only transcodes make files smaller: rips and organize jobs are not compared.
        both = self.job_type is JobType.TRANSCODE and bool(before and after)
        return {
            "day": self.ended_at.date(),
            "job_type": self.job_type,
            "outcome": self.outcome,
            "worker_id": self.worker_id or "",
            "preset": (self.preset or "")[:MAX_PRESET_LENGTH],
            "duration_bucket": bucket_of(seconds),
            "runs": 1,
            "busy_seconds": busy,
            "sized_seconds": busy if before else 0.0,
            "input_bytes": before,
            "output_bytes": after,
            "compared_runs": int(both),
            "compared_bytes": before if both else 0,
            "saved_bytes": before - after if both else 0,
        }

    def result_row(self) -> Row:
        """Return what the size of the result adds to a run that was counted before."""
        return replace(self, seconds=None).row() | {"runs": 0, "input_bytes": 0}


class Sums(NamedTuple):
    """The sum of the rows of one group, outcome and bucket.

    key: the group's; None for rows without one.
    """

    key: str | None
    outcome: Outcome
    duration_bucket: int
    runs: int
    busy_seconds: float
    sized_seconds: float
    input_bytes: int
    output_bytes: int
    compared_runs: int
    compared_bytes: int
    saved_bytes: int


@dataclass(slots=True)
class Tally:
    """The outcomes of one group's runs; bytes and durations are those of completed runs."""

    runs: Counter[Outcome] = field(default_factory=Counter)
    durations: Counter[int] = field(default_factory=Counter)
    busy_seconds: float = 0.0
    timed_seconds: float = 0.0
    sized_seconds: float = 0.0
    #: Of the runs with a known duration only.
    sized_bytes: int = 0
    input_bytes: int = 0
    output_bytes: int = 0
    compared_runs: int = 0
    compared_bytes: int = 0
    saved_bytes: int = 0

    def add(self, sums: Sums) -> None:
        """Add rows of the group."""
        self.runs[sums.outcome] += sums.runs
        self.busy_seconds += sums.busy_seconds
        if sums.outcome is not Outcome.COMPLETED:
            return
        if sums.duration_bucket != UNKNOWN:
            self.durations[sums.duration_bucket] += sums.runs
            self.timed_seconds += sums.busy_seconds
            self.sized_seconds += sums.sized_seconds
            self.sized_bytes += sums.input_bytes
        self.input_bytes += sums.input_bytes
        self.output_bytes += sums.output_bytes
        self.compared_runs += sums.compared_runs
        self.compared_bytes += sums.compared_bytes
        self.saved_bytes += sums.saved_bytes

    def counts(self) -> Row:
        """Return how many jobs ended in which way, and how many attempts were lost."""
        ends = {outcome.value: self.runs[outcome] for outcome in ENDS}
        return {"jobs": sum(ends.values()), **ends, "retried": self.runs[Outcome.RETRIED]}

    def failure_rate(self, *, lost_attempts: bool) -> float | None:
        """Return the share of completed and failed runs that failed, 0–1; None without any.

        lost_attempts: count them as failed, to judge a machine.
        """
        bad = self.runs[Outcome.FAILED]
        if lost_attempts:
            bad += self.runs[Outcome.RETRIED]
        return part(bad, bad + self.runs[Outcome.COMPLETED])

    def duration_seconds(self) -> Row:
        """Return mean, median and 95th percentile; None when no duration is known."""
        return {
            "mean": part(self.timed_seconds, self.durations.total()),
            "p50": percentile(self.durations, 50),
            "p95": percentile(self.durations, 95),
        }

    def comparison(self) -> Row:
        """Return what transcoding saved, in the runs with both sizes known."""
        saved = part(self.saved_bytes, self.compared_bytes)
        return {
            "transcodes": self.compared_runs,
            "input_bytes": self.compared_bytes,
            "output_bytes": self.compared_bytes - self.saved_bytes,
            "saved_bytes": self.saved_bytes,
            "saved_percent": None if saved is None else 100 * saved,
        }


def tallied(rows: Iterable[Sums]) -> tuple[dict[str | None, Tally], Tally]:
    """Return the tallies by key, rows without a key first, and the tally of all."""
    groups: dict[str | None, Tally] = {}
    total = Tally()
    for sums in rows:
        groups.setdefault(sums.key, Tally()).add(sums)
        total.add(sums)
    return {key: groups[key] for key in sorted(groups, key=lambda key: key or "")}, total


def merged(rows: Iterable[Row]) -> list[Row]:
    """Add up rows of the same key."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        known = found.setdefault(tuple(row[name] for name in KEY), row)
        if known is not row:
            known |= {name: known[name] + row[name] for name in SUMS}
    return list(found.values())


def negated(row: Row) -> Row:
    """Return the row that cancels a row."""
    return row | {name: -row[name] for name in SUMS}


def seconds_between(began: datetime | None, ended: datetime) -> float | None:
    """Return how long a run took; None when its start is unknown."""
    return None if began is None else (ended - began).total_seconds()


def part(some: float, of_all: float) -> float | None:
    """Return a share of a whole; None when the whole is 0."""
    return some / of_all if of_all else None


def _known_bytes(size: int | None) -> int:
    """Return a file's size; 0 when it is unknown, as machines report it then."""
    return size if size is not None and 0 < size <= LARGEST_BYTES else 0


def known_seconds(seconds: float | None) -> float | None:
    """Return a duration if it is plausible, otherwise None.

    A clock that was put back makes some negative, and a duration of 0 means that the start is
    unknown.
    """
    return seconds if seconds is not None and 0 < seconds <= LONGEST_SECONDS else None


def bucket_of(seconds: float | None) -> int:
    """Return the bucket of a duration; UNKNOWN for None."""
    if seconds is None:
        return UNKNOWN
    whole = int(seconds + 0.5)
    shift = _shift(whole)
    return whole >> shift << shift


def seconds_of(bucket: int) -> float:
    """Return the duration in the middle of a bucket, which stands for all of it."""
    return bucket + ((1 << _shift(bucket)) - 1) / 2


def percentile(histogram: Mapping[int, int], percent: int) -> float | None:
    """Return the shortest duration that this percentage of runs does not exceed; None for an empty
    histogram."""
    rank = -(-sum(histogram.values()) * percent // 100)
    for bucket in sorted(histogram):
        rank -= histogram[bucket]
        if rank <= 0 < histogram[bucket]:
            return seconds_of(bucket)
    return None


def _shift(whole: int) -> int:
    return max(0, whole.bit_length() - _LEADING_BITS)

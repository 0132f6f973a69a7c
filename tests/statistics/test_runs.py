"""Runs and their durations: what they add to the statistics, and how they add up."""

import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.queue.job_states import JobType
from boz_server.domain.statistics.runs import (
    LARGEST_BYTES,
    LONGEST_SECONDS,
    SUMS,
    UNKNOWN,
    Outcome,
    Row,
    Run,
    Sums,
    Tally,
    bucket_of,
    known_seconds,
    merged,
    percentile,
    seconds_of,
    tallied,
)

GB = 1_000_000_000
RUN = Run(
    ended_at=datetime(2026, 1, 24, 23, 59, 59, 999999, tzinfo=UTC),
    job_type=JobType.TRANSCODE,
    outcome=Outcome.COMPLETED,
    worker_id="gpu",
    preset="Fast 1080p30",
    seconds=100.0,
    input_bytes=8 * GB,
    output_bytes=2 * GB,
)


def sums_of(*runs: Run, key: str | None = None) -> list[Sums]:
    """Add runs up as the database does."""
    return [
        Sums(key, row["outcome"], row["duration_bucket"], *(row[name] for name in SUMS))
        for row in merged(run.row() for run in runs)
    ]


def tally(*runs: Run) -> Tally:
    """Tally runs."""
    return tallied(sums_of(*runs))[1]


def test_it_counts_a_run():
    assert RUN.row() == {
        "day": date(2026, 1, 24),
        "job_type": "transcode",
        "outcome": "completed",
        "worker_id": "gpu",
        "preset": "Fast 1080p30",
        "duration_bucket": 100,
        "runs": 1,
        "busy_seconds": 100.0,
        "sized_seconds": 100.0,
        "input_bytes": 8 * GB,
        "output_bytes": 2 * GB,
        "compared_runs": 1,
        "compared_bytes": 8 * GB,
        "saved_bytes": 6 * GB,
    }


def test_it_counts_a_run_of_which_nothing_is_known():
    unknown = replace(
        RUN, worker_id=None, preset=None, seconds=None, input_bytes=None, output_bytes=None
    )
    assert unknown.row() == RUN.row() | {
        "worker_id": "",
        "preset": "",
        "duration_bucket": -1,
        **dict.fromkeys(SUMS, 0),
        "runs": 1,
    }


@pytest.mark.parametrize("size", [None, 0, -1, LARGEST_BYTES + 1, 2**63 - 1])
def test_it_compares_no_size_that_can_not_be(size):
    row = replace(RUN, input_bytes=size).row()
    assert (row["input_bytes"], row["sized_seconds"], row["output_bytes"]) == (0, 0, 2 * GB)
    assert (row["compared_runs"], row["compared_bytes"], row["saved_bytes"]) == (0, 0, 0)
    row = replace(RUN, output_bytes=size).row()
    assert (row["input_bytes"], row["output_bytes"], row["compared_runs"]) == (8 * GB, 0, 0)


@pytest.mark.parametrize("job_type", [JobType.RIP, JobType.ORGANIZE])
def test_it_compares_sizes_of_transcodes_alone(job_type):
    row = replace(RUN, job_type=job_type).row()
    assert (row["input_bytes"], row["output_bytes"]) == (8 * GB, 2 * GB)
    assert (row["compared_runs"], row["compared_bytes"], row["saved_bytes"]) == (0, 0, 0)


def test_it_counts_a_result_that_is_larger_than_its_file():
    assert replace(RUN, output_bytes=9 * GB).row()["saved_bytes"] == -GB


def test_it_adds_a_result_without_a_run():
    row = RUN.result_row()
    assert row == RUN.row() | {
        "duration_bucket": -1,
        "runs": 0,
        "busy_seconds": 0,
        "sized_seconds": 0,
        "input_bytes": 0,
    }


def test_it_gives_long_names_of_presets_a_place_in_an_index():
    assert replace(RUN, preset="x" * 5000).row()["preset"] == "x" * 255


def test_it_adds_up_rows_of_one_key():
    rows = [RUN.row(), RUN.row(), replace(RUN, outcome=Outcome.FAILED).row()]
    completed, failed = merged(rows)
    assert (completed["runs"], completed["busy_seconds"], completed["saved_bytes"]) == (
        2, 200.0, 12 * GB,
    )  # fmt: skip
    assert failed["runs"] == 1


def test_it_tells_ends_from_lost_attempts():
    outcomes = [*[Outcome.COMPLETED] * 6, *[Outcome.FAILED] * 2, Outcome.CANCELLED]
    found = tally(*(replace(RUN, outcome=one) for one in [*outcomes, Outcome.RETRIED]))
    assert found.counts() == {
        "jobs": 9, "completed": 6, "failed": 2, "cancelled": 1, "retried": 1,
    }  # fmt: skip
    assert found.failure_rate(lost_attempts=False) == 2 / 8
    assert found.failure_rate(lost_attempts=True) == 3 / 9


def test_it_has_no_rate_of_nothing():
    nothing = tally(replace(RUN, outcome=Outcome.CANCELLED))
    assert nothing.failure_rate(lost_attempts=True) is None
    assert nothing.duration_seconds() == {"mean": None, "p50": None, "p95": None}
    assert nothing.comparison()["saved_percent"] is None


def test_it_tells_durations_and_sizes_of_completed_runs_alone():
    found = tally(
        RUN,
        replace(RUN, seconds=300),
        replace(RUN, seconds=None),
        replace(RUN, seconds=9000, outcome=Outcome.FAILED),
    )
    assert found.duration_seconds() == {"mean": 200.0, "p50": 101.5, "p95": 295.5}
    assert (found.input_bytes, found.output_bytes) == (24 * GB, 6 * GB)
    assert found.busy_seconds == 9400


def test_it_measures_throughput_where_time_and_size_are_known():
    found = tally(RUN, replace(RUN, seconds=None), replace(RUN, input_bytes=None, seconds=200))
    assert (found.sized_bytes, found.sized_seconds) == (8 * GB, 100)


def test_it_compares_sizes():
    found = tally(RUN, replace(RUN, output_bytes=None), replace(RUN, output_bytes=4 * GB))
    assert found.comparison() == {
        "transcodes": 2,
        "input_bytes": 16 * GB,
        "output_bytes": 6 * GB,
        "saved_bytes": 10 * GB,
        "saved_percent": 62.5,
    }


def test_it_puts_groups_in_the_order_of_their_keys():
    rows = [one for key in ("b", None, "a") for one in sums_of(RUN, key=key)]
    groups, total = tallied(rows)
    assert list(groups) == [None, "a", "b"]
    assert total.counts()["jobs"] == 3


runs = st.builds(
    Run,
    ended_at=st.datetimes(timezones=st.just(UTC)),
    job_type=st.sampled_from(JobType),
    outcome=st.sampled_from(Outcome),
    worker_id=st.sampled_from([None, "gpu"]),
    preset=st.sampled_from([None, "Fast"]),
    seconds=st.none() | st.integers(-5, 10_000),
    input_bytes=st.none() | st.integers(0, 2**63),
    output_bytes=st.none() | st.integers(0, 2**63),
)


@given(st.lists(runs, max_size=20), st.lists(runs, max_size=20))
def test_it_adds_up_the_same_in_any_portions(some, others):
    def summed(rows: list[Row]) -> list[Row]:
        return sorted(merged(rows), key=repr)

    parts = [*merged(run.row() for run in some), *merged(run.row() for run in others)]
    assert summed(parts) == summed([run.row() for run in [*some, *others]])


durations = st.floats(0.001, LONGEST_SECONDS)


def off_by_at_most(true: float) -> float:
    """The allowed error."""
    return max(0.5, 0.032 * true)


@given(durations)
def test_it_knows_a_duration_to_3_2_percent_or_half_a_second(seconds):
    assert abs(seconds_of(bucket_of(seconds)) - seconds) <= off_by_at_most(seconds)


@given(st.lists(durations, min_size=1, max_size=200), st.integers(1, 100))
def test_it_knows_percentiles_as_exactly(seconds, percent):
    true = sorted(seconds)[math.ceil(len(seconds) * percent / 100) - 1]
    found = percentile(Counter(map(bucket_of, seconds)), percent)
    assert found is not None
    assert abs(found - true) <= off_by_at_most(true)


@given(durations, durations)
def test_it_keeps_the_order_of_durations(one, other):
    assert (one < other) <= (bucket_of(one) <= bucket_of(other))


@pytest.mark.parametrize(
    ("seconds", "bucket", "middle"),
    [(0.4, 0, 0), (0.6, 1, 1), (31.4, 31, 31), (31.5, 32, 32.5), (33, 32, 32.5), (34, 34, 34.5),
     (63, 62, 62.5), (64, 64, 65.5), (3600, 3584, 3647.5), (10_000, 9728, 9983.5),
     (None, UNKNOWN, None)],
)  # fmt: skip
def test_it_has_16_buckets_to_each_doubling_from_32_seconds_on(seconds, bucket, middle):
    assert bucket_of(seconds) == bucket
    assert middle is None or seconds_of(bucket) == middle


def test_it_has_so_few_buckets_that_a_day_stays_small():
    assert len({bucket_of(seconds) for seconds in range(24 * 3600)}) == 32 + 11 * 16 + 6


@pytest.mark.parametrize("seconds", [None, 0, 0.0, -5, LONGEST_SECONDS + 1, 1e300])
def test_it_takes_what_can_not_be_for_unknown(seconds):
    assert known_seconds(seconds) is None


@pytest.mark.parametrize("seconds", [0.001, 1, LONGEST_SECONDS])
def test_it_takes_what_can_be(seconds):
    assert known_seconds(seconds) == seconds


def test_it_has_no_percentile_of_nothing():
    assert percentile({}, 50) is None
    assert percentile({5: 0}, 50) is None


@pytest.mark.parametrize(("percent", "seconds"), [(1, 1), (50, 10), (51, 11), (95, 19), (100, 20)])
def test_it_takes_the_nearest_rank(percent, seconds):
    assert percentile(dict.fromkeys(range(1, 21), 1), percent) == seconds

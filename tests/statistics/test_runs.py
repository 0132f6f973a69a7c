"""What a run adds to the statistics, and how they add up."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.queue.job_states import JobType
from boz_server.domain.statistics.runs import (
    LARGEST_BYTES,
    SUMS,
    Outcome,
    Row,
    Run,
    Sums,
    Tally,
    merged,
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

"""When a job that failed for a passing reason is tried again."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from boz_server.domain.queue.job_states import JobType, is_upload_error
from boz_server.domain.queue.retry_policy import BACKOFFS, next_attempt_at

DOCS = Path(__file__).parents[2] / "docs" / "job-states.md"
NOW = datetime(2026, 1, 24, 12, 34, 56, 123456, tzinfo=UTC)
MINUTE, HOUR = 60, 3600


def wait(job_type: JobType, failures: int, chance: float = 0.0) -> float:
    """Seconds until the next attempt."""
    return (next_attempt_at(job_type, failures, NOW, chance) - NOW).total_seconds()


@pytest.mark.parametrize(
    "error",
    ["Upload failed: no route to host", "upload failed", "UPLOAD FAILED", "The upload timed out"],
)
def test_it_knows_an_upload_that_failed(error):
    assert is_upload_error(error)


@pytest.mark.parametrize("error", [None, "", "HandBrake exited with 3", "Disc is scratched"])
def test_it_takes_no_other_error_for_a_passing_one(error):
    assert not is_upload_error(error)


@pytest.mark.parametrize(
    ("job_type", "waits"),
    [
        (JobType.RIP, [15, 30, 60, 120, 240, 300, 300]),
        (JobType.TRANSCODE, [60, 120, 240, 480, 960, 1920, 3600, 3600]),
        (JobType.ORGANIZE, [30, 60, 120, 240, 480, 960, 1800, 1800]),
    ],
)
def test_it_doubles_the_wait_up_to_the_longest(job_type, waits):
    assert [wait(job_type, failures) for failures in range(1, len(waits) + 1)] == waits


@pytest.mark.parametrize("job_type", JobType)
def test_it_waits_no_longer_however_often_a_job_has_failed(job_type):
    assert wait(job_type, 10**9) == BACKOFFS[job_type].longest_seconds


@pytest.mark.parametrize("job_type", JobType)
@pytest.mark.parametrize("failures", [1, 3, 50])
def test_it_adds_up_to_a_quarter_by_chance(job_type, failures):
    least = wait(job_type, failures)
    assert wait(job_type, failures, chance=0.5) == pytest.approx(least * 1.125)
    assert wait(job_type, failures, chance=1.0) == pytest.approx(least * 1.25)


def test_it_counts_from_now():
    later = NOW + timedelta(days=3)
    planned = next_attempt_at(JobType.RIP, 1, later, 0.0)
    assert planned == later + timedelta(seconds=15)


def test_it_waits_as_the_documentation_says():
    units = {"s": 1, "min": MINUTE, "h": HOUR}
    rows = re.findall(r"^\| (\w+) \| (\d+) (\w+) \| (\d+) (\w+) \|", DOCS.read_text(), re.MULTILINE)
    told = {
        name: (int(first) * units[unit], int(longest) * units[longest_unit])
        for name, first, unit, longest, longest_unit in rows
    }
    assert told == {
        str(job_type): (backoff.first_seconds, backoff.longest_seconds)
        for job_type, backoff in BACKOFFS.items()
    }

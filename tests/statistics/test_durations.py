"""Durations as histograms: how exact they are, and that they add up."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boz_server.domain.statistics.durations import (
    LONGEST_SECONDS,
    UNKNOWN,
    bucket_of,
    known_seconds,
    percentile,
    seconds_of,
)

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

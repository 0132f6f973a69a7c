"""Durations as histograms, which can be added up over days, unlike medians.

A histogram is {bucket: count}; a bucket is named by its lowest whole second. Up to 32 s each second
is a bucket; above, each doubling has 16 (as in HdrHistogram), so a duration is exact to 3.2 % or
half a second.
"""

from collections.abc import Mapping

#: A doubling has 16 buckets, so the name of a bucket keeps only the five leading bits.
_LEADING_BITS = 5
#: The bucket of unknown durations.
UNKNOWN = -1
#: 48 days: a longer duration comes from a wrong clock, and would spoil every mean.
LONGEST_SECONDS = 2**22


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

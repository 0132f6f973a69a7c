"""Durations as histograms: those of several days add up, where medians of several days don't.

A histogram is {bucket: how many}; a bucket is named by its least whole second. Up to 32 s each
second has its own, from there on each doubling has 16 (as in HdrHistogram): a duration is known to
3.2 %, or to half a second.
"""

from collections.abc import Mapping

#: A doubling has 16 buckets: of a bucket's name only the five leading bits count.
_LEADING_BITS = 5
#: The bucket of durations that are not known.
UNKNOWN = -1
#: 48 days: what is said to have taken longer is a clock's fault, and would spoil every mean.
LONGEST_SECONDS = 2**22


def known_seconds(seconds: float | None) -> float | None:
    """Return a duration that can be so, else None: a clock that was put back makes some negative,
    and what took no time at all was never seen to begin."""
    return seconds if seconds is not None and 0 < seconds <= LONGEST_SECONDS else None


def bucket_of(seconds: float | None) -> int:
    """Return the bucket of a duration; UNKNOWN for None."""
    if seconds is None:
        return UNKNOWN
    whole = int(seconds + 0.5)
    shift = _shift(whole)
    return whole >> shift << shift


def seconds_of(bucket: int) -> float:
    """Return the duration that stands for all of a bucket: the one in its middle."""
    return bucket + ((1 << _shift(bucket)) - 1) / 2


def percentile(histogram: Mapping[int, int], percent: int) -> float | None:
    """Return the duration that so many percent of all don't exceed, and no shorter one does that
    for; None for a histogram of nothing."""
    rank = -(-sum(histogram.values()) * percent // 100)
    for bucket in sorted(histogram):
        rank -= histogram[bucket]
        if rank <= 0 < histogram[bucket]:
            return seconds_of(bucket)
    return None


def _shift(whole: int) -> int:
    return max(0, whole.bit_length() - _LEADING_BITS)

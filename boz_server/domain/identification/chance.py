"""How likely it is that titles of one disc are as long as each other by chance.

Episodes are cut to a slot: with lengths around 22:30 and a deviation of 8 seconds, two of eight are
equal to the second on two discs of five. How closely a disc's lengths lie together says what equal
ones prove.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from math import comb, factorial, prod

from boz_server.domain.identification.title_facts import TitleFacts

#: What chance does more rarely than this is no chance.
UNLIKELY = 0.01
# How common a length is follows from the titles that are as long, give or take this.
_NEAR_SECONDS = 10
# A length that no other title comes near: programmes run up to an hour.
_LEAST_SHARE = 1 / 3600
_MOST_ORDERED = 20


class Chance:
    """The chance that a title of this disc has a certain length, from the lengths that it has.

    titles: those whose repetition is in question. A pair is judged by the other titles: that two
    are equal does not make their length a common one.
    """

    def __init__(self, titles: Sequence[TitleFacts]) -> None:
        self._sorted = sorted(title.duration_seconds for title in titles)
        self._count = Counter(self._sorted)
        self._chapters = Counter(title.chapters for title in titles if title.chapters)
        self._shares: dict[int, float] = {}

    def of_length(self, seconds: int) -> float:
        """Return the share of titles that have this length to the second."""
        if seconds not in self._shares:
            pair = min(2, self._count[seconds])
            others = max(1, len(self._sorted) - 2)
            as_long = (self._count[seconds] - pair) / others
            near = (self._within(seconds, _NEAR_SECONDS) - pair) / others
            smooth = near / (2 * _NEAR_SECONDS + 1)
            self._shares[seconds] = max(as_long, smooth, _LEAST_SHARE)
        return self._shares[seconds]

    def of_title(self, head: Sequence[TitleFacts], title: TitleFacts) -> float:
        """Return how many of other titles are likely to be as long as one, and as rare."""
        shares = (self.of_length(each.duration_seconds) for each in head)
        most = self.of_length(title.duration_seconds)
        return sum(share for share in shares if share <= most) * self._of_chapters(title)

    def of_lists(self, head: Sequence[TitleFacts], tail: Sequence[TitleFacts]) -> float:
        """Return the chance that one list of titles repeats lengths of another in their order.

        It is the expected number of such repeats, divided by the orders that they could be in.
        """
        expected = prod(self.of_title(head, title) for title in tail)
        return expected / factorial(min(len(tail), _MOST_ORDERED))

    def of_pairs(self, seconds: Sequence[TitleFacts]) -> float:
        """Return the chance that each of these titles is as long as the one before it."""
        return prod(
            min(1.0, self.of_length(title.duration_seconds)) * self._of_chapters(title)
            for title in seconds
        )

    @staticmethod
    def of_order(places: Sequence[int]) -> float:
        """Return the chance that things in any order are as nearly in rising order as these."""
        rising: list[int] = []
        for place in places:
            at = bisect_left(rising, place)
            rising[at : at + 1] = [place]
        count, moved = len(places), len(places) - len(rising)
        # Choose what is out of order, where it is, and which is where.
        ways = comb(count, moved) ** 2 * factorial(moved)
        return min(1.0, ways / factorial(count))

    def of_windows(self, titles: Sequence[TitleFacts], places: int, seconds: int) -> float:
        """Return the chance that titles can be put in places of their own, in any order.

        places: how many there are, each this many seconds wide.
        """
        chance = 1.0
        for free, title in zip(range(places, 0, -1), titles, strict=False):
            near = self._within(title.duration_seconds, _NEAR_SECONDS) / len(self._sorted)
            density = max(near / (2 * _NEAR_SECONDS + 1), _LEAST_SHARE)
            chance *= min(1.0, free * seconds * density)
        return chance

    def _of_chapters(self, title: TitleFacts) -> float:
        """Return the share of titles with as many chapters; 1 if they are unknown."""
        if not title.chapters:
            return 1.0
        return self._chapters[title.chapters] / self._chapters.total()

    def _within(self, seconds: int, room: int) -> int:
        """Return how many titles are this long, give or take `room` seconds."""
        return bisect_right(self._sorted, seconds + room) - bisect_left(
            self._sorted, seconds - room
        )

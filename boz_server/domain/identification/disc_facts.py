"""What an agent reports of a disc, and what follows from that alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from boz_server.domain.identification.label import DiscLabel, parse_label, read_label
from boz_server.domain.identification.layout import Layout, analyse
from boz_server.domain.identification.title_facts import TitleFacts, fingerprint


@dataclass(frozen=True, slots=True)
class LayoutRules:
    """The settings by which titles are divided (see `analyse`)."""

    min_duration_seconds: int
    duration_variance: float


class DiscFacts:
    """A disc's label and titles; whatever follows from them is worked out once."""

    def __init__(self, label: str, titles: Sequence[TitleFacts], rules: LayoutRules) -> None:
        self.label = label
        self.titles = tuple(titles)
        self.rules = rules
        self._layouts: dict[tuple[int, ...], Layout] = {}

    @cached_property
    def fingerprint(self) -> str:
        """The same for the same disc in any drive."""
        return fingerprint(self.label, self.titles)

    @cached_property
    def read(self) -> DiscLabel:
        """What the label says, with the name that the disc gives its titles."""
        return read_label(self.label, self.titles)

    @cached_property
    def title_key(self) -> str:
        """The label's own name, as Disc.title_key has it."""
        return parse_label(self.label).key

    def layout(self, season_lengths: Sequence[int] = ()) -> Layout:
        """Divide the titles. season_lengths: of the season's other episodes, in seconds."""
        lengths = tuple(season_lengths)
        if lengths not in self._layouts:
            self._layouts[lengths] = analyse(
                self.titles,
                min_duration_seconds=self.rules.min_duration_seconds,
                duration_variance=self.rules.duration_variance,
                season_lengths=lengths,
            )
        return self._layouts[lengths]

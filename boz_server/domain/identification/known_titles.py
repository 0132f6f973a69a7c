"""What the titles of a known disc are: which to rip, which repeat others, and what is left open."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from boz_server.domain.identification.known_discs import KnownDisc
from boz_server.domain.identification.layout import Layout
from boz_server.domain.identification.repeats import Copy
from boz_server.domain.identification.signs import Judgement, Sign
from boz_server.domain.identification.title_facts import TitleFacts, segments
from boz_server.domain.metadata.answers import ListedKind, ListedTitle

# Nobody lists an extra of this length as nothing.
_LONG_SECONDS = 600
# Copies differ by a lead-in.
_COPY_SECONDS = 2
# A title is as long as an episode, or as the film.
_EPISODE_SHARE, _FILM_SHARE = 0.2, 0.75
# The longest opening, and what openings make of a play-all.
_OPENING_SECONDS, _PLAY_ALL_SHARE = 150, 0.05
_COMMENTARY = re.compile(r"\bcommentary\b", re.IGNORECASE)
_PLAY_ALL = re.compile(r"\b(?:play all|all episodes)\b", re.IGNORECASE)
_SPECIALS = 0


@dataclass(frozen=True)
class KnownTitles:
    """The titles of a known disc. layout: how they divide by their own lengths."""

    known: KnownDisc
    layout: Layout

    @property
    def is_show(self) -> bool:
        """Whether the disc is of a show."""
        return self.known.disc.is_show

    @cached_property
    def repeated(self) -> Mapping[int, tuple[int, ...]]:
        """The episodes that play others which are titles of their own, and those that are there
        before: {index: what it repeats}."""
        return self._repeated()

    @cached_property
    def episodes(self) -> Mapping[int, ListedTitle]:
        """The episodes to rip, each number once, in disc order."""
        return {
            index: title for index, title in self._listed().items() if index not in self.repeated
        }

    @cached_property
    def features(self) -> Mapping[int, ListedTitle]:
        """The films to rip, or the cuts of one, in disc order."""
        return {} if self.is_show else self._of(ListedKind.MAIN_MOVIE)

    @cached_property
    def extras(self) -> Mapping[int, ListedTitle]:
        """The titles with a name of which none is to be ripped."""
        return {
            index: title
            for index, title in self.known.titles.items()
            if title.kind
            and index not in self.episodes
            and index not in self.features
            and index not in self.repeated
        }

    @cached_property
    def season(self) -> int | None:
        """The season of all episodes; None without any, or where it isn't known of all."""
        seasons = {title.season for title in self.episodes.values()}
        return next(iter(seasons)) if len(seasons) == 1 else None

    @cached_property
    def numbers(self) -> Mapping[int, tuple[int, int]]:
        """The first and the last number of each episode; empty where one isn't known."""
        found = {
            index: (title.first, title.last)
            for index, title in self.episodes.items()
            if title.first is not None and title.last is not None
        }
        whole = len(found) == len(self.episodes) and self.season is not None
        return found if whole and not self._is_open(found) else {}

    def listed_episodes(self) -> dict[str, list[Any]]:
        """Return {title index: [first number, last number, name or None]}, as JSON; empty where not
        all numbers are known."""
        return {
            str(index): [first, last, self.episodes[index].name]
            for index, (first, last) in self.numbers.items()
        }

    @cached_property
    def doubts(self) -> Sequence[str]:
        """Why it isn't sure which titles to rip, in sentences."""
        doubts = []
        if self.known.is_disputed:
            doubts.append("TheDiscDb has entries of this disc that contradict each other.")
        wanted = {*self.episodes, *self.features}
        if self._is_open(wanted):
            doubts.append("Some titles are of one length: TheDiscDb may mean them the other way.")
        untold = [title for title in self.layout.titles if self._is_untold(title)]
        if untold:
            listed = ", ".join(str(title.index) for title in untold)
            doubts.append(f"TheDiscDb doesn't say what these titles are: {listed}.")
        if not self.is_show and self._of(ListedKind.EPISODE):
            doubts.append("TheDiscDb has episodes on a film's disc.")
        if self._has_cuts():
            doubts.append("Some episodes are there in another cut: choose one of each.")
        if len({title.season for title in self.episodes.values()}) > 1:
            doubts.append("The episodes are of several seasons: choose for each of them.")
        return doubts

    @property
    def judgement(self) -> Judgement:
        """How sure it is which titles to rip."""
        return Judgement.by(Sign.LISTED_IN_PART if self.doubts else Sign.KNOWN_DISC)

    def divided(self) -> Layout:
        """Return the layout as the entry says it is."""
        by_index = {title.index: title for title in self.layout.titles}
        told = self.known.titles
        copies = {
            index: copy
            for index, copy in self.layout.copies.items()
            if index not in told or told[index].kind is None
        }
        for index, parts in self.repeated.items():
            if len(parts) == 1:
                copies[index] = Copy(parts[0], exact=False)
        copies |= {
            title.index: Copy(self._copied(title), exact=True)
            for title in self.layout.titles
            if self._copied(title) >= 0 and title.index not in copies
        }
        play_alls = {
            index: parts
            for index, parts in {**self.layout.play_alls, **self.repeated}.items()
            if len(parts) > 1 and index not in self.episodes and index not in self.features
        }
        return Layout(
            titles=self.layout.titles,
            episodes=tuple(by_index[index] for index in self.episodes),
            doubles=frozenset(
                index
                for index, title in self.episodes.items()
                if (title.last or 0) > (title.first or 0)
            ),
            features=tuple(by_index[index] for index in self.features),
            copies=copies,
            play_alls=play_alls,
        )

    def _of(self, kind: ListedKind) -> dict[int, ListedTitle]:
        titles = self.known.titles
        return {index: titles[index] for index in sorted(titles) if titles[index].kind == kind}

    def _listed(self) -> dict[int, ListedTitle]:
        """Return what may be episodes to rip; a film on a show's disc is one of its specials."""
        if not self.is_show:
            return {}
        films = {
            index: title if title.season is not None else replace(title, season=_SPECIALS)
            for index, title in self._of(ListedKind.MAIN_MOVIE).items()
        }
        episodes = films | self._of(ListedKind.EPISODE)
        return {
            index: episodes[index]
            for index in sorted(episodes)
            if not _PLAY_ALL.search(episodes[index].name or "")
        }

    def _is_open(self, indexes: "Mapping[int, object] | set[int]") -> bool:
        return not self.known.doubtful.isdisjoint(indexes)

    def _repeated(self) -> dict[int, tuple[int, ...]]:
        """Find the play-alls among the episodes, then the episodes that are there twice.

        Of several titles with one number the first counts that has no commentary in its name.
        """
        numbered = {
            index: (title.season, title.first, title.last)
            for index, title in self._listed().items()
            if title.first is not None and title.last is not None
        }
        found: dict[int, tuple[int, ...]] = {}
        for index, (season, first, last) in numbered.items():
            if first == last:
                continue
            parts = {
                other: range(begin, end + 1)
                for other, (of, begin, end) in numbered.items()
                if of == season and first <= begin <= end <= last and end - begin < last - first
            }
            played = {number for numbers in parts.values() for number in numbers}
            if len(parts) > 1 and set(range(first, last + 1)) <= played:
                found[index] = tuple(parts)
        kept: dict[tuple[int | None, int], int] = {}
        names = self.known.titles
        order = sorted(
            numbered.keys() - found.keys(),
            key=lambda index: (
                numbered[index][1] - numbered[index][2],
                bool(_COMMENTARY.search(names[index].name or "")),
                index,
            ),
        )
        for index in order:
            season, first, last = numbered[index]
            taken = [kept[season, n] for n in range(first, last + 1) if (season, n) in kept]
            if taken:
                found[index] = (taken[0],)
            else:
                kept |= {(season, number): index for number in range(first, last + 1)}
        return found

    def _has_cuts(self) -> bool:
        """Whether an episode is there twice, and not just with or without an opening."""
        listed = self.known.titles
        for index, parts in self.repeated.items():
            one, other = listed[index], listed[parts[0]]
            if len(parts) == 1 and (one.first, one.last) != (other.first, other.last):
                continue
            played = sum(listed[part].seconds for part in parts)
            opening = _OPENING_SECONDS if len(parts) == 1 else played * _PLAY_ALL_SHARE
            if abs(listed[index].seconds - played) > opening:
                return True
        return False

    def _is_part(self, title: ListedTitle) -> bool:
        """Whether a title is made of streams of one that is wanted."""
        streams = _streams(title)
        wanted = (*self.episodes.values(), *self.features.values())
        return bool(streams) and any(streams <= _streams(each) for each in wanted)

    def _copied(self, title: TitleFacts) -> int:
        """Return the index of the wanted title that a title repeats of which nothing is said; -1
        for any other title."""
        listed = self.known.titles.get(title.index)
        if listed is not None and listed.kind is not None:
            return -1
        for index in (*self.episodes, *self.features):
            wanted = self.known.titles[index]
            if abs(wanted.seconds - title.duration_seconds) <= _COPY_SECONDS:
                return index
        return -1

    def _is_untold(self, title: TitleFacts) -> bool:
        """Whether a title may be wanted of which nothing is said."""
        listed = self.known.titles.get(title.index)
        if (
            (listed is not None and (listed.kind is not None or self._is_part(listed)))
            or title.index in self.layout.play_alls
            or title.index in self.layout.copies
            or self._copied(title) >= 0
            or title.duration_seconds < _LONG_SECONDS
        ):
            return False
        if listed is None:
            return True
        wanted = [*self.episodes.values(), *self.features.values()]
        if not wanted:
            told = (each.seconds for each in self.known.titles.values() if each.kind)
            return title.duration_seconds > max(told, default=0)
        return any(
            abs(title.duration_seconds - each.seconds) <= each.seconds * _EPISODE_SHARE
            if self.is_show
            else title.duration_seconds >= each.seconds * _FILM_SHARE
            for each in wanted
        )


def _streams(title: ListedTitle) -> frozenset[int]:
    """Return the Blu-ray streams that a title is made of; empty if unknown, and for DVDs."""
    is_disc = title.source_file.endswith((".mpls", ".m2ts"))
    return frozenset(segments(title.segment_map)) if is_disc else frozenset()

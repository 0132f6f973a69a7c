"""Real discs with the truth about each title, and the reports that agents send about them.

The format is that of shared corpora of disc layouts: one file per disc with `id`, `set`,
`disc_in_set`, `format`, `label`, `media` (tv | movie), `show` or `movie`, `year` and `titles`,
each with what MakeMKV read about it and a `truth`: `type` (episode | main_movie | extra | trailer |
deleted_scene | play_all | duplicate | none), `season`, `episode` ("3", "1-2"), `title`.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import md5
from pathlib import Path
from typing import Any

from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.title_facts import segments
from boz_server.domain.metadata.answers import (
    Episode,
    ListedDisc,
    ListedKind,
    ListedTitle,
    Series,
)
from tests.provider_server import Movie, Show

#: Agents don't report shorter titles.
SHORTEST_SECONDS = 120
WANTED = ("episode", "main_movie")
LISTED_KINDS = frozenset(ListedKind)
TRAPS = ("play_all", "duplicate")
SECONDS_A_MINUTE = 60
#: Films without an id in the facts get ids from here.
FIRST_IMDB_NUMBER = 9_000_000
#: Errors of a provider's running times in minutes, from rounding and omissions.
NOISE = (0, 1, -1, 0, 0, 1, 0, -1)


@dataclass(frozen=True)
class Truth:
    """What a title really is. numbers: an episode's one or two numbers, else empty."""

    kind: str
    season: int | None = None
    numbers: tuple[int, ...] = ()
    title: str | None = None


@dataclass(frozen=True)
class RealDisc:
    """One disc with the truth about its titles, by title index."""

    disc_id: str
    group: str
    place: int
    is_tv: bool
    name: str
    year: int | None
    facts: dict[str, Any]
    truth: dict[int, Truth] = field(default_factory=dict)

    def titles(self) -> Iterator[dict[str, Any]]:
        """The titles that an agent reports."""
        for title in self.facts["titles"]:
            if title["duration_seconds"] >= SHORTEST_SECONDS:
                yield title

    def report(self, agent_id: str, drive: str, *, full: bool) -> dict[str, Any]:
        """An agent's report: a current agent's, or in full with sizes, segment maps and files."""
        return {
            "agent_id": agent_id,
            "drive": drive,
            "disc_name": self.facts["label"],
            "disc_type": f"{self.facts['format']} disc",
            "titles": [_reported(title, full=full) for title in self.titles()],
        }


def _reported(title: dict[str, Any], *, full: bool) -> dict[str, Any]:
    report = {
        "index": title["index"],
        "name": title["name"] or f"Title {title['index'] + 1}",
        "duration_seconds": title["duration_seconds"],
        "size_bytes": 0,
        "chapters": title["chapters"] or 0,
    }
    if full:
        report |= {
            "size_bytes": title["size_bytes"] or 0,
            "source_file": title["source_file"],
            "segment_map": title["segment_map"],
            "output_file": title["file"],
        }
    return report


def read(folder: Path) -> list[RealDisc]:
    """Read every disc in a folder, set by set in the order of the discs."""
    discs = [_disc(json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]
    return sorted(discs, key=lambda disc: (disc.group, disc.place, disc.disc_id))


def _disc(facts: dict[str, Any]) -> RealDisc:
    is_tv = facts["media"] == "tv"
    return RealDisc(
        disc_id=facts["id"],
        group=facts.get("set") or facts["id"],
        place=facts.get("disc_in_set") or 0,
        is_tv=is_tv,
        name=facts.get("show") or facts.get("movie") or "",
        year=facts.get("year"),
        facts=facts,
        truth={title["index"]: _truth(title["truth"]) for title in facts["titles"]},
    )


def _truth(truth: dict[str, Any]) -> Truth:
    numbers = tuple(int(number) for number in re.findall(r"[0-9]+", truth.get("episode") or ""))
    if len(numbers) > 1:
        numbers = tuple(range(numbers[0], numbers[-1] + 1))
    return Truth(truth["type"], truth.get("season"), numbers, truth.get("title"))


def shows(discs: list[RealDisc]) -> list[Show]:
    """What a provider knows about the shows: episode names, and lengths with some noise."""
    known: dict[str, dict[tuple[int, int], Episode]] = {}
    years: dict[str, int | None] = {}
    for disc in discs:
        if not disc.is_tv:
            continue
        years.setdefault(disc.name, disc.year)
        episodes = known.setdefault(disc.name, {})
        for title in disc.titles():
            for episode in _episodes(title, disc.truth[title["index"]]):
                episodes.setdefault((episode.season_number, episode.number), episode)
    return [
        Show(
            Series(1000 + place, name, years[name], ()),
            [episode for _, episode in sorted(known[name].items())],
        )
        for place, name in enumerate(sorted(known))
    ]


def _episodes(title: dict[str, Any], truth: Truth) -> Iterator[Episode]:
    if truth.kind != "episode" or truth.season is None:
        return
    minutes = title["duration_seconds"] / SECONDS_A_MINUTE / max(1, len(truth.numbers))
    for number in truth.numbers:
        noise = NOISE[(number + title["duration_seconds"]) % len(NOISE)]
        yield Episode(truth.season, number, truth.title, max(1, round(minutes) + noise), None)


def films(discs: list[RealDisc]) -> list[Movie]:
    """What a provider knows about the films, with their running times."""
    known: dict[str, Movie] = {}
    for disc in discs:
        lengths = [
            title["duration_seconds"]
            for title in disc.titles()
            if disc.truth[title["index"]].kind == "main_movie"
        ]
        if not disc.is_tv and lengths and disc.name not in known:
            minutes = round(max(lengths) / SECONDS_A_MINUTE)
            imdb_id = disc.facts.get("imdb_id") or f"tt{FIRST_IMDB_NUMBER + len(known)}"
            known[disc.name] = Movie(disc.name, disc.year, minutes, imdb_id)
    return list(known.values())


def listed(disc: RealDisc) -> ListedDisc:
    """A disc as a disc database lists it: every title, with what is known of it."""
    return ListedDisc(
        name=disc.name or Path(disc.facts["source"]).parts[2].rpartition(" (")[0],
        is_show=disc.is_tv,
        year=disc.year,
        imdb_id=disc.facts.get("imdb_id"),
        series_id=None,
        content_hash=content_hash(disc),
        titles=tuple(_listed(title, disc.truth[title["index"]]) for title in disc.facts["titles"]),
    )


def content_hash(disc: RealDisc) -> str:
    """A hash that stands for the disc's own: the facts lack the sizes of its files."""
    sizes = [title["size_bytes"] or 0 for title in disc.facts["titles"]]
    data = b"".join(size.to_bytes(8, "little") for size in sizes)
    return md5(disc.disc_id.encode() + data, usedforsecurity=False).hexdigest().upper()


def _listed(title: dict[str, Any], truth: Truth) -> ListedTitle:
    bare = ListedTitle(
        title["index"],
        title["duration_seconds"],
        title["size_bytes"] or 0,
        title["source_file"] or "",
        title["segment_map"] or "",
    )
    if truth.kind not in LISTED_KINDS:
        return bare
    first, last = (truth.numbers[0], truth.numbers[-1]) if truth.numbers else (None, None)
    kind = ListedKind(truth.kind)
    return replace(bare, kind=kind, name=truth.title, season=truth.season, first=first, last=last)


def determined(discs: list[RealDisc]) -> set[str]:
    """The sets whose episode numbers follow from labels and order alone.

    They have all numbers of one season from 1 on, each once, in the order of the discs and of their
    titles, playlists or segments, and every label names the season unless it is the first. For
    other sets the right answer is a guess that is marked as one.
    """
    found = set()
    for group in {disc.group for disc in discs if disc.is_tv}:
        of_group = [disc for disc in discs if disc.group == group]
        seasons = {each.season for disc in of_group for _, each in _numbered(disc)}
        named = all(parse_label(disc.facts["label"]).season_number in seasons for disc in of_group)
        if (
            len(seasons) == 1
            and (named or seasons == {1})
            and any(_counts_up(of_group, key) for key in (_by_title, _by_playlist, _by_segment))
        ):
            found.add(group)
    return found


def _numbered(disc: RealDisc) -> list[tuple[dict[str, Any], Truth]]:
    truths = [(title, disc.truth[title["index"]]) for title in disc.titles()]
    return [(title, truth) for title, truth in truths if truth.kind == "episode"]


def _counts_up(discs: list[RealDisc], key: Callable[[dict[str, Any]], Any]) -> bool:
    """Whether the episodes of a set's discs are numbered from 1 on in an order of the titles."""
    numbers = [
        number
        for disc in discs
        for _, truth in sorted(_numbered(disc), key=lambda each: key(each[0]))
        for number in truth.numbers
    ]
    return numbers == list(range(1, len(numbers) + 1))


def _by_title(title: dict[str, Any]) -> Any:
    return title["index"]


def _by_playlist(title: dict[str, Any]) -> Any:
    return title["source_file"] or "", title["index"]


def _by_segment(title: dict[str, Any]) -> Any:
    return segments(title["segment_map"] or "")[:1], title["index"]

"""What a disc is, and how its titles are to be called."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from boz_server.database.models import Disc
from boz_server.domain import naming
from boz_server.domain.disc_label import DiscLabel, parse_label
from boz_server.domain.media_type import MediaType, classify
from boz_server.domain.title_layout import Layout, TitleFacts, analyse
from boz_server.services.season_tracker import SeasonTracker
from boz_server.settings import Settings

#: How sure a proposal without metadata is: the label named what it is, or only the layout did.
LABEL_CONFIDENCE = 0.4
GUESS_CONFIDENCE = 0.3
#: A person said so.
CERTAIN = 1.0

#: What a preview says of a disc, beside its season, and of each title.
DISC_COLUMNS = (
    "media_type",
    "tv_show_name",
    "tv_season_number",
    "starting_episode_number",
    "movie_title",
    "movie_year",
    "movie_confidence",
)
TITLE_COLUMNS = (
    "selected",
    "is_extra",
    "episode_number",
    "episode_title",
    "proposed_filename",
    "proposed_path",
    "confidence_score",
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a disc is: a film, a part of a season, or not known.

    name: of the film or the show. season_number, starting_episode: for shows; None there means
    "as the season goes on". year: of release, for films. confidence: 0–1.
    """

    media_type: MediaType
    name: str
    confidence: float
    season_number: int | None = None
    starting_episode: int | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What is proposed: columns of the disc, and of each title by its index."""

    disc: dict[str, Any]
    titles: dict[int, dict[str, Any]]


class PreviewGenerator:
    """Identifies discs and proposes names; runs in the caller's transaction."""

    def __init__(self, settings: Settings, seasons: SeasonTracker) -> None:
        self.settings = settings
        self.seasons = seasons

    def identify(self, label: str, titles: Sequence[TitleFacts]) -> Identity:
        """Say what a disc is from its label and its layout."""
        read = parse_label(label)
        media_type = classify(read, self._layout(titles))
        surer = read.name is not None and (
            media_type is MediaType.MOVIE or read.season_number is not None
        )
        season = read.season_number if read.season_number is not None else 1
        return Identity(
            media_type,
            name=_name(read, label),
            confidence=LABEL_CONFIDENCE if surer else GUESS_CONFIDENCE,
            season_number=season if media_type is MediaType.TV_SHOW else None,
            year=read.year,
        )

    def propose(
        self, disc_id: str, fingerprint: str, titles: Sequence[TitleFacts], identity: Identity
    ) -> Preview:
        """Propose a name for each title; a season's numbers are taken on the way."""
        layout = self._layout(titles)
        if identity.media_type is MediaType.TV_SHOW:
            return self._episodes(disc_id, fingerprint, layout, identity)
        if identity.media_type is MediaType.MOVIE:
            return self._movie(layout, titles, identity)
        extras = self._extras(titles, identity.name, naming.safe_component(identity.name))
        return Preview(_disc_columns(identity), extras)

    def again(self, disc: Disc) -> Preview:
        """Propose what was accepted of the same disc when it was here before.

        Equal fingerprints mean equal titles; what a person chose, numbered and named is kept.
        """
        self.seasons.hold(disc.tv_season_id)
        columns = {name: getattr(disc, name) for name in DISC_COLUMNS}
        titles = {
            title.title_index: {name: getattr(title, name) for name in TITLE_COLUMNS}
            for title in disc.titles
        }
        return Preview(columns | {"tv_season": disc.tv_season_id}, titles)

    def renamed(
        self, disc: dict[str, Any], title: dict[str, Any], *, taken: Collection[str | None]
    ) -> dict[str, Any]:
        """Return a title's file name and folder after its number, name or kind was edited.

        disc: the disc's columns; taken: the file names of its other titles.
        """
        if disc["media_type"] == MediaType.TV_SHOW:
            show, season = disc["tv_show_name"], disc["tv_season_number"]
            folder = naming.season_folder(self.settings.nas_tv_path, show, season)
            if not title["is_extra"] and title["episode_number"] is not None:
                name = naming.episode_filename(
                    show, season, title["episode_number"], title["episode_title"]
                )
                return {"proposed_filename": name, "proposed_path": folder}
            return _extra(show, _free_ordinal(show, taken), folder)
        movie, year = disc["movie_title"], disc["movie_year"]
        if movie is None:
            # Nothing made it a film so far: the label names it.
            read = parse_label(disc["disc_name"])
            movie, year = _name(read, disc["disc_name"]), read.year
        folder = naming.movie_folder(self.settings.nas_movie_path, movie, year)
        if title["is_extra"]:
            return _extra(movie, _free_ordinal(movie, taken), folder)
        name = naming.movie_filename(movie, year)
        return {"proposed_filename": name, "proposed_path": folder}

    def _layout(self, titles: Sequence[TitleFacts]) -> Layout:
        return analyse(
            titles,
            min_duration_seconds=self.settings.extras_min_duration_seconds,
            duration_variance=self.settings.extras_duration_variance,
        )

    def _episodes(
        self, disc_id: str, fingerprint: str, layout: Layout, identity: Identity
    ) -> Preview:
        show = identity.name
        season = identity.season_number if identity.season_number is not None else 1
        season_id = self.seasons.open(show, season)
        first = identity.starting_episode
        if first is None:
            first = self.seasons.first_episode_for(season_id, disc_id, fingerprint)
        known = self.seasons.episode_names(season_id)
        folder = naming.season_folder(self.settings.nas_tv_path, show, season)
        titles: dict[int, dict[str, Any]] = {}
        for number, title in enumerate(layout.episodes, start=first):
            titles[title.index] = {
                "selected": True,
                "is_extra": False,
                "episode_number": number,
                "episode_title": known.get(number),
                "proposed_filename": naming.episode_filename(
                    show, season, number, known.get(number)
                ),
                "proposed_path": folder,
                "confidence_score": min(identity.confidence, LABEL_CONFIDENCE),
            }
        titles |= self._extras(layout.extras, show, folder)
        columns = _disc_columns(identity) | {
            "tv_show_name": show,
            "tv_season_number": season,
            "tv_season": season_id,
            "starting_episode_number": first,
        }
        return Preview(columns, titles)

    def _movie(self, layout: Layout, titles: Sequence[TitleFacts], identity: Identity) -> Preview:
        folder = naming.movie_folder(self.settings.nas_movie_path, identity.name, identity.year)
        main = layout.main_feature
        rest = [title for title in titles if main is None or title.index != main.index]
        proposals = self._extras(rest, identity.name, folder)
        if main is not None:
            proposals[main.index] = {
                "selected": True,
                "is_extra": False,
                "episode_number": None,
                "episode_title": None,
                "proposed_filename": naming.movie_filename(identity.name, identity.year),
                "proposed_path": folder,
                "confidence_score": identity.confidence,
            }
        columns = _disc_columns(identity) | {
            "movie_title": identity.name,
            "movie_year": identity.year,
            "movie_confidence": identity.confidence,
        }
        return Preview(columns, proposals)

    @staticmethod
    def _extras(titles: Sequence[TitleFacts], name: str, folder: str) -> dict[int, dict[str, Any]]:
        return {
            title.index: {
                "selected": False,
                "is_extra": True,
                "episode_number": None,
                "episode_title": None,
                "confidence_score": GUESS_CONFIDENCE,
                **_extra(name, ordinal, folder),
            }
            for ordinal, title in enumerate(titles, start=1)
        }


def _name(read: DiscLabel, label: str) -> str:
    """Return what a disc is called, for want of better the label itself."""
    return naming.safe_component(read.name or label, "Unknown disc")


def _extra(name: str, ordinal: int, folder: str) -> dict[str, Any]:
    return {
        "proposed_filename": naming.extra_filename(name, ordinal),
        "proposed_path": naming.extras_folder(folder),
    }


def _free_ordinal(name: str, taken: Collection[str | None]) -> int:
    """The least number that no other extra of the disc has."""
    return next(n for n in count(1) if naming.extra_filename(name, n) not in taken)


def _disc_columns(identity: Identity) -> dict[str, Any]:
    """What a disc's columns say before show or film add theirs; clears an earlier identity."""
    return dict.fromkeys(DISC_COLUMNS) | {
        "media_type": identity.media_type,
        "tv_season": None,
        "movie_confidence": 0.0,
    }

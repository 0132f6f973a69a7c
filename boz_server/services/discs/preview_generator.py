"""How the titles of an identified disc are to be called, and which are to be ripped."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from boz_server.database.models import Disc
from boz_server.domain.identification.identity import Identity, read_label
from boz_server.domain.identification.label import parse_label
from boz_server.domain.identification.layout import Layout
from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.identification.title_facts import TitleFacts
from boz_server.domain.identification.title_kinds import TitleKind
from boz_server.domain.naming import names as naming
from boz_server.domain.seasons.matcher import VERY_LOW
from boz_server.services.discs.disc_findings import Findings
from boz_server.services.discs.identify import DiscIdentifier
from boz_server.services.discs.proposals import (
    doubts_of,
    extra_names,
    free_ordinal,
    proposal,
    with_the_rest,
)
from boz_server.services.seasons.records import TITLE_COLUMNS, name_episode
from boz_server.services.seasons.season_choice import SeasonChoice
from boz_server.services.seasons.tracker import SeasonTracker
from boz_server.settings import Settings

#: What a preview says of a disc, beside its season.
DISC_COLUMNS = (
    "media_type",
    "tv_show_name",
    "tv_season_number",
    "thetvdb_series_id",
    "starting_episode_number",
    "movie_title",
    "movie_year",
    "omdb_imdb_id",
    "movie_confidence",
    "title_key",
    "disc_number",
    "identification",
    "candidates",
    "lookup_due",
    "is_told",
    "told_first_episode",
)


@dataclass(frozen=True, slots=True)
class Preview:
    """What is proposed: columns of the disc, and of each title by its index."""

    disc: dict[str, Any]
    titles: dict[int, dict[str, Any]]


class PreviewGenerator:
    """Proposes names; runs in the caller's transaction. The numbers of a show's episodes follow
    when its season is refreshed, for all of its discs."""

    def __init__(
        self, settings: Settings, identifier: DiscIdentifier, seasons: SeasonTracker
    ) -> None:
        self.settings = settings
        self.identifier = identifier
        self.seasons = seasons
        self.choice = SeasonChoice(identifier, seasons)

    def identified(
        self,
        label: str,
        fingerprint: str,
        titles: Sequence[TitleFacts],
        findings: Findings,
    ) -> Preview:
        """Say what a disc is, and propose what each title is, and its name."""
        identity = self.identifier.identify(label, titles, fingerprint, findings)
        return self.propose(label, fingerprint, titles, identity, findings)

    def propose(
        self,
        label: str,
        fingerprint: str,
        titles: Sequence[TitleFacts],
        identity: Identity,
        findings: Findings,
    ) -> Preview:
        """Propose what each title is, and its name."""
        read = read_label(label, titles)
        columns = dict.fromkeys(DISC_COLUMNS) | {
            "media_type": identity.media_type,
            "movie_confidence": 0.0,
            "title_key": parse_label(label).key,
            "disc_number": read.disc_number or read.volume_number,
            "identification": identity.kept(),
            "candidates": [dict(each) for each in identity.candidates],
            "lookup_due": bool(findings.failed) and not identity.is_told,
            "is_told": identity.is_told,
            "tv_season": None,
        }
        if identity.media_type is MediaType.TV_SHOW:
            return self._episodes(fingerprint, titles, identity, findings, columns)
        if identity.media_type is MediaType.MOVIE:
            return self._movie(titles, identity, columns)
        layout = self.identifier.layout(titles)
        folder = naming.safe_component(identity.name)
        return Preview(columns, with_the_rest(layout, identity.name, folder, {}))

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
        # What was accepted waits for no provider any more, and counts more than what was told.
        columns |= {"lookup_due": False, "is_told": False, "told_first_episode": None}
        columns |= {"tv_season": disc.tv_season_id}
        return Preview(columns, titles)

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
                    show,
                    season,
                    title["episode_number"],
                    title["episode_title"],
                    last=title["last_episode_number"],
                )
                return {"proposed_filename": name, "proposed_path": folder}
            return extra_names(show, free_ordinal(show, taken), folder)
        movie, year = disc["movie_title"], disc["movie_year"]
        if movie is None:
            # Nothing made it a film so far: the label names it.
            read = parse_label(disc["disc_name"])
            movie = naming.safe_component(read.film_name or disc["disc_name"], "Unknown disc")
            year = read.year
        folder = naming.movie_folder(self.settings.nas_movie_path, movie, year)
        if title["is_extra"]:
            return extra_names(movie, free_ordinal(movie, taken), folder)
        edition = parse_label(disc["disc_name"]).edition
        name = naming.movie_filename(movie, year, edition=edition)
        return {"proposed_filename": name, "proposed_path": folder}

    def _episodes(
        self,
        fingerprint: str,
        titles: Sequence[TitleFacts],
        identity: Identity,
        findings: Findings,
        columns: dict[str, Any],
    ) -> Preview:
        identity, season_id = self.choice.open(fingerprint, titles, identity, findings)
        columns |= {"tv_season": season_id}
        layout, warnings = self._season_layout(fingerprint, titles, identity, columns)
        show, season = identity.name, identity.season_number or 0
        folder = naming.season_folder(self.settings.nas_tv_path, show, season)
        proposals = {
            title.index: proposal(
                TitleKind.DOUBLE_EPISODE if title.index in layout.doubles else TitleKind.EPISODE,
                proposed_path=folder,
                confidence_score=VERY_LOW,
                # Until the season is refreshed, which numbers it.
                proposed_filename=name_episode(show, season, (0, 0), {})[1],
            )
            for title in layout.episodes
        }
        columns |= {
            "tv_show_name": show,
            "tv_season_number": season,
            "thetvdb_series_id": identity.series_id,
            "told_first_episode": identity.starting_episode,
            "starting_episode_number": identity.starting_episode,
            "identification": identity.kept(warnings),
        }
        return Preview(columns, with_the_rest(layout, show, folder, proposals))

    def _season_layout(
        self,
        fingerprint: str,
        titles: Sequence[TitleFacts],
        identity: Identity,
        columns: dict[str, Any],
    ) -> tuple[Layout, list[str]]:
        """Find the episodes of a disc of a season, whose others show how long they are."""
        season_id, number = columns["tv_season"], columns["disc_number"]
        lengths = self.seasons.lengths_elsewhere(season_id, fingerprint)
        layout = self.identifier.layout(titles, lengths)
        if not layout.episodes and identity.is_told:
            # Whoever says so has seen it: a pilot film, specials of another length.
            layout = self.identifier.layout(titles)
        if not layout.episodes:
            return layout, ["No title is as long as an episode: a disc of extras."]
        if not identity.is_told and self.seasons.is_complete(
            season_id, fingerprint, number, is_guess=identity.season_is_guess
        ):
            layout = replace(layout, episodes=(), doubles=frozenset())
            return layout, ["All episodes of the season are on other discs: only extras here."]
        return layout, []

    def _movie(
        self, titles: Sequence[TitleFacts], identity: Identity, columns: dict[str, Any]
    ) -> Preview:
        layout = self.identifier.layout(titles)
        name, year = identity.name, identity.year
        folder = naming.movie_folder(self.settings.nas_movie_path, name, year)
        features = () if identity.is_bonus else layout.features
        proposals = {
            title.index: self._feature(title, ordinal, layout, identity, folder)
            for ordinal, title in enumerate(features)
        }
        warnings, most = doubts_of(features)
        if not identity.is_told:
            identity = replace(identity, confidence=min(identity.confidence, most))
        columns |= {
            "movie_title": name,
            "movie_year": year,
            "movie_confidence": identity.name_confidence,
            "omdb_imdb_id": identity.film.imdb_id if identity.film else None,
            "identification": identity.kept(warnings),
        }
        return Preview(columns, with_the_rest(layout, name, folder, proposals))

    def _feature(
        self, title: TitleFacts, ordinal: int, layout: Layout, identity: Identity, folder: str
    ) -> dict[str, Any]:
        """Propose the film, or what is as long as it."""
        edition, kind, note = identity.edition, TitleKind.FEATURE, None
        if title.index in layout.further_films:
            edition, note = f"Film {ordinal + 1}", "As long as the film, and another one."
        elif ordinal:
            edition, kind = f"Version {ordinal + 1}", TitleKind.OTHER_CUT
            note = "As long as the film: another cut of it, or another film."
        return proposal(
            kind,
            note=note,
            proposed_filename=naming.movie_filename(identity.name, identity.year, edition=edition),
            proposed_path=folder,
            confidence_score=VERY_LOW if ordinal else identity.name_confidence,
        )

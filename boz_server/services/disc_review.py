"""What a person decides about a disc: what it is, and its names."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Disc, Title
from boz_server.domain import naming
from boz_server.domain.disc_label import parse_label
from boz_server.domain.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.episode_matcher import VERY_LOW
from boz_server.domain.identification import Identity
from boz_server.domain.media_type import MediaType
from boz_server.domain.title_kinds import TitleKind
from boz_server.errors import Conflict, Refused
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.services.disc_identifier import DiscIdentifier
from boz_server.services.disc_lookup import NOTHING, DiscLookup, Findings, told, with_findings
from boz_server.services.disc_rules import (
    facts_of,
    found,
    require_distinct_names,
    require_known,
)
from boz_server.services.preview_generator import PreviewGenerator
from boz_server.services.season_tracker import SeasonTracker
from boz_server.services.thumbnail_store import ThumbnailStore

log = logging.getLogger(__name__)

#: What makes a title's name: where one of these is edited, it is named anew.
NAMED_BY = ("is_extra", "episode_number", "last_episode_number", "episode_title")


class DiscReview:
    """Applies a person's decisions on a disc, each in one transaction that holds the disc."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        *,
        discs: DiscRepository,
        lookup: DiscLookup,
        identifier: DiscIdentifier,
        previews: PreviewGenerator,
        seasons: SeasonTracker,
        thumbnails: ThumbnailStore,
    ) -> None:
        self.clock = clock
        self.database = database
        self.discs = discs
        self.lookup = lookup
        self.identifier = identifier
        self.previews = previews
        self.seasons = seasons
        self.thumbnails = thumbnails

    def approve(self, disc_id: str, edits: Mapping[int, Mapping[str, Any]]) -> Disc:
        """Accept the proposed names, with edits by title index; the thumbnails are dropped.

        Raises DiscNotFound, Invalid for an edit that can't be, and Conflict when the disc is
        being ripped, has left, or has a number that another disc holds.
        """
        with self.database.write_queue():
            disc = self._hold(disc_id)
            if disc.preview_status == PreviewStatus.APPROVED and not _changes(disc, edits):
                return disc
            _require_undecided(disc)
            self.seasons.hold(disc.tv_season_id)
            for title in disc.titles:
                if title.title_index in edits:
                    self._edit(disc, title, edits[title.title_index])
            require_known(disc, edits)
            self._require_numbers_free(disc)
            require_distinct_names([title for title in disc.titles if title.selected])
            self.discs.update(
                disc_id,
                preview_status=PreviewStatus.APPROVED,
                starting_episode_number=_first_number(disc),
            )
            self.discs.drop_thumbnails(disc_id)
            self.seasons.remember(disc)
            self.seasons.refresh([disc.tv_season_id], self.clock.now())
            approved = self._read(disc_id)
        # After the commit: until then the titles still name them.
        self.thumbnails.delete(disc_id)
        log.info("Preview approved", extra={"disc_id": disc_id})
        return approved

    def reject(self, disc_id: str) -> Disc:
        """Refuse the proposed names; the disc gives its episode numbers back."""
        with self.database.write_queue():
            disc = self._hold_undecided(disc_id)
            self.discs.update(disc_id, preview_status=PreviewStatus.REJECTED)
            self.seasons.refresh([disc.tv_season_id], self.clock.now())
            return self._read(disc_id)

    def update_season(self, disc_id: str, season_number: int, starting_episode: int) -> Disc:
        """Number and name a TV disc anew. Raises Refused when it is none."""
        disc = self._read(disc_id)
        _require_show(disc)
        findings = self.lookup.show(disc.tv_show_name or "", disc.thetvdb_series_id)
        with self.database.write_queue():
            disc = self._hold_undecided(disc_id)
            _require_show(disc)
            identity = Identity(
                MediaType.TV_SHOW,
                disc.tv_show_name or "",
                season_number=season_number,
                starting_episode=starting_episode,
                series_id=disc.thetvdb_series_id,
            )
            return self._identify_as(disc, told(identity), findings)

    def override_media_type(self, disc_id: str, identity: Identity) -> Disc:
        """Take a person's word for what a disc is; without a name, for what kind it is."""
        disc = self._read(disc_id)
        findings = self._look_up(disc, identity)
        with self.database.write_queue():
            disc = self._hold_undecided(disc_id)
            if not identity.name:
                guess = self.identifier.identify(
                    disc.disc_name, facts_of(disc), disc.fingerprint, NOTHING
                )
                name = disc.movie_title or guess.name
                identity = replace(
                    identity,
                    name=name,
                    name_confidence=guess.name_confidence or VERY_LOW,
                    year=identity.year or disc.movie_year or guess.year,
                )
            return self._identify_as(disc, told(with_findings(identity, findings)), findings)

    def identify(self, disc_id: str, provider: str, external_id: str) -> Disc:
        """Take a person's choice of a show or film that a provider knows.

        Raises DiscNotFound, Invalid where the provider has none of that id, ProviderUnavailable
        where it can't be asked, and Conflict once the rip has begun.
        """
        self._read(disc_id)
        chosen = self.lookup.chosen(provider, external_id)
        with self.database.write_queue():
            disc = self._hold_undecided(disc_id)
            season = disc.tv_season_number
            guess = season is None or bool(disc.identification.get("season_is_guess"))
            identity = replace(
                chosen.identity,
                season_number=season,
                season_is_guess=guess and chosen.identity.media_type is MediaType.TV_SHOW,
                starting_episode=disc.told_first_episode,
                edition=parse_label(disc.disc_name).edition,
                candidates=tuple(disc.candidates),
            )
            return self._identify_as(disc, told(identity), chosen.findings)

    def _look_up(self, disc: Disc, identity: Identity) -> Findings:
        """What providers know of the show or film that a person names."""
        if identity.media_type is MediaType.TV_SHOW:
            return self.lookup.show(identity.name)
        feature = self.identifier.layout(facts_of(disc)).main_feature
        seconds = feature.duration_seconds if feature else None
        return self.lookup.film(identity.name, identity.year, seconds)

    def _read(self, disc_id: str) -> Disc:
        return found(self.discs.get(disc_id), disc_id)

    def _hold(self, disc_id: str) -> Disc:
        return found(self.discs.lock(disc_id), disc_id)

    def _hold_undecided(self, disc_id: str) -> Disc:
        disc = self._hold(disc_id)
        _require_undecided(disc)
        return disc

    def _identify_as(self, disc: Disc, identity: Identity, findings: Findings) -> Disc:
        """Name a disc anew for what a person says it is; a refusal of the old names is moot."""
        preview = self.previews.propose(
            disc.disc_name, disc.fingerprint, facts_of(disc), identity, findings
        )
        status = disc.preview_status
        # Until it is numbered, it is numbered with the season's other discs.
        self.discs.put_preview(
            disc.disc_id,
            preview.disc | {"preview_status": PreviewStatus.PENDING},
            preview.titles,
        )
        now = self.clock.now()
        self.seasons.refresh([disc.tv_season_id, preview.disc["tv_season"]], now)
        identified = self._read(disc.disc_id)
        if status == PreviewStatus.APPROVED:
            self.discs.update(disc.disc_id, preview_status=status)
            identified = self._read(disc.disc_id)
            self._require_numbers_free(identified)
            self.seasons.remember(identified)
            self.seasons.refresh([identified.tv_season_id], now)
        log.info("Disc identified by a person", extra={"disc_id": disc.disc_id})
        return identified

    def _edit(self, disc: Disc, title: Title, edit: Mapping[str, Any]) -> None:
        """Apply a person's edit to a title; what the edit leaves out, or sends as it was, stays.

        A name that the person did not write follows from the number and the kind.
        """
        changes = {key: value for key, value in edit.items() if value != getattr(title, key)}
        changes |= _edited_kind(disc, title, changes)
        merged = {key: changes.get(key, getattr(title, key)) for key in NAMED_BY}
        if any(key in changes for key in NAMED_BY):
            taken = {each.proposed_filename for each in disc.titles if each is not title}
            changes = self.previews.renamed(disc.__data__, merged, taken=taken) | changes
        if "proposed_filename" in changes:
            changes["proposed_filename"] = naming.safe_component(changes["proposed_filename"])
        if "proposed_path" in changes:
            changes["proposed_path"] = naming.safe_relative_path(changes["proposed_path"])
        if changes:
            self.discs.update_title(disc.disc_id, title.title_index, **changes)
            for key, value in changes.items():
                setattr(title, key, value)

    def _require_numbers_free(self, disc: Disc) -> None:
        taken = self.seasons.taken_elsewhere(disc)
        if taken:
            raise Conflict(
                f"Episode {min(taken)} of this season is on another disc: number this one"
                " anew with update-season."
            )


def _changes(disc: Disc, edits: Mapping[int, Mapping[str, Any]]) -> bool:
    """Whether edits say anything new; dashboards send whole titles back as they were."""
    titles = {title.title_index: title for title in disc.titles}
    return any(
        index not in titles
        or any(value != getattr(titles[index], key) for key, value in edit.items())
        for index, edit in edits.items()
    )


def _edited_kind(disc: Disc, title: Title, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What else an edit of a title's number, or of whether it is an extra, makes of it."""
    if changes.get("is_extra"):
        return {
            "kind": TitleKind.EXTRA,
            "note": None,
            "episode_number": None,
            "last_episode_number": None,
            "episode_title": None,
        }
    number = changes.get("episode_number")
    if number is not None:
        if title.last_episode_number is not None and title.episode_number is not None:
            span = title.last_episode_number - title.episode_number
            return {"last_episode_number": number + span}
        return {"kind": TitleKind.EPISODE, "note": None}
    if changes.get("is_extra") is False and disc.media_type == MediaType.MOVIE:
        return {"kind": TitleKind.FEATURE}
    return {}


def _require_show(disc: Disc) -> None:
    if disc.media_type != MediaType.TV_SHOW or disc.tv_show_name is None:
        raise Refused(f"The disc counts as {disc.media_type}, not as TV: use override-media-type.")


def _require_undecided(disc: Disc) -> None:
    """Names can be changed until the first rip has gone out with them."""
    if disc.status != DiscStatus.DETECTED:
        raise Conflict(
            f"The disc is {disc.status}: names are decided while it is detected. Put it in again"
            " to start over."
        )


def _first_number(disc: Disc) -> int | None:
    """Return the number of the first episode, which the same disc gets when it comes again."""
    if disc.tv_season_id is None:
        return None
    numbers = [
        title.episode_number
        for title in disc.titles
        if title.episode_number is not None and not title.is_extra
    ]
    return min(numbers, default=disc.starting_episode_number)

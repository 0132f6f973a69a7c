"""What a person decides about a disc: what it is, and its names."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Disc, Title
from boz_server.domain import naming
from boz_server.domain.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.media_type import MediaType
from boz_server.domain.title_layout import TitleFacts
from boz_server.errors import Conflict, Refused
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.services.disc_rules import found, require_distinct_names, require_known
from boz_server.services.preview_generator import CERTAIN, Identity, PreviewGenerator
from boz_server.services.season_tracker import SeasonTracker
from boz_server.services.thumbnail_store import ThumbnailStore

log = logging.getLogger(__name__)

#: What makes a title's name: where one of these is edited, it is named anew.
NAMED_BY = ("is_extra", "episode_number", "episode_title")


class DiscReview:
    """Applies a person's decisions on a disc, each in one transaction that holds the disc."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        *,
        discs: DiscRepository,
        previews: PreviewGenerator,
        seasons: SeasonTracker,
        thumbnails: ThumbnailStore,
    ) -> None:
        self.clock = clock
        self.database = database
        self.discs = discs
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
        with self.database.write_queue():
            disc = self._hold_undecided(disc_id)
            if disc.media_type != MediaType.TV_SHOW or disc.tv_show_name is None:
                raise Refused(
                    f"The disc counts as {disc.media_type}, not as TV: use override-media-type."
                )
            return self._identify_as(
                disc,
                Identity(
                    MediaType.TV_SHOW, disc.tv_show_name, CERTAIN, season_number, starting_episode
                ),
            )

    def override_media_type(self, disc_id: str, identity: Identity) -> Disc:
        """Take a person's word for what a disc is; without a name, for what kind it is."""
        with self.database.write_queue():
            disc = self._hold_undecided(disc_id)
            if not identity.name:
                named = self.previews.identify(disc.disc_name, _facts(disc))
                identity = replace(
                    identity,
                    name=disc.movie_title or named.name,
                    confidence=named.confidence,
                    year=identity.year or disc.movie_year or named.year,
                )
            return self._identify_as(disc, identity)

    def _read(self, disc_id: str) -> Disc:
        return found(self.discs.get(disc_id), disc_id)

    def _hold(self, disc_id: str) -> Disc:
        return found(self.discs.lock(disc_id), disc_id)

    def _hold_undecided(self, disc_id: str) -> Disc:
        disc = self._hold(disc_id)
        _require_undecided(disc)
        return disc

    def _identify_as(self, disc: Disc, identity: Identity) -> Disc:
        """Name a disc anew for what a person says it is; a refusal of the old names is moot."""
        facts = _facts(disc)
        preview = self.previews.propose(disc.disc_id, disc.fingerprint, facts, identity)
        status = disc.preview_status
        if status == PreviewStatus.REJECTED:
            status = PreviewStatus.PENDING
        self.discs.update(disc.disc_id, preview_status=status, **preview.disc)
        for index, proposal in preview.titles.items():
            self.discs.update_title(disc.disc_id, index, **proposal)
        self.seasons.refresh([disc.tv_season_id, preview.disc["tv_season"]], self.clock.now())
        identified = self._read(disc.disc_id)
        if status == PreviewStatus.APPROVED:
            self._require_numbers_free(identified)
            self.seasons.remember(identified)
        log.info("Disc identified by a person", extra={"disc_id": disc.disc_id})
        return identified

    def _edit(self, disc: Disc, title: Title, edit: Mapping[str, Any]) -> None:
        """Apply a person's edit to a title; what the edit leaves out, or sends as it was, stays.

        A name that the person did not write follows from the number and the kind.
        """
        changes = {key: value for key, value in edit.items() if value != getattr(title, key)}
        if changes.get("is_extra"):
            changes |= {"episode_number": None, "episode_title": None}
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


def _require_undecided(disc: Disc) -> None:
    """Names can be changed until the first rip has gone out with them."""
    if disc.status != DiscStatus.DETECTED:
        raise Conflict(
            f"The disc is {disc.status}: names are decided while it is detected. Put it in again"
            " to start over."
        )


def _facts(disc: Disc) -> list[TitleFacts]:
    return [
        TitleFacts(
            title.title_index, title.name, title.duration_seconds, title.size_bytes, title.chapters
        )
        for title in disc.titles
    ]


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

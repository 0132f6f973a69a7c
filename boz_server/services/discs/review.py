"""What a person decides about the proposed names of a disc."""

import logging
from collections.abc import Mapping
from typing import Any

from boz_server.clock import Clock
from boz_server.database.connection import Database
from boz_server.database.models import Disc, Title
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.identification.title_kinds import TitleKind
from boz_server.domain.naming import names as naming
from boz_server.errors import Invalid
from boz_server.repositories.disc_repository import DiscRepository
from boz_server.services.discs.disc_rules import (
    found,
    require_distinct_names,
    require_known,
    require_undecided,
)
from boz_server.services.discs.preview_generator import PreviewGenerator
from boz_server.services.discs.thumbnails import ThumbnailStore
from boz_server.services.seasons.tracker import SeasonTracker

log = logging.getLogger(__name__)

#: What makes a title's name: where one of these is edited, it is named anew.
NAMED_BY = ("is_extra", "episode_number", "last_episode_number", "episode_title")
#: Episodes in one title; a season's numbers are not to be used up by a slip of the finger.
MOST_IN_ONE = 10


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
            require_undecided(disc)
            self.seasons.hold(disc.tv_season_id)
            self._apply(disc, edits)
            require_known(disc, edits)
            self.seasons.require_free_numbers(disc)
            require_distinct_names([title for title in disc.titles if title.selected])
            self.discs.update(
                disc_id,
                preview_status=PreviewStatus.APPROVED,
                starting_episode_number=_first_number(disc),
            )
            self.discs.drop_thumbnails(disc_id)
            self.seasons.accept(disc, self.clock.now())
            approved = self._read(disc_id)
        # After the commit: until then the titles still name them.
        self.thumbnails.delete(disc_id)
        log.info("Preview approved", extra={"disc_id": disc_id})
        return approved

    def reject(self, disc_id: str) -> Disc:
        """Refuse the proposed names; the disc gives its episode numbers back."""
        with self.database.write_queue():
            disc = self._hold(disc_id)
            require_undecided(disc)
            self.discs.update(disc_id, preview_status=PreviewStatus.REJECTED)
            self.seasons.give_back(disc, self.clock.now())
            return self._read(disc_id)

    def _read(self, disc_id: str) -> Disc:
        return found(self.discs.get(disc_id), disc_id)

    def _hold(self, disc_id: str) -> Disc:
        return found(self.discs.lock(disc_id), disc_id)

    def _apply(self, disc: Disc, edits: Mapping[int, Mapping[str, Any]]) -> None:
        written = set()
        for title in disc.titles:
            name = title.proposed_filename
            if title.title_index in edits:
                self._edit(disc, title, edits[title.title_index])
                if edits[title.title_index].get("proposed_filename", name) != name:
                    written.add(title.title_index)
        films = [title for title in disc.titles if title.selected and not title.is_extra]
        if len(films) == 1 and films[0].kind == TitleKind.OTHER_CUT:
            # The one cut that a person wants is the film, and no "Version 2" of it.
            changes = self._renamed(disc, films[0]) | {"kind": TitleKind.FEATURE, "note": None}
            if films[0].title_index in written:
                del changes["proposed_filename"]
            self._change(disc, films[0], changes)

    def _edit(self, disc: Disc, title: Title, edit: Mapping[str, Any]) -> None:
        """Apply a person's edit to a title; what the edit leaves out, or sends as it was, stays.

        A name that the person did not write follows from the number and the kind.
        """
        changes = {key: value for key, value in edit.items() if value != getattr(title, key)}
        changes |= _edited_kind(disc, title, changes)
        if any(key in changes for key in NAMED_BY):
            changes = self._renamed(disc, title, changes) | changes
        if "proposed_filename" in changes:
            changes["proposed_filename"] = naming.safe_component(changes["proposed_filename"])
        if "proposed_path" in changes:
            changes["proposed_path"] = naming.safe_relative_path(changes["proposed_path"])
        if changes:
            self._change(disc, title, changes)

    def _renamed(
        self, disc: Disc, title: Title, changes: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What a title is called after changes."""
        merged = {key: (changes or {}).get(key, getattr(title, key)) for key in NAMED_BY}
        taken = {each.proposed_filename for each in disc.titles if each is not title}
        return self.previews.renamed(disc.__data__, merged, taken=taken)

    def _change(self, disc: Disc, title: Title, changes: Mapping[str, Any]) -> None:
        self.discs.update_title(disc.disc_id, title.title_index, **changes)
        for key, value in changes.items():
            setattr(title, key, value)


def _changes(disc: Disc, edits: Mapping[int, Mapping[str, Any]]) -> bool:
    """Whether edits say anything new; dashboards send whole titles back as they were."""
    titles = {title.title_index: title for title in disc.titles}
    return any(
        index not in titles
        or any(value != getattr(titles[index], key) for key, value in edit.items())
        for index, edit in edits.items()
    )


def _edited_kind(disc: Disc, title: Title, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What else an edit of a title's numbers, or of whether it is an extra, makes of it."""
    if changes.get("is_extra"):
        return {
            "kind": TitleKind.EXTRA,
            "note": None,
            "episode_number": None,
            "last_episode_number": None,
            "episode_title": None,
        }
    is_extra = changes.get("is_extra", title.is_extra)
    if disc.media_type != MediaType.TV_SHOW:
        return {"kind": TitleKind.FEATURE, "note": None} if "is_extra" in changes else {}
    if not is_extra and {"episode_number", "last_episode_number"} & changes.keys():
        return _edited_span(title, changes)
    return {}


def _edited_span(title: Title, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of an episode after an edit; two in one stay two, unless the last is edited."""
    first = changes.get("episode_number", title.episode_number)
    last = changes.get("last_episode_number")
    if last is None and title.last_episode_number is not None and title.episode_number is not None:
        last = first + title.last_episode_number - title.episode_number
    if last is None:
        return {"kind": TitleKind.EPISODE, "note": None}
    if first is None or not first <= last < first + MOST_IN_ONE:
        raise Invalid(
            "last_episode_number",
            f"A title holds the episodes from episode_number to last_episode_number, {MOST_IN_ONE}"
            " at most: send both.",
        )
    is_double = last > first
    return {
        "kind": TitleKind.DOUBLE_EPISODE if is_double else TitleKind.EPISODE,
        "note": None,
        "last_episode_number": last if is_double else None,
    }


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

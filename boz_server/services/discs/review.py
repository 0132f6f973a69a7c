"""What a person decides about the proposed names of a disc."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from boz_server.context import Context
from boz_server.database.models import Disc, Title
from boz_server.domain.discs.disc_states import DiscStatus, PreviewStatus
from boz_server.domain.discs.proposals import TitleProposal
from boz_server.domain.identification.identity import MediaType
from boz_server.domain.identification.title_facts import TitleKind
from boz_server.domain.naming import names as naming
from boz_server.errors import Conflict, DiscNotFound, Invalid
from boz_server.services.discs import choices
from boz_server.services.discs.preview_generator import PreviewGenerator, refresh_film
from boz_server.services.discs.thumbnails import store_of
from boz_server.services.seasons import tracker

log = logging.getLogger(__name__)

#: A title's name follows from these: an edit of one renames it.
NAMED_BY = ("is_extra", "episode_number", "last_episode_number", "episode_title")
#: Episodes in one title; a slip of the finger is not to use up a season's numbers.
MOST_IN_ONE = 10


@dataclass(frozen=True, slots=True)
class TitleEdit:
    """A person's edit of a title; None leaves a field as it is."""

    selected: bool | None = None
    is_extra: bool | None = None
    proposed_filename: str | None = None
    proposed_path: str | None = None
    episode_number: int | None = None
    last_episode_number: int | None = None
    episode_title: str | None = None

    def changes(self, title: Title) -> dict[str, Any]:
        """Return what the edit changes about a title; dashboards send whole titles back."""
        return {
            name: value
            for name, value in asdict(self).items()
            if value is not None and value != getattr(title, name)
        }


def approve(
    context: Context, disc_id: str, edits: Mapping[int, TitleEdit], *, by_person: bool = True
) -> Disc:
    """Accept the proposed names, with edits by title index; drops the thumbnails.

    by_person: False where the server does it: a person's choice that is under way counts more.
    Raises DiscNotFound, Invalid for an impossible edit, and Conflict when the disc is being
    ripped, has left its drive, or has a number that another disc holds.
    """
    with context.database.write_queue():
        disc = read_disc(context, disc_id)
        if disc.preview_status == PreviewStatus.APPROVED and not _has_changes(disc, edits):
            return disc
        require_undecided(disc)
        _apply(PreviewGenerator(context), disc, edits)
        require_titles(disc, edits)
        tracker.require_free_numbers(context, disc)
        require_distinct_names([title for title in disc.titles if title.selected])
        if by_person:
            choices.settle(context, disc, choices.begin(context, disc))
        disc.preview_status = PreviewStatus.APPROVED
        disc.starting_episode_number = _first_number(disc)
        context.stores.discs.save(disc)
        context.stores.discs.drop_thumbnails(disc_id)
        tracker.accept(context, disc, context.clock.now())
        refresh_film(context, disc)
        approved = read_disc(context, disc_id)
    # After the commit: until then the titles still name them.
    store_of(context).delete(disc_id)
    log.info("Preview approved", extra={"disc_id": disc_id})
    return approved


def reject(context: Context, disc_id: str) -> Disc:
    """Reject the proposed names; the disc gives its episode numbers back."""
    with context.database.write_queue():
        disc = read_disc(context, disc_id)
        require_undecided(disc)
        choices.settle(context, disc, choices.begin(context, disc))
        disc.preview_status = PreviewStatus.REJECTED
        context.stores.discs.save(disc)
        tracker.give_back(context, disc, context.clock.now())
        refresh_film(context, disc)
        return read_disc(context, disc_id)


def read_disc(context: Context, disc_id: str) -> Disc:
    """Return a disc that is not archived; raises DiscNotFound."""
    disc = context.stores.discs.get(disc_id)
    if disc is None:
        raise DiscNotFound(disc_id)
    return disc


def require_undecided(disc: Disc) -> None:
    """Raise Conflict once a rip has started: until then names can be changed."""
    if disc.status != DiscStatus.DETECTED:
        cancelled = "Cancel its rips, then put" if disc.status == DiscStatus.RIPPING else "Put"
        raise Conflict(
            f"The disc is {disc.status}: names are decided while it is detected. {cancelled} it in"
            " again to start over."
        )


def require_titles(disc: Disc, indices: Iterable[int]) -> None:
    """Raise Invalid unless the disc has a title of each index."""
    known = {title.title_index for title in disc.titles}
    for index in indices:
        if index not in known:
            raise Invalid("index", f"The disc has no title {index}; it has {sorted(known)}.")


def require_distinct_names(titles: Sequence[Title]) -> None:
    """Raise Invalid when two files in one folder have the same name, in any case.

    The second would overwrite the first, on Windows whatever the case.
    """
    seen: set[tuple[str, str]] = set()
    for title in titles:
        if title.proposed_filename is None:
            continue
        place = ((title.proposed_path or "").lower(), title.proposed_filename.lower())
        if place in seen:
            raise Invalid(
                "proposed_filename",
                f"Two titles are called {title.proposed_filename!r}: rename one.",
            )
        seen.add(place)


def _has_changes(disc: Disc, edits: Mapping[int, TitleEdit]) -> bool:
    titles = {title.title_index: title for title in disc.titles}
    return any(index not in titles or edit.changes(titles[index]) for index, edit in edits.items())


def _apply(previews: PreviewGenerator, disc: Disc, edits: Mapping[int, TitleEdit]) -> None:
    """Apply a person's edits to a disc's titles, in memory."""
    written = set()
    for title in disc.titles:
        edit, name = edits.get(title.title_index), title.proposed_filename
        if edit is not None:
            _edit(previews, disc, title, edit)
            if edit.proposed_filename not in (None, name):
                written.add(title.title_index)
    films = [title for title in disc.titles if title.selected and not title.is_extra]
    if len(films) == 1 and films[0].kind == TitleKind.OTHER_CUT:
        # The one cut that a person wants is the film, and no "Version 2" of it.
        film = films[0]
        filename, film.proposed_path = _renamed(previews, disc, film)
        film.kind, film.note = TitleKind.FEATURE, None
        if film.title_index not in written:
            film.proposed_filename = filename


def _edit(previews: PreviewGenerator, disc: Disc, title: Title, edit: TitleEdit) -> None:
    """Apply a person's edit to a title; what the edit leaves out, or repeats, stays.

    A name that the person did not write follows from the number and the kind.
    """
    changes = edit.changes(title)
    written = {"proposed_filename", "proposed_path"} & changes.keys()
    changes |= _edited_kind(disc, title, changes)
    for name, value in changes.items():
        setattr(title, name, value)
    if any(name in changes for name in NAMED_BY):
        filename, path = _renamed(previews, disc, title)
        changes |= {"proposed_filename": filename, "proposed_path": path} | {
            name: changes[name] for name in written
        }
    if "proposed_filename" in changes:
        title.proposed_filename = naming.safe_component(changes["proposed_filename"])
    if "proposed_path" in changes:
        title.proposed_path = naming.safe_relative_path(changes["proposed_path"])


def _renamed(previews: PreviewGenerator, disc: Disc, title: Title) -> tuple[str, str]:
    """Return the file name and folder that follow from what a title is."""
    taken = {each.proposed_filename for each in disc.titles if each is not title}
    taken |= previews.context.stores.discs.filenames_beside(disc)
    return previews.renamed(disc, TitleProposal.of(title), taken=taken)


def _edited_kind(disc: Disc, title: Title, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what else follows when a title's numbers, or whether it is an extra, are edited."""
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
    """Return the numbers of an episode after an edit.

    Two episodes in one title stay two, unless the last number is edited.
    """
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

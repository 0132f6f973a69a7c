"""Seasons over many discs: reads them, numbers their discs, and writes what follows."""

from collections.abc import Iterable
from datetime import datetime

from boz_server.context import Context
from boz_server.database.models import Disc, TVSeason
from boz_server.domain.discs.disc_states import PreviewStatus
from boz_server.domain.identification.search_words import key
from boz_server.errors import Conflict, SeasonNotFound
from boz_server.services.collection import archive
from boz_server.services.seasons.records import (
    NumberedDisc,
    Season,
    known_names,
    number,
    numbers_of,
    stand_in,
)

SECONDS_A_MINUTE = 60


def get(context: Context, season_id: str) -> TVSeason:
    """Return a season with its episodes; raises SeasonNotFound."""
    with context.database.read():
        season = context.stores.seasons.get(season_id)
    if season is None:
        raise SeasonNotFound(season_id)
    return season


def read(context: Context, season_id: str, without: str = "") -> Season | None:
    """Read a season and its discs; None when it is not known.

    without: the id of a disc that is about to change, and counts as if it were not there.
    """
    row = context.stores.seasons.get(season_id)
    return None if row is None else _with_discs(context, row, without)


def read_or_new(
    context: Context, show_name: str, season_number: int, now: datetime, without: str = ""
) -> Season:
    """Read a season of a show, or make a new one in memory.

    Restores the show's discs from the archive first: they all count.
    """
    context.database.require_queue()
    archive.restore_show(context, show_name)
    season_id = f"{show_name}:s{season_number}"
    season = read(context, season_id, without)
    if season is not None:
        return season
    row = TVSeason(
        season_id=season_id,
        show_name=show_name,
        show_key=key(show_name),
        season_number=season_number,
        created_at=now,
        updated_at=now,
    )
    row.episodes = []
    before = context.stores.seasons.highest_disc_before(show_name, season_number, without)
    return Season(row, [], before, is_new=True)


def _with_discs(context: Context, row: TVSeason, without: str) -> Season:
    seasons = context.stores.seasons
    before = seasons.highest_disc_before(row.show_name, row.season_number, without)
    discs = [disc for disc in seasons.discs(row.season_id) if disc.disc_id != without]
    return Season(row, discs, before)


def save(context: Context, season: Season, now: datetime) -> None:
    """Write a season after its discs have changed in memory: which they are, how far they go."""
    context.database.require_queue()
    row, discs = season.row, season.discs
    highest = max(numbers_of(discs), default=0)
    row.last_episode_assigned = max(highest, row.gone_last_episode)
    row.disc_ids = [disc.disc_id for disc in discs]
    row.last_disc_name = discs[-1].disc_name if discs else None
    row.updated_at = now
    if season.is_new:
        context.stores.seasons.insert(row)
    else:
        context.stores.seasons.save(row)
    save_episodes(context, season)


def save_episodes(context: Context, season: Season) -> None:
    """Write what a provider lists of a season that is in the database."""
    context.stores.seasons.save(season.row)
    context.stores.seasons.list_episodes(season.learned)


def renumber(season: Season) -> list[NumberedDisc]:
    """Number a season's undecided discs anew, in memory; returns them."""
    numbered = number(season)
    for each in numbered:
        each.put_on_disc()
    return numbered


def refresh(context: Context, season_ids: Iterable[str], now: datetime) -> None:
    """Number the undecided discs of seasons anew, and update what the seasons say of them."""
    context.database.require_queue()
    for season_id in sorted(season_ids):
        season = read(context, season_id)
        if season is None:
            continue
        for numbered in renumber(season):
            context.stores.discs.save(numbered.disc)
        save(context, season, now)


def require_free_numbers(context: Context, disc: Disc) -> None:
    """Raise Conflict when other approved discs hold numbers of a disc's episodes.

    A rejected disc gave its numbers back: discs that were proposed them since count too.
    """
    if disc.tv_season_id is None:
        return
    holders = {PreviewStatus.APPROVED}
    if disc.preview_status == PreviewStatus.REJECTED:
        holders.add(PreviewStatus.PENDING)
    others = context.stores.seasons.numbers_elsewhere(disc.tv_season_id, disc.fingerprint, holders)
    taken = others & numbers_of([disc])
    if taken:
        raise Conflict(
            f"Episode {min(taken)} of this season is on another disc: number this one anew"
            " with update-season."
        )


def accept(context: Context, disc: Disc, now: datetime) -> None:
    """Bring the seasons in line with a disc whose names were accepted.

    The disc may have been of another season when it was here before.
    """
    _remember(context, disc)
    refresh(context, context.stores.seasons.of_disc(disc.fingerprint), now)


def give_back(context: Context, disc: Disc, now: datetime) -> None:
    """Bring the seasons in line with a disc whose names were rejected.

    What was accepted of it before counts again.
    """
    refresh(context, context.stores.seasons.of_disc(disc.fingerprint), now)


def _remember(context: Context, disc: Disc) -> None:
    """Store the names and lengths of an approved disc's episodes."""
    if disc.tv_season_id is None or disc.tv_season_number is None:
        return
    seasons = context.stores.seasons
    season = seasons.get(disc.tv_season_id)
    known = {} if season is None else known_names(season)
    for title in disc.titles:
        at = title.episode_number
        if at is not None and title.selected and not title.is_extra:
            name = known.get(at) if title.episode_title is None else title.episode_title
            seasons.record_episode(
                disc.tv_season_id,
                disc.tv_season_number,
                at,
                name or stand_in(at),
                round(title.duration_seconds / SECONDS_A_MINUTE),
            )

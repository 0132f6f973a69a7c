"""The entry of a disc by which the collection is searched and sorted."""

from collections.abc import Iterable, Mapping
from typing import Any

from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.identification.search_words import key, words

#: Columns of a disc that its entry is made from, and the column of its titles.
NAMES = (
    "disc_id",
    "disc_name",
    "detected_at",
    "media_type",
    "tv_show_name",
    "tv_season_number",
    "disc_number",
    "movie_title",
    "movie_year",
)
TITLE_NAME = "episode_title"
#: Discs have about a hundred; PostgreSQL's tsvector takes a megabyte.
MAX_WORDS = 2000


def entry_of(disc: Mapping[str, Any], episode_titles: Iterable[str | None]) -> dict[str, Any]:
    """Return a disc's row of library_entries, from its columns (NAMES) and its titles'."""
    return {
        "disc_id": disc["disc_id"],
        "detected_at": disc["detected_at"],
        "media_type": disc["media_type"],
        "show_key": key(disc["tv_show_name"] or ""),
        "sort_title": _sort_title(disc),
        "text": _text(disc, episode_titles),
    }


def _sort_title(disc: Mapping[str, Any]) -> str:
    """Return a sort key: a show's discs by season, films of one name by year."""
    if disc["media_type"] == MediaType.TV_SHOW and disc["tv_show_name"]:
        name, number = disc["tv_show_name"], disc["tv_season_number"]
    elif disc["movie_title"]:
        name, number = disc["movie_title"], disc["movie_year"]
    else:
        return key(disc["disc_name"])
    return f"{key(name)} {number or 0:04d} {disc['disc_number'] or 0:04d}"


def _text(disc: Mapping[str, Any], episode_titles: Iterable[str | None]) -> str:
    """Return every word that finds the disc, once, separated by spaces."""
    season = disc["tv_season_number"]
    names = (
        disc["disc_name"],
        disc["tv_show_name"],
        None if season is None else f"S{season:02d} S{season}",
        disc["movie_title"],
        None if disc["movie_year"] is None else str(disc["movie_year"]),
        *episode_titles,
    )
    found = dict.fromkeys(word for name in names if name for word in words(name))
    return " ".join(list(found)[:MAX_WORDS])

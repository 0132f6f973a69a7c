"""What is kept of a disc so that it can be found and put in order among all discs."""

from collections.abc import Iterable, Mapping
from typing import Any

from boz_server.domain.identification.media_type import MediaType
from boz_server.domain.identification.search_words import key, words

#: Columns of a disc that its entry follows from; and the title's one.
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
#: Discs have some hundred; PostgreSQL's tsvector takes a megabyte.
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
    """A show's discs in the order of its seasons, films of one name by their year."""
    if disc["media_type"] == MediaType.TV_SHOW and disc["tv_show_name"]:
        name, number = disc["tv_show_name"], disc["tv_season_number"]
    elif disc["movie_title"]:
        name, number = disc["movie_title"], disc["movie_year"]
    else:
        return key(disc["disc_name"])
    return f"{key(name)} {number or 0:04d} {disc['disc_number'] or 0:04d}"


def _text(disc: Mapping[str, Any], episode_titles: Iterable[str | None]) -> str:
    """Every word that a disc may be looked for by, once, with a space between."""
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

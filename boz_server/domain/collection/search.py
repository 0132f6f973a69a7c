"""The words by which the collection is searched: folded names, and the entry of a disc.

Names are folded to words without case, accents and punctuation. Stored names and search terms go
through the same code, so that both engines find the same.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from boz_server.domain.identification.identity import MediaType

MAX_WORD_LENGTH = 64
#: More of a name adds nothing, and an index of PostgreSQL takes only 2,700 bytes a row.
MAX_KEY_LENGTH = 100
# Sorting accents takes quadratic time in a hostile text.
_MAX_TEXT_LENGTH = 500
# Marks within a word: "Grey's" is "greys", "S.W.A.T." and "M*A*S*H" are "swat" and "mash".
_APOSTROPHES = dict.fromkeys(map(ord, "'\u2019\u02bc`"))
_DOTS = dict.fromkeys(map(ord, ".*"))
_ACRONYM = re.compile(r"\b(?:[^\W_][.*]){2,}[^\W_]?\b")
# Marks that belong to the letter before them, and invisible characters.
_UNSEEN = ("M", "Cf")
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
MAX_ENTRY_WORDS = 2000


def words(text: str) -> list[str]:
    """Return the folded words of a text in order: runs of letters and digits of any script.

    Words are cut to 64 characters, and texts to 500.
    """
    folded = text[:_MAX_TEXT_LENGTH]
    for _ in range(2):  # what one pass takes apart may have a case of its own
        folded = unicodedata.normalize("NFKD", folded).casefold()
    folded = unicodedata.normalize("NFKD", folded)
    folded = _ACRONYM.sub(lambda found: found[0].translate(_DOTS), folded.translate(_APOSTROPHES))
    seen = [each for each in folded if not unicodedata.category(each).startswith(_UNSEEN)]
    return [
        "".join(run)[:MAX_WORD_LENGTH] for is_word, run in groupby(seen, str.isalnum) if is_word
    ]


def key(name: str) -> str:
    """Return a key that spellings of a name share; "" only for a blank name.

    A name without a letter or digit ("???") stands for itself.
    """
    folded = " ".join(words(name)) or "".join(name.casefold().split())
    return folded.encode(errors="ignore").decode()[:MAX_KEY_LENGTH].rstrip()


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
    return " ".join(list(found)[:MAX_ENTRY_WORDS])
